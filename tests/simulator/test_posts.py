"""What the simulator makes of posts: an open house's day, and posts made shorter."""

from __future__ import annotations

import pytest

from tests.simulator.conftest import Caller, document

LONG = "A villa in Marbella. It has five bedrooms. There is a terrace. The sea is in view."


def shortened(caller: Caller, caption: str, room: int, locale: str = "en") -> str:
    post = {"platform": "twitter", "caption": caption, "hashtags": ["#Villa"]}
    asked = document(
        task="social_shortening", locale=locale, current_posts=[post], room={"twitter": room}
    )
    (found,) = caller.text(asked)["posts"]
    assert (found["platform"], found["hashtags"]) == ("twitter", ["#Villa"])
    return str(found["caption"])


def test_sentences_are_left_out_from_the_end(caller: Caller) -> None:
    assert shortened(caller, LONG, 50) == "A villa in Marbella. It has five bedrooms."
    assert shortened(caller, LONG, 500) == LONG
    assert shortened(caller, "a" * 300, 100) == "a" * 50


def test_chinese_letters_count_twice(caller: Caller) -> None:
    assert shortened(caller, "马尔贝拉的别墅。有露台。", 20, "zh") == "马尔贝拉的别墅。"


@pytest.mark.parametrize(
    ("locale", "day"), [("en", "Saturday, December 5, 2026"), ("de", "Samstag, 5. Dezember 2026")]
)
def test_an_open_house_names_its_day_and_hours(caller: Caller, locale: str, day: str) -> None:
    asked = document(
        task="social_posts",
        locale=locale,
        category="open_house",
        platforms=["facebook"],
        event={"date": "2026-12-05", "from": "11:00", "until": "13:00"},
    )
    (post,) = caller.text(asked)["posts"]
    assert day in post["caption"] and "11:00–13:00" in post["caption"]
