"""Tells from the words of a text alone where which of many patterns may match.

Hundreds of patterns look for people beside "the" or "for", and few texts have such people nearby.
A set of places in a text is a number here, with a bit for each word.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from pwb.content.fair_housing_patterns import MARKS, Heads, Index, Pattern, Reading

Needs = tuple[tuple[int, int], ...]
"""Lots of words, each by its number, with the reach within which one of the lot must follow."""

_NO_LOT = -1
"""Stands for the need of a pattern that has none."""


class Sieve:
    """Some patterns, known by their places in the order given."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        patterns = tuple(patterns)
        numbers: dict[Heads, int] = {}
        self._asking: dict[int, list[tuple[int, Needs]]] = {}
        for place, pattern in enumerate(patterns):
            needs = tuple(
                (numbers.setdefault(heads, len(numbers)), within)
                for heads, within in pattern.needs.items()
            )
            # Each is kept under one of its needs, so that a text without it never meets the rest.
            self._asking.setdefault(needs[0][0] if needs else _NO_LOT, []).append((place, needs))
        lots = Index(numbers.items())
        firsts = Index((pattern.heads, place) for place, pattern in enumerate(patterns))
        # Texts use the same words over and over.
        self._lots_of = lru_cache(maxsize=4096)(lots.of_word)
        self._firsts_of = lru_cache(maxsize=4096)(lambda word: frozenset(firsts.of_word(word)))

    def candidates(self, reading: Reading) -> Iterator[tuple[int, int]]:
        """Positions, each with a pattern to try there."""
        counts = tuple(_counts(reading.words))
        near = self._near(reading, counts)
        possible = near.keys()
        for at in range(len(reading.tokens)) if possible else ():
            for place in possible & self._firsts_of(reading.words[at]):
                if near[place] >> counts[at] & 1:
                    yield at, place

    def _near(self, reading: Reading, counts: tuple[int, ...]) -> dict[int, int]:
        """The patterns whose needs the text meets, with the places that have all of them ahead."""
        where: dict[int, int] = {}
        for word, count in zip(reading.words, counts, strict=True):
            for lot in self._lots_of(word):
                where[lot] = where.get(lot, 0) | 1 << count
        everywhere = (1 << len(counts)) - 1
        near: dict[int, int] = {}
        for place, needs in self._asked(where):
            ahead = everywhere
            for lot, within in needs:
                ahead &= _spread(where.get(lot, 0), within)
                if not ahead:
                    break
            else:
                near[place] = ahead
        return near

    def _asked(self, lots: Iterable[int]) -> Iterator[tuple[int, Needs]]:
        for lot in (_NO_LOT, *lots):
            yield from self._asking.get(lot, ())


def _counts(words: tuple[str, ...]) -> Iterator[int]:
    """How many words stand before each; marks are none, for gaps pass over any number of them."""
    count = 0
    for word in words:
        yield count
        count += word not in MARKS


def _spread(places: int, reach: int) -> int:
    """The places that have one of these at most so many words on."""
    done = 0
    while done < reach:
        step = min(done + 1, reach - done)
        places |= places >> step
        done += step
    return places
