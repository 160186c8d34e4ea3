"""Social posts in simple form: a category's line, the main facts, a closing line, hashtags."""

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from pwb.simulator import wording
from pwb.simulator.composing import Picker
from pwb.simulator.wording import Facts, Words

_SHORT = ("twitter", "x")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*|\n+")
_LAST_OF_WEIGHT_ONE = "\u10ff"
_SHORTEST_BUDGET = 130
_BUDGET = 600


def compose_posts(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """``{"posts": [{"platform", "caption", "hashtags"}]}``, one for each platform asked for."""
    words = wording.words(str(document.get("locale", "en")))
    facts = Facts.of(document["listing"])
    category = str(document.get("category", "just_listed"))
    platforms = document.get("platforms")
    names = [str(p) for p in platforms] if isinstance(platforms, list) else ["facebook"]
    fixed = f"{key}|{json.dumps(document, sort_keys=True, default=str)}"
    return {
        "posts": [
            {
                "platform": name,
                "caption": _caption(
                    words, facts, document, category, Picker(f"{fixed}|{name}"), name
                ),
                "hashtags": _hashtags(words, facts, category),
            }
            for name in names
        ]
    }


def _caption(
    words: Words,
    facts: Facts,
    document: Mapping[str, Any],
    category: str,
    picker: Picker,
    platform: str,
) -> str:
    first = words.post(category, words.heading(facts))
    parts = [
        *_price_change(words, facts, document, category),
        *_event(words, document),
        words.comma.join(words.measures(facts)),
        words.join([label.bare for label in words.features(facts)[:4]]),
    ]
    lines = [first, *(f"{part[:1].upper()}{part[1:]}{words.stop}" for part in parts if part)]
    if platform not in _SHORT:
        lines.append(picker.pick(words.options("closing", str(document.get("tone", "")))))
    room = _SHORTEST_BUDGET if platform in _SHORT else _BUDGET
    return _as_many_as_fit([*lines, words.post_ending], words.space, room)


def shorten_posts(document: Mapping[str, Any], _key: str) -> dict[str, Any]:
    """The document's current posts with as many of their sentences, from the first on, as each
    platform has room for."""
    words = wording.words(str(document.get("locale", "en")))
    rooms = document.get("room")
    posts = document.get("current_posts")
    return {
        "posts": [
            {**post, "caption": _shortened(words, str(post.get("caption", "")), _room(rooms, post))}
            for post in posts or ()
            if isinstance(post, dict)
        ]
    }


def _room(rooms: object, post: Mapping[str, Any]) -> int:
    room = rooms.get(post.get("platform")) if isinstance(rooms, dict) else None
    return room if isinstance(room, int) else _SHORTEST_BUDGET


def _shortened(words: Words, caption: str, room: int) -> str:
    """At least a first sentence, cut where even that is too long."""
    kept = ""
    for sentence in filter(None, _SENTENCE_END.split(caption.strip())):
        longer = f"{kept}{words.space}{sentence}" if kept else sentence
        if _weight(longer) > room:
            break
        kept = longer
    return kept or caption[: room // 2].strip()


def _weight(text: str) -> int:
    return sum(1 if letter <= _LAST_OF_WEIGHT_ONE else 2 for letter in text)


def _event(words: Words, document: Mapping[str, Any]) -> list[str]:
    """The day and the hours of an open house."""
    event = document.get("event")
    if not isinstance(event, dict):
        return []
    try:
        day = words.day(date.fromisoformat(str(event.get("date"))))
    except ValueError:
        return []
    hours = "–".join(str(event[name]) for name in ("from", "until") if event.get(name))
    return [words.comma.join(filter(None, [day, hours]))]


def _price_change(
    words: Words, facts: Facts, document: Mapping[str, Any], category: str
) -> list[str]:
    price = words.short_price(facts)
    if category in ("sold", "rented", "market_update") or not price:
        return []
    before = _old_price(document)
    if category != "price_drop" or before is None:
        return [price]
    return [f"{words.money(before, facts.currency)} → {price}"]


def _old_price(document: Mapping[str, Any]) -> Decimal | None:
    try:
        return Decimal(str(document["old_price"]))
    except (KeyError, InvalidOperation):
        return None


def _as_many_as_fit(lines: list[str], space: str, room: int) -> str:
    text = lines[0]
    for line in lines[1:]:
        longer = f"{text}{space}{line}"
        text = longer if len(longer) <= room else text
    return text


def _hashtags(words: Words, facts: Facts, category: str) -> list[str]:
    city = re.sub(r"[\W_]+", "", facts.city)
    return ["#" + tag for tag in dict.fromkeys([*words.tags(category), city]) if tag]
