"""A text as the plain words that rules look at, each knowing where it stands in the text."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_JAPANESE_SYLLABLES = "぀-ヿ"
_IDEOGRAPHS = "㐀-鿿"
_LETTER = rf"[^\W\d_{_JAPANESE_SYLLABLES}{_IDEOGRAPHS}]"
_TOKEN = re.compile(
    rf"(?P<cjk>[{_JAPANESE_SYLLABLES}{_IDEOGRAPHS}])"
    rf"|(?P<word>{_LETTER}+(?:'{_LETTER}+)*)"
    r"|(?P<number>\d+)"
    r"|(?P<paragraph>\n *\n)"
    r"|(?P<mark>[.!?;:,()&+/<>=|•·])"
)

_APOSTROPHES = "'’‘ʼ′`´"
_DASHES = "-‐‑‒–—―−"
_SPELLINGS = {
    **dict.fromkeys(_APOSTROPHES, "'"),
    **dict.fromkeys(_DASHES, "-"),
    **{"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i", "\n": "\n", "…": "."},
    **{"。": ".", "！": "!", "？": "?", "，": ",", "、": ",", "；": ";", "：": ":"},
}
_ELISIONS = frozenset(
    (
        *("un", "dell", "all", "nell", "dall", "sull", "quell", "quest", "bell", "nessun"),
        *("alcun", "jusqu", "lorsqu", "puisqu", "quoiqu"),
    )
)
_BLANKS = "\u115f\u1160\u180e\u2800\u3164\uffa0"
"""Characters that show as a space and are none by their category."""

_COMBINING = re.compile("[\u0300-\u036f]")
_INVISIBLE = frozenset(("Cf", "Cc", "Mn", "Me"))

PARAGRAPH = "\n"
"""The token that stands between two paragraphs."""

POSSESSIVE = "'s"
"""The token of an English possessive, which makes the word before it describe the word after."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Words folded to small letters without accents, and their offsets in the text as given."""

    words: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.words)


def tokens_of(text: str) -> Tokens:
    """The tokens of a text; characters that do not show (zero-width, soft hyphen) are ignored."""
    folded, offsets = _folded(text)
    found = tuple(_parts(folded))
    ends = (_end_of_character(text, offsets[end - 1]) for _, _, end in found)
    return Tokens(
        tuple(word for word, _, _ in found),
        tuple(offsets[start] for _, start, _ in found),
        tuple(ends),
    )


def _parts(folded: str) -> Iterator[tuple[str, int, int]]:
    for match in _TOKEN.finditer(folded):
        word, start, end = match.group(), match.start(), match.end()
        if match.lastgroup == "paragraph":
            yield PARAGRAPH, start, end
        elif "'" in word:
            yield from _apart(word, start)
        else:
            yield word, start, end


def _apart(word: str, start: int) -> Iterator[tuple[str, int, int]]:
    """ "children's" and "d'enfants" in two, "don't" in one without its apostrophe."""
    before, after = word.split("'", 1)
    middle = start + len(before)
    if after == "s":
        yield before, start, middle
        yield POSSESSIVE, middle, start + len(word)
    elif len(before) <= 2 or before in _ELISIONS:
        yield before, start, middle
        yield after.replace("'", ""), middle + 1, start + len(word)
    else:
        yield word.replace("'", ""), start, start + len(word)


def _folded(text: str) -> tuple[str, list[int]]:
    if text.isascii():
        return text.lower().translate(_ASCII_LIKE), list(range(len(text)))
    pieces = [_fold(character) for character in text]
    offsets = [index for index, piece in enumerate(pieces) for _ in piece]
    return "".join(pieces), offsets


_ASCII_LIKE = str.maketrans({"`": "'", "\t": " ", "\r": " "})


@lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    if "぀" <= character <= "ヿ":
        return character
    known = _SPELLINGS.get(character.casefold())
    if known is not None:
        return known
    if character in "\t\r" or character in _BLANKS:
        return " "
    if unicodedata.category(character) in _INVISIBLE:
        return ""
    plain = _COMBINING.sub("", unicodedata.normalize("NFKD", character).casefold())
    return "".join(_SPELLINGS.get(part, part) for part in plain)


def fold_word(word: str) -> str:
    """A single word as tokens are folded."""
    return "".join(_fold(character) for character in word)


def _end_of_character(text: str, index: int) -> int:
    """The offset after a character and the accents that stand on it."""
    end = index + 1
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end
