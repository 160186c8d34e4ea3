"""What may be ordered, what an order needs, and what the checks say of its posts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from pwb.errors import InvalidInput
from pwb.extensions import db
from pwb.models import Property
from pwb.services import social_posts
from pwb.services.social_posts import SocialSpec
from pwb.services.writing_rules import RuleDraft, create_rule
from pwb.simulator.testing import Reply, RunningSimulator
from tests import factories
from tests.factories import Agency
from tests.services.posts import add_photos, create_post, rows, write

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def listing(agency: Agency, simulator: RunningSimulator) -> Property:
    factories.create_integration(agency.website)
    return factories.create_property(agency.website, reference="ES-1", city="Marbella")


@ONE_DATABASE
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"platforms": ()}, "platforms"),
        ({"platforms": ("myspace",)}, "platforms"),
        ({"category": "party"}, "category"),
        ({"locale": "xx"}, "locale"),
        ({"formats": {"twitter": "story"}}, "formats"),
        ({"category": "price_drop"}, "old_price"),
        ({"category": "price_drop", "old_price": Decimal(650_000)}, "old_price"),
        ({"category": "price_drop", "old_price": Decimal("NaN")}, "old_price"),
        ({"category": "price_drop", "old_price": Decimal("1e999999")}, "old_price"),
        ({"category": "open_house"}, "event_at"),
        ({"category": "open_house", "event_at": datetime(2020, 2, 2, 11, tzinfo=UTC)}, "event_at"),
        *(
            ({"category": "open_house", "event_at": datetime.fromisoformat(text)}, "event_at")
            for text in ("0001-01-01T00:00", "0001-01-01T00:00+10:00", "9999-12-31T23:59-14:00")
        ),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"link": "https://a.test/" + "x" * 320}, "link"),
        ({"link": "https://a b.test/"}, "link"),
        ({"link": "https://[x"}, "link"),
        ({"idempotency_key": "é"}, "idempotency_key"),
    ],
)
def test_an_order_that_wont_do_names_its_field_and_writes_no_row(
    agency: Agency, listing: Property, values: dict[str, Any], field: str
) -> None:
    spec = SocialSpec(**{"platforms": ("twitter",)} | values)
    with pytest.raises(InvalidInput) as refused:
        social_posts.begin_posts(agency.website, agency.agent, listing, spec)
    assert list(refused.value.fields) == [field]
    assert rows() == []


@ONE_DATABASE
def test_an_open_house_ends_after_it_begins_and_is_in_the_websites_own_time(
    agency: Agency, listing: Property, simulator: RunningSimulator
) -> None:
    agency.website.time_zone = "Europe/Madrid"
    db.session.commit()
    start = datetime(2099, 12, 5, 10, tzinfo=UTC)
    with pytest.raises(InvalidInput, match="ends after it begins"):
        write(agency, listing, "twitter", category="open_house", event_at=start, event_end=start)
    naive_end = datetime.fromisoformat("2099-12-05T13:00")
    (draft,) = write(
        agency, listing, "facebook", category="open_house", event_at=start, event_end=naive_end
    ).posts
    assert draft.post.details["event_at"] == "2099-12-05T11:00:00+01:00"
    assert draft.post.details["event_end"] == "2099-12-05T13:00:00+01:00"
    for words in ("Saturday, December 5, 2099", "11:00–13:00"):
        assert words in draft.post.caption
    assert draft.findings.blocking == []


@ONE_DATABASE
def test_a_price_drop_keeps_both_prices_and_names_them(agency: Agency, listing: Property) -> None:
    (draft,) = write(
        agency, listing, "facebook", category="price_drop", old_price=Decimal("680000")
    ).posts
    assert draft.post.details == {
        "old_price": "680000", "new_price": "650000", "currency": "EUR",
    }  # fmt: skip
    assert "€680,000 → €650,000" in draft.post.caption
    assert draft.findings.blocking == []


@ONE_DATABASE
def test_a_price_drop_of_a_listing_without_a_price_is_refused(agency: Agency) -> None:
    factories.create_integration(agency.website)
    unpriced = factories.create_property(agency.website, sale_price=None)
    with pytest.raises(InvalidInput, match="has no price"):
        write(agency, unpriced, category="price_drop", old_price=Decimal(1))


@ONE_DATABASE
@pytest.mark.parametrize("category", social_posts.CATEGORIES)
def test_every_category_passes_its_own_checks_in_another_language(
    agency: Agency, listing: Property, category: str
) -> None:
    extra: dict[str, Any] = {
        "price_drop": {"old_price": Decimal(700_000)},
        "open_house": {"event_at": datetime.fromisoformat("2099-12-05T11:00")},
    }.get(category, {})
    result = write(agency, listing, category=category, locale="de", **extra)
    assert [draft.findings.blocking for draft in result.posts] == [[]] * 5
    assert all(draft.over_by == 0 for draft in result.posts)


@ONE_DATABASE
def test_unfair_words_and_wrong_claims_are_found_in_captions_and_hashtags(
    agency: Agency, listing: Property, simulator: RunningSimulator
) -> None:
    posts = [
        {
            "platform": "instagram",
            "caption": "Four bedrooms in Marbella.",
            "hashtags": ["#PerfectForFamilies"],
        }
    ]
    simulator.enqueue(Reply(content=json.dumps({"posts": posts})))
    (draft,) = write(agency, listing, "instagram").posts
    kinds = {(item["field"], "rule_id" in item) for item in draft.findings.blocking_items}
    assert kinds == {("caption", False), ("hashtags", True)}


@ONE_DATABASE
def test_the_agencys_social_rules_are_in_the_prompt(
    agency: Agency, listing: Property, simulator: RunningSimulator
) -> None:
    create_rule(agency.website, agency.admin, RuleDraft("Voice", "Say ahoy.", "social"))
    create_rule(agency.website, agency.admin, RuleDraft("Other", "Say goodbye.", "listing"))
    write(agency, listing, "twitter")
    (row,) = rows()
    prompt = row.input_data["messages"][0]["content"]
    assert "Say ahoy." in prompt and "Say goodbye." not in prompt


@ONE_DATABASE
def test_the_first_photos_go_along_and_a_story_has_one(agency: Agency, listing: Property) -> None:
    ids = add_photos(listing, 6)
    feed, story = write(
        agency, listing, "instagram", "facebook", formats={"facebook": "story"}
    ).posts
    assert feed.post.photos == ids[:4]
    assert (story.post.format, story.post.photos, story.limit) == ("story", ids[:1], 250)


@ONE_DATABASE
@pytest.mark.parametrize(
    ("tag", "blocks"),
    [
        ("#NoKids", True),
        ("#nokids", True),
        ("#perfectforfamilies", True),
        ("#adultsonly", True),
        ("#christchurch", False),
        ("#realestatemarbella", False),
        ("#childrensplayground", False),
    ],
)
def test_unfair_words_do_not_hide_by_running_together(
    agency: Agency, listing: Property, tag: str, blocks: bool
) -> None:
    post = create_post(listing, caption="A villa.", hashtags=[tag])
    assert bool(social_posts.check_post(agency.website, post).violations) is blocks
