"""What the simulator says of photos: features picked by the bytes of each.

It sees nothing, and its words say so. The same photo gives the same words, so that what becomes of
them can be tested.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from pwb.simulator import wording
from pwb.simulator.composing import LIMITS

TOKENS_A_PICTURE = 1000
_SIGHTS = ("fireplace", "balcony", "solarium", "roof_terrace")
_MOST_IN_A_TEXT = 2


def pictures(messages: Iterable[Mapping[str, Any]]) -> list[str]:
    """The addresses of all pictures in the messages, which for sent ones are the pictures."""
    parts = (m["content"] for m in messages if isinstance(m.get("content"), list))
    found = (part.get("image_url") for content in parts for part in content if _is_picture(part))
    return [str(each.get("url", "")) if isinstance(each, dict) else str(each) for each in found]


def describe(document: Mapping[str, Any], sent: list[str]) -> dict[str, Any]:
    """``{"alt_text"}`` of the first photo."""
    words = wording.words(str(document.get("locale", "en")))
    seen = _seen(words, sent)
    return {"alt_text": words.with_fact("alt", words.join(seen[:1]))}


def add_seen(
    payload: dict[str, Any], document: Mapping[str, Any], sent: list[str]
) -> dict[str, Any]:
    """A listing's text with a sentence on what its photos show, where they were to be looked at."""
    if "description" not in payload or "photos" not in document:
        return payload
    words = wording.words(str(document.get("locale", "en")))
    seen = _seen(words, sent)[:_MOST_IN_A_TEXT]
    sentence = words.with_fact("seen", words.join(seen))
    text = f"{payload['description']}\n\n{sentence}" if sentence else payload["description"]
    if len(text) > LIMITS["description"]:
        return {**payload, "seen_in_photos": []}
    return {**payload, "description": text, "seen_in_photos": seen}


def _is_picture(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") == "image_url"


def _seen(words: wording.Words, sent: list[str]) -> list[str]:
    picked = (_SIGHTS[hashlib.sha256(url.encode()).digest()[0] % len(_SIGHTS)] for url in sent)
    return [words.feature(key).full for key in dict.fromkeys(picked)]
