"""Our ledger held against what the provider itself says: request by request as far as its books
were asked, and in one sum a month as the key reports it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select

from pwb.extensions import db
from pwb.llm import client
from pwb.llm.errors import LLMError
from pwb.llm.registry import all_providers
from pwb.llm.types import Endpoint, KeyInfo, Limits
from pwb.models import GenerationRequest, Website
from pwb.models.base import exact_sum, utcnow
from pwb.models.generations import COST_STATES, FINAL
from pwb.services import usage
from pwb.services.connections import connection_of, own_integration, settings
from pwb.services.generation_errors import NotConfigured
from pwb.services.periods import Period

LIMITS = Limits(connect=5, idle=8, total=10, max_attempts=1)


@dataclass(frozen=True)
class State:
    """The finished requests whose cost is in one state: `cents` known, `held_cents` reserved."""

    count: int = 0
    cents: Decimal = Decimal(0)
    held_cents: Decimal = Decimal(0)


States = dict[str, State]


@dataclass(frozen=True)
class KeyMonth:
    """What one key reports for a month of UTC, and what the ledger has of its provider then."""

    label: str
    first: datetime
    reported_cents: Decimal
    ours: States

    @property
    def known_cents(self) -> Decimal:
        """The ledger's exact and estimated costs."""
        return sum((state.cents for state in self.ours.values()), Decimal(0))

    @property
    def unexplained_cents(self) -> Decimal:
        """Reported beyond what the ledger knows; negative where the ledger knows of more."""
        return self.reported_cents - self.known_cents

    @property
    def open_count(self) -> int:
        """Requests whose cost is not known: part of what is unexplained may be theirs."""
        return self.ours["pending"].count + self.ours["unknown"].count

    @property
    def held_cents(self) -> Decimal:
        """The most that those can account for."""
        return self.ours["pending"].held_cents + self.ours["unknown"].held_cents


@dataclass(frozen=True)
class ReconciliationReport:
    """A period's costs by what they rest on. `key` is None where no key could be asked, which
    `problem` explains. `sums_agree` is false where the daily sums say other than the rows."""

    period: Period
    states: States
    sums_agree: bool
    key: KeyMonth | None
    problem: str


def report(website: Website, period: Period, provider: str = "open_router") -> ReconciliationReport:
    """The report; asks the provider about the key, and holds no connection meanwhile."""
    states = _states(website, period.bounds())
    sums = usage.totals(website, period)
    agree = (
        sums.exact_cents == states["exact"].cents
        and sums.estimated_cents == states["estimated"].cents
        and (sums.pending, sums.unknown) == (states["pending"].count, states["unknown"].count)
    )
    key, problem = _key_month(website, provider)
    return ReconciliationReport(period, states, agree, key, problem)


def _states(
    website: Website, bounds: tuple[datetime, datetime], *conditions: ColumnElement[bool]
) -> States:
    """The rows themselves, added up by the state of their cost."""
    row, (start, end) = GenerationRequest, bounds
    query = (
        select(
            row.cost_state, func.count(), exact_sum(row.cost_cents), exact_sum(row.reserved_cents)
        )
        .where(
            row.website_id == website.id,
            row.status.in_(FINAL),
            row.created_at >= start,
            row.created_at < end,
            *conditions,
        )
        .group_by(row.cost_state)
    )
    found = {
        state: State(count, cents or Decimal(0), held or Decimal(0))
        for state, count, cents, held in db.session.execute(query)
    }
    return {state: found.get(state, State()) for state in COST_STATES}


def _key_month(website: Website, provider: str) -> tuple[KeyMonth | None, str]:
    """What the website's own key reports for this month of UTC, or why that is not known."""
    label = all_providers()[provider].label
    integration = own_integration(website, provider)
    if integration is None:
        return None, (
            f"This website has no {label} key of its own. The operator's key serves other "
            "websites too, so that its sum says nothing about this one."
        )
    try:
        endpoint = connection_of(integration).endpoint(settings(), LIMITS)
    except NotConfigured as missing:
        return None, missing.sentence()
    key = _ask(endpoint)
    if not isinstance(key, KeyInfo):
        return None, key
    reported = _this_month(key)
    if reported is None:
        return None, f"{label} did not say what the key used this month."
    first = utcnow().astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    own = GenerationRequest.ai_provider == provider
    ours = _states(website, (first, utcnow()), own)
    return KeyMonth(key.label or label, first, reported, ours), ""


def _ask(endpoint: Endpoint) -> KeyInfo | str:
    """What the provider tells about the key, or why it does not."""
    db.session.close()
    try:
        return client.check_key(endpoint)
    except LLMError as error:
        return error.message


def _this_month(key: KeyInfo) -> Decimal | None:
    """US cents: what was charged, and what the agency's own keys at the makers of the models
    (BYOK) were charged there. The ledger's exact costs hold both."""
    if key.usage_monthly is None:
        return None
    return _cents([key.usage_monthly, key.byok_usage_monthly])


def _cents(dollars: Iterable[Decimal | None]) -> Decimal:
    return sum((amount or Decimal(0) for amount in dollars), Decimal(0)) * 100
