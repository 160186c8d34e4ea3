"""The page that holds the ledger against the provider's own figures."""

from __future__ import annotations

import pytest
from flask import Flask

from pwb.services.generations import ListingDescriptionGenerator
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.factories import Agency
from tests.pages import Person

PAGE = "/site_admin/usage/reconciliation"


@pytest.fixture
def listing_written(app: Flask, simulator: RunningSimulator, agency: Agency) -> None:
    """One description, whose exact cost the simulator has in its books."""
    factories.create_integration(agency.website)
    listing = factories.create_property(agency.website)
    ListingDescriptionGenerator(property=listing, locale="en").generate()


@pytest.mark.usefixtures("listing_written")
def test_the_books_are_asked_by_a_button_that_says_what_they_hold(admin: Person) -> None:
    page = admin.submit(PAGE, {})
    assert "1 request was looked up in the provider&#39;s books: 1 in agreement." in page.html


def test_without_a_request_there_is_nothing_to_ask_about(admin: Person) -> None:
    page = admin.submit(PAGE, {})
    assert "No request of this period is at a provider that can be asked about it." in page.html


@pytest.mark.parametrize("days", [{"from": "soon"}, {"from": "2026-11-02", "to": "2026-11-01"}])
def test_a_period_that_is_none_asks_about_nothing(admin: Person, days: dict[str, str]) -> None:
    admin.post(PAGE, days, 422)


def test_an_agent_neither_sees_nor_asks_the_books(agent: Person) -> None:
    agent.get(PAGE, 403)
    agent.post(PAGE, {}, 403)
