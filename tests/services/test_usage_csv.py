"""The file of a period: its columns, its rows, and that no spreadsheet runs anything in it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from pwb.models import Website
from pwb.services import usage, usage_csv
from pwb.services.periods import Period
from tests import factories
from tests.ledger_rows import used
from tests.pages import Person

COLUMNS = [
    *("id", "created_at", "request_type", "reference", "locale", "user", "provider", "model"),
    *("served_model", "status", "error_code", "input_tokens", "output_tokens", "cost_cents"),
    *("cost_state", "duration_ms"),
]
NIGHT = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)


@pytest.fixture
def website(app: Flask) -> Website:
    return factories.create_website(time_zone="Europe/Madrid")


def november(website: Website) -> Period:
    return Period(date(2026, 11, 1), date(2026, 11, 30), ZoneInfo(website.time_zone))


def rows_of(website: Website) -> list[dict[str, str]]:
    text = b"".join(usage_csv.export_requests(website, november(website))).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_tells_all_about_one_request_in_the_agreed_columns(website: Website) -> None:
    person = factories.create_user(website, email="ana@costa.test")
    listing = factories.create_property(website, reference="ES-1")
    (request_id,) = used(
        website,
        {
            "created_at": NIGHT,
            "user_id": person.id,
            "property_id": listing.id,
            "served_model": "openai/gpt-4o-2026",
            "input_tokens": 300,
            "output_tokens": 90,
            "cost_cents": Decimal("0.00000001"),
            "duration_ms": 1200,
        },
    )
    (row,) = rows_of(website)
    assert list(row) == COLUMNS
    assert list(row.values()) == [
        str(request_id),
        "2026-11-01T00:30:00.000+01:00",
        "listing_description",
        "ES-1",
        "en",
        "ana@costa.test",
        "open_router",
        "openai/gpt-4o",
        "openai/gpt-4o-2026",
        "completed",
        "",
        "300",
        "90",
        "0.00000001",
        "exact",
        "1200",
    ]


def test_what_is_not_known_is_empty_and_never_zero(website: Website) -> None:
    used(website, {"created_at": NIGHT, "cost_cents": None, "cost_state": "unknown"})
    (row,) = rows_of(website)
    unknown = ("cost_cents", "input_tokens", "duration_ms", "reference", "user")
    assert [row[name] for name in unknown] == [""] * len(unknown)
    assert row["cost_state"] == "unknown"


def test_no_cell_begins_a_formula(website: Website) -> None:
    references = ["=cmd|'/C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx"]
    listings = [factories.create_property(website, reference=text).id for text in references]
    used(website, *({"created_at": NIGHT, "property_id": n, "ai_model": "=1"} for n in listings))
    rows = rows_of(website)
    assert [row["reference"] for row in rows] == [f"'{text}" for text in references]
    assert {row["model"] for row in rows} == {"'=1"}


def test_the_rows_add_up_to_the_reports_totals_to_the_last_decimal(
    website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_csv, "BATCH_REQUESTS", 7)
    costs = [Decimal(n).scaleb(-8) * 12_345_679 for n in range(1, 31)]
    used(website, *({"created_at": NIGHT, "cost_cents": cost} for cost in costs))
    used(website, {"created_at": datetime(2026, 12, 1, 0, 0, tzinfo=UTC)})
    rows = rows_of(website)
    totals = usage.totals(website, november(website))
    assert len(rows) == totals.requests == 30
    assert sum(Decimal(row["cost_cents"]) for row in rows) == totals.cost_cents == sum(costs)


def test_the_page_gives_the_file_of_its_own_period_and_website(
    agent: Person, agency: factories.Agency
) -> None:
    used(agency.website, {"created_at": NIGHT})
    used(factories.create_website(), {"created_at": NIGHT})
    page, base = "/site_admin/usage.csv", agent.base_url
    answer = agent.client.get(f"{page}?from=2026-10-31&to=2026-10-31", base_url=base)
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    name = f"{agency.website.subdomain}-usage-2026-10-31-2026-10-31.csv"
    assert name in answer.headers["Content-Disposition"]
    assert len(answer.get_data().decode("utf-8-sig").splitlines()) == 2
    assert agent.client.get(f"{page}?from=yesterday", base_url=base).status_code == 422
