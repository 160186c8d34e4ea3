"""The pages of listings: list, editor, conflicts, deletion."""

import re

import pytest
from sqlalchemy import select

from pwb.extensions import db
from pwb.models import GenerationRequest, Property, PropertyText
from pwb.services import properties
from tests import factories

LIST, NEW = "/site_admin/properties", "/site_admin/properties/new"


@pytest.fixture
def listing(agency):
    text = {"title": "Old villa", "description": "Old words.", "meta_description": "Old meta."}
    return factories.create_property(
        agency.website, {"en": text}, reference="ES-1", sale_price=650_000, bedrooms=3
    )


def edit(listing, action="edit"):
    return f"/site_admin/properties/{listing.id}/{action}"


def value(page, name):
    """What an input, textarea or select of the page holds."""
    field = re.search(rf'<(input|textarea|select)[^>]*\bname="{re.escape(name)}"[^>]*>', page.html)
    assert field, name
    if field.group(1) == "input":
        found = re.search(r'\bvalue="([^"]*)"', field.group(0))
        return found.group(1) if found else ""
    rest = page.html[field.end() :].split(f"</{field.group(1)}>")[0]
    if field.group(1) == "textarea":
        return rest.strip("\r\n")
    return re.search(r'<option[^>]*\bselected\b[^>]*value="([^"]*)"', rest).group(1)


def form_of(listing, **changes):
    """What a browser sends of the untouched form, with changes."""
    sent = {"lock_version": listing.lock_version, "other_features": ""}
    for name in ("reference", "status", "city", "bedrooms", "sale_price", "area_unit", "currency"):
        found = getattr(listing, name)
        sent[name] = "" if found is None else str(found)
    sent["features"] = list(listing.features)
    for text in listing.texts:
        for name in ("title", "description", "meta_description"):
            sent[f"text-{text.locale}-{name}"] = getattr(text, name)
    return sent | {name.replace("__", "-"): found for name, found in changes.items()}


def fresh(listing):
    db.session.expire_all()
    return db.session.get(Property, listing.id)


def test_an_empty_list_says_how_to_fill_it(agent):
    page = agent.get(LIST)
    assert "No properties yet" in page.text
    assert "Import CSV" in page.text


def test_the_list_shows_each_listing_and_finds_by_words(agent, agency, listing):
    factories.create_property(
        agency.website, reference="ES-2", sale_price=None, rental_price=1500, city="Ronda"
    )
    page = agent.get(LIST)
    for words in ("Old villa", "ES-1", "€650,000", "€1,500 a month", "180 m²", "Draft: English"):
        assert words in page.text
    found = agent.get(f"{LIST}?q=ronda&status=available&order=price-asc")
    assert "ES-2" in found.text
    assert "ES-1" not in found.text
    assert "No property matches" in agent.get(f"{LIST}?q=%25").text


@pytest.mark.parametrize(
    "query",
    [
        "page=99999999999999999999",
        "page=-1",
        "page=x",
        "sort=x&direction=y",
        "order=-",
        "status=%01x",
    ],
)
def test_an_odd_query_is_no_error(agent, listing, query):
    agent.get(f"{LIST}?{query}")


def test_a_listing_is_added_with_facts_and_texts(agent, agency):
    agent.get(NEW)
    sent = {
        "reference": "ES-9",
        "property_type": "villa",
        "status": "available",
        "bathrooms": "2,5",
        "sale_price": "€ 1.250.000",
        "rental_price": "3 500.50",
        "constructed_area": "1.250",
        "area_unit": "sqmt",
        "latitude": "36.509",
        "currency": "EUR",
        "features": ["garden", "sea_view"],
        "other_features": "Wine tower\nPiscina privada",
        "text-de-title": "Haus am Meer",
    }
    agent.submit(NEW, sent)
    made = properties.by_reference(agency.website, "ES-9")
    assert (str(made.bathrooms), str(made.sale_price)) == ("2.5", "1250000.00")
    assert (str(made.rental_price), str(made.constructed_area)) == ("3500.50", "1250.00")
    assert str(made.latitude) == "36.509000"
    assert made.features == ["garden", "sea_view", "wine_tower", "private_pool"]
    assert made.text("de").title == "Haus am Meer"
    assert [text.locale for text in made.texts] == ["de"]


def test_a_line_that_comes_as_two_is_one(agent, agency):
    agent.get(NEW)
    agent.submit(NEW, {"reference": "ES\r\n9", "status": "available", "city": "Cala\nBlanca"})
    assert properties.by_reference(agency.website, "ES 9").city == "Cala Blanca"


@pytest.mark.parametrize(
    ("name", "typed", "complaint"),
    [
        ("bedrooms", "six", "not a number"),
        ("bedrooms", "2.5", "whole number"),
        ("bedrooms", "-1", "between"),
        ("bedrooms", "9" * 400, "not a number"),
        ("bathrooms", "1.25", "decimal"),
        ("sale_price", "1e9", "not a number"),
        ("sale_price", "NaN", "not a number"),
        ("sale_price", "9999999999999999", "between"),
        ("latitude", "91", "between"),
        ("year_built", "99", "between"),
        ("city", "x" * 121, "at most 120"),
        ("city", "Ro\1nda", "not text"),
        ("reference", "  ", "needs a reference"),
        ("energy_rating", "A" * 11, "at most 10"),
        ("text-en-title", "x" * 256, "at most 255"),
        ("text-en-title", "a\1b", "not text"),
        ("text-en-description", "x" * 20_001, "at most 20,000"),
        ("text-ja-meta_description", "x" * 321, "at most 320"),
    ],
)
def test_what_does_not_fit_is_told_beside_the_field_and_stays_typed(
    agent, listing, name, typed, complaint
):
    agent.get(edit(listing))
    sent = form_of(listing, **{name: typed}) | {"text-en-meta_description": "Typed as well."}
    sent[name] = typed
    page = agent.submit(edit(listing), sent, 422)
    assert complaint in page.text
    assert "Nothing is saved yet" in page.text
    assert f'id="{name}-error"' in page.html
    if "\1" not in typed:
        assert value(page, name) == typed
    if name != "text-en-meta_description":
        assert value(page, "text-en-meta_description") == "Typed as well."
    assert fresh(listing).lock_version == 1


@pytest.mark.parametrize(
    "name", ["property_type", "property_state", "status", "area_unit", "currency"]
)
def test_a_choice_that_is_not_offered_is_refused(agent, listing, name):
    agent.get(edit(listing))
    page = agent.submit(edit(listing), form_of(listing) | {name: "nonsense"}, 422)
    assert "none of the choices" in page.text


def test_a_stored_type_that_no_table_knows_stays_choosable(agent, agency):
    odd = factories.create_property(
        agency.website, property_type="lighthouse", features=["ghost", "garden"], currency="XAU"
    )
    page = agent.get(edit(odd))
    assert (value(page, "property_type"), value(page, "currency")) == ("lighthouse", "XAU")
    assert value(page, "other_features") == "Ghost"
    sent = form_of(odd, property_type="lighthouse", other_features="Ghost", city="Ronda")
    sent["features"] = ["garden"]
    agent.submit(edit(odd), sent)
    assert fresh(odd).features == ["ghost", "garden"]
    assert fresh(odd).property_type == "lighthouse"


@pytest.mark.parametrize("locale", ["xx", "pt"])
def test_a_text_in_a_language_the_website_lacks_is_told_and_not_lost(app, locale):
    from tests.pages import Person

    agency = factories.create_agency(supported_locales=["en", "es"])
    own = factories.create_property(agency.website)
    agent = Person(app).signed_in(agency.agent)
    agent.get(edit(own))
    page = agent.submit(edit(own), form_of(own) | {f"text-{locale}-title": "Precious"}, 422)
    assert "not among the website" in page.text
    assert value(page, f"text-{locale}-title") == "Precious"


def test_saving_shows_the_listing_as_saved_on_the_same_language(agent, listing):
    agent.get(edit(listing))
    sent = form_of(listing) | {"text-de-title": "Alte Villa"}
    response = agent.post(edit(listing), sent)
    assert response.location.endswith("/edit#text-de-panel")
    assert "Saved." in agent.get(edit(listing)).text
    assert fresh(listing).text("de").origin == "written"


def test_a_field_that_is_not_sent_stays_as_it_is(agent, listing):
    agent.get(edit(listing))
    agent.submit(edit(listing), {"lock_version": 1, "bedrooms": "4"})
    kept = fresh(listing)
    assert (kept.bedrooms, kept.features, kept.text("en").title) == (
        4,
        ["private_pool", "terrace"],
        "Old villa",
    )


def test_a_text_is_marked_as_generated_when_the_form_says_so(agent, agency, listing):
    row = GenerationRequest(
        website_id=agency.website.id,
        property_id=listing.id,
        request_type="listing_description",
        ai_provider="open_router",
        ai_model="a/b",
        locale="en",
        status="completed",
    )
    db.session.add(row)
    db.session.commit()
    agent.get(edit(listing))
    sent = form_of(listing) | {"text-en-title": "Generated", "text-en-request_id": str(row.id)}
    agent.submit(edit(listing), sent)
    assert fresh(listing).text("en").generation_request_id == row.id


@pytest.mark.parametrize("request_id", ["9" * 30, "x", "-1", "4294967296"])
def test_a_request_id_that_is_none_is_passed_over(agent, listing, request_id):
    agent.get(edit(listing))
    sent = form_of(listing) | {"text-en-title": "New", "text-en-request_id": request_id}
    agent.submit(edit(listing), sent)
    assert fresh(listing).text("en").origin == "written"


def test_the_second_of_two_saves_is_told_and_goes_through_when_sent_again(agent, agency, listing):
    agent.get(edit(listing))
    mine = form_of(listing, sale_price="700000", bedrooms="5", **{"text-en-title": "My title"})
    theirs = {"sale_price": 600_000, "city": "Ronda"}
    properties.save_property(agency.website, agency.admin, listing.id, theirs, {}, 1)
    page = agent.submit(edit(listing), mine, 409)
    for words in (agency.admin.display_name, "Sale price", "€650,000", "€600,000", "€700,000"):
        assert words in page.text
    assert fresh(listing).bedrooms == 3
    # Mine where both changed it, theirs where only they did, and the version to save on.
    assert (value(page, "sale_price"), value(page, "city")) == ("700000", "Ronda")
    assert (value(page, "bedrooms"), value(page, "text-en-title")) == ("5", "My title")
    again = mine | {
        "city": value(page, "city"),
        "lock_version": value(page, "lock_version"),
        "keep-sale_price": "mine",
    }
    agent.submit(edit(listing), again)
    saved = fresh(listing)
    assert (saved.sale_price, saved.city, saved.bedrooms) == (700_000, "Ronda", 5)


def test_theirs_is_taken_where_it_is_chosen(agent, agency, listing):
    agent.get(edit(listing))
    theirs = {"en": {"description": "Their words."}}
    facts = {"features": ["gym"]}
    properties.save_property(agency.website, agency.admin, listing.id, facts, theirs, 1)
    mine = form_of(listing, features=["garden"], bedrooms="5") | {"lock_version": "1"}
    mine["text-en-description"] = "My words."
    page = agent.submit(edit(listing), mine, 409)
    again = mine | {
        "lock_version": value(page, "lock_version"),
        "keep-text.en.description": "theirs",
        "keep-features": "theirs",
        "keep-nonsense": "theirs",
        "keep-text.xx.title": "theirs",
        "keep-text.": "theirs",
        "keep-csrf_token": "theirs",
        "keep-lock_version": "theirs",
    }
    agent.submit(edit(listing), again)
    saved = fresh(listing)
    assert (saved.text("en").description, saved.features, saved.bedrooms) == (
        "Their words.",
        ["gym"],
        5,
    )


@pytest.mark.parametrize("version", [None, "", "x", "0", "-1", "9" * 40])
def test_a_form_without_a_usable_version_overwrites_nothing_unseen(agent, listing, version):
    agent.get(edit(listing))
    sent = form_of(listing, city="Ronda") | {"lock_version": version}
    if version is None:
        del sent["lock_version"]
    page = agent.submit(edit(listing), sent, 409)
    assert value(page, "lock_version") == "1"
    assert fresh(listing).city == "Marbella"


def test_a_taken_reference_is_told_beside_the_field(agent, agency, listing):
    factories.create_property(agency.website, reference="ES-2")
    agent.get(edit(listing))
    page = agent.submit(edit(listing), form_of(listing, reference="ES-2", city="Typed"), 422)
    assert "Another listing has the reference ES-2" in page.text
    assert value(page, "city") == "Typed"
    page = agent.submit(NEW, {"reference": "ES-2", "city": "Typed", "currency": "EUR"}, 422)
    assert value(page, "city") == "Typed"


def test_a_listing_is_deleted_only_as_it_was_seen(agent, agency, listing):
    page = agent.get(edit(listing))
    assert "Delete ES-1 with its facts and texts?" in page.html
    properties.save_property(agency.website, agency.admin, listing.id, {"bedrooms": 1}, {}, 1)
    told = agent.submit(edit(listing, "delete"), {"lock_version": "1"}, 409)
    assert "was not deleted" in told.text
    gone = agent.submit(edit(listing, "delete"), {"lock_version": "2"})
    assert "ES-1 is deleted" in gone.text
    assert db.session.scalar(select(PropertyText)) is None


@pytest.mark.parametrize("action", ["edit", "delete"])
def test_another_websites_listing_is_not_found(agent, listing, action):
    foreign = factories.create_property(factories.create_website(), reference="SECRET-7")
    if action == "edit":
        assert "SECRET" not in agent.get(edit(foreign), 404).html
    agent.get(LIST)
    agent.submit(edit(foreign, action), form_of(foreign, city="Mine now"), 404)
    assert fresh(foreign).city == "Marbella"
    assert "SECRET" not in agent.get(LIST).html


@pytest.mark.parametrize("number", ["0", "2147483648", "9" * 40])
def test_a_number_that_no_listing_has_is_not_found(agent, number):
    agent.get(f"/site_admin/properties/{number}/edit", 404)


def test_what_is_written_in_a_listing_is_shown_as_text_only(agent, agency):
    evil = factories.create_property(
        agency.website,
        {"en": {"title": "<script>alert(1)</script>", "description": "</textarea><b>"}},
        reference='"><img src=x>',
        city="<i>Ronda</i>",
    )
    for path in (LIST, edit(evil)):
        page = agent.get(path)
        assert "<script>alert" not in page.html
        assert "<img src=x" not in page.html
        assert "</textarea><b>" not in page.html
