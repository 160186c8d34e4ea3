"""Signing off at a browser: blocked, overridden with a reason, printed; then the price changes."""

from __future__ import annotations

from decimal import Decimal

from playwright.sync_api import expect

from tests.browser.conftest import Portal, Visitor
from tests.services.sign_off import UNFAIR, approve, change, listing_with, save, text_of


def test_a_text_is_blocked_overridden_printed_and_goes_stale(
    portal: Portal, visitor: Visitor
) -> None:
    website, page = portal.agency.website, visitor.page
    text = UNFAIR | {"description": f"{UNFAIR['description']} Asking €650,000."}
    listing = listing_with(website, text, reference="ES-1")
    visitor.signed_in(portal.agency.admin)
    visitor.open(f"/site_admin/properties/{listing.id}/edit")
    page.get_by_role("link", name="Review and approve the English text").click()
    page.get_by_role("button", name="Approve all the same").click()
    page.get_by_text("One finding blocks approval", exact=False).first.wait_for()
    page.get_by_text("Change the text, or say why it may stay.", exact=False).first.wait_for()
    visitor.errors.clear()  # The console tells of the answer's status, 422.
    visitor.check()
    page.get_by_label("Reason to approve it all the same").fill("Agreed with our lawyer on 3 May.")
    page.get_by_role("button", name="Approve all the same").click()
    page.get_by_text("The English text is approved.").wait_for()
    visitor.check()
    page.get_by_role("link", name="Compliance record").click()
    page.get_by_text("Agreed with our lawyer on 3 May.").wait_for()
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    visitor.check()
    page.emulate_media(media="print")
    expect(page.locator(".sidebar")).to_be_hidden()
    page.emulate_media(media="screen")
    change(website, portal.agency.agent, listing, sale_price=Decimal(700_000))
    visitor.open("/site_admin/ai/texts?state=stale")
    page.get_by_text("Price changed from €650,000 to €700,000 since").wait_for()
    visitor.open(f"/site_admin/properties/{listing.id}/edit")
    page.get_by_text("One approved text is stale").wait_for()


def test_history_shows_what_changed_and_restores(portal: Portal, visitor: Visitor) -> None:
    website, agent = portal.agency.website, portal.agency.agent
    listing = listing_with(website)
    save(website, agent, listing, title="A house in Marbella")
    approve(website, agent, listing)
    visitor.signed_in(agent)
    visitor.open(f"/site_admin/properties/{listing.id}/texts/en/history")
    visitor.page.get_by_role("button", name="Restore").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    visitor.page.get_by_text("The English text is back as a draft.").wait_for()
    visitor.check()
    assert text_of(listing).title.startswith("Three-bedroom villa")
