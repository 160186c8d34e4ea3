"""The daily sums equal what the ledger's rows say, whatever happens to the rows."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from pwb.extensions import db
from pwb.llm.errors import Cancelled, LLMError, LLMTimeout
from pwb.llm.types import Completion, GenerationRecord, Usage
from pwb.models import GenerationRequest, Property, UsageDaily, UsageMonthly, Website
from pwb.services import follow_ups, ledger, reconciliation, retention, rollups, websites
from pwb.services import properties as property_service
from tests import factories

Key = tuple[date, str, str]
SUMS = [
    column.key
    for column in UsageDaily.__mapper__.column_attrs
    if column.key not in {"website_id", "day", "dimension", "key"}
]
ZONES = ["UTC", "Europe/Madrid", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]
# Where days are long, short, or end in another month than UTC's.
EDGES = [
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 0, tzinfo=UTC),
    datetime(2026, 3, 8, 7, 0, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 0, tzinfo=UTC),
    datetime(2026, 3, 1, 5, 0, tzinfo=UTC),
]


def kept(website: Website) -> dict[Key, dict[str, object]]:
    """The sums in the database; a place whose requests went elsewhere holds zeros only."""
    db.session.expire_all()
    rows = db.session.scalars(select(UsageDaily).where(UsageDaily.website_id == website.id))
    sums = {(r.day, r.dimension, r.key): {name: getattr(r, name) for name in SUMS} for r in rows}
    gone = {place: values for place, values in sums.items() if not values["requests"]}
    assert not any(any(values.values()) for values in gone.values())
    return {place: values for place, values in sums.items() if place not in gone}


def kept_months(website: Website) -> dict[Key, dict[str, object]]:
    """The sums of months, as `kept`."""
    rows = db.session.scalars(select(UsageMonthly).where(UsageMonthly.website_id == website.id))
    sums = {(r.month, r.dimension, r.key): {name: getattr(r, name) for name in SUMS} for r in rows}
    return {place: values for place, values in sums.items() if any(values.values())}


def months_of(days: dict[Key, dict[str, object]]) -> dict[Key, dict[str, object]]:
    """The days added up to months."""
    sums: dict[Key, Counter[str]] = {}
    for (day, dimension, key), values in days.items():
        sums.setdefault((day.replace(day=1), dimension, key), Counter()).update(values)
    return {place: {name: counted[name] for name in SUMS} for place, counted in sums.items()}


def raw(website: Website) -> dict[Key, dict[str, object]]:
    """The same from the ledger, added up here in Python."""
    db.session.expire_all()
    sums: dict[Key, Counter[str]] = {}
    final = GenerationRequest.status.in_(("completed", "failed"))
    query = select(GenerationRequest).where(GenerationRequest.website_id == website.id, final)
    for row in db.session.scalars(query):
        day = row.created_at.astimezone(ZoneInfo(website.time_zone)).date()
        for dimension, key in keys_of(row).items():
            sums.setdefault((day, dimension, key), Counter()).update(measures_of(row))
    return {place: {name: counted[name] for name in SUMS} for place, counted in sums.items()}


def keys_of(row: GenerationRequest) -> dict[str, str]:
    keys = {
        "total": "",
        "model": row.ai_model,
        "task": row.request_type,
        "person": str(row.user_id or ""),
        "listing": str(row.property_id or ""),
        "locale": row.locale,
    }
    return keys if row.status == "completed" else keys | {"error": row.error_code or ""}


def measures_of(row: GenerationRequest) -> dict[str, Decimal | int]:
    cost, done = row.cost_cents, row.status == "completed"
    timed = done and row.duration_ms is not None
    return {
        "requests": 1,
        "completed": int(done),
        "failed": int(not done),
        "free_failures": int(not done and cost == 0),
        "input_tokens": row.input_tokens or 0,
        "output_tokens": row.output_tokens or 0,
        "cached_tokens": row.cached_tokens or 0,
        "reasoning_tokens": row.reasoning_tokens or 0,
        "exact_cents": (cost or 0) if row.cost_state == "exact" else 0,
        "estimated_cents": (cost or 0) if row.cost_state == "estimated" else 0,
        "held_cents": (row.reserved_cents or 0) if cost is None else 0,
        "pending_count": int(row.cost_state == "pending"),
        "unknown_count": int(row.cost_state == "unknown"),
        "duration_ms": row.duration_ms if timed else 0,
        "duration_count": int(timed),
    }


class Ledger:
    """A website whose requests a test opens at any moment and ends in any way."""

    def __init__(self, zone: str) -> None:
        self.website_id = factories.create_website(time_zone=zone).id
        self.people = [factories.create_user(self.website) for _ in range(2)]
        self.listings = [factories.create_property(self.website).id for _ in range(2)]

    @property
    def website(self) -> Website:
        """As it is now: what settles a request ends the session."""
        return db.session.get_one(Website, self.website_id, populate_existing=True)

    def open(self, moment: datetime, number: int) -> int:
        row = GenerationRequest(
            website_id=self.website.id,
            user_id=[None, *(person.id for person in self.people)][number % 3],
            property_id=[*self.listings, None][number % len([*self.listings, None])],
            request_type=["listing_description", "translation"][number % 2],
            ai_provider="open_router",
            ai_model=["openai/gpt-4o", "a/b"][number % 2],
            locale=["en", "es"][number % 2],
            status="processing",
            created_at=moment,
            deadline_at=moment + timedelta(minutes=2),
            reserved_cents=Decimal("1.23456789"),
            generation_id=f"gen-{number}" if number % 3 else None,
        )
        db.session.add(row)
        db.session.commit()
        return row.id

    def complete(self, request_id: int, usage: Usage | None) -> None:
        done = Completion("", "a/b", "a/b", None, "gen-1", "stop", usage, 1, 5, 1234)
        ledger.settle_completed(request_id, done, {}, None)

    def fail(self, request_id: int, error: LLMError) -> None:
        ledger.settle_failed(request_id, error, None, 77)

    def look_up(self, cost: Decimal) -> None:
        """The provider's books become known for every pending request."""
        for row in reconciliation._open_rows(self.website):
            record = GenerationRecord(
                row.generation_id, "a/b", input_tokens=10, cached_tokens=3, cost_usd=cost
            )
            values = reconciliation._values_of(record)
            values |= {"cost_cents": cost * 100, "cost_state": "exact", "reserved_cents": None}
            reconciliation._write(row, values, reconciliation.Outcome.SETTLED)

    def delete_listing(self) -> None:
        if self.listings:
            listing = db.session.get_one(Property, self.listings.pop(), populate_existing=True)
            version = listing.lock_version
            property_service.delete_property(self.website, None, listing.id, version)

    def erase_person(self) -> None:
        retention.erase_person(self.people[-1].email)
        self.people[-1] = factories.create_user(self.website)

    def move_to(self, zone: str) -> None:
        site = self.website
        wanted = websites.WebsiteSettings(
            site.name, site.supported_locales, site.default_locale, zone, site.currency
        )
        websites.update_settings(site, self.people[0], wanted, websites.version_of(site))


MOMENTS = st.builds(
    lambda edge, seconds, micro: edge + timedelta(seconds=seconds, microseconds=micro),
    st.sampled_from(EDGES),
    st.integers(-26 * 3600, 26 * 3600),
    st.sampled_from([0, 1, 499_999, 999_999]),
)
COSTS = st.decimals(min_value=0, max_value=50, places=10, allow_nan=False)
USAGES = st.none() | st.builds(
    Usage,
    st.none() | st.integers(0, 10**6),
    st.none() | st.integers(0, 10**6),
    st.none() | st.integers(0, 999),
    st.none() | st.integers(0, 999),
    st.none() | COSTS,
)
ERRORS = st.sampled_from(
    [
        lambda: LLMTimeout("Too late.", billed="maybe", generation_id="gen-9"),
        lambda: Cancelled("Stopped.", billed="maybe"),
        lambda: LLMError("Broken.", billed="no"),
    ]
)
ENDINGS = st.tuples(st.just("complete"), USAGES) | st.tuples(st.just("fail"), ERRORS)
GENERATIONS = st.tuples(st.just("generate"), MOMENTS, ENDINGS | st.just(("abandon", None)))
EVENTS = st.one_of(
    st.tuples(st.just("look_up"), COSTS),
    st.tuples(st.just("delete_listing")),
    st.tuples(st.just("erase_person")),
    st.tuples(st.just("move_to"), st.sampled_from(ZONES)),
    st.tuples(st.just("rebuild")),
)
STORIES = st.lists(st.one_of(GENERATIONS, GENERATIONS, EVENTS), min_size=6, max_size=14)


def live_through(book: Ledger, number: int, event: tuple[Any, ...]) -> None:
    """Let one thing happen to the ledger by the services that do it."""
    kind, *rest = event
    if kind == "generate":
        moment, (ending, how) = rest
        request_id = book.open(moment, number)
        if ending == "complete":
            book.complete(request_id, how)
        elif ending == "fail":
            book.fail(request_id, how())
        elif number % 2:
            ledger.settle_overdue()
    elif kind == "rebuild":
        rollups.rebuild(book.website)
        db.session.commit()
    else:
        getattr(book, kind)(*rest)


@pytest.fixture
def nobody_asks(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """No provider is asked about pending costs in the background."""
    monkeypatch.setattr(follow_ups, "MOST_WAITING", 0)


NEW_YEAR, AUTUMN = EDGES[3], EDGES[1]
EVERYTHING = [
    ("generate", NEW_YEAR - timedelta(microseconds=1), ("complete", Usage(9, 8, 7, 6, Decimal(1)))),
    ("generate", NEW_YEAR, ("complete", Usage(5, 4))),
    ("generate", AUTUMN - timedelta(hours=3), ("fail", lambda: LLMError("Broken.", billed="no"))),
    ("generate", AUTUMN + timedelta(hours=22, minutes=59), ("abandon", None)),
    ("look_up", Decimal("0.0123456789")),
    ("erase_person",),
    ("delete_listing",),
    ("move_to", "America/New_York"),
    ("generate", AUTUMN, ("abandon", None)),
]


@pytest.mark.usefixtures("nobody_asks")
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # Shrinking a story of database calls takes minutes.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example("Europe/Madrid", EVERYTHING)
@given(st.sampled_from(ZONES), STORIES)
def test_the_sums_equal_the_ledger_whatever_happens(zone: str, story: list[Any]) -> None:
    book = Ledger(zone)
    for number, event in enumerate(story):
        live_through(book, number, event)
    sums = kept(book.website)
    assert sums == raw(book.website)
    assert kept_months(book.website) == months_of(sums)
    rollups.rebuild(book.website)
    assert kept(book.website) == sums
    assert kept_months(book.website) == months_of(sums)


def test_nothing_is_lost_while_many_settle_and_the_sums_are_made_anew(app: Flask) -> None:
    book = Ledger("UTC")
    waiting = [book.open(NEW_YEAR + timedelta(minutes=n), n) for n in range(48)]
    db.session.remove()

    def settle(request_ids: list[int]) -> None:
        with app.app_context():
            for request_id in request_ids:
                book.complete(request_id, Usage(10, 5, cost_usd=Decimal("0.0000000123")))
                db.session.remove()

    def rebuild(zones: list[str]) -> None:
        with app.app_context():
            for zone in zones:
                book.move_to(zone)
                rollups.rebuild_all()
                db.session.remove()

    with ThreadPoolExecutor(7) as pool:
        jobs = [pool.submit(settle, waiting[n::6]) for n in range(6)]
        jobs.append(pool.submit(rebuild, ["Asia/Kathmandu", "America/New_York", "Europe/Madrid"]))
        for job in jobs:
            job.result(timeout=30)
    sums = kept(book.website)
    assert sums == raw(book.website)
    assert kept_months(book.website) == months_of(sums)
    assert sum(row["requests"] for (_, name, _), row in sums.items() if name == "total") == 48
