"""What a website used in a period: the one source of the sums on screen, in print and in CSV."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pwb.services.periods import Period


class Sums(NamedTuple):
    """Sums over finished requests. Costs are cents: `cost_cents` are the known ones, exact or
    estimated; `held_cents` what was reserved for the `pending` and `unknown` ones.

    A tuple, since a report over years makes and adds up thousands.
    """

    requests: int = 0
    completed: int = 0
    failed: int = 0
    free_failures: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    exact_cents: Decimal = Decimal(0)
    estimated_cents: Decimal = Decimal(0)
    held_cents: Decimal = Decimal(0)
    pending: int = 0
    unknown: int = 0
    duration_ms: int = 0
    duration_count: int = 0

    @property
    def cost_cents(self) -> Decimal:
        """All known costs."""
        return self.exact_cents + self.estimated_cents

    @property
    def known_cents(self) -> Decimal | None:
        """The same; None where there are requests, and the cost of none of them is known."""
        return None if self.requests and self.without_cost == self.requests else self.cost_cents

    @property
    def without_cost(self) -> int:
        """Requests whose cost is not known, or not yet."""
        return self.pending + self.unknown

    @property
    def average_cost_cents(self) -> Decimal | None:
        """Of requests whose cost is known; None without any."""
        known = self.requests - self.without_cost
        return self.cost_cents / known if known else None

    @property
    def average_ms(self) -> int | None:
        """Of completed requests; None without any."""
        return round(self.duration_ms / self.duration_count) if self.duration_count else None

    @property
    def success_rate(self) -> Decimal | None:
        """Completed among finished, from 0 to 1; None without any."""
        return Decimal(self.completed) / self.requests if self.requests else None


@dataclass(frozen=True)
class Line:
    """The sums of one model, task, person, listing or language.

    `key` is '' where there is none, or where it is no longer known (a deleted listing, an erased
    person). `rest` marks the line that sums up those beyond the longest tables.
    """

    key: str
    label: str
    sums: Sums
    rest: bool = False


@dataclass(frozen=True)
class Failure:
    """Failed requests of one cause, and what helps."""

    code: str
    count: int
    cause: str
    cure: str


@dataclass(frozen=True)
class Published:
    """What was approved: `texts` are all of them, `posts` those that are social posts."""

    texts: int = 0
    posts: int = 0


@dataclass(frozen=True)
class UsageReport:
    """A period's usage. Only finished requests are summed; `running` are those that are not.

    `days` has every day of the period. `forecast_cents` is the spend at the month's end, for a
    period that is this month up to today; None for others, and where no cost is known to reckon
    with.
    """

    period: Period
    totals: Sums
    previous_period: Period
    previous: Sums
    days: list[tuple[date, Sums]]
    by_model: list[Line]
    by_task: list[Line]
    by_person: list[Line]
    by_listing: list[Line]
    by_locale: list[Line]
    failures: list[Failure]
    published: Published
    forecast_cents: Decimal | None
    running: int

    @property
    def cost_per_published_cents(self) -> Decimal | None:
        """Spend a text or post approved in the period; None where none was, or no cost is known.

        Texts that are approved in a period without any generation cost something before it.
        """
        texts, spent = self.published.texts, self.totals.known_cents
        return spent / texts if texts and self.totals.requests and spent is not None else None
