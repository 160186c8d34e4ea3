"""The first page: attention, first steps, figures, recent listings."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import sqlalchemy as sa
from flask import Flask

from pwb.extensions import db
from pwb.models import GenerationRequest, Website
from pwb.models.base import utcnow
from pwb.services import rollups
from tests import factories
from tests.pages import Person

HOME = "/site_admin/"


def generated(website: Website, **values: Any) -> GenerationRequest:
    defaults = {
        "request_type": "listing_description",
        "ai_provider": "open_router",
        "ai_model": "openai/gpt-4o",
        "locale": "en",
        "status": "completed",
        "cost_cents": Decimal("0.1"),
        "cost_state": "exact",
    }
    row = GenerationRequest(website_id=website.id, **defaults | values)
    db.session.add(row)
    db.session.flush()
    rollups.rebuild(website)
    db.session.commit()
    return row


def test_a_new_website_shows_an_admin_the_first_steps(
    admin: Person, agency: factories.Agency
) -> None:
    page = admin.get(HOME)
    assert page.h1 == ["Dashboard"]
    for words in (
        "AI is not configured",
        "Open integrations",
        "First steps",
        "1 of 4 done",
        "Connect an AI service",
        "Import CSV",
        "No properties yet",
        "nothing finished yet",
    ):
        assert words in page.text, words
    assert "/site_admin/integrations" in page.html


def test_an_agent_is_told_whom_to_ask(agent: Person, agency: factories.Agency) -> None:
    page = agent.get(HOME)
    assert "AI is not configured" in page.text
    assert f"Ask {agency.admin.name}" in page.text
    assert "/site_admin/integrations" not in page.html
    assert "/site_admin/people" not in page.html


def test_the_first_steps_go_once_a_text_was_written(
    admin: Person, agency: factories.Agency
) -> None:
    factories.create_integration(agency.website)
    factories.create_property(agency.website)
    assert "3 of 4 done" in admin.get(HOME).text
    generated(agency.website)
    text = admin.get(HOME).text
    assert "First steps" not in text and "Needs attention" not in text


def test_a_broken_integration_says_what_is_wrong(agent: Person, agency: factories.Agency) -> None:
    factories.create_integration(
        agency.website,
        last_error_at=utcnow(),
        last_error_code="invalid_api_key",
        last_error_message="OpenRouter rejected the key.",
    )
    text = agent.get(HOME).text
    assert "The AI service has a problem" in text
    assert "OpenRouter rejected the key." in text


def test_failed_requests_of_a_day_are_pointed_out(agent: Person, agency: factories.Agency) -> None:
    generated(agency.website, status="failed", error_code="rate_limited")
    assert "One text could not be written" in agent.get(HOME).text
    generated(agency.website, status="failed", error_code="timeout")
    generated(agency.website, status="failed", error_code="cancelled")
    old = generated(agency.website, status="failed", error_code="timeout")
    old.created_at = utcnow() - timedelta(hours=25)
    db.session.commit()
    page = agent.get(HOME)
    assert "2 texts could not be written in the last 24 hours" in page.text
    assert "/site_admin/ai/requests?status=failed" in page.html


def test_the_months_figures_are_exact_and_say_what_is_unknown(
    agent: Person, agency: factories.Agency
) -> None:
    for cents in ("0.1", "0.2", "0.00000001"):
        generated(agency.website, cost_cents=Decimal(cents))
    generated(agency.website, status="failed", cost_cents=None, cost_state="unknown")
    last_year = utcnow() - timedelta(days=400)
    generated(agency.website, cost_cents=Decimal(500), created_at=last_year)
    generated(factories.create_website(), cost_cents=Decimal(700))
    db.session.commit()
    text = agent.get(HOME).text
    assert "Generations this month 4 1 failed" in text
    assert "75% of the finished ones" in text
    assert "0.3 ¢ without 1 of unknown cost" in text


def test_the_month_begins_at_midnight_of_the_websites_own_day(
    agent: Person, agency: factories.Agency
) -> None:
    agency.website.time_zone = "Pacific/Kiritimati"
    generated(agency.website)
    assert "Generations this month 1" in agent.get(HOME).text


def test_recent_listings_lead_to_their_editor(agent: Person, agency: factories.Agency) -> None:
    for number in range(8):
        factories.create_property(agency.website, reference=f"R{number}-x")
    texts = {"en": {"title": "Sunny <b>villa</b>", "description": "A villa."}}
    listing = factories.create_property(agency.website, texts=texts, reference="NEWEST")
    factories.create_property(factories.create_website(), reference="STRANGER")
    page = agent.get(HOME)
    assert f"/site_admin/properties/{listing.id}/edit" in page.html
    assert "Sunny <b>villa</b>" in unescape(page.html) and "<b>villa" not in page.html
    assert "1 of 10 languages" in page.text and "No text yet" in page.text
    assert "R0-x" not in page.text and "STRANGER" not in page.text
    assert "All 9" in page.text


def test_a_listing_with_next_to_no_facts_is_shown(agent: Person, agency: factories.Agency) -> None:
    nothing = dict.fromkeys(("property_type", "city", "country", "sale_price", "bedrooms"))
    factories.create_property(agency.website, reference="X" * 64, features=[], **nothing)
    assert "X" * 64 in agent.get(HOME).text


def test_the_page_asks_the_database_little(app: Flask, agency: factories.Agency) -> None:
    for _ in range(6):
        factories.create_property(agency.website, texts={"en": {"title": "T"}})
    person = Person(app).signed_in(agency.agent)
    asked: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", count)
    person.get(HOME)
    sa.event.remove(db.engine, "before_cursor_execute", count)
    assert len(asked) <= 15, "\n\n".join(asked)
