"""The ledger's sums by day and by month, kept right by the transaction that changes a row.

What a request adds to the sums is written once, below, in SQL: settling, correcting and rebuilding
run the same statement over one row, some, or all of a website's. Only final requests count.

Locks on PostgreSQL are always taken in one order, so that nobody waits in a ring: the ledger's
rows, the website (shared; alone while its sums are rebuilt), then the sums, months in order. A
month's total comes first, and guards all the others of the month and of its days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    String,
    Subquery,
    Table,
    bindparam,
    case,
    delete,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql, sqlite

from pwb.extensions import db
from pwb.models import GenerationRequest, UsageDaily, UsageMonthly, Website
from pwb.models.base import cent_units
from pwb.models.generations import FINAL
from pwb.models.usage import DIMENSIONS, first_of_month, local_day

_ROW = cast(Table, GenerationRequest.__table__).c
_DAILY, _MONTHLY = cast(Table, UsageDaily.__table__), cast(Table, UsageMonthly.__table__)
_IDS_AT_ONCE = 500
Scope = Literal["ids", "range"]
Span = Literal["day", "month"]


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _measures() -> dict[str, ColumnElement[Any]]:
    """What one request adds, by column of the sums."""
    completed, failed = _ROW.status == "completed", _ROW.status == "failed"
    known, pending = _ROW.cost_cents.is_not(None), _ROW.cost_state == "pending"
    timed = completed & _ROW.duration_ms.is_not(None)
    cost = func.coalesce(cent_units(_ROW.cost_cents), 0)
    reserved = func.coalesce(cent_units(_ROW.reserved_cents), 0)
    exact = _ROW.cost_state == "exact"
    tokens = ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")
    return {
        "requests": literal(1),
        "completed": _one_if(completed),
        "failed": _one_if(failed),
        "free_failures": _one_if(failed & (_ROW.cost_cents == 0)),
        **{name: func.coalesce(_ROW[name], 0) for name in tokens},
        "exact_units": case((exact, cost), else_=0),
        "estimated_units": case((exact, 0), else_=cost),
        "held_units": case((known, 0), else_=reserved),
        "pending_count": _one_if(~known & pending),
        "unknown_count": _one_if(~known & ~pending),
        "duration_ms": case((timed, _ROW.duration_ms), else_=0),
        "duration_count": _one_if(timed),
    }


def _keys() -> dict[str, ColumnElement[Any]]:
    """A request's key in each dimension; NULL where it is not part of it."""
    return {
        "total": literal(""),
        "model": _ROW.ai_model,
        "task": _ROW.request_type,
        "person": func.coalesce(sql_cast(_ROW.user_id, String), ""),
        "listing": func.coalesce(sql_cast(_ROW.property_id, String), ""),
        "locale": _ROW.locale,
        "error": case((_ROW.status == "failed", func.coalesce(_ROW.error_code, ""))),
    }


def _expanded(scope: Scope, span: Span) -> Subquery:
    """Each request of the scope once a dimension, with its day or month, key and measures."""
    dimensions = union_all(
        *(select(literal(name, literal_execute=True).label("dimension")) for name in DIMENSIONS)
    ).subquery()
    chosen = {
        "ids": (_ROW.id.in_(bindparam("ids", expanding=True)),),
        "range": (_ROW.created_at >= bindparam("start"), _ROW.created_at < bindparam("end")),
    }[scope]
    day = local_day(_ROW.created_at, bindparam("offset", type_=Integer))
    key = case(_keys(), value=dimensions.c.dimension)
    return (
        select(
            dimensions.c.dimension,
            (day if span == "day" else first_of_month(day)).label(span),
            key.label("key"),
            *(measure.label(name) for name, measure in _measures().items()),
        )
        .join_from(GenerationRequest, dimensions, literal(True))
        .where(_ROW.website_id == bindparam("website"), _ROW.status.in_(FINAL), *chosen)
        .subquery()
    )


# Built once: settling a generation is on somebody's way.
@cache
def _folding(scope: Scope, span: Span, dialect: str) -> Executable:
    """The one statement that adds requests (`sign` 1) to the sums or takes them out (-1)."""
    each = _expanded(scope, span)
    sign = bindparam("sign", type_=Integer)
    place = (each.c[span], each.c.dimension, each.c.key)
    source = (
        select(
            bindparam("website", type_=Integer).label("website_id"),
            *place,
            *((func.sum(each.c[name]) * sign).label(name) for name in _measures()),
        )
        .where(each.c.key.is_not(None))
        .group_by(*place)
        .order_by(each.c[span], each.c.dimension != "total", each.c.dimension, each.c.key)
    )
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    table = {"day": _DAILY, "month": _MONTHLY}[span]
    statement = insert(table).from_select(
        ["website_id", span, "dimension", "key", *_measures()], source
    )
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: table.c[name] + statement.excluded[name] for name in _measures()},
    )


def _fold(scope: Scope, span: Span, website_id: int, sign: int, offset: int, **values: Any) -> None:
    db.session.execute(
        _folding(scope, span, db.engine.dialect.name),
        {"website": website_id, "sign": sign, "offset": offset, **values},
    )


_TIME_ZONE = (
    select(Website.time_zone)
    .where(Website.id == bindparam("website"))
    .with_for_update(read=True, key_share=True)
)


def _zone(website_id: int) -> ZoneInfo:
    """The website's time zone, which stays what it is until the transaction ends."""
    return ZoneInfo(db.session.scalar(_TIME_ZONE, {"website": website_id}) or "UTC")


def _offset(moment: datetime, zone: ZoneInfo) -> int:
    """Seconds east of UTC at that moment."""
    away = moment.astimezone(zone).utcoffset()
    return int(away.total_seconds()) if away is not None else 0


def add(website_id: int, moments: Mapping[int, datetime]) -> None:
    """Count requests that have just become final, given by id with their `created_at`.

    To be called after the statement that made them so, in its transaction.
    """
    _count(website_id, moments, 1)


def _count(website_id: int, moments: Mapping[int, datetime], sign: int) -> None:
    """Add the requests to the sums (`sign` 1), or take them out (-1)."""
    if not moments:
        return
    zone = _zone(website_id)
    in_time = sorted((moment, request_id) for request_id, moment in moments.items())
    for offset, together in groupby(in_time, lambda pair: _offset(pair[0], zone)):
        ids = [request_id for _, request_id in together]
        for start in range(0, len(ids), _IDS_AT_ONCE):
            some = ids[start : start + _IDS_AT_ONCE]
            _fold("ids", "month", website_id, sign, offset, ids=some)
            _fold("ids", "day", website_id, sign, offset, ids=some)


@contextmanager
def kept_right(website_id: int, *conditions: ColumnElement[bool]) -> Iterator[None]:
    """Within it, the website's requests that meet the conditions may be changed; their sums
    follow in the same transaction, which the caller owns."""
    query = select(GenerationRequest.id, GenerationRequest.created_at).where(
        GenerationRequest.website_id == website_id, *conditions
    )
    found = db.session.execute(query.order_by(GenerationRequest.id).with_for_update()).all()
    moments = {row.id: row.created_at for row in found}
    _count(website_id, moments, -1)
    yield
    db.session.flush()
    _count(website_id, moments, 1)


def hold(website: Website) -> None:
    """Let nobody settle a request of this website until the transaction ends."""
    db.session.execute(select(Website.id).where(Website.id == website.id).with_for_update())


def rebuild(website: Website) -> None:
    """Make the website's sums anew from its requests; the caller owns the transaction."""
    hold(website)
    for sums in (UsageMonthly, UsageDaily):
        db.session.execute(delete(sums).where(sums.website_id == website.id))
    zone, row = _zone(website.id), GenerationRequest
    query = select(func.min(row.created_at), func.max(row.created_at))
    first, last = db.session.execute(query.where(row.website_id == website.id)).one()
    if first is None:
        return
    for start, end, offset in _constant_offsets(zone, first, last):
        _fold("range", "day", website.id, 1, offset, start=start, end=end)
    db.session.execute(_months_of_days(), {"website": website.id})


@cache
def _months_of_days() -> Executable:
    """The statement that adds a website's days up to months."""
    place = (_DAILY.c.website_id, first_of_month(_DAILY.c.day), _DAILY.c.dimension, _DAILY.c.key)
    days = (
        select(*place, *(func.sum(_DAILY.c[name]) for name in _measures()))
        .where(_DAILY.c.website_id == bindparam("website"))
        .group_by(*place)
    )
    columns = ["website_id", "month", "dimension", "key", *_measures()]
    return _MONTHLY.insert().from_select(columns, days)


def rebuild_all() -> int:
    """Make every website's sums anew, one transaction each; how many websites there are."""
    websites = db.session.scalars(select(Website).order_by(Website.id)).all()
    for website in websites:
        rebuild(website)
        db.session.commit()
    return len(websites)


Stretch = tuple[datetime, datetime, int]


def _constant_offsets(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[Stretch]:
    """The time from `first` to beyond `last` in stretches within which clocks were not changed."""
    end = last + timedelta(days=1)
    start = first
    while start < end:
        offset = _offset(start, zone)
        stop = _next_change(zone, start, end)
        yield start, stop, offset
        start = stop


def _next_change(zone: ZoneInfo, start: datetime, end: datetime) -> datetime:
    """When clocks next change after `start`, to the second; `end` where they do not before."""
    offset, before, after = _offset(start, zone), start, start
    while after < end and _offset(after, zone) == offset:
        before, after = after, after + timedelta(days=1)
    if _offset(after, zone) == offset:
        return end
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        before, after = (middle, after) if _offset(middle, zone) == offset else (before, middle)
    return after.replace(microsecond=0)
