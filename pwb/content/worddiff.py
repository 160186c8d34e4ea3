"""What changed between two texts, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal

Kind = Literal["same", "removed", "added"]
_KINDS: tuple[Kind, ...] = ("same", "removed", "added")

# A word or a mark, and the space after it. Chinese and Japanese are written without spaces: there
# each character counts as a word.
_WIDE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u3005"
_WORD = re.compile(rf"([{_WIDE}]|[^\W{_WIDE}]+|[^\w\s]|^)(\s*)")
_MANY_WORDS = 4_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words that both texts have, or only the new one (added) or the old (removed)."""

    kind: Kind
    text: str


Words = list[tuple[str, str]]


def diff_words(old: str, new: str) -> list[Piece]:
    """The pieces in reading order, what was removed before what was added in its place.

    Those that are the same or removed join to `old`, those that are the same or added to `new`.
    """
    before, after = _WORD.findall(old), _WORD.findall(new)
    # Beyond that many words the frequent ones no longer count as anchors: it would take seconds.
    many = max(len(before), len(after)) > _MANY_WORDS
    words = [[word for word, _ in text] for text in (before, after)]
    matcher = SequenceMatcher(None, words[0], words[1], autojunk=many)
    return list(_joined(_pieces(matcher, before, after)))


def share_kept(old: str, new: str) -> float:
    """How much of the new text stood in the old one, by its words in their order: 0 to 1."""
    kept = sum(len(piece.text) for piece in diff_words(old, new) if piece.kind == "same")
    return kept / len(new) if new else 0.0


def _pieces(matcher: SequenceMatcher[str], before: Words, after: Words) -> Iterator[Piece]:
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        old, new = before[old_start:old_end], after[new_start:new_end]
        if kind == "equal":
            yield from _equal(old, new)
        else:
            yield Piece("removed", "".join(map("".join, old)))
            yield Piece("added", "".join(map("".join, new)))


def _equal(old: Words, new: Words) -> Iterator[Piece]:
    """The same words; the space after one may still be another."""
    for (word, old_space), (_, new_space) in zip(old, new, strict=True):
        yield Piece("same", word)
        if old_space == new_space:
            yield Piece("same", old_space)
        else:
            yield Piece("removed", old_space)
            yield Piece("added", new_space)


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Runs of the same in one piece, and what changed between two of them in one pair."""
    told = (piece for piece in pieces if piece.text)
    for _, run in groupby(told, key=lambda piece: piece.kind == "same"):
        parts = list(run)
        for kind in _KINDS:
            text = "".join(piece.text for piece in parts if piece.kind == kind)
            if text:
                yield Piece(kind, text)
