"""How well claims are judged: the corpus with its figures, any input at all, and the work it is."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwb.content.claims import check_claims
from pwb.content.listing import LOCALES, ListingFacts
from tests.content.claims_corpus import Sample, records, samples
from tests.growth import LINEAR, TIMES_LONGER, growth

YEAR = 2025
VILLA, FLAT, RANCH = (records()[name] for name in ("villa", "flat", "ranch"))
LANGUAGES = sorted({sample.locale for sample in samples()})


def _measured(sample: Sample) -> Counter[str]:
    report = check_claims(sample.text, sample.facts, sample.locale, year_now=YEAR)
    reproved = [claim for claim in report.claims if claim.state != "supported"]
    found = [
        plant
        for plant in sample.planted
        if any(claim.start < plant.end and plant.start < claim.end for claim in reproved)
    ]
    false = [
        claim
        for claim in reproved
        if not any(claim.start < plant.end and plant.start < claim.end for plant in sample.planted)
    ]
    exact = [
        plant
        for plant in found
        if any(
            (claim.state, claim.subject) == (plant.state, plant.subject)
            for claim in reproved
            if claim.start < plant.end and plant.start < claim.end
        )
    ]
    return Counter(
        texts=1,
        planted=len(sample.planted),
        found=len(found),
        exact=len(exact),
        false=len(false),
        sound=len(report.claims) - len(reproved) + len(false),
    )


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_corpus_is_judged_right_in_each_language(locale: str) -> None:
    total: Counter[str] = Counter()
    for sample in samples():
        if sample.locale == locale:
            total += _measured(sample)
    recall, alarms = total["found"] / total["planted"], total["false"] / total["sound"]
    print(
        f"claims {locale}: {total['texts']} texts, {total['planted']} planted errors, "
        f"{recall:.1%} found ({total['exact'] / total['planted']:.1%} with state and subject), "
        f"{alarms:.1%} false alarms among {total['sound']} sound claims"
    )
    assert recall >= 0.95
    assert alarms <= 0.03


def test_the_corpus_is_large_enough() -> None:
    assert sum(1 for _ in samples()) >= 200
    assert set(LANGUAGES) == set(LOCALES)


WORDS = st.sampled_from(
    [
        *("three", "2½", "1.250.000", "3,95", "€", "m²", "no", "private", "pool", "half", "acre"),
        *("bedrooms", "built in", "2019", "sea", "and", "views", "-", ".", ",", "?", "\n", "18th"),
        *(
            "century",
            "ohne",
            "drei",
            "Zimmer",
            "三",
            "间",
            "卧室",
            "万",
            "欧元",
            "億",
            "3LDK",
            "なし",
        ),
        *("½", "XVIII", "siècle", "k", "million", "per month", "energy rating", "A", "+", "٣"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    text=st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=40).map(" ".join)),
    locale=st.sampled_from(list(LOCALES)),
    facts=st.sampled_from([VILLA, FLAT, RANCH, ListingFacts(reference="")]),
)
def test_any_text_gets_a_report_whose_places_fit(
    text: str, locale: str, facts: ListingFacts
) -> None:
    report = check_claims(text, facts, locale)
    end = 0
    for claim in report.claims:
        assert end <= claim.start < claim.end
        assert text[claim.start : claim.end] == claim.text
        assert claim.message.endswith(".")
        end = claim.end


@settings(max_examples=100, deadline=None)
@given(
    number=st.decimals(allow_nan=False, allow_infinity=False),
    word=st.text(max_size=20),
    keys=st.lists(st.text(max_size=70), max_size=4),
)
def test_any_record_gets_a_report(number: Decimal, word: str, keys: list[str]) -> None:
    facts = ListingFacts(
        reference=word,
        bathrooms=number,
        constructed_area=number,
        sale_price=number,
        street_address=word,
        property_type=word,
        energy_rating=word,
        features=tuple(keys),
    )
    for sample in list(samples())[::40]:
        check_claims(sample.text, facts, sample.locale)


@pytest.mark.parametrize("locale", ["en", "de", "zh"])
def test_the_work_of_reading_grows_with_the_text_whatever_it_is(locale: str) -> None:
    own = " ".join(sample.text for sample in samples() if sample.locale == locale)
    for piece in (own, "pool ", "1", "3 ", "1,", "no garage ", "views over ", "三", "€", "twenty "):
        text = piece * (800 * TIMES_LONGER // len(piece) + 1)
        short, long = text[:800], text[: 800 * TIMES_LONGER]
        grown = growth(lambda given: check_claims(given, VILLA, locale), short, long)
        assert grown < LINEAR, piece[:20]
