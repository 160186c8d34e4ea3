"""Whatever is sent, the answer is a message with a status of 4xx, never a 500."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories
from tests.factories import Agency
from tests.pages import Person, check_page

ODD = [
    "\x00",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "٣",
    "1e999",
    "-1",
    "'; --",
    "{{7*7}}",
    "a" * 5000,
    "\u202eabc",
]

QUERY_WORDS = (
    *("q", "page", "status", "sort", "direction", "order"),
    *("from", "to", "user", "model", "action", "person"),
)


def test_an_oversized_form_is_a_clear_413_page(agent: Person) -> None:
    response = agent.post("/site_admin/properties/new", {"reference": "x" * 3_000_000}, 413)
    page = check_page(response.get_data(as_text=True))
    assert "Too large" in page.text


def test_an_oversized_upload_is_a_clear_413_page(agent: Person) -> None:
    response = agent.post(
        "/site_admin/properties/import",
        {"file": (io.BytesIO(b"reference\n"), "big.csv")},
        413,
        content_type="multipart/form-data",
        environ_overrides={"CONTENT_LENGTH": str(65 * 1024 * 1024)},
    )
    assert "Too large" in check_page(response.get_data(as_text=True)).text


@pytest.mark.parametrize(
    "path",
    [
        "/site_admin/properties",
        "/site_admin/ai/requests",
        "/site_admin/usage",
        "/site_admin/audit_log",
    ],
)
@pytest.mark.parametrize("value", ODD)
def test_odd_query_words_never_break_a_list(admin: Person, path: str, value: str) -> None:
    words = dict.fromkeys(
        (
            "q",
            "page",
            "status",
            "sort",
            "direction",
            "order",
            "from",
            "to",
            "user",
            "model",
            "action",
            "person",
        ),
        value,
    )
    response = admin.client.get(path, query_string=words, base_url=admin.base_url)
    assert response.status_code < 500


@pytest.mark.parametrize("value", ODD)
def test_odd_values_in_every_field_of_a_listing_are_answered_beside_them(
    agent: Person, agency: Agency, value: str
) -> None:
    listing = factories.create_property(agency.website)
    fields = (
        "reference",
        "bedrooms",
        "bathrooms",
        "year_built",
        "sale_price",
        "latitude",
        "currency",
        "status",
        "property_type",
        "features",
        "text-en-title",
        "text-xx-title",
        "lock_version",
        "area_unit",
    )
    for path in ("/site_admin/properties/new", f"/site_admin/properties/{listing.id}/edit"):
        data = {"csrf_token": agent.token} | dict.fromkeys(fields, value)
        response = agent.client.post(
            path, data=data, base_url=agent.base_url, headers={"Sec-Fetch-Site": "same-origin"}
        )
        assert 400 <= response.status_code < 500 or response.status_code == 302, (
            path,
            response.status_code,
        )


@pytest.mark.parametrize(
    "path",
    [
        "/site_admin/settings",
        "/site_admin/people/invitations",
        "/site_admin/integrations",
        "/login",
        "/switch_website",
    ],
)
@pytest.mark.parametrize("value", ODD)
def test_odd_values_in_the_admins_forms_never_break_them(
    admin: Person, path: str, value: str
) -> None:
    names = (
        "name",
        "email",
        "role",
        "password",
        "default_locale",
        "supported_locales",
        "time_zone",
        "currency",
        "custom_domain",
        "category",
        "provider",
        "api_key",
        "default_model",
        "max_tokens",
        "website_id",
        "version",
        "next",
    )
    data: dict[str, Any] = {"csrf_token": admin.token} | dict.fromkeys(names, value)
    response = admin.client.post(
        path, data=data, base_url=admin.base_url, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert response.status_code < 500, path


def test_ids_beyond_the_databases_integers_are_not_found(agent: Person) -> None:
    for number in (0, 2**31, 2**63, 2**80):
        for path in (f"/site_admin/properties/{number}/edit", f"/site_admin/ai/requests/{number}"):
            assert agent.client.get(path, base_url=agent.base_url).status_code == 404


def test_an_unknown_address_and_a_wrong_method_have_pages_of_their_own(agent: Person) -> None:
    agent.get("/no/such/page", 404)
    agent.get("/logout", 405)


@pytest.mark.parametrize("path", ["descriptions", "social_posts", "check"])
def test_json_nested_too_deep_to_read_is_no_json_object(
    agent: Person, agency: Agency, path: str
) -> None:
    listing = factories.create_property(agency.website)
    response = agent.client.post(
        f"/site_admin/properties/{listing.id}/{path}",
        data="[" * 100_000,
        content_type="application/json",
        base_url=agent.base_url,
        headers={"X-CSRFToken": agent.token, "Accept": "application/json"},
    )
    assert response.status_code == 422
    assert response.get_json()["error"]["code"] == "invalid_input"


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.binary(max_size=2000))
def test_any_bytes_as_a_csv_are_answered(app: Flask, agent: Person, body: bytes) -> None:
    response = agent.client.post(
        "/site_admin/properties/import",
        data={"csrf_token": agent.token, "file": (io.BytesIO(body), "x.csv")},
        base_url=agent.base_url,
        content_type="multipart/form-data",
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert response.status_code < 500
