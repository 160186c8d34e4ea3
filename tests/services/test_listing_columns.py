"""Listings out of CSV rows in either set of columns."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwb.content.features import FEATURES
from pwb.content.kinds import PROPERTY_TYPES
from pwb.services.listing_columns import ParsedRow, RowProblem, UnknownColumns, detect

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def read(text, currency="EUR"):
    """Every row of a CSV text as the import would read it."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = detect(reader.fieldnames or [])
    return [columns.read(row, reader.line_num, currency) for row in reader]


def one(header, cells):
    """The one row of a file with this header, as a listing."""
    (row,) = read(f"{header}\n{cells}\n")
    assert isinstance(row, ParsedRow), row
    return row


def problems(header, cells):
    """What is wrong with the one row of a file, as (column, value, reason)."""
    (row,) = read(f"{header}\n{cells}\n")
    assert isinstance(row, list), row
    assert all(isinstance(problem, RowProblem) and problem.line == 2 for problem in row)
    return [(problem.column, problem.value, problem.reason) for problem in row]


def real(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the example listings are not there: {name} is looked for in shared/data")
    return {row.reference: row for row in read(path.read_text(encoding="utf-8"))}


def test_every_real_listing_of_propertywebbuilder_is_read():
    rows = real("listings-pwb.csv")
    assert len(rows) == 15
    villa = rows["ES-VILLA-001"]
    assert villa.fields["sale_price"] == Decimal(3_950_000)
    assert villa.fields["rental_price"] is None
    assert villa.fields["constructed_area"] == 850
    assert (villa.fields["bedrooms"], villa.fields["bathrooms"]) == (6, 5)
    assert villa.fields["property_type"] == "villa"
    assert set(villa.texts) == {"en", "es", "de"}
    assert villa.texts["de"]["title"] == "Luxusvilla mit Meerblick in Sierra Blanca"
    assert "sea_view" in villa.features
    assert rows["NL-RNT-001"].fields["rental_price"] == Decimal(2950)
    assert rows["NL-RNT-001"].fields["street_address"] == "Bloemgracht 88"
    for row in rows.values():
        assert set(row.features) <= set(FEATURES)
        assert row.fields["property_type"] in PROPERTY_TYPES
        assert "status" not in row.fields


def test_every_real_listing_in_reso_names_is_read():
    rows = real("listings-reso.csv")
    assert len(rows) == 244
    assert all(row.fields["currency"] == "USD" for row in rows.values())
    assert all(set(row.features) <= set(FEATURES) for row in rows.values())
    high_street = rows["SAC-0001"].fields
    assert high_street["street_address"] == "3526 High St"
    assert (high_street["sale_price"], high_street["status"]) == (59222, "sold")
    assert (high_street["constructed_area"], high_street["area_unit"]) == (836, "sqft")
    land = rows["SAC-0154"].fields
    unknown = ("bedrooms", "bathrooms", "toilets", "constructed_area", "year_built")
    assert [land[name] for name in unknown] == [None] * 5
    lease = rows["ATX-6466567"]
    assert (lease.fields["rental_price"], lease.fields["sale_price"]) == (1200, None)
    assert (lease.fields["bathrooms"], lease.fields["toilets"]) == (Decimal("1.5"), 2)
    assert (lease.fields["status"], lease.fields["property_type"]) == ("rented", "duplex")
    assert lease.fields["plot_area"] == 4617
    assert lease.texts["en"]["description"].startswith("UPDATED AND READY FOR MOVE IN! GREAT 2")


def test_columns_are_found_whatever_their_case_their_order_and_the_byte_order_mark():
    columns = detect(["\ufeffLISTPRICE", " listingid ", "PrivateRemarks", ""])
    assert columns.kind == "reso"
    assert columns.ignored == ("PrivateRemarks",)
    row = one("\ufeffReference,owner_phone,Title_EN", "A1,555,Hello")
    assert (row.reference, row.texts, row.fields) == ("A1", {"en": {"title": "Hello"}}, {})


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        (["city", "count_bedrooms", "features"], ("reference",)),
        (["ListPrice", "City"], ("ListingId",)),
        (["\x89PNG\r\n", "IHDR"], ("reference", "ListingId")),
        ([], ("reference", "ListingId")),
        (["reference;city;country"], ("reference", "ListingId")),
    ],
)
def test_a_header_without_what_is_needed_is_refused(header, missing):
    with pytest.raises(UnknownColumns) as refused:
        detect(header)
    assert refused.value.missing == missing
    assert str(refused.value).endswith(".")


def test_a_column_that_stands_twice_is_refused():
    with pytest.raises(UnknownColumns, match=r"twice: city") as refused:
        detect(["reference", "city", "City"])
    assert refused.value.duplicates == ("city",)


def test_an_absent_column_is_left_alone_and_an_empty_cell_is_unknown():
    row = one("reference,count_bedrooms,city,title_en,title_nl,status", "A1,,, ,Huis,")
    assert row.fields == {"bedrooms": None, "city": None}
    assert row.texts == {"nl": {"title": "Huis"}}
    assert row.features is None


def test_zeros_that_cannot_be_meant_are_unknown():
    header = "reference,count_bedrooms,count_bathrooms,count_garages,constructed_area"
    row = one(f"{header},year_construction,price_sale_current_cents", "A1,0,0.0,0,0,0,0")
    assert row.fields.pop("garages") == 0
    assert set(row.fields.values()) == {None}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1250", "1250"),
        ("1 250", "1250"),
        ("1\u00a0250.50", "1250.5"),
        ('"1,250"', "1250"),
        ('"1,250,000.5"', "1250000.5"),
        ("1'250", "1250"),
        ("1.250.000", "1250000"),
        ('"1.250,50"', "1250.5"),
        ('"85,5"', "85.5"),
        ("85.", "85"),
    ],
)
def test_numbers_may_be_grouped(cell, value):
    assert one("reference,plot_area", f"A1,{cell}").fields["plot_area"] == Decimal(value)


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("count_bedrooms", "abc", "This is not a number."),
        ("count_bedrooms", "2.5", "This must be a whole number."),
        ("count_bedrooms", "201", "This must be between 0 and 200."),
        ("count_bedrooms", "-1", "This must be between 0 and 200."),
        ("count_bathrooms", "NaN", "This is not a number."),
        ("count_bathrooms", "1e3", "This is not a number."),
        ("constructed_area", "1000000000", "This must be between 0 and 999,999,999."),
        ("constructed_area", "٣", "This is not a number."),
        ("year_construction", "999", "This must be between 1,000 and 2,100."),
        ("latitude", "90.1", "This must be between -90 and 90."),
        ("longitude", "-181", "This must be between -180 and 180."),
        (
            "price_sale_current_cents",
            "100000000000000",
            "This must be between 0 and 999,999,999,999.",
        ),
        ("price_sale_current_cents", "9" * 41, "This is too long for a number."),
        ("currency", "EURO", "This is not a currency code of three letters, such as EUR."),
        ("area_unit", "acres", "This unit of area is not known; use sqmt or sqft."),
        ("city", "x" * 121, "This has 121 characters; at most 120 are allowed."),
        ("title_en", "x" * 256, "This has 256 characters; at most 255 are allowed."),
        ("description_ja", "x" * 20_001, "This has 20,001 characters; at most 20,000 are allowed."),
        ("city", "a\0b", "This holds a NUL byte: the file is not plain text."),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_with_its_reason(column, cell, reason):
    ((name, value, why),) = problems(f"reference,{column}", f"A1,{cell}")
    assert (name, why) == (column, reason)
    assert len(value) <= 40
    assert value.rstrip("…") in cell.replace("\0", "")


def test_all_problems_of_a_row_are_told_at_once_under_the_files_own_names():
    found = problems("Reference,Count_Bedrooms,STATUS", ",many,odd")
    assert [column for column, _, _ in found] == ["Reference", "Count_Bedrooms", "STATUS"]
    assert found[0][2] == "Every listing needs a reference."
    assert "available, reserved, sold" in found[2][2]


def test_a_reference_that_is_too_long_is_one_problem():
    assert len(problems("reference,city", f"{'x' * 65},Utrecht")) == 1


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("A1,Utrecht,surplus", "This row has more cells than the header."),
        ("A1", "This row has fewer cells than the header."),
    ],
)
def test_a_row_of_another_length_than_the_header_is_refused(cells, reason):
    assert problems("reference,city", cells) == [("", "A1", reason)]


def test_hidden_characters_are_cleaned_away():
    row = one("reference,city,description_en", 'A\x07 1,Utr\u202eecht,"One\x0b\r\ntwo "')
    assert row.reference == "A 1"
    assert row.fields == {"city": "Utrecht"}
    assert row.texts == {"en": {"description": "One\ntwo"}}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\u2028"])
def test_a_reference_is_one_line_and_refused_where_it_would_have_to_be_changed(line_end):
    cell = f'"A{line_end}1"'
    assert one("reference", cell).reference == "A 1"
    (row,) = read(f"reference,verbatim\n{cell},1\n")
    assert [problem.reason for problem in row] == ["This must be one line."]


def test_prices_are_in_the_smallest_unit_of_their_currency():
    header = "reference,currency,price_rental_monthly_current_cents"
    assert one(header, "A1,gbp,125050").fields == {
        "currency": "GBP",
        "rental_price": Decimal("1250.50"),
    }
    assert one(header, "A1,JPY,180000").fields["rental_price"] == 180000
    (yen,) = read("reference,price_sale_current_cents\nA1,50000000\n", currency="JPY")
    assert yen.fields == {"sale_price": 50_000_000}
    (own,) = read(f"{header}\nA1,,100\n", currency="CHF")
    assert own.fields == {"currency": "CHF", "rental_price": 1}


def test_a_closed_lease_is_rented_and_a_leased_listing_is_for_rent():
    header = "ListingId,StandardStatus,PropertyType,ListPrice"
    lease = one(header, "A1,Closed,Residential Lease,1500").fields
    assert (lease["status"], lease["rental_price"], lease["sale_price"]) == ("rented", 1500, None)
    leased = one(header, "A1,Leased,Residential,1500").fields
    assert (leased["status"], leased["rental_price"]) == ("rented", 1500)
    land = one(header, "A1,Active,Land,90000").fields
    assert (land["status"], land["sale_price"]) == ("available", 90000)
    assert (land["property_type"], lease["property_type"]) == ("land", None)


def test_acres_become_the_unit_of_the_living_area():
    header = "ListingId,LivingArea,LivingAreaUnits,LotSizeAcres"
    feet = one(header, "A1,1000,,0.5").fields
    assert (feet["plot_area"], feet["area_unit"]) == (21_780, "sqft")
    metres = one(header, "A1,93,Square Meters,1").fields
    assert (metres["plot_area"], metres["area_unit"]) == (4047, "sqmt")


def test_features_of_several_columns_are_read_in_their_context():
    header = "ListingId,Heating,Flooring,Appliances,Cooling"
    row = one(header, 'A1,"Wood,None","Wood, Tile - Hard",Dishwasher,Central Air')
    assert row.features == (
        *("dishwasher", "wood_flooring", "tile_flooring", "air_conditioning", "wood_heating"),
    )


def test_half_a_garage_space_is_no_space():
    assert one("ListingId,GarageSpaces", "A1,2.5").fields["garages"] == 2


HEADERS = (
    "reference,prop_type_key,count_bedrooms,count_bathrooms,constructed_area,year_construction,"
    "currency,price_sale_current_cents,features,description_en,latitude,status,area_unit",
    "ListingId,StandardStatus,PropertyType,ListPrice,UnparsedAddress,BathroomsFull,BathroomsHalf,"
    "LotSizeAcres,LivingAreaUnits,YearBuilt,GarageSpaces,Cooling,PublicRemarks",
)
cells = st.text(max_size=30) | st.from_regex(r"\A-?[0-9.,' ]{1,45}\Z") | st.just("")


@settings(deadline=None)
@given(st.sampled_from(HEADERS), st.lists(cells, min_size=13, max_size=13))
def test_any_cells_give_a_listing_or_problems(header, row):
    names = header.split(",")
    parsed = detect(names).read(dict(zip(names, row, strict=True)), 2, "EUR")
    if isinstance(parsed, list):
        assert all(problem.reason.endswith(".") for problem in parsed)
        assert parsed
    else:
        assert 0 < len(parsed.reference) <= 64
