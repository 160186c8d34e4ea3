"""Ties every number and every feature that a text claims to the property's record.

Each claim is supported by a fact, contradicted by one, or not in the record. No model is asked:
phrases come from pwb/content/lexicon/, which a translator can extend.
"""

from bisect import bisect
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from pwb.content.claims_areas import area_claims
from pwb.content.claims_counts import count_claims
from pwb.content.claims_features import phrase_claims
from pwb.content.claims_model import Claim, ClaimsReport
from pwb.content.claims_money import money_claims
from pwb.content.claims_ranks import floor_claims, rating_claims
from pwb.content.claims_reading import Reading, read_text
from pwb.content.claims_years import year_claims
from pwb.content.listing import ListingFacts

__all__ = ["Claim", "ClaimsReport", "check_claims"]


def check_claims(
    text: str,
    facts: ListingFacts,
    locale: str,
    *,
    year_now: int | None = None,
    old_price: Decimal | None = None,
) -> ClaimsReport:
    """Every claim of the text against the facts; any text will do, and it is never changed.

    A locale without a lexicon is read as English. `year_now` is the year that ages ("a ten-year-old
    house") are reckoned from, this year if not given. `old_price` is known of a price that came
    down: it and what came off it are supported, too.
    """
    reading = read_text(text, facts, locale, year_now or datetime.now(UTC).year, old_price)
    numbers = _apart(_numbers(reading))
    relied: dict[Claim, frozenset[str]] = {claim: frozenset() for claim in numbers}
    for claim, keys in phrase_claims(reading, numbers):
        relied.setdefault(claim, keys)
    claims = _apart(iter(relied))
    return ClaimsReport(tuple(claims), frozenset(_fields(claims, relied)))


def _numbers(reading: Reading) -> Iterator[Claim]:
    """Number claims, those first that have the better right to a figure."""
    yield from money_claims(reading)
    yield from area_claims(reading)
    yield from count_claims(reading)
    yield from year_claims(reading)
    yield from floor_claims(reading)
    yield from rating_claims(reading)


def _apart(claims: Iterator[Claim]) -> list[Claim]:
    """The claims in their order in the text, without those that overlap an earlier found one."""
    kept: list[Claim] = []
    for claim in claims:
        place = bisect(kept, claim.start, key=_start)
        before, after = kept[place - 1 : place], kept[place : place + 1]
        if all(other.end <= claim.start for other in before) and all(
            claim.end <= other.start for other in after
        ):
            kept.insert(place, claim)
    return kept


def _start(claim: Claim) -> int:
    return claim.start


def _fields(claims: list[Claim], relied: dict[Claim, frozenset[str]]) -> Iterator[str]:
    for claim in claims:
        yield from relied[claim]
        if claim.field and claim.field != "features":
            yield claim.field
