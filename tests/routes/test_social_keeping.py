"""What was typed beside a post is not lost, whichever button is pressed, once or twice."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from pwb.extensions import db
from pwb.models import Property, SocialMediaPost
from tests import databases, factories
from tests.factories import Agency
from tests.pages import Page, Person
from tests.routes.test_social_pages import add_photos, edit_fields, page_of
from tests.services.posts import create_post, fresh

NINE = "A villa with nine bedrooms in Marbella."
REASON = "Agreed with the owner on 3 May."
TOO_LONG = "A villa by the sea. " * 20


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The databases' differences are not these pages' business."""
    return databases.copy_of(migrated_sqlite, tmp_path)


@pytest.fixture
def listing(app: Flask, agency: Agency) -> Property:
    return factories.create_property(agency.website, reference="ES-1", bedrooms=3, currency="EUR")


def reason_field(page: Page) -> str:
    (name,) = {part.split('"')[0] for part in page.html.split('name="') if part[:7] == "reason-"}
    return name


def approve_button(page: Page) -> str:
    """The button as it stands in the page."""
    (button,) = [part for part in page.html.split("<button") if 'data-busy="Approving…"' in part]
    return button.split(">")[0]


# Reasons


def test_the_reasons_and_the_approve_button_belong_to_the_posts_own_form(
    admin: Person, listing: Property
) -> None:
    post = create_post(listing, caption=NINE)
    page = admin.get(page_of(post))
    name = reason_field(page)
    assert f'name="{name}" form="post-form"' in page.html
    assert 'form="post-form"' in approve_button(page)
    assert f'formaction="{page_of(post, "approve")}"' in approve_button(page)


def test_a_reason_stays_in_its_field_when_the_post_is_saved(
    admin: Person, listing: Property
) -> None:
    post = create_post(listing, caption=NINE)
    reason = {reason_field(admin.get(page_of(post))): REASON}
    link = "https://costa.example/1"
    page = admin.submit(page_of(post), edit_fields(post, link=link) | reason)
    assert "Saved." in page.text and fresh(post).link == link
    assert REASON in page.html and 'data-guard-unsaved="dirty"' in page.html
    admin.submit(page_of(post, "approve"), edit_fields(fresh(post)) | reason)
    assert fresh(post).status == "approved"


def test_a_reason_stays_in_its_field_when_the_post_cannot_be_saved(
    admin: Person, agent: Person, listing: Property
) -> None:
    post = create_post(listing, caption=NINE)
    reason = {reason_field(admin.get(page_of(post))): REASON}
    assert REASON in admin.submit(page_of(post), edit_fields(post, link="no") | reason, 422).html
    mine = edit_fields(post, link="https://costa.example/1")
    agent.submit(page_of(post), edit_fields(post, hashtags="#Marbella"))
    assert REASON in admin.submit(page_of(post), mine | reason, 409).html


def test_a_reason_for_wording_that_was_taken_out_is_still_shown(
    admin: Person, listing: Property
) -> None:
    post = create_post(listing, caption=NINE)
    reason = {reason_field(admin.get(page_of(post))): "<b>because</b> & so on"}
    page = admin.submit(page_of(post), edit_fields(post, caption="A villa in Marbella.") | reason)
    assert "a reason for wording that is not there any more: “<b>because</b> & so on”" in unescape(
        page.text
    )
    assert "<b>because" not in page.html


def test_approving_with_unsaved_words_approves_nothing_and_loses_nothing(
    admin: Person, listing: Property
) -> None:
    post = create_post(listing, caption=NINE)
    reason = {reason_field(admin.get(page_of(post))): REASON}
    typed = edit_fields(post, caption="A villa with three bedrooms, typed for an hour.")
    page = admin.submit(page_of(post, "approve"), typed | reason, 422)
    assert "What you changed is not saved yet, so nothing was approved." in page.text
    assert "typed for an hour." in page.html and REASON in page.html
    assert fresh(post).status == "draft" and fresh(post).caption == NINE


def test_approving_what_somebody_else_changed_meanwhile_shows_both(
    agent: Person, admin: Person, listing: Property
) -> None:
    post = create_post(listing)
    mine = edit_fields(post)
    agent.submit(page_of(post), edit_fields(post, caption="Theirs, by the sea."))
    page = admin.submit(page_of(post, "approve"), mine, 409)
    assert "so nothing was approved" in page.text
    assert "Theirs, by the sea." in page.html and mine["caption"] in page.html
    assert fresh(post).status == "draft"


def test_a_form_from_before_the_approval_does_not_drop_what_was_typed_since(
    admin: Person, listing: Property
) -> None:
    post = create_post(listing)
    before = edit_fields(post)
    admin.submit(page_of(post, "approve"), before)
    admin.submit(page_of(post, "approve"), before)  # Pressed twice.
    typed = before | {"caption": "A villa, after the way back."}
    page = admin.submit(page_of(post, "approve"), typed, 409)
    assert "A villa, after the way back." in page.html
    assert fresh(post).status == "approved" and fresh(post).caption == before["caption"]


def test_why_a_post_is_not_approved_is_said_whatever_became_of_it(
    admin: Person, listing: Property
) -> None:
    post = create_post(listing)
    admin.submit(page_of(post, "archive"))
    seen = {"lock_version": fresh(post).lock_version}
    page = admin.submit(page_of(post, "approve"), seen, 422)
    assert "An archived post cannot be approved. Restore it first." in " ".join(page.text.split())


# A draft that is too long


def test_a_draft_that_is_too_long_may_get_other_photos(
    agent: Person, agency: Agency, listing: Property
) -> None:
    first, second = add_photos(agency, listing)
    post = create_post(listing, caption=TOO_LONG, photos=[first])
    page = agent.submit(page_of(post), edit_fields(post, photos=[str(second), str(first)]))
    assert fresh(post).photos == [second, first]
    assert "over the 280 characters that X takes" in page.text, "and it is said each time"
    agent.submit(page_of(post, "approve"), {"lock_version": fresh(post).lock_version}, 422)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"link": "https://example.com/another"}, 200),
        ({"link": ""}, 200),
        ({"hashtags": ""}, 200),
        ({"hashtags": "#Villa #Marbella"}, 422),
        ({"caption": f"{TOO_LONG}More."}, 422),
        ({"caption": TOO_LONG[:300]}, 422),
    ],
)
def test_a_draft_that_is_too_long_is_saved_only_if_its_caption_stays_and_it_gets_no_longer(
    agent: Person, listing: Property, changed: dict[str, Any], status: int
) -> None:
    post = create_post(listing, caption=TOO_LONG, link="https://example.com/1")
    before = edit_fields(post)
    agent.submit(page_of(post), before | changed, status)
    assert (edit_fields(fresh(post)) == before) == (status == 422)


def test_another_format_that_takes_less_is_no_way_round_the_limit(
    agent: Person, listing: Property
) -> None:
    post = create_post(listing, platform="facebook", caption="By the sea. " * 300, hashtags=[])
    page = agent.submit(page_of(post), edit_fields(post, format="reel"), 422)
    assert "over the 2,200 characters" in page.text
    assert fresh(post).format == "feed"


# Copies


def copies(platform: str = "facebook") -> list[SocialMediaPost]:
    db.session.expire_all()
    query = sa.select(SocialMediaPost).where(SocialMediaPost.platform == platform)
    return list(db.session.scalars(query))


def duplicate_fields(page: Page, platform: str = "facebook") -> dict[str, str]:
    (fields,) = [
        form["fields"] for form in page.forms if form["fields"].get("platform") == platform
    ]
    return dict(fields)


def test_a_copy_that_was_asked_for_twice_is_made_once(agent: Person, listing: Property) -> None:
    post = create_post(listing)
    fields = duplicate_fields(agent.get(page_of(post)))
    first = agent.submit(page_of(post, "duplicate"), fields)
    second = agent.submit(page_of(post, "duplicate"), fields)
    (copy,) = copies()
    assert first.h1 == second.h1 == ["Facebook post"]
    assert page_of(copy) in second.html
    agent.submit(page_of(post, "duplicate"), duplicate_fields(agent.get(page_of(post))))
    assert len(copies()) == 2, "the page opened anew makes another one"


def test_a_copy_of_a_copy_is_a_post_of_its_own(agent: Person, listing: Property) -> None:
    post = create_post(listing)
    agent.submit(page_of(post, "duplicate"), duplicate_fields(agent.get(page_of(post))))
    (copy,) = copies()
    agent.submit(page_of(copy, "duplicate"), {"platform": "facebook"})
    agent.submit(page_of(copy, "duplicate"), {"platform": "facebook"})
    assert len(copies()) == 3, "a form without a key is no copy of another form"


def test_a_key_of_one_person_or_platform_is_not_anothers(
    agent: Person, admin: Person, listing: Property
) -> None:
    post = create_post(listing)
    for person, platform in ((agent, "facebook"), (admin, "facebook"), (agent, "linkedin")):
        fields = {"platform": platform, "idempotency_key": "k"}
        person.submit(page_of(post, "duplicate"), fields)
    assert len(copies("facebook")) == 2 and len(copies("linkedin")) == 1
