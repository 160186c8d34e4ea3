"""Signing off: what blocks, who may override, what is kept, and that it stays as it was."""

import io
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from pwb.errors import EditConflict, InvalidInput, NotFound
from pwb.extensions import db
from pwb.models import (
    AuditEvent,
    GenerationRequest,
    Property,
    TextApproval,
    User,
    Website,
)
from pwb.models.publishing import ApprovalIsFinal
from pwb.services import approval_chain, approvals, checks, imports, properties
from pwb.services.approval_chain import hash_of, verify_chain
from pwb.services.approvals import ApprovalBlocked, OverrideNotAllowed
from pwb.services.property_changes import ListingChanged
from tests import factories
from tests.services.sign_off import (
    CLEAN,
    UNFAIR,
    WRONG,
    approvals_of,
    approve,
    change,
    listing_with,
    save,
    text_of,
)

REASON = "Agreed with our lawyer on 3 May."


def blocking(website, listing):
    text = text_of(listing)
    return checks.check_saved(website, text.property, text).blocking


def test_a_clean_text_is_approved_by_an_agent(agency):
    listing = listing_with(agency.website)
    approval = approve(agency.website, agency.agent, listing)
    text = text_of(listing)
    assert (text.status, text.approval_id, text.stale_at) == ("approved", approval.id, None)
    assert approvals.state_of(text.property, "en") == "approved"
    assert approval.approved_by_name == agency.agent.display_name
    assert approval.text_hash == hash_of(text)
    assert (approval.title, approval.description) == (CLEAN["title"], CLEAN["description"])
    assert approval.facts["sale_price"] == {"value": "650000", "unit": "EUR"}
    assert approval.facts["private_pool"] is True
    assert approval.facts["bedrooms"] == "3"


def test_the_model_that_wrote_the_text_is_named(agency):
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
        agency.website, agency.agent, listing.id, {}, {"en": {"title": "Villa"}},
        now.lock_version, {"en": row.id},
    )  # fmt: skip
    approval = approve(agency.website, agency.agent, listing)
    assert (approval.origin, approval.model) == ("generated", "served/model")


@pytest.mark.parametrize("text", [UNFAIR, WRONG], ids=["violation", "contradicted claim"])
def test_a_finding_blocks_approval_until_it_is_answered_for(agency, text):
    listing = listing_with(agency.website, text)
    with pytest.raises(ApprovalBlocked) as blocked:
        approve(agency.website, agency.admin, listing)
    assert list(blocked.value.fields) == blocking(agency.website, listing)
    assert text_of(listing).status == "draft"
    assert approvals_of(agency.website) == []


def test_an_admin_overrides_with_a_reason_that_is_kept(agency):
    listing = listing_with(agency.website, UNFAIR)
    (finding,) = blocking(agency.website, listing)
    approval = approve(agency.website, agency.admin, listing, **{finding: f" {REASON}\n"})
    (override,) = approval.overrides
    assert (override["id"], override["reason"]) == (finding, REASON)
    assert (override["kind"], override["text"]) == ("violation", "Perfect for families")
    assert approval.findings["compliance"]["compliant"] is False


@pytest.mark.parametrize("reason", ["", "    ", "ok", "x" * 501, "\u200b" * 9, "........"])
def test_a_reason_that_says_nothing_or_too_much_is_refused(agency, reason):
    listing = listing_with(agency.website, UNFAIR)
    (finding,) = blocking(agency.website, listing)
    with pytest.raises(ApprovalBlocked):
        approve(agency.website, agency.admin, listing, **{finding: reason})


def test_every_finding_needs_its_own_reason(agency):
    listing = listing_with(agency.website, UNFAIR | {"title": WRONG["title"]})
    first, second = blocking(agency.website, listing)
    with pytest.raises(ApprovalBlocked) as blocked:
        approve(agency.website, agency.admin, listing, **{first: REASON})
    assert list(blocked.value.fields) == [second]
    approval = approve(agency.website, agency.admin, listing, **{first: REASON, second: REASON})
    assert [each["id"] for each in approval.overrides] == [first, second]


def test_an_agent_overrides_only_where_the_website_lets_them(agency):
    listing = listing_with(agency.website, UNFAIR)
    (finding,) = blocking(agency.website, listing)
    with pytest.raises(OverrideNotAllowed):
        approve(agency.website, agency.agent, listing, **{finding: REASON})
    website = db.session.get_one(Website, agency.website.id)
    website.agents_may_override = True
    db.session.commit()
    assert approve(website, agency.agent, listing, **{finding: REASON}).overrides


def test_an_admin_of_another_website_may_override_nothing_here(agency):
    stranger = factories.create_agency().admin
    assert approvals.may_override(agency.website, agency.admin)
    assert not approvals.may_override(agency.website, stranger)


def test_a_reason_for_a_finding_that_is_not_there_is_not_kept(agency):
    listing = listing_with(agency.website)
    assert approve(agency.website, agency.agent, listing, nothing=REASON).overrides == []


def test_another_text_than_the_one_seen_is_not_approved(agency):
    listing = listing_with(agency.website)
    seen = hash_of(text_of(listing))
    save(agency.website, agency.agent, listing, description="Other words.")
    with pytest.raises(EditConflict, match="changed after you opened it"):
        approvals.approve(agency.website, agency.admin, listing.id, "en", seen, {})
    with pytest.raises(EditConflict):
        approvals.approve(agency.website, agency.admin, listing.id, "en", "", {})


@pytest.mark.parametrize("part", ["title", "description"])
def test_an_incomplete_text_is_not_approved(agency, part):
    listing = listing_with(agency.website, CLEAN | {part: ""})
    with pytest.raises(InvalidInput, match="needs a title and a description"):
        approve(agency.website, agency.admin, listing)


def test_a_text_that_is_not_there_is_not_found(agency):
    listing = listing_with(agency.website)
    other = listing_with(factories.create_agency().website)
    for listing_id, locale in ((listing.id, "de"), (other.id, "en"), (99_999, "en")):
        with pytest.raises(NotFound):
            approvals.approve(agency.website, agency.admin, listing_id, locale, "x", {})
        with pytest.raises(NotFound):
            approvals.withdraw(agency.website, agency.admin, listing_id, locale)


def test_a_double_click_makes_one_approval(agency):
    listing = listing_with(agency.website)
    first = approve(agency.website, agency.agent, listing)
    version = db.session.get_one(Property, listing.id).lock_version
    assert approve(agency.website, agency.agent, listing).id == first.id
    assert len(approvals_of(agency.website)) == 1
    assert db.session.get_one(Property, listing.id).lock_version == version


@pytest.mark.parametrize("part", ["title", "description", "meta_description"])
def test_editing_any_part_makes_an_approved_text_a_draft_again(agency, part):
    listing = listing_with(agency.website)
    approval = approve(agency.website, agency.agent, listing)
    save(agency.website, agency.agent, listing, **{part: "Other words."})
    text = text_of(listing)
    assert (text.status, text.approval_id) == ("draft", None)
    assert db.session.get_one(TextApproval, approval.id).description == CLEAN["description"]


def test_saving_facts_or_the_same_words_keeps_the_approval(agency):
    listing = listing_with(agency.website)
    approve(agency.website, agency.agent, listing)
    save(agency.website, agency.agent, listing, title=f" {CLEAN['title']} ")
    change(agency.website, agency.agent, listing, energy_rating="B")
    assert text_of(listing).status == "approved"


def test_an_import_that_changes_the_text_makes_it_a_draft(agency):
    listing = listing_with(agency.website, reference="ES-1")
    approve(agency.website, agency.agent, listing)
    same = f"reference,title_en\nES-1,{CLEAN['title']}\n"
    other = "reference,title_en\nES-1,Other words\n"
    for csv, status in ((same, "approved"), (other, "draft")):
        list(imports.import_listings(agency.website, None, io.BytesIO(csv.encode()), filename="x"))
        assert text_of(listing).status == status


def test_withdrawing_makes_a_draft_and_keeps_the_record(agency):
    listing = listing_with(agency.website)
    approval = approve(agency.website, agency.agent, listing)
    approvals.withdraw(agency.website, agency.admin, listing.id, "en")
    approvals.withdraw(agency.website, agency.admin, listing.id, "en")
    text = text_of(listing)
    assert (text.status, text.approval_id) == ("draft", None)
    assert [each.id for each in approvals_of(agency.website)] == [approval.id]
    actions = [
        event.action for event in db.session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id))
    ]
    assert actions == ["text.approved", "text.withdrawn"]
    assert approve(agency.website, agency.agent, listing).id != approval.id


def test_a_form_opened_before_an_approval_still_saves(agency):
    listing = listing_with(agency.website)
    seen = db.session.get_one(Property, listing.id).lock_version
    approve(agency.website, agency.agent, listing)
    facts, texts = {"bedrooms": 3}, {"en": {"title": "Other words"}}
    saved = properties.save_property(agency.website, agency.admin, listing.id, facts, texts, seen)
    assert saved.text("en").status == "draft"


def test_what_others_saved_beside_an_approval_is_still_told(agency):
    listing = listing_with(agency.website)
    seen = db.session.get_one(Property, listing.id).lock_version
    change(agency.website, agency.agent, listing, city="Ronda")
    approve(agency.website, agency.agent, listing)
    with pytest.raises(ListingChanged) as told:
        properties.save_property(
            agency.website, agency.admin, listing.id, {"city": "Nerja"}, {}, seen
        )
    assert [change.field for change in told.value.changes] == ["city"]


def test_an_approval_cannot_be_changed_or_deleted_through_the_orm(agency):
    listing = listing_with(agency.website)
    approval = approve(agency.website, agency.agent, listing)
    approval.title = "Something else"
    with pytest.raises(ApprovalIsFinal):
        db.session.commit()
    db.session.rollback()
    db.session.delete(approval)
    with pytest.raises(ApprovalIsFinal):
        db.session.commit()
    db.session.rollback()
    assert db.session.get_one(TextApproval, approval.id).title == CLEAN["title"]


@pytest.mark.parametrize(
    "statement",
    [
        sa.update(TextApproval).values(title="Something else"),
        sa.delete(TextApproval),
        sa.text("UPDATE pwb_text_approvals SET overrides = '[]'"),
        sa.text("DELETE FROM pwb_text_approvals"),
    ],
    ids=["update", "delete", "SQL update", "SQL delete"],
)
def test_the_database_itself_refuses_to_change_an_approval(agency, statement):
    listing = listing_with(agency.website)
    approve(agency.website, agency.agent, listing)
    with pytest.raises(DBAPIError, match="an approval cannot be changed"):
        db.session.execute(statement)
    db.session.rollback()
    assert verify_chain(agency.website).intact


def in_threads(app, work, count):
    """Run `work(number)` in so many threads at once; what each returned or raised."""
    outcomes, ready = [None] * count, threading.Barrier(count)

    def one(number):
        with app.app_context():
            ready.wait()
            try:
                outcomes[number] = work(number)
            except Exception as error:  # noqa: BLE001 - the test looks at it
                outcomes[number] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_approvals_at_the_same_moment_keep_one_chain(app, agency):
    ids = [listing_with(agency.website).id for _ in range(6)]
    website_id, agent_id, seen = (
        agency.website.id,
        agency.agent.id,
        approval_chain.text_hash("en", CLEAN),
    )
    db.session.commit()

    def work(number):
        website, agent = db.session.get_one(Website, website_id), db.session.get_one(User, agent_id)
        return approvals.approve(website, agent, ids[number], "en", seen, {}).id

    made = in_threads(app, work, len(ids))
    assert len(set(made)) == len(ids), made
    report = verify_chain(db.session.get_one(Website, website_id))
    assert (report.records, report.problems) == (6, ())


def test_two_clicks_at_the_same_moment_make_one_approval(app, agency):
    listing_id = listing_with(agency.website).id
    website_id, agent_id, seen = (
        agency.website.id,
        agency.agent.id,
        approval_chain.text_hash("en", CLEAN),
    )
    db.session.commit()

    def work(_):
        website, agent = db.session.get_one(Website, website_id), db.session.get_one(User, agent_id)
        return approvals.approve(website, agent, listing_id, "en", seen, {}).id

    made = in_threads(app, work, 4)
    assert len(set(made)) == 1, made


def test_an_edit_at_the_moment_of_approval_is_never_published_unseen(app, agency):
    listing = listing_with(agency.website)
    listing_id, website_id, agent_id = listing.id, agency.website.id, agency.agent.id
    seen, version = hash_of(text_of(listing)), text_of(listing).property.lock_version
    db.session.commit()

    def work(number):
        website, agent = db.session.get_one(Website, website_id), db.session.get_one(User, agent_id)
        if number:
            return approvals.approve(website, agent, listing_id, "en", seen, {}).id
        texts = {"en": {"title": "Slipped in"}}
        return properties.save_property(website, agent, listing_id, {}, texts, version).id

    in_threads(app, work, 2)
    text = text_of(listing)
    assert (text.title, text.status) == ("Slipped in", "draft")
    assert verify_chain(db.session.get_one(Website, website_id)).intact
