"""Every saved state of a text, and its way back."""

import io
from decimal import Decimal

import pytest
import sqlalchemy as sa

from pwb.errors import NotFound
from pwb.extensions import db
from pwb.models import GenerationRequest, Property, TextVersion
from pwb.services import imports, properties, text_history
from tests import factories
from tests.services.sign_off import CLEAN, approve, change, listing_with, save, text_of


def versions(website, listing, locale="en"):
    db.session.expire_all()
    return text_history.history(website, db.session.get_one(Property, listing.id), locale)


def titles(website, listing):
    return [saved.version.title for saved in versions(website, listing)]


def test_a_new_listings_text_is_its_first_version(agency):
    made = properties.create_property(
        agency.website, agency.agent, {"reference": "N-1"}, {"en": {"title": "One"}}
    )
    (saved,) = versions(agency.website, made)
    assert (saved.version.title, saved.version.origin, saved.current) == ("One", "written", True)
    assert saved.version.user.id == agency.agent.id


def test_each_save_is_a_version_and_what_was_there_before_is_kept(agency):
    listing = listing_with(agency.website)
    save(agency.website, agency.agent, listing, title="Two")
    save(agency.website, agency.admin, listing, title="Three")
    assert titles(agency.website, listing) == ["Three", "Two", CLEAN["title"]]
    newest, second, first = versions(agency.website, listing)
    assert [newest.current, second.current, first.current] == [True, False, False]
    assert newest.version.user.id == agency.admin.id
    assert first.version.description == CLEAN["description"]


def test_saving_facts_or_nothing_new_makes_no_version(agency):
    listing = listing_with(agency.website)
    change(agency.website, agency.agent, listing, sale_price=Decimal(1))
    save(agency.website, agency.agent, listing, title=CLEAN["title"])
    assert versions(agency.website, listing) == []


def test_only_the_language_that_changed_gets_a_version(agency):
    listing = factories.create_property(agency.website, {"en": CLEAN, "de": {"title": "Haus"}})
    save(agency.website, agency.agent, listing, "de", title="Villa")
    assert len(versions(agency.website, listing, "de")) == 2
    assert versions(agency.website, listing) == []


def test_an_import_keeps_versions_too(agency):
    csv = "reference,title_en\nES-1,First\nES-2,Other\nES-1,Second\n"
    for text in (csv, csv.replace("Second", "Third")):
        list(imports.import_listings(agency.website, None, io.BytesIO(text.encode()), filename="x"))
    listing = properties.by_reference(agency.website, "ES-1")
    assert titles(agency.website, listing) == ["Third", "Second"]
    assert versions(agency.website, listing)[0].version.origin == "imported"
    assert len(versions(agency.website, properties.by_reference(agency.website, "ES-2"))) == 1


def test_what_changed_is_told_word_by_word(agency):
    listing = listing_with(agency.website)
    save(agency.website, agency.agent, listing, title="Three-bedroom house in Marbella")
    newest = versions(agency.website, listing)[0]
    assert list(newest.changes) == ["title"]
    pieces = [(piece.kind, piece.text.strip()) for piece in newest.changes["title"]]
    assert ("removed", "villa") in pieces
    assert ("added", "house") in pieces


@pytest.fixture
def generated(agency):
    """A listing whose first text a model wrote and whose second a person wrote."""
    listing = listing_with(agency.website)
    row = GenerationRequest(
        website_id=agency.website.id, property_id=listing.id, request_type="listing_description",
        ai_provider="open_router", ai_model="asked/model", served_model="served/model",
        locale="en", status="completed",
    )  # fmt: skip
    db.session.add(row)
    db.session.commit()
    now = db.session.get_one(Property, listing.id)
    properties.save_property(
        agency.website, agency.agent, listing.id, {}, {"en": {"title": "By a model"}},
        now.lock_version, {"en": row.id},
    )  # fmt: skip
    save(agency.website, agency.agent, listing, title="By hand")
    return listing


def test_the_model_is_named(agency, generated):
    shown = [
        (saved.version.origin, saved.version.model) for saved in versions(agency.website, generated)
    ]
    assert shown == [
        ("edited", "served/model"),
        ("generated", "served/model"),
        ("written", None),
    ]


def test_restoring_makes_a_draft_that_still_says_who_wrote_it(agency, generated):
    approve(agency.website, agency.agent, generated)
    wanted = versions(agency.website, generated)[1].version
    text_history.restore(agency.website, agency.admin, generated.id, "en", wanted.id)
    text = text_of(generated)
    assert (text.title, text.origin, text.status) == ("By a model", "generated", "draft")
    assert text.generation_request_id == wanted.generation_request_id
    newest = versions(agency.website, generated)[0]
    assert (newest.version.title, newest.current) == ("By a model", True)
    assert newest.version.user.id == agency.admin.id
    assert len(versions(agency.website, generated)) == 4


@pytest.mark.parametrize(("place", "origin"), [(0, "edited"), (2, "written")])
def test_a_restored_version_has_the_origin_of_its_own_words(agency, generated, place, origin):
    wanted = versions(agency.website, generated)[place].version
    save(agency.website, agency.agent, generated, title="Something else")
    text_history.restore(agency.website, agency.admin, generated.id, "en", wanted.id)
    assert text_of(generated).origin == origin


def test_an_imported_version_stays_imported(agency):
    csv = b"reference,title_en\nES-1,First\n"
    list(imports.import_listings(agency.website, None, io.BytesIO(csv), filename="x"))
    listing = properties.by_reference(agency.website, "ES-1")
    save(agency.website, agency.agent, listing, title="Second")
    first = versions(agency.website, listing)[-1].version
    text_history.restore(agency.website, agency.agent, listing.id, "en", first.id)
    assert text_of(listing).origin == "imported"


def test_restoring_what_is_there_changes_nothing(agency, generated):
    approve(agency.website, agency.agent, generated)
    newest = versions(agency.website, generated)[0].version
    text_history.restore(agency.website, agency.agent, generated.id, "en", newest.id)
    assert text_of(generated).status == "approved"
    assert len(versions(agency.website, generated)) == 3


def test_only_this_texts_own_versions_can_be_restored(agency, generated):
    version = versions(agency.website, generated)[0].version.id
    mine, other = listing_with(agency.website), factories.create_agency()
    for website, listing, locale in (
        (agency.website, mine, "en"),
        (agency.website, generated, "de"),
        (other.website, generated, "en"),
        (other.website, listing_with(other.website), "en"),
    ):
        with pytest.raises(NotFound):
            text_history.restore(website, agency.agent, listing.id, locale, version)


def test_deleting_a_listing_takes_its_history_along(agency, generated):
    now = db.session.get_one(Property, generated.id)
    properties.delete_property(agency.website, agency.admin, generated.id, now.lock_version)
    assert db.session.scalar(sa.select(sa.func.count(TextVersion.id))) == 0
