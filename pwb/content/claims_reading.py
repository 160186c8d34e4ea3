"""One text read once: its pieces, phrases and numbers, for the checks to ask questions of."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from pwb.content.claims_lexicon import Lexicon, Match, lexicon
from pwb.content.claims_masks import mask_names
from pwb.content.claims_text import Token, tokenise
from pwb.content.listing import ListingFacts
from pwb.content.look_alikes import in_latin
from pwb.content.numbers_in_words import NumberWords, figure_values, number_words

_Places = defaultdict[int, list[Match]]
_NOTHING: frozenset[str] = frozenset()
_ORDINAL_ENDINGS = frozenset(
    (
        "st",
        "nd",
        "rd",
        "th",
        "o",
        "a",
        "e",
        "eme",
        "er",
        "re",
        "ere",
        "ste",
        "de",
        "и",
        "я",
        "ои",
        "м",
    )
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of the text: its tokens, and what it may mean, likeliest first.

    `article` is a one that may be no more than "a" ("un dormitorio"); `ordinal` is a "third".
    """

    first: int
    last: int
    values: tuple[Decimal, ...]
    spelled: bool = False
    article: bool = False
    ordinal: bool = False

    @property
    def value(self) -> Decimal:
        return self.values[0]


def _by_section() -> defaultdict[str, _Places]:
    return defaultdict(lambda: defaultdict(list))


@dataclass(slots=True)
class Reading:
    """A text with everything found in it. Tokens are meant by their number."""

    text: str
    facts: ListingFacts
    year_now: int
    lexicon: Lexicon
    numbers: NumberWords
    old_price: Decimal | None = None
    tokens: list[Token] = field(default_factory=list)
    quantities: list[Quantity] = field(default_factory=list)
    _by_first: dict[int, Quantity] = field(default_factory=dict)
    _starts: defaultdict[str, _Places] = field(default_factory=_by_section)
    _ends: defaultdict[str, _Places] = field(default_factory=_by_section)
    _breaks: frozenset[int] | None = None
    _sections: defaultdict[str, list[Match]] = field(default_factory=lambda: defaultdict(list))
    _covered: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    _sentences: dict[str, dict[int, set[str]]] = field(default_factory=dict)

    @property
    def locale(self) -> str:
        return self.lexicon.locale

    @property
    def spaced(self) -> bool:
        """Whether the language puts spaces between words."""
        return self.locale not in ("zh", "ja")

    def add(self, match: Match) -> None:
        section = match.section
        self._sections[section].append(match)
        self._starts[section][match.first].append(match)
        self._ends[section][match.last].append(match)

    def quantity_at(self, index: int) -> Quantity | None:
        """The number that begins at the token."""
        if not self._by_first:
            self._by_first.update((quantity.first, quantity) for quantity in self.quantities)
        return self._by_first.get(index)

    def all(self, section: str) -> list[Match]:
        return self._sections[section]

    def at(self, section: str, index: int, *keys: str) -> Match | None:
        """The longest phrase of the section that starts at the token."""
        found = self._starts[section].get(index)
        return _longest(found, keys) if found else None

    def ending(self, section: str, index: int, *keys: str) -> Match | None:
        """The longest phrase of the section that ends at the token."""
        found = self._ends[section].get(index)
        return _longest(found, keys) if found else None

    def after(self, section: str, index: int, reach: int, *keys: str) -> Match | None:
        """The first phrase within `reach` tokens after this one in the same clause."""
        if keys and not self.in_sentence(section, index, *keys):
            return None
        for place in range(index + 1, min(index + 1 + reach, len(self.tokens))):
            if self.tokens[place].kind in ("comma", "stop"):
                return None
            found = self.at(section, place, *keys)
            if found:
                return found
        return None

    def before(self, section: str, index: int, reach: int, *keys: str) -> Match | None:
        """The nearest phrase that ends within `reach` tokens before this one in the same clause."""
        if keys and not self.in_sentence(section, index, *keys):
            return None
        for place in range(index - 1, max(index - 1 - reach, -1), -1):
            if self.tokens[place].kind in ("comma", "stop"):
                return None
            found = self.ending(section, place, *keys)
            if found:
                return found
        return None

    def in_sentence(self, section: str, index: int, *keys: str) -> bool:
        """Whether the sentence of this token has such a phrase anywhere."""
        sentence = self.tokens[index].sentence
        said = self._sentences.get(section)
        if said is None:
            said = self._sentences[section] = self._said(section)
        return not said.get(sentence, _NOTHING).isdisjoint(keys)

    def _said(self, section: str) -> dict[int, set[str]]:
        """The keys of the section's phrases in each sentence that has any."""
        said: dict[int, set[str]] = {}
        for match in self.all(section):
            said.setdefault(self.tokens[match.first].sentence, set()).add(match.key)
        return said

    def covered(self, section: str, key: str) -> set[int]:
        """The tokens that lie within phrases of this key."""
        found = self._covered.get((section, key))
        if found is None:
            found = {t for match in self.all(section) if match.key == key for t in match.tokens}
            self._covered[section, key] = found
        return found

    def breaks_scope(self, index: int) -> bool:
        """Whether a "no" or "near" before the token does not reach beyond it: "no garage but a
        garden", "without lift with terrace", "no pool and a large garden".
        """
        if self._breaks is None:
            self._breaks = frozenset(self._all_breaks())
        return index in self._breaks

    def _all_breaks(self) -> Iterator[int]:
        words = self.lexicon.words
        always = words.get("but", frozenset()) | words.get("with", frozenset())
        perhaps = words.get("and", frozenset())
        for index, token in enumerate(self.tokens):
            if token.norm in always or (
                token.norm in perhaps and self.is_word(index + 1, "article")
            ):
                yield index

    def norm(self, index: int) -> str:
        """The folded token; empty outside the text."""
        return self.tokens[index].norm if 0 <= index < len(self.tokens) else ""

    def kind(self, index: int) -> str:
        """The token's kind; a stop outside the text."""
        return self.tokens[index].kind if 0 <= index < len(self.tokens) else "stop"

    def glued(self, index: int) -> bool:
        return 0 <= index < len(self.tokens) and self.tokens[index].glued

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Offsets in the text from the first to the last token."""
        return self.tokens[first].start, self.tokens[last].end

    def slice(self, first: int, last: int) -> str:
        start, end = self.span(first, last)
        return self.text[start:end]

    def is_word(self, index: int, kind: str) -> bool:
        """Whether the token stands under this key of [words]."""
        words = self.lexicon.words.get(kind, ())
        return self.norm(index) in words and self.kind(index) == "word"


def _longest(matches: list[Match], keys: tuple[str, ...]) -> Match | None:
    fitting = [match for match in matches if match.key in keys] if keys else matches
    if len(fitting) == 1:
        return fitting[0]
    return max(fitting, key=lambda match: len(match.tokens), default=None)


def read_text(
    text: str, facts: ListingFacts, locale: str, year_now: int, old_price: Decimal | None = None
) -> Reading:
    """The text read in its language; linear in its length."""
    words = lexicon(locale)
    reading = Reading(text, facts, year_now, words, number_words(words.locale), old_price)
    reading.tokens = tokenise(in_latin(text), words.locale)
    mask_names(text, reading.tokens, facts)
    for match in words.find(reading.tokens):
        reading.add(match)
    reading.quantities = list(_quantities(reading))
    return reading


def _quantities(reading: Reading) -> Iterator[Quantity]:
    after = 0
    beginnings = reading.numbers.beginnings
    for index, token in enumerate(reading.tokens):
        if index < after:
            continue
        found = _figure(reading, index) if token.kind == "number" else None
        found = found or _ordinal_word(reading, index)
        if found is None and token.norm in beginnings:
            found = _words(reading, index)
        if found:
            yield found
            after = found.last + 1


def _figure(reading: Reading, index: int) -> Quantity | None:
    token = reading.tokens[index]
    values = figure_values(reading.slice(index, index), reading.locale)
    if not values:
        return None
    if reading.norm(index + 1) in _ORDINAL_ENDINGS and reading.glued(index + 1):
        return Quantity(index, index + 1, values, ordinal=True)
    half = reading.at("halves", index + 1)
    if half and not token.dotted:
        return Quantity(index, half.last, (values[0] + Decimal("0.5"),))
    return Quantity(index, index, values, ordinal=token.dotted)


def _ordinal_word(reading: Reading, index: int) -> Quantity | None:
    found = reading.at("ordinals", index)
    if not found:
        return None
    return Quantity(index, found.last, (Decimal(found.key),), spelled=True, ordinal=True)


def _words(reading: Reading, index: int) -> Quantity | None:
    if reading.kind(index) != "word":
        return None
    spelled = reading.numbers.read(reading.tokens, index)
    if spelled is None:
        return None
    last, value = spelled.after - 1, spelled.value
    half = reading.at("halves", spelled.after)
    if half:
        last, value = half.last, value + Decimal("0.5")
    stressed = "é" in reading.slice(index, last)
    article = spelled.article and half is None and not stressed
    return Quantity(index, last, (value,), spelled=True, article=article)
