"""Words that an agency avoids, looked for in a text: whole words, in any case, common endings too.

The endings are those with which a word of the language is inflected (stunning, nestled; traumhaft,
traumhafte), not its derivations; Chinese and Japanese, written without spaces, are searched as
they stand.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

# What may follow the whole word, and what may take the place of its last letters.
_ENDINGS: dict[str, tuple[str, ...]] = {
    "en": ("s", "es", "ed", "d", "ing", "ly", "'s"),
    "es": ("s", "es"),
    "fr": ("s", "x", "e", "es"),
    "de": ("e", "em", "en", "er", "es", "n", "s"),
    "pt": ("s", "es"),
    "it": (),
    "nl": ("e", "en", "s", "'s"),
    "ru": ("а", "у", "ом", "е", "ы", "и", "ов", "ам", "ами", "ах"),
}


def _ends(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ADJECTIVE = _ends("ый ий ой ая яя ое ее ые ие ого его ому ему ым им ых их ыми ими ую юю ей")
_NOUN = _ends("а я о е у ю ы и ой ей ом ем ам ям ами ями ах ях")
_REPLACED: dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = {
    "en": ((("e",), ("es", "ed", "ing")), (("y",), ("ies", "ied", "ier", "iest", "ily"))),
    "es": ((("o", "a"), ("o", "a", "os", "as")), (("z",), ("ces",)), (("ón",), ("ones",))),
    "fr": ((("eux",), ("euse", "euses")), (("al",), ("aux",)), (("f",), ("ve", "ves"))),
    "de": ((("e",), ("em", "en", "er", "es")),),
    "pt": ((("o", "a"), ("o", "a", "os", "as")), (("ão",), ("ões",)), (("l",), ("is",))),
    "it": ((("o", "a", "e"), ("o", "a", "i", "e")),),
    "nl": (),
    "ru": ((_ADJECTIVE, _ADJECTIVE), (("а", "я", "о", "е", "ь"), _NOUN)),
}
# Of a shorter word, an ending would make another word.
_SHORTEST_INFLECTED = 4
_WIDE = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_LETTER = rf"[^\W{_WIDE}]"
_BETWEEN = r"[\s\-‐‑–]+"
_APOSTROPHES = "'’ʼ"


class Avoided(NamedTuple):
    """Where a text has a word to avoid, and which one of the list it is."""

    start: int
    end: int
    word: str


def find_avoided(text: str, words: Iterable[str], locale: str) -> list[Avoided]:
    """The places with words to avoid, in the order of the text; the longer of two that overlap."""
    listed = tuple(dict.fromkeys(word.strip() for word in words if word.strip()))
    pattern = _pattern(listed, locale)
    if pattern is None:
        return []
    return [
        Avoided(found.start(), found.end(), listed[int((found.lastgroup or "w0")[1:])])
        for found in pattern.finditer(text)
    ]


@lru_cache(maxsize=256)
def _pattern(words: Sequence[str], locale: str) -> re.Pattern[str] | None:
    """One search for all words, the longest first; None where there are none."""
    turns = sorted(range(len(words)), key=lambda turn: -len(words[turn]))
    parts = [f"(?P<w{turn}>{_one_word(words[turn], locale)})" for turn in turns]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def _one_word(word: str, locale: str) -> str:
    """The pattern of a word or phrase; the last part of a phrase takes endings."""
    *first, last = [part for part in re.split(_BETWEEN, word) if part] or [word]
    body = _BETWEEN.join([*map(_spelled, first), _inflected(last, locale)])
    before = rf"(?<!{_LETTER})" if re.match(_LETTER, word) else ""
    after = rf"(?!{_LETTER})" if re.search(rf"{_LETTER}$", word) else ""
    return f"{before}(?:{body}){after}"


def _inflected(word: str, locale: str) -> str:
    forms = [_spelled(word)]
    if len(word) >= _SHORTEST_INFLECTED and re.search(rf"{_LETTER}$", word):
        forms.insert(0, f"{_spelled(word)}{_any_of(_ENDINGS.get(locale, ()))}")
        forms += _with_another_end(word, locale)
    return "(?:" + "|".join(forms) + ")"


def _with_another_end(word: str, locale: str) -> list[str]:
    for old_ends, new_ends in _REPLACED.get(locale, ()):
        end = next((end for end in old_ends if word.lower().endswith(end)), None)
        if end is not None and len(word) - len(end) >= _SHORTEST_INFLECTED - 1:
            return [_spelled(word[: -len(end)]) + _any_of(new_ends)]
    return []


def _any_of(ends: Iterable[str]) -> str:
    return (
        "(?:" + "|".join([*map(_spelled, sorted(ends, key=len, reverse=True))]) + ")"
        if ends
        else "(?!)"
    )


def _spelled(word: str) -> str:
    return "".join(map(_letter, unicodedata.normalize("NFC", word)))


def _letter(letter: str) -> str:
    """The letter however it is encoded: composed or not, with either apostrophe."""
    if letter in _APOSTROPHES:
        return f"[{_APOSTROPHES}]"
    parts = unicodedata.normalize("NFD", letter)
    return re.escape(letter) if parts == letter else f"(?:{letter}|{parts})"
