"""Posts edited, signed off, gone stale, archived and taken to another platform."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError

from pwb.errors import EditConflict, InvalidInput
from pwb.extensions import db
from pwb.models import AuditEvent, SocialMediaPost, TextApproval, User, Website
from pwb.services import approval_chain, approvals, publishing, social_posts, text_lists
from pwb.services.approval_chain import verify_chain
from pwb.services.approvals import ApprovalBlocked, OverrideNotAllowed
from tests import factories
from tests.factories import Agency
from tests.services.posts import CLEAN, add_photos, approve, create_post, fresh
from tests.services.sign_off import CLEAN as CLEAN_TEXT
from tests.services.sign_off import approve as approve_text
from tests.services.sign_off import change, listing_with

REASON = "Agreed with our lawyer on 3 May."
LINK = "https://costa.test/es-1"
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def save(agency: Agency, post: SocialMediaPost, version: int | None = None, **values: Any) -> Any:
    seen = fresh(post).lock_version if version is None else version
    return social_posts.save_post(agency.website, agency.agent, post.id, values, seen)


@ONE_DATABASE
@pytest.mark.parametrize(("length", "fits"), [(279, True), (280, True), (281, False)])
def test_a_post_over_the_limit_is_refused_and_what_was_saved_stays(
    agency: Agency, length: int, fits: bool
) -> None:
    post = create_post(factories.create_property(agency.website))
    caption = "a" * (length - len("\n\n#Villa"))
    if fits:
        assert save(agency, post, caption=caption).caption == caption
        return
    with pytest.raises(InvalidInput) as refused:
        save(agency, post, caption=caption, link="")
    assert "1 over the 280 characters that X takes" in refused.value.fields["caption"][0]
    assert fresh(post).caption == CLEAN and fresh(post).lock_version == 1


@ONE_DATABASE
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"caption": "  "}, "caption"),
        ({"hashtags": "#a #b #c"}, "hashtags"),
        ({"hashtags": ["#Villa", "#villa"]}, "hashtags"),
        ({"hashtags": ["#no-tag"]}, "hashtags"),
        ({"hashtags": ["#2026"]}, "hashtags"),
        ({"caption": "A #Villa in Marbella."}, "hashtags"),
        ({"link": "ftp://a.test"}, "link"),
        ({"link": "https://costa.test@a.test"}, "link"),
        ({"format": "story"}, "format"),
        ({"photos": list(range(1, 12))}, "photos"),
        ({"caption": "a" * 70_001}, "caption"),
    ],
)
def test_what_cannot_be_posted_is_refused_naming_its_field(
    agency: Agency, values: dict[str, Any], field: str
) -> None:
    post = create_post(factories.create_property(agency.website))
    with pytest.raises(InvalidInput) as refused:
        save(agency, post, **values)
    assert field in refused.value.fields
    assert fresh(post).lock_version == 1


def test_an_edit_is_saved_cleaned_and_written_down(database_url: str, agency: Agency) -> None:
    listing = factories.create_property(agency.website)
    mine, other = add_photos(listing, 2), add_photos(factories.create_property(agency.website), 1)
    post = create_post(listing)
    saved = save(
        agency, post, caption=" New\u200b words.\r\n\r\n\r\nMore. ", hashtags="Pool,#SeaView",
        link=f" {LINK} ", photos=[mine[1], other[0], mine[0]],
    )  # fmt: skip
    assert (saved.caption, saved.hashtags) == ("New words.\n\nMore.", ["#Pool", "#SeaView"])
    assert (saved.link, saved.photos) == (LINK, [mine[1], mine[0]])
    assert (saved.lock_version, saved.updated_by_id) == (2, agency.agent.id)
    event = db.session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert event is not None and event.action == "post.changed"
    assert event.changes["hashtags"] == [["#Villa"], ["#Pool", "#SeaView"]]
    assert save(agency, post, caption="New words.\n\nMore.").lock_version == 2, "nothing new"


@ONE_DATABASE
def test_two_people_at_one_post_do_not_lose_each_others_words(agency: Agency) -> None:
    post = create_post(factories.create_property(agency.website))
    save(agency, post, caption="One.")
    with pytest.raises(EditConflict):
        save(agency, post, version=1, caption="Two.")
    assert fresh(post).caption == "One."
    with pytest.raises(EditConflict):
        social_posts.approve_post(agency.website, agency.agent, post.id, 1, {})


@ONE_DATABASE
def test_a_form_sent_twice_saves_and_approves_once(agency: Agency) -> None:
    post = create_post(factories.create_property(agency.website))
    for _ in range(2):
        save(agency, post, version=1, caption=f"{CLEAN} Twice.")
    assert fresh(post).lock_version == 2
    twice = [
        social_posts.approve_post(agency.website, agency.agent, post.id, 2, {}).id for _ in range(2)
    ]
    assert twice[0] == twice[1]
    with pytest.raises(EditConflict):
        social_posts.approve_post(agency.website, agency.agent, post.id, 1, {})


def test_a_clean_post_is_approved_and_its_record_says_all(
    database_url: str, agency: Agency
) -> None:
    post = create_post(factories.create_property(agency.website), link=LINK, model="a/model")
    approval = approve(agency.website, agency.agent, post)
    assert (fresh(post).status, fresh(post).approval_id) == ("approved", approval.id)
    assert (approval.post_id, approval.platform, approval.title) == (post.id, "twitter", "")
    assert approval.description == f"{CLEAN}\n\n#Villa"
    assert (approval.meta_description, approval.model) == (LINK, "a/model")
    assert approval.facts["sale_price"] == {"value": "650000", "unit": "EUR"}
    assert approve(agency.website, agency.agent, post).id == approval.id, "approving twice is once"
    assert verify_chain(agency.website).intact


@ONE_DATABASE
def test_an_edit_of_an_approved_post_makes_it_a_draft(agency: Agency) -> None:
    post = create_post(factories.create_property(agency.website))
    approve(agency.website, agency.agent, post)
    save(agency, post, caption="Other words.")
    assert (fresh(post).status, fresh(post).approval_id) == ("draft", None)


@ONE_DATABASE
def test_a_finding_blocks_and_needs_a_reason_of_somebody_who_may(agency: Agency) -> None:
    post = create_post(
        factories.create_property(agency.website), caption="Four bedrooms. Perfect for families."
    )
    with pytest.raises(ApprovalBlocked) as blocked:
        approve(agency.website, agency.admin, post)
    reasons = dict.fromkeys(blocked.value.fields, REASON)
    assert len(reasons) == 2
    with pytest.raises(OverrideNotAllowed):
        approve(agency.website, agency.agent, post, **reasons)
    approval = approve(agency.website, agency.admin, post, **reasons)
    assert {each["kind"] for each in approval.overrides} == {"violation", "contradicted"}
    agency.website.agents_may_override = True
    db.session.commit()
    other = create_post(
        factories.create_property(agency.website), caption="Four bedrooms. Perfect for families."
    )
    assert approve(agency.website, agency.agent, other, **reasons).overrides


def test_a_changed_price_makes_an_approved_post_stale_without_disturbing_its_form(
    database_url: str, agency: Agency
) -> None:
    listing = factories.create_property(agency.website)
    post, unmoved = create_post(listing), create_post(listing, caption="Come and see.")
    approve(agency.website, agency.agent, post)
    approve(agency.website, agency.agent, unmoved)
    version, changed_at = fresh(post).lock_version, fresh(post).updated_at
    change(agency.website, agency.agent, listing, sale_price=600_000)
    now = fresh(post)
    assert now.stale_fields == ["sale_price"] and now.stale_at is not None
    assert (now.lock_version, now.updated_at) == (version, changed_at)
    assert fresh(unmoved).stale_at is None
    (found,) = social_posts.changes_of(agency.website, fresh(post))
    assert (found.label, found.now["value"]) == ("Price", "600000")
    assert social_posts.waiting(agency.website).stale == 1
    change(agency.website, agency.agent, listing, sale_price=650_000)
    assert fresh(post).stale_at is None and fresh(post).stale_fields == []


@ONE_DATABASE
def test_a_price_drop_goes_stale_with_the_price_even_where_it_names_none(agency: Agency) -> None:
    listing = factories.create_property(agency.website)
    details = {"old_price": "700000", "new_price": "650000", "currency": "EUR"}
    post = create_post(listing, category="price_drop", details=details, caption="A new price.")
    approve(agency.website, agency.agent, post)
    change(agency.website, agency.agent, listing, sale_price=600_000)
    assert fresh(post).stale_fields == ["sale_price"]


@ONE_DATABASE
def test_a_draft_never_goes_stale_nor_does_an_archived_post(agency: Agency) -> None:
    listing = factories.create_property(agency.website)
    draft, archived = create_post(listing), create_post(listing)
    approve(agency.website, agency.agent, archived)
    social_posts.archive_post(agency.website, agency.agent, archived.id)
    change(agency.website, agency.agent, listing, sale_price=600_000)
    assert fresh(draft).stale_at is None and fresh(archived).stale_at is None


@ONE_DATABASE
def test_an_archived_post_comes_back_as_a_draft(agency: Agency) -> None:
    post = create_post(factories.create_property(agency.website))
    approve(agency.website, agency.agent, post)
    social_posts.archive_post(agency.website, agency.agent, post.id)
    assert fresh(post).status == "archived"
    with pytest.raises(InvalidInput, match="archived"):
        approve(agency.website, agency.agent, post)
    with pytest.raises(InvalidInput, match="archived"):
        save(agency, post, caption="Other words.")
    social_posts.restore_post(agency.website, agency.agent, post.id)
    assert (fresh(post).status, fresh(post).approval_id) == ("draft", None)
    assert verify_chain(agency.website).intact


@ONE_DATABASE
def test_a_copy_for_another_platform_is_a_draft_with_the_tags_that_it_takes(
    agency: Agency,
) -> None:
    tags = ["#Villa", "#sea_view", "#Pool"]
    post = create_post(
        factories.create_property(agency.website), platform="instagram", hashtags=tags,
        format="story", caption="a" * 300, photos=[1], origin="generated", model="a/model",
    )  # fmt: skip
    copy = social_posts.duplicate_post(agency.website, agency.agent, post.id, "twitter")
    assert (copy.platform, copy.format, copy.status) == ("twitter", "feed", "draft")
    assert (copy.hashtags, copy.photos) == (tags[:2], [1])
    assert (copy.origin, copy.model, copy.request_id) == ("generated", "a/model", None)
    assert social_posts.post_view(agency.website, copy).over_by > 0
    again = social_posts.duplicate_post(agency.website, agency.agent, post.id, "linkedin")
    assert again.hashtags == ["#Villa", "#SeaView", "#Pool"]
    with pytest.raises(InvalidInput, match="myspace"):
        social_posts.duplicate_post(agency.website, agency.agent, post.id, "myspace")


def test_a_form_that_asks_for_a_copy_several_times_at_once_makes_one(
    database_url: str, app: Flask, agency: Agency
) -> None:
    post_id = create_post(factories.create_property(agency.website)).id
    website_id, agent_id = agency.website.id, agency.agent.id
    db.session.rollback()
    barrier, made = threading.Barrier(5), []

    def duplicate() -> None:
        with app.app_context():
            website = db.session.get_one(Website, website_id)
            agent = db.session.get_one(User, agent_id)
            barrier.wait()
            copy = social_posts.duplicate_post(website, agent, post_id, "facebook", "a-key")
            made.append(copy.id)
            db.session.remove()

    threads = [threading.Thread(target=duplicate) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 5 and len(set(made)) == 1
    query = sa.select(SocialMediaPost).where(SocialMediaPost.platform == "facebook")
    assert len(db.session.scalars(query).all()) == 1


@ONE_DATABASE
def test_the_compliance_record_lists_posts_beside_texts(agency: Agency) -> None:
    listing = listing_with(agency.website)
    approve_text(agency.website, agency.agent, listing)
    post = create_post(listing)
    approve(agency.website, agency.agent, post)
    record = text_lists.compliance_record(agency.website, listing.id)
    assert [(s.approval.platform, s.state) for s in record.current] == [
        (None, "approved"),
        ("twitter", "approved"),
    ]
    save(agency, post, caption="Other words.")
    record = text_lists.compliance_record(agency.website, listing.id)
    assert [s.approval.platform for s in record.earlier] == ["twitter"]


@ONE_DATABASE
def test_a_listing_whose_post_alone_is_approved_is_not_published(agency: Agency) -> None:
    from datetime import UTC, datetime

    listing = listing_with(agency.website)
    approve(agency.website, agency.agent, create_post(listing))
    wish = publishing.Wish(updated_since=datetime(2020, 1, 1, tzinfo=UTC))
    assert publishing.list_published(agency.website, wish).items == []


def test_a_post_that_was_changed_behind_the_portals_back_is_told(
    database_url: str, agency: Agency
) -> None:
    listing = factories.create_property(agency.website, reference="ES-1")
    post = create_post(listing)
    approval = approve(agency.website, agency.agent, post)
    change_it = sa.text("UPDATE pwb_social_media_posts SET caption = 'Other.'")
    db.session.execute(change_it)
    db.session.commit()
    db.session.expire_all()
    assert verify_chain(agency.website).problems == (
        "The approved twitter post of ES-1 is not the one that was approved.",
    )
    with pytest.raises(DBAPIError, match="cannot be changed"):
        db.session.execute(
            sa.text("UPDATE pwb_text_approvals SET platform = 'tiktok' WHERE id = :id"),
            {"id": approval.id},
        )
    db.session.rollback()


@ONE_DATABASE
def test_the_platform_is_part_of_what_is_signed_and_older_records_keep_their_hash(
    agency: Agency,
) -> None:
    listing = listing_with(agency.website)
    text = approve_text(agency.website, agency.agent, listing)
    assert text.post_id is None and text.platform is None
    before = approval_chain.record_hash(text)
    values = {c.name: getattr(text, c.name) for c in TextApproval.__table__.columns}
    assert approval_chain.record_hash(TextApproval(**values)) == before == text.record_hash
    assert approval_chain.record_hash(TextApproval(**values | {"platform": "tiktok"})) != before
    assert CLEAN_TEXT["title"] == text.title


@ONE_DATABASE
def test_approvals_of_posts_are_looked_up_like_those_of_texts(agency: Agency) -> None:
    post = create_post(factories.create_property(agency.website))
    approval = approve(agency.website, agency.agent, post)
    assert approvals.approvals_of(agency.website, [fresh(post)]) == {post.id: approval}
    assert social_posts.approval_of(agency.website, fresh(post)) == approval
