"""The report of a period: its sums, what they are held against, and where the month will end."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from pwb.errors import InvalidInput
from pwb.models import Website
from pwb.services import periods, usage, usage_csv
from pwb.services.periods import Period
from pwb.services.usage_report import Published, Sums
from tests import factories, ledger_rows
from tests.services.posts import approve, create_post

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30), ZoneInfo("UTC"))


@pytest.fixture
def website(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Website:
    """Of an agency in UTC, at noon of 22 November 2026."""
    monkeypatch.setattr(periods, "utcnow", lambda: NOW)
    return factories.create_website()


def used(website: Website, *requests: dict[str, Any]) -> None:
    """Of today, where nothing else is said."""
    ledger_rows.used(website, *({"created_at": NOW} | values for values in requests))


def on(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 10, tzinfo=UTC)


def test_a_report_of_nothing_is_all_zeros_and_unknowns(website: Website) -> None:
    empty = usage.report(website, NOVEMBER)
    assert (empty.totals, empty.previous) == (Sums(), Sums())
    assert [day for day, _ in empty.days] == [date(2026, 11, d) for d in range(1, 31)]
    assert (empty.by_model, empty.failures, empty.running) == ([], [], 0)
    assert (empty.totals.average_cost_cents, empty.totals.success_rate) == (None, None)
    assert (empty.cost_per_published_cents, empty.forecast_cents) == (None, Decimal(0))


def test_sums_keep_every_state_of_a_cost_apart(website: Website) -> None:
    used(
        website,
        {"cost_cents": Decimal("0.00000001"), "duration_ms": 100, "input_tokens": 7},
        {"cost_cents": Decimal("2.5"), "cost_state": "estimated", "duration_ms": 301},
        {"cost_cents": None, "cost_state": "pending", "reserved_cents": Decimal("4.25")},
        {"cost_cents": None, "cost_state": "unknown", "status": "failed", "error_code": "timeout"},
        {"cost_cents": Decimal(0), "status": "failed", "error_code": "rate_limited"},
        {"status": "processing", "cost_cents": None, "cost_state": "unknown"},
    )
    found = usage.report(website, NOVEMBER)
    assert found.totals == Sums(
        requests=5,
        completed=3,
        failed=2,
        free_failures=1,
        input_tokens=7,
        exact_cents=Decimal("0.00000001"),
        estimated_cents=Decimal("2.5"),
        held_cents=Decimal("4.25"),
        pending=1,
        unknown=1,
        duration_ms=401,
        duration_count=2,
    )
    assert found.totals == usage.totals(website, NOVEMBER)
    assert found.totals.cost_cents == Decimal("2.50000001")
    assert found.totals.average_cost_cents == Decimal("2.50000001") / 3
    assert (found.totals.average_ms, found.totals.success_rate) == (200, Decimal("0.6"))
    assert found.running == 1
    assert [(f.code, f.count) for f in found.failures] == [("rate_limited", 1), ("timeout", 1)]
    assert all(failure.cause and failure.cure for failure in found.failures)


def test_lines_are_named_as_people_know_them_and_the_dearest_come_first(website: Website) -> None:
    ana = factories.create_user(website, name="Ana")
    villa = factories.create_property(website, reference="V-1").id
    used(
        website,
        {"user_id": ana.id, "property_id": villa, "locale": "es"},
        {"ai_model": "a/cheap", "cost_cents": Decimal("0.01"), "request_type": "listing_refresh"},
    )
    found = usage.report(website, NOVEMBER)
    assert [line.label for line in found.by_model] == ["openai/gpt-4o", "a/cheap"]
    assert [line.label for line in found.by_task] == [
        "Listing description",
        "Updated description",
    ]
    assert [line.label for line in found.by_person] == ["Ana", usage.NOBODY["person"]]
    assert [line.label for line in found.by_listing] == ["V-1", usage.NOBODY["listing"]]
    assert [line.label for line in found.by_locale] == ["Spanish", "English"]
    assert (found.by_listing[0].key, found.by_listing[1].key) == (str(villa), "")


def test_a_long_table_ends_with_a_line_for_all_the_others(website: Website) -> None:
    used(website, *({"ai_model": f"m/{n:02}", "cost_cents": Decimal(n)} for n in range(1, 31)))
    lines = usage.report(website, NOVEMBER).by_model
    assert len(lines) == usage.MOST_LINES
    assert [line.key for line in lines[:2]] == ["m/30", "m/29"]
    assert lines[-1].rest and lines[-1].sums.requests == 11
    assert usage.added(line.sums for line in lines) == usage.totals(website, NOVEMBER)


def test_days_are_the_websites_own_at_the_edges_of_a_month(website: Website) -> None:
    website.time_zone = "America/New_York"
    last_second = datetime(2026, 11, 1, 3, 59, 59, 999_999, tzinfo=UTC)
    used(website, {"created_at": last_second}, {"created_at": last_second + timedelta(seconds=1)})
    month = periods.month(website, "2026-10")
    assert usage.totals(website, month).requests == 1
    assert usage.totals(website, periods.month(website, "2026-11")).requests == 1
    assert usage.report(website, month).days[-1][1].requests == 1


def test_another_websites_usage_is_never_counted(website: Website) -> None:
    used(factories.create_website(), {})
    assert usage.report(website, NOVEMBER).totals == Sums()


def test_texts_approved_twice_are_published_once(website: Website) -> None:
    listing = factories.create_property(website)
    for locale in ("en", "en", "es"):
        factories.create_approved_text(listing, locale)
    used(website, {"cost_cents": Decimal(3)})
    today = periods.utcnow().date()
    real = datetime.now(UTC).date()
    found = usage.report(website, Period(min(today, real), max(today, real), ZoneInfo("UTC")))
    assert (found.published, found.cost_per_published_cents) == (Published(2), Decimal("1.5"))


def test_an_approved_post_is_a_published_text_as_well(agency: factories.Agency) -> None:
    listing = factories.create_property(agency.website)
    factories.create_approved_text(listing)
    for platform in ("twitter", "facebook"):
        approve(agency.website, agency.agent, create_post(listing, platform=platform))
    used(
        agency.website,
        {"cost_cents": Decimal(6), "property_id": listing.id, "request_type": "social_posts"},
    )
    today = periods.utcnow().date()
    real = datetime.now(UTC).date()
    period = Period(min(today, real), max(today, real), ZoneInfo("UTC"))
    found = usage.report(agency.website, period)
    assert (found.published, found.cost_per_published_cents) == (Published(3, 2), Decimal(2))
    assert [line.label for line in found.by_task] == ["Social posts"]
    assert [line.label for line in found.by_listing] == [listing.reference]


def test_without_a_known_cost_there_is_no_forecast(website: Website) -> None:
    used(
        website, {"created_at": on(date(2026, 11, 22)), "cost_cents": None, "cost_state": "unknown"}
    )
    found = usage.report(website, periods.asked(website, None, None))
    assert found.totals.known_cents is None
    assert found.forecast_cents is None


def test_the_forecast_adds_the_average_of_four_weeks_for_each_day_left(website: Website) -> None:
    days = [date(2026, 11, 22) - timedelta(days=ago) for ago in (0, 27, 28)]
    used(website, *({"created_at": on(day), "cost_cents": Decimal(28)} for day in days))
    found = usage.report(website, periods.asked(website, None, None))
    assert found.totals.cost_cents == 28
    assert found.forecast_cents == 28 + Decimal(56) / 28 * 8
    assert usage.report(website, periods.month(website, "2026-10")).forecast_cents is None


def test_the_days_of_a_very_long_period_begin_with_its_first_use(website: Website) -> None:
    used(website, {"created_at": on(date(2026, 11, 20))})
    found = usage.report(website, periods.asked(website, "2000-01-01", "2999-12-31"))
    assert [day.day for day, _ in found.days] == [20, 21, 22]
    future = usage.report(website, periods.asked(website, "2027-01-01", "2999-12-31"))
    assert [day for day, _ in future.days] == [date(2027, 1, 1)]


@pytest.mark.parametrize(
    ("first", "last", "before"),
    [
        ("2026-11-01", "2026-11-22", ("2026-10-01", "2026-10-22")),
        ("2026-11-01", "2026-11-30", ("2026-10-01", "2026-10-31")),
        ("2026-03-01", "2026-03-30", ("2026-02-01", "2026-02-28")),
        ("2026-01-01", "2026-01-31", ("2025-12-01", "2025-12-31")),
        ("2026-01-01", "2026-11-22", ("2025-01-01", "2025-11-22")),
        ("2024-01-01", "2024-02-29", ("2023-01-01", "2023-02-28")),
        ("2026-11-22", "2026-11-22", ("2026-11-21", "2026-11-21")),
        ("2026-10-24", "2026-11-22", ("2026-09-24", "2026-10-23")),
    ],
)
def test_a_period_is_held_against_the_same_part_of_the_one_before(
    first: str, last: str, before: tuple[str, str]
) -> None:
    period = Period(date.fromisoformat(first), date.fromisoformat(last), ZoneInfo("UTC"))
    found = period.previous()
    assert (found.first.isoformat(), found.last.isoformat()) == before


def test_presets_begin_and_end_in_the_websites_own_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(periods, "utcnow", lambda: NOW)
    website = Website(time_zone="Pacific/Kiritimati")
    spans = {p.id: (p.period.first, p.period.last) for p in periods.presets(website)}
    today = date(2026, 11, 23)
    assert spans == {
        "today": (today, today),
        "this_month": (date(2026, 11, 1), today),
        "last_month": (date(2026, 10, 1), date(2026, 10, 31)),
        "last_30_days": (date(2026, 10, 25), today),
        "this_year": (date(2026, 1, 1), today),
        "all": (today, today),
    }


def test_a_date_that_is_out_of_reach_is_not_called_none(app: Flask) -> None:
    for text in ("1999-12-31", "3000-01-01"):
        with pytest.raises(InvalidInput, match="A date is between 2000-01-01 and 2999-12-31"):
            periods.asked(Website(time_zone="UTC"), text, None)


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("America/Havana", datetime(2026, 3, 8, 5, tzinfo=UTC)),
        ("America/Havana", datetime(2026, 11, 1, 5, tzinfo=UTC)),
        ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC)),
        ("Africa/Cairo", datetime(2026, 10, 29, 21, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ],
)
def test_where_midnight_is_skipped_or_comes_twice_each_request_has_one_day(
    app: Flask, zone: str, change: datetime
) -> None:
    site = factories.create_website(time_zone=zone)
    moments = [change + timedelta(minutes=10 * number) for number in range(-160, 160)]
    ledger_rows.used(site, *({"created_at": moment} for moment in moments))
    days = Counter(moment.astimezone(ZoneInfo(zone)).date() for moment in moments)
    for day, count in days.items():
        period = periods.asked(site, str(day), str(day))
        text = b"".join(usage_csv.export_requests(site, period)).decode()
        rows = list(csv.DictReader(io.StringIO(text)))
        assert len(rows) == usage.totals(site, period).requests == count
        assert {row["created_at"][:10] for row in rows} == {str(day)}


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-1", "2026-11-01", "November", "1999-12"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a month"):
        periods.month(Website(time_zone="UTC"), text)
