"""Tokens, roughly: about four Latin letters each, or a little more than one Chinese character."""

import re
from collections.abc import Iterator

_WORD = re.compile(r"\s*\S+\s*|\s+")
_PIECE = 6


def count(text: str) -> int:
    """How many tokens a text is charged as; 0 only for an empty text."""
    wide = sum(1 for letter in text if ord(letter) > 0x2FF)
    return -(-((len(text) - wide) * 10 + wide * 25) // 40)


def cut(text: str, tokens: int) -> str:
    """The longest start of a text that is within a number of tokens."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(text[:middle]) <= tokens else (low, middle - 1)
    return text[:low]


def pieces(text: str) -> Iterator[str]:
    """A text in the pieces in which it is streamed: words, and parts of long words."""
    for word in _WORD.findall(text):
        yield from (word[at : at + _PIECE] for at in range(0, len(word), _PIECE))
