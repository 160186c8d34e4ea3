"""The catalogue: fetched once for everybody, kept when a fetch fails, and looked up by any name."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update

from pwb import create_app, lifecycle
from pwb.config import Settings
from pwb.extensions import db
from pwb.models import AICatalogue, AIModel
from pwb.models.base import utcnow
from pwb.services import catalogue, catalogue_refresh
from pwb.simulator.testing import Reply, RunningSimulator, running_simulator
from tests import factories
from tests.catalogues import entry, fetch, many
from tests.conftest import SHARED, skip_or_fail
from tests.waiting import wait_until

OPEN_ROUTER = "open_router"


def fetches(simulator: RunningSimulator) -> int:
    return len([r for r in simulator.requests if r.path == "/api/v1/models"])


def age(hours: float) -> None:
    """Make the stored list older."""
    past = utcnow() - timedelta(hours=hours)
    db.session.execute(update(AICatalogue).values(fetched_at=past, attempted_at=past))
    db.session.commit()


def ids() -> list[str]:
    return [model.id for model in catalogue.models(OPEN_ROUTER)]


@pytest.fixture
def by_itself(app: Flask) -> Flask:
    """The app with lists that are fetched when pages need them."""
    old: Settings = app.config["PWB"]
    app.config["PWB"] = old.model_copy(update={"ai_catalogue_refresh": True})
    return app


def test_a_published_list_is_stored_with_prices_and_tiers(
    app: Flask, simulator: RunningSimulator
) -> None:
    path = SHARED / "openrouter" / "models.json"
    if not path.exists():
        skip_or_fail("shared", "the published list of models is not here")
    document = json.loads(path.read_text(encoding="utf-8"))
    fetch(simulator, *document["data"])
    found = {model.id: model for model in catalogue.models(OPEN_ROUTER)}
    assert set(found) == {each["id"] for each in document["data"]}
    sonnet = found["anthropic/claude-sonnet-4"]
    assert sonnet.pricing.prompt == Decimal("0.000003")
    assert sonnet.pricing.for_prompt(200_000).prompt == Decimal("0.000006")
    assert sonnet.reads_images and not sonnet.structured_outputs
    assert sonnet.canonical_slug == "anthropic/claude-4-sonnet-20250522"


def test_the_simulators_list_is_stored(app: Flask, simulator: RunningSimulator) -> None:
    assert catalogue.refresh(OPEN_ROUTER) == "fetched"
    found = {model.id: model for model in catalogue.models(OPEN_ROUTER)}
    assert not found["simulator/auto"].pricing.known
    assert found["simulator/gpt-4-turbo"].expiration_date is not None
    assert [t.min_prompt_tokens for t in found["simulator/gemini-2.5-pro"].pricing.tiers] == [
        400_000,
        200_000,
    ]


def test_the_shared_list_is_asked_for_without_any_key(
    app: Flask, simulator: RunningSimulator
) -> None:
    factories.create_integration(factories.create_website())
    catalogue.refresh(OPEN_ROUTER)
    assert "Authorization" not in simulator.requests[-1].headers


def test_a_list_is_put_in_the_place_of_the_old_one(app: Flask, simulator: RunningSimulator) -> None:
    fetch(simulator, entry("a/one"), entry("a/two"))
    fetch(simulator, entry("a/two", "1", "1"), entry("a/three"))
    assert ids() == ["a/three", "a/two"]
    two = catalogue.find_models(OPEN_ROUTER, ["a/two"])["a/two"]
    assert two.pricing.prompt == Decimal("0.000001")
    gone = catalogue.last_known(OPEN_ROUTER, ["a/one"])["a/one"]
    assert gone.missing_since is not None
    assert gone.model.pricing.prompt == Decimal("0.000003"), "its last price is remembered"
    fetch(simulator, entry("a/one"))
    assert catalogue.last_known(OPEN_ROUTER, ["a/one"])["a/one"].missing_since is None


def test_models_that_left_the_list_long_ago_are_forgotten(
    app: Flask, simulator: RunningSimulator
) -> None:
    fetch(simulator, entry("a/one"))
    fetch(simulator, entry("a/two"))
    db.session.execute(
        update(AIModel)
        .where(AIModel.missing_since.is_not(None))
        .values(missing_since=utcnow() - timedelta(days=400))
    )
    db.session.commit()
    fetch(simulator, entry("a/two"))
    assert catalogue.last_known(OPEN_ROUTER, ["a/one"]) == {}


def test_a_model_listed_twice_is_stored_once(app: Flask, simulator: RunningSimulator) -> None:
    fetch(simulator, entry("a/one"), entry("a/one", "1", "1"))
    assert ids() == ["a/one"]


def test_numbers_beyond_a_databases_integers_do_no_harm(
    app: Flask, simulator: RunningSimulator
) -> None:
    fetch(simulator, entry("a/one", context=10**12, created=10**12))
    assert catalogue.models(OPEN_ROUTER)[0].context_length == 10**12


def test_ten_times_the_models_are_not_ten_times_the_statements(
    app: Flask, simulator: RunningSimulator
) -> None:
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    counts = []
    for models in (100, 1000):
        asked.clear()
        fetch(simulator, *many(models))
        assert len(catalogue.models(OPEN_ROUTER)) == models
        counts.append(len(asked))
    assert counts[1] < 2 * counts[0], counts


@pytest.mark.parametrize(
    "fault", ["500", "html", Reply(body={"data": []}), Reply(body={"data": "none"})]
)
def test_the_last_good_list_stays_when_a_fetch_fails(
    app: Flask, simulator: RunningSimulator, fault: Any
) -> None:
    fetch(simulator, entry("a/one"))
    simulator.enqueue(fault, times=3, path="/models")
    assert catalogue.refresh(OPEN_ROUTER) == "failed"
    status = catalogue.status(OPEN_ROUTER)
    assert ids() == ["a/one"]
    assert status.fetched_at is not None and status.error and "<" not in status.error
    simulator.reset()
    fetch(simulator, entry("a/two"))
    assert catalogue.status(OPEN_ROUTER).error is None


def test_an_address_where_nobody_answers_is_a_failure_that_is_told(app: Flask) -> None:
    assert catalogue.refresh(OPEN_ROUTER) == "failed"
    assert catalogue.models(OPEN_ROUTER) == []
    assert "No connection to OpenRouter" in (catalogue.status(OPEN_ROUTER).error or "")


def test_a_list_of_another_address_does_not_count(app: Flask, simulator: RunningSimulator) -> None:
    fetch(simulator, entry("a/one"))
    first: Settings = app.config["PWB"]
    with running_simulator() as other:
        app.config["PWB"] = first.model_copy(update={"open_router_api_base": other.base_url})
        assert catalogue.models(OPEN_ROUTER) == []
        assert catalogue.find_models(OPEN_ROUTER, ["a/one"]) == {}
        fetch(other, entry("b/one"))
        assert ids() == ["b/one"]
    app.config["PWB"] = first
    assert ids() == [] and not catalogue.status(OPEN_ROUTER).is_fresh
    assert catalogue.last_known(OPEN_ROUTER, ["b/one"]) == {}


def test_pages_fetch_nothing_where_the_operator_has_switched_that_off(
    app: Flask, simulator: RunningSimulator
) -> None:
    assert catalogue.models(OPEN_ROUTER) == []
    assert catalogue.wait_for_refresh()
    assert fetches(simulator) == 0


def test_reading_returns_at_once_and_has_a_missing_list_fetched_beside(
    by_itself: Flask, simulator: RunningSimulator
) -> None:
    simulator.enqueue(Reply(body={"data": [entry("a/one")]}, first_delay=2), path="/models")
    assert catalogue.models(OPEN_ROUTER) == []
    assert catalogue.status(OPEN_ROUTER).fetching
    assert catalogue.wait_for_refresh()
    assert ids() == ["a/one"]


def test_a_fresh_list_is_not_fetched_again_and_an_old_one_is_once(
    by_itself: Flask, simulator: RunningSimulator
) -> None:
    for expected, hours in ((1, 0.9), (1, 1.1), (2, 0)):
        catalogue.models(OPEN_ROUTER)
        assert catalogue.wait_for_refresh()
        assert fetches(simulator) == expected
        if hours:
            age(hours)


def test_an_old_list_is_shown_while_a_new_one_is_fetched(
    by_itself: Flask, simulator: RunningSimulator
) -> None:
    fetch(simulator, entry("a/one"))
    age(2)
    simulator.enqueue(Reply(body={"data": [entry("a/two")]}, first_delay=2), path="/models")
    assert ids() == ["a/one"]
    assert not catalogue.status(OPEN_ROUTER).is_fresh
    assert catalogue.wait_for_refresh()
    assert ids() == ["a/two"]
    assert catalogue.status(OPEN_ROUTER).is_fresh


def test_a_server_that_starts_has_the_lists_fetched_that_its_websites_use(
    by_itself: Flask, simulator: RunningSimulator
) -> None:
    lifecycle.server_started(by_itself)
    assert fetches(simulator) == 0
    factories.create_integration(factories.create_website())
    lifecycle.server_started(by_itself)
    assert catalogue.wait_for_refresh()
    assert fetches(simulator) == 1 and ids()


def test_after_a_failure_the_next_try_waits(by_itself: Flask, simulator: RunningSimulator) -> None:
    simulator.enqueue(Reply(status=400, body={"error": {"message": "no"}}), path="/models")
    for _ in range(5):
        catalogue.models(OPEN_ROUTER)
        assert catalogue.wait_for_refresh()
    assert fetches(simulator) == 1
    past = utcnow() - timedelta(minutes=6)
    db.session.execute(update(AICatalogue).values(attempted_at=past))
    db.session.commit()
    catalogue.models(OPEN_ROUTER)
    assert catalogue.wait_for_refresh()
    assert fetches(simulator) == 2 and len(ids()) > 5


def test_many_workers_that_need_the_list_at_once_make_one_fetch(
    app: Flask, simulator: RunningSimulator
) -> None:
    """Each worker is an app of its own with its own connections, as processes have."""
    settings: Settings = app.config["PWB"]
    settings = settings.model_copy(update={"ai_catalogue_refresh": True})
    simulator.enqueue(Reply(body={"data": [entry("a/one")]}, first_delay=0.5), path="/models")
    workers = [create_app(settings) for _ in range(6)]
    barrier, outcomes = threading.Barrier(len(workers)), []

    def need(worker: Flask) -> None:
        with worker.app_context():
            barrier.wait()
            catalogue.models(OPEN_ROUTER)
            outcomes.append(catalogue.refresh_if_due(OPEN_ROUTER))
            catalogue.wait_for_refresh()
            db.session.remove()
            db.engine.dispose()

    threads = [threading.Thread(target=need, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == len(workers)
    assert fetches(simulator) == 1
    assert ids() == ["a/one"]


def test_a_lease_of_a_worker_that_died_runs_out(app: Flask, simulator: RunningSimulator) -> None:
    fetch(simulator, entry("a/one"))
    db.session.execute(update(AICatalogue).values(lease_until=utcnow() + timedelta(seconds=30)))
    db.session.commit()
    assert catalogue.refresh(OPEN_ROUTER) == "busy"
    assert catalogue.status(OPEN_ROUTER).fetching
    db.session.execute(update(AICatalogue).values(lease_until=utcnow() - timedelta(seconds=1)))
    db.session.commit()
    assert catalogue.refresh(OPEN_ROUTER) == "fetched"


def test_no_connection_is_held_while_the_provider_is_asked(
    app: Flask, simulator: RunningSimulator
) -> None:
    simulator.enqueue(Reply(body={"data": [entry("a/one")]}, first_delay=2), path="/models")
    seen: list[int] = []

    def look() -> None:
        wait_until(lambda: fetches(simulator) == 1)
        seen.append(pool.checkedout())

    db.session.commit()
    pool: Any = db.engine.pool
    watcher = threading.Thread(target=look)
    watcher.start()
    catalogue.refresh(OPEN_ROUTER)
    watcher.join()
    assert seen == [0]


def test_a_database_that_is_away_costs_the_background_fetch_a_log_line(
    by_itself: Flask, simulator: RunningSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    db.session.execute(AICatalogue.__table__.select())
    db.session.commit()
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE pwb_ai_models RENAME TO pwb_away")
    try:
        catalogue_refresh.background().start(by_itself, OPEN_ROUTER)
        assert catalogue.wait_for_refresh()
    finally:
        with db.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE pwb_away RENAME TO pwb_ai_models")
    assert "could not store the list of models" in caplog.text
    assert db.session.scalar(select(func.count(AIModel.id))) == 0
