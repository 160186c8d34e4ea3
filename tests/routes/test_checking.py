"""Checking a text before it is saved, and the marks on pages without a script."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from pwb.ai_tools.marks import count_words, items_of, stretches
from pwb.models import Property
from tests import factories
from tests.factories import Agency
from tests.pages import Person

TEXT = "A villa with three bedrooms and a sauna. Built in 2021. Perfect for young families."


@pytest.fixture
def listing(app: Flask, agency: Agency) -> Property:
    return factories.create_property(agency.website, bedrooms=3, year_built=2019)


def check(person: Person, listing_id: int, order: Any, status: int = 200) -> dict[str, Any]:
    response = person.client.post(
        f"/site_admin/properties/{listing_id}/check",
        json=order,
        base_url=person.base_url,
        headers={
            "Accept": "application/json",
            "X-CSRFToken": person.token,
            "Sec-Fetch-Site": "same-origin",
        },
    )
    assert response.status_code == status, response.get_data(as_text=True)[:300]
    return response.get_json()


def order(**parts: Any) -> dict[str, Any]:
    return {"locale": "en", "title": "", "description": TEXT, "meta_description": ""} | parts


def test_a_text_that_is_not_saved_is_checked_against_the_record(
    agent: Person, listing: Property
) -> None:
    answer = check(agent, listing.id, order())
    states = {item["text"]: item["state"] for item in answer["claims"]["items"]}
    assert states["three bedrooms"] == "supported"
    assert states["2021"] == "contradicted"
    assert states["sauna"] == "unsupported"
    assert answer["claims"]["contradicted"] == 1
    assert answer["compliance"]["compliant"] is False
    found = answer["compliance"]["violations"][0]
    assert TEXT[found["start"] : found["end"]] == found["text"] == "Perfect for young families"
    assert found["field"] == "description"


def test_offsets_count_an_emoji_as_one_character(agent: Person, listing: Property) -> None:
    text = "🏡🌊 Built in 2021."
    answer = check(agent, listing.id, order(description=text))
    claim = answer["claims"]["items"][0]
    assert text[claim["start"] : claim["end"]] == "2021"


def test_features_that_are_ticked_but_not_saved_count(agent: Person, listing: Property) -> None:
    features = ["private_pool", "Sauna"]
    answer = check(agent, listing.id, order(features=features))
    assert answer["claims"]["unsupported"] == 0
    assert check(agent, listing.id, order(features=[]))["claims"]["unsupported"] == 1


def test_what_the_text_owes_to_photos_stays_marked(agent: Person, listing: Property) -> None:
    answer = check(agent, listing.id, order(seen_in_photos=["a sauna"]))
    [seen] = [item for item in answer["claims"]["items"] if item.get("seen")]
    assert (seen["text"], seen["state"]) == ("sauna", "unsupported")
    assert "seen in the photos" in seen["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        "text",
        {"locale": "xx"},
        {"locale": ["en"]},
        {"locale": "en", "title": 7},
        {"locale": "en", "description": "x" * 20_001},
        {"locale": "en", "features": "pool"},
        {"locale": "en", "features": [1]},
        {"locale": "en", "features": ["x"] * 151},
        {"locale": "en", "seen_in_photos": "pool"},
        {"locale": "en", "seen_in_photos": [None]},
        {"locale": "en", "seen_in_photos": ["x"] * 41},
    ],
)
def test_an_order_that_does_not_fit_is_refused_with_the_cause(
    agent: Person, listing: Property, wrong: Any
) -> None:
    answer = check(agent, listing.id, wrong, 422)
    assert answer["success"] is False
    assert answer["error"]["message"]


def test_another_agencys_listing_is_not_found(agent: Person, listing: Property) -> None:
    elsewhere = factories.create_property(factories.create_website())
    check(agent, elsewhere.id, order(), 404)


def test_the_gravest_of_overlapping_findings_is_marked() -> None:
    def item(state: str, start: int, end: int) -> dict[str, Any]:
        return {"state": state, "field": "title", "start": start, "end": end}

    items = [item("supported", 0, 6), item("violation", 4, 8)]
    pieces = stretches("abcdefghij", items)
    assert [(text, found and found["state"]) for text, found in pieces] == [
        ("abcd", "supported"),
        ("efgh", "violation"),
        ("ij", None),
    ]


class Counted(dict[str, Any]):
    """A finding that counts how often anything of it is read."""

    reads = 0

    def __getitem__(self, name: str) -> Any:
        Counted.reads += 1
        return super().__getitem__(name)


def reads_for(findings: int) -> int:
    Counted.reads = 0
    items = [
        Counted(state="violation", field="title", start=at * 10, end=at * 10 + 4)
        for at in range(findings)
    ]
    assert len(stretches("x" * findings * 10, items)) == findings * 2
    return Counted.reads


def test_marking_twice_as_many_findings_is_no_more_than_twice_the_work() -> None:
    assert reads_for(4_000) <= 2.2 * reads_for(2_000)


def test_what_was_not_checked_shows_no_counts() -> None:
    assert count_words(None) == count_words({"claims": {}}) == ""
    assert items_of({"compliance": {"compliant": None}, "claims": {}}) == []
