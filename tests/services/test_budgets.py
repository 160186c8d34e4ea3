"""Budgets and plans: what is set aside before a call, what it leaves for the next, and how it
holds when many ask at once or a process dies."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from pwb.extensions import db
from pwb.models import GenerationRequest, Membership, User, Website
from pwb.models.base import utcnow
from pwb.services import budget_notices, budget_room, budgets, ledger, rollups
from pwb.services.generation_errors import GenerationFailed
from tests import factories
from tests.ledger_rows import finish, new_request

CLICKS = 200


@pytest.fixture
def website(app: Flask) -> Website:
    return factories.create_website()


def open_one(website: Website, actor: User | None = None, **values: Any) -> int:
    return ledger.open_request(website, actor, new_request(**values))[0]


def refused(website: Website, actor: User | None = None, **values: Any) -> GenerationFailed:
    with pytest.raises(GenerationFailed) as failure:
        open_one(website, actor, **values)
    assert (failure.value.code, failure.value.status) == ("budget_exceeded", 402)
    assert failure.value.request_id is None
    return failure.value


def row_of(request_id: int) -> GenerationRequest:
    db.session.expire_all()
    return db.session.get_one(GenerationRequest, request_id)


def limit_to(website: Website, texts: int) -> Decimal:
    """Give the website a budget for so many texts of the usual size; what one sets aside."""
    each = new_request().most_cents
    website.monthly_budget_cents = int(each * texts) + 1
    db.session.commit()
    return each


def test_of_two_hundred_threads_exactly_ten_get_into_a_budget_for_ten(
    app: Flask, website: Website
) -> None:
    each = limit_to(website, 10)
    website_id = website.id
    ready = threading.Barrier(CLICKS)

    def click(_number: int) -> str:
        with app.app_context():
            own = db.session.get_one(Website, website_id)
            db.session.rollback()
            ready.wait()
            try:
                ledger.open_request(own, None, new_request())
            except GenerationFailed as failure:
                return failure.code
            return "ok"

    with ThreadPoolExecutor(CLICKS) as pool:
        outcomes = Counter(pool.map(click, range(CLICKS)))
    assert outcomes == {"ok": 10, "budget_exceeded": CLICKS - 10}
    assert budgets.state(website).website.reserved_cents == 10 * each


def test_threads_that_open_and_settle_never_go_beyond_the_budget(
    app: Flask, website: Website
) -> None:
    each = limit_to(website, 4)
    website_id, most = website.id, website.monthly_budget_cents
    assert most is not None

    def write(_number: int) -> int:
        with app.app_context():
            own = db.session.get_one(Website, website_id)
            try:
                request_id, _ = ledger.open_request(own, None, new_request())
            except GenerationFailed:
                return 0
            seen = budgets.state(own).website
            assert seen.used_cents + seen.reserved_cents <= most
            finish(request_id, cost_cents=each / 2)
            return 1

    with ThreadPoolExecutor(16) as pool:
        written = sum(pool.map(write, range(48)))
    found = budgets.state(website).website
    assert found.spent_cents == written * each / 2
    assert found.reserved_cents == found.held_cents == 0
    # Each gives back half of what it set aside, so that more than four fit.
    assert 4 <= written <= 8


def test_what_is_set_aside_is_given_back_once_the_cost_is_known(website: Website) -> None:
    each = limit_to(website, 1)
    first = open_one(website)
    assert budgets.state(website).website.reserved_cents == each
    refused(website)
    finish(first, cost_cents=Decimal("0.5"))
    found = budgets.state(website).website
    assert (found.spent_cents, found.held_cents, found.reserved_cents) == (Decimal("0.5"), 0, 0)
    assert row_of(first).reserved_cents is None


def test_a_cost_that_is_not_known_counts_at_what_was_set_aside(website: Website) -> None:
    each = limit_to(website, 2)
    finish(open_one(website), cost_cents=None)
    found = budgets.state(website).website
    assert (found.spent_cents, found.held_cents) == (0, each)
    finish(open_one(website), cost_cents=None)
    assert "cost is not known" in refused(website).message


def test_a_process_killed_before_anything_left_gives_back_what_it_set_aside(
    website: Website,
) -> None:
    limit_to(website, 1)
    request_id = open_one(website)
    assert ledger.settle_overdue(website, now=utcnow() + timedelta(minutes=5)) == 1
    row = row_of(request_id)
    assert (row.status, row.cost_state, row.cost_cents) == ("failed", "exact", Decimal(0))
    assert row.reserved_cents is None
    assert budgets.state(website).plan.used == 0
    assert open_one(website)


def test_nothing_may_leave_once_the_row_is_settled(website: Website) -> None:
    request_id = open_one(website)
    ledger.settle_overdue(website, now=utcnow() + timedelta(minutes=5))
    assert not ledger.note_sent(request_id)
    assert row_of(request_id).sent_at is None


def test_a_process_killed_after_it_may_have_been_billed_still_counts(website: Website) -> None:
    each = limit_to(website, 2)
    unnamed, named = open_one(website), open_one(website)
    for request_id in (unnamed, named):
        assert ledger.note_sent(request_id)
    ledger.note_progress({named: ("gen-1", 1)})
    assert ledger.settle_overdue(website, now=utcnow() + timedelta(minutes=5)) == 2
    assert row_of(unnamed).cost_state == "unknown"
    assert row_of(named).cost_state == "pending"
    assert budgets.state(website).website.held_cents == 2 * each
    refused(website)


def test_a_person_has_a_budget_of_their_own_within_the_websites(website: Website) -> None:
    each = new_request().most_cents
    ana, ben = (factories.create_user(website) for _ in range(2))
    member = db.session.scalars(select(Membership).where(Membership.user_id == ana.id)).one()
    member.monthly_budget_cents = int(each * 2) + 1
    db.session.commit()
    finish(open_one(website, ana), cost_cents=each)
    open_one(website, ana)
    failure = refused(website, ana)
    assert failure.message.startswith("Your budget of ")
    assert "Site admin > People" in failure.resolution
    assert open_one(website, ben)
    assert open_one(website)
    found = budgets.state(website, ana).person
    assert found is not None
    assert (found.spent_cents, found.reserved_cents) == (each, each)
    assert budgets.state(website, ben).person is None


def test_a_plan_holds_so_many_texts_a_month(website: Website) -> None:
    website.plan = "free"
    db.session.commit()
    for _ in range(5):
        finish(open_one(website), cost_cents=Decimal(1))
    failure = refused(website)
    assert failure.message == "All 5 texts that the Free plan holds a month are used."
    assert failure.resolution.startswith("The portal's operator can change the plan.")


def test_a_failure_that_cost_nothing_takes_no_text_of_the_plan(website: Website) -> None:
    website.plan = "free"
    db.session.commit()
    for _ in range(6):
        finish(open_one(website), status="failed", cost_cents=Decimal(0))
    for _ in range(5):
        finish(open_one(website), status="failed", cost_cents=Decimal(1))
    assert budgets.state(website).plan.used == 5
    refused(website)


def test_an_enterprise_may_have_any_number_of_texts_written(website: Website) -> None:
    website.plan = "enterprise"
    db.session.commit()
    open_one(website)
    plan = budgets.state(website).plan
    assert (plan.limit, plan.used, plan.percent) == (None, 1, None)


def test_a_request_counts_in_the_month_of_its_call_where_the_website_is(app: Flask) -> None:
    website = factories.create_website(time_zone="Pacific/Auckland", monthly_budget_cents=1000)
    begins = budget_room.month_of(website).bounds()[0]
    for moment, cost in ((begins - timedelta(seconds=1), Decimal(7)), (begins, Decimal(9))):
        request_id = open_one(website)
        begin_at(request_id, moment)
        finish(request_id, cost_cents=cost)
    assert budgets.state(website).website.spent_cents == 9


def begin_at(request_id: int, moment: datetime) -> None:
    change = update(GenerationRequest).where(GenerationRequest.id == request_id)
    db.session.execute(change.values(created_at=moment))
    db.session.commit()


def test_a_request_of_last_month_that_still_runs_leaves_this_month_alone(
    website: Website,
) -> None:
    limit_to(website, 1)
    begin_at(open_one(website), utcnow() - timedelta(days=32))
    assert open_one(website)


def test_a_budget_of_nothing_stops_what_costs_anything(website: Website) -> None:
    website.monthly_budget_cents = 0
    db.session.commit()
    assert refused(website).message == "The website's budget of $0.00 for this month is used up."
    assert budgets.state(website).percent_left == 0


def test_the_refusal_says_what_is_left_what_runs_and_who_can_raise_it(app: Flask) -> None:
    agency = factories.create_agency()
    website = agency.website
    each = limit_to(website, 2)
    finish(open_one(website), cost_cents=each / 2)
    open_one(website)
    failure = refused(website)
    left = (website.monthly_budget_cents or 0) - each / 2
    dollars = budget_notices.dollars
    assert f"{dollars(left)} is left." in failure.message
    assert f"{dollars(each)} is set aside for texts being written" in failure.message
    assert f"may cost up to {dollars(each)}" in failure.message
    assert failure.resolution.startswith("Try again when those are written. A site admin (")
    assert agency.admin.display_name in failure.resolution
    assert "Site admin > Settings" in failure.resolution


def test_rebuilding_the_sums_changes_no_budget(website: Website) -> None:
    limit_to(website, 3)
    finish(open_one(website), cost_cents=Decimal("0.00000001"))
    finish(open_one(website), cost_cents=None)
    before = budgets.state(website)
    rollups.rebuild(website)
    db.session.commit()
    assert budgets.state(website) == before


def test_the_operator_gives_a_website_another_plan(app: Flask, website: Website) -> None:
    run = app.test_cli_runner()
    done = run.invoke(args=["websites", "set-plan", website.subdomain, "starter"])
    assert done.stdout == f"{website.name} has the plan starter now: 50 texts a month.\n"
    wrong = run.invoke(args=["websites", "set-plan", website.subdomain, "gold"])
    assert wrong.exit_code == 2
    assert wrong.stderr == "A plan is one of free, starter, professional, enterprise.\n"
    db.session.refresh(website)
    assert website.plan == "starter"
