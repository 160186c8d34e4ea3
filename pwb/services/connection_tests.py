"""Testing a connection: what is reachable, whether the key is good, what it has left.

The provider is asked within `TEST_LIMITS` and without a database connection held. What was found
is stored on the integration, for its card; trouble on the line is no error of the key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import update

from pwb.config import Settings
from pwb.errors import InvalidInput, NotFound
from pwb.extensions import db
from pwb.llm import client
from pwb.llm.errors import LLMError
from pwb.llm.providers.base import Provider
from pwb.llm.registry import all_providers, get_provider
from pwb.llm.types import ConnectionReport, KeyInfo, Limits, ModelInfo
from pwb.models import Website, WebsiteIntegration
from pwb.models.base import utcnow
from pwb.services.connections import (
    Connection,
    connection_of,
    operator_connection,
    own_integration,
    settings,
)
from pwb.services.generation_errors import GenerationFailed, NotConfigured
from pwb.services.integration_health import CURES, NO_ERROR, error_values
from pwb.services.tenancy import find

# Seconds. Somebody is waiting at the page: both questions together take less than ten.
TEST_LIMITS = Limits(connect=4.0, idle=8.0, total=9.0, max_attempts=2, max_retry_after=2.0)
KEY_ERRORS = {"invalid_api_key", "insufficient_credits"}
SOON = timedelta(days=14)
PERIODS = {"daily": " today", "weekly": " this week", "monthly": " this month"}


@dataclass(frozen=True)
class Finding:
    """What a test found. `message` is the outcome in one sentence, `resolution` the cure of a
    failure, `warnings` what works but needs a look, `details` the figures, JSON-ready (amounts
    are strings in USD)."""

    ok: bool
    message: str
    resolution: str = ""
    code: str | None = None
    warnings: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)

    def sentence(self) -> str:
        """Everything in one line, for a terminal or a notice."""
        return " ".join(part for part in (self.message, *self.warnings, self.resolution) if part)

    def as_json(self) -> dict[str, Any]:
        """The answer to programs."""
        return {
            "success": self.ok,
            "message": self.message,
            "resolution": self.resolution,
            "code": self.code,
            "warnings": list(self.warnings),
            **self.details,
        }


def check_integration(website: Website, integration_id: int) -> Finding:
    """Test one integration, switched on or not, and keep what was found; raises NotFound."""
    return _check(find(WebsiteIntegration, website, integration_id))


def test_provider(website: Website, provider_id: str) -> Finding:
    """Test what the website would call a provider with: its own key, else the operator's.

    Raises InvalidInput for a provider that the portal does not have, NotConfigured where there is
    neither key, and GenerationFailed where the test fails.
    """
    row = own_integration(website, provider_id)
    finding = examine(_operators(provider_id)) if row is None else _check(row)
    if not finding.ok:
        code = "not_configured" if finding.code == "unreadable" else finding.code
        raise GenerationFailed(
            code or "provider_error", finding.message, resolution=finding.resolution
        )
    return finding


def _operators(provider_id: str) -> Connection:
    """What to call this provider with on the operator's account."""
    provider = all_providers().get(provider_id)
    if provider is None:
        names = ", ".join(sorted(all_providers()))
        raise InvalidInput(
            f"There is no provider called {provider_id[:40]!r} here.",
            resolution=f"Choose one of {names}.",
        )
    connection = operator_connection()
    if connection.provider != provider_id:
        raise NotConfigured(f"{provider.label} is not configured for this website.")
    return connection


def check_operator_key() -> Finding:
    """Whether the operator's key works, and no more: what it has left is the operator's business.

    Raises NotFound where there is none.
    """
    try:
        connection = operator_connection()
    except NotConfigured:
        raise NotFound("There is no operator's key here.") from None
    db.session.commit()
    finding = examine(connection)
    if finding.ok:
        return Finding(True, "The operator's key works.")
    return Finding(
        False,
        "The operator's key does not work just now.",
        "Tell the operator, or set up a key of your own.",
    )


def _check(row: WebsiteIntegration) -> Finding:
    row_id, tested, error_code = row.id, row.credentials, row.last_error_code
    try:
        connection = connection_of(row)
    except NotConfigured as missing:
        return Finding(False, missing.message, CURES["unreadable"], "unreadable")
    db.session.commit()  # Gives the connection back: the provider may take its time.
    finding = examine(connection)
    _keep(row_id, tested, finding, error_code)
    return finding


def _keep(row_id: int, tested: str, finding: Finding, error_code: str | None) -> None:
    """Store the finding, unless another key was stored while the old one was tested."""
    values: dict[str, Any] = {
        "last_tested_at": utcnow(),
        "last_test_message": finding.sentence(),
        "last_test_details": {"ok": finding.ok, "code": finding.code, **finding.details},
    }
    model_still_gone = error_code == "model_not_found" and finding.details.get("missing_models")
    if finding.ok and not model_still_gone:
        values |= NO_ERROR
    elif finding.code in KEY_ERRORS:
        values |= error_values(finding.code or "", finding.message)
    db.session.execute(
        update(WebsiteIntegration)
        .where(WebsiteIntegration.id == row_id, WebsiteIntegration.credentials == tested)
        .values(**values)
    )
    db.session.commit()


def examine(connection: Connection) -> Finding:
    """Ask the provider; uses no database. Every failure is a Finding."""
    try:
        report = client.try_connection(connection.endpoint(settings(), _limits(settings())))
    except LLMError as error:
        return _failed(error.code, error.message)
    return _found(connection, report)


def _limits(settings: Settings) -> Limits:
    """The test's limits; an operator with stricter ones for generations gets those."""
    return replace(
        TEST_LIMITS,
        connect=min(TEST_LIMITS.connect, settings.ai_connect_timeout),
        idle=min(TEST_LIMITS.idle, settings.ai_idle_timeout),
        total=min(TEST_LIMITS.total, settings.ai_total_timeout),
    )


def _failed(code: str, message: str) -> Finding:
    return Finding(False, message, CURES.get(code, CURES["provider_error"]), code)


def _found(connection: Connection, report: ConnectionReport) -> Finding:
    provider, key = get_provider(connection.provider), report.key
    if key and key.expires_at and key.expires_at <= utcnow():
        return _failed("invalid_api_key", f"This key expired on {key.expires_at:%-d %B %Y}.")
    missing = _missing_models(connection, report.models)
    details = {
        "models": len(report.models),
        "proves_key": report.proves_key,
        "missing_models": missing,
        **_key_details(provider, key, connection.api_key),
    }
    number = len(report.models)
    models = "1 model" if number == 1 else f"{number:,} models"
    return Finding(
        ok=True,
        message=f"Connected: {models} reachable; {_key_words(report, details)}.",
        warnings=tuple(_warnings(provider, connection, report, missing)),
        details=details,
    )


def _key_details(provider: Provider, key: KeyInfo | None, secret: str) -> dict[str, Any]:
    if key is None:
        return {}
    return {
        "label": _safe_label(provider, key.label, secret),
        "limit": _text(key.limit),
        "limit_remaining": _text(key.limit_remaining),
        "limit_reset": key.limit_reset,
        "usage_monthly": _text(key.usage_monthly),
        "is_free_tier": key.is_free_tier,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
    }


def _safe_label(provider: Provider, label: str | None, secret: str) -> str | None:
    """The name somebody gave the key; none where it shows parts of the key itself."""
    if not label or secret in label:
        return None
    prefix = provider.key_prefix
    return None if prefix and prefix in label else label[:80]


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def _key_words(report: ConnectionReport, details: dict[str, Any]) -> str:
    """The key in words: key “Agency” valid, $74.50 of $100 left this month."""
    if not report.proves_key:
        return "this server does not tell whether the key is right"
    name = f"key “{details['label']}” valid" if details.get("label") else "key valid"
    key = report.key
    if key is None:
        return name
    tier = ", free tier" if key.is_free_tier else ""
    return f"{name}{tier}, {balance_words(key.limit, key.limit_remaining, key.limit_reset)}"


def balance_words(limit: Decimal | None, left: Decimal | None, reset: str | None) -> str:
    """What a key may still spend."""
    if limit is None and left is None:
        return "no spending limit of its own"
    period = PERIODS.get(reset or "", "")
    if left is None or limit is None:
        known = f"{usd(left)} left" if left is not None else f"limit {usd(limit or Decimal(0))}"
        return f"{known}{period}"
    return f"{usd(left)} of {usd(limit)} left{period}"


def usd(amount: Decimal) -> str:
    """Dollars, with cents where there are any."""
    return f"${amount:,.2f}".removesuffix(".00")


def _missing_models(connection: Connection, models: Iterable[ModelInfo]) -> list[str]:
    """The configured models that the provider's list lacks; variants count by their base."""
    listed = {name for model in models for name in (model.id, model.canonical_slug) if name}
    chosen = [connection.model, *connection.fallback_models]
    return [model for model in chosen if model not in listed and model.split(":")[0] not in listed]


def _warnings(
    provider: Provider, connection: Connection, report: ConnectionReport, missing: list[str]
) -> Iterable[str]:
    if connection.model in missing:
        yield (
            f"The default model {connection.model} is not in {provider.label}'s list of models: "
            "choose another one if texts fail."
        )
    gone = [model for model in missing if model != connection.model]
    if gone:
        yield f"Fallback models that are not in the list: {', '.join(gone)}."
    key = report.key
    if key and key.limit_remaining is not None and key.limit_remaining <= 0:
        yield "The key's limit is used up: raise it, or no text can be written."
    if key and key.expires_at and key.expires_at <= utcnow() + SOON:
        yield f"The key expires on {key.expires_at:%-d %B %Y}: make a new one before."
    yield from _retirement(connection, report.models)


def _retirement(connection: Connection, models: Iterable[ModelInfo]) -> Iterable[str]:
    for model in models:
        if model.id == connection.model and model.expiration_date:
            day = f"{model.expiration_date:%-d %B %Y}"
            yield f"The default model retires on {day}: choose a successor before."
