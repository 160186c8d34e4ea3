"""The cards of the integrations page: one a provider, with its state and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pwb.llm.providers.base import Provider
from pwb.llm.registry import all_providers
from pwb.models import Website, WebsiteIntegration
from pwb.services.connections import (
    default_model,
    integration_in_use,
    is_offered,
    list_integrations,
    masked_key,
    operator_provider,
    trouble_of,
)
from pwb.services.integration_health import Trouble, is_proven

CONNECTED, UNTESTED, ERROR = "connected", "untested", "error"
DISABLED, NOT_CONFIGURED, OPERATOR = "disabled", "not_configured", "operator"


@dataclass(frozen=True)
class Balance:
    """What the key could still spend at its last test, in USD; None means no limit or unknown."""

    left: Decimal | None
    limit: Decimal | None
    period: str | None


@dataclass(frozen=True)
class Card:
    """One provider on the integrations page. `key` is masked; None where it cannot be read.

    States: connected, untested (saved, never proven), error, disabled, not_configured, and
    operator (nothing of the website's own; the operator's key is used).
    """

    provider_id: str
    label: str
    summary: str
    state: str
    in_use: bool = False
    integration: WebsiteIntegration | None = None
    key: str | None = None
    model: str | None = None
    trouble: Trouble | None = None
    balance: Balance | None = None
    offered: bool = True


def cards(website: Website) -> list[Card]:
    """The providers that the website can or does use, in the providers' order."""
    rows = list_integrations(website)
    in_use = integration_in_use(website, rows)
    own = {row.provider: row for row in rows}
    unknown = [row for row in rows if row.provider not in all_providers()]
    found = []
    for provider in all_providers().values():
        row = own.get(provider.id)
        if row is not None:
            found.append(_own_card(row, provider, row is in_use))
        elif is_offered(provider):
            found.append(_open_card(provider, in_use))
    return [*found, *(_own_card(row, None, in_use=False) for row in unknown)]


def _own_card(row: WebsiteIntegration, provider: Provider | None, in_use: bool) -> Card:
    trouble = trouble_of(row)
    state = UNTESTED if not is_proven(row) else CONNECTED
    state = DISABLED if not row.enabled else ERROR if trouble else state
    return Card(
        provider_id=row.provider,
        label=provider.label if provider else row.provider,
        summary=summary_of(provider) if provider else "",
        state=state,
        in_use=in_use and row.enabled,
        integration=row,
        key=masked_key(row),
        model=(row.settings or {}).get("default_model"),
        trouble=trouble,
        balance=_balance(row.last_test_details or {}),
        offered=provider is not None and is_offered(provider),
    )


def _open_card(provider: Provider, in_use: WebsiteIntegration | None) -> Card:
    operators = in_use is None and operator_provider() is provider
    return Card(
        provider_id=provider.id,
        label=provider.label,
        summary=summary_of(provider),
        state=OPERATOR if operators else NOT_CONFIGURED,
        in_use=operators,
        model=default_model(provider) if operators else None,
    )


def summary_of(provider: Provider) -> str:
    """What the provider is, from what it declares."""
    if provider.capabilities.routing:
        return "One key for hundreds of models of many makers."
    if not provider.base_url:
        return "A server that the operator of this portal has chosen."
    return f"{provider.label}'s own models, straight from the maker."


def _balance(details: Mapping[str, Any]) -> Balance | None:
    if not details.get("ok") or "limit" not in details:
        return None
    return Balance(
        _amount(details.get("limit_remaining")),
        _amount(details.get("limit")),
        details.get("limit_reset"),
    )


def _amount(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None
