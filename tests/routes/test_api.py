"""The read API: who may read, and what leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits import RateLimitItemPerMinute
from sqlalchemy import update

from pwb.extensions import db
from pwb.models import ApiToken, PropertyText
from pwb.services import api_tokens, approval_chain, approvals, properties, throttle
from tests import factories
from tests.pages import Person
from tests.routes.api_reader import LIST, Reader, edit, published, token_of, valid


@pytest.fixture
def reader(client: FlaskClient, agency: factories.Agency) -> Reader:
    return Reader(client, token_of(agency))


@pytest.mark.parametrize("path", [LIST, f"{LIST}/A", f"{LIST}?page=0", f"{LIST}/A?nonsense=1"])
def test_without_a_token_nothing_is_read(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer realm=")
    assert response.json["error"]["code"] == "unauthorized"
    valid(response, path)


def test_a_session_gives_nothing_here(admin: Person, agency: factories.Agency) -> None:
    published(agency.website, "A")
    for path in (LIST, f"{LIST}/A"):
        response = admin.client.get(path, base_url=admin.base_url)
        assert response.status_code == 401


def test_a_token_is_the_only_thing_that_counts_and_no_cookie_comes_back(
    admin: Person, agency: factories.Agency
) -> None:
    other = factories.create_agency()
    published(other.website, "THEIRS")
    published(agency.website, "OURS")
    response = Reader(admin.client, token_of(other)).ask(base_url=admin.base_url)
    assert [item["reference"] for item in response.json["data"]] == ["THEIRS"]
    assert "Set-Cookie" not in response.headers


def test_another_websites_token_never_reads_this_one(
    reader: Reader, client: FlaskClient, agency: factories.Agency
) -> None:
    published(agency.website, "OURS")
    other = Reader(client, token_of(factories.create_agency()))
    assert other.references() == []
    assert other.references(updated_since="2000-01-01T00:00:00Z") == []
    assert other.ask(f"{LIST}/OURS").status_code == 404
    assert reader.references() == ["OURS"]


@pytest.mark.parametrize("host", ["nobody.portal.test", "evil.test", "agency-domain.test"])
def test_the_host_does_not_matter(app: Flask, reader: Reader, agency: Any, host: str) -> None:
    app.config["PORTAL_DOMAIN"] = "portal.test"
    factories.create_website(custom_domain="agency-domain.test")
    published(agency.website, "A")
    response = reader.ask(base_url=f"http://{host}")
    assert [item["reference"] for item in response.json["data"]] == ["A"]


def test_a_revoked_token_reads_nothing_more(reader: Reader, agency: factories.Agency) -> None:
    published(agency.website, "A")
    assert reader.references() == ["A"]
    (row,) = api_tokens.list_tokens(agency.website)
    api_tokens.revoke_token(agency.website, agency.admin, row.id)
    response = reader.ask()
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_bad_tokens_are_refused_for_a_while_once_they_are_many(
    client: FlaskClient, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = RateLimitItemPerMinute(2, 15, namespace="api-token-address")
    monkeypatch.setattr(throttle, "TOKENS_PER_ADDRESS", few)
    bad = Reader(client, "pwb_" + "x" * 43)
    assert [bad.ask().status_code for _ in range(3)] == [401, 401, 429]
    response = bad.ask(f"{LIST}/A")
    assert int(response.headers["Retry-After"]) > 0
    valid(response, f"{LIST}/A")
    assert reader.ask().status_code == 200


def test_using_a_token_is_noted(reader: Reader, agency: factories.Agency) -> None:
    reader.read()
    assert db.session.query(ApiToken).one().last_used_at is not None


def test_a_listing_comes_with_its_facts_and_approved_texts(
    reader: Reader, agency: factories.Agency
) -> None:
    agency.website.ai_disclosure = "Written with the help of AI."
    listing = factories.create_property(
        agency.website,
        reference="A",
        bathrooms="2.5",
        longitude="-4.623712",
        sale_price="1234567.89",
        constructed_area=180,
        currency="EUR",
    )
    factories.create_approved_text(
        listing, "en", title="Sea", origin="generated", model="a/model", approved_by=agency.admin
    )
    factories.create_approved_text(listing, "de", title="Meer")
    factories.create_approved_text(listing, "fr", origin="edited", model="a/model")
    (item,) = reader.read()["data"]
    facts = item["facts"]
    assert (facts["count_bedrooms"], facts["count_bathrooms"]) == (3, 2.5)
    assert (facts["longitude"], facts["constructed_area"]) == (-4.623712, 180)
    assert facts["price_sale_current_cents"] == "123456789"
    assert facts["price_rental_monthly_current_cents"] is None
    assert facts["features"] == ["private_pool", "terrace"]
    english, french, german = sorted(
        item["texts"], key=lambda text: ("en", "fr", "de").index(text["locale"])
    )
    assert (french["ai_generated"], french["edited_by_hand"], french["model"]) == (
        True,
        True,
        "a/model",
    )
    assert french["disclosure"] == english["disclosure"]
    assert not english["edited_by_hand"] and not german["edited_by_hand"]
    assert (english["title"], english["model"], english["ai_generated"]) == ("Sea", "a/model", True)
    assert english["approved_by"] == agency.admin.display_name
    assert english["disclosure"] == "Written with the help of AI."
    assert (german["ai_generated"], german["model"], german["disclosure"]) == (False, None, None)
    assert reader.read(f"{LIST}/A") == item


def test_a_text_signed_off_by_a_person_leaves_until_its_approval_is_taken_back(
    reader: Reader, agency: factories.Agency
) -> None:
    text = {"title": "Villa in Marbella", "description": "A villa.", "meta_description": "Villa"}
    listing = factories.create_property(agency.website, {"en": text}, reference="A")
    assert reader.references() == []
    seen = approval_chain.hash_of(listing.text("en"))
    approvals.approve(agency.website, agency.admin, listing.id, "en", seen, {})
    (item,) = reader.read(updated_since="2000-01-01T00:00:00Z")["data"]
    (sent,) = item["texts"]
    assert {name: sent[name] for name in text} == text
    assert sent["approved_by"] == agency.admin.display_name
    properties.save_property(
        agency.website, agency.agent, listing.id, {}, {"en": text | {"title": "New"}}, 2
    )
    assert reader.references() == []


def test_drafts_never_leave(reader: Reader, agency: factories.Agency) -> None:
    factories.create_property(agency.website, {"en": {"title": "Draft"}}, reference="DRAFT")
    factories.create_property(agency.website, reference="BARE")
    listing = published(agency.website, "A", "de")
    listing.texts.append(
        PropertyText(website_id=agency.website.id, locale="en", title="Half a draft")
    )
    db.session.commit()
    (item,) = reader.read()["data"]
    assert [text["locale"] for text in item["texts"]] == ["de"]
    assert reader.references(locale="en") == []
    for path in (f"{LIST}/DRAFT", f"{LIST}/BARE", f"{LIST}/A?locale=en"):
        assert reader.ask(path).status_code == 404
    assert reader.references(locale="en", updated_since="2000-01-01T00:00:00Z") == []


def test_an_edit_after_the_approval_takes_the_text_out_at_once(
    reader: Reader, agency: factories.Agency
) -> None:
    listing = published(agency.website, "A", "en", "de")
    edit(agency, listing)
    (item,) = reader.read()["data"]
    assert [text["locale"] for text in item["texts"]] == ["de"]
    edit(agency, listing, "de")
    assert reader.references() == []
    assert reader.ask(f"{LIST}/A").status_code == 404


def test_a_text_that_differs_from_what_was_approved_stays_in_whatever_its_mark_says(
    reader: Reader, agency: factories.Agency
) -> None:
    listing = published(agency.website, "A")
    db.session.execute(
        update(PropertyText)
        .where(PropertyText.property_id == listing.id)
        .values(description="Written past every service.")
    )
    db.session.commit()
    assert reader.references() == []
    assert reader.ask(f"{LIST}/A").status_code == 404
    (item,) = reader.read(updated_since="2000-01-01T00:00:00Z")["data"]
    assert (item["facts"], item["texts"]) == (None, [])


def test_an_approval_of_another_text_opens_nothing(
    reader: Reader, agency: factories.Agency
) -> None:
    one, other = published(agency.website, "A"), published(agency.website, "B")
    text, approved = one.text("en"), other.text("en")
    text.title, text.approval_id = approved.title, approved.approval_id
    db.session.commit()
    assert reader.references() == ["B"]


def test_a_stale_text_leaves_and_says_so(reader: Reader, agency: factories.Agency) -> None:
    text = published(agency.website, "A").text("en")
    text.stale_at, text.stale_fields = datetime.now(UTC), ["sale_price"]
    db.session.commit()
    (item,) = reader.read()["data"]
    assert (item["texts"][0]["stale"], item["texts"][0]["stale_fields"]) == (True, ["sale_price"])


def test_a_language_that_the_website_took_out_is_not_published(
    reader: Reader, agency: factories.Agency
) -> None:
    published(agency.website, "A", "en", "ru")
    agency.website.supported_locales = ["en", "de"]
    db.session.commit()
    (item,) = reader.read()["data"]
    assert [text["locale"] for text in item["texts"]] == ["en"]
    assert reader.references(locale="ru") == []
    (item,) = reader.read(locale="ru", updated_since="2000-01-01T00:00:00Z")["data"]
    assert item["texts"] == []


def test_languages_are_asked_for_one_or_several(reader: Reader, agency: factories.Agency) -> None:
    published(agency.website, "A", "en", "de", "fr")
    published(agency.website, "B", "de")
    assert reader.references(locale="en") == ["A"]
    body = reader.read(locale=["fr", "de"])
    assert [[text["locale"] for text in item["texts"]] for item in body["data"]] == [
        ["fr", "de"],
        ["de"],
    ]


@pytest.mark.parametrize("reference", ["A/12 é", "a b", "x%2Fy", "50%", "-1", "日本", "A?b#c"])
def test_any_reference_can_be_asked_for(
    reader: Reader, agency: factories.Agency, reference: str
) -> None:
    published(agency.website, reference)
    assert reader.read(f"{LIST}/{quote(reference)}")["reference"] == reference
    assert reader.read(f"{LIST}/{quote(reference, safe='')}")["reference"] == reference


@pytest.mark.parametrize("reference", ["NONE", "%00", "A%00", "x" * 65, "x" * 3000, "%FF", "a/b/c"])
def test_an_unknown_reference_is_not_found(
    reader: Reader, agency: factories.Agency, reference: str
) -> None:
    published(agency.website, "A")
    response = reader.ask(f"{LIST}/{reference}")
    assert (response.status_code, response.json["error"]["code"]) == (404, "not_found")
    valid(response, f"{LIST}/{reference}")
