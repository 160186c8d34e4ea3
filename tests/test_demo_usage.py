"""The demo's invented history of generations."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from pwb.demo import usage
from pwb.extensions import db
from pwb.models import GenerationRequest, UsageDaily
from pwb.services import periods
from tests import factories

# SQLite only: a demo has no other.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def rows(app: Flask) -> list[GenerationRequest]:
    """The history of a new agency."""
    agency = factories.create_agency(subdomain="a-demo")
    factories.create_property(agency.website)
    usage.add_history(agency.website)
    db.session.commit()
    return list(db.session.scalars(select(GenerationRequest)))


def test_every_invented_request_says_that_it_is_invented(rows: list[GenerationRequest]) -> None:
    assert len(rows) > 300
    for row in rows:
        assert row.ai_model.startswith("simulator/")
        assert row.options == {"demo": True}
        assert row.output_data is None or row.output_data == usage.TEXT


def test_the_daily_sums_of_the_history_are_those_of_its_requests(
    rows: list[GenerationRequest],
) -> None:
    total = UsageDaily.dimension == "total"
    counted = db.session.scalar(select(func.sum(UsageDaily.requests)).where(total))
    days = db.session.scalars(select(UsageDaily).where(total)).all()
    assert counted == len(rows)
    known = [row.cost_cents for row in rows if row.cost_cents is not None]
    assert sum(day.exact_cents + day.estimated_cents for day in days) == sum(known) > 0


def test_the_history_ends_yesterday_so_that_no_failure_of_today_alarms_anybody(
    rows: list[GenerationRequest],
) -> None:
    website = factories.create_website()
    newest = max(row.created_at for row in rows).date()
    assert periods.today(website) - timedelta(days=4) < newest < periods.today(website)
    assert {row.status for row in rows} == {"completed", "failed"}


def test_the_newest_request_of_the_history_comes_first_in_the_list(
    rows: list[GenerationRequest],
) -> None:
    by_number = sorted(rows, key=lambda row: row.id)
    assert by_number == sorted(rows, key=lambda row: (row.created_at, row.id))
