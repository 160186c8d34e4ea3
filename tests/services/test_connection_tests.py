"""Testing a connection: over real HTTP, in time, without a database connection held."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask

from pwb.config import Settings
from pwb.errors import NotFound
from pwb.extensions import db
from pwb.models import Website, WebsiteIntegration
from pwb.services import integrations
from pwb.services.connection_tests import check_integration, check_operator_key
from pwb.services.generation_errors import GenerationFailed, NotConfigured
from pwb.simulator.testing import Reply, RunningSimulator, running_simulator
from tests import factories
from tests.conftest import make_settings
from tests.waiting import ends_soon, wait_until

KEY = "sk-or-v1-0123456789abcdef"


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator() as running:
        yield running


@pytest.fixture
def settings(database_url: str, simulator: RunningSimulator) -> Settings:
    return make_settings(
        database_url=database_url,
        open_router_api_base=simulator.base_url,
        openai_api_base=simulator.base_url,
        openai_compatible_api_base=simulator.base_url,
    )


@pytest.fixture
def website(app: Flask) -> Website:
    return factories.create_website()


def save(website: Website, key: str | None = KEY, **changes: object) -> WebsiteIntegration:
    return integrations.save_integration(website, None, "open_router", api_key=key, changes=changes)


def reloaded(row: WebsiteIntegration) -> WebsiteIntegration:
    db.session.rollback()
    return db.session.get_one(WebsiteIntegration, row.id, populate_existing=True)


def with_operator_key(app: Flask, key: str = "sk-or-v1-operators-own") -> None:
    old: Settings = app.config["PWB"]
    app.config["PWB"] = make_settings(
        database_url=old.database_url,
        open_router_api_base=old.open_router_api_base,
        open_router_api_key=key,
        open_router_default_model="openai/gpt-4o",
    )


def test_another_key_starts_with_a_clean_slate(website: Website) -> None:
    row = save(website, "sk-or-v1-invalid-0123456789")
    check_integration(website, row.id)
    assert reloaded(row).last_error_code == "invalid_api_key"
    save(website)
    assert (row.last_error_message, row.last_tested_at, row.last_test_details) == (None,) * 3


def test_a_test_says_what_it_found_and_keeps_the_figures(
    website: Website, simulator: RunningSimulator
) -> None:
    row = save(website, default_model="simulator/gpt-4o")
    body = {"label": "Costa Homes", "limit": 100, "limit_remaining": 74.5, "usage": 25.5}
    simulator.enqueue(Reply(body={"data": body}), path="/key")
    finding = check_integration(website, row.id)
    assert finding.message == (
        "Connected: 14 models reachable; key “Costa Homes” valid, $74.50 of $100 left."
    )
    assert (finding.ok, finding.warnings, finding.resolution) == (True, (), "")
    kept = reloaded(row)
    assert kept.last_test_message == finding.message
    assert kept.last_tested_at is not None
    assert kept.last_test_details is not None
    assert kept.last_test_details["limit_remaining"] == "74.5"
    assert [request.path.split("/")[-1] for request in simulator.requests] == ["models", "key"]


@pytest.mark.parametrize(
    ("key", "code", "words"),
    [
        ("sk-or-v1-invalid-0123456789", "invalid_api_key", "rejected"),
        ("sk-or-v1-management-0123456789", "invalid_api_key", "cannot generate"),
    ],
)
def test_a_key_that_is_no_good_is_an_error_with_its_cure(
    website: Website, key: str, code: str, words: str
) -> None:
    row = save(website, key)
    finding = check_integration(website, row.id)
    assert (finding.ok, finding.code) == (False, code)
    assert words in finding.message
    assert finding.resolution
    assert reloaded(row).last_error_code == code


def test_an_expired_key_and_a_missing_model_are_told(
    website: Website, simulator: RunningSimulator
) -> None:
    row = save(website, default_model="simulator/not-listed", fallback_models="simulator/nor-this")
    body = {"label": "x", "expires_at": "2020-05-03T00:00:00Z"}
    simulator.enqueue(Reply(body={"data": body}), path="/key")
    assert check_integration(website, row.id).message == "This key expired on 3 May 2020."
    finding = check_integration(website, row.id)
    assert finding.ok
    assert "simulator/not-listed is not in OpenRouter's list" in finding.warnings[0]
    assert "simulator/nor-this" in finding.warnings[1]
    assert reloaded(row).last_error_code is None


@pytest.mark.parametrize("fault", ["429", "503-plain", "html", "500"])
def test_trouble_on_the_line_is_no_error_of_the_key(
    website: Website, simulator: RunningSimulator, fault: str
) -> None:
    row = save(website)
    simulator.enqueue(fault, path="/key", times=3)
    finding = check_integration(website, row.id)
    assert not finding.ok
    assert finding.resolution
    assert reloaded(row).last_error_code is None
    assert reloaded(row).last_test_message


def test_a_hung_or_dead_host_is_told_in_time(
    app: Flask, website: Website, simulator: RunningSimulator
) -> None:
    row = save(website)
    base, url = simulator.base_url, app.config["PWB"].database_url
    app.config["PWB"] = make_settings(
        database_url=url, open_router_api_base=base, ai_idle_timeout=0.5, ai_total_timeout=1.5
    )
    for fault in ("hang", "slow-headers"):
        simulator.enqueue(fault, path="/models", times=3)
        with ends_soon():
            assert check_integration(website, row.id).code == "timeout"
        simulator.reset()
    app.config["PWB"] = make_settings(database_url=url)
    assert "No connection" in check_integration(website, row.id).message


def test_no_database_connection_is_held_while_the_provider_is_asked(
    app: Flask, website: Website, simulator: RunningSimulator
) -> None:
    row = save(website)
    app.config["PWB"] = make_settings(
        database_url=app.config["PWB"].database_url,
        open_router_api_base=simulator.base_url,
        ai_total_timeout=2,
    )
    simulator.enqueue("hang", path="/models")
    held: list[int] = []
    pool = db.engine.pool

    def look_while_it_hangs() -> None:
        wait_until(lambda: len(simulator.requests) == 1)
        held.append(pool.checkedout())  # type: ignore[attr-defined] # a QueuePool

    look = threading.Thread(target=look_while_it_hangs)
    look.start()
    assert check_integration(website, row.id).code == "timeout"
    look.join()
    assert held == [0]


def test_the_operators_key_is_tested_without_telling_its_balance(
    app: Flask, website: Website
) -> None:
    with pytest.raises(NotFound):
        check_operator_key()
    with_operator_key(app)
    finding = check_operator_key()
    assert (finding.message, finding.details) == ("The operator's key works.", {})
    with_operator_key(app, "sk-or-v1-operators-invalid")
    finding = check_operator_key()
    assert (finding.ok, finding.details) == (False, {})
    assert integrations.ai_state(website).source == "environment"


def test_the_command_line_test_fails_with_the_providers_code(website: Website) -> None:
    with pytest.raises(NotConfigured):
        integrations.test_provider(website, "open_router")
    save(website, "sk-or-v1-invalid-0123456789")
    with pytest.raises(GenerationFailed) as failed:
        integrations.test_provider(website, "open_router")
    assert failed.value.code == "invalid_api_key"
    save(website)
    assert "key valid" in integrations.test_provider(website, "open_router").sentence()
