"""Costs that were pending become exact, or are given up, against the simulator's books."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from pwb.extensions import db
from pwb.models import GenerationRequest, Website
from pwb.models.base import utcnow
from pwb.services import catalogue, follow_ups, generations, ledger, live, reconciliation
from pwb.services.generation_errors import GenerationFailed
from pwb.services.generations import (
    Delta,
    DescriptionSpec,
    ListingDescriptionGenerator,
    Ticket,
)
from pwb.services.reconciliation import Report, reconcile
from pwb.simulator.testing import RecordedRequest, Reply, RunningSimulator
from tests import factories
from tests.waiting import PATIENCE, wait_until

BOOKS = "/generation"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's rounds follow at once; the background does nothing unless a test lets it."""
    monkeypatch.setattr(reconciliation, "PAUSES", (0.05, 0.1, 0.2))
    monkeypatch.setattr(follow_ups, "PAUSES", (60.0,))


@pytest.fixture
def website(app: Flask, simulator: RunningSimulator) -> Website:
    website = factories.create_website()
    factories.create_integration(website)
    return website


def row_of(request_id: int) -> GenerationRequest:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(GenerationRequest, request_id)


def cut_off(website: Website, simulator: RunningSimulator) -> int:
    """A generation whose page was closed in the middle; its row's id."""
    simulator.settings.delay = 0.02
    listing = factories.create_property(website)
    ticket = generations.begin_description(website, None, listing, DescriptionSpec("en"))
    events = generations.run(ticket)
    while not isinstance(next(events), Delta):
        pass
    events.close()
    simulator.settings.delay = 0
    wait_until(lambda: is_in_the_books(simulator, ticket))
    return ticket.request_id


def is_in_the_books(simulator: RunningSimulator, ticket: Ticket) -> bool:
    """Whether the simulator has noticed that the line is closed, which it does a moment later."""
    name = row_of(ticket.request_id).generation_id
    headers = {"Authorization": f"Bearer {ticket.endpoint.api_key}"}
    url = f"{simulator.base_url}{BOOKS}?id={name}"
    return requests.get(url, headers=headers, timeout=PATIENCE).ok


def pending(website: Website, **values: Any) -> int:
    """A final row that waits for its cost, of a generation nobody knows; its id."""
    defaults = {
        "website_id": website.id,
        "request_type": "listing_description",
        "ai_provider": "open_router",
        "ai_model": "openai/gpt-4o",
        "locale": "en",
        "status": "failed",
        "error_code": "cancelled",
        "cost_state": "pending",
        "generation_id": "gen-nobody-knows",
        "finished_at": utcnow(),
    }
    row = GenerationRequest(**defaults | values)
    db.session.add(row)
    db.session.commit()
    return row.id


def asked(simulator: RunningSimulator) -> int:
    """How often the portal asked the books."""
    return len(questions(simulator))


def questions(simulator: RunningSimulator) -> list[RecordedRequest]:
    """What the portal asked the books, apart from what the test asks."""
    ours = [request for request in simulator.requests if request.path.endswith(BOOKS)]
    return [request for request in ours if request.headers["User-Agent"] == "pwb-ai-portal"]


def test_a_cut_off_stream_is_settled_with_its_exact_tokens_and_cost(
    website: Website, simulator: RunningSimulator
) -> None:
    request_id = cut_off(website, simulator)
    assert row_of(request_id).cost_state == "pending"
    assert reconcile() == Report(settled=1, still_pending=0, given_up=0, failed=0)
    row = row_of(request_id)
    assert (row.status, row.error_code, row.cost_state) == ("failed", "cancelled", "exact")
    assert row.cost_cents is not None and row.cost_cents > 0
    assert row.input_tokens > 0 and row.output_tokens > 0
    assert row.served_model.startswith("simulator/") and row.upstream_provider
    assert row.output_data["books"]["cancelled"] is True
    assert row.output_data["books"].keys() == {"cancelled", "finish_reason"}


def test_an_answer_without_usage_is_settled_and_keeps_its_text(
    website: Website, simulator: RunningSimulator
) -> None:
    simulator.enqueue(Reply(usage={}))
    listing = factories.create_property(website)
    result = ListingDescriptionGenerator(property=listing).generate()
    assert (result.cost_state, result.cost_cents) == ("pending", None)
    assert reconcile(website).settled == 1
    row = row_of(result.request_id)
    assert (row.status, row.cost_state) == ("completed", "exact")
    assert generations.stored_result(row).text == result.text


def test_books_that_lag_behind_are_asked_again_within_one_run(
    website: Website, simulator: RunningSimulator
) -> None:
    request_id = cut_off(website, simulator)
    simulator.enqueue("404", times=2, path=BOOKS)
    assert reconcile().settled == 1
    assert asked(simulator) == 3
    assert row_of(request_id).cost_state == "exact"


def test_what_the_books_do_not_know_yet_stays_pending_for_the_next_run(
    website: Website, simulator: RunningSimulator
) -> None:
    request_id = pending(website)
    assert reconcile() == Report(settled=0, still_pending=1, given_up=0, failed=0)
    assert asked(simulator) == 4
    assert row_of(request_id).cost_state == "pending"


def test_an_older_row_is_asked_about_once_a_run(
    website: Website, simulator: RunningSimulator
) -> None:
    hour = utcnow() - timedelta(hours=1)
    pending(website, created_at=hour, finished_at=hour)
    assert reconcile().still_pending == 1
    assert asked(simulator) == 1


def test_after_a_day_of_not_being_found_the_cost_is_unknown_and_never_zero(
    website: Website, simulator: RunningSimulator
) -> None:
    request_id = pending(website, created_at=utcnow() - timedelta(hours=25))
    assert reconcile() == Report(settled=0, still_pending=0, given_up=1, failed=0)
    row = row_of(request_id)
    assert (row.cost_state, row.cost_cents) == ("unknown", None)
    assert reconcile() == Report(0, 0, 0, 0)


def test_after_a_day_a_cost_is_estimated_where_tokens_and_price_are_known(
    website: Website, simulator: RunningSimulator
) -> None:
    catalogue.refresh("open_router")
    request_id = pending(
        website,
        created_at=utcnow() - timedelta(hours=25),
        ai_model="simulator/gpt-4o",
        input_tokens=1000,
        output_tokens=100,
        reserved_cents=Decimal(3),
    )
    assert reconcile().given_up == 1
    row = row_of(request_id)
    assert (row.cost_state, row.cost_cents) == ("estimated", Decimal("0.35"))
    assert row.reserved_cents is None


def test_a_provider_without_books_is_not_asked(
    website: Website, simulator: RunningSimulator
) -> None:
    request_id = pending(website, ai_provider="openai")
    assert reconcile().given_up == 1
    assert row_of(request_id).cost_state == "unknown"
    assert asked(simulator) == 0


def test_one_websites_rejected_key_does_not_stop_the_others(
    website: Website, simulator: RunningSimulator
) -> None:
    broken = factories.create_website(subdomain="broken")
    factories.create_integration(broken)
    keyless = factories.create_website(subdomain="keyless")
    lost = [pending(broken), pending(broken), pending(keyless)]
    fine = cut_off(website, simulator)
    simulator.enqueue("401", path=BOOKS)
    report = reconcile()
    assert (report.settled, report.failed) == (1, 3)
    assert row_of(fine).cost_state == "exact"
    assert {row_of(request_id).cost_state for request_id in lost} == {"pending"}
    assert [problem.split(":")[0] for problem in report.problems] == ["broken", "keyless"]
    assert report.sentence() == (
        "1 settled, 0 still pending, 0 given up, 3 could not be asked about."
    )


def test_only_the_named_websites_rows_are_asked_about_with_its_own_key(
    website: Website, simulator: RunningSimulator
) -> None:
    other = factories.create_website()
    factories.create_integration(other, api_key="sk-or-v1-the-other-key")
    untouched, mine = cut_off(website, simulator), cut_off(other, simulator)
    assert reconcile(other).settled == 1
    assert row_of(mine).cost_state == "exact"
    assert row_of(untouched).cost_state == "pending"
    sent = {request.headers["Authorization"] for request in questions(simulator)}
    assert sent == {"Bearer sk-or-v1-the-other-key"}


def test_two_runs_at_once_come_to_the_same(
    app: Flask, website: Website, simulator: RunningSimulator
) -> None:
    request_ids = [cut_off(website, simulator) for _ in range(3)]

    def run(_number: int) -> Report:
        with app.app_context():
            return reconcile()

    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(run, range(4)))
    assert {report.failed for report in reports} == {0}
    rows = [row_of(request_id) for request_id in request_ids]
    assert {row.cost_state for row in rows} == {"exact"}
    assert all(row.cost_cents > 0 for row in rows)


def test_no_connection_is_held_while_the_books_are_asked(
    app: Flask, website: Website, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(website, simulator)
    held = []
    real = reconciliation.client.lookup_generation

    def look(*args: Any, **kwargs: Any) -> Any:
        held.append(db.engine.pool.checkedout())
        return real(*args, **kwargs)

    monkeypatch.setattr(reconciliation.client, "lookup_generation", look)
    assert reconcile().settled == 1
    assert held == [0]


def test_what_was_reserved_is_held_until_the_cost_is_known(
    website: Website, simulator: RunningSimulator
) -> None:
    request_id = cut_off(website, simulator)
    row = row_of(request_id)
    row.reserved_cents = Decimal(3)
    db.session.commit()
    reconcile()
    assert row_of(request_id).reserved_cents is None


def test_a_cut_off_stream_is_settled_in_the_background_soon_after(
    app: Flask, website: Website, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_ups, "PAUSES", (0.01, 0.05, 0.1))
    request_id = cut_off(website, simulator)
    wait_until(lambda: row_of(request_id).cost_state == "exact")
    wait_until(lambda: "pwb-follow-ups" not in {t.name for t in threading.enumerate()})
    again = cut_off(website, simulator)
    wait_until(lambda: row_of(again).cost_state == "exact")


def test_a_stopping_process_asks_once_more_without_waiting(
    app: Flask, website: Website, simulator: RunningSimulator
) -> None:
    request_id = cut_off(website, simulator)
    assert follow_ups.follow_ups().waiting() == 1
    follow_ups.follow_ups().drain(2)
    assert row_of(request_id).cost_state == "exact"


def test_a_start_takes_up_what_the_last_one_left(
    website: Website, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = cut_off(website, simulator)
    monkeypatch.setattr(follow_ups, "PAUSES", (0.01,))
    reconciliation.resume()
    wait_until(lambda: row_of(request_id).cost_state == "exact")


def test_a_killed_processs_row_keeps_the_providers_id_and_is_reconciled(
    app: Flask, website: Website, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "NOTE_EVERY_SECONDS", 0.05)
    simulator.settings.delay = 0.05
    listing = factories.create_property(website)
    ticket = generations.begin_description(website, None, listing, DescriptionSpec("en"))
    events = generations.run(ticket)
    while not isinstance(next(events), Delta):
        pass
    wait_until(lambda: row_of(ticket.request_id).generation_id is not None)
    assert row_of(ticket.request_id).attempts == 1
    # As if this process were gone and its time over.
    assert ledger.settle_overdue(now=utcnow() + timedelta(minutes=5)) == 1
    row = row_of(ticket.request_id)
    assert (row.status, row.cost_state) == ("failed", "pending")
    events.close()
    wait_until(lambda: is_in_the_books(simulator, ticket))
    assert reconcile().settled == 1
    assert row_of(ticket.request_id).cost_state == "exact"


def test_a_failure_before_anything_was_sent_cost_exactly_nothing(
    website: Website, simulator: RunningSimulator
) -> None:
    live.running().cancel_all()
    with pytest.raises(GenerationFailed) as failure:
        ListingDescriptionGenerator(property=factories.create_property(website)).generate()
    assert failure.value.code == "cancelled"
    row = db.session.scalars(select(GenerationRequest)).one()
    assert (row.cost_cents, row.cost_state) == (Decimal(0), "exact")
    assert simulator.completions == []


def test_the_command_reports_and_fails_where_somebody_could_not_be_asked_about(
    app: Flask, website: Website, simulator: RunningSimulator
) -> None:
    cut_off(website, simulator)
    words = ["ai", "reconcile", "--website", website.subdomain]
    done = app.test_cli_runner().invoke(args=words)
    assert (done.exit_code, done.stdout.split(",")[0]) == (0, "1 settled")
    pending(factories.create_website(subdomain="keyless"))
    failed = app.test_cli_runner().invoke(args=["ai", "reconcile"])
    assert failed.exit_code == 4
    assert failed.stderr.startswith("keyless: ")
    unknown = app.test_cli_runner().invoke(args=["ai", "reconcile", "--website", "nobody"])
    assert unknown.exit_code == 2
