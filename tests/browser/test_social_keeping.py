"""A tired person at a post: the wrong button, two clicks, a session that has ended."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from pwb.extensions import db
from pwb.models import SocialMediaPost
from tests import factories
from tests.browser.conftest import Portal, Visitor
from tests.services.posts import create_post, fresh

NINE = "A villa with nine bedrooms in Marbella."
REASON = "Agreed with the owner on 3 May."
WIDE = pytest.mark.parametrize("visitor", [1280], indirect=True)


@dataclass
class Desk:
    """An admin at a post that has a finding to approve over."""

    page: Page
    visitor: Visitor
    post: SocialMediaPost

    @property
    def reason(self) -> Locator:
        return self.page.get_by_label("Reason to approve it all the same")


@pytest.fixture
def desk(portal: Portal, visitor: Visitor) -> Desk:
    listing = factories.create_property(portal.agency.website, reference="ES-1", bedrooms=3)
    post = create_post(listing, caption=NINE)
    visitor.signed_in(portal.agency.admin)
    visitor.open(f"/site_admin/social_posts/{post.id}")
    return Desk(visitor.page, visitor, post)


def test_a_reason_outlives_save_and_words_outlive_approve(desk: Desk) -> None:
    page = desk.page
    desk.reason.fill(REASON)
    page.get_by_label("Link", exact=True).fill("https://example.com/1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(desk.reason).to_have_value(REASON)
    desk.visitor.check()
    page.get_by_label("Caption").fill(f"{NINE} Come and see.")
    page.get_by_role("button", name="Approve all the same").click()
    refused = page.get_by_text("What you changed is not saved yet, so nothing was approved.")
    expect(refused).to_be_visible()
    desk.visitor.errors.clear()  # The console tells of the answer's status, 422.
    desk.visitor.check()
    expect(page.get_by_label("Caption")).to_have_value(f"{NINE} Come and see.")
    expect(desk.reason).to_have_value(REASON)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("button", name="Approve all the same").click()
    expect(page.get_by_text("The post is approved.")).to_be_visible()
    expect(page.get_by_text(f"Reason: {REASON}")).to_be_visible()
    desk.visitor.check()


@WIDE
def test_leaving_with_a_reason_that_is_typed_asks_first(desk: Desk) -> None:
    page, asked = desk.page, []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    desk.reason.fill(REASON)
    page.get_by_role("link", name="Texts", exact=True).click()
    page.wait_for_url("**/ai/texts")
    assert asked == ["beforeunload"]


@WIDE
def test_an_approval_in_a_session_that_has_ended_is_held_with_its_reason(
    desk: Desk, portal: Portal
) -> None:
    page = desk.page
    desk.reason.fill(REASON)
    page.context.clear_cookies()
    page.get_by_role("button", name="Approve all the same").click()
    page.get_by_role("heading", name="You were signed out").wait_for()
    page.get_by_label("E-mail").fill(portal.agency.admin.email)
    page.get_by_label("Password", exact=True).fill(factories.PASSWORD)
    page.get_by_role("button", name=re.compile("Sign in")).click()
    page.get_by_role("button", name="Continue where you were").click()
    expect(page.get_by_text("The post is approved.")).to_be_visible()
    assert fresh(desk.post).status == "approved"


@WIDE
def test_duplicate_clicked_twice_makes_one_copy(desk: Desk) -> None:
    page = desk.page
    page.get_by_label("More actions").click()
    page.get_by_role("button", name="Duplicate to Facebook").dblclick()
    expect(page.get_by_role("heading", name="Facebook post")).to_be_visible()
    db.session.expire_all()
    query = select(SocialMediaPost).where(SocialMediaPost.platform == "facebook")
    assert len(db.session.scalars(query).all()) == 1
