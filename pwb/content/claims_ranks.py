"""Which floor a property lies on, and its energy rating."""

import re
from collections.abc import Iterator

from pwb.content.claims_lexicon import Match
from pwb.content.claims_model import Claim, ClaimState
from pwb.content.claims_reading import Quantity, Reading
from pwb.content.claims_wording import make_claim

_RATING = re.compile(r"[A-G]\d?")
_REACH = 4


def floor_claims(reading: Reading) -> Iterator[Claim]:
    """ "third floor", "3. OG", "2ª planta": the record has no floor to hold against it."""
    for quantity in reading.quantities:
        keys = ("floor",) if quantity.ordinal else ("floor_counted",)
        word = reading.at("floor_number", _past_another(reading, quantity), *keys)
        if word is None and not quantity.spelled and not quantity.article:
            word = reading.ending("floor_number", quantity.first - 1, "floor_before")
        if word:
            first, last = min(word.first, quantity.first), max(word.last, quantity.last)
            yield make_claim(
                reading, first, last, kind="number", subject="floor", state="unsupported"
            )


def _past_another(reading: Reading, quantity: Quantity) -> int:
    """The token after the number; after the second of two ("15th and 16th floors")."""
    after = quantity.last + 1
    second = reading.quantity_at(after + 1) if reading.is_word(after, "and") else None
    return second.last + 1 if second and quantity.ordinal and second.ordinal else after


def rating_claims(reading: Reading) -> Iterator[Claim]:
    """ "energy rating B", "Energieeffizienzklasse A+", "DPE C", "a B-rated home"."""
    for word in reading.all("energy"):
        place = word.first - 1 if word.key == "rating_after" else _rating_after(reading, word)
        rating = _rating(reading, place) if place is not None else None
        if place is not None and rating is not None:
            yield _rated(reading, word, place, rating)


def _rating_after(reading: Reading, word: Match) -> int | None:
    for place in range(word.last + 1, word.last + 1 + _REACH):
        if reading.kind(place) == "stop":
            return None
        if _rating(reading, place):
            return place
    return None


def _rating(reading: Reading, place: int) -> str | None:
    """The rating that begins at this token: "A++" of "A", "+", "+"."""
    if reading.kind(place) != "word":
        return None
    text = reading.slice(place, place)
    if not _RATING.fullmatch(text):
        return None
    return text + "+" * len(_pluses(reading, place))


def _pluses(reading: Reading, place: int) -> list[int]:
    end = place + 1
    while reading.norm(end) == "+" and reading.glued(end):
        end += 1
    return list(range(place + 1, end))


def _rated(reading: Reading, word: Match, place: int, rating: str) -> Claim:
    last = place + len(_pluses(reading, place))
    facts = reading.facts
    own = (facts.energy_rating or "").replace(" ", "").upper()
    field = "energy_rating" if own else None
    if not own and "energy_label_a" in facts.features:
        own, field = "A", "features"
    state: ClaimState = "unsupported"
    if own:
        state = "supported" if own == rating else "contradicted"
    return make_claim(
        reading,
        place,
        last,
        kind="rating",
        subject="energy_rating",
        state=state,
        field=field,
        claimed=f"energy rating {rating}",
        recorded=own or None,
        correction=own or None,
    )
