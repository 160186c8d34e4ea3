"""Hashtags as platforms take them: one word of letters and digits, each tag once, not too many."""

import re
import unicodedata
from collections.abc import Iterable

from pwb.content.plain_text import without_hidden_characters
from pwb.content.platforms import Platform

LONGEST = 60
"""Characters of a hashtag, its mark included; a longer one would be read by nobody."""

_MARK = "#＃"
_IN_TEXT = re.compile(r"(?<![\w&/#＃])[#＃](\w+)")
_LAST = re.compile(r"(?<![\w&/])[#＃]\w+")
_WORDS = re.compile(r"(?<=[^\W\d_])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])|(?<=\D)(?=\d)|_+")


def clean_hashtags(tags: Iterable[str], platform: Platform) -> list[str]:
    """The tags as the platform takes them, in their order, each once whatever its case, at most
    as many as the platform likes. What cannot be made a tag is left out."""
    found: dict[str, str] = {}
    for tag in tags:
        cleaned = clean_hashtag(tag, platform)
        if cleaned:
            found.setdefault(cleaned.casefold(), cleaned)
    return list(found.values())[: platform.hashtags.max]


def clean_hashtag(tag: str, platform: Platform) -> str:
    """One tag as "#SeaView" ("sea view" too), or "" where nothing of it can be one."""
    text = unicodedata.normalize("NFC", without_hidden_characters(tag)).strip().lstrip(_MARK)
    underscore = platform.hashtags.form == "letters_digits_underscore"
    words = "".join(letter if _may_stand(letter, underscore) else " " for letter in text).split()
    if len(words) > 1:
        words = [word[:1].upper() + word[1:] for word in words]
    joined = "".join(words)
    if len(joined) >= LONGEST or not any(letter.isalpha() for letter in joined):
        return ""
    return f"#{joined}"


def _may_stand(letter: str, underscore: bool) -> bool:
    kind = unicodedata.category(letter)
    return kind[0] in "LM" or kind == "Nd" or (underscore and letter == "_")


def in_text(caption: str) -> list[str]:
    """The hashtags that stand in a caption itself."""
    return [f"#{found[1]}" for found in _IN_TEXT.finditer(caption)]


def apart(caption: str) -> tuple[str, list[str]]:
    """A caption without its hashtags, and these: those at its end are taken away, those within a
    sentence become plain words."""
    tags = in_text(caption)
    return _IN_TEXT.sub(lambda found: found[1], _without_last_tags(caption)).strip(), tags


def _without_last_tags(caption: str) -> str:
    """The caption up to the row of tags at its end. They are taken one by one from behind: a single
    pattern for the row would take minutes over a model that stammers tags."""
    rest = caption.rstrip()
    while tag := _LAST.fullmatch(rest, max(map(rest.rfind, _MARK))):
        rest = rest[: tag.start()].rstrip()
    return rest


def in_words(tag: str) -> str:
    """A tag as the words it is made of, for the checks: "#FamilyHome" is "Family Home"."""
    return " ".join(_WORDS.sub(" ", tag.lstrip(_MARK)).split())
