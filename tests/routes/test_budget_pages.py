"""Budgets on the pages: set, said before the click, and in the answer to the click."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select

from pwb.extensions import db
from pwb.models import AuditEvent, Membership
from pwb.services import ledger
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.catalogues import entry, fetch
from tests.ledger_rows import finish, new_request
from tests.pages import Person

SETTINGS = "/site_admin/settings"


def spend(agency: factories.Agency, cents: str) -> None:
    request_id, _ = ledger.open_request(agency.website, agency.agent, new_request())
    finish(request_id, Decimal(cents))


def save_settings(admin: Person, budget: str, status: int) -> str:
    form = next(each for each in admin.get(SETTINGS).forms if each.get("action") == SETTINGS)
    fields = {
        "name": "Costa Homes",
        "supported_locales": ["en", "es"],
        "default_locale": "en",
        "time_zone": "UTC",
        "currency": "EUR",
        "version": form["fields"]["version"],
        "monthly_budget_cents": budget,
    }
    return admin.post(SETTINGS, fields, status=status).get_data(as_text=True)


def test_an_admin_sets_a_budget_in_dollars_and_it_is_recorded(
    agency: factories.Agency, admin: Person
) -> None:
    save_settings(admin, "12.50", 302)
    db.session.refresh(agency.website)
    assert agency.website.monthly_budget_cents == 1250
    event = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert event is not None
    assert event.changes["monthly_budget_cents"] == [None, 1250]
    assert 'value="12.5"' in admin.get(SETTINGS).html
    assert "Monthly budget in US cents" in admin.get("/site_admin/audit_log").text
    save_settings(admin, "", 302)
    db.session.refresh(agency.website)
    assert agency.website.monthly_budget_cents is None


@pytest.mark.parametrize("typed", ["lots", "-1", "0.001", "1000001", "9" * 400])
def test_what_is_no_budget_is_kept_as_typed_and_changes_nothing(
    agency: factories.Agency, admin: Person, typed: str
) -> None:
    assert f'value="{typed}"' in save_settings(admin, typed, 422)
    db.session.refresh(agency.website)
    assert agency.website.monthly_budget_cents is None


def test_an_admin_sets_what_one_person_may_spend(agency: factories.Agency, admin: Person) -> None:
    member = db.session.scalars(
        select(Membership).where(Membership.user_id == agency.agent.id)
    ).one()
    path = f"/site_admin/people/{member.id}"
    admin.get(path)
    admin.post(f"{path}/budget", {"monthly_budget_cents": "0.50"})
    spend(agency, "45")
    page = admin.get(path)
    assert "This month so far: 45 ¢, 90% of it." in page.text
    bad = admin.post(f"{path}/budget", {"monthly_budget_cents": "much"}, status=422)
    assert 'value="much"' in bad.get_data(as_text=True)
    db.session.refresh(member)
    assert member.monthly_budget_cents == 50
    assert "changed the budget of" in admin.get("/site_admin/audit_log").text


def test_an_agent_sets_no_budget(agency: factories.Agency, agent: Person) -> None:
    agent.get("/site_admin/")
    agent.post("/site_admin/people/1/budget", {"monthly_budget_cents": "100"}, status=403)


def test_the_price_and_what_is_left_stand_beside_generate(
    app: Flask, agency: factories.Agency, agent: Person, simulator: RunningSimulator
) -> None:
    factories.create_integration(agency.website)
    fetch(simulator, entry("anthropic/claude-3.5-sonnet", name="Claude Sonnet"))
    agency.website.monthly_budget_cents = 100
    db.session.commit()
    spend(agency, "38")
    listing = factories.create_property(agency.website)
    for path, said in (
        ("edit", r"About [\d.]+ ¢ with Claude Sonnet, from the saved facts · 62% of this month’s"),
        ("drafts", r"About [\d.]+ ¢ a text with Claude Sonnet · 62% of this month’s budget left\."),
        ("social_posts", r"About [\d.]+ ¢ .*with Claude Sonnet.* · 62% of this month’s"),
    ):
        assert re.search(said, agent.get(f"/site_admin/properties/{listing.id}/{path}").text)


def test_beside_generate_it_says_that_nothing_can_be_written_and_who_can_change_that(
    app: Flask, agency: factories.Agency, agent: Person, simulator: RunningSimulator
) -> None:
    factories.create_integration(agency.website)
    fetch(simulator, entry("anthropic/claude-3.5-sonnet", name="Claude Sonnet"))
    agency.website.monthly_budget_cents = 100
    db.session.commit()
    spend(agency, "100")
    listing = factories.create_property(agency.website)
    for path in ("edit", "drafts", "social_posts"):
        page = agent.get(f"/site_admin/properties/{listing.id}/{path}")
        beside = unescape(page.text).split("Nothing can be written now", 1)[1]
        assert beside.startswith(" with a model that costs. The website's budget of $1.00")
        assert f"A site admin ({agency.admin.display_name}) can raise it" in beside


def test_every_page_says_when_a_budget_is_nearly_used_and_when_it_is(
    agency: factories.Agency, agent: Person
) -> None:
    agency.website.monthly_budget_cents = 100
    db.session.commit()
    assert "budget" not in agent.get("/site_admin/properties").text
    spend(agency, "80")
    assert "is 80% used, $0.20 is left." in agent.get("/site_admin/properties").text
    spend(agency, "20")
    page = agent.get("/site_admin/")
    assert "The website's budget of $1.00 for this month is used up." in unescape(page.text)
    assert agency.admin.display_name in page.text


def test_beyond_the_budget_the_answer_is_402_with_who_can_raise_it(
    agency: factories.Agency, agent: Person, simulator: RunningSimulator
) -> None:
    factories.create_integration(agency.website)
    listing = factories.create_property(agency.website)
    agency.website.monthly_budget_cents = 1
    db.session.commit()
    path = f"/site_admin/properties/{listing.id}/descriptions"
    headers = {"Accept": "application/json", "X-CSRFToken": agent.token}
    answer = agent.post(path, {"locale": "en"}, status=402, headers=headers)
    error = answer.json["error"]
    assert (error["code"], answer.json["request_id"]) == ("budget_exceeded", None)
    assert "may cost up to" in error["message"]
    assert agency.admin.display_name in error["resolution"]
    assert "may cost up to" in agent.submit(path, {"locale": "en"}, status=402).text
    assert simulator.completions == []
