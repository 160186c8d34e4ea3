"""A text reworked by an instruction, as far as simple wishes go: shorter, longer, this first."""

import re
from collections.abc import Mapping
from typing import Any

from pwb.simulator import wording
from pwb.simulator.composing import LIMITS, compose_listing
from pwb.simulator.wording import Facts, Words

_SHORTER = re.compile(
    r"short|brief|concise|\bcut|kürz|kurz|knapp|cort[oa]|breve|court|bref|curt[oa]|kort|короч|短|簡潔|简"
)
_LONGER = re.compile(
    r"\blong|detail|länger|ausführlich|larg[oa]|lung[oa]|langer|uitgebreid|длин|подроб|长|長|詳"
)
_FIRST = re.compile(
    r"first|start|begin|\blead|zuerst|primer|empez|premier|commenc|primeir|começ|prim[ao]\b|iniz"
    r"|eerst|сначала|перв|начн|最初|先|首"
)
_ABOUT_THE_TEXT = re.compile(rf"{_FIRST.pattern}|{_SHORTER.pattern}|mention|sentence|should|please")
_PRICE = re.compile(r"price|preis|precio|prix|preço|prezzo|prijs|цен|价|価格")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")
_SHORTER_BY = 0.65
_LONGER_BY = 1.4
Paragraphs = list[list[str]]


def refine_listing(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The document's current text as its instruction wishes; composed anew for a wish that is not
    understood, and where there is no text."""
    current = document.get("current_text")
    wish = str(document.get("instruction", "")).casefold()
    text = str(current.get("description") or "") if isinstance(current, dict) else ""
    words = wording.words(str(document.get("locale", "en")))
    known = any(wanted.search(wish) for wanted in (_SHORTER, _FIRST))
    if not isinstance(current, dict) or not text.strip() or not known:
        longer = round(_size(words, text) * _LONGER_BY) if _LONGER.search(wish) else 0
        return compose_listing({**document, **({"words": longer} if longer else {})}, key)
    facts = Facts.of(document["listing"])
    found = [list(filter(None, _SENTENCE_END.split(part.strip()))) for part in text.split("\n\n")]
    if _FIRST.search(wish):
        found = _with_first(found, _topics(words, facts, wish))
    if _SHORTER.search(wish):
        keep_last = document.get("call_to_action") is not False
        found = _shortened(words, facts, found, keep_last)
    joined = "\n\n".join(words.space.join(part) for part in found if part)
    return {
        "title": str(current.get("title", "")),
        "description": joined[: LIMITS["description"]],
        "meta_description": str(current.get("meta_description", "")),
    }


def _topics(words: Words, facts: Facts, wish: str) -> list[str]:
    """What the wish names, as the text may call it: features in its own language, the price, and
    the wish's own words."""
    named = [
        label.bare.casefold()
        for key, label in zip(facts.features, words.labels(facts), strict=True)
        if label and _names(wish, facts.labels[key], label.bare)
    ]
    price = words.money(facts.sale_price or facts.rental_price, facts.currency)
    own = [word for word in re.findall(r"\w{5,}", wish) if not _ABOUT_THE_TEXT.search(word)]
    return [*named, *([price] if _PRICE.search(wish) else []), *own]


def _names(wish: str, *labels: str) -> bool:
    return any(label.casefold() in wish for label in labels)


def _with_first(found: Paragraphs, topics: list[str]) -> Paragraphs:
    """The first sentence on the first topic that the text has, moved to its beginning."""
    for topic in topics:
        for part in found:
            for sentence in part:
                if topic in sentence.casefold():
                    rest = [[s for s in other if s is not sentence] for other in found]
                    return [[sentence, *rest[0]], *rest[1:]]
    return found


def _shortened(words: Words, facts: Facts, found: Paragraphs, keep_last: bool) -> Paragraphs:
    """Without sentences until it is short enough; those that tell no fact go first."""
    flat = [sentence for part in found for sentence in part]
    wanted = _size(words, " ".join(flat)) * _SHORTER_BY
    spare = flat[1:-1] if keep_last else flat[1:]
    spare.sort(key=lambda sentence: (_tells(words, facts, sentence), -flat.index(sentence)))
    kept = list(flat)
    for sentence in spare:
        if _size(words, " ".join(kept)) > wanted:
            kept.remove(sentence)
    return [[sentence for sentence in part if sentence in kept] for part in found]


def _tells(words: Words, facts: Facts, sentence: str) -> bool:
    labels = [label.bare for label in words.features(facts)]
    return bool(re.search(r"\d", sentence)) or any(label in sentence for label in labels)


def _size(words: Words, text: str) -> int:
    return len(text) if not words.space else len(text.split())
