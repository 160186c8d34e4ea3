"""The ledger against the key's own figure, at the simulator."""

from __future__ import annotations

from decimal import Decimal

import pytest
import requests
from flask import Flask
from sqlalchemy import delete

from pwb.extensions import db
from pwb.models import UsageDaily, Website
from pwb.services import periods, reconciliation_report
from pwb.services.generations import ListingDescriptionGenerator
from pwb.services.reconciliation_report import ReconciliationReport
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.ledger_rows import used

KEY = "sk-or-v1-factory-0000"


@pytest.fixture
def website(app: Flask, simulator: RunningSimulator) -> Website:
    return factories.create_website()


def report(website: Website) -> ReconciliationReport:
    return reconciliation_report.report(website, periods.asked(website, None, None))


def test_what_the_ledger_knows_is_what_the_key_reports(website: Website) -> None:
    factories.create_integration(website, api_key=KEY)
    listing = factories.create_property(website)
    ListingDescriptionGenerator(property=listing, locale="en").generate()
    found = report(website)
    assert found.sums_agree and found.key is not None
    assert found.states["exact"].count == 1 and found.states["exact"].cents > 0
    assert found.key.known_cents == found.states["exact"].cents == found.key.reported_cents
    assert (found.key.unexplained_cents, found.key.open_count) == (0, 0)


def test_what_others_use_the_key_for_is_unexplained(
    website: Website, simulator: RunningSimulator
) -> None:
    factories.create_integration(website, api_key=KEY)
    body = {
        "model": "openai/gpt-4o",
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": 50,
    }
    headers = {"Authorization": f"Bearer {KEY}"}
    url = f"{simulator.base_url}/chat/completions"
    answer = requests.post(url, json=body, headers=headers, timeout=20).json()
    found = report(website)
    assert found.key is not None
    assert found.key.unexplained_cents == Decimal(str(answer["usage"]["cost"])) * 100 > 0


def test_open_costs_are_told_with_what_is_held_for_them(website: Website) -> None:
    factories.create_integration(website, api_key=KEY)
    used(
        website,
        {"cost_cents": Decimal(2), "cost_state": "estimated", "ai_provider": "groq"},
        {"cost_cents": None, "cost_state": "pending", "reserved_cents": Decimal("1.5")},
        {"cost_cents": None, "cost_state": "unknown"},
    )
    found = report(website)
    assert found.states["estimated"].cents == 2
    assert found.key is not None and found.key.known_cents == 0
    assert (found.key.open_count, found.key.held_cents) == (2, Decimal("1.5"))


def test_the_operators_key_says_nothing_about_one_website(website: Website) -> None:
    found = report(website)
    assert found.key is None and "no OpenRouter key of its own" in found.problem


def test_a_provider_that_refuses_is_quoted(website: Website) -> None:
    factories.create_integration(website, api_key="sk-or-v1-invalid-0000")
    found = report(website)
    assert found.key is None and found.problem


def test_sums_that_differ_from_the_requests_are_noticed(website: Website) -> None:
    used(website, {})
    db.session.execute(delete(UsageDaily))
    db.session.commit()
    assert not report(website).sums_agree
