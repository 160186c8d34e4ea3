"""How near a figure must come to the record's to agree with it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from pwb.content.claims_reading import Quantity, Reading

Vagueness = Literal["exact", "about", "over", "under"]

ABOUT = Decimal("0.05")
CONVERTED = Decimal("0.015")
_ROUNDED = Decimal("0.02")
_BEYOND = Decimal("0.15")
_ROUND_STEPS = tuple(Decimal(step) for step in (1000, 500, 100, 50, 10, 5))


def vagueness(reading: Reading, first: int, last: int) -> Vagueness:
    """Whether the words around say "about", "more than" or "nearly"."""
    for key in ("over", "under", "about"):
        if reading.before("cues", first, 3, key) and not _number_between(reading, first):
            return key
    return "about" if reading.at("cues", last + 1, "about_after") else "exact"


def _number_between(reading: Reading, first: int) -> bool:
    return any(reading.kind(place) == "number" for place in range(first - 2, first))


def agrees(values: Iterable[Decimal], record: Decimal, how: Vagueness, allowed: Decimal) -> bool:
    """Whether one of the values agrees with the record within `allowed` (a share of it)."""
    return any(_near(value, record, how, allowed) for value in values)


def _near(value: Decimal, record: Decimal, how: Vagueness, allowed: Decimal) -> bool:
    if how == "over" and value <= record <= value * (1 + _BEYOND):
        return True
    if how == "under" and value * (1 - _BEYOND) <= record <= value:
        return True
    share = allowed if how == "exact" else ABOUT
    return abs(value - record) <= share * record


def is_rounding(value: Decimal, record: Decimal) -> bool:
    """Whether the value is the record rounded to a round number: 850 for 847, not 860 for 850."""
    if abs(value - record) <= Decimal("0.5"):
        return True
    if abs(value - record) > _ROUNDED * record:
        return False
    return any(value % step == 0 and abs(value - record) <= step / 2 for step in _ROUND_STEPS) and (
        record % 10 != 0
    )


def in_range(reading: Reading, quantity: Quantity) -> bool:
    """Whether the number is one end of a range ("80-120 m²", "from 2 to 4")."""
    return _range_mark(reading, quantity.first - 1, -1) or _range_mark(
        reading, quantity.last + 1, 1
    )


def _range_mark(reading: Reading, index: int, step: int) -> bool:
    mark = reading.norm(index)
    dashed = mark in ("-", "–", "—", "~", "～", "×") or reading.is_word(index, "to")
    beyond = range(index + step, index + 3 * step, step)
    return dashed and any(reading.kind(place) == "number" for place in beyond)
