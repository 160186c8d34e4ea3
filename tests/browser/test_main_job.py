"""The main job in a browser: sign in, open a listing, generate, use, save."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from pwb.extensions import db
from pwb.models import PropertyText
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.browser.conftest import Portal, Visitor


def test_an_agent_generates_uses_and_saves_a_description(
    portal: Portal, visitor: Visitor, simulator: RunningSimulator
) -> None:
    factories.create_integration(portal.agency.website)
    listing = factories.create_property(portal.agency.website, reference="ES-1")
    simulator.settings.delay = 0.005
    page = visitor.page
    visitor.sign_in(portal.agency.agent.email)
    visitor.open("/site_admin/properties")
    page.get_by_role("link", name=re.compile("ES-1")).first.click()
    expect(page.get_by_role("button", name="Generate description").first).to_be_visible()
    visitor.check()
    page.get_by_role("button", name="Generate description").first.click()
    use = page.get_by_role("button", name="Use this text").first
    expect(use).to_be_enabled()
    visitor.check()
    use.click()
    field = page.locator("[name='text-en-description']")
    expect(field).to_have_value(re.compile(".{101}", re.DOTALL))
    written = field.input_value()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    visitor.check()
    text = db.session.scalars(
        select(PropertyText).where(PropertyText.property_id == listing.id)
    ).one()
    assert text.description.split() == written.split()
    assert (text.origin, text.generation_request_id is not None) == ("generated", True)


def test_a_failure_a_stop_and_an_undo_lose_nothing_that_was_typed(
    portal: Portal, visitor: Visitor, simulator: RunningSimulator
) -> None:
    factories.create_integration(portal.agency.website)
    listing = factories.create_property(portal.agency.website)
    page = visitor.page
    visitor.signed_in(portal.agency.agent)
    visitor.open(f"/site_admin/properties/{listing.id}/edit")
    title, field = (page.locator(f"[name='text-en-{part}']") for part in ("title", "description"))
    generate = page.get_by_role("button", name="Generate description").first
    title.fill("Typed before")
    field.fill("My own words")

    # A failure shows cause and cure.
    simulator.enqueue("402")
    generate.click()
    expect(page.locator("[data-slot='cure']").first).to_contain_text("site admin")
    visitor.check()
    expect(title).to_have_value("Typed before")

    # Stop ends the writing, and a new try works.
    simulator.settings.delay = 0.2
    generate.click()
    page.get_by_role("button", name="Stop").first.click()
    expect(page.get_by_text("Stopped before the text was finished.").first).to_be_visible()
    simulator.settings.delay = 0
    generate.click()
    use = page.get_by_role("button", name="Use this text").first
    expect(use).to_be_enabled()

    # Undo brings back what the agent had typed.
    use.click()
    expect(field).not_to_have_value("My own words")
    page.get_by_role("button", name="Undo").first.click()
    expect(field).to_have_value("My own words")
    expect(title).to_have_value("Typed before")


def test_the_admins_pages_have_no_axe_violation(portal: Portal, visitor: Visitor) -> None:
    factories.create_integration(portal.agency.website)
    factories.create_property(portal.agency.website)
    visitor.signed_in(portal.agency.admin)
    for path in (
        "properties",
        "properties/new",
        "properties/import",
        "ai/requests",
        "usage",
        "integrations",
        "ai/writing_rules",
        "ai/writing_rules/new",
        "ai/writing_rules/words",
        "ai/writing_rules/preview",
        "people",
        "settings",
        "audit_log",
    ):
        visitor.open(f"/site_admin/{path}")
        assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("visitor", [1280], indirect=True, ids=["wide"])
def test_what_axe_finds_fails_a_visit(visitor: Visitor) -> None:
    visitor.open("/login")
    visitor.page.evaluate("document.querySelector('main').append(new Image(9, 9))")
    with pytest.raises(AssertionError, match="image-alt"):
        visitor.check()
