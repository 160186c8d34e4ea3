"""All websites of an installation side by side, for whoever hosts many agencies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, select

from pwb.extensions import db
from pwb.models import UsageDaily, Website
from pwb.services.generation_errors import CAUSES
from pwb.services.usage import added, sums_columns, sums_of
from pwb.services.usage_report import Failure, Sums

TOP_MODELS = 10


@dataclass(frozen=True)
class WebsiteUsage:
    """One website's sums beside its plan and its budget a month in US cents (None: no limit)."""

    subdomain: str
    plan: str
    budget_cents: int | None
    sums: Sums


@dataclass(frozen=True)
class ModelUsage:
    """One model's sums over all websites."""

    model: str
    websites: int
    sums: Sums


@dataclass(frozen=True)
class OperatorView:
    """A span of days, each website's in its own time zone; the dearest first."""

    first: date
    last: date
    websites: list[WebsiteUsage]
    models: list[ModelUsage]
    failures: list[Failure]

    @property
    def totals(self) -> Sums:
        """Of all websites."""
        return added(website.sums for website in self.websites)


def operator_view(first: date, last: date) -> OperatorView:
    """Spend by website, the dearest models, and failures by cause."""
    return OperatorView(
        first, last, _websites(first, last), _models(first, last), _failures(first, last)
    )


def _within(dimension: str, first: date, last: date) -> list[ColumnElement[bool]]:
    return [UsageDaily.dimension == dimension, UsageDaily.day.between(first, last)]


_COST: Any = func.sum(UsageDaily.exact_cents + UsageDaily.estimated_cents)
_COUNT: Any = func.sum(UsageDaily.requests)


def _websites(first: date, last: date) -> list[WebsiteUsage]:
    query = (
        select(Website.subdomain, Website.plan, Website.monthly_budget_cents, *sums_columns())
        .join(UsageDaily, UsageDaily.website_id == Website.id)
        .where(*_within("total", first, last))
        .group_by(Website.id)
        .having(_COUNT > 0)
        .order_by(_COST.desc(), Website.subdomain)
    )
    return [
        WebsiteUsage(subdomain, plan, budget, sums_of(values))
        for subdomain, plan, budget, *values in db.session.execute(query)
    ]


def _models(first: date, last: date) -> list[ModelUsage]:
    websites = func.count(UsageDaily.website_id.distinct())
    query = (
        select(UsageDaily.key, websites, *sums_columns())
        .where(*_within("model", first, last), UsageDaily.requests > 0)
        .group_by(UsageDaily.key)
        .order_by(_COST.desc(), _COUNT.desc(), UsageDaily.key)
        .limit(TOP_MODELS)
    )
    return [
        ModelUsage(key, count, sums_of(values)) for key, count, *values in db.session.execute(query)
    ]


def _failures(first: date, last: date) -> list[Failure]:
    query = (
        select(UsageDaily.key, _COUNT)
        .where(*_within("error", first, last))
        .group_by(UsageDaily.key)
        .having(_COUNT > 0)
        .order_by(_COUNT.desc(), UsageDaily.key)
    )
    return [
        Failure(code, int(count), CAUSES.get(code, "Unknown"), "")
        for code, count in db.session.execute(query)
    ]
