"""Costs of the ledger held against the books of the simulator, one request at a time."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import update

from pwb.extensions import db
from pwb.models import GenerationRequest, Website
from pwb.services import books_check, periods, rollups
from pwb.services.books_check import BooksCheck
from pwb.services.generations import ListingDescriptionGenerator
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.ledger_rows import used


@pytest.fixture
def website(app: Flask, simulator: RunningSimulator) -> Website:
    website = factories.create_website()
    factories.create_integration(website)
    return website


def generate(website: Website) -> GenerationRequest:
    listing = factories.create_property(website)
    result = ListingDescriptionGenerator(property=listing, locale="en").generate()
    return db.session.get_one(GenerationRequest, result.request_id)


def become(row: GenerationRequest, **values: object) -> None:
    """Let the ledger say other than it did."""
    row_id = row.id
    with rollups.kept_right(row.website_id, GenerationRequest.id == row_id):
        change = update(GenerationRequest).where(GenerationRequest.id == row_id)
        db.session.execute(change.values(**values))
    db.session.commit()


def check(website: Website, **values: float) -> BooksCheck:
    return books_check.check(website, periods.asked(website, None, None), **values)


def test_what_the_books_say_too_agrees(website: Website) -> None:
    generate(website)
    assert check(website) == BooksCheck(agreed=1)


def test_a_cost_that_was_unknown_or_estimated_is_confirmed(website: Website) -> None:
    for state, guessed in (("unknown", None), ("estimated", Decimal("9.9"))):
        row = generate(website)
        request_id, cost = row.id, row.cost_cents
        become(row, cost_cents=guessed, cost_state=state)
        assert check(website).settled == 1
        row = db.session.get_one(GenerationRequest, request_id, populate_existing=True)
        assert (row.cost_cents, row.cost_state) == (cost, "exact")


def test_an_exact_cost_that_differs_is_told_and_left_as_it_is(website: Website) -> None:
    row = generate(website)
    said = row.cost_cents + 1
    become(row, cost_cents=said)
    assert check(website) == BooksCheck(differing=1, difference_cents=Decimal(-1))
    assert db.session.get_one(GenerationRequest, row.id, populate_existing=True).cost_cents == said


def test_what_the_books_do_not_have_stays_as_it_is(website: Website) -> None:
    (request_id,) = used(
        website, {"cost_cents": Decimal(2), "cost_state": "estimated", "generation_id": "gen-none"}
    )
    assert check(website) == BooksCheck(not_found=1)
    assert db.session.get_one(GenerationRequest, request_id).cost_state == "estimated"


def test_a_provider_without_books_and_another_agency_are_not_asked_about(
    website: Website, simulator: RunningSimulator
) -> None:
    used(website, {"generation_id": "gen-1", "ai_provider": "groq"}, {"generation_id": None})
    used(factories.create_website(), {"generation_id": "gen-2"})
    assert check(website) == BooksCheck()


def test_when_the_time_is_over_the_rest_is_left(website: Website) -> None:
    used(website, {"generation_id": "gen-1"}, {"generation_id": "gen-2"})
    assert check(website, most_seconds=0) == BooksCheck(left=2)


def test_a_refused_key_ends_the_questions_and_is_quoted(
    website: Website, simulator: RunningSimulator
) -> None:
    used(website, {"generation_id": "gen-1"}, {"generation_id": "gen-2"})
    simulator.enqueue("401", path="/generation")
    found = check(website)
    assert (found.left, found.asked) == (2, 0) and found.problem
