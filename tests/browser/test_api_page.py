"""An admin hands a token to a program, takes it back, and downloads the listings."""

from __future__ import annotations

from playwright.sync_api import expect

from tests import factories
from tests.browser.conftest import Portal, Visitor


def test_a_token_is_made_used_and_revoked(visitor: Visitor, portal: Portal) -> None:
    page = visitor.page
    visitor.signed_in(portal.agency.admin)
    visitor.open("/site_admin/api_tokens")
    page.get_by_label("Name").fill("Public website")
    page.get_by_role("button", name="Make token").click()
    shown = page.get_by_label("Token for Public website")
    expect(page.get_by_role("button", name="Copy token")).to_be_visible()
    visitor.check()
    address, token = f"{visitor.url}/api/v1/properties", shown.input_value()
    headers = {"Authorization": f"Bearer {token}"}
    assert page.request.get(address, headers=headers).status == 200
    assert page.request.get(address).status == 401, "the session's cookie opens nothing"
    visitor.open("/site_admin/api_tokens")
    expect(shown).to_have_count(0)
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Public website is revoked")).to_be_visible()
    visitor.check()
    assert page.request.get(address, headers=headers).status == 401


def test_the_listings_are_downloaded_from_their_page(visitor: Visitor, portal: Portal) -> None:
    page = visitor.page
    factories.create_property(portal.agency.website, {"en": {"title": "Villa"}})
    visitor.signed_in(portal.agency.agent)
    visitor.open("/site_admin/properties")
    page.get_by_text("Export CSV").click()
    visitor.check()
    with page.expect_download() as download:
        page.get_by_role("link", name="Everything").click()
    assert download.value.suggested_filename.endswith(".csv")
    assert "Villa" in download.value.path().read_text(encoding="utf-8-sig")
