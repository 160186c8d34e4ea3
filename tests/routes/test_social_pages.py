"""One social post, what becomes of it and what goes out; the list of all."""

from __future__ import annotations

import io
import zipfile
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from pwb.extensions import db
from pwb.models import Property, SocialMediaPost
from pwb.services import photos
from tests import databases, factories
from tests.factories import Agency
from tests.pages import Person
from tests.pictures import jpeg
from tests.services.posts import create_post, fresh

LIST = "/site_admin/social_posts"
COUNT = f"{LIST}/count"
BAD_VALUES: list[dict[str, Any]] = [
    {"lock_version": "x"},
    {"lock_version": "9" * 30},
    {"photos": ["x", "-1", "9" * 40, "²", "2000000000"]},
    {"format": "poster"},
    {"caption": "\x01"},
    {"caption": ""},
    {"hashtags": "#" * 4_000},
    {"hashtags": "!!! ???"},
    {"link": "javascript:alert(1)"},
    {"link": f"https://example.com/{'a' * 400}"},
]


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The databases' differences are not these pages' business."""
    return databases.copy_of(migrated_sqlite, tmp_path)


@pytest.fixture
def listing(app: Flask, agency: Agency) -> Property:
    return factories.create_property(agency.website, reference="ES-1", currency="EUR")


def order_page(listing: Property) -> str:
    return f"/site_admin/properties/{listing.id}/social_posts"


def page_of(post: SocialMediaPost, action: str = "") -> str:
    return f"{LIST}/{post.id}{action and '/' + action}"


def add_photos(agency: Agency, listing: Property, number: int = 2) -> list[int]:
    def add(shade: int) -> int:
        stream = io.BytesIO(jpeg(shade, 640, 480))
        name = f"photo-{shade}.jpg"
        return photos.add_photo(agency.website, agency.agent, listing, stream, name).id

    return [add(shade) for shade in range(number)]


def edit_fields(post: SocialMediaPost, **changed: Any) -> dict[str, Any]:
    return {
        "lock_version": post.lock_version,
        "caption": post.caption,
        "hashtags": " ".join(post.hashtags),
        "link": post.link,
        "format": post.format,
        "photos": [str(each) for each in post.photos],
    } | changed


def too_long(page: str) -> bool:
    return "over the 280 characters allowed" in page


def test_a_post_is_changed_and_saved(agent: Person, agency: Agency, listing: Property) -> None:
    first, second = add_photos(agency, listing)
    post = create_post(listing)
    fields = edit_fields(post, caption="New words.\r\nTwo lines.", hashtags="Villa, #Marbella")
    page = agent.submit(page_of(post), fields | {"photos": [str(second), str(first)]})
    assert "Saved." in page.text
    saved = fresh(post)
    assert saved.caption == "New words.\nTwo lines."
    assert saved.hashtags == ["#Villa", "#Marbella"]
    assert saved.photos == [second, first]
    assert saved.updated_by_id == agency.agent.id


def test_a_caption_over_the_limit_is_refused_and_kept(agent: Person, listing: Property) -> None:
    post = create_post(listing)
    caption = "A <b>villa</b> by the sea. " * 12
    page = agent.submit(page_of(post), edit_fields(post, caption=caption), 422)
    assert too_long(page.text)
    assert caption.strip() in unescape(page.html), "what was typed is kept"
    assert "<b>villa" not in page.html
    assert fresh(post).caption == post.caption, "and nothing is saved"


def test_the_edge_of_the_limit_is_the_platforms_own(agent: Person, listing: Property) -> None:
    link = f"https://example.com/{'a' * 80}"
    post = create_post(listing, hashtags=[])
    room = 280 - 2 - 23  # A gap, and a link of any length.
    fits, one_more = "a" * room, "a" * (room + 1)
    page = agent.submit(page_of(post), edit_fields(post, caption=one_more, link=link), 422)
    assert "1 over the 280 characters allowed" in page.text
    page = agent.submit(page_of(post), edit_fields(post, caption=fits, link=link))
    assert "280 of 280 characters" in page.text


def test_a_change_that_came_in_between_is_told_and_nothing_typed_is_lost(
    agent: Person, admin: Person, listing: Property
) -> None:
    post = create_post(listing)
    mine = edit_fields(post, caption="Mine, typed for an hour.")
    admin.submit(page_of(post), edit_fields(post, caption="Theirs."))
    page = agent.submit(page_of(post), mine, 409)
    assert "Mine, typed for an hour." in page.html and "Theirs." in page.html
    assert fresh(post).caption == "Theirs."
    form = next(form for form in page.forms if form.get("id") == "post-form")
    agent.submit(page_of(post), mine | {"lock_version": form["fields"]["lock_version"]})
    assert fresh(post).caption == "Mine, typed for an hour."


def test_a_bad_value_is_never_an_error_of_the_portal(agent: Person, listing: Property) -> None:
    post = create_post(listing)
    for fields in BAD_VALUES:
        sent = {"csrf_token": agent.token} | edit_fields(fresh(post), **fields)
        for action in ("", "preview"):
            response = agent.client.post(page_of(post, action), data=sent, base_url=agent.base_url)
            assert response.status_code < 500, (fields, action, response.status_code)
    assert fresh(post).format == "feed" and not fresh(post).link


def test_an_edit_in_an_ended_session_is_held_until_the_person_is_back(
    agent: Person, listing: Property
) -> None:
    post = create_post(listing)
    agent.client.delete_cookie("pwb_session", domain="127.0.0.1")
    sent = {"csrf_token": agent.token} | edit_fields(post, caption="Typed for an hour.")
    headers = {"Sec-Fetch-Site": "same-origin"}
    response = agent.client.post(page_of(post), data=sent, base_url=agent.base_url, headers=headers)
    assert response.status_code == 401
    assert "Typed for an hour." in response.text and "You were signed out" in response.text


def test_a_post_is_approved_and_an_edit_makes_it_a_draft_again(
    agent: Person, agency: Agency, listing: Property
) -> None:
    post = create_post(listing)
    page = agent.submit(page_of(post, "approve"), {"lock_version": post.lock_version})
    assert "The post is approved." in page.text and agency.agent.name in page.text
    approved = fresh(post)
    assert approved.status == "approved" and approved.approval_id
    assert "€650,000" in agent.get(f"/site_admin/properties/{listing.id}/compliance_record").text
    agent.submit(page_of(post), edit_fields(approved, caption="A villa in Marbella."))
    assert fresh(post).status == "draft"


def test_what_contradicts_the_record_blocks_approval_until_an_admin_gives_a_reason(
    agent: Person, admin: Person, listing: Property
) -> None:
    post = create_post(listing, caption="A villa with nine bedrooms in Marbella.")
    page = agent.get(page_of(post))
    assert "One finding blocks approval." in page.text
    version = {"lock_version": post.lock_version}
    agent.submit(page_of(post, "approve"), version, 422)
    page = admin.get(page_of(post))
    form = next(form for form in page.forms if form.get("id") == "post-form")
    assert form["fields"]["lock_version"] == str(post.lock_version)
    (name,) = {part.split('"')[0] for part in page.html.split('name="') if part[:7] == "reason-"}
    page = admin.submit(page_of(post, "approve"), version | {name: "no"}, 422)
    assert "5 to 500 characters" in page.text
    admin.submit(page_of(post, "approve"), version | {name: "Agreed with the owner."})
    assert fresh(post).status == "approved"


def test_what_was_found_is_marked_in_the_drawing_of_the_saved_words(
    agent: Person, listing: Property
) -> None:
    post = create_post(listing, caption="Four bedrooms by the sea.")
    for page in (page_of(post), order_page(listing)):
        assert '<mark class="mark mark-contradicted"' in agent.get(page).html
    typed = agent.submit(page_of(post), edit_fields(post, caption="Four bedrooms.", link="x"), 422)
    assert "<mark" not in typed.html, "other words than those that were checked"


def test_a_post_that_changed_since_it_was_read_is_not_approved(
    agent: Person, listing: Property
) -> None:
    post = create_post(listing)
    seen = post.lock_version
    agent.submit(page_of(post), edit_fields(post, caption="Other words."))
    agent.submit(page_of(post, "approve"), {"lock_version": seen}, 409)
    assert fresh(post).status == "draft"


def test_an_archived_post_can_be_brought_back(agent: Person, listing: Property) -> None:
    post = create_post(listing)
    page = agent.submit(page_of(post, "archive"))
    assert "This post is archived" in page.text and "Bring it back" in page.text
    assert page_of(post) not in agent.get(LIST).html
    assert page_of(post) in agent.get(f"{LIST}?state=archived").html
    assert "back as a draft" in agent.submit(page_of(post, "restore")).text
    assert fresh(post).status == "draft"


def test_a_post_is_copied_for_another_platform(agent: Person, listing: Property) -> None:
    post = create_post(listing, platform="facebook", caption="Long. " * 80)
    page = agent.submit(page_of(post, "duplicate"), {"platform": "twitter"})
    copy = db.session.query(SocialMediaPost).filter_by(platform="twitter").one()
    assert (copy.platform, copy.status) == ("twitter", "draft")
    assert copy.caption == post.caption
    assert page.h1 == ["X post"] and too_long(page.text)
    for nonsense in ("", "myspace"):
        agent.submit(page_of(post, "duplicate"), {"platform": nonsense}, 422)


# What goes out


def test_an_odd_reference_makes_a_plain_file_name(agent: Person, agency: Agency) -> None:
    post = create_post(factories.create_property(agency.website, reference='A/../"é";\r\nX: y'))
    reply = agent.client.get(page_of(post, "download"), base_url=agent.base_url)
    assert reply.headers.get("X") is None
    assert 'filename="A-..-é-X-y-twitter-feed.zip"' in reply.headers["Content-Disposition"]


def test_the_archive_holds_the_words_and_the_pictures_at_the_platforms_size(
    agent: Person, agency: Agency, listing: Property
) -> None:
    post = create_post(listing, photos=add_photos(agency, listing), link="https://costa.example/1")
    response = agent.client.get(page_of(post, "download"), base_url=agent.base_url)
    assert response.mimetype == "application/zip"
    assert "ES-1-twitter-feed.zip" in response.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        names = archive.namelist()
        assert {"caption.txt", "hashtags.txt", "link.txt", "post.txt"} <= set(names)
        assert archive.read("post.txt").decode().strip() == (
            f"{post.caption}\n\nhttps://costa.example/1\n\n#Villa"
        )
        pictures = [name for name in names if name.startswith("images/")]
        assert pictures == ["images/01.jpg", "images/02.jpg"]
        for name in pictures:
            assert Image.open(io.BytesIO(archive.read(name))).size == (1600, 900)


def test_a_drawing_of_what_is_typed_saves_nothing(
    agent: Person, agency: Agency, listing: Property
) -> None:
    first, second = add_photos(agency, listing)
    post = create_post(listing, platform="instagram", photos=[first])
    fields = edit_fields(post, caption="<i>Typed</i>", format="story", photos=[str(second)])
    drawn = agent.post(page_of(post, "preview"), fields, 200).text
    assert "&lt;i&gt;Typed&lt;/i&gt;" in drawn and "post-tall" in drawn
    assert f"/images/{second}.jpg?format=story" in drawn and f"/images/{first}.jpg" not in drawn
    assert fresh(post).caption == post.caption
    picture = agent.client.get(
        page_of(post, f"images/{second}.jpg?format=story"), base_url=agent.base_url
    )
    assert Image.open(io.BytesIO(picture.data)).size == (1080, 1920)


def test_the_server_counts_as_the_platform_counts(agent: Person, listing: Property) -> None:
    def counted(status: int = 200, **order: Any) -> Any:
        headers = {"X-CSRFToken": agent.token, "Accept": "application/json"}
        response = agent.client.post(COUNT, json=order, base_url=agent.base_url, headers=headers)
        assert response.status_code == status, response.text
        return response.get_json()

    answer = counted(platform="twitter", caption="家" * 140, hashtags=[], link="")
    assert (answer["characters"], answer["limit"], answer["over_by"]) == (280, 280, 0)
    answer = counted(platform="twitter", caption="家" * 140, hashtags=["#a"])
    assert answer["words"] == "4 over the 280 characters allowed"
    assert answer["text"] == f"{'家' * 140}\n\n#a"
    assert counted(platform="instagram", format="story", caption="a")["limit"] == 250
    assert counted(422, platform="myspace")["error"]["code"] == "invalid_input"
    for strange in ({"hashtags": "x"}, {"hashtags": 3}, {"caption": ["x"]}, {"format": {}}):
        assert counted(platform="twitter", **strange)["success"] is True


# The list


def test_the_list_is_narrowed_and_says_what_will_be_there(agent: Person, listing: Property) -> None:
    assert "No drafts" in agent.get(LIST).text
    for state, words in {
        "approved": "No post is approved yet",
        "stale": "No post is stale",
        "archived": "Nothing is archived",
    }.items():
        assert words in agent.get(f"{LIST}?state={state}").text
    post = create_post(listing, caption="Sunny <b>villa</b>")
    page = agent.get(LIST)
    assert "Sunny &lt;b&gt;villa" in page.html and "ES-1" in page.text
    assert page_of(post) in agent.get(f"{LIST}?platform=twitter&property=es").html
    page = agent.get(f"{LIST}?platform=tiktok")
    assert page_of(post) not in page.html and "No post matches" in page.text
    agent.get(f"{LIST}?page=99999999999999&state=x&locale=%00x", 400)
    agent.get(f"{LIST}?page=99999999999999&state=x&category=nonsense")


def test_a_long_list_asks_the_database_no_more_than_a_short_one(
    agent: Person, agency: Agency, listing: Property
) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    def questions() -> int:
        asked.clear()
        sa.event.listen(db.engine, "before_cursor_execute", note)
        agent.get(LIST)
        sa.event.remove(db.engine, "before_cursor_execute", note)
        return len(asked)

    photo_ids = add_photos(agency, listing)
    create_post(listing, photos=photo_ids)
    few = questions()
    for number in range(8):
        other = factories.create_property(agency.website, reference=f"ES-{number + 2}")
        create_post(other, platform="facebook", photos=photo_ids)
    assert questions() == few


def test_the_occasion_of_a_post_is_told(agent: Person, listing: Property) -> None:
    prices = {"old_price": "700000", "new_price": "650000", "currency": "EUR"}
    drop = create_post(listing, category="price_drop", details=prices)
    assert "Price drop from €700,000 to €650,000" in agent.get(page_of(drop)).text
    event = {"event_at": "2026-12-05T11:00:00+00:00"}
    visit = create_post(listing, category="open_house", details=event)
    assert "Open house on Dec 5, 2026, 11:00" in agent.get(page_of(visit)).text
    assert "Open house on Dec 5, 2026, 11:00" in agent.get(LIST).text


def test_posts_of_another_website_are_not_there(agent: Person) -> None:
    stranger = factories.create_property(factories.create_website())
    post = create_post(stranger)
    for action in ("", "download"):
        agent.get(page_of(post, action), 404)
    for action in ("", "approve", "archive", "restore", "duplicate", "preview"):
        agent.submit(page_of(post, action), {"platform": "twitter"}, 404)
    agent.get(order_page(stranger), 404)
    agent.submit(order_page(stranger), {"platforms": "facebook"}, 404)
    assert page_of(post) not in agent.get(LIST).html
    assert fresh(post).status == "draft"


def test_the_dashboard_and_the_listing_lead_to_the_posts(agent: Person, listing: Property) -> None:
    assert order_page(listing) in agent.get(f"/site_admin/properties/{listing.id}/edit").html
    create_post(listing)
    page = agent.get("/site_admin/")
    assert "One social post is waiting for approval" in page.text
    assert f'href="{LIST}"' in page.html
