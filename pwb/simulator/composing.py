"""Listing texts put together from facts: the order of sentences, their number, and their limits."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pwb.simulator import wording
from pwb.simulator.wording import Words

LIMITS = {"title": 80, "description": 2000, "meta_description": 160}
_WORDS = 120
_FEATURES_IN_A_SENTENCE = 5
_MOST_FEATURES = 12
_LETTERS_A_WORD = {"zh": 1.7, "ja": 2.2}
_SHORTENED_AT = 5


class Picker:
    """Choices that look free but are the same for the same key; another variant of the same key
    chooses differently, also where there are but two options."""

    def __init__(self, key: str, variant: int = 0) -> None:
        self._key = key
        self._variant = variant
        self._turn = 0

    def order(self, options: Iterable[str]) -> list[str]:
        """The options in an order of their own."""
        self._turn += 1
        return sorted(options, key=self._digest)

    def pick(self, options: Sequence[str]) -> str:
        """One of the options."""
        ordered = self.order(options)
        steps = self._variant if self._turn % 2 else self._variant // 2
        return ordered[steps % len(ordered)]

    def _digest(self, text: str) -> str:
        return hashlib.sha256(f"{self._key}|{self._turn}|{text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, its paragraph, and how soon it is left out of a short text (0 is never)."""

    paragraph: int
    text: str
    spare: int = 0


def compose_listing(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Title, description and meta description, within `LIMITS`, from a listing document."""
    words, facts, picker = _prepare(document, key)
    tone = str(document.get("tone", ""))
    sentences = _sentences(words, facts, tone, picker)
    if document.get("call_to_action") is False:
        sentences.pop()
    wanted = document.get("words")
    count = wanted if isinstance(wanted, int) and wanted > 0 else _WORDS
    return {
        "title": _title(words, facts, picker),
        "description": _assembled(words, _chosen(words, sentences, count)),
        "meta_description": _meta(words, facts),
    }


def extra_claim(locale: str) -> str:
    """A sentence that claims a pool, whatever the facts are."""
    return wording.words(locale).text("invented")


def _prepare(document: Mapping[str, Any], key: str) -> tuple[Words, wording.Facts, Picker]:
    words = wording.words(str(document.get("locale", "en")))
    facts = wording.Facts.of(document["listing"])
    order = {name: value for name, value in document.items() if name != "variant"}
    variant = document.get("variant")
    return (
        words,
        facts,
        Picker(
            f"{key}|{json.dumps(order, sort_keys=True, default=str)}",
            variant if isinstance(variant, int) else 0,
        ),
    )


def _sentences(words: Words, facts: wording.Facts, tone: str, picker: Picker) -> list[Sentence]:
    """Everything there is to say, the closing sentence last."""
    labels = words.features(facts)[:_MOST_FEATURES]
    first, rest = labels[:_FEATURES_IN_A_SENTENCE], labels[_FEATURES_IN_A_SENTENCE:]
    found = [
        Sentence(0, words.opening(facts, words.of_tone("opening", tone, picker))),
        *_moods(words, tone, picker),
        Sentence(1, words.listing_of("rooms", words.counts(facts), picker)),
        Sentence(1, words.area(facts)),
        Sentence(1, words.with_fact("state", words.state(facts)), 2),
        Sentence(1, words.with_fact("year", facts.year), 1),
        Sentence(2, words.listing_of("features", first, picker)),
        Sentence(2, words.listing_of("more_features", rest, picker), 1),
        Sentence(3, words.with_fact("energy", facts.energy), 2),
        Sentence(3, words.with_fact("address", facts.address), 3),
        Sentence(3, words.price("sale", facts.sale_price, facts.currency)),
        Sentence(3, words.price("rent", facts.rental_price, facts.currency)),
        *_fillers(words, picker),
        Sentence(4, words.of_tone("closing", tone, picker)),
    ]
    return [sentence for sentence in found if sentence.text]


def _moods(words: Words, tone: str, picker: Picker) -> list[Sentence]:
    options = picker.order(words.options("mood", tone))
    return [Sentence(0, text, 3 + turn) for turn, text in enumerate(options)]


def _fillers(words: Words, picker: Picker) -> list[Sentence]:
    texts = picker.order(words.options("filler", ""))
    return [Sentence(4, text, _SHORTENED_AT + turn) for turn, text in enumerate(texts)]


def _chosen(words: Words, sentences: list[Sentence], wanted: int) -> list[Sentence]:
    """What every text has, and of the rest as much as fits the wanted length."""
    kept = [sentence for sentence in sentences if not sentence.spare]
    length = sum(_length(words, s) for s in kept)
    for sentence in sorted(sentences, key=lambda s: s.spare):
        more = _length(words, sentence)
        if sentence.spare and length + more / 2 <= wanted:
            kept.append(sentence)
            length += more
    return [sentence for sentence in sentences if sentence in kept]


def _length(words: Words, sentence: Sentence) -> float:
    letters = _LETTERS_A_WORD.get(words.locale)
    return len(sentence.text) / letters if letters else len(sentence.text.split())


def _assembled(words: Words, sentences: list[Sentence]) -> str:
    groups: dict[int, list[str]] = {}
    for sentence in sentences:
        groups.setdefault(sentence.paragraph, []).append(sentence.text)
    text = ""
    for paragraph in groups.values():
        longer = "\n\n".join(filter(None, [text, words.space.join(paragraph)]))
        if len(longer) > LIMITS["description"]:
            break
        text = longer
    return text


def _title(words: Words, facts: wording.Facts, picker: Picker) -> str:
    head = words.heading(facts)
    labels = [label.bare for label in words.features(facts)[:2]]
    tails = [words.comma.join(words.measures(facts)[:2]), words.join(labels)]
    fitting = [
        title
        for tail in tails
        if tail and len(title := f"{head}{words.dash}{tail}") <= LIMITS["title"]
    ]
    return picker.pick(fitting) if fitting else head[: LIMITS["title"]]


def _meta(words: Words, facts: wording.Facts) -> str:
    labels = [label.bare for label in words.features(facts)[:4]]
    parts = [*words.measures(facts), *labels]
    room = LIMITS["meta_description"]
    price = words.short_price(facts)
    ending = words.stop + (words.space + price + words.stop if price else "")
    text = words.heading(facts)[: room - len(ending)]
    for turn, part in enumerate(parts):
        longer = f"{text}{words.comma if turn else words.colon}{part}"
        if len(longer) + len(ending) > room:
            break
        text = longer
    return text + ending
