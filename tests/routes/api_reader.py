"""A program that reads the API, and holds every answer to the OpenAPI document."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from sqlalchemy import update
from werkzeug.test import TestResponse

from pwb.extensions import db
from pwb.models import Property, PropertyText, Website
from pwb.services import api_tokens, properties
from tests import factories

LIST = "/api/v1/properties"
OPENAPI = yaml.safe_load(
    (Path(__file__).parents[2] / "docs" / "openapi.yaml").read_text(encoding="utf-8")
)


class Reader:
    """A program with a token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    def ask(self, path: str = LIST, headers: dict[str, str] | None = None, **given: Any) -> Any:
        return self.client.get(path, headers=self.headers | (headers or {}), **given)

    def read(self, path: str = LIST, **parameters: Any) -> dict[str, Any]:
        response = self.ask(path, query_string=parameters or None)
        assert response.status_code == 200, response.text
        valid(response, path)
        body: dict[str, Any] = response.json
        return body

    def references(self, **parameters: Any) -> list[str]:
        return [item["reference"] for item in self.read(**parameters)["data"]]

    def walk(self, **parameters: Any) -> list[dict[str, Any]]:
        body = self.read(**parameters)
        found = body["data"]
        while body["next"]:
            body = self.read(body["next"])
            found += body["data"]
        return found


def token_of(agency: factories.Agency, name: str = "Public site") -> str:
    return api_tokens.create_token(agency.website, agency.admin, name).token


def published(website: Website, reference: str, *locales: str, **facts: Any) -> Property:
    listing = factories.create_property(website, reference=reference, **facts)
    for locale in locales or ("en",):
        factories.create_approved_text(listing, locale, title=f"{reference} {locale}")
    return listing


def edit(agency: factories.Agency, listing: Property, locale: str = "en") -> None:
    """An agent rewrites the text through the same service as the page."""
    text = {locale: {"title": "Edited since"}}
    properties.save_property(
        agency.website, agency.agent, listing.id, {}, text, listing.lock_version
    )


def dated(listing: Property, moment: datetime) -> None:
    """As if the listing had changed last at `moment`."""
    db.session.execute(update(Property).where(Property.id == listing.id).values(updated_at=moment))
    db.session.execute(
        update(PropertyText).where(PropertyText.property_id == listing.id).values(updated_at=moment)
    )
    db.session.execute(update(Website).values(updated_at=datetime(2020, 1, 1, tzinfo=UTC)))
    db.session.commit()


def operations() -> dict[str, dict[str, Any]]:
    """The document's operations by path; every one is a GET."""
    for path, methods in OPENAPI["paths"].items():
        assert set(methods) == {"get"}, path
    return {path: methods["get"] for path, methods in OPENAPI["paths"].items()}


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        found: Any = OPENAPI
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def operation_at(path: str) -> dict[str, Any]:
    plain = path.partition("?")[0]
    return operations()[LIST if plain == LIST else f"{LIST}/{{reference}}"]


def valid(response: TestResponse, path: str) -> None:
    """The answer is one that the document declares, with the headers and the body it declares."""
    operation = operation_at(path)
    declared = resolved(operation["responses"][str(response.status_code)])
    for name in set(declared.get("headers", ())) - {"Link"}:
        assert name in response.headers, name
    if "content" not in declared:
        assert response.data == b""
        return
    assert response.mimetype == "application/json"
    schema = declared["content"]["application/json"]["schema"]
    whole = schema | {"components": OPENAPI["components"]}
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(whole, format_checker=checker).validate(json.loads(response.data))
