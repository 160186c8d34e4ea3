"""What a generation calls with: which provider is in use, its key, its settings, its address.

A website's own integration always wins over the operator's key. Addresses come from the
provider's declaration or from the operator's environment, never from a website.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import Any, Literal, cast

from flask import current_app
from pydantic import SecretStr
from sqlalchemy import Select, select

from pwb.config import Settings
from pwb.errors import InvalidInput
from pwb.extensions import db
from pwb.llm.providers.base import Provider
from pwb.llm.registry import all_providers, get_provider
from pwb.llm.types import Endpoint, Limits, Routing
from pwb.models import Website, WebsiteIntegration
from pwb.services.credentials import Place, UndecryptableCredentials, vault
from pwb.services.generation_errors import NotConfigured
from pwb.services.integration_health import UNREADABLE, Trouble, last_trouble, used_lately
from pwb.services.tenancy import scoped, scoped_later

AI = "ai"
MAX_TOKENS_DEFAULT = 4096
MASK = "••••"
# From a shorter key, four characters would tell too much.
MASKED_KEY_LENGTH = 12
TITLE = "PropertyWebBuilder"

# What to do, and who can, where a key alone is not what is missing.
_CURES = {
    "off": "A site admin can switch it on under Site admin > Integrations.",
    "no_model": "A site admin can choose one under Site admin > Integrations.",
    "unreadable": "A site admin can enter it again under Site admin > Integrations.",
    "no_provider": "A site admin can choose another provider under Site admin > Integrations.",
}


@dataclass(frozen=True)
class Connection:
    """What one generation calls with: resolved once, handed on, never kept."""

    provider: str
    model: str
    max_tokens: int
    integration_id: int | None
    api_key: str = field(repr=False)
    base_url: str = ""
    fallback_models: tuple[str, ...] = ()
    routing: Routing | None = None
    # A success just now is known: another one needs no writing down.
    used_lately: bool = False

    def endpoint(self, settings: Settings, limits: Limits | None = None) -> Endpoint:
        """The wire's view of it, with the operator's time limits unless others are given."""
        return Endpoint(
            provider=self.provider,
            base_url=self.base_url,
            api_key=self.api_key,
            limits=limits or generation_limits(settings),
            title=TITLE,
        )


@dataclass(frozen=True)
class AIState:
    """Whether this website can generate, and if not, why: `connected`, `error`,
    `not_configured` or `disabled`. `source` is `website`, `environment` or None."""

    state: str
    message: str
    source: str | None
    model: str | None = None
    provider: str | None = None
    cure: str = ""

    @property
    def configured(self) -> bool:
        return self.state in {"connected", "error"}


def settings() -> Settings:
    """The app's settings."""
    found: Settings = current_app.config["PWB"]
    return found


def generation_limits(settings: Settings) -> Limits:
    """How long one generation may take."""
    return Limits(
        connect=settings.ai_connect_timeout,
        idle=settings.ai_idle_timeout,
        total=settings.ai_total_timeout,
        backoff=settings.ai_retry_pause,
    )


def address_of(provider: Provider) -> str:
    """Where to call the provider: the operator's word, else its own address; may be empty."""
    name = (provider.base_url_variable or f"{provider.id}_API_BASE").lower()
    named: str | None = getattr(settings(), name, None)
    return named or provider.base_url


def is_offered(provider: Provider) -> bool:
    """Whether websites can use it: there is an address to call."""
    return bool(address_of(provider))


def operator_key(provider: Provider) -> str | None:
    """The key that the operator's environment holds for everybody, where it does."""
    key: SecretStr | None = getattr(settings(), f"{provider.id}_api_key", None)
    return key.get_secret_value() if key else None


def operator_provider() -> Provider | None:
    """The provider that the operator pays for, if any."""
    return next((p for p in all_providers().values() if operator_key(p)), None)


def operator_variables() -> list[str]:
    """The environment variables that hold an operator's key and the model it is used with."""
    names = (f"{name}_{what}" for name in all_providers() for what in ("api_key", "default_model"))
    return [name.upper() for name in names if name in Settings.model_fields]


def default_model(provider: Provider) -> str:
    """The model that a new integration starts with; empty where only the admin can know."""
    named: str | None = getattr(settings(), f"{provider.id}_default_model", None)
    return named or next((model.id for model in provider.recommended_models), "")


def list_integrations(website: Website) -> list[WebsiteIntegration]:
    """The website's AI integrations, by provider."""
    return list(db.session.scalars(_integrations(), {"website": website.id}))


# Built once: it is on the way of every generation.
@cache
def _integrations() -> Select[WebsiteIntegration]:
    query = scoped_later(WebsiteIntegration).where(WebsiteIntegration.category == AI)
    return query.order_by(WebsiteIntegration.provider)


def providers_in_use() -> set[str]:
    """The ids of the providers that websites of this installation may call."""
    query = select(WebsiteIntegration.provider).where(
        WebsiteIntegration.category == AI, WebsiteIntegration.enabled
    )
    operators = operator_provider()
    found = {*db.session.scalars(query.distinct()), *([operators.id] if operators else [])}
    return {name for name in found if name in all_providers()}


def own_integration(website: Website, provider: str) -> WebsiteIntegration | None:
    """The website's own integration with a provider, if it has one."""
    return db.session.scalar(
        scoped(WebsiteIntegration, website).where(
            WebsiteIntegration.category == AI, WebsiteIntegration.provider == provider
        )
    )


def integration_in_use(
    website: Website, rows: list[WebsiteIntegration] | None = None
) -> WebsiteIntegration | None:
    """The one that writes: the chosen one, else the first in the providers' order.

    Also when it is switched off or in error: nothing is swapped for another provider unasked.
    """
    found = list_integrations(website) if rows is None else rows
    own = {row.provider: row for row in found if row.provider in all_providers()}
    order = [website.ai_provider or "", *all_providers()]
    return next((own[name] for name in order if name in own), None)


def place_of(row: WebsiteIntegration) -> Place:
    """Where the row's credentials live."""
    return Place(row.website_id, row.category, row.provider)


def stored_key(row: WebsiteIntegration) -> str:
    """The row's API key, empty where the provider needs none; raises UndecryptableCredentials."""
    return vault().decrypt(row.credentials, place_of(row)).get("api_key", "")


def masked_key(row: WebsiteIntegration) -> str | None:
    """The key's last four characters (none of an empty or short key); None where unreadable."""
    try:
        key = stored_key(row)
    except UndecryptableCredentials:
        return None
    if not key:
        return ""
    return f"{MASK} {key[-4:]}" if len(key) >= MASKED_KEY_LENGTH else MASK


def trouble_of(row: WebsiteIntegration) -> Trouble | None:
    """What keeps the integration from working, or has kept the last call from it."""
    provider = all_providers().get(row.provider)
    if provider is None:
        return Trouble("unknown_provider", "The portal does not know this provider any more.")
    if not is_offered(provider):
        return Trouble("no_address", f"The operator names no address for {provider.label}.")
    if masked_key(row) is None:
        return Trouble("unreadable", UNREADABLE)
    return last_trouble(row)


def connection_for(website: Website, model: str | None = None) -> Connection:
    """What to call with for this website.

    Raises NotConfigured saying what is missing, and InvalidInput for a `model` that cannot be
    one of this provider.
    """
    row = integration_in_use(website)
    if row is not None and not row.enabled:
        raise NotConfigured("AI is switched off for this website.", _CURES["off"])
    connection = operator_connection() if row is None else connection_of(row)
    if model:
        check_model(model, connection.provider, "model")
        connection = replace(connection, model=model)
    if not connection.model:
        raise NotConfigured("No default model is chosen.", _CURES["no_model"])
    return connection


def connection_of(row: WebsiteIntegration) -> Connection:
    """What to call with for one integration, switched on or not; raises NotConfigured."""
    provider = _known_provider(row)
    try:
        key = stored_key(row)
    except UndecryptableCredentials:
        raise NotConfigured(
            "The stored API key can no longer be read.", _CURES["unreadable"]
        ) from None
    own = row.settings or {}
    return Connection(
        provider=provider.id,
        model=own.get("default_model") or default_model(provider),
        max_tokens=int(own.get("max_tokens") or MAX_TOKENS_DEFAULT),
        integration_id=row.id,
        api_key=key,
        base_url=address_of(provider),
        fallback_models=fallbacks_of(provider, own),
        routing=routing_of(provider, own),
        used_lately=used_lately(row),
    )


def _known_provider(row: WebsiteIntegration) -> Provider:
    provider = all_providers().get(row.provider)
    if provider is None:
        raise NotConfigured(
            "This website's AI provider is one the portal does not know.", _CURES["no_provider"]
        )
    if not is_offered(provider):
        raise NotConfigured(
            f"The operator has named no address for {provider.label}.", _CURES["no_provider"]
        )
    return provider


def operator_connection() -> Connection:
    """What to call with on the operator's account; raises NotConfigured where there is none."""
    provider = operator_provider()
    if provider is None:
        raise NotConfigured
    return Connection(
        provider=provider.id,
        model=default_model(provider),
        max_tokens=MAX_TOKENS_DEFAULT,
        integration_id=None,
        api_key=operator_key(provider) or "",
        base_url=address_of(provider),
    )


def fallbacks_of(provider: Provider, own: Mapping[str, Any]) -> tuple[str, ...]:
    """The models to try after the first, where the provider does that."""
    if not provider.capabilities.fallback_models:
        return ()
    return tuple(own.get("fallback_models") or ())


def routing_of(provider: Provider, own: Mapping[str, Any]) -> Routing | None:
    """The privacy and routing wishes, where the provider honours any and the website has some."""
    if not provider.capabilities.routing:
        return None
    prices = {part: own.get(f"max_price_{part}") for part in ("prompt", "completion")}
    most = {part: Decimal(price) for part, price in prices.items() if price}
    wishes = Routing(
        zdr=own.get("zdr") is True,
        data_collection=cast(Literal["deny", "allow"] | None, own.get("data_collection")),
        sort=cast(Literal["price", "throughput", "latency"] | None, own.get("sort")),
        max_price=most or None,
    )
    return None if wishes == Routing() else wishes


def check_model(model: str, provider: str, field_name: str = "default_model") -> str:
    """The model id if it has the form that the provider's ids have; raises InvalidInput."""
    problem = get_provider(provider).model_problem(model.strip())
    if problem:
        raise InvalidInput(problem, fields={field_name: [problem]})
    return model.strip()


def ai_state(website: Website) -> AIState:
    """The website's standing with its AI service, for the dashboard and the cards."""
    row = integration_in_use(website)
    if row is None:
        return _operator_state()
    model = (row.settings or {}).get("default_model")
    state = AIState("connected", "The key works.", "website", model, row.provider)
    if not row.enabled:
        return replace(state, state="disabled", message="AI is switched off for this website.")
    trouble = trouble_of(row)
    if trouble:
        return replace(state, state="error", message=trouble.message, cure=trouble.cure)
    return state


def _operator_state() -> AIState:
    provider = operator_provider()
    if provider is None:
        return AIState("not_configured", "AI is not configured.", None)
    model = default_model(provider)
    return AIState("connected", "Uses the operator's key.", "environment", model, provider.id)
