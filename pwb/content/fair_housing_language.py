"""The pattern language of the rules, as a translator or a lawyer writes it.

no children         these words in this order; case, accents, hyphens and quotes do not matter
child|children      one or the other; a line break in a list does the same
famil*  *wohnung    words that begin, or end, so
sorry?              may be missing
(a b|c)             a group
<kids>              one of the named list
<mild>{3}           none to three of them
...2                up to two words of any kind within the sentence
#                   a number in digits
@                   punctuation or the end of the text (takes nothing)
_                   any one word
~                   a question mark
!<noun>  =<verb>    is not, or is, followed by (takes nothing)
"""

import re
from collections.abc import Callable, Mapping
from functools import cache

from pwb.content.fair_housing_patterns import (
    A_NUMBER,
    ANYTHING,
    MARKS,
    Choice,
    Gap,
    Heads,
    Look,
    PartOfWord,
    Pattern,
    Repeated,
    Sequence,
    Test,
    Word,
)
from pwb.content.fair_housing_tokens import POSSESSIVE, fold_word, tokens_of

_SYNTAX = re.compile(
    r"\.\.\.\d|\{\d\}|<[a-z_]+>|[()|?!=&@#~,:/+.]|[^\s()|?!=&@#~{}<>,:/+.]+|(?P<bad>\S)"
)
_LINE_BREAKS = re.compile(r"\s*\n\s*")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


class BadPattern(ValueError):
    """A pattern that cannot be read; the message quotes it."""


def compile_list(text: str, lists: Mapping[str, Pattern]) -> Choice:
    """The alternatives of a list, divided by line breaks or bars. Raises BadPattern."""
    return _Parser(_LINE_BREAKS.sub("|", text.strip()), lists).whole()


class _Parser:
    def __init__(self, text: str, lists: Mapping[str, Pattern]) -> None:
        self._text, self._lists = text, lists
        marks = tuple(_SYNTAX.finditer(text))
        self._marks = (*(match.group() for match in marks), "")  # The empty one ends the text.
        self._at = 0
        if any(match.lastgroup == "bad" for match in marks):
            raise self._bad("has a sign that means nothing")

    def whole(self) -> Choice:
        choice = self._choice()
        if self._next():
            raise self._bad(f"has {self._next()!r} out of place")
        return choice

    def _bad(self, what: str) -> BadPattern:
        return BadPattern(f"The pattern {self._text!r} {what}.")

    def _next(self) -> str:
        return self._marks[self._at]

    def _take(self) -> str:
        mark = self._marks[self._at]
        self._at += bool(mark)
        return mark

    def _choice(self) -> Choice:
        parts = [self._sequence()]
        while self._next() == "|":
            self._take()
            parts.append(self._sequence())
        return _one_of(tuple(parts))

    def _sequence(self) -> Pattern:
        parts: list[Pattern] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._item())
        if not parts:
            raise self._bad("has an empty alternative")
        return parts[0] if len(parts) == 1 else _in_order(tuple(parts))

    def _item(self) -> Pattern:
        if self._next() in ("!", "="):
            wanted = self._take() == "="
            return _look(self._atom(self._take()), wanted)
        atom = self._atom(self._take())
        if self._next() == "?":
            self._take()
            return _up_to(atom, 1)
        if self._next().startswith("{"):
            return _up_to(atom, int(self._take()[1]))
        return atom

    def _atom(self, mark: str) -> Pattern:
        if mark == "(":
            return self._group()
        if mark.startswith("<"):
            return self._named(mark.strip("<>"))
        if mark.startswith("..."):
            return _gap(int(mark[3]))
        if mark in _TESTS:
            return _test(*_TESTS[mark])
        if not mark or mark in ")?!=|" or mark.startswith("{"):
            raise self._bad("ends too early" if not mark else f"has {mark!r} out of place")
        return _word(mark)

    def _group(self) -> Pattern:
        choice = self._choice()
        if self._take() != ")":
            raise self._bad("has a group that is not closed")
        return choice

    def _named(self, name: str) -> Pattern:
        if name not in self._lists:
            raise self._bad(f"names the list {name!r}, which is not there or comes later")
        return self._lists[name]


_TESTS: dict[str, tuple[Callable[[str], bool], int, Heads]] = {
    "#": (str.isdigit, 1, A_NUMBER),
    "@": (lambda word: not word or word in MARKS, 0, ANYTHING),
    "_": (lambda word: bool(word) and word not in MARKS, 1, ANYTHING),
    "~": (lambda word: word == "?", 1, Heads(exact=frozenset("?"))),
}


# Rules are written of the same parts over and over. One object for all that are alike lets a
# reading remember what it found for the first of them.
_one_of, _in_order, _up_to = cache(Choice), cache(Sequence), cache(Repeated)
_look, _gap, _test = cache(Look), cache(Gap), cache(Test)


@cache
def _word(mark: str) -> Pattern:
    """A word as tokens are made of it: "d'enfants" is two, so are two Chinese characters."""
    if "*" in mark:
        return _part_of_word(mark)
    if mark == POSSESSIVE:
        return Word((POSSESSIVE,))
    readings = [tokens_of(spelling).words for spelling in _spellings(mark)]
    if not readings[0]:
        raise BadPattern(f"The pattern {mark!r} is no word of a text.")
    if len(readings[0]) == 1:
        return Word(words[0] for words in readings)
    return Sequence(tuple(Word(words) for words in zip(*readings, strict=True)))


def _part_of_word(mark: str) -> Pattern:
    if mark.count("*") > 1:
        raise BadPattern(f"The pattern {mark!r} has more than one star.")
    spellings = [fold_word(spelling).split("*", 1) for spelling in _spellings(mark)]
    return PartOfWord((start for start, _ in spellings), (tail for _, tail in spellings))


def _spellings(mark: str) -> tuple[str, ...]:
    """German umlauts are also written with an e."""
    written_out = mark.casefold().translate(_UMLAUTS)
    return (mark,) if written_out == mark.casefold() else (mark, written_out)
