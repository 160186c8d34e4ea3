"""How each kind of value of a listing is written in a cell, and within which bounds it lies."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pwb.content.addresses import in_title_case
from pwb.content.cells import (
    BadCell,
    decimal_between,
    in_range,
    kept_line_up_to,
    kept_up_to,
    known,
    line_up_to,
    number,
    text_up_to,
    whole_between,
)
from pwb.content.kinds import STATUSES, canonical_status
from pwb.content.vocabulary import snake

HIGHEST_PRICE = 10**12 - 1
LARGEST_AREA = 10**9 - 1

_UNITS = dict.fromkeys(("sqmt", "sqm", "m2", "m²", "square_meters", "square_metres"), "sqmt")
_UNITS |= dict.fromkeys(("sqft", "sq_ft", "ft2", "ft²", "square_feet"), "sqft")

reference = line_up_to(64)
address = line_up_to(200)
place = line_up_to(120)
postal_code = line_up_to(20)
latitude = decimal_between(-90, 90, 6)
longitude = decimal_between(-180, 180, 6)
count = known(whole_between(0, 200))
garages = whole_between(0, 200)
bathrooms = known(decimal_between(0, 200, 1))
area = known(decimal_between(0, LARGEST_AREA, 2))
price = known(decimal_between(0, HIGHEST_PRICE, 2))
acres = known(decimal_between(0, 20_000, 6))

TEXTS = {
    "title": line_up_to(255),
    "description": text_up_to(20_000),
    "meta_description": line_up_to(320),
}
"""Reader of each field of a listing's text."""


def year(text: str) -> int | None:
    """A year; 0 is unknown."""
    return whole_between(1000, 2100)(text) if number(text) else None


def whole_garages(text: str) -> int:
    """Garage spaces; some associations count half a space, which is no whole one."""
    return int(in_range(number(text), 0, 200))


def price_in_cents(text: str, digits: int) -> Decimal | None:
    """A price given in a currency's smallest unit, of which it has so many decimal digits."""
    return exact_price_in_cents(text, digits) or None


def exact_price_in_cents(text: str, digits: int) -> Decimal:
    """The same, with 0 read as zero."""
    amount = in_range(number(text), 0, 10**15).scaleb(-digits)
    return in_range(amount, 0, HIGHEST_PRICE).quantize(Decimal("0.01"))


def status(text: str) -> str:
    """The key of a status on the market."""
    key = canonical_status(text)
    if key is None:
        raise BadCell(f"This status is not known; use one of {', '.join(STATUSES)}.")
    return key


def unit_of_area(text: str) -> str:
    """ "sqmt" or "sqft" for what different systems call them."""
    unit = _UNITS.get(snake(text))
    if unit is None:
        raise BadCell("This unit of area is not known; use sqmt or sqft.")
    return unit


def currency(text: str) -> str:
    """The three letters of ISO 4217."""
    code = text.strip().upper()
    if not re.fullmatch("[A-Z]{3}", code):
        raise BadCell("This is not a currency code of three letters, such as EUR.")
    return code


def energy_rating(text: str) -> str:
    """A rating such as A+ or G."""
    return line_up_to(10)(text).upper()


EXACT: dict[Callable[[str], Any], Callable[[str], Any]] = {
    reference: kept_line_up_to(64),
    address: kept_up_to(200),
    place: kept_up_to(120),
    postal_code: kept_up_to(20),
    energy_rating: kept_up_to(10),
    count: whole_between(0, 200),
    bathrooms: decimal_between(0, 200, 1),
    area: decimal_between(0, LARGEST_AREA, 2),
    TEXTS["title"]: kept_up_to(255),
    TEXTS["description"]: kept_up_to(20_000),
    TEXTS["meta_description"]: kept_up_to(320),
}
"""Reader to the one that takes a cell as the portal's own export wrote it: nothing is tidied away,
and 0 is zero. The readers that are not here do neither."""


def shouted_address(text: str) -> str:
    """An address that may be in capitals."""
    return in_title_case(address(text))


def shouted_place(text: str) -> str:
    """The name of a place that may be in capitals."""
    return in_title_case(place(text))
