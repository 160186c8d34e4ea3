"""The usage page: what it says of costs, of time, and of dates that are none."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from pwb import filters
from pwb.ai_tools.usage_view import approved_words, change
from pwb.models import Website
from pwb.services import periods
from pwb.services.usage_report import Published
from tests import factories, ledger_rows
from tests.pages import Page, Person

OCTOBER = "/site_admin/usage?from=2026-10-01&to=2026-10-31"
MOMENT = datetime(2026, 10, 7, 10, tzinfo=UTC)


# SQLite only: the sums on both databases are the services' business.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def used(website: Website, *requests: dict[str, Any]) -> None:
    """Let these requests of one day in October be in the ledger, cheap ones unless they say."""
    defaults = {"created_at": MOMENT, "cost_cents": Decimal("0.03")}
    ledger_rows.used(website, *(defaults | values for values in requests))


def rows(page: Page, table: str) -> list[str]:
    """The words of each row of the table with this name."""
    (region,) = re.findall(rf'aria-label="{table}".*?</table>', page.html, re.S)
    parts = re.findall(r"<tr>.*?</tr>", region, re.S)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part)).strip() for part in parts]


def test_a_cost_far_below_a_cent_is_never_shown_as_nothing(
    agent: Person, agency: factories.Agency
) -> None:
    used(agency.website, {"cost_cents": Decimal("0.00003")})
    page = agent.get(OCTOBER)
    assert rows(page, "By model")[1:] == [
        "openai/gpt-4o 1 0 0 0.00003 ¢ 0.00003 ¢",
        "Together 1 0 0 0.00003 ¢ 0.00003 ¢",
    ]
    assert 'value="0.00003000">0.00003 ¢' in page.html


def test_unknown_and_pending_costs_are_words_and_no_zeros(
    agent: Person, agency: factories.Agency
) -> None:
    unknown = {"cost_cents": None, "cost_state": "unknown", "reserved_cents": Decimal("6.5")}
    used(
        agency.website,
        unknown | {"ai_model": "a/dark"},
        unknown | {"cost_state": "pending", "ai_model": "a/late"},
        {"ai_model": "a/mix", "cost_cents": Decimal(5)},
        unknown | {"ai_model": "a/mix"},
    )
    page = agent.get(OCTOBER)
    assert rows(page, "By model")[1:] == [
        "a/mix 2 0 0 5.00 ¢ 5.00 ¢ + 1 unknown",
        "a/dark 1 0 0 – not known unknown",
        "a/late 1 0 0 – not known pending",
        "Together 4 0 0 5.00 ¢ 5.00 ¢ + 1 pending, 2 unknown",
    ]
    assert "Pending 1 Unknown 2 Held for these 19.5 ¢" in page.text


def test_a_month_of_unknown_costs_has_no_spend_of_nothing(
    agent: Person, agency: factories.Agency
) -> None:
    unknown = {"cost_cents": None, "cost_state": "unknown"}
    used(agency.website, unknown, unknown | {"cost_state": "pending"}, unknown)
    page = agent.get(OCTOBER)
    assert "Spend unknown 1 pending, 2 unknown" in page.text
    assert rows(page, "By model")[1] == "openai/gpt-4o 3 0 0 – not known 1 pending, 2 unknown"
    assert "No cost is known" in page.text and "To the last decimal" not in page.text
    assert "October 7, 2026: 3 without a known cost" in page.html
    assert rows(page, "Spend per day, the figures")[7].endswith("not known 3")
    factories.create_approved_text(factories.create_property(agency.website))
    now = periods.today(agency.website)
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC)
    used(agency.website, unknown | {"created_at": midnight})
    page = agent.get(f"/site_admin/usage?from={now}&to={now}")
    assert "Spend unknown 1 unknown" in page.text
    assert "Per published text – 1 text approved" in page.text
    assert "Spend this month unknown" in agent.get("/site_admin/").text


def test_known_spend_says_how_many_costs_it_is_without(
    agent: Person, agency: factories.Agency
) -> None:
    unknown = {"cost_cents": None, "cost_state": "unknown"}
    used(agency.website, {"cost_cents": Decimal(5)}, unknown)
    used(agency.website, unknown | {"created_at": datetime(2026, 9, 7, 10, tzinfo=UTC)})
    page = agent.get(OCTOBER)
    assert "Spend 5 ¢ 1 unknown before; without 1 unknown" in page.text


def test_figures_are_held_against_the_month_before(agent: Person, agency: factories.Agency) -> None:
    before = datetime(2026, 9, 7, 10, tzinfo=UTC)
    failed = {"status": "failed", "error_code": "timeout", "cost_cents": Decimal(0)}
    used(
        agency.website,
        *[{"created_at": before, "cost_cents": Decimal(10)}] * 4,
        *[{"cost_cents": Decimal(15)}] * 3,
        failed,
    )
    page = agent.get(OCTOBER)
    assert "Compared with September 2026." in page.text
    assert "Spend 45 ¢ +12% from 40 ¢" in page.text
    assert "Generations 4 as before" in page.text
    assert "Success rate 75% −25 points from 100%" in page.text
    assert rows(page, "Failures by cause")[1].startswith("The answer took too long")


def test_a_change_is_said_as_a_person_would(app: Flask) -> None:
    said = {
        (5, None): "none before",
        (0, 0): "none before",
        (7, 7): "as before",
        (1001, 1000): "nearly as before, 1,000",
        (0, 4): "−100% from 4",
        (3, 2): "+50% from 2",
        (1234, 10): "123 times 10",
    }
    for (now, before), words in said.items():
        assert change(now, before, filters.number) == words


def test_cost_per_published_text_is_spend_over_approved_texts(
    agent: Person, agency: factories.Agency
) -> None:
    now = periods.today(agency.website)
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC)
    used(agency.website, {"created_at": midnight, "cost_cents": Decimal(9)})
    factories.create_approved_text(factories.create_property(agency.website))
    page = agent.get(f"/site_admin/usage?from={now}&to={now}")
    assert "Per published text 9 ¢ 1 text approved" in page.text


def test_published_posts_are_counted_in_words(app: Flask) -> None:
    said = {
        (0, 0): "No text or post was approved",
        (2, 0): "2 texts approved",
        (1, 1): "1 social post approved",
        (3, 2): "3 texts approved, 2 of them social posts",
    }
    for numbers, words in said.items():
        assert approved_words(Published(*numbers)) == words


def test_an_empty_period_says_what_will_be_there(agent: Person) -> None:
    page = agent.get("/site_admin/usage?from=2001-02-03&to=2001-02-03")
    assert "Nothing was generated in this period" in page.text
    assert "February 3, 2001" in page.text
    assert '<svg class="chart' not in page.html
    assert "NaN" not in page.text and "None" not in page.text


@pytest.mark.parametrize(
    ("query", "typed", "problem"),
    [
        ("from=soon&to=2026-10-31", "soon", "not a date such as 2026-11-30."),
        ("from=2026-10-31&to=2026-10-01", "2026-10-01", "The period ends before it begins."),
        ("from=2026-02-30", "2026-02-30", "not a date such as 2026-11-30."),
        ("to=%22%3E%3Cb%3E", "&#34;&gt;&lt;b&gt;", "not a date such as 2026-11-30."),
    ],
)
def test_dates_that_are_none_are_refused_and_stay_in_the_form(
    agent: Person, query: str, typed: str, problem: str
) -> None:
    page = agent.get(f"/site_admin/usage?{query}", status=422)
    assert problem in page.text
    assert f'value="{typed}"' in page.html
    assert '<details class="menu period-menu" data-menu open>' in page.html


@pytest.mark.parametrize(
    "query", ["from=2000-01-01&to=2999-12-31", "from=2026-11-22", "to=2999-01-01"]
)
def test_the_longest_and_the_oddest_periods_are_pages(
    agent: Person, agency: factories.Agency, query: str
) -> None:
    used(agency.website, {}, {"created_at": datetime(2019, 5, 1, tzinfo=UTC)})
    agent.get(f"/site_admin/usage?{query}")


def test_lines_lead_to_the_requests_and_listings_behind_them(
    agent: Person, agency: factories.Agency
) -> None:
    listing = factories.create_property(agency.website)
    used(agency.website, {"property_id": listing.id, "user_id": agency.agent.id}, {})
    page = agent.get(OCTOBER)
    assert f'href="/site_admin/properties/{listing.id}/edit">{listing.reference}' in page.html
    assert f'href="/site_admin/ai/requests?user={agency.agent.id}"' in page.html
    assert 'href="/site_admin/ai/requests?model=openai/gpt-4o"' in page.html
    assert rows(page, "By listing")[1].startswith("No listing, or a deleted one 1")


def test_a_german_agency_reads_german_money_and_months(
    agency: factories.Agency, agent: Person
) -> None:
    agency.website.default_locale = "de"
    used(agency.website, {"cost_cents": Decimal("123456.5"), "input_tokens": 9_876_543})
    page = agent.get(OCTOBER)
    assert "Oktober 2026" in page.text
    assert "1.234,56\xa0$" in page.html and "9.876.543" in page.text


def test_a_long_name_keeps_its_table_in_one_piece(agent: Person, agency: factories.Agency) -> None:
    name = "maker/" + "x" * 190
    used(agency.website, {"ai_model": name})
    assert rows(agent.get(OCTOBER), "By model")[1].startswith(f"{name} 1 ")


def test_the_days_are_those_of_the_agency(agent: Person, agency: factories.Agency) -> None:
    agency.website.time_zone = "Pacific/Kiritimati"
    used(agency.website, {"created_at": datetime(2026, 9, 30, 20, tzinfo=UTC)})
    page = agent.get("/site_admin/usage?from=2026-10-01&to=2026-10-01")
    assert "October 1, 2026: 0.03 ¢" in page.html
    assert "Days are those of Pacific/Kiritimati" in page.text


def test_another_agency_sees_none_of_it(agency: factories.Agency, admin: Person) -> None:
    used(factories.create_website(), {"ai_model": "secret/model"})
    page = admin.get(OCTOBER)
    assert "secret/model" not in page.text
    assert "Nothing was generated in this period" in page.text


def test_presets_name_the_period_that_is_shown(agent: Person, agency: factories.Agency) -> None:
    today = periods.today(agency.website)
    month = agent.get("/site_admin/usage")
    assert re.search(r"Period: </span>(Today|This month)", month.html)
    first = date(today.year, 1, 1)
    assert f"from={first}&amp;to={today}" in month.html
