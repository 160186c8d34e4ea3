"""Costs that were not known when a generation ended, asked for in the provider's books.

A cancelled or broken stream, an answer without usage and a killed process leave a row with the
provider's id of the generation and the cost state `pending`. Here it becomes `exact`. Where the
books do not have it after a day it is estimated from its tokens, or `unknown` without these.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, select, update

from pwb.extensions import db
from pwb.llm import client
from pwb.llm.errors import GenerationNotFound, LLMError
from pwb.llm.registry import all_providers
from pwb.llm.types import Endpoint, GenerationRecord, Limits
from pwb.models import GenerationRequest, Website
from pwb.models.base import utcnow
from pwb.models.generations import FINAL
from pwb.services import ledger, rollups
from pwb.services.connections import (
    connection_of,
    operator_connection,
    own_integration,
    settings,
)
from pwb.services.cost_estimates import estimate
from pwb.services.follow_ups import PAUSES, follow_ups
from pwb.services.generation_errors import NotConfigured

# Books that do not know a generation for so long never will.
GIVE_UP_AFTER = timedelta(hours=24)
# Only a generation that ended this recently may be missing for some seconds; others are asked
# about once a run.
FRESH_FOR = timedelta(minutes=1)
# A question of a few bytes. The pauses between rounds are the only retries.
LIMITS = Limits(connect=5, idle=8, total=10, max_attempts=1)


class Outcome(Enum):
    """What became of one row's question."""

    SETTLED = "settled"
    PENDING = "still pending"
    GIVEN_UP = "given up"
    FAILED = "failed"


@dataclass(frozen=True)
class Report:
    """What a run came to, in rows; `problems` says in sentences why some could not be asked
    about."""

    settled: int
    still_pending: int
    given_up: int
    failed: int
    problems: tuple[str, ...] = ()

    def sentence(self) -> str:
        """The whole in one line."""
        return (
            f"{self.settled} settled, {self.still_pending} still pending, "
            f"{self.given_up} given up, {self.failed} could not be asked about."
        )


@dataclass(frozen=True)
class Entry:
    """A final row of the ledger; what is needed to ask the books about it."""

    request_id: int
    website_id: int
    provider: str
    generation_id: str
    created_at: datetime
    finished_at: datetime | None
    cost_state: str
    cost_cents: Decimal | None

    @property
    def is_old(self) -> bool:
        return utcnow() - self.created_at > GIVE_UP_AFTER

    @property
    def is_fresh(self) -> bool:
        return utcnow() - (self.finished_at or self.created_at) < FRESH_FOR


class CannotAsk(Exception):
    """The provider cannot be asked about a row now; the message is the cause."""


def reconcile(website: Website | None = None) -> Report:
    """Ask about every pending row of one website, or of all, and settle what is found.

    Takes about 15 s where generations ended in the last minute and the books lag behind. One
    website's failure (a rejected key, a dead host) ends the questions of that website only.
    """
    ledger.settle_overdue(website)
    run = _Run()
    waiting = _open_rows(website)
    for pause in (0.0, *PAUSES):
        if waiting:
            time.sleep(pause)
        waiting = [row for row in waiting if run.ask(row) and row.is_fresh]
    return run.report()


class _Run:
    """One pass over many rows: the last outcome of each, and whom not to ask again."""

    def __init__(self) -> None:
        self._outcomes: dict[int, Outcome] = {}
        self._problems: dict[tuple[int, str], str] = {}

    def ask(self, row: Entry) -> bool:
        """Ask about the row; True where the books may only be late."""
        source = (row.website_id, row.provider)
        outcome = Outcome.FAILED
        if source not in self._problems:
            try:
                outcome = _settle_from_books(row)
            except CannotAsk as problem:
                self._problems[source] = str(problem)
        self._outcomes[row.request_id] = outcome
        return outcome is Outcome.PENDING

    def report(self) -> Report:
        """The counts so far."""
        count = Counter(self._outcomes.values())
        return Report(
            settled=count[Outcome.SETTLED],
            still_pending=count[Outcome.PENDING],
            given_up=count[Outcome.GIVEN_UP],
            failed=count[Outcome.FAILED],
            problems=tuple(self._sentences()),
        )

    def _sentences(self) -> Iterator[str]:
        ids = {website_id for website_id, _ in self._problems}
        query = select(Website.id, Website.subdomain).where(Website.id.in_(ids))
        names = {row.id: row.subdomain for row in db.session.execute(query)}
        for (website_id, _), problem in sorted(self._problems.items()):
            yield f"{names.get(website_id, website_id)}: {problem}"


def follow_up(request_id: int) -> bool:
    """Ask about one row, once; True where asking again in a while may help."""
    row = next(iter(_open_rows(request_id=request_id)), None)
    if row is None:
        return False
    try:
        return _settle_from_books(row) is Outcome.PENDING
    except CannotAsk as problem:
        current_app.logger.info("cost of request %d is not known yet: %s", request_id, problem)
        return True


def resume() -> None:
    """Follow up, in the background, what a stop of the portal left pending."""
    for row in _open_rows():
        follow_ups().add(row.request_id)


def _open_rows(website: Website | None = None, request_id: int | None = None) -> list[Entry]:
    """The pending rows, oldest first."""
    row = GenerationRequest
    conditions = [row.cost_state == "pending"]
    if website is not None:
        conditions.append(row.website_id == website.id)
    if request_id is not None:
        conditions.append(row.id == request_id)
    return entries(conditions)


def entries(conditions: Iterable[ColumnElement[bool]], latest: int | None = None) -> list[Entry]:
    """The final rows of named generations that meet the conditions, oldest first; or so many of
    them, latest first. No connection is held."""
    row = GenerationRequest
    columns = (row.id, row.website_id, row.ai_provider, row.generation_id, row.created_at)
    query = select(*columns, row.finished_at, row.cost_state, row.cost_cents).where(
        row.status.in_(FINAL), row.generation_id.is_not(None), *conditions
    )
    order = row.id if latest is None else row.id.desc()
    found = db.session.execute(query.order_by(order).limit(latest)).all()
    db.session.close()
    return [Entry(*values) for values in found]  # type: ignore[arg-type] # it has a generation_id


def _settle_from_books(row: Entry) -> Outcome:
    """Look the row up and write what is found; raises CannotAsk."""
    if not has_books(row.provider):
        return _give_up(row, {})
    record = look_up(row)
    values = {} if record is None else _values_of(record)
    if record is None or record.cost_usd is None:
        return _not_in_the_books(row, values)
    cents = record.cost_usd * 100
    values |= {"cost_cents": cents, "cost_state": "exact", "reserved_cents": None}
    return _write(row, values, Outcome.SETTLED, record)


def has_books(provider_id: str) -> bool:
    """Whether the provider can be asked about a single generation."""
    provider = all_providers().get(provider_id)
    return provider is not None and provider.capabilities.generation_lookup


def look_up(row: Entry) -> GenerationRecord | None:
    """What the books say of the row, None where they do not have it; raises CannotAsk."""
    try:
        return client.lookup_generation(_endpoint(row), row.generation_id)
    except GenerationNotFound:
        return None
    except LLMError as error:
        raise CannotAsk(error.message) from None


def settle(row: Entry) -> bool:
    """Look up a row whose cost is not exact; whether it is now. Raises CannotAsk."""
    return _settle_from_books(row) is Outcome.SETTLED


def _endpoint(row: Entry) -> Endpoint:
    """The website's own way to this provider as it is now, else the operator's.

    Also where the website has switched it off: the question costs nothing, and what is owed is
    owed. No connection is held when this returns.
    """
    try:
        website = db.session.get_one(Website, row.website_id)
        own = own_integration(website, row.provider)
        connection = operator_connection() if own is None else connection_of(own)
    except NotConfigured as missing:
        raise CannotAsk(missing.message) from None
    finally:
        db.session.close()
    if connection.provider != row.provider:
        raise CannotAsk(f"There is no key for {all_providers()[row.provider].label} any more.")
    return connection.endpoint(settings(), LIMITS)


def _not_in_the_books(row: Entry, values: dict[str, Any]) -> Outcome:
    """Normal for some seconds; after a day there is nothing to wait for."""
    if row.cost_state != "pending":
        return Outcome.GIVEN_UP
    return _give_up(row, values) if row.is_old else Outcome.PENDING


def _give_up(row: Entry, values: dict[str, Any]) -> Outcome:
    """Nobody will say what it cost: it is estimated, or stays unknown."""
    return _write(row, values | estimate(row.request_id, values), Outcome.GIVEN_UP)


def _values_of(record: GenerationRecord) -> dict[str, Any]:
    """What the books tell besides the cost, without overwriting anything by nothing."""
    values = {
        "served_model": record.model,
        "upstream_provider": record.provider_name,
        "input_tokens": record.input_tokens,
        "output_tokens": record.output_tokens,
        "cached_tokens": record.cached_tokens,
        "reasoning_tokens": record.reasoning_tokens,
    }
    return {name: value for name, value in values.items() if value is not None}


def _write(
    row: Entry, values: dict[str, Any], outcome: Outcome, record: GenerationRecord | None = None
) -> Outcome:
    """Settle the row unless another run was quicker, which comes to the same."""
    if record is not None:
        kept = db.session.scalar(
            select(GenerationRequest.output_data).where(GenerationRequest.id == row.request_id)
        )
        books = {"finish_reason": record.finish_reason, "cancelled": record.cancelled}
        values = values | {"output_data": (kept or {}) | {"books": books}}
    same = (
        GenerationRequest.id == row.request_id,
        GenerationRequest.cost_state == row.cost_state,
        GenerationRequest.generation_id == row.generation_id,
    )
    with rollups.kept_right(row.website_id, *same):
        db.session.execute(update(GenerationRequest).where(*same).values(**values))
    db.session.commit()
    db.session.close()
    return outcome
