"""What a website, or one person on it, may spend in a month, and how many texts its plan holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, select

from pwb.extensions import db
from pwb.models import User, Website
from pwb.models.base import CENTS_SCALE
from pwb.services import budget_room
from pwb.services.budget_room import month_of
from pwb.services.periods import Period
from pwb.services.plans import PLAN_GENERATIONS

WARN_PERCENT, STOP_PERCENT = 80, 100
MOST_CENTS = 100_000_000


class _Limited(ABC):
    """Something of which only so much may be used; without a limit it is neither near nor full."""

    @property
    @abstractmethod
    def percent(self) -> int | None:
        """How much of the limit is used, in whole percent."""

    @property
    def is_near(self) -> bool:
        """Whether so much is used that people should know."""
        return self.percent is not None and self.percent >= WARN_PERCENT

    @property
    def is_full(self) -> bool:
        """Whether all of it is used."""
        return self.percent is not None and self.percent >= STOP_PERCENT


@dataclass(frozen=True)
class Purse(_Limited):
    """A month's money in US cents; `limit_cents` None means that there is no limit.

    `spent_cents` are known costs, `held_cents` what was set aside for finished requests whose cost
    is not known, `reserved_cents` the same for those that are still being written.
    """

    limit_cents: int | None
    spent_cents: Decimal = Decimal(0)
    held_cents: Decimal = Decimal(0)
    reserved_cents: Decimal = Decimal(0)

    @property
    def used_cents(self) -> Decimal:
        """What finished requests count."""
        return self.spent_cents + self.held_cents

    @property
    def left_cents(self) -> Decimal | None:
        """What finished requests leave, never below nothing; None without a limit."""
        if self.limit_cents is None:
            return None
        return max(Decimal(0), self.limit_cents - self.used_cents)

    @property
    def percent(self) -> int | None:
        """How much of the limit is used, in whole percent: 100 only once all of it is."""
        if self.limit_cents is None:
            return None
        return int(self.used_cents * 100 / self.limit_cents) if self.limit_cents else STOP_PERCENT

    @property
    def percent_left(self) -> int | None:
        """How much of the limit is left, in whole percent, from 0 to 100."""
        return None if self.percent is None else max(0, 100 - self.percent)

    def has_room_for(self, cents: Decimal) -> bool:
        """Whether a request that may cost so much can be opened beside those that run."""
        return (
            not cents or self.left_cents is None or cents + self.reserved_cents <= self.left_cents
        )


@dataclass(frozen=True)
class PlanUse(_Limited):
    """How many of the plan's generations a month are used; `limit` None means any number."""

    plan: str
    limit: int | None
    used: int

    @property
    def percent(self) -> int | None:
        """How much of the limit is used, in whole percent."""
        return None if self.limit is None else self.used * 100 // self.limit


@dataclass(frozen=True)
class BudgetState:
    """How a website stands in `month`; `person` is the actor's own share, None without a limit
    of their own."""

    month: Period
    website: Purse
    person: Purse | None
    plan: PlanUse

    @property
    def next_month(self) -> date:
        """The day on which all begins anew."""
        return self.month.last + timedelta(days=1)

    @property
    def percent_left(self) -> int | None:
        """Of the budget that has least left, the website's or the person's; None without any."""
        left = [self.website.percent_left, self.person.percent_left if self.person else None]
        return min((percent for percent in left if percent is not None), default=None)


def limit_problem(cents: int | None) -> str | None:
    """What does not fit about a month's budget; None means that there is no limit."""
    if cents is None or 0 <= cents <= MOST_CENTS:
        return None
    return f"A budget is between $0 and ${MOST_CENTS // 100:,} a month."


def unwarned_if_raised(change: tuple[Any, Any] | None) -> dict[str, None]:
    """What else to write where a budget changes, from and to US cents a month (None: no limit).

    A raised one has a letter of its own, once it is nearly used in its turn.
    """
    before, after = change or (None, None)
    raised = before is not None and (after is None or after > before)
    return {"budget_warned_month": None} if raised else {}


def state(website: Website, actor: User | None = None) -> BudgetState:
    """How the website, and the actor on it, stand this month."""
    month, room = month_of(website), budget_room
    sums: list[ColumnElement[Any]] = [room.known(), room.held(), room.open_(), room.counted()]
    if actor is not None:
        sums += [room.own_limit(), room.known(True), room.held(True), room.open_(True)]
    values = room.month_values(website, actor, month)
    spent, kept, running, count, *own = db.session.execute(select(*sums), values).one()
    return BudgetState(
        month=month,
        website=Purse(website.monthly_budget_cents, *map(_cents, (spent, kept, running))),
        person=Purse(own[0], *map(_cents, own[1:])) if own and own[0] is not None else None,
        plan=PlanUse(website.plan, PLAN_GENERATIONS[website.plan], int(count)),
    )


def _cents(units: Any) -> Decimal:
    return Decimal(units).scaleb(-CENTS_SCALE)
