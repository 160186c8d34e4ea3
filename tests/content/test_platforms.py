"""How platforms count, at the edges of their limits."""

from __future__ import annotations

import pytest

from pwb.content.platforms import PLATFORMS, as_posted, count, over_by
from tests.growth import LINEAR, TIMES_LONGER, growth

X = PLATFORMS["twitter"]
FAMILY = "👨‍👩‍👧‍👦"  # Seven code points, eleven UTF-16 units, one emoji.
ACCENTED = "e\u0301"
LINK = "https://example.com/villas/with-a-rather-long-name?and=parameters&of=all-kinds"


def test_the_platforms_and_their_limits() -> None:
    limits = {name: platform.caption_limit for name, platform in PLATFORMS.items()}
    assert limits == {
        "instagram": 2200,
        "facebook": 63206,
        "linkedin": 3000,
        "twitter": 280,
        "tiktok": 2200,
    }
    assert X.label == "X"


@pytest.mark.parametrize("length", [279, 280, 281])
@pytest.mark.parametrize(
    ("piece", "weight"),
    [
        *(("a", 1), ("é", 1), (ACCENTED, 1), ("ж", 1)),
        *(("日", 2), ("🏡", 2), (FAMILY, 2), ("🙋🏽", 2), ("🇪🇸", 2)),
    ],
)
def test_x_weighs_letters_once_and_emoji_and_chinese_twice(
    length: int, piece: str, weight: int
) -> None:
    pieces, rest = divmod(length, weight)
    text = piece * pieces + "a" * rest
    assert count(X, text) == length
    assert over_by(X, "feed", text) == max(0, length - 280)


@pytest.mark.parametrize("length", [279, 280, 281])
def test_x_counts_any_link_as_23(length: int) -> None:
    text = "a" * (length - 23 - 1) + " " + LINK
    assert count(X, text) == length
    bare = "a" * (length - 23 - 2)
    assert count(X, bare, link=LINK) == length, "a link of its own stands after an empty line"


@pytest.mark.parametrize("length", [279, 280, 281])
def test_hashtags_count_as_they_are_posted(length: int) -> None:
    tags = ["#Marbella", "#Villa"]
    caption = "a" * (length - len("#Marbella #Villa") - 2)
    assert count(X, caption, tags) == length
    assert over_by(X, "feed", caption, tags) == max(0, length - 280)


@pytest.mark.parametrize("name", ["instagram", "facebook", "linkedin", "tiktok"])
@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize(("piece", "units"), [("a", 1), ("日", 1), ("🏡", 2), (FAMILY, 11)])
def test_the_others_count_units_of_utf16(name: str, more: int, piece: str, units: int) -> None:
    platform = PLATFORMS[name]
    length = platform.caption_limit + more
    text = piece * (length // units) + "a" * (length % units)
    assert count(platform, text) == length
    assert over_by(platform, "feed", text) == max(0, more)


def test_a_story_has_the_room_of_its_picture() -> None:
    instagram = PLATFORMS["instagram"]
    assert over_by(instagram, "story", "a" * 250) == 0
    assert over_by(instagram, "story", "a" * 251) == 1
    assert over_by(instagram, "reel", "a" * 251) == 0


def test_the_link_goes_where_the_platform_has_it() -> None:
    shown = as_posted(PLATFORMS["facebook"], " Villa \n", ["#A", "#B"], "https://a.test/1")
    assert shown == "Villa\n\nhttps://a.test/1\n\n#A #B"
    assert as_posted(PLATFORMS["instagram"], "Villa", ["#A"], "https://a.test/1") == "Villa\n\n#A"
    assert as_posted(X, "", [], "") == "" and count(X, "") == 0


@pytest.mark.parametrize(
    ("start", "piece", "times"),
    [
        ("", "a.", 2_500),
        ("https://", "a.b.", 1_100),
        ("", "🏡", 2_500),
        ("", "\ud800", 2_500),
        ("", "#", 6_000),
    ],
)
def test_no_text_keeps_the_counter_busy(start: str, piece: str, times: int) -> None:
    short, long = start + piece * times, start + piece * times * TIMES_LONGER
    assert count(X, long) > 0
    assert growth(lambda text: count(X, text), short, long) < LINEAR


def test_a_long_path_is_still_one_link() -> None:
    assert count(X, "https://example.com/" + "photo." * 40 + "jpg") == 23


def test_every_format_has_a_picture_of_its_ratio() -> None:
    for platform in PLATFORMS.values():
        assert next(iter(platform.formats)) == "feed"
        for each in platform.formats.values():
            across, down = map(float, each.ratio.split(":"))
            assert each.width / each.height == pytest.approx(across / down, abs=0.01)
            assert each.caption_limit <= platform.caption_limit
        assert platform.hashtags.min <= platform.hashtags.ideal <= platform.hashtags.max
