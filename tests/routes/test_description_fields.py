"""The fields of an order as a form carries them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from pwb.extensions import db
from pwb.models import GenerationRequest, Property
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.factories import Agency
from tests.pages import Person


@pytest.fixture
def listing(app: Flask, agency: Agency, simulator: RunningSimulator) -> Property:
    factories.create_integration(agency.website)
    texts = {"en": {"title": "A villa", "description": "A bright villa."}}
    return factories.create_property(agency.website, texts)


def ask(person: Person, listing: Property, status: int = 200, **fields: Any) -> dict[str, Any]:
    answer = person.post(
        f"/site_admin/properties/{listing.id}/descriptions",
        {"locale": "en", **fields},
        status,
        headers={"Accept": "application/json", "X-CSRFToken": person.token},
    )
    found: dict[str, Any] = answer.get_json()
    return found


def sent(simulator: RunningSimulator) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(simulator.completions[-1].json["messages"][1]["content"])
    return document


def newest() -> GenerationRequest:
    return db.session.scalars(
        select(GenerationRequest).order_by(GenerationRequest.id.desc())
    ).first()


def test_length_call_to_action_and_variant(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    ask(agent, listing, length="short", call_to_action="0", variant="2")
    document = sent(simulator)
    assert (document["words"], document["call_to_action"], document["variant"]) == (100, False, 2)
    ask(agent, listing, call_to_action="1", variant="0", refresh="0")
    assert sent(simulator)["call_to_action"] is True
    assert sent(simulator)["task"] == "listing_description"


def test_an_instruction_with_the_text_that_it_is_for(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    first = ask(agent, listing)
    ask(agent, listing, instruction=" shorter ", refine_request_id=str(first["request_id"]))
    assert sent(simulator)["current_text"]["title"] == first["title"]
    assert sent(simulator)["instruction"] == "shorter"


def test_a_translation_and_a_refresh(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    ask(agent, listing, locale="fr", translate_from="en")
    assert (sent(simulator)["task"], newest().locale) == ("listing_translation", "fr")
    ask(agent, listing, refresh="1")
    assert sent(simulator)["task"] == newest().request_type == "listing_refresh"


def test_fields_of_a_language_count_without_javascript(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    ask(agent, listing, **{"locale": "de", "length-de": "long", "length-en": "short"})
    assert sent(simulator)["words"] == 250


@pytest.mark.parametrize(
    "fields",
    [
        {"length": "huge"},
        {"variant": "two"},
        {"variant": "-1"},
        {"variant": "99"},
        {"refine_request_id": "x"},
        {"refine_request_id": "9" * 30, "instruction": "shorter"},
        {"refine_request_id": "²", "instruction": "shorter"},
        {"refine_request_id": "0" * 12 + "9" * 12, "instruction": "shorter"},
        {"instruction": "x" * 501},
        {"locale": "fr", "refresh": "1"},
        {"translate_from": "xx"},
    ],
)
def test_what_will_not_do_is_invalid_input_in_json_and_events(
    agent: Person, listing: Property, fields: dict[str, str]
) -> None:
    answer = ask(agent, listing, 422, **fields)
    assert answer["error"]["code"] == "invalid_input"
    assert answer["error"]["message"]
    assert newest() is None


def test_another_agencys_text_cannot_be_refined(
    agent: Person, listing: Property, app: Flask
) -> None:
    other = factories.create_agency()
    factories.create_integration(other.website)
    theirs = factories.create_property(other.website)
    stranger = Person(app).signed_in(other.agent)
    request_id = ask(stranger, theirs)["request_id"]
    answer = ask(agent, listing, 422, instruction="shorter", refine_request_id=str(request_id))
    assert answer["error"]["code"] == "invalid_input"
