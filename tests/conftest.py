"""Apps, databases, clients and the simulator for tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pwb import create_app
from pwb.config import Settings
from pwb.extensions import db
from pwb.simulator.testing import RunningSimulator, running_simulator
from tests import databases, factories, once
from tests.machine import pytest_collection_finish, pytest_xdist_auto_num_workers  # noqa: F401 - hooks
from tests.pages import OwnContextClient, Person

once.compile_rules_once()
once.make_engines_once()

KEYS = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SHARED = Path(__file__).resolve().parents[2] / "shared"
REQUIRED = set(filter(None, os.environ.get("PWB_REQUIRE", "").split(",")))


def skip_or_fail(what: str, reason: str) -> None:
    """Skip for `reason`, unless PWB_REQUIRE names `what`: then it is a failure."""
    if what in REQUIRED:
        pytest.fail(f"PWB_REQUIRE={what}, but {reason}")
    pytest.skip(reason)


def make_settings(**values: object) -> Settings:
    """Settings for tests: nothing of the machine's environment or secrets file."""
    defaults = {
        "secret_key": "a secret for tests only",
        "credentials_keys": KEYS,
        "open_router_api_base": "http://127.0.0.1:9/api/v1",
        "ai_retry_pause": 0.01,
        "ai_catalogue_refresh": False,
    }
    return Settings(_env_file=None, **defaults | values)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own settings do not reach the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database at the newest revision, to copy from."""
    path = tmp_path_factory.mktemp("database") / "empty.sqlite3"
    databases.migrate(make_settings(database_url=f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[databases.ReusedDatabase]:
    """A PostgreSQL database of this worker."""
    url = os.environ.get("TEST_DATABASE_URL")
    if not url:
        skip_or_fail("postgres", "TEST_DATABASE_URL names no PostgreSQL database")
    with databases.new_postgres(make_settings(database_url=url).database_url) as own:
        databases.migrate(make_settings(database_url=own))
        reused = databases.ReusedDatabase(own)
        yield reused
        reused.close()


POSTGRES = bool(os.environ.get("TEST_DATABASE_URL")) or "postgres" in REQUIRED


@pytest.fixture(params=["sqlite", "postgres"] if POSTGRES else ["sqlite"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database: every test that uses it runs on both kinds."""
    if request.param == "sqlite":
        empty = request.getfixturevalue("migrated_sqlite")
        yield databases.copy_of(empty, empty.parent)
        once.let_go_of_engines()
    else:
        with request.getfixturevalue("postgres").emptied_afterwards() as url:
            yield url
            once.let_go_of_engines()


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    """A real OpenRouter-compatible server; the app of the same test calls it."""
    with running_simulator() as running:
        yield running


@pytest.fixture
def settings(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Settings:
    """The app's settings, aimed at the simulator where the test has one."""
    values: dict[str, object] = {"database_url": database_url, "uploads_dir": tmp_path / "uploads"}
    if "simulator" in request.fixturenames:
        values["open_router_api_base"] = request.getfixturevalue("simulator").base_url
    return make_settings(**values)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """An app on a fresh database, within its context."""
    app = create_app(settings)
    app.test_client_class = OwnContextClient
    app.jinja_env.bytecode_cache = once.TemplatesOnce()
    with app.app_context():
        yield app
        app.extensions["pwb_follow_ups"].drain(1.0)
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def agency(app: Flask) -> factories.Agency:
    """A website with an admin and an agent."""
    return factories.create_agency()


@pytest.fixture
def admin(app: Flask, agency: factories.Agency) -> Person:
    """The agency's admin, signed in."""
    return Person(app).signed_in(agency.admin)


@pytest.fixture
def agent(app: Flask, agency: factories.Agency) -> Person:
    """The agency's agent, signed in."""
    return Person(app).signed_in(agency.agent)
