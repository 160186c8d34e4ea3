"""Listings: finding, creating, saving and deleting them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError

from pwb.content.plain_text import is_one_line
from pwb.errors import EditConflict, InvalidInput, NotFound
from pwb.extensions import db
from pwb.models import Action, GenerationRequest, Property, PropertyText, User, Website
from pwb.services import audit, photos, rollups, stale, tenancy, text_versions
from pwb.services.property_changes import (
    Changes,
    Source,
    Texts,
    Values,
    apply_changes,
    changed_meanwhile,
    differences,
    flatten,
)

PER_PAGE = 20
LAST_PAGE = 1_000_000
SAVE_ATTEMPTS = 3
LONGEST_SEARCH = 100

SORTS: dict[str, Any] = {
    "updated": Property.updated_at,
    "reference": func.lower(Property.reference),
    "price": func.coalesce(Property.sale_price, Property.rental_price),
    "city": func.lower(Property.city),
}


def list_properties(
    website: Website,
    *,
    search: str = "",
    status: str = "",
    sort: str = "updated",
    direction: str = "desc",
    page: int = 1,
) -> Pagination:
    """A page of the website's listings, with their texts.

    Every word of `search` must occur in the reference, city, address or a title, in any case.
    An unknown sort, direction or page number falls back to the usual one.
    """
    query = tenancy.scoped(Property, website).options(selectinload(Property.texts))
    for word in search.replace("\0", "")[:LONGEST_SEARCH].split():
        query = query.where(_mentions(word))
    if status:
        query = query.where(Property.status == status.replace("\0", ""))
    query = _sorted(query, SORTS.get(sort, SORTS["updated"]), direction)
    page = min(max(page, 1), LAST_PAGE)
    return db.paginate(query, page=page, per_page=PER_PAGE, error_out=False)


def _mentions(word: str) -> ColumnElement[bool]:
    in_title = select(PropertyText.id).where(
        PropertyText.property_id == Property.id, _has(PropertyText.title, word)
    )
    columns = (Property.reference, Property.city, Property.street_address)
    return or_(*(_has(column, word) for column in columns), in_title.exists())


def _has(column: Any, word: str) -> ColumnElement[bool]:
    """Whether the column holds the word; SQLite knows the case of ASCII letters only."""
    spellings = {word} if word.isascii() else {word, word.lower(), word.upper(), word.title()}
    return or_(*(column.icontains(spelling, autoescape=True) for spelling in sorted(spellings)))


def _sorted(query: Select[Property], column: Any, direction: str) -> Select[Any]:
    ordered = column.asc() if direction == "asc" else column.desc()
    return query.order_by(ordered.nulls_last(), Property.id.desc())


def statuses_in_use(website: Website) -> list[str]:
    """The statuses that the website's listings have."""
    query = select(Property.status).where(Property.website_id == website.id).distinct()
    return sorted(db.session.scalars(query))


def get_property(website: Website, property_id: int) -> Property:
    """The website's listing with its texts; raises NotFound."""
    return tenancy.find(Property, website, property_id, selectinload(Property.texts))


def by_reference(website: Website, reference: str) -> Property:
    """The website's listing with this reference; raises NotFound."""
    query: Select[Any] = tenancy.scoped(Property, website)
    query = query.where(Property.reference == reference)
    listing: Property | None = db.session.scalar(query)
    if listing is None:
        raise NotFound(
            f"{website.name} has no listing with the reference {reference[:64]!r}.",
            resolution="Check its spelling, or import it first.",
        )
    return listing


def title_of(listing: Property, locale: str) -> str:
    """The listing's title in `locale`, else in any language; empty where it has none."""
    titles = {text.locale: text.title for text in listing.texts if text.title}
    return titles.get(locale) or next(iter(titles.values()), "")


def create_property(
    website: Website,
    actor: User | None,
    facts: Mapping[str, Any],
    texts: Texts,
) -> Property:
    """A new listing; raises InvalidInput for a reference that is missing or taken."""
    listing = Property(
        website_id=website.id, currency=website.currency, area_unit="sqmt", status="available"
    )
    changes = differences(listing, flatten(facts, texts))
    _check_reference(website, listing, changes)
    if "reference" not in changes:
        _refuse_reference("Every listing needs a reference.")
    written = apply_changes(listing, changes, Source("written", actor, {}))
    db.session.add(listing)
    _flush(website, listing, listing.reference)
    text_versions.keep(written)
    _record(website, actor, Action.PROPERTY_CREATED, listing, changes)
    db.session.commit()
    return listing


def save_property(
    website: Website,
    actor: User | None,
    property_id: int,
    facts: Mapping[str, Any],
    texts: Texts,
    seen_version: int,
    origins: Mapping[str, int] | None = None,
    *,
    restored_origin: str | None = None,
) -> Property:
    """Save what a form says of a listing; attributes that it does not name stay as they are.

    `seen_version` is the version the form was made from. `origins` maps a locale to the
    generation whose text was put into the form; one that is not this listing's counts as a
    person's, as every other text does. `restored_origin` is where a text came from that is
    brought back from the history.
    Raises ListingChanged where somebody else changed the listing since, InvalidInput for a
    reference that is missing or taken, NotFound.
    """
    wanted = flatten(facts, texts)
    for _ in range(SAVE_ATTEMPTS):
        listing = get_property(website, property_id)
        _check_version(website, listing, wanted, seen_version)
        requests = _own_generations(website, listing, origins or {})
        source = Source(
            restored_origin or "written", actor, requests, restored=restored_origin is not None
        )
        try:
            return _write(website, listing, wanted, source)
        except StaleDataError:
            # Somebody else's save came between our reading and our writing.
            db.session.rollback()
    raise EditConflict(
        "Somebody keeps saving this listing at the same moment.", resolution="Save again."
    )


def _check_version(website: Website, listing: Property, wanted: Values, seen: int) -> None:
    if listing.lock_version == seen:
        return
    changed = changed_meanwhile(website, listing, wanted, seen)
    if changed is not None:
        raise changed


def _write(website: Website, listing: Property, wanted: Values, source: Source) -> Property:
    changes = differences(listing, wanted)
    if "reference" in wanted and not wanted["reference"]:
        _refuse_reference("Every listing needs a reference.")
    _check_reference(website, listing, changes)
    if changes:
        written = apply_changes(listing, changes, source)
        stale.mark([listing])
        _flush(website, listing, str(wanted.get("reference")))
        text_versions.keep(written)
        _record(website, source.actor, Action.PROPERTY_CHANGED, listing, changes)
        db.session.commit()
    return listing


def _check_reference(website: Website, listing: Property, changes: Changes) -> None:
    if "reference" not in changes:
        return
    reference = changes["reference"][1]
    if not is_one_line(reference):
        _refuse_reference("A reference is one line.")
    with db.session.no_autoflush:
        if _reference_taken(website, listing, reference):
            _refuse_reference(f"Another listing has the reference {reference}.")


def _reference_taken(website: Website, listing: Property, reference: str) -> bool:
    query: Select[Any] = tenancy.scoped(Property, website)
    query = query.where(Property.reference == reference)
    found: Property | None = db.session.scalar(query)
    return found is not None and found is not listing


def _refuse_reference(message: str) -> None:
    raise InvalidInput(message, fields={"reference": [message]})


def _flush(website: Website, listing: Property, reference: str) -> None:
    """Send the changes; somebody may have taken the reference since it was looked for."""
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        if not _reference_taken(website, listing, reference):
            raise
        _refuse_reference(f"Another listing has the reference {reference}.")


def _record(
    website: Website, actor: User | None, action: Action, listing: Property, changes: Changes
) -> None:
    audit.record(
        website,
        actor,
        action,
        object_type="property",
        object_id=listing.id,
        label=listing.reference,
        version=listing.lock_version,
        changes=changes,
    )


def _own_generations(
    website: Website, listing: Property, origins: Mapping[str, int]
) -> dict[str, int]:
    """Those of `origins` that are completed generations of this listing in that language."""
    if not origins:
        return {}
    query = select(GenerationRequest.locale, GenerationRequest.id).where(
        GenerationRequest.website_id == website.id,
        GenerationRequest.id.in_(origins.values()),
        GenerationRequest.property_id == listing.id,
        GenerationRequest.status == "completed",
    )
    with db.session.no_autoflush:
        own = {(locale, request_id) for locale, request_id in db.session.execute(query)}
    return {locale: wanted for locale, wanted in origins.items() if (locale, wanted) in own}


def delete_property(
    website: Website, actor: User | None, property_id: int, seen_version: int
) -> str:
    """Delete a listing with its texts and photos; returns its reference. Its generations stay in
    the ledger.

    Raises EditConflict where it is no longer the version that was seen, NotFound.
    """
    listing = get_property(website, property_id)
    if listing.lock_version != seen_version:
        raise _changed_before_deletion()
    reference = listing.reference
    files = photos.storage_keys(website, property_id)
    _record(website, actor, Action.PROPERTY_DELETED, listing, {"reference": (reference, None)})
    own = GenerationRequest.property_id == listing.id
    try:
        with rollups.kept_right(website.id, own):
            db.session.delete(listing)
        db.session.commit()
    except StaleDataError:
        db.session.rollback()
        raise _changed_before_deletion() from None
    photos.remove_files(files)
    return reference


def _changed_before_deletion() -> EditConflict:
    return EditConflict(
        "Somebody changed this listing after you opened it, so it was not deleted.",
        resolution="Open it again and look at the changes first.",
    )
