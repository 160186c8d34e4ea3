"""Areas, built or of the plot, in any unit; and lengths and ways, which no record holds."""

from collections.abc import Iterator
from decimal import Decimal

from pwb.content.claims_lexicon import Match
from pwb.content.claims_model import Claim
from pwb.content.claims_reading import Quantity, Reading
from pwb.content.claims_tolerance import CONVERTED, agrees, in_range, is_rounding, vagueness
from pwb.content.claims_wording import area_words, local_number, make_claim

SQUARE_FOOT = Decimal("0.09290304")
_SQUARE_METRES = {
    "m2": Decimal(1),
    "sqft": SQUARE_FOOT,
    "sqyd": SQUARE_FOOT * 9,
    "acre": Decimal("4046.8564224"),
    "ha": Decimal(10_000),
    "are": Decimal(100),
    "mu": Decimal(10_000) / 15,
    "tsubo": Decimal(400) / 121,
    "jo": Decimal("1.62"),
}
_LAND_UNITS = frozenset(("acre", "ha", "are", "mu"))
_OF_RECORD = {"sqmt": "m2", "sqft": "sqft"}
_REACH_BACK = 5
_FIELDS = ("constructed_area", "plot_area")


def area_claims(reading: Reading) -> Iterator[Claim]:
    """The claims about areas, lengths and ways."""
    for quantity in reading.quantities:
        unit = None if quantity.ordinal else _unit(reading, quantity)
        if unit is None or in_range(reading, quantity):
            continue
        if unit.key in _SQUARE_METRES:
            yield _area(reading, quantity, unit.key, unit.last)
        else:
            yield from _way(reading, quantity, unit.key, unit.last)


def _unit(reading: Reading, quantity: Quantity) -> Match | None:
    place = quantity.last + 1
    of_one = quantity.value < 1 and reading.is_word(place, "article")
    return reading.at("units", place + of_one)


def _area(reading: Reading, quantity: Quantity, unit: str, last: int) -> Claim:
    what, end = _what(reading, quantity.first, last, unit)
    if what == "part":
        return make_claim(
            reading, quantity.first, last, kind="number", subject="part_area", state="unsupported"
        )
    fields = _candidates(reading, what)
    field = next((name for name in fields if _agrees(reading, quantity, unit, last, name)), None)
    return _told(reading, quantity, unit, end, field, fields)


def _told(
    reading: Reading,
    quantity: Quantity,
    unit: str,
    last: int,
    agreeing: str | None,
    fields: tuple[str, ...],
) -> Claim:
    known = [name for name in fields if getattr(reading.facts, name)]
    field = agreeing or (known[0] if known else None)
    record = getattr(reading.facts, field) if field else None
    return make_claim(
        reading,
        quantity.first,
        last,
        kind="number",
        subject=field or fields[0],
        state="supported" if agreeing else "contradicted" if field else "unsupported",
        field=field,
        recorded=area_words(record, reading.facts) if record else None,
        correction=_correction(reading, quantity, unit, last, record) if record else None,
    )


def _candidates(reading: Reading, what: str) -> tuple[str, ...]:
    if what == "plot":
        return ("plot_area",)
    if what == "built" and reading.facts.property_type != "land":
        return ("constructed_area",)
    return _FIELDS


def _what(reading: Reading, first: int, last: int, unit: str) -> tuple[str, int]:
    """Built, plot, part of it or unknown; and the last token that belongs to the claim.

    What follows directly says most ("2,500 m² plot"), then what leads up to it ("a plot of").
    """
    direct = _ahead(reading, last, 4 if reading.is_word(first - 1, "article") else 1)
    if direct:
        return direct
    back = _back(reading, first)
    if back != "unknown":
        return back, last
    ahead = _ahead(reading, last, 3)
    if ahead:
        return ahead
    if unit in _LAND_UNITS:
        return "plot", last
    return ("part" if unit == "jo" else "unknown"), last


def _ahead(reading: Reading, last: int, reach: int) -> tuple[str, int] | None:
    """What follows the unit: "850 m² built", "2,500 m² plot", "200 m² of panoramic terrace"."""
    reach += reading.is_word(last + 1, "of")
    for place in range(last + 1, last + 1 + reach):
        kind = reading.kind(place)
        if kind in ("comma", "stop", "number") or reading.quantity_at(place):
            return None
        found = reading.at("areas", place)
        if found and found.key != "area":
            return found.key, found.last if place == last + 1 else last
        stops = reading.norm(place) in reading.lexicon.stop_words
        if stops and not (place == last + 1 and reading.is_word(place, "of")):
            return None
    return None


def _back(reading: Reading, first: int) -> str:
    """What leads up to the number; a mere "area" takes its meaning from what it is the area of."""
    fallback = "unknown"
    for place in range(first - 1, max(first - 1 - _REACH_BACK, -1), -1):
        kind = reading.kind(place)
        if kind in ("stop", "number") or (kind == "comma" and reading.norm(place) not in ":：(（"):
            return fallback
        found = reading.ending("areas", place)
        if found and found.key != "area":
            return found.key
        fallback = "built" if found else fallback
        if reading.ending("homes", place):
            return "built"
        if any(reading.is_word(place, link) for link in ("with", "and", "on")):
            return fallback
    return fallback


def _agrees(reading: Reading, quantity: Quantity, unit: str, last: int, field: str) -> bool:
    record = getattr(reading.facts, field)
    if not record:
        return False
    of_record = _OF_RECORD.get(reading.facts.area_unit, "m2")
    how = vagueness(reading, quantity.first, last)
    if unit == of_record and any(is_rounding(value, record) for value in quantity.values):
        return True
    factor = _SQUARE_METRES[unit] / _SQUARE_METRES[of_record]
    values = [value * factor for value in quantity.values]
    if unit == of_record:
        return how != "exact" and agrees(values, record, how, Decimal(0))
    return agrees(values, record, how, max(CONVERTED, _half_a_place(quantity.value)))


def _half_a_place(value: Decimal) -> Decimal:
    """The share that rounding to the places written may cost: "0.6 acres" is within 8 %."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent >= 0 or value <= 0:
        return Decimal(0)
    return min(Decimal(5).scaleb(exponent - 1) / value, Decimal("0.1"))


def _correction(
    reading: Reading, quantity: Quantity, unit: str, last: int, record: Decimal
) -> str | None:
    if quantity.spelled:
        return None
    factor = _SQUARE_METRES[_OF_RECORD.get(reading.facts.area_unit, "m2")] / _SQUARE_METRES[unit]
    value = record * factor
    value = value if factor == 1 else round(value, 0 if value > 50 else 2)
    old = reading.slice(quantity.first, quantity.last)
    _, number_end = reading.span(quantity.first, quantity.last)
    _, end = reading.span(quantity.first, last)
    return local_number(value, reading.locale, old) + reading.text[number_end:end]


def _way(reading: Reading, quantity: Quantity, unit: str, last: int) -> Iterator[Claim]:
    """A way ("200 m from the beach", "5 minutes' walk") or a measure ("a ceiling of 5.5 m")."""
    beyond = reading.after("cues", last, 3, "away") or reading.before(
        "cues", quantity.first, 2, "within"
    )
    if unit == "minute" and reading.before("cues", quantity.first, 2, "every"):
        return
    if unit == "hour" and not beyond:
        return
    subject = "distance" if beyond or unit in ("km", "mile", "minute", "hour") else "dimension"
    yield make_claim(
        reading, quantity.first, last, kind="number", subject=subject, state="unsupported"
    )
