"""Charts: their scales, their columns, and what is drawn where."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, g
from hypothesis import given
from hypothesis import strategies as st

from pwb import filters
from pwb.ai_tools import usage_charts
from pwb.ai_tools.charts import PLOT_HEIGHT, PLOT_TOP, Chart, Column, scale_to
from pwb.models import Website
from pwb.services.periods import Period
from pwb.services.usage_report import Published, Sums, UsageReport

FINEST = Decimal("0.00000001")


def report(first: date, last: date, days: dict[date, Sums] | None = None) -> UsageReport:
    period = Period(first, last, ZoneInfo("Europe/Madrid"))
    every = [first + timedelta(number) for number in range(period.days)]
    found = [(day, (days or {}).get(day, Sums())) for day in every]
    nothing = {
        name: []
        for name in ("by_model", "by_task", "by_person", "by_listing", "by_locale", "failures")
    }
    return UsageReport(
        period=period,
        totals=Sums(),
        previous_period=period.previous(),
        previous=Sums(),
        days=found,
        published=Published(),
        forecast_cents=None,
        running=0,
        **nothing,
    )


def month(days: dict[int, Sums]) -> UsageReport:
    named = {date(2026, 11, number): sums for number, sums in days.items()}
    return report(date(2026, 11, 1), date(2026, 11, 30), named)


def spend_of(a_report: UsageReport) -> Chart:
    return usage_charts.charts(a_report)[0]


def words(chart: Chart) -> list[str]:
    return [word.label for word in chart.words()]


@given(largest=st.decimals("0.00000001", "1e9", allow_nan=False, places=8))
def test_a_scale_holds_its_largest_value_in_at_most_four_even_steps(largest: Decimal) -> None:
    scale = scale_to(largest, FINEST)
    assert scale[0] == 0
    assert scale[-2] < largest <= scale[-1]
    assert 2 <= len(scale) <= 5
    assert {after - before for before, after in itertools.pairwise(scale)} == {scale[1]}


@given(count=st.integers(0, 10**7))
def test_a_scale_of_counts_has_whole_numbers_only(count: int) -> None:
    scale = scale_to(Decimal(count), Decimal(1))
    assert all(value == int(value) for value in scale)
    assert scale[-1] >= count


@pytest.mark.parametrize(
    ("largest", "labels"),
    [
        ("0", ["0 ¢", "1 ¢"]),
        ("0.0042", ["0.000 ¢", "0.002 ¢", "0.004 ¢", "0.006 ¢"]),
        ("9", ["0.0 ¢", "2.5 ¢", "5.0 ¢", "7.5 ¢", "10.0 ¢"]),
        ("90", ["$0.00", "$0.25", "$0.50", "$0.75", "$1.00"]),
        ("510", ["$0", "$2", "$4", "$6"]),
    ],
)
def test_the_marks_of_a_money_scale_share_one_unit(largest: str, labels: list[str]) -> None:
    scale = scale_to(Decimal(largest), FINEST)
    assert [filters.cents_on_scale(value, scale[1]) for value in scale] == labels


@pytest.mark.parametrize(
    ("days", "unit", "columns"),
    [(1, "day", 1), (45, "day", 45), (46, "week", 8), (200, "week", 30), (201, "month", 7)],
)
def test_a_long_period_has_a_column_a_week_or_a_month(days: int, unit: str, columns: int) -> None:
    first = date(2026, 3, 1)
    chart = spend_of(report(first, first + timedelta(days - 1)))
    assert chart.title == f"Spend per {unit}"
    assert len(chart.columns) == columns


def test_weeks_and_months_hold_every_day_once() -> None:
    first, last = date(2024, 1, 15), date(2026, 11, 22)
    each = Sums(requests=1, completed=1, exact_cents=Decimal("0.1"))
    every = {first + timedelta(number): each for number in range((last - first).days + 1)}
    for start in (first, date(2026, 8, 1)):
        inside = {day: sums for day, sums in every.items() if day >= start}
        drawn = spend_of(report(start, last, inside)).columns
        assert sum(column.total for column in drawn) == len(inside) * Decimal("0.1")


def test_estimated_costs_stand_on_exact_ones_and_reach_the_right_height() -> None:
    sums = Sums(requests=2, completed=2, exact_cents=Decimal(300), estimated_cents=Decimal(100))
    chart = spend_of(month({3: sums}))
    exact, estimated = chart.blocks(2)
    assert (exact.series, estimated.series) == (0, 1)
    assert exact.y + exact.height == chart.ground == PLOT_TOP + PLOT_HEIGHT
    assert estimated.y + estimated.height == exact.y
    assert estimated.y == PLOT_TOP
    assert list(chart.blocks(0)) == []


def test_the_smallest_cost_is_seen_beside_the_largest() -> None:
    large, small = Sums(exact_cents=Decimal(100_000)), Sums(exact_cents=Decimal("0.03"))
    chart = spend_of(month({1: large, 2: small}))
    (block,) = chart.blocks(1)
    assert block.height >= 1
    assert chart.columns[1].title == "November 2, 2026: 0.03 ¢"


def test_a_day_with_costs_that_are_not_known_is_marked_and_said() -> None:
    sums = Sums(requests=3, completed=3, exact_cents=Decimal(5), pending=1, unknown=1)
    column = spend_of(month({4: sums})).columns[3]
    assert column.open_costs == 2
    assert column.title == "November 4, 2026: 5 ¢, 2 without a known cost"


def test_words_beneath_are_few_enough_to_be_read() -> None:
    short = spend_of(month({}))
    assert words(short) == ["1", "4", "7", "10", "13", "16", "19", "22", "25", "28"]
    assert [word.minor for word in short.words()][:3] == [False, True, False]
    long = spend_of(report(date(2024, 12, 1), date(2026, 11, 22)))
    assert words(long)[0] == "Dec 2024"
    assert len(words(long)) <= 6


def columns_of(totals: Iterable[int]) -> tuple[Column, ...]:
    return tuple(Column(str(n), str(n), "", (Decimal(n),)) for n in totals)


@given(totals=st.lists(st.integers(0, 10**6), min_size=1, max_size=100))
def test_every_column_stays_within_the_plot(totals: list[int]) -> None:
    columns = columns_of(totals)
    scale = scale_to(Decimal(max(totals)), Decimal(1))
    chart = Chart("x", "X", "", "X", ("A",), columns, scale, lambda value, _: str(value), str)
    for position in range(len(columns)):
        for block in chart.blocks(position):
            assert block.x >= 0 and block.x + block.width <= 100
            assert block.y >= PLOT_TOP and block.y + block.height <= chart.ground + 1


def test_an_empty_period_and_a_single_day_have_a_scale_and_a_word(app_context: None) -> None:
    empty = spend_of(month({}))
    assert empty.summary == "Nothing to show."
    single = spend_of(report(date(2026, 11, 20), date(2026, 11, 20)))
    assert words(single) == ["20"]
    assert single.middle(0) == 50


def test_a_german_agency_reads_german_numbers_and_dates(app_context: None) -> None:
    g.website = Website(default_locale="de", time_zone="Europe/Berlin")
    chart = spend_of(month({3: Sums(requests=1, exact_cents=Decimal("123456.78"))}))
    assert chart.columns[2].title == "3. November 2026: 1.234,57\xa0$"
    assert [line.label for line in chart.lines()][-1] == "1.500\xa0$"


@pytest.fixture
def app_context() -> Iterable[None]:
    """Where the website of a report is found; no database is asked."""
    with Flask("a report").app_context():
        yield
