"""The phrases that claims are made of, from lexicon/<locale>.txt, and where a text has them."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from itertools import product
from typing import Literal, NamedTuple

from pwb.content.claims_text import Token, fold, tokenise
from pwb.content.locales import LOCALES
from pwb.content.once import once_each

_NARROW, _WIDE = 3, 6
_GAPS = {"..": _NARROW, "...": _WIDE}
_PARTS = re.compile(r"\(|\)|[^\s()]+")
Mode = Literal["exact", "prefix", "suffix"]


@dataclass(frozen=True, slots=True)
class Element:
    """One word of a phrase; `gap` words may stand before it; `own` is False for context only."""

    mode: Mode
    norm: str
    gap: int = 0
    own: bool = True

    @property
    def is_plain(self) -> bool:
        """Whether just this word stands next and belongs to the phrase."""
        return self.mode == "exact" and self.own and not self.gap

    def fits(self, token: Token) -> bool:
        if self.mode == "exact":
            return token.norm == self.norm
        if self.mode == "prefix":
            return token.norm.startswith(self.norm)
        return token.norm.endswith(self.norm)


@dataclass(frozen=True, slots=True)
class Phrase:
    """One way to say something: the section and key it stands under, and its words."""

    section: str
    key: str
    elements: tuple[Element, ...]


class Match(NamedTuple):
    """A phrase found in a text: the numbers of its own tokens, rising, and the outermost two."""

    section: str
    key: str
    tokens: tuple[int, ...]
    first: int
    last: int


@dataclass(slots=True)
class Branch:
    """Plain phrases that begin with the same words: those that end here, and how others go on."""

    whole: list[Phrase] = field(default_factory=list)
    then: dict[str, "Branch"] = field(default_factory=dict)


Opening = tuple[Branch | None, tuple[Phrase, ...]]


@dataclass(slots=True)
class Lexicon:
    """All phrases of one locale, found by their first word."""

    locale: str
    terms: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    words: dict[str, frozenset[str]] = field(default_factory=dict)
    joined: dict[str, frozenset[str]] = field(default_factory=dict)
    stop_words: frozenset[str] = frozenset()
    _starts: dict[Mode, dict[str, list[Phrase]]] = field(
        default_factory=lambda: {"exact": {}, "prefix": {}, "suffix": {}}
    )
    _root: Branch = field(default_factory=Branch)
    _prefixes: tuple[int, ...] = ()
    _suffixes: tuple[int, ...] = ()
    _opening: Callable[[str], Opening] = field(init=False)

    def add(self, phrases: Iterable[Phrase]) -> None:
        """Takes phrases in; call before the first search."""
        for phrase in phrases:
            if all(element.is_plain for element in phrase.elements):
                self._grow(phrase)
            else:
                start = phrase.elements[0]
                self._starts[start.mode].setdefault(start.norm, []).append(phrase)
        self._prefixes = tuple({len(norm) for norm in self._starts["prefix"]})
        self._suffixes = tuple({len(norm) for norm in self._starts["suffix"]})
        # Texts use the same words over and over.
        self._opening = lru_cache(maxsize=4096)(self._opening_of)

    def _grow(self, phrase: Phrase) -> None:
        branch = self._root
        for element in phrase.elements:
            branch = branch.then.setdefault(element.norm, Branch())
        branch.whole.append(phrase)

    def find(self, tokens: list[Token]) -> list[Match]:
        """Every phrase wherever the tokens have it, overlapping ones as well."""
        found: list[Match] = []
        for index, token in enumerate(tokens):
            if token.norm and token.kind in ("word", "number", "symbol"):
                branch, phrases = self._opening(token.norm)
                if branch:
                    _along(branch, tokens, index, found)
                for phrase in phrases:
                    own = self._follow(phrase, tokens, index)
                    if own:
                        found.append(Match(phrase.section, phrase.key, own, own[0], own[-1]))
        return found

    def _opening_of(self, norm: str) -> Opening:
        """What can begin with a word."""
        return self._root.then.get(norm), tuple(self._starting_with(norm))

    def _starting_with(self, norm: str) -> Iterator[Phrase]:
        yield from self._starts["exact"].get(norm, ())
        prefixes, suffixes = self._starts["prefix"], self._starts["suffix"]
        for length in self._prefixes:
            if length <= len(norm):
                yield from prefixes.get(norm[:length], ())
        for length in self._suffixes:
            if length <= len(norm):
                yield from suffixes.get(norm[-length:], ())

    def _follow(self, phrase: Phrase, tokens: list[Token], index: int) -> tuple[int, ...]:
        own = [index] if phrase.elements[0].own else []
        for element in phrase.elements[1:]:
            found = self._next(element, tokens, index + 1)
            if found is None:
                return ()
            index = found
            if element.own:
                own.append(index)
        return tuple(own)

    def _next(self, element: Element, tokens: list[Token], index: int) -> int | None:
        for place in range(index, min(index + element.gap + 1, len(tokens))):
            token = tokens[place]
            if element.fits(token):
                return place
            if token.kind != "word" or (element.gap == _NARROW and token.norm in self.stop_words):
                return None
        return None


def _along(branch: Branch | None, tokens: list[Token], first: int, found: list[Match]) -> None:
    """Adds the plain phrases from a token on, whose branch is given."""
    last = first
    while branch:
        if branch.whole:
            own = tuple(range(first, last + 1))
            found += [Match(p.section, p.key, own, first, last) for p in branch.whole]
        last += 1
        branch = branch.then.get(tokens[last].norm) if branch.then and last < len(tokens) else None


@cache
def lexicon(locale: str) -> Lexicon:
    """The lexicon of a locale; the English one where there is none of its own ("de-AT" is "de")."""
    code = locale.replace("_", "-").partition("-")[0].casefold()
    return _read(code if code in LOCALES else "en")


@once_each
def _read(locale: str) -> Lexicon:
    found = Lexicon(locale)
    for section, key, term in read_terms(locale):
        found.terms.setdefault(section, {}).setdefault(key, []).append(term)
    found.words = _folded(found.terms.get("words", {}))
    found.joined = _folded(found.terms.get("joined", {}))
    found.stop_words = found.words.get("stop", frozenset())
    found.add(
        Phrase(section, key, elements)
        for section, keys in found.terms.items()
        if section not in ("numbers", "words", "joined")
        for key, terms in keys.items()
        for term in terms
        for elements in phrase_elements(term, locale)
        if elements
    )
    return found


def _folded(keys: dict[str, list[str]]) -> dict[str, frozenset[str]]:
    return {key: frozenset(map(fold, words)) for key, words in keys.items()}


def read_terms(name: str) -> Iterator[tuple[str, str, str]]:
    """(section, key, term) of each term in lexicon/<name>.txt, in order."""
    text = files("pwb.content").joinpath("lexicon", f"{name}.txt").read_text(encoding="utf-8")
    section = ""
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("["):
            section = line.strip("[]")
        elif not line.startswith("#"):
            key, _, terms = line.partition("|")
            for term in filter(None, map(str.strip, terms.split(","))):
                yield section, key.strip(), term


def phrase_elements(term: str, locale: str) -> Iterator[tuple[Element, ...]]:
    """Each phrase a term stands for: "sea/ocean view*" stands for two."""
    choices: list[list[list[Element]]] = []
    gap, own = 0, True
    for part in _PARTS.findall(term):
        if part in "()":
            own = part == ")"
        elif part in _GAPS:
            gap = _GAPS[part]
        else:
            words = [part] if part == "/" else part.split("/")
            choices.append([_words(word, gap, own, locale) for word in words])
            gap = 0
    for chosen in product(*choices):
        yield tuple(element for words in chosen for element in words)


def _words(word: str, gap: int, own: bool, locale: str) -> list[Element]:
    if word.endswith("*"):
        return [Element("prefix", fold(word.strip("*")), gap, own)]
    if word.startswith("*"):
        return [Element("suffix", fold(word.strip("*")), gap, own)]
    norms = [token.norm for token in tokenise(word, locale)]
    return [Element("exact", norm, 0 if place else gap, own) for place, norm in enumerate(norms)]
