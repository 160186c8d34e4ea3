"""Writing posts: one call or several, the second ask, what is saved, and what it cost."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select

from pwb.content.platforms import PLATFORMS
from pwb.errors import InvalidInput, NotFound
from pwb.extensions import db
from pwb.models import AuditEvent, Property, SocialMediaPost
from pwb.services import social_posts
from pwb.services.generation_errors import GenerationFailed
from pwb.services.generations import SocialPostGenerator
from pwb.services.new_requests import NewRequest
from pwb.services.runs import Start
from pwb.services.social_posts import Progress, SocialResult, SocialSpec
from pwb.simulator.testing import Reply, RunningSimulator
from tests import factories
from tests.factories import Agency
from tests.services.posts import answer, rows, write
from tests.waiting import PEER_HANGS

ALL = tuple(PLATFORMS)
UNSTRUCTURED = "mistralai/mixtral-8x7b-instruct"
LINK = "https://costa.test/es-1"
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def listing(agency: Agency, simulator: RunningSimulator) -> Property:
    factories.create_integration(agency.website)
    return factories.create_property(agency.website, reference="ES-1", city="Marbella")


@pytest.fixture
def asked_for_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that the catalogue knows to have no structured output."""
    monkeypatch.setattr("pwb.services.social_generation.structured_for", lambda *_: "prompt")
    monkeypatch.setattr("pwb.services.runs.structured_of", lambda *_: "prompt")


def test_five_platforms_are_one_call_one_row_and_one_bill(
    database_url: str, agency: Agency, listing: Property, simulator: RunningSimulator
) -> None:
    result = write(agency, listing, link=LINK)
    assert [draft.post.platform for draft in result.posts] == list(ALL)
    assert len(simulator.completions) == 1
    (row,) = rows()
    assert (row.request_type, row.status) == ("social_posts", "completed")
    assert result.usage.cost_cents == row.cost_cents and result.usage.cost_state == "exact"
    saved = list(db.session.scalars(select(SocialMediaPost)))
    assert {post.request_id for post in saved} == {row.id}
    assert {(post.status, post.origin, post.link) for post in saved} == {
        ("draft", "generated", LINK)
    }
    for draft in result.posts:
        assert draft.over_by == 0 and draft.findings.blocking == []
        assert len(draft.post.hashtags) <= PLATFORMS[draft.post.platform].hashtags.max
    created = select(func.count(AuditEvent.id)).where(AuditEvent.action == "post.created")
    assert db.session.scalar(created) == 5


def test_without_structured_output_each_platform_has_a_call_of_its_own(
    database_url: str,
    asked_for_json: None,
    agency: Agency,
    listing: Property,
    simulator: RunningSimulator,
) -> None:
    result = write(agency, listing)
    assert [draft.post.platform for draft in result.posts] == list(ALL)
    assert len(simulator.completions) == len(rows()) == len(result.request_ids) == 5
    assert result.usage.cost_cents == sum(row.cost_cents or 0 for row in rows())
    assert {tuple(row.options["platforms"]) for row in rows()} == {(name,) for name in ALL}


@ONE_DATABASE
def test_one_of_several_calls_may_fail_alone(
    asked_for_json: None, agency: Agency, listing: Property, simulator: RunningSimulator
) -> None:
    simulator.enqueue("not-json")
    result = write(agency, listing, "instagram", "facebook")
    assert len(result.posts) == 1
    (failure,) = result.failures.values()
    assert failure.code == "invalid_response"
    assert result.as_json()["failed"][0]["error"]["code"] == "invalid_response"
    assert sorted(row.status for row in rows()) == ["completed", "failed"]


@ONE_DATABASE
def test_where_every_call_fails_the_first_failure_is_told(
    asked_for_json: None, agency: Agency, listing: Property, simulator: RunningSimulator
) -> None:
    simulator.enqueue("not-json", times=2)
    with pytest.raises(GenerationFailed, match="could not be read as social posts"):
        write(agency, listing, "instagram", "facebook")
    assert db.session.scalar(select(func.count(SocialMediaPost.id))) == 0


@ONE_DATABASE
def test_a_person_with_room_for_one_call_gets_the_posts_one_after_the_other(
    asked_for_json: None,
    agency: Agency,
    listing: Property,
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app.config["PWB"], "ai_in_flight_per_person", 1)
    assert len(write(agency, listing, "instagram", "twitter").posts) == 2


@ONE_DATABASE
def test_a_platform_that_the_answer_leaves_out_is_told(
    agency: Agency, listing: Property, simulator: RunningSimulator
) -> None:
    simulator.enqueue(answer(instagram="A villa."))
    result = write(agency, listing, "instagram", "twitter")
    assert [draft.post.platform for draft in result.posts] == ["instagram"]
    assert result.failures["twitter"].code == "invalid_response"


@ONE_DATABASE
def test_a_post_that_is_too_long_is_shortened_by_a_second_ask(
    agency: Agency, listing: Property, simulator: RunningSimulator
) -> None:
    long = "A villa in Marbella with three bedrooms. " * 10
    simulator.enqueue(answer(instagram="A villa.", twitter=long))
    result = write(agency, listing, "instagram", "twitter", link=LINK)
    first, second = rows()
    assert (first.request_type, second.request_type) == ("social_posts", "social_shortening")
    document = json.loads(second.input_data["messages"][1]["content"])
    assert [post["platform"] for post in document["current_posts"]] == ["twitter"]
    assert [draft.over_by for draft in result.posts] == [0, 0]
    assert result.posts[1].post.request_id == first.id
    assert result.usage.cost_cents == (first.cost_cents or 0) + (second.cost_cents or 0)


@ONE_DATABASE
def test_a_post_that_stays_too_long_is_kept_with_its_overrun_and_never_cut(
    agency: Agency, listing: Property, simulator: RunningSimulator
) -> None:
    long = "a" * 300
    simulator.enqueue(answer(twitter=long), times=2)
    (draft,) = write(agency, listing, "twitter").posts
    assert draft.post.caption == long
    assert draft.characters == 300 + len("\n\n#Villa") and draft.over_by == 28
    assert len(simulator.completions) == 2, "it is asked for once more, and not again"
    with pytest.raises(InvalidInput) as refused:
        social_posts.approve_post(agency.website, agency.agent, draft.post.id, 1, {})
    assert "28 over the 280 characters" in refused.value.fields["caption"][0]
    assert db.session.get_one(SocialMediaPost, draft.post.id).status == "draft"


@ONE_DATABASE
def test_a_second_ask_that_fails_loses_nothing(
    agency: Agency, listing: Property, simulator: RunningSimulator
) -> None:
    simulator.enqueue(answer(twitter="a" * 300))
    simulator.enqueue("not-json")
    (draft,) = write(agency, listing, "twitter").posts
    assert draft.over_by > 0
    assert [row.status for row in rows()] == ["completed", "failed"]


@ONE_DATABASE
def test_the_same_form_sent_twice_makes_the_posts_once(
    asked_for_json: None, agency: Agency, listing: Property, simulator: RunningSimulator
) -> None:
    first = write(agency, listing, "instagram", "twitter", idempotency_key="k1")
    again = write(agency, listing, "instagram", "twitter", idempotency_key="k1")
    assert [d.post.id for d in again.posts] == [d.post.id for d in first.posts]
    assert again.request_ids == first.request_ids and len(simulator.completions) == 2
    with pytest.raises(GenerationFailed, match="another text"):
        write(agency, listing, "instagram", "twitter", category="sold", idempotency_key="k1")


@ONE_DATABASE
def test_posts_that_a_killed_process_had_not_saved_are_saved_by_the_next_look(
    agency: Agency,
    listing: Property,
    simulator: RunningSimulator,
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(agency, listing, "twitter", idempotency_key="k1")
    db.session.query(SocialMediaPost).delete()
    db.session.commit()
    monkeypatch.setattr(app.config["PWB"], "ai_total_timeout", 0.1)
    again = write(agency, listing, "twitter", idempotency_key="k1")
    assert len(again.posts) == 1 and len(simulator.completions) == 1


@ONE_DATABASE
def test_what_happens_is_told_step_by_step(agency: Agency, listing: Property) -> None:
    spec = SocialSpec(("twitter", "tiktok"))
    ticket = social_posts.begin_posts(agency.website, agency.agent, listing, spec)
    events = list(social_posts.run(ticket))
    assert isinstance(events[0], Start) and isinstance(events[-1], SocialResult)
    told = [event.platform for event in events if isinstance(event, Progress)]
    assert told == ["twitter", "tiktok"]


@ONE_DATABASE
@pytest.mark.parametrize("mode", ["one call", "several"])
def test_a_closed_page_ends_the_calls_and_saves_nothing(
    agency: Agency,
    listing: Property,
    simulator: RunningSimulator,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
) -> None:
    if mode == "several":
        monkeypatch.setattr("pwb.services.social_generation.structured_for", lambda *_: "prompt")
    simulator.enqueue(Reply(first_delay=PEER_HANGS), times=2)
    spec = SocialSpec(("twitter", "tiktok"))
    ticket = social_posts.begin_posts(agency.website, agency.agent, listing, spec)
    events = social_posts.run(ticket)
    monkeypatch.setattr("pwb.services.runs.HEARTBEAT_SECONDS", 0.2)
    next(events)
    next(events)
    events.close()
    assert {row.status for row in rows()} == {"failed"}
    assert {row.error_code for row in rows()} <= {"cancelled"}
    assert db.session.scalar(select(func.count(SocialMediaPost.id))) == 0


@ONE_DATABASE
@pytest.mark.parametrize("place", ["one call", "several", "resent"])
def test_who_leaves_at_the_very_start_leaves_settled_rows_that_cost_nothing(
    agency: Agency,
    listing: Property,
    simulator: RunningSimulator,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    if place == "several":
        monkeypatch.setattr("pwb.services.social_generation.structured_for", lambda *_: "prompt")
    spec = SocialSpec(("twitter", "tiktok"), idempotency_key="k")
    ticket = social_posts.begin_posts(agency.website, agency.agent, listing, spec)
    if place == "resent":
        ticket = social_posts.begin_posts(agency.website, agency.agent, listing, spec)
    events = social_posts.run(ticket)
    next(events)
    events.close()
    (row,) = rows()
    if place == "resent":
        assert row.status == "processing", "the first form's posts are still to come"
        return
    assert (row.status, row.error_code, row.attempts) == ("failed", "cancelled", 0)
    assert (row.cost_cents, row.cost_state, row.reserved_cents) == (0, "exact", None)
    assert not simulator.completions


def test_platforms_that_the_budget_has_no_room_for_are_told_and_the_others_saved(
    database_url: str,
    asked_for_json: None,
    agency: Agency,
    listing: Property,
    simulator: RunningSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(NewRequest, "most_cents", property(lambda _: Decimal(10)))
    agency.website.monthly_budget_cents = 20
    db.session.commit()
    # Both that find room hold it until the others have asked.
    simulator.enqueue(Reply(first_delay=3.0), times=2)
    result = write(agency, listing)
    assert len(result.posts) == 2 and len(rows()) == 2
    refused = set(ALL) - {draft.post.platform for draft in result.posts}
    assert set(result.failures) == refused
    assert {failure.code for failure in result.failures.values()} == {"budget_exceeded"}
    told = result.as_json()["failed"]
    assert {each["platform"] for each in told} == refused
    assert all("$0.20 is set aside" in each["error"]["message"] for each in told)
    assert db.session.scalar(select(func.count(SocialMediaPost.id))) == 2


@ONE_DATABASE
def test_the_generator_for_developers_takes_the_websites_own_language(
    agency: Agency, listing: Property
) -> None:
    result = SocialPostGenerator(
        property=listing, platforms=["instagram", "facebook"], category="just_listed"
    ).generate()
    assert [draft.post.locale for draft in result.posts] == ["en", "en"]


@ONE_DATABASE
def test_another_websites_posts_are_not_to_be_found(agency: Agency, listing: Property) -> None:
    (draft,) = write(agency, listing, "twitter").posts
    other = factories.create_agency()
    post_id, actor = draft.post.id, other.admin
    for reach in (
        lambda: social_posts.get_post(other.website, post_id),
        lambda: social_posts.save_post(other.website, actor, post_id, {"caption": "x"}, 1),
        lambda: social_posts.approve_post(other.website, actor, post_id, 1, {}),
        lambda: social_posts.archive_post(other.website, actor, post_id),
        lambda: social_posts.restore_post(other.website, actor, post_id),
        lambda: social_posts.duplicate_post(other.website, actor, post_id, "facebook"),
    ):
        with pytest.raises(NotFound):
            reach()


def test_a_listing_that_is_deleted_meanwhile_takes_its_posts_along_and_says_so(
    database_url: str, agency: Agency, listing: Property
) -> None:
    spec = SocialSpec(("twitter",))
    ticket = social_posts.begin_posts(agency.website, agency.agent, listing, spec)
    db.session.delete(db.session.get_one(Property, listing.id))
    db.session.commit()
    with pytest.raises(GenerationFailed, match="was deleted") as failed:
        social_posts.finish(ticket)
    assert failed.value.code == "cancelled"
    (row,) = rows()
    assert row.status == "completed" and row.output_data is not None
