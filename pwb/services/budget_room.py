"""What a month's requests count so far, in SQL: asked by the statement that inserts the next one,
so that no two see the same room.

A request counts in the month in which it was opened, in the website's time zone: at what it cost;
at what was set aside for it while it runs, and for as long as its cost is not known. The finished
ones are read from the daily sums, the open ones from the ledger. A settling request moves from
one to the other in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
)

from pwb.models import GenerationRequest, Membership, UsageDaily, User, Website
from pwb.models.base import CENTS_SCALE, UTCDateTime, cent_units, utcnow
from pwb.services.periods import Period, last_of_month
from pwb.services.plans import PLAN_GENERATIONS

_UNITS_PER_CENT = 10**CENTS_SCALE
_ROW = GenerationRequest.__table__.c
_DAY = UsageDaily.__table__.c


def month_of(website: Website, moment: datetime | None = None) -> Period:
    """The website's month in which the moment (now, unless given) falls."""
    zone = ZoneInfo(website.time_zone)
    first = (moment or utcnow()).astimezone(zone).date().replace(day=1)
    return Period(first, last_of_month(first), zone)


@dataclass(frozen=True)
class Limits:
    """Which limits there are to ask about; of the person's own the database alone knows."""

    website: bool
    person: bool
    plan: bool


def limits_of(website: Website, actor: User | None, cents: Decimal) -> Limits:
    """The limits of a generation that may cost so many cents: one that is free needs no money."""
    return Limits(
        website=cents > 0 and website.monthly_budget_cents is not None,
        person=cents > 0 and actor is not None,
        plan=PLAN_GENERATIONS[website.plan] is not None,
    )


def room(limits: Limits) -> list[ColumnElement[bool]]:
    """What must hold for one more generation, with the parameters of `room_values`."""
    new = bindparam("new_units", type_=BigInteger)
    conditions: list[ColumnElement[bool]] = []
    if limits.website:
        budget = bindparam("budget_units", type_=BigInteger)
        conditions.append(used() + open_() + new <= budget)
    if limits.plan:
        conditions.append(counted() < bindparam("plan_limit"))
    if limits.person:
        own = own_limit()
        # Cents are an INTEGER, in which PostgreSQL has no room for the units of 22 of them.
        units = cast(own, BigInteger) * literal_column(str(_UNITS_PER_CENT))
        fits = used(True) + open_(True) + new <= units
        conditions.append(or_(own.is_(None), fits))
    return conditions


def room_values(
    website: Website, actor: User | None, month: Period, cents: Decimal
) -> dict[str, Any]:
    """The parameters of `room` for a generation that may cost so many cents."""
    return month_values(website, actor, month) | {
        "new_units": int(cents.scaleb(CENTS_SCALE).to_integral_value(ROUND_CEILING)),
        "budget_units": (website.monthly_budget_cents or 0) * _UNITS_PER_CENT,
        "plan_limit": PLAN_GENERATIONS[website.plan],
    }


def month_values(website: Website, actor: User | None, month: Period) -> dict[str, Any]:
    """The parameters of the sums below."""
    start, end = month.bounds()
    return {
        "website_id": website.id,
        "user_id": actor.id if actor else None,
        "person_key": str(actor.id) if actor else "",
        "first": month.first,
        "last": month.last,
        "start": start,
        "end": end,
    }


def used(of_person: bool = False) -> ColumnElement[int]:
    """What finished requests count, in units of 1e-8 cents."""
    return known(of_person) + held(of_person)


def known(of_person: bool = False) -> ColumnElement[int]:
    """What finished requests are known to have cost, exactly or estimated, in units."""
    return _finished(func.sum(_units("exact_units") + _units("estimated_units")), of_person)


def held(of_person: bool = False) -> ColumnElement[int]:
    """What was set aside for finished requests without a known cost, in units."""
    return _finished(func.sum(_units("held_units")), of_person)


def open_(of_person: bool = False) -> ColumnElement[int]:
    """What is set aside for requests that are not finished, in units."""
    return _open(func.sum(cent_units(_ROW.reserved_cents)), of_person)


def counted() -> ColumnElement[int]:
    """How many requests count for the plan: all but failures that cost nothing."""
    return _finished(func.sum(_DAY.requests - _DAY.free_failures)) + _open(func.count())


def own_limit() -> ColumnElement[int | None]:
    """The person's own budget on the website in cents, NULL without one."""
    return (
        select(Membership.monthly_budget_cents)
        .where(
            Membership.website_id == bindparam("website_id"),
            Membership.user_id == bindparam("user_id"),
        )
        .scalar_subquery()
    )


def _units(name: str) -> ColumnElement[int]:
    return type_coerce(_DAY[name], BigInteger)


def _finished(value: ColumnElement[Any], of_person: bool = False) -> ColumnElement[Any]:
    """A sum over the month's daily sums, 0 without any."""
    query = select(func.coalesce(value, 0)).where(
        _DAY.website_id == bindparam("website_id"),
        _DAY.dimension == ("person" if of_person else "total"),
        _DAY.day.between(bindparam("first", type_=Date), bindparam("last", type_=Date)),
    )
    if of_person:
        query = query.where(_DAY.key == bindparam("person_key"))
    return query.scalar_subquery()


def _open(value: ColumnElement[Any], of_person: bool = False) -> ColumnElement[Any]:
    """A sum over the month's requests that are not finished, 0 without any."""
    query = select(func.coalesce(value, 0)).where(
        _ROW.website_id == bindparam("website_id"),
        _ROW.status.in_(("pending", "processing")),
        _ROW.created_at >= bindparam("start", type_=UTCDateTime),
        _ROW.created_at < bindparam("end", type_=UTCDateTime),
    )
    if of_person:
        query = query.where(_ROW.user_id == bindparam("user_id"))
    return query.scalar_subquery()
