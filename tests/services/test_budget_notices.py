"""What is said of a month's limits, in words, and where a month begins: no database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from pwb.models import Website
from pwb.services import budget_room
from pwb.services.budgets import PlanUse, Purse


@pytest.mark.parametrize(
    ("spent", "percent", "near", "full"),
    [
        ("0", 0, False, False),
        ("79.99", 79, False, False),
        ("80", 80, True, False),
        ("99.99999999", 99, True, False),
        ("100", 100, True, True),
        ("250", 250, True, True),
    ],
)
def test_four_fifths_of_a_budget_are_near_its_end_and_all_of_it_is_its_end(
    spent: str, percent: int, near: bool, full: bool
) -> None:
    purse = Purse(100, Decimal(spent))
    assert (purse.percent, purse.is_near, purse.is_full) == (percent, near, full)
    assert purse.percent_left == max(0, 100 - percent)


def test_without_a_limit_nothing_is_near_and_all_has_room() -> None:
    purse = Purse(None, Decimal(10**9))
    assert (purse.percent, purse.left_cents, purse.is_near, purse.is_full) == (
        None,
        None,
        False,
        False,
    )
    assert purse.has_room_for(Decimal(10**6))


def test_what_is_set_aside_takes_room_and_what_is_free_needs_none() -> None:
    purse = Purse(100, spent_cents=Decimal(50), held_cents=Decimal(20), reserved_cents=Decimal(20))
    assert purse.has_room_for(Decimal(10))
    assert not purse.has_room_for(Decimal("10.00000001"))
    assert Purse(0, Decimal(3)).has_room_for(Decimal(0))


def test_a_plan_is_near_its_end_at_four_fifths() -> None:
    assert [PlanUse("free", 5, used).is_near for used in range(6)] == [False] * 4 + [True] * 2
    assert [PlanUse("free", 5, used).is_full for used in (4, 5, 6)] == [False, True, True]


def test_a_month_begins_and_ends_at_midnight_where_the_website_is() -> None:
    website = Website(time_zone="Europe/Madrid")
    last_evening = datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)
    assert budget_room.month_of(website, last_evening).first.month == 3
    april = budget_room.month_of(website, last_evening + timedelta(seconds=1))
    assert (april.first.isoformat(), april.last.isoformat()) == ("2026-04-01", "2026-04-30")
