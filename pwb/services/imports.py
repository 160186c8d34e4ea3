"""Importing listings from a CSV file: row by row, in whole batches, told as it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from sqlalchemy import Select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError

from pwb.content.locales import LOCALES
from pwb.errors import InvalidInput, PortalError
from pwb.extensions import db
from pwb.models import Action, Property, User, Website
from pwb.services import audit, stale, tenancy, text_versions
from pwb.services.csv_files import BrokenRow, CsvFile, Row, open_csv
from pwb.services.listing_columns import ColumnSet, ParsedRow, RowProblem, UnknownColumns, detect
from pwb.services.property_changes import (
    Changes,
    Source,
    Values,
    Written,
    apply_changes,
    differences,
    flatten,
)

__all__ = ["ImportStopped", "Progress", "RowProblem", "Summary", "import_listings"]

BATCH_ROWS = 200
PROBLEMS_TOLD = 200
REFERENCES_REMEMBERED = 200_000
BATCH_ATTEMPTS = 3
FIRST_STATISTICS_AT = 1_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the import is after a batch; `bytes_read` of the file, decoded ahead by a little."""

    rows: int
    created: int
    updated: int
    unchanged: int
    problems: int
    bytes_read: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What an import did. `problems` counts every bad cell, told in detail or not; `notes` says
    what was left out on purpose."""

    filename: str
    rows: int
    created: int
    updated: int
    unchanged: int
    problems: int
    failed_rows: int
    notes: tuple[str, ...] = ()

    def sentence(self) -> str:
        """The counts as one line."""
        counts = f"{self.created} added, {self.updated} updated, {self.unchanged} unchanged"
        failed = f", {self.failed_rows} not imported" if self.failed_rows else ""
        said = f"{self.rows} {'row' if self.rows == 1 else 'rows'} read: {counts}{failed}."
        return " ".join([said, *self.notes])


Event = Progress | RowProblem | Summary


class ImportStopped(PortalError):
    """The database went away or stayed locked; the batches before are in."""

    code = "import_stopped"
    status = 503

    def __init__(self, done: Counter[str]) -> None:
        super().__init__(
            f"The database could not be reached. {done.total()} rows were imported before.",
            resolution="Import the same file again: what is in already stays as it is.",
        )


@dataclass(slots=True)
class _Import:
    """An import on its way: whose it is, how to read it, and what it did so far."""

    website_id: int
    actor_id: int | None
    currency: str
    locales: frozenset[str]
    filename: str
    file: CsvFile
    columns: ColumnSet
    rows: int = 0
    failed_rows: int = 0
    done: Counter[str] = field(default_factory=Counter)
    problems: int = 0
    skipped_locales: set[str] = field(default_factory=set)
    repeated: int = 0
    repeated_first: str = ""
    seen: set[str] = field(default_factory=set)
    statistics_at: int = FIRST_STATISTICS_AT

    def progress(self) -> Progress:
        done = self.done
        return Progress(
            self.rows,
            done["created"],
            done["updated"],
            done["unchanged"],
            self.problems,
            self.file.bytes_read,
        )

    def summary(self) -> Summary:
        done = self.done
        return Summary(
            self.filename,
            self.rows,
            done["created"],
            done["updated"],
            done["unchanged"],
            self.problems,
            self.failed_rows,
            tuple(self._notes()),
        )

    def _notes(self) -> Iterator[str]:
        if self.repeated:
            yield (
                f"{self.repeated} {'row repeats' if self.repeated == 1 else 'rows repeat'} the "
                f"reference of an earlier one ({self.repeated_first}): the later row counts."
            )
        if self.skipped_locales:
            names = ", ".join(LOCALES.get(code, code) for code in sorted(self.skipped_locales))
            yield f"Texts in {names} were left out: the website does not have the language."
        if self.columns.ignored:
            names = ", ".join(name[:40] for name in self.columns.ignored[:10])
            yield f"Columns left out because they are not known: {names}."


def import_listings(
    website: Website, actor: User | None, stream: BinaryIO, *, filename: str
) -> Iterator[Event]:
    """Create and update the website's listings by reference, reading `stream` as it goes.

    The header is read at once: raises InvalidInput for what is no CSV file or has unknown columns.
    Then comes a RowProblem for each bad cell (at most PROBLEMS_TOLD of them), a Progress after
    each batch, and a Summary at the end. A row is imported whole or not at all, a batch is one
    transaction, and between two events no transaction is open. Stopping early keeps the batches
    that were written. Empty cells clear facts and leave texts alone; columns that are not in the
    file leave their facts alone.
    """
    file = open_csv(stream)
    try:
        columns = detect(file.header)
    except UnknownColumns as problem:
        raise InvalidInput(str(problem), fields={"file": [str(problem)]}) from None
    job = _Import(
        website_id=website.id,
        actor_id=actor.id if actor else None,
        currency=website.currency,
        locales=frozenset(website.supported_locales),
        filename=filename[:200],
        file=file,
        columns=columns,
    )
    db.session.rollback()  # Reading the file waits on nobody's connection.
    return _run(job)


def _run(job: _Import) -> Iterator[Event]:
    try:
        yield from _steps(job)
    except OperationalError as error:
        db.session.rollback()
        raise ImportStopped(job.done) from error


def _steps(job: _Import) -> Iterator[Event]:
    batch: list[ParsedRow] = []
    try:
        for record in job.file.rows():
            job.rows += 1
            parsed = _parsed(job, record)
            if isinstance(parsed, ParsedRow):
                batch.append(parsed)
            else:
                yield from _told(job, parsed)
            if len(batch) == BATCH_ROWS:
                yield from _written(job, batch)
                batch = []
        if batch:
            yield from _written(job, batch)
    finally:
        _record_import(job)
    yield job.summary()


def _written(job: _Import, batch: list[ParsedRow]) -> Iterator[Event]:
    problems = _write(job, batch)
    if job.done["created"] >= job.statistics_at:
        job.statistics_at *= 5
        _take_statistics()
    yield from _told(job, problems, rows_counted=True)
    yield job.progress()


def _take_statistics() -> None:
    """Let PostgreSQL know how the tables grew: with the statistics of an empty table it reads
    every row to find a batch's listings, until its own housekeeping comes by."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("ANALYZE pwb_properties, pwb_property_texts"))
        db.session.commit()


def _told(
    job: _Import, problems: list[RowProblem], rows_counted: bool = False
) -> Iterator[RowProblem]:
    """Count the problems of one row (or of one each), and tell those there is room for."""
    job.failed_rows += len(problems) if rows_counted else 1
    room = max(0, PROBLEMS_TOLD - job.problems)
    job.problems += len(problems)
    yield from problems[:room]


def _parsed(job: _Import, record: Row | BrokenRow) -> ParsedRow | list[RowProblem]:
    if isinstance(record, BrokenRow):
        return [RowProblem(record.line, "", "", record.reason)]
    header, cells = job.file.header, record.cells
    row: dict[str | None, str | list[str]] = dict(zip(header, cells, strict=False))
    # The reader of columns tells surplus cells by the key None, as csv.DictReader files them.
    if len(cells) > len(header):
        row[None] = cells[len(header) :]
    return job.columns.read(row, record.line, job.currency)  # type: ignore[arg-type] # see above


def _write(job: _Import, batch: list[ParsedRow]) -> list[RowProblem]:
    """Write a batch as one transaction; if the database refuses it, each row as one of its own."""
    if _tried(job, batch) is None:
        return []
    outcomes = [(row, _tried(job, [row])) for row in batch]
    return [RowProblem(row.line, "", row.reference, why) for row, why in outcomes if why]


def _tried(job: _Import, rows: list[ParsedRow]) -> str | None:
    """Write the rows in one transaction; None when done, else why not."""
    for _ in range(BATCH_ATTEMPTS):
        try:
            done = _write_once(job, rows)
        except (StaleDataError, IntegrityError):
            # Somebody saved one of these listings at this moment: look again.
            db.session.rollback()
        except OperationalError:
            db.session.rollback()
            raise
        except DBAPIError:
            db.session.rollback()
            return "The database does not take this row."
        else:
            _remember(job, rows, done)
            return None
    return "Somebody keeps saving this listing at the same moment. Import it again."


def _write_once(job: _Import, rows: list[ParsedRow]) -> Counter[str]:
    website = db.session.get_one(Website, job.website_id)
    actor = db.session.get(User, job.actor_id) if job.actor_id else None
    source = Source("imported", actor, {})
    listings = _existing(website, rows)
    changed: dict[str, Changes] = {}
    done: Counter[str] = Counter()
    written: list[Written] = []
    for row in rows:
        known = listings.get(row.reference)
        listing = known or _new(job, listings, row.reference)
        changes = differences(listing, _wanted(job, row))
        written += apply_changes(listing, changes, replace(source, origins=row.origins))
        done["created" if known is None else "updated" if changes else "unchanged"] += 1
        if listing.id is not None and changes:
            changed[row.reference] = _joined(changed.get(row.reference, {}), changes)
    stale.mark(listings[reference] for reference in changed)
    db.session.flush()
    text_versions.keep(written)
    for reference, changes in changed.items():
        _record_change(website, actor, listings[reference], changes)
    db.session.commit()
    return done


def _existing(website: Website, rows: list[ParsedRow]) -> dict[str, Property]:
    query: Select[Any] = (
        tenancy.scoped(Property, website)
        .where(Property.reference.in_({row.reference for row in rows}))
        .options(selectinload(Property.texts))
    )
    return {listing.reference: listing for listing in db.session.scalars(query)}


def _new(job: _Import, listings: dict[str, Property], reference: str) -> Property:
    listing = Property(
        website_id=job.website_id,
        reference=reference,
        currency=job.currency,
        status="available",
        area_unit="sqmt",
        features=[],
    )
    db.session.add(listing)
    listings[reference] = listing
    return listing


def _wanted(job: _Import, row: ParsedRow) -> Values:
    """What the listing should hold after the row."""
    facts = dict(row.fields)
    if row.features is not None:
        facts["features"] = list(row.features)
    texts = {locale: parts for locale, parts in row.texts.items() if locale in job.locales}
    return flatten(facts, texts)


def _joined(earlier: Changes, later: Changes) -> Changes:
    """Two changes of one listing in one batch as one: the first old value, the last new one."""
    joined = dict(earlier)
    for name, (old, new) in later.items():
        joined[name] = (joined[name][0] if name in joined else old, new)
    return joined


def _record_change(
    website: Website, actor: User | None, listing: Property, changes: Changes
) -> None:
    audit.record(
        website,
        actor,
        Action.PROPERTY_CHANGED,
        object_type="property",
        object_id=listing.id,
        label=listing.reference,
        version=listing.lock_version,
        changes=changes,
    )


def _remember(job: _Import, rows: list[ParsedRow], done: Counter[str]) -> None:
    """Count what is now in the database."""
    job.done += done
    for row in rows:
        job.skipped_locales |= row.texts.keys() - job.locales
        if row.reference in job.seen:
            job.repeated += 1
            job.repeated_first = job.repeated_first or f"{row.reference}, line {row.line}"
        elif len(job.seen) < REFERENCES_REMEMBERED:
            job.seen.add(row.reference)


def _record_import(job: _Import) -> None:
    """One event for the whole import, also for one that was stopped."""
    if not job.done:
        return
    summary = job.summary()
    audit.record(
        db.session.get_one(Website, job.website_id),
        db.session.get(User, job.actor_id) if job.actor_id else None,
        Action.PROPERTIES_IMPORTED,
        object_type="import",
        label=summary.filename,
        changes={
            "created": (None, summary.created),
            "updated": (None, summary.updated),
            "unchanged": (None, summary.unchanged),
            "not_imported": (None, summary.failed_rows),
        },
    )
    db.session.commit()
