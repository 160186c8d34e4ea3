"""The read API as a feed: what changed, page by page, and what is known already."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, update

from pwb.extensions import db
from pwb.models import Property, PropertyText, TextApproval, Website
from pwb.services import properties
from tests import factories
from tests.growth import LINEAR, TIMES_LONGER, growth
from tests.routes.api_reader import LIST, Reader, dated, edit, published, token_of, valid


@pytest.fixture
def reader(client: FlaskClient, agency: factories.Agency) -> Reader:
    return Reader(client, token_of(agency))


def test_what_changed_since_a_moment_comes_with_what_was_withdrawn(
    reader: Reader, agency: factories.Agency
) -> None:
    since = datetime(2025, 1, 1, tzinfo=UTC)
    for reference, days in (("OLD", -1), ("SAME", 0), ("NEW", 1)):
        dated(published(agency.website, reference), since + timedelta(days=days))
    gone, deleted = published(agency.website, "GONE"), published(agency.website, "DELETED")
    never = factories.create_property(agency.website, {"en": {"title": "Draft"}}, reference="NEVER")
    never_there = factories.create_property(agency.website, reference="NEVER THERE")
    edit(agency, gone)
    edit(agency, never)
    for listing in (deleted, never_there):
        properties.delete_property(agency.website, agency.agent, listing.id, listing.lock_version)
    db.session.execute(update(Website).values(updated_at=datetime(2020, 1, 1, tzinfo=UTC)))
    db.session.commit()
    items = reader.read(updated_since="2025-01-01T00:00:00Z")["data"]
    shown = {item["reference"]: len(item["texts"]) for item in items}
    assert shown == {"SAME": 1, "NEW": 1, "GONE": 0, "DELETED": 0}
    assert all(item["facts"] is None for item in items if not item["texts"])
    assert items == sorted(items, key=lambda item: (item["updated_at"], item["id"]))


@pytest.mark.parametrize(
    "moment",
    [
        "2025-01-01T02:00:00+02:00",
        "2025-01-01T02:00:00 02:00",  # A plus sign that was not encoded.
        "2025-01-01T00:00:00",
        "2025-01-01",
    ],
)
def test_a_moment_has_an_offset_or_is_one_of_utc(
    reader: Reader, agency: factories.Agency, moment: str
) -> None:
    dated(published(agency.website, "A"), datetime(2025, 1, 1, tzinfo=UTC))
    assert reader.references(updated_since=moment) == ["A"]
    assert reader.references(updated_since="2025-01-01T00:00:00.000001Z") == []


def test_an_approval_counts_as_a_change(reader: Reader, agency: factories.Agency) -> None:
    listing = factories.create_property(agency.website, reference="A")
    dated(listing, datetime(2025, 1, 1, tzinfo=UTC))
    before = datetime.now(UTC)
    factories.create_approved_text(listing)
    (item,) = reader.read(updated_since=before.isoformat())["data"]
    assert item["updated_at"] >= before.isoformat()[:19]


def test_a_new_disclosure_reaches_those_who_ask_what_changed(
    reader: Reader, agency: factories.Agency
) -> None:
    dated(published(agency.website, "A"), datetime(2025, 1, 1, tzinfo=UTC))
    assert reader.references(updated_since="2025-02-01T00:00:00Z") == []
    db.session.refresh(agency.website)
    agency.website.ai_disclosure = "AI wrote this."
    db.session.commit()
    assert reader.references(updated_since="2025-02-01T00:00:00Z") == ["A"]


def test_a_copy_kept_by_following_and_resuming_is_never_wrong(
    reader: Reader, agency: factories.Agency
) -> None:
    """A reader with a slow page size, while listings come, change, go and are renamed."""
    listings = [published(agency.website, f"R{number}") for number in range(7)]
    copy: dict[int, str] = {}
    resume = keep_up(reader, copy, None)
    assert len(copy) == 7
    edit(agency, listings[0])
    for listing in (listings[1], listings[6]):  # SQLite gives the last one's id to the next.
        properties.delete_property(agency.website, agency.agent, listing.id, listing.lock_version)
    properties.save_property(
        agency.website, agency.agent, listings[2].id, {"reference": "RENAMED"}, {}, 1
    )
    published(agency.website, "R1")
    resume = keep_up(reader, copy, resume)
    assert sorted(copy.values()) == ["R1", "R3", "R4", "R5", "RENAMED"]
    assert keep_up(reader, copy, resume) == resume


def keep_up(reader: Reader, copy: dict[int, str], since: str | None) -> str | None:
    body = reader.read(per_page=2, **({"updated_since": since} if since else {}))
    while True:
        for item in body["data"]:
            copy.pop(item["id"], None)
            if item["texts"]:
                copy[item["id"]] = item["reference"]
        if body["next"] is None:
            resume: str | None = body["resume_since"]
            return resume
        body = reader.read(body["next"])


def test_pages_hold_everything_once_in_one_order(reader: Reader, agency: Any) -> None:
    same_moment = datetime(2025, 1, 1, tzinfo=UTC)
    for number in range(5):
        dated(published(agency.website, f"R{number}"), same_moment)
    expected = [f"R{number}" for number in range(5)]
    assert [item["reference"] for item in reader.walk(per_page=2)] == expected
    counted = [reader.references(per_page=2, page=page) for page in (1, 2, 3, 4)]
    assert counted == [["R0", "R1"], ["R2", "R3"], ["R4"], []]
    response = reader.ask(query_string={"per_page": 2, "locale": "en"})
    assert response.headers["Link"] == f'<{response.json["next"]}>; rel="next"'
    assert "locale=en" in response.json["next"] and "per_page=2" in response.json["next"]


def test_nothing_is_skipped_when_listings_change_between_two_pages(
    reader: Reader, agency: factories.Agency
) -> None:
    listings = [published(agency.website, f"R{number}") for number in range(6)]
    first = reader.read(per_page=2)
    for listing in listings[:2]:
        properties.save_property(agency.website, agency.agent, listing.id, {"bedrooms": 9}, {}, 1)
    edit(agency, listings[3])
    rest = reader.walk(**dict(pair.split("=") for pair in after_of(first["next"])))
    seen = [item["reference"] for item in first["data"] + rest]
    assert seen == ["R0", "R1", "R2", "R4", "R5", "R0", "R1"]


def after_of(address: str) -> list[str]:
    return unquote(address.partition("?")[2]).split("&")


def test_a_page_of_a_thousand_listings_is_few_queries_and_work_that_grows_with_its_length(
    reader: Reader, agency: factories.Agency
) -> None:
    for number in range(1000):
        listing = Property(website_id=agency.website.id, reference=f"R{number}", currency="EUR")
        db.session.add(listing)
    db.session.commit()
    approve_all(agency.website)
    reader.read(per_page=1)
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    response = reader.ask(query_string={"per_page": 500})
    assert len(response.json["data"]) == 500
    assert len(asked) <= 5, asked
    grown = growth(lambda size: reader.read(per_page=size), 60, 60 * TIMES_LONGER)
    assert grown < LINEAR
    assert len(reader.walk(per_page=500)) == 1000


def approve_all(website: Website) -> None:
    """An approved English text for every listing, in two statements."""
    parts = {"title": "A villa", "description": "It has a pool. " * 100, "meta_description": "M"}
    ids = db.session.scalars(db.select(Property.id).order_by(Property.id)).all()
    mark = {"website_id": website.id, "locale": "en", "origin": "written"} | parts
    rest = {"findings": {}, "overrides": [], "relies_on": [], "facts": {}, "reference": "R"}
    rest |= {"text_hash": "x", "approved_by_name": "Ana", "previous_hash": ""}
    approvals = [
        mark | rest | {"id": number, "property_id": number, "record_hash": str(number)}
        for number in ids
    ]
    texts = [
        mark | {"property_id": number, "approval_id": number, "status": "approved"}
        for number in ids
    ]
    db.session.execute(db.insert(TextApproval), approvals)
    db.session.execute(db.insert(PropertyText), texts)
    db.session.commit()


def test_an_answer_that_is_known_is_not_sent_again(
    reader: Reader, agency: factories.Agency
) -> None:
    listing = published(agency.website, "A")
    for path in (LIST, f"{LIST}/A", f"{LIST}?updated_since=2020-01-01T00:00:00Z"):
        first = reader.ask(path)
        tag = first.headers["ETag"]
        assert not tag.startswith("W/")
        assert first.headers["Cache-Control"] == "private, no-cache"
        again = reader.ask(path, {"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == tag
        assert reader.ask(path, {"If-None-Match": f'"other", W/{tag}'}).status_code == 304
        assert reader.ask(path, {"If-None-Match": '"other"'}).status_code == 200
        valid(again, path)
    tag = reader.ask(f"{LIST}/A").headers["ETag"]
    properties.save_property(agency.website, agency.agent, listing.id, {"bedrooms": 9}, {}, 1)
    assert reader.ask(f"{LIST}/A", {"If-None-Match": tag}).status_code == 200
