"""The usage report in words: what the page, its print and the PDF show of a UsageReport."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from pwb import filters
from pwb.ai_tools.charts import Chart
from pwb.ai_tools.usage_charts import charts
from pwb.services.budgets import BudgetState
from pwb.services.usage_report import Line, Published, Sums, UsageReport

Amount = Decimal | int
# From here on per cents tell less than a multiple.
MANY_TIMES = 10
LARGE_CENTS, MANY_TOKENS = 100_000_000, 10_000_000_000


@dataclass(frozen=True)
class Figure:
    """One number with what it is of, and what it was before."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Sums by one dimension; `wide` ones have columns for tokens, `long` ones many lines."""

    id: str
    title: str
    heading: str
    lines: list[Line]
    wide: bool = False
    long: bool = False


@dataclass(frozen=True)
class UsageView:
    """Everything that the report's template shows; `budget` is of this month, where the period
    has days of it."""

    report: UsageReport
    budget: BudgetState | None
    main: list[Figure]
    others: list[Figure]
    charts: tuple[Chart, Chart]
    tables: list[Table]

    @property
    def is_empty(self) -> bool:
        """Nothing ended in the period."""
        return not self.report.totals.requests

    @property
    def is_large(self) -> bool:
        """Sums have so many digits that two tables side by side would not fit a page."""
        sums = self.report.totals
        return (
            sums.cost_cents >= LARGE_CENTS or sums.input_tokens + sums.output_tokens >= MANY_TOKENS
        )


def usage_view(report: UsageReport, budget: BudgetState) -> UsageView:
    """The report as its template takes it."""
    period, month = report.period, budget.month
    together = period.first <= month.last and month.first <= period.last
    return UsageView(
        report=report,
        budget=budget if together else None,
        main=_main(report),
        others=_others(report),
        charts=charts(report),
        tables=_tables(report),
    )


def _main(report: UsageReport) -> list[Figure]:
    now, before = report.totals, report.previous
    each = report.cost_per_published_cents
    return [
        Figure("Spend", filters.cents(now.known_cents), _spend_note(now, before)),
        Figure("Generations", filters.number(now.requests), _count_note(now, before)),
        Figure(
            "Per published text",
            "–" if each is None else filters.cents(each),
            approved_words(report.published),
        ),
    ]


def approved_words(published: Published) -> str:
    """What the spend is shared among, in words."""
    texts, posts = published.texts, published.posts
    if not texts:
        return "No text or post was approved"
    if posts == texts:
        return f"{_numbered(posts, 'social post')} approved"
    words = f"{_numbered(texts, 'text')} approved"
    return f"{words}, {filters.number(posts)} of them social posts" if posts else words


def _numbered(count: int, noun: str) -> str:
    return f"{filters.number(count)} {noun}{'' if count == 1 else 's'}"


def _spend_note(now: Sums, before: Sums) -> str:
    """How the known costs compare, and how many requests are not among them."""
    if now.known_cents is None:
        return open_words(now)
    if before.known_cents is None:
        said = f"{open_words(before)} before"
    else:
        said = change(now.known_cents, before.known_cents, filters.cents)
    return f"{said}; without {open_words(now)}" if now.without_cost else said


def open_words(sums: Sums) -> str:
    """How many requests have no known cost: "2 pending, 1 unknown"."""
    counts = ((sums.pending, "pending"), (sums.unknown, "unknown"))
    return ", ".join(f"{filters.number(count)} {state}" for count, state in counts if count)


def _count_note(now: Sums, before: Sums) -> str:
    return change(now.requests, before.requests, filters.number)


def _others(report: UsageReport) -> list[Figure]:
    """The smaller figures, each against the period before."""
    now, before = report.totals, report.previous
    tokens_now = now.input_tokens + now.output_tokens
    tokens_before = before.input_tokens + before.output_tokens
    found = [
        Figure("Success rate", filters.share(now.success_rate), _rate_note(now, before)),
        Figure(
            "Tokens in and out",
            f"{filters.number(now.input_tokens)} + {filters.number(now.output_tokens)}",
            change(tokens_now, tokens_before, filters.number),
        ),
        _average("Average cost", now.average_cost_cents, before.average_cost_cents, filters.cents),
        _average("Average time", now.average_ms, before.average_ms, filters.duration),
    ]
    if report.forecast_cents is not None:
        forecast = filters.cents(report.forecast_cents)
        known = " of known costs" if now.without_cost else ""
        found.append(Figure("Forecast", forecast, f"to the month's end, at this pace{known}"))
    return found


def _average(
    label: str, now: Amount | None, before: Amount | None, write: Callable[..., str]
) -> Figure:
    if now is None:
        return Figure(label, "–", "nothing to average")
    return Figure(label, write(now), change(now, before, write))


def _rate_note(now: Sums, before: Sums) -> str:
    """Rates differ by points: from 98 % to 99 % is not 1 % more."""
    if now.success_rate is None:
        return "nothing finished"
    if before.success_rate is None:
        return "none before"
    points = round((now.success_rate - before.success_rate) * 100, 1)
    if not points:
        return "as before"
    return f"{_signed(points)} points from {filters.share(before.success_rate)}"


def change(now: Amount, before: Amount | None, write: Callable[..., str]) -> str:
    """How a figure compares with the period before, in words."""
    if not before:
        return "none before"
    if now == before:
        return "as before"
    times = Decimal(now) / Decimal(before)
    if times >= MANY_TIMES:
        return f"{filters.number(round(times))} times {write(before)}"
    percent = round((times - 1) * 100, 0)
    if not percent:
        return f"nearly as before, {write(before)}"
    return f"{_signed(percent)}% from {write(before)}"


def _signed(value: Decimal) -> str:
    """With its sign: a plus, or a minus as wide as one."""
    return f"{'+' if value > 0 else '−'}{filters.number(abs(value))}"


def _tables(report: UsageReport) -> list[Table]:
    tables = [
        Table("model", "By model", "Model", report.by_model, wide=True),
        Table("task", "By task", "Task", report.by_task),
        Table("listing", "By listing", "Listing", report.by_listing, long=True),
        Table("person", "By person", "Person", report.by_person),
        Table("locale", "By language", "Language", report.by_locale),
    ]
    return [table for table in tables if table.lines]
