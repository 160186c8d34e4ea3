"""The chain of approvals: whole when nobody touched it, and every forgery is found."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from pwb.extensions import db
from pwb.models import PropertyText, TextApproval
from pwb.services import approval_chain, properties, text_lists
from pwb.services.approval_chain import verify_chain
from tests import factories
from tests.services.sign_off import CLEAN, approvals_of, approve, listing_with, save, text_of


def forge(*statements):
    """What somebody with the database in their hands could do: the guards are taken away first."""
    postgres = db.engine.dialect.name == "postgresql"
    guards = [
        f"DROP TRIGGER IF EXISTS pwb_text_approvals_no_{verb}" for verb in ("update", "delete")
    ]
    if postgres:
        guards = ["ALTER TABLE pwb_text_approvals DISABLE TRIGGER USER"]
    for statement in (*map(sa.text, guards), *statements):
        db.session.execute(statement)
    if postgres:
        db.session.execute(sa.text("ALTER TABLE pwb_text_approvals ENABLE TRIGGER USER"))
    db.session.commit()
    db.session.expire_all()


def changed_to(approval_id, **values):
    return sa.update(TextApproval).where(TextApproval.id == approval_id).values(**values)


@pytest.fixture
def three(agency):
    """Three approvals of one website, and one of another."""
    listings = [listing_with(agency.website) for _ in range(3)]
    made = [approve(agency.website, agency.agent, listing).id for listing in listings]
    other = factories.create_agency()
    approve(other.website, other.agent, listing_with(other.website))
    return made


def test_the_chain_of_an_untouched_website_is_whole(agency, three):
    report = verify_chain(agency.website)
    assert (report.records, report.intact) == (3, True)
    rows = approvals_of(agency.website)
    assert rows[0].previous_hash == approval_chain.FIRST
    assert [row.previous_hash for row in rows[1:]] == [row.record_hash for row in rows[:-1]]


@pytest.mark.parametrize(
    "values",
    [
        {"title": "Something else"},
        {"overrides": [{"id": "x", "reason": "Because."}]},
        {"approved_by_name": "Somebody else"},
        {"facts": {}},
        {"created_at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"record_hash": "abc"},
    ],
    ids=" ".join,
)
def test_a_forged_record_is_found(agency, three, values):
    forge(changed_to(three[1], **values))
    report = verify_chain(agency.website)
    assert not report.intact
    assert any(f"Approval {three[1]} " in problem for problem in report.problems)


def test_a_record_forged_with_its_own_hash_breaks_the_link_to_the_next(agency, three):
    forge(changed_to(three[1], model="other"))
    forged = approval_chain.record_hash(db.session.get_one(TextApproval, three[1]))
    forge(changed_to(three[1], record_hash=forged))
    problems = verify_chain(agency.website).problems
    assert any(f"Approval {three[2]} " in problem for problem in problems)


@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "middle", "last"])
def test_a_record_that_was_taken_out_is_missed(agency, three, place):
    gone = three[place]
    draft = {"approval_id": None, "status": "draft"}
    forge(
        sa.update(PropertyText).where(PropertyText.approval_id == gone).values(**draft),
        sa.delete(TextApproval).where(TextApproval.id == gone),
    )
    assert any("is gone" in problem for problem in verify_chain(agency.website).problems)


def test_a_text_that_was_changed_behind_its_approval_is_told(agency, three):
    db.session.execute(sa.update(PropertyText).values(description="Slipped in"))
    db.session.commit()
    problems = verify_chain(agency.website).problems
    assert len(problems) == 3
    assert all("is not the one that was approved" in problem for problem in problems)


def test_the_record_of_a_listing_outlives_it(agency):
    listing = listing_with(agency.website, reference="ES-1")
    approve(agency.website, agency.agent, listing)
    listing_id, version = listing.id, text_of(listing).property.lock_version
    properties.delete_property(agency.website, agency.admin, listing_id, version)
    record = text_lists.compliance_record(agency.website, listing_id)
    assert (record.reference, record.listing, record.current) == ("ES-1", None, [])
    assert [signed.approval.title for signed in record.earlier] == [CLEAN["title"]]
    assert verify_chain(agency.website).intact


def test_the_record_tells_what_stands_from_what_was_replaced(agency):
    listing = listing_with(agency.website)
    first = approve(agency.website, agency.agent, listing)
    save(agency.website, agency.agent, listing, meta_description="Other words.")
    second = approve(agency.website, agency.agent, listing)
    record = text_lists.compliance_record(agency.website, listing.id)
    assert [signed.approval.id for signed in record.current] == [second.id]
    assert [signed.approval.id for signed in record.earlier] == [first.id]
