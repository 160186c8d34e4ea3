"""A text cut into words, figures and breaks, each with its place in the text as given."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pwb.content.vocabulary import without_accents

TokenKind = Literal["word", "number", "symbol", "comma", "stop", "name"]

SPACE_GROUPS = frozenset(("fr", "ru", "es", "pt", "it", "de", "nl"))
"""Locales that may group thousands by a plain space ("2 500 m²")."""

_CJK = "\\u3005-\\u3007\\u3040-\\u309f\\u3400-\\u9fff\\uf900-\\ufaff"
_KANA = "\\u30a1-\\u30fa\\u30fc-\\u30fe\\uff66-\\uff9f"
_FRACTIONS = "½¼¾"
_UNSEEN = "\u00ad\u034f\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff"
_PIECES = rf"""
  (?P<number>SPACED\d+(?:[.,'’٫٬\u00a0\u202f\u2009]\d+)*
     (?:[ ]?[{_FRACTIONS}]|[ ][1-3]/[2-4](?![\d/]))?
    |[{_FRACTIONS}])
 |(?P<kana>[{_KANA}]+)
 |(?P<cjk>[{_CJK}])
 |(?P<word>(?:(?![{_CJK}{_KANA}{_FRACTIONS}])[^\W\d_][\u0300-\u036f{_UNSEEN}]*)+\d*)
 |(?P<symbol>[€$£¥￥₽₹₩%°º㎡\#+/&×])
 |(?P<comma>[,、，:：()（）「」『』\[\]・|]|(?<!\w)-|[–—])
 |(?P<stop>[.!?;…。！？；•\n])
"""
_SPACED = r"(?<!\d)\d{1,3}(?:[ ]\d{3}(?!\d))+(?:,\d+)?|"
_PLAIN_TOKENS = re.compile(_PIECES.replace("SPACED", ""), re.VERBOSE)
_SPACED_TOKENS = re.compile(_PIECES.replace("SPACED", _SPACED), re.VERBOSE)

# After these a point does not end the sentence.
_ABBREVIATIONS = frozenset(
    (
        *("ca", "approx", "aprox", "env", "circa", "c", "sq", "mio", "mill", "nr", "bzw", "inkl"),
        *("incl", "zzgl", "st", "кв", "млн", "тыс", "руб", "min", "mq", "ft", "ca", "og", "no"),
    )
)
_HIDDEN = re.compile(f"[{_UNSEEN}]")
_NEXT = re.compile(r"[^\S\n]*(\S)")


@dataclass(slots=True)
class Token:
    """One piece. `norm` is folded: small letters, no accents; `glued` means nothing but a hyphen
    stands between it and the piece before; `dotted` is a figure with a point after it ("3.").
    """

    start: int
    end: int
    kind: TokenKind
    norm: str
    sentence: int
    glued: bool = False
    dotted: bool = False


@lru_cache(maxsize=8192)
def fold(word: str) -> str:
    """Small letters without accents ("Façade" is "facade"); kana keep their marks."""
    if word.isascii():
        return word.lower()
    if len(word) == 1 and "\u3040" <= word <= "\u9fff":
        return word
    if any("\u3040" <= letter <= "\u30ff" for letter in word):
        return unicodedata.normalize("NFC", word).casefold()
    return without_accents(_HIDDEN.sub("", word)).casefold().replace("\u2044", "/")


def tokenise(text: str, locale: str) -> list[Token]:
    """The pieces of the text in order; white space, quotes and hyphens inside words are gone."""
    pattern = _SPACED_TOKENS if locale in SPACE_GROUPS else _PLAIN_TOKENS
    tokens: list[Token] = []
    sentence = 0
    for piece in pattern.finditer(text):
        group = piece.lastgroup or "symbol"
        if group == "stop" and not _ends_sentence(text, piece, tokens):
            continue
        start, end = piece.span()
        glued = bool(tokens) and _touches(text, tokens[-1].end, start)
        tokens.append(Token(start, end, _KINDS[group], fold(piece[0]), sentence, glued))
        sentence += group == "stop"
    return tokens


_KINDS: dict[str, TokenKind] = {
    "number": "number",
    "kana": "word",
    "cjk": "word",
    "word": "word",
    "symbol": "symbol",
    "comma": "comma",
    "stop": "stop",
}


def _touches(text: str, end: int, start: int) -> bool:
    """Whether what starts here is glued to what ends there."""
    return start == end or (start == end + 1 and text[end] in "-\u2011'’")


def _ends_sentence(text: str, piece: re.Match[str], tokens: list[Token]) -> bool:
    if piece[0] not in ".\n" or not tokens:
        return True
    following = _NEXT.match(text, piece.end())
    next_character = following[1] if following else ""
    if piece[0] == "\n":
        return not next_character.islower()
    last = tokens[-1]
    if last.end == piece.start() and last.kind == "number" and last.norm.isdigit():
        last.dotted = len(last.norm) <= 2 and bool(next_character) and next_character.isalpha()
        return not last.dotted
    return not next_character.islower() and last.norm not in _ABBREVIATIONS
