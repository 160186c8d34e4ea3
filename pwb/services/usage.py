"""A website's usage of a period, read from the kept sums: a page, a file and a command tell the
same because all of them ask here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Subquery,
    bindparam,
    func,
    select,
    union_all,
)

from pwb.content.locales import LOCALES
from pwb.content.tasks import task_label
from pwb.extensions import db
from pwb.models import (
    GenerationRequest,
    Property,
    TextApproval,
    UsageDaily,
    UsageMonthly,
    User,
    Website,
)
from pwb.services import periods
from pwb.services.generation_errors import CAUSES, CURES
from pwb.services.periods import Period
from pwb.services.usage_report import Failure, Line, Published, Sums, UsageReport

# The dearest keys of a dimension have lines of their own; one more sums up the others.
MOST_LINES = 20
# The days of a longer period begin with its first use: nobody reads centuries of nothing.
MOST_DAYS = 3660
FORECAST_FROM_DAYS = 28
NOBODY = {
    "person": "Nobody signed in, or an erased person",
    "listing": "No listing, or a deleted one",
}

_COUNTED = {"pending": "pending_count", "unknown": "unknown_count"}
_CENTS = ("exact_cents", "estimated_cents", "held_cents")


def _columns(kept: type[UsageDaily | UsageMonthly]) -> dict[str, Any]:
    """The kept columns by the names that `Sums` has for them; those of the table, whose rows come
    without the ORM's work on each."""
    own = kept.__mapper__.columns
    return {name: own[_COUNTED.get(name, name)] for name in Sums._fields}


def sums_columns() -> list[ColumnElement[Any]]:
    """What to select for a `sums_of`."""
    return [func.sum(column).label(name) for name, column in _columns(UsageDaily).items()]


def sums_of(values: Iterable[Any]) -> Sums:
    """The sums out of `sums_columns` in their order; nothing summed is nothing used."""
    pairs = zip(Sums._fields, values, strict=True)
    return Sums(**{name: _exact(name, value) for name, value in pairs if value is not None})


def _exact(name: str, value: Any) -> Any:
    """PostgreSQL adds up whole numbers to a Decimal."""
    return value if name in _CENTS else int(value)


def added(parts: Iterable[Sums]) -> Sums:
    """The sums of sums."""
    columns: Any = zip(Sums(), *parts, strict=True)
    return Sums._make(map(sum, columns))


def without(whole: Sums, parts: Iterable[Sums]) -> Sums:
    """What is left of `whole`."""
    pairs: Any = zip(whole, added(parts), strict=True)
    return Sums._make(all_ - gone for all_, gone in pairs)


def _in_days(dimension: str) -> list[ColumnElement[bool]]:
    """The conditions for a website's sums of some days, with the parameters of `_place`."""
    return [
        UsageDaily.website_id == bindparam("website"),
        UsageDaily.dimension == dimension,
        UsageDaily.day.between(bindparam("first"), bindparam("last")),
    ]


def _place(website: Website, period: Period) -> dict[str, Any]:
    return {"website": website.id, "first": period.first, "last": period.last}


def totals(website: Website, period: Period) -> Sums:
    """The period's sums alone."""
    query = select(*sums_columns()).where(*_in_days("total"))
    return sums_of(db.session.execute(query, _place(website, period)).one())


def first_use(website: Website) -> date | None:
    """The day of the first finished request."""
    query = select(func.min(UsageDaily.day))
    own = (UsageDaily.website_id == website.id, UsageDaily.dimension == "total")
    return db.session.scalar(query.where(*own))


def report(website: Website, period: Period) -> UsageReport:
    """Everything about the period. Requests past their deadline are the caller's to settle."""
    before = period.previous()
    now = periods.today(website)
    recent = now - timedelta(days=FORECAST_FROM_DAYS - 1)
    known = Period(min(before.first, recent), max(period.last, now), period.zone)
    daily = _daily(website, known)
    whole = added(_between(daily, period.first, period.last))
    return UsageReport(
        period=period,
        totals=whole,
        previous_period=before,
        previous=added(_between(daily, before.first, before.last)),
        days=_days(daily, period, now),
        by_model=_lines(website, period, "model", whole),
        by_task=_lines(website, period, "task", whole),
        by_person=_lines(website, period, "person", whole),
        by_listing=_lines(website, period, "listing", whole),
        by_locale=_lines(website, period, "locale", whole),
        failures=_failures(website, period),
        published=_published(website, period),
        forecast_cents=_forecast(daily, period, now, whole),
        running=_running(website, period),
    )


def _daily(website: Website, period: Period) -> dict[date, Sums]:
    rows = db.session.execute(_daily_query(), _place(website, period))
    return {row[0]: Sums._make(row[1:]) for row in rows}


# Building these takes longer than executing them: they are built once.
@cache
def _daily_query() -> Executable:
    day, sums = UsageDaily.__mapper__.columns.day, _columns(UsageDaily)
    query = select(day, *sums.values()).where(*_in_days("total"))
    return query.where(sums["requests"] > 0).order_by(day)


def _between(daily: Mapping[date, Sums], first: date, last: date) -> list[Sums]:
    return [sums for day, sums in daily.items() if first <= day <= last]


def _days(daily: Mapping[date, Sums], period: Period, now: date) -> list[tuple[date, Sums]]:
    """Every day of the period; of a very long one, those from the first use until today."""
    first, last, nothing = period.first, period.last, Sums()
    if period.days > MOST_DAYS:
        used = [day for day in daily if first <= day <= last]
        last = max([min(last, now), *used]) if first <= now else first
        first = min([last, *used])
    count = (last - first).days + 1
    days = (first + timedelta(days=number) for number in range(count))
    return [(day, daily.get(day, nothing)) for day in days]


def _lines(website: Website, period: Period, dimension: str, whole: Sums) -> list[Line]:
    """The dearest keys of the dimension, and what is left of the whole in a last line."""
    rows = db.session.execute(_lines_query(dimension), _spans(website, period)).all()
    shown = rows if len(rows) <= MOST_LINES else rows[: MOST_LINES - 1]
    labels = _labels(website, dimension, [row.key for row in shown])
    lines = [Line(key, labels[key], sums_of(values)) for key, *values in shown]
    if len(shown) < len(rows):
        others = without(whole, (line.sums for line in lines))
        lines.append(Line("", "All others", others, rest=True))
    return lines


@cache
def _lines_query(dimension: str) -> Executable:
    parts = _parts(dimension).c
    cost = func.sum(parts.exact_cents + parts.estimated_cents)
    return (
        select(parts.key, *(func.sum(parts[name]) for name in Sums._fields))
        .group_by(parts.key)
        .having(func.sum(parts.requests) > 0)
        .order_by(cost.desc(), func.sum(parts.requests).desc(), parts.key)
        .limit(MOST_LINES + 1)
    )


def _parts(dimension: str) -> Subquery:
    """A website's sums of a dimension, with the parameters of `_spans`: whole months are read
    from the months, since a day has nearly as many listings as requests."""
    spans = (
        ("days", UsageDaily, UsageDaily.day),
        ("months", UsageMonthly, UsageMonthly.month),
        ("last_days", UsageDaily, UsageDaily.day),
    )
    parts = [
        select(
            kept.__mapper__.columns.key,
            *(column.label(name) for name, column in _columns(kept).items()),
        ).where(
            kept.website_id == bindparam("website"),
            kept.dimension == dimension,
            when.between(bindparam(f"{span}_from"), bindparam(f"{span}_to")),
        )
        for span, kept, when in spans
    ]
    return union_all(*parts).subquery()


def _spans(website: Website, period: Period) -> dict[str, Any]:
    """The period as days, whole months, and days again; any of these may be empty."""
    one = timedelta(days=1)
    start, end = period.whole_months() or (period.last + one, period.last)
    return {
        "website": website.id,
        "days_from": period.first,
        "days_to": start - one,
        "months_from": start,
        "months_to": end,
        "last_days_from": end + one,
        "last_days_to": period.last,
    }


def _labels(website: Website, dimension: str, keys: Collection[str]) -> dict[str, str]:
    """How a person reads the keys."""
    named = {key: key for key in keys} | {"": NOBODY.get(dimension, "–")}
    ids = [int(key) for key in keys if key] if dimension in NOBODY else []
    if dimension == "task":
        named |= {key: task_label(key) for key in keys}
    elif dimension == "locale":
        named |= {key: LOCALES.get(key, key) for key in keys}
    elif dimension == "listing" and ids:
        named |= _named(
            select(Property.id, Property.reference).where(
                Property.website_id == website.id, Property.id.in_(ids)
            )
        )
    elif dimension == "person" and ids:
        name = func.coalesce(func.nullif(User.name, ""), User.email)
        named |= _named(select(User.id, name).where(User.id.in_(ids)))
    return named


def _named(query: Executable) -> dict[str, str]:
    return {str(row[0]): row[1] for row in db.session.execute(query)}


def _failures(website: Website, period: Period) -> list[Failure]:
    """Causes of failures, the most frequent first."""
    return [
        Failure(code, int(number), CAUSES.get(code, "Unknown"), CURES.get(code, ""))
        for code, number in db.session.execute(_failures_query(), _spans(website, period))
    ]


@cache
def _failures_query() -> Executable:
    parts = _parts("error").c
    count = func.sum(parts.requests)
    return (
        select(parts.key, count)
        .group_by(parts.key)
        .having(count > 0)
        .order_by(count.desc(), parts.key)
    )


def _published(website: Website, period: Period) -> Published:
    """Texts of listings and posts approved in the period; one that was approved twice is one."""
    start, end = period.bounds()
    texts = (
        select(TextApproval.property_id, TextApproval.locale, TextApproval.post_id)
        .where(
            TextApproval.website_id == website.id,
            TextApproval.created_at >= start,
            TextApproval.created_at < end,
        )
        .distinct()
        .subquery()
    )
    counted = select(func.count(), func.count(texts.c.post_id)).select_from(texts)
    return Published(*db.session.execute(counted).one())


def _forecast(daily: Mapping[date, Sums], period: Period, now: date, whole: Sums) -> Decimal | None:
    """The spend so far, and the last four weeks' average for each day that is left of the month;
    an average since the first use where that is later."""
    end = periods.last_of_month(now)
    if period.first != now.replace(day=1) or period.last not in {now, end}:
        return None
    recent = {day: sums for day, sums in daily.items() if day > now - timedelta(FORECAST_FROM_DAYS)}
    if not recent:
        return whole.cost_cents
    spent = added(recent.values()).known_cents
    if spent is None:
        return None
    a_day = spent / ((now - min(recent)).days + 1)
    return (whole.cost_cents + a_day * (end - now).days).quantize(Decimal("0.01"))


def _running(website: Website, period: Period) -> int:
    """Requests of the period that are not finished."""
    start, end = period.bounds()
    row = GenerationRequest
    query = select(func.count(row.id)).where(
        row.website_id == website.id,
        row.status.in_(("pending", "processing")),
        row.created_at >= start,
        row.created_at < end,
    )
    return db.session.scalar(query) or 0
