"""`flask ai social`: its output, its exit statuses, and what it saves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from pwb.extensions import db
from pwb.models import Property, SocialMediaPost, Website
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.test_cli import run

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
pytestmark = ONE_DATABASE


@pytest.fixture
def website(app: Flask, simulator: RunningSimulator) -> Website:
    website = factories.create_website(subdomain="costa")
    factories.create_integration(website)
    factories.create_property(website, reference="ES-1")
    return website


def social(app: Flask, *words: str, category: str = "just_listed") -> Any:
    base = ("ai", "social", "ES-1", "--website", "costa", "--category", category)
    return run(app, *base, *words)


def saved() -> list[SocialMediaPost]:
    return list(db.session.scalars(select(SocialMediaPost).order_by(SocialMediaPost.id)))


def test_json_is_one_object_with_the_posts_which_are_saved_as_drafts(
    app: Flask, website: Website
) -> None:
    result = social(app, "--platform", "instagram", "--platform", "twitter", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    answer = json.loads(result.stdout)
    assert answer["success"] is True and set(answer["usage"]) >= {"cost_cents", "cost_state"}
    assert [post["platform"] for post in answer["posts"]] == ["instagram", "twitter"]
    for post, limit in zip(answer["posts"], (2200, 280), strict=True):
        assert post["limit"] == limit and 0 < post["characters"] <= limit
        assert post["caption"] and all(tag.startswith("#") for tag in post["hashtags"])
        assert post["compliance"] == {"compliant": True, "violations": [], "advice": []}
    assert [(post.status, post.created_by_id) for post in saved()] == [("draft", None)] * 2


def test_without_json_the_posts_are_printed_as_they_are_posted(
    app: Flask, website: Website
) -> None:
    result = social(app, "--platform", "twitter", "--locale", "es")
    assert result.exit_code == 0
    first, *rest = result.stdout.splitlines()
    assert first.startswith("X (") and "of 280)" in first
    assert rest[-1].startswith("#")
    assert saved()[0].locale == "es"


def test_a_price_drop_and_an_open_house_take_their_options(app: Flask, website: Website) -> None:
    drop = social(
        app, "--platform", "facebook", "--old-price", "700000", "--json", category="price_drop"
    )
    assert "€700,000 → €650,000" in json.loads(drop.stdout)["posts"][0]["caption"]
    house = social(
        app, "--platform", "facebook", "--event-at", "2099-12-05T11:00", "--json",
        category="open_house",
    )  # fmt: skip
    assert "December 5, 2099" in json.loads(house.stdout)["posts"][0]["caption"]


@pytest.mark.parametrize(
    "words",
    [
        ("--platform", "myspace"),
        ("--platform", "twitter", "--category", "party"),
        ("--platform", "twitter", "--category", "price_drop"),
        ("--platform", "twitter", "--category", "price_drop", "--old-price", "much"),
        ("--platform", "twitter", "--category", "price_drop", "--old-price", "1"),
        ("--platform", "twitter", "--category", "open_house"),
        ("--platform", "twitter", "--category", "open_house", "--event-at", "soon"),
        ("--platform", "twitter", "--locale", "xx"),
        ("--platform", "twitter", "--model", "no model id"),
        ("--platform", "twitter", "--website", "nowhere"),
        (),
    ],
)
def test_wrong_usage_is_status_2_and_one_object(
    app: Flask, website: Website, words: tuple[str, ...]
) -> None:
    result = social(app, *words, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "invalid_input"
    assert result.stderr.strip() and saved() == []


def test_an_unknown_listing_is_wrong_usage(app: Flask, website: Website) -> None:
    words = ("--website", "costa", "--platform", "twitter", "--category", "sold", "--json")
    result = run(app, "ai", "social", "NO-SUCH", *words)
    assert result.exit_code == 2
    assert json.loads(result.stdout)["success"] is False


def test_without_a_key_it_is_status_3(app: Flask) -> None:
    factories.create_property(factories.create_website(subdomain="costa"), reference="ES-1")
    result = social(app, "--platform", "twitter", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["error"]["code"] == "not_configured"


def test_a_failure_at_the_provider_is_status_4_and_saves_nothing(
    app: Flask, website: Website, simulator: RunningSimulator
) -> None:
    simulator.enqueue("not-json")
    result = social(app, "--platform", "twitter", "--json")
    assert result.exit_code == 4
    assert json.loads(result.stdout)["error"]["code"] == "invalid_response"
    assert saved() == []


def test_another_websites_listing_is_not_to_be_found(app: Flask, website: Website) -> None:
    other = factories.create_website(subdomain="other")
    factories.create_integration(other)
    result = social(app, "--platform", "twitter", "--website", "other", "--json")
    assert result.exit_code == 2
    assert db.session.scalars(select(Property.id)).all() != [] and saved() == []
