"""Listings: finding, creating, saving against somebody else's save, deleting."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select

from pwb.errors import EditConflict, InvalidInput, NotFound
from pwb.extensions import db
from pwb.models import Action, AuditEvent, GenerationRequest, Property, PropertyText, Website
from pwb.services import properties
from pwb.services.property_changes import ListingChanged
from tests import factories


@pytest.fixture
def listing(agency):
    text = {"title": "Old villa", "description": "Old words.", "meta_description": ""}
    return factories.create_property(
        agency.website, {"en": text}, reference="ES-1", sale_price=650_000, bedrooms=3
    )


def make_request(website, listing, **values):
    defaults = {
        "website_id": website.id,
        "property_id": listing.id,
        "request_type": "listing_description",
        "ai_provider": "open_router",
        "ai_model": "a/b",
        "locale": "en",
        "status": "completed",
    }
    row = GenerationRequest(**defaults | values)
    db.session.add(row)
    db.session.commit()
    return row


def events(action):
    query = select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)
    return list(db.session.scalars(query))


def found(website, **wanted):
    return [row.reference for row in properties.list_properties(website, **wanted).items]


def test_search_finds_words_in_reference_place_and_titles_in_any_case(agency):
    website = agency.website
    factories.create_property(website, reference="A-1", city="Málaga", street_address="Calle Mar 3")
    factories.create_property(
        website, {"es": {"title": "Ático soleado"}}, reference="B-2", city="Ronda"
    )
    assert found(website, search="a-1") == ["A-1"]
    assert found(website, search="MÁLAGA") == ["A-1"]
    assert found(website, search="calle málaga") == ["A-1"]
    assert found(website, search="ático") == ["B-2"]
    assert found(website, search="ronda málaga") == []


def test_search_takes_percent_and_underscore_for_what_they_are(agency):
    factories.create_property(agency.website, reference="A_1")
    factories.create_property(agency.website, reference="AB1")
    assert found(agency.website, search="A_1") == ["A_1"]
    assert found(agency.website, search="%") == []
    assert found(agency.website, search="\0") != []


def test_sorting_goes_both_ways_and_puts_the_unknown_last(agency):
    website = agency.website
    factories.create_property(website, reference="dear", sale_price=900, city="b")
    factories.create_property(website, reference="cheap", sale_price=None, rental_price=5, city="A")
    factories.create_property(website, reference="Unknown", sale_price=None, city=None)
    assert found(website, sort="price", direction="asc") == ["cheap", "dear", "Unknown"]
    assert found(website, sort="price", direction="desc") == ["dear", "cheap", "Unknown"]
    assert found(website, sort="city", direction="asc") == ["cheap", "dear", "Unknown"]
    assert found(website, sort="reference", direction="asc") == ["cheap", "dear", "Unknown"]
    assert len(found(website, sort="nonsense", direction="sideways")) == 3


def test_the_list_pages_filters_and_stays_within_the_website(agency):
    for number in range(23):
        status = "sold" if number < 3 else "available"
        factories.create_property(agency.website, status=status)
    factories.create_property(factories.create_website(), status="sold")
    assert properties.list_properties(agency.website).total == 23
    assert len(found(agency.website)) == 20
    assert len(found(agency.website, page=2)) == 3
    assert found(agency.website, page=10**30) == []
    assert len(found(agency.website, status="sold")) == 3
    assert properties.statuses_in_use(agency.website) == ["available", "sold"]


def test_a_new_listing_is_kept_with_its_texts_and_recorded(agency):
    facts = {"reference": " ES-9 ", "sale_price": Decimal("1250.50"), "features": ["garden"]}
    texts = {"de": {"title": "Haus", "description": "Ein\r\nHaus."}, "fr": {"title": ""}}
    made = properties.create_property(agency.website, agency.agent, facts, texts)
    assert (made.reference, made.currency, made.status) == ("ES-9", "EUR", "available")
    assert [(t.locale, t.title, t.description) for t in made.texts] == [
        ("de", "Haus", "Ein\nHaus.")
    ]
    assert made.texts[0].origin == "written"
    (event,) = events(Action.PROPERTY_CREATED)
    assert event.changes["sale_price"] == [None, "1250.5"]
    assert event.changes["text.de.title"] == ["", "Haus"]
    assert event.object_version == 1


def test_a_reference_that_is_taken_or_missing_or_of_two_lines_is_refused(agency, listing):
    with pytest.raises(InvalidInput) as taken:
        properties.create_property(agency.website, agency.agent, {"reference": "ES-1"}, {})
    assert "reference" in taken.value.fields
    with pytest.raises(InvalidInput):
        properties.create_property(agency.website, agency.agent, {"reference": " "}, {})
    for broken in ("ES\n2", "ES\r\n2", "ES\u20282"):
        with pytest.raises(InvalidInput, match="one line"):
            properties.create_property(agency.website, agency.agent, {"reference": broken}, {})
    other = factories.create_property(agency.website, reference="ES-2")
    with pytest.raises(InvalidInput):
        properties.save_property(
            agency.website, agency.agent, other.id, {"reference": "ES-1"}, {}, other.lock_version
        )
    elsewhere = factories.create_agency()
    properties.create_property(elsewhere.website, elsewhere.agent, {"reference": "ES-1"}, {})


def test_saving_records_only_what_changed(agency, listing):
    facts = {"reference": "ES-1", "bedrooms": 4, "sale_price": Decimal(650_000)}
    texts = {"en": {"title": "Old villa", "description": "New words."}}
    saved = properties.save_property(agency.website, agency.agent, listing.id, facts, texts, 1)
    (event,) = events(Action.PROPERTY_CHANGED)
    assert event.changes == {
        "bedrooms": [3, 4],
        "text.en.description": ["Old words.", "New words."],
    }
    assert (event.object_version, saved.lock_version) == (2, 2)


def test_saving_nothing_new_raises_no_version(agency, listing):
    listing.features = ["b", "a"]
    db.session.commit()
    version = listing.lock_version
    facts = {"features": ["a", "b"], "city": " Marbella "}
    saved = properties.save_property(
        agency.website, agency.agent, listing.id, facts, {"nl": {"title": ""}}, version
    )
    assert saved.lock_version == version
    assert saved.features == ["b", "a"]
    assert not events(Action.PROPERTY_CHANGED)


def test_a_text_alone_raises_the_version(agency, listing):
    texts = {"en": {"title": "New title"}}
    saved = properties.save_property(agency.website, agency.agent, listing.id, {}, texts, 1)
    assert saved.lock_version == 2


def test_untouched_fields_take_the_others_value_and_touched_ones_conflict(agency, listing):
    website = agency.website
    theirs = {"sale_price": Decimal(600_000), "city": "Ronda"}
    properties.save_property(website, agency.admin, listing.id, theirs, {}, 1)
    mine = {"sale_price": Decimal(700_000), "city": "Marbella", "bedrooms": 5}
    with pytest.raises(ListingChanged) as caught:
        properties.save_property(website, agency.agent, listing.id, mine, {}, 1)
    conflict, taken = caught.value.conflicts[0], caught.value.taken[0]
    assert (conflict.field, conflict.before, conflict.theirs, conflict.yours) == (
        "sale_price",
        Decimal(650_000),
        Decimal(600_000),
        Decimal(700_000),
    )
    assert conflict.by == agency.admin.display_name
    assert conflict.at is not None
    assert (taken.field, taken.theirs) == ("city", "Ronda")
    assert db.session.get(Property, listing.id).bedrooms == 3
    # The page merges: theirs where untouched, mine where chosen, and the newer version.
    merged = mine | {"city": "Ronda"}
    saved = properties.save_property(
        website, agency.agent, listing.id, merged, {}, caught.value.version
    )
    assert (saved.sale_price, saved.city, saved.bedrooms) == (Decimal(700_000), "Ronda", 5)


def test_a_change_elsewhere_is_told_even_where_nothing_conflicts(agency, listing):
    properties.save_property(
        agency.website, agency.admin, listing.id, {}, {"en": {"title": "Their title"}}, 1
    )
    mine = {"en": {"title": "Old villa", "description": "My words."}}
    with pytest.raises(ListingChanged) as caught:
        properties.save_property(agency.website, agency.agent, listing.id, {}, mine, 1)
    assert not caught.value.conflicts
    assert [change.label for change in caught.value.taken] == ["English title"]


def test_several_saves_in_between_are_told_as_one_change(agency, listing):
    for version, price in ((1, 600_000), (2, 610_000)):
        facts = {"sale_price": Decimal(price)}
        properties.save_property(agency.website, agency.admin, listing.id, facts, {}, version)
    with pytest.raises(ListingChanged) as caught:
        properties.save_property(
            agency.website, agency.agent, listing.id, {"sale_price": Decimal(1)}, {}, 1
        )
    (change,) = caught.value.changes
    assert (change.before, change.theirs) == (Decimal(650_000), Decimal(610_000))


def test_the_same_form_sent_twice_is_saved_once(agency, listing):
    for _ in range(2):
        properties.save_property(agency.website, agency.agent, listing.id, {"bedrooms": 4}, {}, 1)
    assert len(events(Action.PROPERTY_CHANGED)) == 1


@pytest.mark.parametrize("seen", [0, 1, 99])
def test_without_a_record_every_difference_may_be_somebodys(agency, listing, seen):
    listing.city = "Changed by hand in the database"
    db.session.commit()
    with pytest.raises(ListingChanged) as caught:
        properties.save_property(
            agency.website, agency.agent, listing.id, {"city": "Marbella"}, {}, seen
        )
    (change,) = caught.value.conflicts
    assert not change.before_known


def test_of_saves_at_the_same_moment_one_wins_and_the_others_are_told(app: Flask, agency, listing):
    website_id, listing_id = agency.website.id, listing.id
    db.session.remove()
    start, outcomes = threading.Barrier(4), []

    def save(number):
        with app.app_context():
            website = db.session.get(Website, website_id)
            properties.get_property(website, listing_id)
            start.wait(30)
            try:
                facts = {"sale_price": Decimal(number)}
                properties.save_property(website, None, listing_id, facts, {}, 1)
                outcomes.append("saved")
            except ListingChanged:
                outcomes.append("told")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=save, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["saved", "told", "told", "told"]
    assert db.session.get(Property, listing_id).lock_version == 2


EMPTY_ENGLISH = {"en": {"title": "", "description": "", "meta_description": ""}}


def test_a_text_taken_from_a_generation_says_so_and_says_that_it_was_edited(agency, listing):
    row = make_request(agency.website, listing)
    texts = {"en": {"title": "Generated, then polished"}}
    saved = properties.save_property(
        agency.website, agency.agent, listing.id, {}, texts, 1, {"en": row.id}
    )
    assert (saved.text("en").origin, saved.text("en").generation_request_id) == (
        "generated",
        row.id,
    )
    assert saved.text("en").updated_by_id == agency.agent.id
    saved = properties.save_property(
        agency.website, agency.agent, listing.id, {}, {"en": {"title": "By hand"}}, 2
    )
    assert (saved.text("en").origin, saved.text("en").generation_request_id) == ("edited", row.id)
    properties.save_property(agency.website, agency.agent, listing.id, {}, EMPTY_ENGLISH, 3)
    saved = properties.save_property(
        agency.website, agency.agent, listing.id, {}, {"en": {"title": "A fresh start"}}, 4
    )
    assert (saved.text("en").origin, saved.text("en").generation_request_id) == ("written", None)


def test_a_generation_of_something_else_is_not_believed(agency, listing):
    website = agency.website
    other_listing = factories.create_property(website)
    strangers = factories.create_agency()
    foreign = factories.create_property(strangers.website)
    requests = [
        make_request(website, other_listing),
        make_request(website, listing, locale="de"),
        make_request(website, listing, status="failed"),
        make_request(strangers.website, foreign),
    ]
    for version, row in enumerate(requests, 1):
        texts = {"en": {"title": f"Text {row.id}"}}
        saved = properties.save_property(
            website, agency.agent, listing.id, {}, texts, version, {"en": row.id}
        )
        assert saved.text("en").origin == "written"


def test_a_deleted_listing_takes_its_texts_along_and_leaves_the_ledger(agency, listing):
    row = make_request(agency.website, listing)
    assert properties.delete_property(agency.website, agency.agent, listing.id, 1) == "ES-1"
    assert db.session.scalar(select(PropertyText)) is None
    db.session.refresh(row)
    assert row.property_id is None
    assert events(Action.PROPERTY_DELETED)[0].object_label == "ES-1"


def test_a_listing_that_changed_meanwhile_is_not_deleted(agency, listing):
    properties.save_property(agency.website, agency.admin, listing.id, {"bedrooms": 9}, {}, 1)
    with pytest.raises(EditConflict):
        properties.delete_property(agency.website, agency.agent, listing.id, 1)
    assert db.session.get(Property, listing.id) is not None


def test_another_websites_listing_is_not_found(agency, listing):
    stranger = factories.create_agency()
    with pytest.raises(NotFound):
        properties.get_property(stranger.website, listing.id)
    with pytest.raises(NotFound):
        properties.by_reference(stranger.website, "ES-1")
    with pytest.raises(NotFound):
        properties.save_property(stranger.website, stranger.agent, listing.id, {}, {}, 1)
    with pytest.raises(NotFound):
        properties.delete_property(stranger.website, stranger.agent, listing.id, 1)
    assert properties.by_reference(agency.website, "ES-1").id == listing.id


def test_a_saved_listing_comes_first_in_the_list(agency, listing):
    newer = factories.create_property(agency.website)
    newer.updated_at = listing.updated_at + timedelta(microseconds=1)
    db.session.commit()
    properties.save_property(agency.website, agency.agent, listing.id, {"bedrooms": 1}, {}, 1)
    assert found(agency.website)[0] == "ES-1"
