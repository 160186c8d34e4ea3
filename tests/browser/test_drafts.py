"""From three languages at once to a signed text: blocked, overridden, printed, and stale."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from pwb.extensions import db
from pwb.models import GenerationRequest, PropertyText, TextApproval
from pwb.services import properties
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.browser.conftest import Portal, Visitor

WAIT = 20_000
REASON = "The client's lawyer has seen and cleared this wording."


def cells(page: Page, state: str) -> object:
    return page.locator(f"[data-cell][data-state='{state}']")


def no_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_three_languages_at_once_and_one_with_a_violation_is_signed_off_with_a_reason(
    portal: Portal, visitor: Visitor, simulator: RunningSimulator
) -> None:
    website, admin = portal.agency.website, portal.agency.admin
    factories.create_integration(website)
    listing = factories.create_property(website, reference="ES-1", sale_price=650_000)
    simulator.settings.delay = 0.005
    simulator.enqueue("violation")
    page = visitor.page
    visitor.signed_in(admin)

    # Three languages, each in a panel of its own.
    visitor.open(f"/site_admin/properties/{listing.id}/edit")
    page.locator(".portal-actions summary").click()
    page.get_by_role("link", name="Several languages at once").click()
    visitor.check()
    page.get_by_role("button", name="Generate all").click()
    expect(page.locator("[data-cell]")).to_have_count(3)
    expect(cells(page, "done")).to_have_count(3, timeout=WAIT)
    assert no_sideways_scroll(page)
    visitor.check()

    # One of them says who is wanted; it is kept as a draft all the same.
    guilty = page.locator("[data-cell]").filter(has_text="Perfect for young families")
    expect(guilty).to_have_count(1)
    expect(guilty.locator("mark.mark-violation").first).to_be_visible()
    guilty.get_by_role("button", name=re.compile("^Save as draft")).click()
    expect(guilty.get_by_text("Saved as a draft.")).to_be_visible()
    visitor.check()
    guilty.get_by_role("link", name="Review and approve").click()

    # Approval is blocked until there is a reason.
    expect(page.get_by_role("heading", name="Approve", exact=True)).to_be_visible()
    visitor.check()
    approve = page.get_by_role("button", name=re.compile("^Approve"))
    approve.click()
    expect(page.get_by_role("alert")).to_contain_text("approval")
    visitor.errors.clear()  # The browser reports the refusal's status 422.
    assert db.session.scalar(select(TextApproval)) is None
    visitor.check()
    expect(page.get_by_label("Reason to approve it all the same").first).to_be_visible()
    for reason in page.get_by_label("Reason to approve it all the same").all():
        reason.fill(REASON)
    page.get_by_role("button", name=re.compile("^Approve")).click()
    expect(page.get_by_text("text is approved.")).to_be_visible()
    visitor.check()

    # The record prints, with the reason and the name.
    visitor.open(f"/site_admin/properties/{listing.id}/compliance_record")
    expect(page.get_by_text(REASON).first).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(f"{admin.name}, ")
    assert no_sideways_scroll(page)
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1, "the record is one page"

    # The price changes: the approved text says the old one.
    db.session.rollback()
    saved = properties.get_property(website, listing.id)
    page.goto(f"{portal.url}/site_admin/properties/{listing.id}/edit#facts")
    page.get_by_label("Sale price").fill("590000")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("One approved text is stale")).to_be_visible()
    visitor.check()
    db.session.rollback()
    text = db.session.scalars(
        select(PropertyText).where(PropertyText.property_id == saved.id)
    ).one()
    assert (text.status, text.stale_fields) == ("approved", ["sale_price"])
    visitor.open("/site_admin/ai/texts?state=stale")
    expect(page.get_by_text("ES-1").first).to_be_visible()


@pytest.mark.parametrize("visitor", [1280], indirect=True, ids=["wide"])
def test_variants_stand_side_by_side_and_each_can_be_stopped(
    portal: Portal, visitor: Visitor, simulator: RunningSimulator
) -> None:
    factories.create_integration(portal.agency.website)
    listing = factories.create_property(portal.agency.website)
    simulator.settings.delay = 0.05
    page = visitor.page
    visitor.signed_in(portal.agency.agent)
    visitor.open(f"/site_admin/properties/{listing.id}/drafts")
    page.get_by_role("button", name="None").click()
    expect(page.get_by_role("button", name="Generate all")).to_be_disabled()
    page.get_by_label("Deutsch").check()
    page.get_by_label("Variants of each").select_option("3")
    page.get_by_role("button", name="Generate all").click()
    expect(page.locator("[data-cell]")).to_have_count(3)
    page.get_by_role("button", name="Stop: Deutsch, variant 2").click()
    expect(page.get_by_text("Stopped before the text was finished.")).to_be_visible()
    visitor.check()
    page.get_by_role("button", name="Stop all").click()
    expect(cells(page, "failed")).to_have_count(3, timeout=WAIT)
    simulator.settings.delay = 0
    page.get_by_role("button", name="Try again: Deutsch, variant 2").click()
    expect(cells(page, "done")).to_have_count(1, timeout=WAIT)
    visitor.check()


@pytest.mark.parametrize("visitor", [1280], indirect=True, ids=["wide"])
def test_of_many_texts_a_few_are_written_at_once_and_the_others_in_turn(
    portal: Portal, visitor: Visitor, simulator: RunningSimulator
) -> None:
    factories.create_integration(portal.agency.website)
    listing = factories.create_property(portal.agency.website)
    simulator.settings.delay = 0.02
    page = visitor.page
    visitor.signed_in(portal.agency.agent)
    visitor.open(f"/site_admin/properties/{listing.id}/drafts")
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("button", name="Generate all").click()
    expect(cells(page, "writing")).to_have_count(5)
    expect(cells(page, "waiting")).to_have_count(5)
    simulator.settings.delay = 0
    expect(cells(page, "done")).to_have_count(10, timeout=2 * WAIT)
    visitor.check()
    written = db.session.scalars(select(GenerationRequest.locale)).all()
    assert sorted(written) == sorted(factories.LOCALES)


@pytest.mark.parametrize("visitor", [1280], indirect=True, ids=["wide"])
def test_two_models_are_compared_and_one_becomes_the_default(
    portal: Portal, visitor: Visitor, simulator: RunningSimulator
) -> None:
    factories.create_integration(portal.agency.website)
    listing = factories.create_property(portal.agency.website)
    simulator.enqueue("violation")
    page = visitor.page
    visitor.signed_in(portal.agency.admin)
    visitor.open(f"/site_admin/properties/{listing.id}/trial")
    page.get_by_role("button", name="Write with each").click()
    expect(cells(page, "done")).to_have_count(2, timeout=WAIT)
    table = page.get_by_role("region", name="Comparison of the models")
    expect(table).to_contain_text("no violation")
    expect(table).to_contain_text(re.compile(r"\d violations?"))
    expect(table.locator("[data-row=cost] td").first).to_contain_text("¢")
    visitor.check()
    page.get_by_role("button", name="Make default: anthropic/claude-3-opus").click()
    expect(page.get_by_role("dialog")).to_contain_text("in place of anthropic/claude-3.5-sonnet")
    page.get_by_role("dialog").get_by_role("button", name="Make default").click()
    expect(page.get_by_text("anthropic/claude-3-opus is used from now on.")).to_be_visible()
    visitor.check()


def test_the_trial_fits_a_narrow_screen(
    portal: Portal, visitor: Visitor, simulator: RunningSimulator
) -> None:
    factories.create_integration(portal.agency.website)
    listing = factories.create_property(portal.agency.website)
    visitor.signed_in(portal.agency.admin)
    visitor.open(f"/site_admin/properties/{listing.id}/trial")
    visitor.page.get_by_role("button", name="Write with each").click()
    expect(cells(visitor.page, "done")).to_have_count(2, timeout=WAIT)
    assert no_sideways_scroll(visitor.page)
    visitor.check()
