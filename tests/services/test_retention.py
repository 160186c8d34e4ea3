"""What is removed for good, and what stays."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select

from pwb.errors import InvalidInput, NotFound
from pwb.extensions import db
from pwb.models import (
    AccountLink,
    AuditEvent,
    GenerationRequest,
    Membership,
    PropertyPhoto,
    SocialMediaPost,
    TextApproval,
    User,
    Website,
)
from pwb.models.base import Base, utcnow
from pwb.services import accounts, generations, people, periods, retention, usage
from pwb.services.generation_errors import GenerationFailed
from pwb.services.generations import DescriptionSpec
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.ledger_rows import used
from tests.pages import Person
from tests.services.posts import add_photos, create_post, write


@pytest.fixture
def website(app: Flask) -> Website:
    return factories.create_website()


def content_of(request_id: int) -> tuple[object, object]:
    db.session.expire_all()
    row = db.session.get_one(GenerationRequest, request_id)
    return row.input_data, row.output_data


def test_old_prompts_and_outputs_go_and_their_costs_stay(website: Website) -> None:
    written = {"input_data": {"messages": ["secret"]}, "output_data": {"title": "A villa"}}
    old, older = (utcnow() - timedelta(days=days) for days in (399, 401))
    written["options"] = {"tone": "warm", "instruction": "Call Ana on 555 0100"}
    kept, gone, running = used(
        website,
        {"created_at": old, **written},
        {"created_at": older, **written, "cost_cents": Decimal(7)},
        {"created_at": older, **written, "status": "processing"},
    )
    ever = periods.asked(website, "2000-01-01", None)
    before = usage.totals(website, ever)
    assert retention.purge(timedelta(days=400)) == 1
    assert content_of(gone) == ({}, None)
    assert content_of(kept) == content_of(running) == tuple(written.values())[:2]
    assert db.session.get_one(GenerationRequest, gone).options == {"tone": "warm"}
    assert usage.totals(website, ever) == before
    assert db.session.get_one(GenerationRequest, gone).cost_cents == 7
    assert retention.purge(timedelta(days=400)) == 0


def test_one_websites_purge_leaves_the_others_alone(
    website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_PURGED_AT_ONCE", 2)
    values = {"created_at": utcnow() - timedelta(days=500), "input_data": {"messages": ["x"]}}
    used(website, *[values] * 5)
    (others,) = used(factories.create_website(), values)
    assert retention.purge(timedelta(days=400), website) == 5
    assert content_of(others)[0]


@pytest.mark.parametrize("text", ["", "400", "d", "-1d", "0d", "1.5d", "400h", "999999d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not an age"):
        retention.parse_age(text)


def test_an_erased_person_leaves_the_sums_and_nothing_of_themselves(website: Website) -> None:
    admin = factories.create_user(website, "admin", email="boss@costa.test")
    ana = factories.create_user(website, email="ana@costa.test", name="Ana Lima")
    people.change_role(website, admin, people.list_members(website)[0].id, "agent")
    accounts.make_link(website, "reset", ana.email, admin, user=ana)
    (request_id,) = used(website, {"user_id": ana.id, "cost_cents": Decimal(3)})
    month = periods.asked(website, None, None)
    before = usage.totals(website, month)
    erasure = retention.erase_person(" Ana@Costa.test")
    assert (erasure.requests, erasure.signatures, erasure.without_admin) == (1, 0, [])
    db.session.expire_all()
    assert usage.totals(website, month) == before
    assert db.session.get_one(GenerationRequest, request_id).user_id is None
    assert [line.key for line in usage.report(website, month).by_person] == [""]
    assert not db.session.scalars(select(AccountLink)).all()
    assert [m.user_id for m in db.session.scalars(select(Membership))] == [admin.id]
    assert not [e for e in db.session.scalars(select(AuditEvent)) if "ana@" in e.object_label]
    assert "person.erased" in db.session.scalars(select(AuditEvent.action)).all()
    gone = db.session.get_one(User, ana.id)
    assert gone.password_hash is None and "ana" not in f"{gone.email} {gone.name}".lower()
    with pytest.raises(NotFound):
        retention.erase_person("ana@costa.test")


def test_an_erased_person_leaves_posts_and_photos_without_them_and_as_old_as_they_were(
    website: Website,
) -> None:
    ana = factories.create_user(website, name="Ana Lima")
    membership = db.session.scalars(select(Membership)).one()
    membership.monthly_budget_cents = 500
    listing = factories.create_property(website)
    then = utcnow() - timedelta(days=3)
    by_ana = {"created_by_id": ana.id, "updated_at": then}
    post = create_post(listing, updated_by_id=ana.id, **by_ana)
    (photo_id,) = add_photos(listing, 1)
    photo = db.session.get_one(PropertyPhoto, photo_id)
    photo.created_by_id, photo.updated_at = ana.id, then
    db.session.commit()
    retention.erase_person(ana.email)
    db.session.expire_all()
    assert (post.created_by_id, post.updated_by_id, photo.created_by_id) == (None, None, None)
    assert (post.updated_at, photo.updated_at, post.lock_version) == (then, then, 1)
    assert not db.session.scalars(select(Membership)).all()


def test_no_table_refers_to_an_erased_person_but_the_two_that_must(website: Website) -> None:
    user_id = User.__table__.c.id
    left = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.references(user_id) and not column.nullable
    }
    # Memberships are deleted; signatures and the audit log lead to an account without a name.
    assert left == {("pwb_memberships", "user_id")}


def test_a_purge_leaves_posts_and_texts_alone_and_breaks_no_page(
    agent: Person, agency: factories.Agency, simulator: RunningSimulator
) -> None:
    factories.create_integration(agency.website)
    listing = factories.create_property(agency.website)
    written = write(agency, listing, "twitter", "facebook", idempotency_key="k")
    order = DescriptionSpec("en", "professional", idempotency_key="text")
    text = generations.generate_description(agency.website, agency.agent, listing, order)
    assert retention.purge(timedelta(0)) == 2
    assert [draft.post.caption for draft in written.posts] == [
        post.caption for post in db.session.scalars(select(SocialMediaPost))
    ]
    for request_id in (written.request_id, text.request_id):
        page = agent.get(f"/site_admin/ai/requests/{request_id}")
        assert "The text is no longer kept here." in page.text
    for page in ("edit", "social_posts", "drafts"):
        agent.get(f"/site_admin/properties/{listing.id}/{page}")
    # The forms of both, sent again.
    again = write(agency, listing, "twitter", "facebook", idempotency_key="k")
    assert {d.post.id for d in again.posts} == {d.post.id for d in written.posts}
    assert not again.failures
    with pytest.raises(GenerationFailed, match="no longer kept") as gone:
        generations.generate_description(agency.website, agency.agent, listing, order)
    assert gone.value.code == "invalid_input"
    with pytest.raises(NotFound):
        generations.completed_result(agency.website, listing, text.request_id)
    refined = DescriptionSpec(
        "en", "professional", instruction="Shorter", refine_request_id=text.request_id
    )
    with pytest.raises(InvalidInput, match="not there any more"):
        generations.begin_description(agency.website, agency.agent, listing, refined)
    db.session.query(SocialMediaPost).delete()
    db.session.commit()
    with pytest.raises(GenerationFailed, match="no longer kept"):
        write(agency, listing, "twitter", "facebook", idempotency_key="k")


def test_a_signature_outlives_its_signer_and_the_last_admin_is_named(website: Website) -> None:
    boss = factories.create_user(website, "admin", name="Ana Lima")
    factories.create_approved_text(factories.create_property(website), approved_by=boss)
    erasure = retention.erase_person(boss.email)
    assert (erasure.signatures, erasure.without_admin) == (1, [website.subdomain])
    assert "keep the name" in erasure.sentence()
    assert db.session.scalars(select(TextApproval.approved_by_name)).one() == "Ana Lima"


def test_a_request_says_that_its_prompt_and_text_are_no_longer_kept(
    agent: Person, agency: factories.Agency
) -> None:
    values = {"input_data": {"messages": [{"role": "user", "content": "A villa"}]}}
    (request_id,) = used(agency.website, values | {"output_data": {"title": "Sold"}})
    retention.purge(timedelta(0))
    text = agent.get(f"/site_admin/ai/requests/{request_id}").text
    assert "The prompt is no longer kept." in text
    assert "The text is no longer kept here." in text
    assert "0.1 ¢ (exact)" in text
