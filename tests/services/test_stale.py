"""Copy that the record has moved away from."""

import io
from decimal import Decimal

import pytest

from pwb.extensions import db
from pwb.models import Property
from pwb.services import imports, stale, text_lists
from pwb.site_admin import sign_off_views
from tests import factories
from tests.services.sign_off import approve, change, listing_with, save, text_of


@pytest.fixture
def listing(agency):
    """A listing whose text states its price, area, bedrooms and pool, and is approved."""
    made = listing_with(agency.website, reference="ES-1", year_built=2001)
    approve(agency.website, agency.agent, made)
    return made


def fields_of(listing):
    text = text_of(listing)
    assert bool(text.stale_at) == bool(text.stale_fields)
    return text.stale_fields


@pytest.mark.parametrize(
    ("facts", "fields"),
    [
        ({"sale_price": Decimal(700_000)}, ["sale_price"]),
        ({"currency": "GBP"}, ["sale_price"]),
        ({"constructed_area": Decimal("181.5")}, ["constructed_area"]),
        ({"bedrooms": 4, "sale_price": None}, ["bedrooms", "sale_price"]),
        ({"features": ["terrace"]}, ["private_pool"]),
        ({"property_type": "apartment"}, ["property_type"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_a_fact_that_the_text_states_makes_it_stale(agency, listing, facts, fields):
    change(agency.website, agency.agent, listing, **facts)
    assert fields_of(listing) == fields
    assert text_of(listing).status == "approved"


@pytest.mark.parametrize(
    "facts",
    [
        {"year_built": 2010},
        {"city": "Marbella "},
        {"bathrooms": 5},
        {"features": ["private_pool", "terrace", "garden"]},
        {"sale_price": Decimal("650000.00")},
        {"energy_rating": "B"},
    ],
    ids=" ".join,
)
def test_a_fact_that_the_text_does_not_state_changes_nothing(agency, listing, facts):
    change(agency.website, agency.agent, listing, **facts)
    assert fields_of(listing) == []


def test_going_back_to_the_old_value_clears_it(agency, listing):
    change(agency.website, agency.agent, listing, sale_price=Decimal(700_000), bedrooms=4)
    since = text_of(listing).stale_at
    change(agency.website, agency.agent, listing, bedrooms=3)
    assert fields_of(listing) == ["sale_price"]
    assert text_of(listing).stale_at == since
    change(agency.website, agency.agent, listing, sale_price=Decimal(650_000))
    assert fields_of(listing) == []


def test_approving_anew_clears_it_and_takes_the_new_values(agency, listing):
    change(agency.website, agency.agent, listing, sale_price=Decimal(700_000))
    text = text_of(listing)
    save(agency.website, agency.agent, listing, description=text.description.replace("650", "700"))
    assert fields_of(listing) == []
    approval = approve(agency.website, agency.agent, listing)
    assert approval.facts["sale_price"]["value"] == "700000"
    change(agency.website, agency.agent, listing, sale_price=Decimal(650_000))
    assert fields_of(listing) == ["sale_price"]


def test_a_stale_text_can_be_approved_as_it_is_with_a_reason(agency, listing):
    change(agency.website, agency.agent, listing, bedrooms=4)
    from pwb.services import checks

    text = text_of(listing)
    ids = checks.check_saved(agency.website, text.property, text).blocking
    again = approve(agency.website, agency.admin, listing, **dict.fromkeys(ids, "It is true."))
    assert fields_of(listing) == []
    assert again.facts["bedrooms"] == "4"


def test_a_draft_is_never_stale(agency):
    draft = listing_with(agency.website)
    change(agency.website, agency.agent, draft, bedrooms=4)
    assert fields_of(draft) == []


def test_text_and_fact_saved_at_once_make_a_draft_that_is_not_stale(agency, listing):
    from pwb.services import properties

    now = db.session.get_one(Property, listing.id)
    texts = {"en": {"title": "Four-bedroom villa"}}
    properties.save_property(
        agency.website, agency.agent, listing.id, {"bedrooms": 4}, texts, now.lock_version
    )
    text = text_of(listing)
    assert (text.status, text.stale_fields) == ("draft", [])


def test_an_import_marks_and_clears_too(agency, listing):
    def import_price(price):
        csv = f"reference,price_sale_current_cents\nES-1,{price}00\n".encode()
        list(imports.import_listings(agency.website, None, io.BytesIO(csv), filename="x.csv"))

    import_price(700_000)
    assert fields_of(listing) == ["sale_price"]
    import_price(650_000)
    assert fields_of(listing) == []


def test_each_language_is_held_against_its_own_approval(agency):
    german = {"title": "Villa mit Pool", "description": "Eine Villa.", "meta_description": ""}
    listing = factories.create_property(
        agency.website,
        {"en": {"title": "Villa", "description": "Three bedrooms."}, "de": german},
    )
    approve(agency.website, agency.agent, listing)
    approve(agency.website, agency.agent, listing, "de")
    change(agency.website, agency.agent, listing, bedrooms=4)
    assert text_of(listing).stale_fields == ["bedrooms"]
    assert text_of(listing, "de").stale_at is None


def test_the_change_is_told_in_words(agency, listing):
    change(
        agency.website, agency.agent, listing,
        sale_price=Decimal(700_000), constructed_area=None, features=["terrace"],
        property_type="apartment",
    )  # fmt: skip
    text = text_of(listing)
    said = sign_off_views.sign_offs(agency.website, text.property)["en"].changes
    assert said == [
        "Built area changed from 180 m² to not known since this text was approved.",
        "Private pool was taken out of the record since this text was approved.",
        "Type changed from Villa to Apartment since this text was approved.",
        "Price changed from €650,000 to €700,000 since this text was approved.",
    ]


def test_the_list_of_stale_texts_and_its_count_are_the_websites_own(agency, listing):
    change(agency.website, agency.agent, listing, sale_price=Decimal(700_000))
    other = factories.create_agency().website
    assert [text.property_id for text in text_lists.list_texts(agency.website, state="stale")] == [
        listing.id
    ]
    assert (text_lists.waiting(agency.website).stale, text_lists.waiting(other).stale) == (1, 0)
    assert text_lists.list_texts(other, state="stale").total == 0


def test_anything_that_keeps_facts_can_be_held_against_the_record(agency):
    listing = factories.create_property(agency.website, sale_price=Decimal("650000.50"))
    facts = stale.values_of(listing, ["sale_price", "terrace", "garden", "features", "city"])
    assert facts == {
        "sale_price": {"value": "650000.5", "unit": "EUR"},
        "terrace": True,
        "garden": False,
        "features": ["private_pool", "terrace"],
        "city": "Marbella",
    }
    listing.sale_price, listing.features = Decimal(1), ["garden", "private_pool", "terrace"]
    assert stale.changed(listing, facts) == ["features", "garden", "sale_price"]
