"""Hashtags, the prompt of posts, and posts out of answers of all kinds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pwb.content.claims import check_claims
from pwb.content.hashtags import apart, clean_hashtags, in_text, in_words
from pwb.content.listing import ListingFacts
from pwb.content.platforms import PLATFORMS
from pwb.content.social import (
    PostText,
    SocialBrief,
    UnreadablePosts,
    build_messages,
    composed,
    output_schema,
    parse_posts,
)
from tests.growth import LINEAR, TIMES_LONGER, growth

FACTS = ListingFacts(
    "ES-1", bedrooms=3, city="Marbella", sale_price=Decimal(650_000), currency="EUR"
)
ALL = tuple(PLATFORMS)
POSTS = [{"platform": name, "caption": f"For {name}.", "hashtags": ["#Villa"]} for name in ALL]
BARE = json.dumps({"posts": POSTS})


@pytest.mark.parametrize(
    ("given", "platform", "tags"),
    [
        (["#Villa", "#villa", "VILLA"], "instagram", ["#Villa"]),
        (["sea view", "#Pool-Side!"], "instagram", ["#SeaView", "#PoolSide"]),
        (["sea_view"], "twitter", ["#sea_view"]),
        (["sea_view"], "linkedin", ["#SeaView"]),
        (["#2026", "##", "", "🏡", "x" * 60], "instagram", []),
        (["#3Beds", "été", "#別荘", "вилла"], "instagram", ["#3Beds", "#été", "#別荘", "#вилла"]),
        (["#a", "#b", "#c"], "twitter", ["#a", "#b"]),
        ([f"#{n}" for n in "abcdefgh"], "instagram", ["#a", "#b", "#c", "#d", "#e"]),
        (["＃Villa", "#Stra\u200bße"], "instagram", ["#Villa", "#Straße"]),
    ],
)  # fmt: skip
def test_hashtags_are_valid_unique_and_not_too_many(
    given: list[str], platform: str, tags: list[str]
) -> None:
    assert clean_hashtags(given, PLATFORMS[platform]) == tags


def test_hashtags_within_a_caption_are_found_and_taken_apart() -> None:
    caption = "A #Villa by the sea.\n\n#Marbella #Pool"
    assert in_text(caption) == ["#Villa", "#Marbella", "#Pool"]
    assert apart(caption) == ("A Villa by the sea.", ["#Villa", "#Marbella", "#Pool"])
    assert in_text("See https://a.test/#top and C#sharp") == []
    assert apart("The pool.#Pool \n＃Sea ")[0] == "The pool."
    assert apart("#Villa")[0] == ""
    assert apart("Read a/#top and C#sharp")[0] == "Read a/#top and C#sharp"


@pytest.mark.parametrize("stammer", ["#a ", "#a\n", " ", "#", "#a"])
@pytest.mark.parametrize("end", [".", ""])
def test_the_work_of_an_answer_that_stammers_grows_with_its_length(stammer: str, end: str) -> None:
    short, long = (f"A villa {stammer * times}{end}" for times in (900, 900 * TIMES_LONGER))
    assert growth(apart, short, long) < LINEAR


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("#FamilyHome", "Family Home"),
        ("#sea_view", "sea view"),
        ("#NYCLoft", "NYC Loft"),
        ("#別荘", "別荘"),
    ],
)
def test_a_tag_is_checked_as_the_words_it_is_made_of(tag: str, words: str) -> None:
    assert in_words(tag) == words


@pytest.mark.parametrize(
    "answer",
    [
        BARE,
        f"Here they are:\n```json\n{BARE}\n```",
        json.dumps({"result": {"posts": POSTS}}),
        json.dumps(POSTS),
        json.dumps({post["platform"]: post for post in POSTS}),
        BARE.removesuffix("}") + ",",
        BARE.replace('"twitter"', '"X"'),
        json.dumps(BARE),
    ],
)
def test_posts_are_read_however_they_are_wrapped(answer: str) -> None:
    found = parse_posts(answer, ALL)
    assert list(found) == list(ALL)
    assert found["twitter"] == PostText("For twitter.", ("#Villa",))


@pytest.mark.parametrize(
    "answer", ["", "A lovely post.", "{}", "[" * 500 + "]" * 500, '{"posts": []}', '{"posts": 3}']
)
def test_an_answer_without_posts_is_unreadable(answer: str) -> None:
    with pytest.raises(UnreadablePosts):
        parse_posts(answer, ALL)


def test_a_platform_that_the_answer_leaves_out_is_missing_and_another_is_no_post() -> None:
    answer = json.dumps({"posts": [*POSTS[:2], {"platform": "myspace", "caption": "Hi"}]})
    assert list(parse_posts(answer, ALL)) == ["instagram", "facebook"]
    assert parse_posts('{"caption": "Hi", "hashtags": "#a, b"}', ("twitter",)) == {
        "twitter": PostText("Hi", ("#a", "#b"))
    }


def test_markup_and_hidden_characters_leave_captions() -> None:
    post = {"platform": "twitter", "caption": "**Villa**<script>x</script>\u202e\ud800 #Pool"}
    found = parse_posts(json.dumps({"posts": [post]}), ("twitter",))["twitter"]
    assert found.caption.startswith("Villa") and "\u202e" not in found.caption
    assert found.hashtags == ("#Pool",)
    assert composed("twitter", found, "https://a.test/1").endswith("https://a.test/1\n\n#Pool")


def test_facts_and_only_facts_are_in_the_document() -> None:
    brief = SocialBrief(FACTS, "de", ("twitter",), "sold", link="https://a.test/secret")
    system, user = build_messages(brief)
    document = json.loads(user.content)
    assert document["listing"].keys() == {"reference", "bedrooms", "city", "sale_price"}
    assert (document["task"], document["platforms"]) == ("social_posts", ["twitter"])
    assert "old_price" not in document and "event" not in document
    assert "German" in system.content and "Marbella" not in system.content
    assert "a.test" not in system.content + user.content


def test_a_price_drop_and_an_open_house_bring_what_they_need() -> None:
    drop = SocialBrief(
        FACTS, "en", ALL, "price_drop", old_price=Decimal(680_000), new_price=Decimal(650_000)
    )
    assert json.loads(build_messages(drop)[1].content)["old_price"] == 680_000
    when = datetime(2026, 12, 5, 11, tzinfo=UTC)
    house = SocialBrief(FACTS, "en", ALL, "open_house", event_at=when)
    event = json.loads(build_messages(house)[1].content)["event"]
    assert event == {"date": "2026-12-05", "weekday": "Saturday", "from": "11:00"}
    for category in ("price_drop", "open_house"):
        with pytest.raises(ValueError, match="has"):
            SocialBrief(FACTS, "en", ALL, category)


def test_the_room_for_a_caption_leaves_place_for_the_link_and_the_hashtags() -> None:
    plain = SocialBrief(FACTS, "en", ("twitter",))
    linked = SocialBrief(FACTS, "en", ("twitter",), link="https://a.test/" + "x" * 200)
    assert plain.room(PLATFORMS["twitter"]) - linked.room(PLATFORMS["twitter"]) == 25
    story = SocialBrief(FACTS, "en", ("instagram",), formats={"instagram": "story"})
    assert story.room(PLATFORMS["instagram"]) < 250


def test_the_schema_is_strict_and_names_the_platforms_asked_for() -> None:
    post = output_schema(("twitter", "tiktok"))["properties"]["posts"]["items"]
    assert post["properties"]["platform"]["enum"] == ["twitter", "tiktok"]
    assert post["additionalProperties"] is False
    assert set(post["required"]) == set(post["properties"])


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("Was €680,000, now €650,000.", "en"),
        ("€680,000 → €650,000", "en"),
        ("30.000 € weniger: 650.000 €", "de"),
        ("Antes 680.000 €, ahora 650.000 €", "es"),
    ],
)
def test_the_old_price_of_a_price_drop_is_no_contradiction(text: str, locale: str) -> None:
    known = check_claims(text, FACTS, locale, old_price=Decimal(680_000))
    assert known.contradicted == known.unsupported == 0
    unknown = check_claims(text, FACTS, locale)
    assert unknown.contradicted + unknown.unsupported > 0
    wrong = check_claims("Was €700,000, now €640,000.", FACTS, "en", old_price=Decimal(680_000))
    assert [claim.state for claim in wrong.claims] == ["unsupported", "contradicted"]
