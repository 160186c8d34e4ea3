"""Generating from the page: JSON, events, and the plain form post."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from pwb.ai_tools import descriptions, social_order
from pwb.extensions import db
from pwb.models import GenerationRequest, Property, PropertyText
from pwb.services import generations, social_generation
from pwb.services.description_orders import DescriptionSpec
from pwb.services.social_orders import SocialSpec
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.factories import Agency
from tests.pages import Person, check_page

pytestmark = pytest.mark.usefixtures("simulator")


@pytest.fixture
def listing(app: Flask, agency: Agency) -> Property:
    factories.create_integration(agency.website)
    return factories.create_property(agency.website)


def ask(
    person: Person, listing: Property, accept: str, status: int = 200, **fields: Any
) -> TestResponse:
    data = {"locale": "en", "tone": "professional"} | fields
    return person.post(
        f"/site_admin/properties/{listing.id}/descriptions",
        data,
        status,
        headers={"Accept": accept, "X-CSRFToken": person.token},
    )


def ask_json(person: Person, listing: Property, status: int = 200, **fields: Any) -> dict[str, Any]:
    return ask(person, listing, "application/json", status, **fields).get_json()


def read_events(body: str) -> list[tuple[str, Any]]:
    events = []
    for block in body.split("\n\n"):
        lines = dict(
            line.split(": ", 1) for line in block.splitlines() if line.startswith(("event", "data"))
        )
        if lines:
            events.append((lines["event"], json.loads(lines["data"])))
    return events


@pytest.mark.parametrize("what", ["text", "posts"])
def test_a_browser_that_leaves_with_the_first_event_leaves_a_settled_row(
    app: Flask, agency: Agency, listing: Property, simulator: RunningSimulator, what: str
) -> None:
    with app.test_request_context():
        if what == "text":
            spec = DescriptionSpec("en", "professional")
            ticket = generations.begin_description(agency.website, agency.agent, listing, spec)
            sent = iter(descriptions.stream(ticket).response)
        else:
            order = SocialSpec(("twitter", "tiktok"))
            posts = social_generation.begin_posts(agency.website, agency.agent, listing, order)
            sent = iter(social_order.stream(posts).response)
        assert str(next(sent)).startswith("event: start")
        sent.close()
    row = db.session.scalars(select(GenerationRequest)).one()
    assert (row.status, row.error_code) == ("failed", "cancelled")
    assert (row.cost_cents, row.cost_state) == (0, "exact")
    assert not simulator.completions


def test_json_answers_with_the_contracts_fields(agent: Person, listing: Property) -> None:
    answer = ask_json(agent, listing)
    assert answer["success"] is True
    assert answer["title"] and answer["description"] and answer["meta_description"]
    assert set(answer) >= {"request_id", "compliance", "claims", "model", "usage"}
    assert set(answer["usage"]) >= {"input_tokens", "output_tokens", "cost_cents", "cost_state"}
    assert answer["usage"]["cost_state"] == "exact"


def test_the_order_may_come_as_a_json_object(agent: Person, listing: Property) -> None:
    path = f"/site_admin/properties/{listing.id}/descriptions"

    def post(sent: Any) -> TestResponse:
        headers = {"Accept": "application/json", "X-CSRFToken": agent.token}
        return agent.client.post(path, json=sent, headers=headers, base_url=agent.base_url)

    assert post({"locale": "de", "tone": "luxury"}).get_json()["success"] is True
    row = db.session.scalars(select(GenerationRequest)).one()
    assert (row.locale, row.options["tone"]) == ("de", "luxury")
    for wrong in ({"locale": ["de"]}, {"locale": "xx"}, ["de"]):
        assert post(wrong).status_code == 422


def test_events_come_in_order_and_end_with_what_json_would_say(
    agent: Person, listing: Property
) -> None:
    response = ask(agent, listing, "text/event-stream")
    assert response.mimetype == "text/event-stream"
    assert response.headers["X-Accel-Buffering"] == "no"
    events = read_events(response.get_data(as_text=True))
    names = [name for name, _ in events]
    assert names[0] == "start" and names[-1] == "done"
    assert set(names[1:-1]) == {"delta"}
    title = "".join(
        data["text"] for name, data in events if name == "delta" and data["field"] == "title"
    )
    assert title == events[-1][1]["title"]


def test_a_failed_stream_ends_with_the_contracts_error(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    simulator.enqueue("402")
    events = read_events(ask(agent, listing, "text/event-stream").get_data(as_text=True))
    name, data = events[-1]
    assert name == "error"
    assert data["error"]["code"] == "insufficient_credits"
    assert data["request_id"] == events[0][1]["request_id"]


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        ("401", "invalid_api_key", 409),
        ("402", "insufficient_credits", 402),
        ("403", "content_blocked", 422),
        ("404", "model_not_found", 409),
        ("429-daily", "rate_limited", 429),
        ("503", "model_unavailable", 503),
        ("504", "timeout", 504),
        ("empty", "invalid_response", 502),
        ("error-in-200", "provider_error", 502),
    ],
)
def test_each_failure_has_its_status_and_says_what_to_do(
    agent: Person,
    listing: Property,
    simulator: RunningSimulator,
    fault: str,
    code: str,
    status: int,
) -> None:
    simulator.enqueue(fault, times=4)
    answer = ask_json(agent, listing, status)
    assert answer["success"] is False
    assert answer["error"]["code"] == code
    assert answer["error"]["message"] and answer["error"]["resolution"]


@pytest.mark.parametrize(
    "fields",
    [
        {"locale": "xx"},
        {"tone": "<script>"},
        {"model": "not a model"},
        {"idempotency_key": "k" * 500},
    ],
)
def test_bad_input_is_422_and_writes_nothing(
    agent: Person, listing: Property, fields: dict[str, str]
) -> None:
    answer = ask_json(agent, listing, 422, **fields)
    assert answer["error"]["code"] == "invalid_input"
    assert db.session.scalars(select(GenerationRequest)).all() == []


def test_a_plain_post_shows_the_text_and_keeps_what_was_typed(
    agent: Person, listing: Property
) -> None:
    typed = {"reference": listing.reference, "lock_version": "1", "text-en-title": "My own words"}
    response = ask(agent, listing, "text/html", **typed)
    page = check_page(response.get_data(as_text=True))
    assert "My own words" in page.html
    written = db.session.scalars(select(GenerationRequest)).one().output_data
    # Marked claims carry words for screen readers between those of the title.
    assert all(word in page.text for word in written["title"].replace(",", "").split())
    assert db.session.scalars(select(PropertyText)).all() == []


def test_use_this_without_javascript_fills_the_fields_and_saves_nothing(
    agent: Person, listing: Property
) -> None:
    made = ask_json(agent, listing)
    path = f"/site_admin/properties/{listing.id}/descriptions/{made['request_id']}/use"
    typed = {"reference": listing.reference, "city": "Typed city"}
    response = agent.post(path, typed, 200)
    page = check_page(response.get_data(as_text=True))
    assert f'value="{made["title"]}"' in page.html and "Typed city" in page.html
    assert db.session.scalars(select(PropertyText)).all() == []


def test_a_plain_post_that_fails_names_cause_and_cure_with_a_fresh_key(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    simulator.enqueue("402")
    key = {"idempotency_key-en": "first-key", "text-en-title": "Kept"}
    response = ask(agent, listing, "text/html", 402, **key)
    page = check_page(response.get_data(as_text=True))
    assert "credits" in page.text and "Kept" in page.html
    assert "first-key" not in page.html


def test_a_resent_form_gives_the_first_text(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    first = ask_json(agent, listing, idempotency_key="abc")
    again = ask_json(agent, listing, idempotency_key="abc")
    assert again == first
    assert len(simulator.completions) == 1
    other = ask_json(agent, listing, 422, idempotency_key="abc", tone="warm")
    assert other["error"]["code"] == "invalid_input"


def test_without_a_key_the_agent_is_told_whom_to_ask(agent: Person, agency: Agency) -> None:
    listing = factories.create_property(agency.website)
    answer = ask_json(agent, listing, 409)
    assert answer["error"]["code"] == "not_configured"
    assert "site admin" in answer["error"]["resolution"].lower()
    page = agent.get(f"/site_admin/properties/{listing.id}/edit")
    assert "AI is not configured" in page.text


def test_another_websites_listing_and_request_are_not_found(
    agent: Person, listing: Property
) -> None:
    elsewhere = factories.create_website()
    factories.create_integration(elsewhere)
    theirs = factories.create_property(elsewhere)
    ask(agent, theirs, "application/json", 404)
    row = GenerationRequest(
        website_id=elsewhere.id,
        request_type="listing_description",
        ai_provider="open_router",
        ai_model="a/b",
        locale="en",
    )
    db.session.add(row)
    db.session.commit()
    agent.get(f"/site_admin/ai/requests/{row.id}", 404)
    agent.post(f"/site_admin/ai/requests/{row.id}/cancel", status=404)
    agent.post(f"/site_admin/properties/{listing.id}/descriptions/{row.id}/use", status=404)


def test_stop_says_when_there_is_nothing_left_to_stop(agent: Person, listing: Property) -> None:
    done = ask_json(agent, listing)["request_id"]
    path = f"/site_admin/ai/requests/{done}/cancel"
    headers = {"Accept": "application/json", "X-CSRFToken": agent.token}
    answer = agent.post(path, {}, 409, headers=headers).get_json()
    assert (answer["success"], answer["error"]["code"]) == (False, "finished")
    assert "had ended already" in agent.post(path, status=200, follow_redirects=True).text


def test_stopping_what_is_stopped_already_is_no_error(agent: Person, listing: Property) -> None:
    row = db.session.get_one(GenerationRequest, ask_json(agent, listing)["request_id"])
    row.status, row.error_code = "failed", "cancelled"
    db.session.commit()
    headers = {"Accept": "application/json", "X-CSRFToken": agent.token}
    path = f"/site_admin/ai/requests/{row.id}/cancel"
    assert agent.post(path, {}, 200, headers=headers).get_json()["success"] is True


def test_an_error_of_the_portals_own_ends_the_events_with_an_error(
    app: Flask, agency: Agency, listing: Property
) -> None:
    ticket = generations.begin_description(
        agency.website, agency.agent, listing, DescriptionSpec("en")
    )

    def fail(completion: object) -> dict[str, Any]:
        raise ZeroDivisionError

    events = []
    with app.test_request_context(), pytest.raises(ZeroDivisionError):
        for piece in descriptions.stream(replace(ticket, read=fail)).response:
            events.append(str(piece))
    name, data = read_events("".join(events))[-1]
    assert (name, data["success"], data["request_id"]) == ("error", False, ticket.request_id)
    db.session.expire_all()
    assert db.session.get_one(GenerationRequest, ticket.request_id).status == "failed"


def test_a_post_without_token_generates_nothing(
    app: Flask, agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    path = f"/site_admin/properties/{listing.id}/descriptions"
    agent.post(
        path, {"csrf_token": "", "locale": "en"}, 400, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert simulator.completions == []


@pytest.mark.parametrize("query", ["user=2147483648", f"property={10**20}", f"page={10**20}"])
def test_impossible_numbers_find_no_request(agent: Person, listing: Property, query: str) -> None:
    ask_json(agent, listing)
    assert listing.reference not in agent.get(f"/site_admin/ai/requests?{query}").text


def test_requests_are_listed_filtered_and_shown_with_what_was_sent(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    ask_json(agent, listing)
    simulator.enqueue("402")
    ask_json(agent, listing, 402)
    page = agent.get("/site_admin/ai/requests")
    assert page.text.count(listing.reference) == 2
    failed = agent.get("/site_admin/ai/requests?status=failed")
    assert failed.text.count(listing.reference) == 1
    assert "Nothing fits" in agent.get("/site_admin/ai/requests?model=none/such").text
    row = db.session.scalars(
        select(GenerationRequest).where(GenerationRequest.status == "completed")
    ).one()
    detail = agent.get(f"/site_admin/ai/requests/{row.id}")
    assert row.output_data["title"] in detail.text
    assert "listing_description" in detail.text and "Instructions" in detail.text


def test_usage_adds_up_to_the_ledger(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    for _ in range(3):
        ask_json(agent, listing)
    simulator.enqueue("402")
    ask_json(agent, listing, 402)
    page = agent.get("/site_admin/usage")
    assert "3 completed, 1 failed" in page.text
    assert "anthropic/claude-3.5-sonnet" in page.text
    assert (
        "Nothing was generated" in agent.get("/site_admin/usage?from=2020-01-01&to=2020-01-31").text
    )
    assert "not a date" in agent.get("/site_admin/usage?from=yesterday", 422).text


def test_model_text_with_markup_is_shown_as_text(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    text = {
        "title": "<b>Villa</b>",
        "description": "<script>alert(1)</script> &lt;img&gt; nice",
        "meta_description": "m",
    }
    simulator.enqueue(
        {
            "id": "gen-1",
            "model": "a/b",
            "choices": [{"message": {"content": json.dumps(text)}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "cost": 0},
        }
    )
    response = ask(agent, listing, "text/html")
    html = check_page(response.get_data(as_text=True)).html
    assert "<script>alert" not in html and "<b>Villa" not in html
