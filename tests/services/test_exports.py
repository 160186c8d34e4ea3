"""CSV exports: the import's columns, nothing lost on a round trip, nothing that a sheet runs."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from pwb.content.cells import guarded, unguarded
from pwb.content.features import FEATURES, canonical_features
from pwb.content.kinds import PROPERTY_STATES, PROPERTY_TYPES, STATUSES
from pwb.content.locales import LOCALES
from pwb.extensions import db
from pwb.models import Property
from pwb.models.properties import AI_ORIGINS, FACTS, TEXT_FIELDS
from pwb.services import properties
from pwb.services.exports import BATCH_LISTINGS, export_listings
from pwb.services.imports import Summary, import_listings
from pwb.services.tenancy import scoped
from tests import factories
from tests.conftest import SHARED
from tests.services.sign_off import approve


def export(website, **options):
    return b"".join(export_listings(website, **options))


def rows(data):
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def bring_in(website, data):
    *_, summary = import_listings(website, None, io.BytesIO(data), filename="export.csv")
    assert isinstance(summary, Summary)
    assert (summary.problems, summary.notes) == (0, ()), summary
    return summary


def contents(website):
    """Every fact and text of the website, to compare two by."""
    listings = db.session.scalars(scoped(Property, website).order_by(Property.id))
    return [
        (
            {name: getattr(listing, name) for name in FACTS},
            {
                text.locale: [
                    *(getattr(text, name) for name in TEXT_FIELDS),
                    text.origin if text.origin in AI_ORIGINS else "a person's",
                ]
                for text in listing.texts
                if any(getattr(text, name) for name in TEXT_FIELDS)
            },
        )
        for listing in listings
    ]


def check_round_trip(website):
    first = export(website)
    elsewhere = factories.create_website(currency="GBP")
    bring_in(elsewhere, first)
    assert contents(elsewhere) == contents(website)
    assert export(elsewhere) == first


# What the portal's forms let through: no control characters but line ends and tabs.
CHARACTERS = st.characters(
    exclude_categories=("Cs",),
    exclude_characters="".join(map(chr, {*range(32), 127} - {9, 10, 13})),
)
ODD = st.sampled_from(
    [
        '=HYPERLINK("http://evil.test","x")',
        "=1+1",
        "'=1+1",
        "''=1+1",
        "'",
        "''",
        "+34 600",
        "-5",
        "@SUM(A1)",
        "＝1",
        "'s-Hertogenbosch",
        "'t Gooi",
        'He said "hi", then left',
        "a;b\tc|d",
        "120 m² · 100 000 €",
        "two  spaces",
        "zero\u200bwidth",
        "\u202eright to left",
        "one\n\ntwo\r\nthree\rfour\u2028five\u0085six",
        "🏡👩‍👩‍👧🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "ﷺ \ufeff mark",
        "0",
        "NULL",
        "1e5",
        "日本語、テスト。",
    ]
)


def texts_up_to(longest):
    return st.one_of(ODD, st.text(CHARACTERS, max_size=min(longest, 60))).map(
        lambda text: text[:longest]
    )


def amounts(high, places):
    return st.none() | st.decimals(0, high, allow_nan=False, places=places)


LISTING = st.fixed_dictionaries(
    {
        "reference": texts_up_to(60).map(lambda text: " ".join(text.splitlines())),
        "status": st.sampled_from(sorted(STATUSES)),
        "property_type": st.none() | st.sampled_from(sorted(PROPERTY_TYPES)),
        "property_state": st.none() | st.sampled_from(sorted(PROPERTY_STATES)),
        "bedrooms": st.none() | st.integers(0, 200),
        "bathrooms": amounts(200, 1),
        "toilets": st.none() | st.integers(0, 200),
        "garages": st.none() | st.integers(0, 200),
        "constructed_area": amounts(10**9 - 1, 2),
        "plot_area": amounts(10**9 - 1, 2),
        "area_unit": st.sampled_from(["sqmt", "sqft"]),
        "year_built": st.none() | st.integers(1000, 2100),
        "energy_rating": texts_up_to(10),
        "street_address": texts_up_to(200),
        "city": texts_up_to(120),
        "region": texts_up_to(120),
        "postal_code": texts_up_to(20),
        "country": texts_up_to(120),
        "latitude": st.none() | st.decimals(-90, 90, places=6, allow_nan=False),
        "longitude": st.none() | st.decimals(-180, 180, places=6, allow_nan=False),
        "currency": st.sampled_from(["EUR", "JPY", "KWD", "USD"]),
        "sale_price": amounts(10**12 - 1, 2),
        "rental_price": amounts(10**12 - 1, 2),
        "features": st.lists(
            st.sampled_from(sorted(FEATURES)) | st.text(CHARACTERS, max_size=70), max_size=6
        ).map(lambda words: list(canonical_features(words))),
    }
)
TEXTS = st.dictionaries(
    st.sampled_from(factories.LOCALES),
    st.fixed_dictionaries({name: texts_up_to(255) for name in TEXT_FIELDS}),
    max_size=3,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(listings=st.lists(st.tuples(LISTING, TEXTS), min_size=1, max_size=3))
def test_a_round_trip_loses_nothing_and_gives_the_same_bytes(app, listings):
    website = factories.create_website()
    for number, (facts, texts) in enumerate(listings):
        reference = f"{facts['reference'].strip()} {number}"
        properties.create_property(website, None, facts | {"reference": reference}, texts)
    check_round_trip(website)


def test_references_that_differ_in_spaces_only_stay_apart(app):
    website = factories.create_website()
    for reference in ("A 1", "A  1", "A\u00a01"):
        factories.create_property(website, reference=reference)
    check_round_trip(website)


def test_a_zero_that_is_known_stays_one(app):
    website = factories.create_website()
    factories.create_property(
        website, bedrooms=0, bathrooms=0, sale_price=0, plot_area=0, garages=0, toilets=None
    )
    (row,) = rows(export(website))
    assert (row["count_bedrooms"], row["price_sale_current_cents"]) == ("0", "0")
    assert (row["count_toilets"], row["verbatim"]) == ("", "1")
    check_round_trip(website)


@pytest.mark.parametrize("name", ["listings-pwb.csv", "listings-reso.csv"])
def test_the_real_listings_make_the_round_trip(app, name):
    path = SHARED / "data" / name
    if not path.exists():
        pytest.skip("the shared example listings are not on this machine")
    website = factories.create_website()
    for _ in import_listings(website, None, io.BytesIO(path.read_bytes()), filename=name):
        pass
    check_round_trip(website)


def test_importing_an_export_where_it_came_from_changes_nothing(app):
    website = factories.create_website()
    factories.create_property(website, {"en": {"title": "=Odd  one", "description": "x"}})
    summary = bring_in(website, export(website))
    assert (summary.created, summary.updated, summary.unchanged) == (0, 0, 1)


def test_the_columns_are_those_of_the_import(app):
    website = factories.create_website()
    factories.create_property(
        website, {"de": {"title": "Titel"}}, reference="A", longitude=Decimal("-4.6237")
    )
    (row,) = rows(export(website))
    assert row["reference"] == "A"
    assert row["price_sale_current_cents"] == "65000000"
    assert row["longitude"] == "-4.6237"
    assert row["features"] == "private_pool|terrace"
    assert row["title_de"] == "Titel" and row["title_en"] == ""


def test_prices_stand_in_the_smallest_unit_of_their_currency(app):
    website = factories.create_website()
    for currency in ("EUR", "JPY", "KWD"):
        factories.create_property(website, currency=currency, sale_price=Decimal("1500"))
    prices = [row["price_sale_current_cents"] for row in rows(export(website))]
    assert prices == ["150000", "1500", "1500000"]


@settings(max_examples=300)
@given(text=st.one_of(ODD, st.text(st.sampled_from("'=+-@\t\r\nx＝ "), max_size=6), st.text()))
def test_a_guarded_cell_is_never_a_formula_and_gives_its_text_back(text):
    cell = guarded(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    assert unguarded(cell) == text


def test_no_text_of_an_export_begins_as_a_formula(app):
    website = factories.create_website()
    formula = "=cmd|' /C calc'!A0"
    factories.create_property(
        website,
        {"en": {"title": formula, "description": "@x", "meta_description": "+1"}},
        reference="-1",
        city=formula,
    )
    (row,) = rows(export(website))
    assert row["title_en"] == row["city"] == f"'{formula}"
    assert (row["description_en"], row["meta_description_en"]) == ("'@x", "'+1")
    assert row["reference"] == "'-1"


def test_features_read_from_their_own_keys_are_the_same():
    @settings(max_examples=300)
    @given(st.text(max_size=70))
    def check(word):
        keys = canonical_features([word])
        assert canonical_features(keys) == keys

    check()


def test_a_website_without_listings_exports_its_columns_only(app):
    website = factories.create_website()
    data = export(website)
    assert data.startswith(b"reference,prop_type_key,") and data.count(b"\r\n") == 1
    assert export(website, approved_only=True).count(b"\r\n") == 1


def test_another_websites_listings_are_not_in_it(app):
    website = factories.create_website()
    stranger = factories.create_property(
        factories.create_website(), {"en": {"title": "x"}}, reference="STRANGER"
    )
    factories.create_approved_text(stranger)
    assert b"STRANGER" not in export(website) + export(website, approved_only=True)


def test_approved_only_leaves_drafts_out_and_says_who_wrote_and_approved(app):
    website = factories.create_website(ai_disclosure="Written with AI.")
    factories.create_property(website, {"en": {"title": "draft"}}, reference="A")
    listing = factories.create_property(
        website, {"de": {"title": "Entwurf"}, "en": {"title": "Signed"}}, reference="B"
    )
    factories.create_approved_text(listing, "en", origin="generated", model="a/model")
    factories.create_approved_text(listing, "fr", title="=Signé")
    (row,) = rows(export(website, approved_only=True))
    assert (row["reference"], row["title_en"], row["title_de"]) == ("B", "Signed", "")
    assert (row["ai_generated_en"], row["model_en"]) == ("true", "a/model")
    assert row["approved_by_en"] == "Ana Approver" and row["approved_at_en"].endswith("Z")
    assert (row["disclosure_en"], row["disclosure_fr"]) == ("Written with AI.", "")
    assert (row["ai_generated_fr"], row["model_fr"], row["title_fr"]) == ("false", "", "'=Signé")
    whole = rows(export(website))
    assert [row["title_en"] for row in whole] == ["draft", "Signed"]
    assert "approved_by_en" not in whole[0]


def with_texts_by_ai(website):
    """A listing with a text that AI wrote, one that a person then changed, and a person's own."""
    words = {"title": "A villa", "description": "It is by the sea.", "meta_description": "Villa."}
    texts = dict.fromkeys(("en", "de", "fr"), words)
    listing = factories.create_property(website, texts, reference="A")
    listing.text("en").origin, listing.text("de").origin = "generated", "edited"
    db.session.commit()
    return listing


def test_a_copy_says_of_each_text_whether_ai_wrote_it_and_brings_it_in_again(app):
    website = factories.create_website(ai_disclosure="Written with AI.")
    with_texts_by_ai(website)
    (row,) = rows(export(website))
    told = {code: (row[f"ai_generated_{code}"], row[f"edited_by_hand_{code}"]) for code in LOCALES}
    assert told["en"] == ("true", "false") and told["de"] == ("true", "true")
    assert told["fr"] == ("false", "false") and told["es"] == ("", "")
    check_round_trip(website)


def test_a_text_that_was_brought_in_goes_out_with_the_line_about_ai(app):
    website = factories.create_website()
    with_texts_by_ai(website)
    elsewhere = factories.create_agency(ai_disclosure="Written with AI.")
    bring_in(elsewhere.website, export(website))
    (listing,) = db.session.scalars(scoped(Property, elsewhere.website))
    for locale in ("en", "de", "fr"):
        approve(elsewhere.website, elsewhere.admin, listing, locale)
    (row,) = rows(export(elsewhere.website, approved_only=True))
    lines = {locale: row[f"disclosure_{locale}"] for locale in ("en", "de", "fr")}
    assert lines == {"en": "Written with AI.", "de": "Written with AI.", "fr": ""}
    assert (row["edited_by_hand_en"], row["edited_by_hand_de"]) == ("false", "true")


def test_an_export_of_approved_texts_brings_in_who_wrote_them(app):
    website = factories.create_website()
    listing = factories.create_property(website, {"en": {"title": "Signed"}}, reference="A")
    factories.create_approved_text(listing, origin="edited", model="a/model")
    elsewhere = factories.create_website()
    data = io.BytesIO(export(website, approved_only=True))
    *_, summary = import_listings(elsewhere, None, data, filename="approved.csv")
    (brought,) = db.session.scalars(scoped(Property, elsewhere))
    assert brought.text("en").origin == "edited"
    assert "ai_generated" not in " ".join(summary.notes)


def test_what_is_neither_true_nor_false_is_told_and_not_taken(app):
    data = b"reference,title_en,ai_generated_en\r\nA,Title,perhaps\r\n"
    website = factories.create_website()
    problem, *_, summary = import_listings(website, None, io.BytesIO(data), filename="x.csv")
    assert (problem.column, problem.reason) == ("ai_generated_en", "This must be true or false.")
    assert summary.failed_rows == 1


def test_an_export_of_approved_texts_can_be_imported(app):
    website = factories.create_website()
    factories.create_approved_text(factories.create_property(website, reference="A"))
    elsewhere = factories.create_website()
    data = io.BytesIO(export(website, approved_only=True))
    *_, summary = import_listings(elsewhere, None, data, filename="approved.csv")
    assert (summary.created, summary.problems) == (1, 0)


def test_batches_are_read_in_few_queries_and_hold_no_connection_between(app):
    website = factories.create_website()
    for number in range(BATCH_LISTINGS + 5):
        texts = {"en": {"title": f"Title {number}"}, "de": {"title": f"Titel {number}"}}
        listing = Property(website_id=website.id, reference=f"R{number:04}", currency="EUR")
        listing.status, listing.area_unit, listing.features = "available", "sqmt", []
        db.session.add(listing)
        for locale, parts in texts.items():
            listing.texts.append(_text(website, locale, parts))
    db.session.commit()
    asked = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    sizes = []
    for part in export_listings(website):
        sizes.append(part.count(b"\r\n"))
        assert not db.session().in_transaction()
    assert sizes == [1, BATCH_LISTINGS, 5]
    assert len(asked) <= 12, asked


def _text(website, locale, parts):
    from pwb.models import PropertyText

    return PropertyText(website_id=website.id, locale=locale, **parts)
