"""Photos in words: the alt text of one, and what a text says that only its photos tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pwb.content.exact_json import exact_json
from pwb.content.listing import ListingFacts, Prompt, listing_document
from pwb.content.locales import LOCALES
from pwb.content.parsing import member
from pwb.content.plain_text import cut_at_word, from_markup, one_line
from pwb.content.rendering import render_prompt

ALT_TEXT = "photo_alt_text"
ALT_LENGTH = 300
"""The longest an alt text may be, in characters; a screen reader reads it in one breath."""

_ASKED_LENGTH = 140
_MOST_SEEN, _LONGEST_SEEN = 40, 200

ALT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "alt_text": {
            "type": "string",
            "description": f"What the photo shows, at most {_ASKED_LENGTH} characters.",
        }
    },
    "required": ["alt_text"],
    "additionalProperties": False,
}


class NoAltText(ValueError):
    """The answer describes no photo."""


def alt_text_messages(facts: ListingFacts, locale: str) -> tuple[Prompt, Prompt]:
    """The instructions, and the data that goes along with the one photo."""
    language = LOCALES[locale]
    instructions = render_prompt(ALT_TEXT, language=language, locale=locale, length=_ASKED_LENGTH)
    document = {"task": ALT_TEXT, "locale": locale, "listing": listing_document(facts)}
    return Prompt("system", instructions), Prompt("user", exact_json(document))


def parse_alt_text(answer: str) -> str:
    """The alt text in a model's answer, on one line within ALT_LENGTH; raises NoAltText."""
    found = member(answer, "alt_text")
    text = one_line(from_markup(found)) if isinstance(found, str) else ""
    if not text:
        raise NoAltText("The model's answer holds no alt text.")
    return cut_at_word(text, ALT_LENGTH)


def parse_seen(answer: str) -> tuple[str, ...]:
    """The wordings that a listing's text owes to its photos, as the model declares them."""
    found = member(answer, "seen_in_photos")
    listed = found if isinstance(found, list) else []
    phrases = (one_line(each) for each in listed if isinstance(each, str))
    kept = dict.fromkeys(phrase for phrase in phrases if 0 < len(phrase) <= _LONGEST_SEEN)
    return tuple(kept)[:_MOST_SEEN]


def seen_spans(text: str, phrases: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Where the wordings stand in the text, whatever their case and their spaces."""
    for phrase in phrases:
        words = r"\s+".join(map(re.escape, phrase.split()))
        if words:
            pattern = rf"(?<!\w){words}(?!\w)" if phrase.isascii() else words
            yield from (found.span() for found in re.finditer(pattern, text, re.IGNORECASE))
