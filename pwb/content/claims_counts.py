"""Counted things: bedrooms, bathrooms, toilets, garage spaces, rooms, floors."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby

from pwb.content.claims_lexicon import Match
from pwb.content.claims_model import Claim, ClaimState
from pwb.content.claims_reading import Quantity, Reading
from pwb.content.claims_wording import local_number, make_claim, plain

_ADJECTIVES = 3
_HALF = Decimal("0.5")
_SINGLE_STOREY = frozenset(("bungalow", "apartment"))
_ON_ONE_LEVEL = frozenset(
    (
        *("apartment", "upper_floor_apartment", "ground_floor_apartment", "studio"),
        *("condominium", "penthouse"),
    )
)
_FIELDS = {
    "bedrooms": "bedrooms",
    "suites": "bedrooms",
    "rooms": "bedrooms",
    "bathrooms": "bathrooms",
    "full_bathrooms": "bathrooms",
    "half_bathrooms": "bathrooms",
    "toilets": "toilets",
    "garages": "garages",
}


@dataclass(frozen=True, slots=True)
class Mention:
    """So many of something. `whole` is said of the property, `part` of some of them only, and a
    `weak` one may be no number at all ("un dormitorio").
    """

    subject: str
    value: Decimal
    first: int
    last: int
    quantity: Quantity | None = None
    whole: bool = False
    part: bool = False
    weak: bool = False


def count_claims(reading: Reading) -> Iterator[Claim]:
    """The claims about counted things."""
    found = sorted(_mentions(reading), key=lambda mention: mention.first)
    whole_by_sum = set(_adding_up(reading, found))
    for mention in found:
        state = "supported" if mention in whole_by_sum else _state(reading, mention)
        if state:
            yield _claim(reading, mention, state)


def _mentions(reading: Reading) -> Iterator[Mention]:
    for quantity in reading.quantities:
        if quantity.ordinal or quantity.value < 1:
            continue
        found = _forward(reading, quantity) or _label(reading, quantity)
        if found:
            yield found
    yield from _fixed(reading)
    yield from _joined(reading)


def _forward(reading: Reading, quantity: Quantity) -> Mention | None:
    noun = _noun(reading, quantity)
    if noun is None:
        return None
    mention = Mention(_subject(noun), quantity.value, quantity.first, noun.last, quantity)
    whole = _is_whole(reading, mention, noun)
    weak = not whole and not _equals_record(reading, mention) and _is_weak(reading, mention, noun)
    return replace(mention, whole=whole, weak=weak, part=not whole and _is_part(reading, mention))


def _subject(noun: Match) -> str:
    key = noun.key.rstrip("!")
    return "garages" if key == "places" else key


def _is_weak(reading: Reading, mention: Mention, noun: Match) -> bool:
    """Whether it counts nothing there is: "un dormitorio", "one bedroom opens onto the garden",
    "potential for seven bedrooms".
    """
    quantity, after = mention.quantity, mention.last + 1
    dreamt = reading.before("cues", mention.first, 4, "maybe")
    if dreamt and mention.subject != "garages":
        return True
    if quantity is None or not quantity.spelled or quantity.value != 1:
        return False
    if not quantity.article:
        return reading.is_word(after, "one_of")
    if noun.key == "places":
        return _record(reading, "garages") is None
    and_before = reading.is_word(quantity.first - 1, "and")
    counted = and_before and reading.ending("counts", quantity.first - 2)
    return not (counted and reading.kind(after) in ("comma", "stop"))


def _noun(reading: Reading, quantity: Quantity) -> Match | None:
    """The counted noun after the number, over a few adjectives at most."""
    index = quantity.last + 1
    for skipped in range(_ADJECTIVES + 1 if reading.spaced else 1):
        found = reading.at("counts", index)
        if found and (skipped == 0 or not found.key.endswith("!")):
            return found
        if not _is_adjective(reading, index, skipped):
            return None
        index += 2 if reading.kind(index + 1) == "comma" and reading.norm(index + 1) == "," else 1
    return None


def _is_adjective(reading: Reading, index: int, skipped: int) -> bool:
    if reading.kind(index) != "word" or reading.norm(index) in reading.lexicon.stop_words:
        return skipped > 0 and reading.is_word(index, "and")
    if reading.numbers.read(reading.tokens, index):
        return False
    return not (
        reading.at("units", index) or reading.at("features", index) or reading.at("money", index)
    )


def _is_whole(reading: Reading, mention: Mention, noun: Match) -> bool:
    """Whether it is said of the property: "three-bedroom villa", "piso de un dormitorio"."""
    quantity, after = mention.quantity, mention.last + 1
    if quantity is None:
        return False
    if reading.glued(noun.first) and reading.spaced and not _has_secondary(reading, mention):
        return True
    if reading.locale in ("en", "nl") and reading.at("homes", after):
        return not _has_secondary(reading, mention)
    before = quantity.first - 1
    linked = reading.is_word(before, "of") and reading.ending("homes", before - 1)
    return (
        bool(linked)
        and not reading.at("cues", after, "part")
        and not _has_secondary(reading, mention)
    )


def _has_secondary(reading: Reading, mention: Mention) -> bool:
    return reading.in_sentence("cues", mention.first, "secondary")


def _is_part(reading: Reading, mention: Mention) -> bool:
    inside = any(reading.at("cues", i, "part") for i in range(mention.first, mention.last + 1))
    return (
        inside
        or reading.before("cues", mention.first, 3, "part") is not None
        or reading.after("cues", mention.last, 4, "part") is not None
        or reading.in_sentence("cues", mention.first, "secondary")
        or (
            mention.subject in ("bedrooms", "bathrooms")
            and reading.facts.property_type not in _ON_ONE_LEVEL
            and reading.in_sentence("cues", mention.first, "level")
        )
    )


def _label(reading: Reading, quantity: Quantity) -> Mention | None:
    """The number after its noun: "Bedrooms: 3", "寝室3つ"."""
    place, last = quantity.first - 1, quantity.last
    linked = reading.norm(place) in (":", "：") or reading.is_word(place, "label_link")
    place -= linked
    noun = reading.ending("counts", place)
    if noun is None or quantity.article or reading.at("units", last + 1):
        return None
    after = reading.at("measures", last + 1)
    if reading.norm(last + 1) == ":":
        return None
    if reading.spaced and not linked and reading.kind(last + 1) not in ("comma", "stop"):
        return None
    if not reading.spaced and not linked and not after:
        return None
    return Mention(
        _subject(noun), quantity.value, noun.first, after.last if after else last, quantity
    )


def _fixed(reading: Reading) -> Iterator[Mention]:
    """Words that hold the number in them: "Doppelgarage", "trilocale", "T3"."""
    for match in reading.all("fixed"):
        subject, _, value = match.key.partition(":")
        yield Mention(subject, Decimal(value), match.first, match.last, whole=True)


def _joined(reading: Reading) -> Iterator[Mention]:
    """Compounds of a number and a stem: "dreistöckig", "двухэтажный"."""
    for index, token in enumerate(reading.tokens):
        if token.kind != "word" or len(token.norm) < 6:
            continue
        for subject, words in reading.lexicon.joined.items():
            for stem in words:
                place = token.norm.find(stem, 2)
                value = reading.numbers.of_prefix(token.norm[:place]) if place > 0 else None
                if value is not None:
                    yield Mention(subject, value, index, index, whole=True)


def _adding_up(reading: Reading, mentions: list[Mention]) -> Iterator[Mention]:
    """Those that together make the record's number: "two bedrooms up and one down"."""

    def key(mention: Mention) -> tuple[str, int]:
        return mention.subject, reading.tokens[mention.first].sentence

    plain_ones = [m for m in mentions if not m.whole and m.subject in _FIELDS]
    for (subject, _), group in groupby(sorted(plain_ones, key=key), key=key):
        several = list(group)
        record = _record(reading, subject)
        if len(several) > 1 and record is not None and sum(m.value for m in several) == record:
            yield from several


def _record(reading: Reading, subject: str) -> Decimal | None:
    value = getattr(reading.facts, _FIELDS[subject]) if subject in _FIELDS else None
    return Decimal(value) if value else None


def _equals_record(reading: Reading, mention: Mention) -> bool:
    return _record(reading, mention.subject) == mention.value


def _state(reading: Reading, mention: Mention) -> ClaimState | None:
    """How the mention stands; None for one that claims nothing."""
    record = _record(reading, mention.subject)
    if mention.weak or (record is None and mention.part and mention.subject != "floors"):
        return None
    if record is None:
        bungalow = reading.facts.property_type in _SINGLE_STOREY and mention.value == 1
        return "supported" if bungalow and mention.subject == "floors" else "unsupported"
    return "supported" if _agrees(mention, record) else _disagrees(mention, record)


def _disagrees(mention: Mention, record: Decimal) -> ClaimState | None:
    if mention.subject == "rooms":
        return "contradicted" if mention.value < record else "unsupported"
    if mention.part or mention.subject == "suites":
        return None if mention.value < record else "contradicted"
    return "contradicted"


def _agrees(mention: Mention, record: Decimal) -> bool:
    value, whole = mention.value, record.to_integral_value(rounding="ROUND_FLOOR")
    match mention.subject:
        case "rooms":
            return value in (record, record + 1, record + 1 + _HALF)
        case "bathrooms" | "full_bathrooms":
            return value in (record, whole)
        case "half_bathrooms":
            return value == (record - whole) * 2 or (value in (_HALF,) and record != whole)
    return value == record


def _claim(reading: Reading, mention: Mention, state: ClaimState) -> Claim:
    field = _FIELDS.get(mention.subject)
    record = _record(reading, mention.subject)
    supports_floors = mention.subject == "floors" and state == "supported"
    return make_claim(
        reading,
        mention.first,
        mention.last,
        kind="number",
        subject=mention.subject,
        state=state,
        field="property_type" if supports_floors else field if record is not None else None,
        recorded=plain(record) if record is not None else None,
        correction=_correction(reading, mention, record),
    )


def _correction(reading: Reading, mention: Mention, record: Decimal | None) -> str | None:
    quantity = mention.quantity
    if quantity is None or record is None or _FIELDS.get(mention.subject) != mention.subject:
        return None
    inflects = not (mention.whole and reading.locale == "en")
    if inflects and _plural(mention.value, reading.locale) != _plural(record, reading.locale):
        return None
    old = reading.slice(quantity.first, quantity.last)
    new = reading.numbers.spell(record, old) if quantity.spelled else None
    start, end = reading.span(mention.first, mention.last)
    first, last = reading.span(quantity.first, quantity.last)
    new = new or local_number(record, reading.locale, old)
    return reading.text[start:first] + new + reading.text[last:end]


def _plural(value: Decimal, locale: str) -> int:
    """Which form of the noun the number takes; a correction keeps to it."""
    if locale in ("zh", "ja"):
        return 0
    if locale == "ru":
        return 0 if value == 1 else 1 if value in (2, 3, 4) else 2
    return 0 if value == 1 else 1
