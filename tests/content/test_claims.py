"""What a text claims about a property, held against the record."""

from dataclasses import replace

import pytest

from pwb.content.claims import Claim, check_claims
from pwb.content.listing import ListingFacts
from tests.content.claims_corpus import records, samples

YEAR = 2025
VILLA, FLAT, RANCH = (records()[name] for name in ("villa", "flat", "ranch"))


def claims(text: str, facts: ListingFacts = VILLA, locale: str = "en") -> dict[str, Claim]:
    report = check_claims(text, facts, locale, year_now=YEAR)
    return {claim.text: claim for claim in report.claims}


def states(text: str, facts: ListingFacts = VILLA, locale: str = "en") -> dict[str, str]:
    return {words: claim.state for words, claim in claims(text, facts, locale).items()}


def flagged(text: str, facts: ListingFacts = VILLA, locale: str = "en") -> set[str]:
    return {words for words, state in states(text, facts, locale).items() if state != "supported"}


# --- What a report tells


def test_every_claim_of_a_text_is_told_with_its_place_and_the_fact_behind_it() -> None:
    text = (
        "Set in Sierra Blanca, this six-bedroom villa of 850 m² opens onto a private pool and sea "
        "views across a 2,500 m² plot. Built in 2021, it adds a home cinema and garaging for three "
        "cars, at €3,950,000."
    )
    report = check_claims(text, VILLA, "en")
    told = {claim.text: (claim.state, claim.field) for claim in report.claims}
    assert told == {
        "six-bedroom": ("supported", "bedrooms"),
        "villa": ("supported", "property_type"),
        "850 m²": ("supported", "constructed_area"),
        "private pool": ("supported", "features"),
        "sea views": ("supported", "features"),
        "2,500 m² plot": ("supported", "plot_area"),
        "2021": ("contradicted", "year_built"),
        "home cinema": ("unsupported", None),
        "garaging": ("supported", "garages"),
        "three cars": ("supported", "garages"),
        "€3,950,000": ("supported", "sale_price"),
    }
    assert (report.supported, report.contradicted, report.unsupported) == (9, 1, 1)
    assert report.blocking


def test_a_contradiction_names_the_record_and_what_to_write_instead() -> None:
    claim = claims("Built in 2021.")["2021"]
    assert claim.message == "Built in 2021 contradicts the record: year built is 2019."
    assert (claim.recorded, claim.correction, claim.kind) == ("2019", "2019", "number")


def test_a_feature_that_the_record_lacks_is_told_in_one_sentence() -> None:
    claim = claims("With a home cinema.")["home cinema"]
    assert claim.message == "Home cinema is not in the record."
    assert (claim.kind, claim.subject, claim.correction) == ("feature", "home_cinema", None)


def test_the_report_as_json_holds_counts_and_items() -> None:
    document = check_claims("Six bedrooms, built in 2021.", VILLA, "en").as_json()
    assert (document["supported"], document["contradicted"], document["unsupported"]) == (1, 1, 0)
    assert [item["text"] for item in document["items"]] == ["Six bedrooms", "2021"]
    assert set(document["items"][0]) == {
        *("start", "end", "text", "kind", "subject", "state", "field"),
        *("claimed", "recorded", "correction", "message"),
    }


def test_the_report_names_the_facts_that_a_text_leans_on() -> None:
    report = check_claims("Six bedrooms, a pool, three-car garage, a sauna, €3.95m.", VILLA, "en")
    assert report.fields == {"bedrooms", "private_pool", "heated_pool", "garages", "sale_price"}
    denied = check_claims("There is no lift.", VILLA, "en")
    assert denied.fields == {"elevator"}


@pytest.mark.parametrize(
    ("text", "locale", "correction"),
    [
        ("A five-bedroom home", "en", "six-bedroom"),
        ("FIVE bedrooms", "en", "Six bedrooms"),
        ("5 Schlafzimmer", "de", "6 Schlafzimmer"),
        ("fünf Schlafzimmer", "de", "sechs Schlafzimmer"),
        ("una parcela de 2.600 m²", "es", "2.500 m²"),
        ("Preis: 3.850.000 €", "de", "3.950.000 €"),
        ("asking €3.85 million", "en", "€3.95 million"),
        ("9,600 sq ft of living space", "en", "9,149 sq ft of living space"),
        ("communal pool", "en", "private pool"),
        ("piscina comunitaria", "es", "piscina privada"),
        ("energy rating C", "en", "B"),
        ("no garage", "en", None),
    ],
)
def test_a_correction_takes_the_form_of_what_it_replaces(
    text: str, locale: str, correction: str | None
) -> None:
    wrong = [c for c in check_claims(text, VILLA, locale).claims if c.state == "contradicted"]
    assert [claim.correction for claim in wrong] == [correction]


def test_no_correction_is_offered_that_would_break_the_grammar() -> None:
    facts = replace(VILLA, bedrooms=1)
    assert claims("two bedrooms", facts)["two bedrooms"].correction is None
    assert claims("a two-bedroom villa", facts)["two-bedroom"].correction == "one-bedroom"


# --- Numbers


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("9,150 sq ft of living space", "en"),
        ("an interior of about 830 m²", "en"),
        ("over 800 square metres built", "en"),
        ("0.62 acres of land", "en"),
        ("0,25 Hektar Grund", "de"),
        ("25 соток земли", "ru"),
        ("敷地756坪", "ja"),
        ("approximately 0.25 hectares of land", "en"),
        ("circa 850 mq interni", "it"),
    ],
)
def test_areas_are_compared_in_any_unit(text: str, locale: str) -> None:
    assert set(states(text, VILLA, locale).values()) == {"supported"}


@pytest.mark.parametrize("text", ["860 m² built", "9,600 sq ft interior", "an 850 m² plot"])
def test_a_wrong_area_is_contradicted(text: str) -> None:
    assert set(states(text).values()) == {"contradicted"}


def test_a_record_in_square_feet_is_compared_as_well() -> None:
    assert not flagged("About 200 m² of living space on 0.18 acres", RANCH)
    assert flagged("240 m² of living space", RANCH)


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("$489,000", "en"),
        ("$489K", "en"),
        ("USD 489,000", "en"),
        ("489.000 Dollar", "de"),
        ("489 000 $", "fr"),
        ("$227 per sq ft", "en"),
    ],
)
def test_a_price_is_read_however_it_is_written(text: str, locale: str) -> None:
    assert set(states(text, RANCH, locale).values()) == {"supported"}


def test_a_price_in_the_wrong_currency_is_contradicted() -> None:
    assert states("Price: $3,950,000") == {"$3,950,000": "contradicted"}


def test_fees_and_former_prices_are_not_held_against_the_price() -> None:
    assert set(states("Community fees: €450 per month").values()) == {"unsupported"}
    assert claims("reduced from €4,200,000")["€4,200,000"].subject == "old_price"


@pytest.mark.parametrize("text", ["2.5 baths", "2½ baths", "two and a half baths", "2 1/2 baths"])
def test_half_bathrooms_are_counted(text: str) -> None:
    assert set(states(text, RANCH).values()) == {"supported"}
    assert set(states(text, VILLA).values()) == {"contradicted"}


@pytest.mark.parametrize(
    ("text", "facts", "locale"),
    [
        ("3-Zimmer-Wohnung", FLAT, "de"),
        ("apartamento T2", FLAT, "pt"),
        ("appartement T3", FLAT, "fr"),
        ("trilocale", FLAT, "it"),
        ("driekamerappartement", FLAT, "nl"),
        ("трёхкомнатная квартира", FLAT, "ru"),
        ("两室公寓", FLAT, "zh"),
        ("2LDKマンション", FLAT, "ja"),
    ],
)
def test_rooms_are_counted_as_each_country_does(
    text: str, facts: ListingFacts, locale: str
) -> None:
    assert set(states(text, facts, locale).values()) == {"supported"}


def test_part_of_the_bedrooms_is_no_contradiction() -> None:
    assert not flagged("A master suite and five further bedrooms.")
    assert not flagged("Two bedrooms upstairs and four bedrooms downstairs.")
    assert not flagged("Villa con un dormitorio en la planta baja.", VILLA, "es")
    assert flagged("Seven further bedrooms.") == {"Seven further bedrooms"}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("An 18th-century villa", {"18th-century"}),
        ("A villa of the 1990s", {"1990s"}),
        ("A six-year-old villa", set()),
        ("A 120-year-old villa", {"120-year-old"}),
        ("Available from January 2026", set()),
        ("Renovated in 2022", {"Renovated", "2022"}),
    ],
)
def test_when_it_was_built_is_checked_in_any_form(text: str, wrong: set[str]) -> None:
    assert flagged(text) == wrong


@pytest.mark.parametrize(
    "text",
    [
        "Call +34 600 123 456 or write to info@example.com.",
        "Open 24/7, viewings at 10:30 am on 12/05/2025.",
        "One of the most beautiful homes, with 360° of sky and 100% charm.",
        "Calle del Jardín 14, 29602 Marbella, ref. ES-14-B.",
        "A home, a retreat, a first choice.",
        "Minimum 12 months.",
    ],
)
def test_numbers_that_belong_to_nothing_checkable_are_no_claims(text: str) -> None:
    assert not flagged(text)


def test_ways_and_floors_are_unsupported() -> None:
    found = claims("On the third floor, 200 m from the beach and five minutes' walk to town.")
    assert {claim.subject for claim in found.values()} == {"floor", "distance"}
    assert {claim.state for claim in found.values()} == {"unsupported"}


# --- Features


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("no garage", "en"),
        ("ohne Garage", "de"),
        ("sin garaje", "es"),
        ("sans garage", "fr"),
        ("senza garage", "it"),
        ("sem garagem", "pt"),
        ("zonder garage", "nl"),
        ("без гаража", "ru"),
        ("没有车库", "zh"),
        ("ガレージなし", "ja"),
    ],
)
def test_a_denied_feature_that_the_record_has_is_contradicted(text: str, locale: str) -> None:
    assert states(text, VILLA, locale) == {text: "contradicted"}
    assert states(text, FLAT, locale) == {text: "supported"}


@pytest.mark.parametrize(
    "text",
    [
        "Space for a tennis court, and the possibility to add a lift.",
        "Pre-installation of solar panels.",
        "A sauna can be added.",
        "Near a gym; close to the marina and the tennis court.",
        "A pool of light, a viewing to lift your spirits, street parking.",
        "Garden Street, Balcony Road and Terrace Lane.",
        "Without doubt the pool is a dream.",
        "Not only a pool but also a garden.",
        "Sauna? Not here.",
    ],
)
def test_what_only_sounds_like_a_feature_is_not_flagged(text: str) -> None:
    assert not flagged(text)


def test_a_word_written_to_deceive_is_read_as_it_looks() -> None:
    for sauna in ("sau\u200bna", "s\u0430una", "sau\u00adna", "ｓａｕｎａ"):
        assert states(f"With a {sauna}.") == {sauna: "unsupported"}


def test_a_private_pool_is_not_a_shared_one() -> None:
    assert states("private pool", FLAT) == {"private pool": "contradicted"}
    assert states("communal pool", FLAT) == {"communal pool": "supported"}
    assert states("swimming pool", FLAT) == {"swimming pool": "supported"}
    assert states("communal pool", VILLA) == {"communal pool": "contradicted"}


def test_claims_that_share_words_are_told_side_by_side() -> None:
    assert states("Sea and mountain views") == {
        "Sea": "supported",
        "mountain views": "unsupported",
    }
    assert states("Meer- und Bergblick", locale="de") == {
        "Meer": "supported",
        "Bergblick": "unsupported",
    }


def test_a_feature_under_a_key_of_its_own_supports_what_its_words_say() -> None:
    facts = replace(FLAT, features=("indoor_pool", "cine_en_casa"))
    assert not flagged("An indoor pool.", facts)
    assert not flagged("Piscina interior y cine en casa.", facts, "es")


def test_a_property_of_another_type_or_market_is_contradicted() -> None:
    assert states("This apartment is for rent.") == {
        "apartment": "contradicted",
        "for rent": "contradicted",
    }
    assert not flagged("A home, a property and a residence for sale, unlike the apartments nearby")
    assert not flagged("Villa Borghese is an hour away.", replace(FLAT, property_type="villa"))


# --- Any input


def test_a_locale_without_a_lexicon_is_read_as_english_and_a_region_as_its_language() -> None:
    assert set(states("Six bedrooms", VILLA, "xx").values()) == {"supported"}
    assert set(states("sechs Schlafzimmer", VILLA, "de-AT").values()) == {"supported"}


def test_a_record_with_next_to_nothing_contradicts_nothing() -> None:
    bare = ListingFacts(reference="X")
    for sample in samples():
        assert not check_claims(sample.text, bare, sample.locale).contradicted
