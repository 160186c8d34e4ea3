"""What the usage report draws: spend over time, and generations over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from babel import dates

from pwb import filters
from pwb.ai_tools.charts import Chart, Column, largest_of, scale_to
from pwb.services.periods import last_of_month
from pwb.services.usage_report import Sums, UsageReport

# More columns than this are too thin to tell apart: weeks stand for days, months for weeks.
MOST_DAYS, MOST_DAYS_IN_WEEKS, MOST_DAYS_IN_MONTHS = 45, 200, 3700
FINEST_CENTS = Decimal("0.00000001")


@dataclass(frozen=True)
class Span:
    """The days that one column stands for: a short name, the full one, and their sums."""

    label: str
    when: str
    sums: list[Sums]

    def cents(self, field: str) -> Decimal:
        """The sum of one of the costs."""
        return sum((getattr(day, field) for day in self.sums), Decimal(0))

    def count(self, field: str) -> int:
        """The sum of one of the counts."""
        return sum(getattr(day, field) for day in self.sums)


def charts(report: UsageReport) -> tuple[Chart, Chart]:
    """The report's charts, in their order."""
    unit, found = spans(report)
    return _spend(unit, found), _generations(unit, found)


def spans(report: UsageReport) -> tuple[str, list[Span]]:
    """What a column stands for, from "day" to "year", and the report's days cut into such."""
    (first, _), (last, _), count = report.days[0], report.days[-1], len(report.days)
    if count <= MOST_DAYS:
        same_month = (first.year, first.month) == (last.year, last.month)
        return "day", list(_cut(report, lambda day: day, "d" if same_month else "MMMd"))
    if count <= MOST_DAYS_IN_WEEKS:
        return "week", list(_cut(report, _last_of_week, "MMMd"))
    if count <= MOST_DAYS_IN_MONTHS:
        return "month", list(_cut(report, last_of_month, "MMM" if count <= 366 else "yMMM"))
    return "year", list(_cut(report, lambda day: date(day.year, 12, 31), "y"))


def _last_of_week(day: date) -> date:
    """The Sunday on or after `day`."""
    return day + timedelta(days=6 - day.weekday())


def _cut(report: UsageReport, end_of: Callable[[date], date], skeleton: str) -> Iterator[Span]:
    """The days in groups, each up to the day that `end_of` names."""
    days = report.days
    while days:
        first = days[0][0]
        last = min(end_of(first), days[-1][0])
        count = (last - first).days + 1
        group, days = days[:count], days[count:]
        label = dates.format_skeleton(skeleton, first, locale=filters.locale())
        yield Span(label, filters.span(first, last), [sums for _, sums in group])


def _spend(unit: str, found: list[Span]) -> Chart:
    """Known costs, exact ones below and estimated ones above."""
    columns = tuple(_spend_column(span) for span in found)
    together = sum((column.total for column in columns), Decimal(0))
    return Chart(
        name="spend",
        title=f"Spend per {unit}",
        summary=_summary("spend", columns),
        place=unit.capitalize(),
        series=("Exact", "Estimated"),
        columns=columns,
        scale=scale_to(largest_of(columns), FINEST_CENTS),
        write=filters.cents_on_scale,
        tell=lambda cents: filters.cents_beside(cents, together),
    )


def _spend_column(span: Span) -> Column:
    values = span.cents("exact_cents"), span.cents("estimated_cents")
    waiting = span.count("without_cost")
    words = []
    if waiting < span.count("requests") or not waiting:
        words.append(filters.cents(sum(values, Decimal(0))))
    if values[1]:
        words.append(f"{filters.cents(values[1])} of it estimated")
    if waiting:
        words.append(f"{filters.number(waiting)} without a known cost")
    return _column(span, words, values, waiting)


def _generations(unit: str, found: list[Span]) -> Chart:
    """Finished generations, completed ones below and failed ones above."""
    columns = tuple(_generations_column(span) for span in found)
    return Chart(
        name="generations",
        title=f"Generations per {unit}",
        summary=_summary("number", columns),
        place=unit.capitalize(),
        series=("Completed", "Failed"),
        columns=columns,
        scale=scale_to(largest_of(columns), Decimal(1)),
        write=lambda count, _step: filters.number(int(count)),
        tell=lambda count: filters.number(int(count)),
    )


def _generations_column(span: Span) -> Column:
    completed, failed = span.count("completed"), span.count("failed")
    words = [f"{filters.number(completed)} completed"]
    if failed:
        words.append(f"{filters.number(failed)} failed")
    return _column(span, words, (Decimal(completed), Decimal(failed)))


def _column(
    span: Span, words: list[str], values: tuple[Decimal, ...], open_costs: int = 0
) -> Column:
    title = f"{span.when}: {', '.join(words)}"
    return Column(span.label, span.when, title, values, open_costs)


def _summary(what: str, columns: tuple[Column, ...]) -> str:
    """The chart in a sentence, for who cannot see it."""
    highest = max(columns, key=lambda column: column.total)
    if not highest.total:
        open_costs = sum(column.open_costs for column in columns)
        return "No cost is known." if open_costs else "Nothing to show."
    return f"The highest {what}: {highest.title.replace(': ', ', ', 1)}."
