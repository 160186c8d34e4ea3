"""What rules are made of: patterns that match words of a text in linear time.

Matching walks over sets of positions, never backtracks, and remembers every list per position:
the time grows with the length of the text and nothing else.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from pwb.content.fair_housing_tokens import Tokens

Ends = frozenset[int]
_NOWHERE: Ends = frozenset()

_STOPS = frozenset(".!?;:()|•·\n<>=")
MARKS = _STOPS | frozenset(",&+/")
"""Tokens that are no words."""

NUMBER = "#"
"""Stands for any number among the beginnings of words; no word holds this sign."""

LONGEST_PIECE = 40
"""Longest beginning or end of a word that a pattern may name; longer words are looked at so far."""

Payload = TypeVar("Payload")


class Reading:
    """One text while it is matched, with what has been found out about it."""

    __slots__ = ("known", "starts", "tails", "tokens", "words")

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.words = (*tokens.words, "")  # Behind the last word stands an empty one.
        self.starts = tuple(_starts(word) for word in self.words)
        self.tails = tuple(_tails(word) for word in self.words)
        self.known: dict[tuple[int, int], Ends] = {}


@lru_cache(maxsize=4096)
def _starts(word: str) -> tuple[str, ...]:
    pieces = tuple(word[:end] for end in range(1, min(len(word), LONGEST_PIECE) + 1))
    return (*pieces, NUMBER) if word.isdigit() else pieces


@lru_cache(maxsize=4096)
def _tails(word: str) -> tuple[str, ...]:
    return tuple(word[-size:] for size in range(1, min(len(word), LONGEST_PIECE) + 1))


@dataclass(frozen=True, slots=True)
class Heads:
    """What a pattern can begin with; `anything` where that cannot be told from one word."""

    exact: frozenset[str] = frozenset()
    starts: frozenset[str] = frozenset()
    tails: frozenset[str] = frozenset()
    anything: bool = False

    def __or__(self, other: "Heads") -> "Heads":
        return Heads(
            self.exact | other.exact,
            self.starts | other.starts,
            self.tails | other.tails,
            self.anything or other.anything,
        )


def _one_of_all(many: Iterable[Heads]) -> Heads:
    """The same as joining them one by one, at a cost that grows with their number only."""
    many = tuple(many)
    return Heads(
        frozenset().union(*(heads.exact for heads in many)),
        frozenset().union(*(heads.starts for heads in many)),
        frozenset().union(*(heads.tails for heads in many)),
        any(heads.anything for heads in many),
    )


ANYTHING = Heads(anything=True)
A_NUMBER = Heads(starts=frozenset((NUMBER,)))
_NOTHING = Heads()


class Index(Generic[Payload]):
    """What to try at a position, by the word that stands there."""

    def __init__(self, entries: Iterable[tuple[Heads, Payload]]) -> None:
        entries = tuple(entries)
        self._always = tuple(payload for heads, payload in entries if heads.anything)
        telling = [(heads, payload) for heads, payload in entries if not heads.anything]
        self._exact = _table((heads.exact, payload) for heads, payload in telling)
        self._starts = _table((heads.starts, payload) for heads, payload in telling)
        self._tails = _table((heads.tails, payload) for heads, payload in telling)

    def candidates(self, reading: Reading, at: int) -> tuple[Payload, ...]:
        """Every payload whose heads fit the word at a position, perhaps more than once."""
        found = self._always + self._exact.get(reading.words[at], _NOTHING_FITS)
        if self._starts and not self._starts.keys().isdisjoint(reading.starts[at]):
            found += _fitting(self._starts, reading.starts[at])
        if self._tails and not self._tails.keys().isdisjoint(reading.tails[at]):
            found += _fitting(self._tails, reading.tails[at])
        return found

    def of_word(self, word: str) -> tuple[Payload, ...]:
        """The same for a word outside any text."""
        found = self._always + self._exact.get(word, _NOTHING_FITS)
        return found + _fitting(self._starts, _starts(word)) + _fitting(self._tails, _tails(word))


_NOTHING_FITS: tuple[Any, ...] = ()


def _fitting(table: dict[str, tuple[Payload, ...]], pieces: tuple[str, ...]) -> tuple[Payload, ...]:
    return tuple(payload for piece in pieces for payload in table.get(piece, ()))


def _table(
    entries: Iterable[tuple[frozenset[str], Payload]],
) -> dict[str, tuple[Payload, ...]]:
    table: defaultdict[str, list[Payload]] = defaultdict(list)
    for keys, payload in entries:
        for key in keys:
            table[key].append(payload)
    return {key: tuple(payloads) for key, payloads in table.items()}


class Pattern(ABC):
    """Something that matches from a position on, and ends at none, one or several.

    `needs` are words of which a match must have one of each lot, with how many others may stand
    before it; `reach` is how many words a match has at most.
    """

    __slots__ = ()

    heads: Heads = ANYTHING
    needs: Mapping[Heads, int] = MappingProxyType({})
    reach: int = 1
    may_be_empty: bool = False

    @abstractmethod
    def ends(self, reading: Reading, at: int) -> Ends:
        """Every position at which a match from here can end."""


class Word(Pattern):
    """A word in any of its spellings."""

    __slots__ = ("_spellings", "heads", "needs")

    def __init__(self, spellings: Iterable[str]) -> None:
        self._spellings = frozenset(spellings)
        self.heads = Heads(exact=self._spellings)
        self.needs = {self.heads: 0}

    def ends(self, reading: Reading, at: int) -> Ends:
        return frozenset((at + 1,)) if reading.words[at] in self._spellings else _NOWHERE


class PartOfWord(Pattern):
    """A word that begins, ends, or does both so; the star stands for at least nothing."""

    __slots__ = ("_starts", "_tails", "heads", "needs")

    def __init__(self, starts: Iterable[str] = ("",), tails: Iterable[str] = ("",)) -> None:
        self._starts, self._tails = tuple(starts), tuple(tails)
        if any(self._starts):
            self.heads = Heads(starts=frozenset(self._starts))
        else:
            self.heads = Heads(tails=frozenset(self._tails))
        self.needs = {self.heads: 0}

    def ends(self, reading: Reading, at: int) -> Ends:
        word = reading.words[at]
        fits = word.startswith(self._starts) and word.endswith(self._tails)
        return frozenset((at + 1,)) if fits and word else _NOWHERE


class Test(Pattern):
    """One token of a kind, such as a number; or, where `width` is 0, what stands next."""

    def __init__(
        self, test: Callable[[str], bool], width: int = 1, heads: Heads = ANYTHING
    ) -> None:
        self._test, self._width, self.heads = test, width, heads
        self.reach = width
        self.needs = {} if heads.anything else {heads: 0}
        self.may_be_empty = width == 0

    def ends(self, reading: Reading, at: int) -> Ends:
        return frozenset((at + self._width,)) if self._test(reading.words[at]) else _NOWHERE


class Look(Pattern):
    """Whether something follows (or does not), taking nothing."""

    may_be_empty = True
    reach = 0

    def __init__(self, part: Pattern, wanted: bool) -> None:
        self._part, self._wanted = part, wanted

    def ends(self, reading: Reading, at: int) -> Ends:
        found = bool(self._part.ends(reading, at))
        return frozenset((at,)) if found == self._wanted else _NOWHERE


class Gap(Pattern):
    """Up to so many words within the sentence; commas count for nothing."""

    may_be_empty = True

    def __init__(self, most: int) -> None:
        self._most = self.reach = most

    def ends(self, reading: Reading, at: int) -> Ends:
        found, words = {at}, 0
        while words < self._most and (word := reading.words[at]) and word not in _STOPS:
            words += word not in MARKS
            at += 1
            found.add(at)
        return frozenset(found)


class Repeated(Pattern):
    """None to so many of a pattern."""

    __slots__ = ("_most", "_part", "heads", "reach")

    may_be_empty = True

    def __init__(self, part: Pattern, most: int) -> None:
        self._part, self._most = part, most
        self.heads, self.reach = part.heads, most * part.reach

    def ends(self, reading: Reading, at: int) -> Ends:
        found, fresh = {at}, {at}
        for _ in range(self._most):
            fresh = {end for start in fresh for end in self._part.ends(reading, start)} - found
            found |= fresh
        return frozenset(found)


class Sequence(Pattern):
    """One pattern after the other."""

    __slots__ = ("_parts", "heads", "may_be_empty", "needs", "reach")

    def __init__(self, parts: tuple[Pattern, ...]) -> None:
        self._parts = parts
        self.needs = _needs_of_sequence(parts)
        self.may_be_empty = all(part.may_be_empty for part in parts)
        self.heads = _heads_of_sequence(parts)
        self.reach = sum(part.reach for part in parts)

    def ends(self, reading: Reading, at: int) -> Ends:
        found = self._parts[0].ends(reading, at)
        for part in self._parts[1:]:
            if not found:
                break
            found = _after(part, reading, found)
        return found


def _after(part: Pattern, reading: Reading, starts: Ends) -> Ends:
    if len(starts) == 1:
        (start,) = starts
        return part.ends(reading, start)
    return frozenset(end for start in starts for end in part.ends(reading, start))


def _heads_of_sequence(parts: tuple[Pattern, ...]) -> Heads:
    heads = _NOTHING
    for part in parts:
        heads |= part.heads
        if not part.may_be_empty:
            return heads
    return ANYTHING


def _needs_of_sequence(parts: tuple[Pattern, ...]) -> dict[Heads, int]:
    needs: dict[Heads, int] = {}
    before = 0
    for part in parts:
        for heads, within in part.needs.items():
            needs.setdefault(heads, before + within)
        before += part.reach
    return needs


def _needs_of_choice(parts: tuple[Pattern, ...]) -> dict[Heads, int]:
    """What all need, and the words of which each needs one: the most telling of its own."""
    common = set(parts[0].needs).intersection(*(part.needs for part in parts))
    needs = {heads: max(part.needs[heads] for part in parts) for heads in common}
    if all(part.needs for part in parts):
        telling = [max(part.needs.items(), key=_how_telling) for part in parts]
        heads = _one_of_all(own for own, _ in telling)
        needs.setdefault(heads, max(within for _, within in telling))
    return needs


def _how_telling(need: tuple[Heads, int]) -> tuple[int, int]:
    """Long words are rarer than short ones: of "a family", the second is worth looking for."""
    heads, within = need
    return min(map(len, heads.exact | heads.starts | heads.tails)), -within


class Choice(Pattern):
    """One of several patterns, found by the word that stands at the position."""

    def __init__(self, parts: tuple[Pattern, ...]) -> None:
        self.parts = parts
        self.may_be_empty = any(part.may_be_empty for part in parts)
        self.reach = max(part.reach for part in parts)
        self.heads = _one_of_all(part.heads for part in parts)
        self.needs = _needs_of_choice(parts)

    @cached_property
    def _index(self) -> Index[Pattern]:
        """Made when first looked at: a text looks at few of the lists of its language."""
        return Index((part.heads, part) for part in self.parts)

    def ends(self, reading: Reading, at: int) -> Ends:
        key = (id(self), at)
        known = reading.known.get(key)
        if known is None:
            candidates = self._index.candidates(reading, at)
            found = _NOWHERE.union(*[part.ends(reading, at) for part in candidates])
            known = reading.known[key] = found
        return known
