"""What was used, summed up: one row a website, day (or month), dimension and key."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Date, ForeignKey, Integer, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from pwb.models.base import Base, CentUnits


class local_day(GenericFunction[date]):  # noqa: N801 - reads as an SQL function
    """The day on which a moment fell where clocks were so many seconds ahead of UTC."""

    type = Date()
    inherit_cache = True


@compiles(local_day)
def _day_of_timestamp(element: local_day, compiler: SQLCompiler, **kw: Any) -> str:
    moment, seconds = (compiler.process(part, **kw) for part in element.clauses)
    shifted = f"({moment} AT TIME ZONE 'UTC') + {seconds} * INTERVAL '1 second'"
    return f"CAST({shifted} AS DATE)"


@compiles(local_day, "sqlite")
def _day_of_text(element: local_day, compiler: SQLCompiler, **kw: Any) -> str:
    """Without the fraction of the second, which SQLite would round up into the next day."""
    moment, seconds = (compiler.process(part, **kw) for part in element.clauses)
    return f"DATE(SUBSTR({moment}, 1, 19), {seconds} || ' seconds')"


class first_of_month(GenericFunction[date]):  # noqa: N801 - reads as an SQL function
    """The first day of a day's month."""

    type = Date()
    inherit_cache = True


@compiles(first_of_month)
def _truncated(element: first_of_month, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(DATE_TRUNC('month', {compiler.process(element.clauses, **kw)}) AS DATE)"


@compiles(first_of_month, "sqlite")
def _start_of_month(element: first_of_month, compiler: SQLCompiler, **kw: Any) -> str:
    return f"DATE({compiler.process(element.clauses, **kw)}, 'start of month')"


DIMENSIONS = ("total", "model", "task", "person", "listing", "locale", "error")


class Measures:
    """What is summed up. Money is whole units of 1e-8 cents, so that adding is exact."""

    requests: Mapped[int] = mapped_column(Integer)
    completed: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)
    # Failures that cost nothing: a plan's limit does not count them.
    free_failures: Mapped[int] = mapped_column(Integer)
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    cached_tokens: Mapped[int] = mapped_column(BigInteger)
    reasoning_tokens: Mapped[int] = mapped_column(BigInteger)
    # Known costs are exact or estimated; requests without one are pending or unknown, and what
    # was reserved for those is still held against the budget.
    exact_cents: Mapped[Decimal] = mapped_column("exact_units", CentUnits)
    estimated_cents: Mapped[Decimal] = mapped_column("estimated_units", CentUnits)
    held_cents: Mapped[Decimal] = mapped_column("held_units", CentUnits)
    pending_count: Mapped[int] = mapped_column(Integer)
    unknown_count: Mapped[int] = mapped_column(Integer)
    # Of completed requests whose time is known.
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    duration_count: Mapped[int] = mapped_column(Integer)


class UsageDaily(Measures, Base):
    """Sums over the finished requests of one day, for one value of one dimension.

    The day is that of the request's `created_at` in the website's time zone. `key` is the model,
    task, person's id, listing's id, locale or error code, '' where there is none; the dimension
    `total` has the one key ''. `error` holds failed requests alone. What the sums cover is written
    once, in `services/rollups.py`.
    """

    __tablename__ = "pwb_ai_usage_daily"
    # Everything is asked for by a range of the primary key, so SQLite keeps the rows in its order.
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own contract

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(10), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)


class UsageMonthly(Measures, Base):
    """The sums of a whole month's days, the month named by its first.

    A day has nearly as many listings as requests; a month's row stands for up to 31 of its days'.
    """

    __tablename__ = "pwb_ai_usage_monthly"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own contract

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(10), primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
