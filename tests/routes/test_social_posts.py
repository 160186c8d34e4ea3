"""Ordering social posts of a listing: as a page, as JSON, as events."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from pwb.content.platforms import PLATFORMS, count
from pwb.extensions import db
from pwb.models import GenerationRequest, Property, SocialMediaPost
from pwb.simulator.testing import RunningSimulator
from tests import databases, factories
from tests.factories import Agency
from tests.pages import Person
from tests.services.posts import create_post

ORDER = {"platforms": list(PLATFORMS), "category": "just_listed", "locale": "en"}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"platforms": []}, "Choose at least one platform."),
    ({"platforms": ["myspace"]}, "myspace"),
    ({"category": "gossip"}, "gossip"),
    ({"locale": "xx"}, "xx"),
    ({"category": "price_drop"}, "A price drop needs the old price."),
    ({"category": "price_drop", "old_price": "cheap"}, "This is not a number."),
    ({"category": "price_drop", "old_price": "100"}, "The old price is above the new one"),
    ({"category": "open_house"}, "An open house needs its date and time."),
    ({"category": "open_house", "event_date": "soon"}, "Date of the open house"),
    (
        {"category": "open_house", "event_date": "2020-02-02", "event_start": "11:00"},
        "This date is past.",
    ),
    (
        {
            "category": "open_house",
            "event_date": "2099-12-05",
            "event_start": "12:00",
            "event_end": "11:00",
        },
        "An open house ends after it begins.",
    ),
    ({"link": "javascript:alert(1)"}, "A link begins with https://"),
    ({"format-instagram": "poster"}, "poster"),
]


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The databases' differences are not these pages' business."""
    return databases.copy_of(migrated_sqlite, tmp_path)


@pytest.fixture
def listing(app: Flask, agency: Agency) -> Property:
    return factories.create_property(agency.website, reference="ES-1", currency="EUR")


@pytest.fixture
def written_by_ai(agency: Agency, simulator: RunningSimulator) -> RunningSimulator:
    """A website whose texts come from the simulator."""
    factories.create_integration(agency.website)
    return simulator


def order_page(listing: Property) -> str:
    return f"/site_admin/properties/{listing.id}/social_posts"


def page_of(post: SocialMediaPost) -> str:
    return f"/site_admin/social_posts/{post.id}"


def posts_of(listing: Property) -> list[SocialMediaPost]:
    db.session.expire_all()
    query = db.select(SocialMediaPost).where(SocialMediaPost.property_id == listing.id)
    return list(db.session.scalars(query.order_by(SocialMediaPost.id)))


def ask(person: Person, listing: Property, status: int = 200, **fields: Any) -> Any:
    """Order posts as a program does; the answer's JSON."""
    headers = {"Accept": "application/json", "X-CSRFToken": person.token}
    return person.post(order_page(listing), ORDER | fields, status, headers=headers).get_json()


def test_one_order_writes_a_post_for_each_platform_within_its_limits(
    agent: Person, listing: Property, written_by_ai: RunningSimulator
) -> None:
    page = agent.submit(order_page(listing), ORDER)
    found = posts_of(listing)
    assert [post.platform for post in found] == list(PLATFORMS)
    assert {post.status for post in found} == {"draft"}
    for post in found:
        platform = PLATFORMS[post.platform]
        assert count(platform, post.caption, post.hashtags, post.link) <= platform.limit()
        assert page_of(post) in page.html
        assert post.caption.split("\n")[0] in unescape(page.html)
    assert "New posts" in page.text
    assert db.session.query(GenerationRequest).count() == 1


def test_the_json_answer_is_the_contracts(
    agent: Person, listing: Property, written_by_ai: RunningSimulator
) -> None:
    answer = ask(agent, listing, platforms=["instagram", "twitter"])
    assert answer["success"] is True
    assert [post["platform"] for post in answer["posts"]] == ["instagram", "twitter"]
    for post, saved in zip(answer["posts"], posts_of(listing), strict=True):
        assert {"platform", "caption", "hashtags", "characters", "limit", "compliance"} <= set(post)
        assert post["id"] == saved.id
        assert post["limit"] == PLATFORMS[post["platform"]].limit()


def test_an_order_may_be_a_json_object_too(
    agent: Person, listing: Property, written_by_ai: RunningSimulator
) -> None:
    response = agent.client.post(
        order_page(listing),
        json={"platforms": ["facebook"], "category": "sold", "format-facebook": "story"},
        base_url=agent.base_url,
        headers={"Accept": "application/json", "X-CSRFToken": agent.token},
    )
    assert response.status_code == 200, response.text
    (post,) = posts_of(listing)
    assert (post.category, post.format, post.locale) == ("sold", "story", "en")


def test_the_events_tell_of_each_platform_and_end_with_the_posts(
    agent: Person, listing: Property, written_by_ai: RunningSimulator
) -> None:
    headers = {"Accept": "text/event-stream", "X-CSRFToken": agent.token}
    fields = ORDER | {"platforms": ["facebook", "twitter"]}
    response = agent.post(order_page(listing), fields, 200, headers=headers)
    assert response.mimetype == "text/event-stream"
    blocks = [block.split("\n", 1) for block in response.text.strip().split("\n\n")]
    events = [(name, json.loads(data.removeprefix("data: "))) for name, data in blocks]
    assert events[0][0] == "event: start" and events[0][1]["request_id"] > 0
    steps = [data for name, data in events if name == "event: progress"]
    assert {step["platform"] for step in steps} == {"facebook", "twitter"}
    assert events[-1][0] == "event: done"
    assert [post["platform"] for post in events[-1][1]["posts"]] == ["facebook", "twitter"]


def test_the_same_form_sent_twice_writes_once(
    agent: Person, listing: Property, written_by_ai: RunningSimulator
) -> None:
    order = ORDER | {"platforms": ["facebook"], "idempotency_key": "a-double-click"}
    first, second = (
        agent.submit(order_page(listing), order),
        agent.submit(order_page(listing), order),
    )
    (post,) = posts_of(listing)
    assert page_of(post) in first.html and page_of(post) in second.html
    assert "a-double-click" not in second.html, "the next click is another order"


def test_an_order_that_will_not_do_comes_back_with_all_that_was_typed(
    agent: Person, listing: Property, written_by_ai: RunningSimulator
) -> None:
    for fields, words in WRONG:
        sent = ORDER | {"link": "https://costa.example/ES-1"} | fields
        page = agent.submit(order_page(listing), sent, 422)
        assert unescape(page.text).count(words) in (1, 2), "in the summary and at its field"
        assert sent["link"] in unescape(page.html)
        for name in ("old_price", "event_date", "event_start"):
            assert f'value="{sent.get(name, "")}"' in page.html
        answer = ask(agent, listing, 422, **fields)
        assert answer["success"] is False and answer["error"]["code"] == "invalid_input"
        assert words in answer["error"]["message"]
    assert posts_of(listing) == []


def test_what_is_left_in_a_field_of_another_category_stands_in_nobodys_way(
    agent: Person, listing: Property, written_by_ai: RunningSimulator
) -> None:
    left = {"old_price": "cheap", "event_date": "soon", "event_start": "late"}
    ask(agent, listing, platforms=["facebook"], **left)
    assert posts_of(listing)[0].details == {}


def test_an_open_house_is_on_the_websites_own_clock(
    agent: Person, agency: Agency, listing: Property, written_by_ai: RunningSimulator
) -> None:
    agency.website.time_zone = "Europe/Madrid"
    db.session.commit()
    when = {"event_date": "2099-12-05", "event_start": "11:00", "event_end": "13:30"}
    ask(agent, listing, platforms=["facebook"], category="open_house", **when)
    (post,) = posts_of(listing)
    assert post.details == {
        "event_at": "2099-12-05T11:00:00+01:00",
        "event_end": "2099-12-05T13:30:00+01:00",
    }


def test_a_failure_of_the_provider_says_what_to_do_and_keeps_the_order(
    agent: Person, listing: Property, written_by_ai: RunningSimulator
) -> None:
    written_by_ai.enqueue("402")
    page = agent.submit(order_page(listing), ORDER | {"link": "https://costa.example/1"}, 402)
    assert "credits" in page.text and "https://costa.example/1" in page.html
    written_by_ai.enqueue("402")
    answer = ask(agent, listing, 402)
    assert answer["error"]["code"] == "insufficient_credits" and answer["request_id"]
    assert posts_of(listing) == []


def test_without_a_service_the_page_says_who_can_set_one_up(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    text = agent.get(order_page(listing)).text
    assert "AI is not configured" in text and "Ask a site admin" in text
    assert "No posts of this listing yet" in text


def test_named_posts_are_shown_again_and_nonsense_names_none(
    agent: Person, listing: Property, written_by_ai: RunningSimulator
) -> None:
    first, second = create_post(listing), create_post(listing, platform="facebook")
    page = agent.get(f"{order_page(listing)}?posts={first.id}")
    assert page_of(first) in page.html and page_of(second) not in page.html
    for nonsense in ("x", "-1", "9" * 30, "9" * 5_000, "²"):
        page = agent.get(f"{order_page(listing)}?posts={nonsense}")
        assert page_of(first) in page.html and page_of(second) in page.html
