"""The models in a browser: a star without a page load, a question before a new default."""

from __future__ import annotations

from playwright.sync_api import expect

from pwb.extensions import db
from pwb.models import Website
from pwb.services import catalogue
from pwb.services.integrations import own_integration
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.browser.conftest import Portal, Visitor
from tests.catalogues import entry, fetch

PAGE = "/site_admin/ai/models"


def own_site(portal: Portal) -> Website:
    db.session.expire_all()
    return db.session.get_one(Website, portal.agency.website.id)


def test_an_admin_stars_a_model_that_agents_then_pick(
    portal: Portal, visitor: Visitor, simulator: RunningSimulator
) -> None:
    site = portal.agency.website
    factories.create_integration(site, settings={"default_model": "simulator/gpt-4o"})
    listing = factories.create_property(site)
    fetch(simulator, entry("simulator/gpt-4o"), entry("simulator/star", "1", "1", name="Star"))
    visitor.signed_in(portal.agency.admin)
    visitor.open(PAGE)
    page = visitor.page
    star = page.get_by_role("button", name="Star on the shortlist")
    page.evaluate("window.stillHere = true")
    star.click()
    page.get_by_text("Star is on the shortlist.").wait_for(state="attached")
    expect(star).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.stillHere"), "no page was loaded"
    visitor.check()
    assert catalogue.shortlisted(own_site(portal), "open_router") == ("simulator/star",)
    star.press("Enter")
    page.get_by_text("Star is off the shortlist.").wait_for(state="attached")
    star.press("Enter")
    page.get_by_text("Star is on the shortlist.").wait_for(state="attached")
    visitor.open(f"/site_admin/properties/{listing.id}/edit")
    page.locator("#model-en").select_option("simulator/star")
    page.get_by_role("button", name="Generate description").first.click()
    page.locator("[data-preview][data-state=done]").first.wait_for()
    assert simulator.completions[-1].json["model"] == "simulator/star"


def test_a_new_default_is_asked_about_with_both_prices(
    portal: Portal, visitor: Visitor, simulator: RunningSimulator
) -> None:
    factories.create_integration(portal.agency.website, settings={"default_model": "a/old"})
    fetch(simulator, entry("a/old", name="Old", expires_in=9), entry("a/new", "1", "1", name="New"))
    visitor.signed_in(portal.agency.admin)
    visitor.open(PAGE)
    page = visitor.page
    page.get_by_role("button", name="Make New the default").click()
    question = page.locator("dialog .confirm-question")
    expect(question).to_have_text(
        "Write new texts with New in place of Old? "
        "One description then costs 0.12 ¢ in place of 0.8 ¢."
    )
    visitor.check()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Switch to New").click()
    page.locator("dialog [data-go]").click()
    page.get_by_text("a/new is used from now on.").wait_for()
    visitor.check()
    row = own_integration(own_site(portal), "open_router")
    assert row is not None and row.settings["default_model"] == "a/new"
