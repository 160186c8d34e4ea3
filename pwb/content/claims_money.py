"""Prices: for sale, per month, per square metre; other sums are known for what they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pwb.content.claims_areas import SQUARE_FOOT
from pwb.content.claims_model import Claim, ClaimState
from pwb.content.claims_reading import Quantity, Reading
from pwb.content.claims_tolerance import agrees, in_range, vagueness
from pwb.content.claims_wording import local_number, make_claim, plain, price_words

_DOLLARS = frozenset(("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"))
_SIGNS = {
    "€": frozenset(("EUR",)),
    "$": _DOLLARS,
    "£": frozenset(("GBP",)),
    "¥": frozenset(("JPY", "CNY")),
    "￥": frozenset(("JPY", "CNY")),
    "₽": frozenset(("RUB",)),
    "₹": frozenset(("INR",)),
    "₩": frozenset(("KRW",)),
}
_SHORT_SCALES = {"k": Decimal(1000), "m": Decimal(10**6), "mn": Decimal(10**6)}
_LARGE = Decimal(100_000)
_SCALED = Decimal("0.004")
_PER_AREA = Decimal("0.02")


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of money in the text. `scale` is 1 unless it is told in thousands or millions."""

    first: int
    last: int
    quantity: Quantity
    values: tuple[Decimal, ...]
    scale: Decimal
    currencies: frozenset[str]
    number_last: int


def money_claims(reading: Reading) -> Iterator[Claim]:
    """The claims about prices and other sums."""
    done = -1
    for quantity in reading.quantities:
        if quantity.first <= done or quantity.ordinal or quantity.article:
            continue
        found = _sum(reading, quantity)
        if found and not in_range(reading, quantity):
            done = found.last
            yield _claim(reading, found)


def _sum(reading: Reading, quantity: Quantity) -> Sum | None:
    before, first = _currency_before(reading, quantity.first)
    values, scale, last = _scaled(reading, quantity, bool(before))
    after, end = _currency_after(reading, last)
    currencies = before or after
    if not currencies and not _is_priced(reading, quantity, values, last):
        return None
    return Sum(first, end, quantity, values, scale, currencies or frozenset(), last)


def _is_priced(
    reading: Reading, quantity: Quantity, values: tuple[Decimal, ...], last: int
) -> bool:
    """Whether a figure without a currency is a price by the word before it."""
    if values[0] < 100 or reading.at("units", last + 1) or reading.at("counts", last + 1):
        return False
    return reading.before("money", _past_colon(reading, quantity.first), 3, "price") is not None


def _past_colon(reading: Reading, index: int) -> int:
    return index - 1 if reading.norm(index - 1) in (":", "：") else index


def _currency_before(reading: Reading, first: int) -> tuple[frozenset[str], int]:
    sign = _SIGNS.get(reading.norm(first - 1))
    if sign:
        prefixed = reading.norm(first - 2) in ("us", "a", "au", "c", "ca", "nz")
        return sign, first - 2 if prefixed and reading.glued(first - 1) else first - 1
    word = reading.ending("currency", first - 1)
    return (_codes(word.key), word.first) if word else (frozenset(), first)


def _currency_after(reading: Reading, last: int) -> tuple[frozenset[str], int]:
    place = last + 1 + reading.is_word(last + 1, "of")
    sign = _SIGNS.get(reading.norm(place))
    if sign:
        return sign, place
    word = reading.at("currency", place)
    return (_codes(word.key), word.last) if word else (frozenset(), last)


def _codes(key: str) -> frozenset[str]:
    return _DOLLARS if key == "USD" else frozenset((key,))


def _scaled(
    reading: Reading, quantity: Quantity, has_currency: bool
) -> tuple[tuple[Decimal, ...], Decimal, int]:
    """The values times their million, and on over further parts ("1億2000万")."""
    last = quantity.last
    scale, end = _scale(reading, last, has_currency, quantity.value < _LARGE)
    if scale is None:
        return quantity.values, Decimal(1), last
    values = tuple(value * scale for value in reversed(quantity.values))
    more = reading.quantity_at(end + 1)
    lower, lower_end = _scale(reading, more.last, False) if more else (None, 0)
    if more and not reading.spaced and lower and lower < scale:
        return tuple(value + more.value * lower for value in values), lower, lower_end
    return values, scale, end


def _scale(
    reading: Reading, last: int, has_currency: bool, has_small: bool = True
) -> tuple[Decimal | None, int]:
    short = _SHORT_SCALES.get(reading.norm(last + 1)) if has_small else None
    following = reading.norm(last + 2) in _SIGNS or reading.at("currency", last + 2)
    if short and (has_currency or following or reading.norm(last + 1) == "k"):
        return short, last + 1
    word = reading.at("scale", last + 1)
    return (Decimal(word.key), word.last) if word else (None, last)


def _claim(reading: Reading, found: Sum) -> Claim:
    dropped = _of_price_drop(reading, found)
    if dropped:
        return dropped
    other = _other_sum(reading, found)
    if other:
        return _unsupported(reading, found, other)
    if _per_area(reading, found):
        return _price_per_area(reading, found)
    fields = _fields(reading, found)
    known = [name for name in fields if getattr(reading.facts, name)]
    if not known:
        return _unsupported(reading, found, fields[0])
    return _price(reading, found, known)


def _unsupported(reading: Reading, found: Sum, subject: str) -> Claim:
    return make_claim(
        reading, found.first, found.last, kind="number", subject=subject, state="unsupported"
    )


def _of_price_drop(reading: Reading, found: Sum) -> Claim | None:
    """The sum where it is the price before a drop, or what came off it; the price of now is read
    as any price is."""
    facts, old = reading.facts, reading.old_price
    price = facts.sale_price or facts.rental_price
    foreign = bool(facts.currency and found.currencies) and facts.currency not in found.currencies
    if old is None or not price or foreign:
        return None
    how = vagueness(reading, found.first, found.last)
    allowed = Decimal(0) if found.scale == 1 else _SCALED
    if agrees(found.values, price, how, allowed):
        return None
    for subject, value in (("old_price", old), ("price_drop", old - price)):
        if value > 0 and agrees(found.values, value, how, allowed):
            return make_claim(
                reading,
                found.first,
                found.last,
                kind="number",
                subject=subject,
                state="supported",
                recorded=price_words(value, facts.currency),
            )
    return None


def _other_sum(reading: Reading, found: Sum) -> str | None:
    """What the sum is where it is no price: fees, deposit, tax, or what was asked before."""
    if reading.before("money", found.first, 4, "old"):
        return "old_price"
    if _could_be_price(reading, found):
        return None
    ahead = reading.after("money", found.last, 4, "cost", "week", "month")
    behind = reading.before("money", _past_colon(reading, found.first), 5, "cost")
    monthly = ahead is None or ahead.key == "month"
    return None if monthly and behind is None else "other_cost"


def _could_be_price(reading: Reading, found: Sum) -> bool:
    """Whether the sum is of the size of the price, as fees and deposits are not."""
    price = reading.facts.sale_price
    return price is not None and any(price / 2 <= value <= price * 2 for value in found.values)


def _fields(reading: Reading, found: Sum) -> tuple[str, ...]:
    """The facts the sum may be, by the words around it."""
    if reading.after("money", found.last, 4, "month") or reading.before(
        "money", _past_colon(reading, found.first), 4, "rent", "month"
    ):
        return ("rental_price",)
    if reading.before("money", _past_colon(reading, found.first), 3, "sale"):
        return ("sale_price",)
    return ("sale_price", "rental_price")


def _price(reading: Reading, found: Sum, fields: list[str]) -> Claim:
    how = vagueness(reading, found.first, found.last)
    allowed = Decimal(0) if found.scale == 1 else _SCALED
    facts = reading.facts
    near = [n for n in fields if agrees(found.values, getattr(facts, n), how, allowed)]
    field = near[0] if near else fields[0]
    record = getattr(facts, field)
    foreign = bool(facts.currency and found.currencies) and facts.currency not in found.currencies
    return make_claim(
        reading,
        found.first,
        found.last,
        kind="number",
        subject=field,
        state=_state(bool(near), foreign),
        field=field,
        recorded=price_words(record, facts.currency),
        correction=None if foreign else _correction(reading, found, record),
    )


def _state(near: bool, foreign: bool) -> ClaimState:
    """A sum in another currency may be a conversion, unless it is the same figure."""
    if foreign:
        return "contradicted" if near else "unsupported"
    return "supported" if near else "contradicted"


def _correction(reading: Reading, found: Sum, record: Decimal) -> str | None:
    quantity = found.quantity
    if quantity.spelled or found.number_last - quantity.last > 1:
        return None
    value = record / found.scale
    if value * 1000 != (value * 1000).to_integral_value():
        return None
    start, end = reading.span(found.first, found.last)
    first, last = reading.span(quantity.first, quantity.last)
    old = reading.text[first:last] if found.scale == 1 else ""
    new = local_number(value, reading.locale, old)
    return reading.text[start:first] + new + reading.text[last:end]


def _per_area(reading: Reading, found: Sum) -> bool:
    place = found.last + 1
    slash = reading.norm(place) == "/" or reading.is_word(place, "per")
    unit = reading.at("units", place + 1, "m2", "sqft") if slash else None
    return unit is not None


def _price_per_area(reading: Reading, found: Sum) -> Claim:
    facts = reading.facts
    unit = reading.at("units", found.last + 2, "m2", "sqft")
    factor = Decimal(1)
    if unit and unit.key != {"sqmt": "m2", "sqft": "sqft"}.get(facts.area_unit):
        factor = SQUARE_FOOT if unit.key == "sqft" else 1 / SQUARE_FOOT
    prices = [price for price in (facts.sale_price, facts.rental_price) if price]
    area = facts.constructed_area
    rates = [price / area * factor for price in prices] if area else []
    near = [rate for rate in rates if agrees(found.values, rate, "exact", _PER_AREA)]
    return make_claim(
        reading,
        found.first,
        found.last,
        kind="number",
        subject="price_per_area",
        state="supported" if near else "unsupported",
        field="sale_price" if near else None,
        recorded=plain(round(near[0])) if near else None,
    )
