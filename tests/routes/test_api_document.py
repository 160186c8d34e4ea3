"""The read API's parameters and answers, and that the OpenAPI document says the same."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from limits import RateLimitItemPerMinute

from pwb.api import query
from pwb.content.locales import LOCALES
from pwb.security import API_TOKEN, declared_permission
from pwb.services import publishing, throttle
from tests import factories
from tests.routes.api_reader import (
    LIST,
    OPENAPI,
    Reader,
    operation_at,
    operations,
    published,
    resolved,
    token_of,
    valid,
)


@pytest.fixture
def reader(client: FlaskClient, agency: factories.Agency) -> Reader:
    return Reader(client, token_of(agency))


@pytest.mark.parametrize(
    "asked",
    [
        "locale=xx",
        "locale=",
        "locale=en&locale=EN",
        "locale=en,de",
        "locale=en'--",
        "updated_since=",
        "updated_since=yesterday",
        "updated_since=2025-1-1",
        "updated_since=2025-13-01",
        "updated_since=2025-02-30T00:00:00Z",
        "updated_since=0001-01-01T00:00:00%2B14:00",
        "updated_since=9999-12-31T23:59:59-14:00",
        "updated_since=2025-01-01T00:00:00%2B99:00",
        "updated_since=2025-01-01T00:00:00Z&updated_since=2025-01-01T00:00:00Z",
        "updated_since=" + "9" * 5000,
        "page=0",
        "page=-1",
        "page=1.5",
        "page=1e3",
        "page=100001",
        "page=" + "9" * 4000,
        "page=²",
        "page=1&after=2025-01-01T00:00:00Z,1",
        "per_page=0",
        "per_page=501",
        "per_page=many",
        "after=1",
        "after=,",
        "after=2025-01-01T00:00:00Z,2147483648",
        "after=yesterday,1",
        "after=2025-01-01T00:00:00Z,1 OR 1=1",
        "update_since=2025-01-01T00:00:00Z",
        "q=x",
    ],
)
def test_a_parameter_that_will_not_do_is_refused_by_name(reader: Reader, asked: str) -> None:
    response = reader.ask(f"{LIST}?{asked}")
    assert (response.status_code, response.json["error"]["code"]) == (422, "invalid_input")
    assert asked.partition("=")[0] in response.json["error"]["message"]
    assert len(response.text) < 600
    valid(response, LIST)


@pytest.mark.parametrize(
    "asked",
    [
        "updated_since=0001-01-01T00:00:00Z",
        "updated_since=9999-12-31T23:59:59Z",
        "updated_since=2025-01-01",
        "updated_since=2025-01-01T00:00:00",
        "after=2025-01-01T00:00:00Z,0",
        "after=0001-01-01T00:00:00Z,2147483647&updated_since=0001-01-01T00:00:00Z",
        "page=100000&per_page=500",
    ],
)
def test_the_outermost_values_are_answered(reader: Reader, agency: Any, asked: str) -> None:
    published(agency.website, "A")
    response = reader.ask(f"{LIST}?{asked}")
    assert response.status_code == 200, response.text
    valid(response, LIST)


def test_errors_are_json_whatever_is_accepted(reader: Reader) -> None:
    for path, status in ((f"{LIST}?q=%00", 400), ("/api/v2/properties", 404), ("/api/", 404)):
        response = reader.ask(path, {"Accept": "text/html"})
        assert response.status_code == status
        assert response.json["success"] is False
    response = reader.client.post(LIST, headers=reader.headers)
    assert response.status_code in {400, 405} and response.is_json
    assert reader.client.options(LIST).status_code == 401


def test_the_document_has_every_route_and_no_other(app: Flask) -> None:
    served = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule): rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api")
    }
    assert set(served) == set(operations())
    for path, rule in served.items():
        assert (rule.methods or set()) - {"HEAD", "OPTIONS"} == {"GET"}
        assert rule.endpoint == f"api.{operations()[path]['operationId']}"
        assert declared_permission(rule.endpoint) == API_TOKEN
    assert OPENAPI["security"] == [{"token": []}]


def test_the_document_has_every_parameter_and_no_other() -> None:
    taken = {LIST: query.LIST_PARAMETERS, f"{LIST}/{{reference}}": query.ONE_PARAMETERS}
    for path, operation in operations().items():
        parameters = [resolved(each) for each in operation["parameters"]]
        named = {each["name"] for each in parameters if each["in"] == "query"}
        assert named == set(taken[path])
        in_path = {each["name"] for each in parameters if each["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))


def test_the_documents_limits_are_those_of_the_code(reader: Reader) -> None:
    by_name = {each["name"]: each for each in map(resolved, operations()[LIST]["parameters"])}
    per_page, page = by_name["per_page"]["schema"], by_name["page"]["schema"]
    assert (per_page["maximum"], per_page["default"]) == (
        publishing.MOST_PER_PAGE,
        publishing.PER_PAGE,
    )
    assert page["maximum"] == query.LAST_PAGE
    assert OPENAPI["components"]["schemas"]["Locale"]["enum"] == list(LOCALES)
    for limits, name in ((per_page, "per_page"), (page, "page")):
        for value, status in (
            (limits["minimum"], 200),
            (limits["maximum"], 200),
            (limits["maximum"] + 1, 422),
            (limits["minimum"] - 1, 422),
        ):
            assert reader.ask(query_string={name: value}).status_code == status


def test_every_status_of_the_document_happens_and_no_other(
    reader: Reader,
    client: FlaskClient,
    agency: factories.Agency,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published(agency.website, "A")
    few = RateLimitItemPerMinute(1, 15, namespace="api-token-address")
    monkeypatch.setattr(throttle, "TOKENS_PER_ADDRESS", few)
    bad = Reader(client, "pwb_" + "x" * 43)
    for path in (LIST, f"{LIST}/A"):
        tag = reader.ask(path).headers["ETag"]
        answers = [
            reader.ask(path),
            reader.ask(path, {"If-None-Match": tag}),
            reader.ask(f"{path}?locale=%00"),
            client.get(path),
            reader.ask(f"{path}?locale=xx"),
            bad.ask(path),
            bad.ask(path),
        ]
        if path != LIST:
            answers.append(reader.ask(f"{LIST}/NONE"))
        for response in answers:
            valid(response, path)
        declared = {int(status) for status in operation_at(path)["responses"]}
        assert {response.status_code for response in answers} == declared


def test_the_documents_schemas_are_schemas_and_every_part_is_used() -> None:
    for schema in OPENAPI["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    text = json.dumps(OPENAPI)
    for kind, parts in OPENAPI["components"].items():
        for name in parts:
            if kind != "securitySchemes":
                assert f"#/components/{kind}/{name}" in text, name
