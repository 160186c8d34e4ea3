"""When the property was built: years, decades, centuries and ages."""

from collections.abc import Iterator
from decimal import Decimal

from pwb.content.claims_model import Claim, ClaimState
from pwb.content.claims_reading import Quantity, Reading
from pwb.content.claims_wording import make_claim

_FIRST_YEAR = 1200
_YEARS_AHEAD = 10
_REACH = 4


def year_claims(reading: Reading) -> Iterator[Claim]:
    """The claims about when it was built or renovated."""
    for quantity in reading.quantities:
        found = _century(reading, quantity) or _age(reading, quantity)
        if found is None and not quantity.ordinal:
            found = _decade(reading, quantity) or _year(reading, quantity)
        if found:
            yield found
    yield from _roman_centuries(reading)


def _year(reading: Reading, quantity: Quantity) -> Claim | None:
    year = _as_year(reading, quantity)
    if year is None:
        return None
    if reading.at("units", quantity.last + 1) or reading.at("currency", quantity.last + 1):
        return None
    if _renovated(reading, quantity):
        state: ClaimState = "unsupported"
        return _told(
            reading, quantity.first, quantity.last, state, "year_renovated", "renovated in"
        )
    if not _is_built(reading, quantity):
        return _seen_as_fact(reading, quantity, year)
    record = reading.facts.year_built
    state = "unsupported" if not record else "supported" if record == year else "contradicted"
    return _told(reading, quantity.first, quantity.last, state, "year_built", "built in")


def _as_year(reading: Reading, quantity: Quantity) -> int | None:
    raw = reading.norm(quantity.first)
    if quantity.spelled or quantity.first != quantity.last or len(raw) != 4 or not raw.isdecimal():
        return None
    year = int(raw)
    return year if _FIRST_YEAR <= year <= reading.year_now + _YEARS_AHEAD else None


def _is_built(reading: Reading, quantity: Quantity) -> bool:
    first = quantity.first - (reading.norm(quantity.first - 1) in (":", "："))
    if reading.before("year", first, _REACH, "other") or reading.after(
        "year", quantity.last, 2, "other_after"
    ):
        return False
    if reading.before("year", first, 1, "built"):
        return True
    if reading.after("year", quantity.last, 3, "built_after"):
        return True
    joined = reading.glued(quantity.first) is False and reading.at("homes", quantity.last + 1)
    return joined is not None and joined is not False and reading.locale in ("en", "ru", "zh", "ja")


def _renovated(reading: Reading, quantity: Quantity) -> bool:
    if reading.before("year", quantity.first, 1, "built"):
        return reading.before("year", quantity.first, _REACH, "built", "renovated") is None or (
            _nearest_is_renovated(reading, quantity)
        )
    return bool(
        reading.before("year", quantity.first, _REACH, "renovated")
        or reading.after("year", quantity.last, 2, "renovated_after")
    )


def _nearest_is_renovated(reading: Reading, quantity: Quantity) -> bool:
    renovated = reading.before("year", quantity.first, _REACH, "renovated")
    built = reading.before("year", quantity.first, _REACH, "built")
    return renovated is not None and built is not None and renovated.last > built.last


def _seen_as_fact(reading: Reading, quantity: Quantity, year: int) -> Claim | None:
    """A year that nothing explains counts when it is the record's, and is passed over if not."""
    if year != reading.facts.year_built:
        return None
    return _told(reading, quantity.first, quantity.last, "supported", "year_built", "built in")


def _told(
    reading: Reading, first: int, last: int, state: ClaimState, subject: str, words: str
) -> Claim:
    record = reading.facts.year_built if subject != "year_renovated" else None
    exact = words == "built in"
    return make_claim(
        reading,
        first,
        last,
        kind="number",
        subject=subject,
        state=state,
        field="year_built" if record else None,
        claimed=f"{words} {reading.slice(first, last)}".strip(),
        recorded=str(record) if record else None,
        correction=str(record) if record and exact else None,
    )


def _decade(reading: Reading, quantity: Quantity) -> Claim | None:
    """ "the 1920s", "jaren 1920", "años 20" are years from 1920 to 1929."""
    year = _as_year(reading, quantity)
    mark = reading.at("year", quantity.last + 1, "decade")
    if year is None or mark is None or year % 10 or reading.at("cues", mark.last + 1, "style"):
        return None
    if not reading.glued(mark.first):
        return None
    return _period(reading, quantity.first, mark.last, range(year, year + 10))


def _century(reading: Reading, quantity: Quantity) -> Claim | None:
    word = reading.at("year", quantity.last + 1, "century")
    if word is None or (not quantity.ordinal and reading.spaced) or not 10 <= quantity.value <= 21:
        return None
    return _of_century(reading, quantity.first, word.last, int(quantity.value))


_ROMAN = {"xii": 12, "xiii": 13, "xiv": 14, "xv": 15, "xvi": 16, "xvii": 17, "xviii": 18} | {
    "xix": 19,
    "xx": 20,
    "xxi": 21,
}


def _roman_centuries(reading: Reading) -> Iterator[Claim]:
    """ "siglo XIX", "XVIIIe siècle", "XIX века"."""
    for match in reading.all("year"):
        if match.key != "century":
            continue
        for place in (match.first - 1, match.last + 1, match.first - 2):
            value = _ROMAN.get(_without_ending(reading.norm(place)))
            if value:
                first, last = min(place, match.first), max(place, match.last)
                found = _of_century(reading, first, last, value)
                if found:
                    yield found
                break


def _without_ending(norm: str) -> str:
    for ending in ("eme", "e"):
        if norm.endswith(ending):
            return norm.removesuffix(ending)
    return norm


def _of_century(reading: Reading, first: int, last: int, century: int) -> Claim | None:
    if reading.at("cues", last + 1, "style") or reading.before("cues", first, 2, "style"):
        return None
    return _period(reading, first, last, range((century - 1) * 100, century * 100 + 1))


def _period(reading: Reading, first: int, last: int, years: range) -> Claim | None:
    record = reading.facts.year_built
    if not record and reading.before("year", first, _REACH, "other"):
        return None
    state: ClaimState = (
        "unsupported" if not record else "supported" if record in years else "contradicted"
    )
    return _told(reading, first, last, state, "year_built", "")


def _age(reading: Reading, quantity: Quantity) -> Claim | None:
    """ "120-year-old villa", "築10年"; the age of something else is no claim."""
    after = reading.at("year", quantity.last + 1, "age")
    before = reading.ending("year", quantity.first - 1, "age_before")
    unit = reading.at("year", quantity.last + 1, "years") if before else None
    last = after.last if after else unit.last if unit else None
    if last is None or quantity.ordinal or quantity.article:
        return None
    if (
        after
        and not reading.after("homes", last, 3)
        and not reading.before("homes", quantity.first, 3)
    ):
        return None
    first = before.first if before else quantity.first
    record = reading.facts.year_built
    state: ClaimState = "unsupported"
    if record:
        gap = abs(reading.year_now - record - quantity.value)
        state = "supported" if gap <= max(Decimal(1), quantity.value / 20) else "contradicted"
    return _told(reading, first, last, state, "year_built", "")
