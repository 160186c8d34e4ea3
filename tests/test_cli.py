"""The commands, with their output and exit statuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from pwb.extensions import db
from pwb.models import Property, PropertyText, User, Website, WebsiteIntegration
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.conftest import SHARED


def run(app: Flask, *words: str, stdin: str | bytes = "") -> Result:
    result = app.test_cli_runner().invoke(args=list(words), input=stdin)
    db.session.remove()
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def website(app: Flask, simulator: RunningSimulator) -> Website:
    return factories.create_website(subdomain="costa")


@pytest.fixture
def listing(website: Website) -> Property:
    factories.create_integration(website)
    return factories.create_property(website, reference="ES-1")


def test_a_website_and_its_people_are_made(app: Flask) -> None:
    made = run(app, "websites", "create", "costa", "--name", "Costa Homes")
    assert made.exit_code == 0 and "Costa Homes" in made.stdout
    person = run(
        app,
        "users",
        "create",
        "Ana@Costa.test",
        "--website",
        "costa",
        "--role",
        "admin",
        stdin="a long password\n",
    )
    assert person.exit_code == 0
    website = db.session.query(Website).one()
    assert (website.time_zone, website.plan, len(website.supported_locales)) == (
        "UTC",
        "professional",
        10,
    )
    assert db.session.query(User).one().email == "ana@costa.test"
    assert "a long password" not in person.output


@pytest.mark.parametrize(
    "words",
    [
        ("websites", "create", "costa", "--name", "Again"),
        ("websites", "create", "not a host", "--name", "X"),
        ("websites", "create", "other", "--name", "X", "--locale", "xx"),
        ("users", "create", "nobody", "--website", "costa", "--role", "admin"),
        ("users", "create", "a@b.test", "--website", "nowhere", "--role", "admin"),
        ("users", "create", "a@b.test", "--website", "costa", "--role", "king"),
        ("integrations", "set-key", "open_router", "--website", "nowhere"),
        ("integrations", "set-key", "no_such", "--website", "costa"),
        ("ai", "describe", "NO-SUCH", "--website", "costa"),
        ("ai", "describe"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    app: Flask, website: Website, words: tuple[str, ...]
) -> None:
    result = run(app, *words, stdin="some long password\n")
    assert result.exit_code == 2
    assert result.stderr.strip() and "Traceback" not in result.output


def test_a_key_comes_from_standard_input_and_is_never_printed(app: Flask, website: Website) -> None:
    key = "sk-or-v1-CANARY-9f3a"
    words = ("integrations", "set-key", "open_router", "--website", "costa", "--max-tokens", "500")
    result = run(app, *words, stdin=f"{key}\n")
    assert result.exit_code == 0
    assert "9f3a" in result.stdout and "CANARY" not in result.output
    row = db.session.query(WebsiteIntegration).one()
    assert row.settings["max_tokens"] == 500
    again = run(
        app,
        "integrations",
        "set-key",
        "open_router",
        "--website",
        "costa",
        "--default-model",
        "openai/gpt-4o",
        stdin=f"{key}\n",
    )
    assert again.exit_code == 0
    row = db.session.query(WebsiteIntegration).one()
    assert (row.settings["max_tokens"], row.settings["default_model"]) == (500, "openai/gpt-4o")


@pytest.mark.parametrize("key", ["", "sk-wrong-123456789", "sk-or-with space 12345"])
def test_a_malformed_key_is_refused_with_status_2(app: Flask, website: Website, key: str) -> None:
    result = run(
        app, "integrations", "set-key", "open_router", "--website", "costa", stdin=f"{key}\n"
    )
    assert result.exit_code == 2
    assert db.session.query(WebsiteIntegration).count() == 0


@pytest.mark.parametrize("secret", [b"a long pass\xff\xfeword\n", b"a long pass\x00word\n"])
def test_a_password_that_no_form_could_send_is_refused_with_status_2(
    app: Flask, website: Website, secret: bytes
) -> None:
    words = ("users", "create", "ana@costa.test", "--website", "costa", "--role", "agent")
    refused = run(app, *words, stdin=secret)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("word", ["reference", "website"])
def test_an_argument_that_is_no_text_is_wrong_usage(
    app: Flask, listing: Property, word: str
) -> None:
    words = {"reference": "ES-1", "website": "costa"} | {word: "ES\udcff"}
    refused = run(
        app, "ai", "describe", words["reference"], "--website", words["website"], "--json"
    )
    assert refused.exit_code == 2
    assert json.loads(refused.stdout)["error"]["code"] == "invalid_input"
    assert len(refused.stderr.splitlines()) == 1


def test_a_subdomain_may_be_written_in_capitals(app: Flask, website: Website) -> None:
    assert run(app, "usage", "report", "--website", "COSTA", "--month", "2026-11").exit_code == 0


def test_a_key_that_is_no_text_is_refused_with_status_2(app: Flask, website: Website) -> None:
    words = ("integrations", "set-key", "open_router", "--website", "costa")
    refused = run(app, *words, stdin=b"sk-or-v1-\xff\xfe0123456789\n")
    assert refused.exit_code == 2 and "UTF-8" in refused.stderr


def test_testing_a_provider_tells_an_unknown_one_from_one_without_a_key(
    app: Flask, listing: Property
) -> None:
    where = ("--website", db.session.get_one(Website, listing.website_id).subdomain)
    unknown = run(app, "integrations", "test", "nobody", *where)
    assert unknown.exit_code == 2 and "nobody" in unknown.stderr
    assert run(app, "integrations", "test", "anthropic", *where).exit_code == 3


def test_describe_prints_a_text_and_saves_none(app: Flask, listing: Property) -> None:
    result = run(app, "ai", "describe", "ES-1", "--website", "costa", "--locale", "de")
    assert result.exit_code == 0
    assert len(result.stdout.split()) > 20
    assert db.session.query(PropertyText).count() == 0


@pytest.mark.parametrize("stream", [(), ("--stream",)])
def test_json_is_one_object_and_nothing_else(
    app: Flask, listing: Property, stream: tuple[str, ...]
) -> None:
    result = run(app, "ai", "describe", "ES-1", "--website", "costa", "--json", *stream)
    answer: dict[str, Any] = json.loads(result.stdout)
    assert answer["success"] is True and answer["title"]


def test_the_streamed_text_is_printed_as_it_comes(app: Flask, listing: Property) -> None:
    result = run(app, "ai", "describe", "ES-1", "--website", "costa", "--stream")
    assert result.exit_code == 0 and len(result.stdout.split()) > 20


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("401", "invalid_api_key"),
        ("402", "insufficient_credits"),
        ("503", "model_unavailable"),
        ("empty", "invalid_response"),
    ],
)
def test_a_failure_at_the_provider_is_status_4_in_words_and_in_json(
    app: Flask, listing: Property, simulator: RunningSimulator, fault: str, code: str
) -> None:
    simulator.enqueue(fault, times=8)
    result = run(app, "ai", "describe", "ES-1", "--website", "costa", "--json")
    assert result.exit_code == 4
    assert json.loads(result.stdout)["error"]["code"] == code
    assert len(result.stderr.strip().splitlines()) == 1


def test_ai_that_is_not_configured_is_status_3(app: Flask, website: Website) -> None:
    factories.create_property(website, reference="ES-1")
    result = run(app, "ai", "describe", "ES-1", "--website", "costa", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["error"]["code"] == "not_configured"


def test_wrong_usage_with_json_is_still_one_object(app: Flask, website: Website) -> None:
    result = run(app, "ai", "describe", "NO-SUCH", "--website", "costa", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "invalid_input"


@pytest.mark.parametrize("words", [("--bogus",), ("--locale",), ()])
def test_a_malformed_command_with_json_is_still_one_object(
    app: Flask, words: tuple[str, ...]
) -> None:
    result = run(app, "ai", "describe", "ES-1", "--json", *words)
    assert result.exit_code == 2 and result.stderr.strip()
    assert json.loads(result.stdout)["error"]["code"] == "invalid_input"


def test_no_database_with_json_is_still_one_object(app: Flask) -> None:
    db.drop_all()
    result = run(app, "ai", "describe", "ES-1", "--website", "costa", "--json")
    db.create_all()
    assert result.exit_code == 1 and "migrate" in result.stderr
    assert json.loads(result.stdout)["error"]["code"] == "internal_error"


def test_an_empty_key_is_no_success_beside_a_stored_one(app: Flask, listing: Property) -> None:
    words = ("integrations", "set-key", "open_router", "--website", "costa")
    assert run(app, *words, stdin="\n").exit_code == 2
    assert run(app, *words, "--max-tokens", "700", stdin="\n").exit_code == 0


def test_the_connection_can_be_tested(
    app: Flask, listing: Property, simulator: RunningSimulator
) -> None:
    good = run(app, "integrations", "test", "open_router", "--website", "costa")
    assert good.exit_code == 0 and "models" in good.stdout
    simulator.enqueue("401", path="/key")
    assert run(app, "integrations", "test", "open_router", "--website", "costa").exit_code == 4


def test_a_test_without_integration_is_status_3(app: Flask, website: Website) -> None:
    assert run(app, "integrations", "test", "open_router", "--website", "costa").exit_code == 3


@pytest.mark.parametrize(
    ("file", "reference", "locale"),
    [("listings-pwb.csv", "ES-VILLA-001", "de"), ("listings-reso.csv", "SAC-0001", "en")],
)
def test_real_listings_are_imported_and_described(
    app: Flask, website: Website, file: str, reference: str, locale: str
) -> None:
    path = SHARED / "data" / file
    if not path.exists():
        pytest.skip(f"{path.name} is not beside this checkout")
    factories.create_integration(website)
    imported = run(app, "properties", "import", str(path), "--website", "costa")
    assert imported.exit_code == 0, imported.output
    result = run(app, "ai", "describe", reference, "--website", "costa", "--locale", locale)
    assert result.exit_code == 0 and len(result.stdout) > 200


def test_a_picture_called_csv_is_refused(app: Flask, website: Website, tmp_path: Path) -> None:
    picture = tmp_path / "picture.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    result = run(app, "properties", "import", str(picture), "--website", "costa")
    assert result.exit_code == 2 and "CSV" in result.stderr
