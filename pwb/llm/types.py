"""What goes into a call and what comes out of it: plain, frozen values.

Seconds are floats, money is `Decimal` in USD, None means "not known" and is never 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NoReturn

from pwb.llm.pricing import Pricing

Structured = Literal["json_schema", "json_object", "prompt"]
Billed = Literal["no", "maybe", "yes"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn; `images` are `data:` URLs, sent after the text as image parts."""

    role: Literal["system", "user", "assistant"]
    content: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutputSchema:
    """The JSON Schema that the answer must follow; `name` is for the provider."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Routing:
    """Privacy and routing wishes, for providers that route (OpenRouter's `provider` field).

    `max_price` is in USD per million tokens, keyed `prompt`, `completion`, `request`, `image`.
    """

    zdr: bool = False
    data_collection: Literal["deny", "allow"] | None = None
    sort: Literal["price", "throughput", "latency"] | None = None
    max_price: Mapping[str, Decimal] | None = None
    require_parameters: bool = False


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """One generation asked for. `fallback_models` are tried in order by the provider itself."""

    model: str
    messages: tuple[Message, ...]
    max_tokens: int
    output_schema: OutputSchema | None = None
    structured: Structured = "json_schema"
    temperature: float | None = None
    fallback_models: tuple[str, ...] = ()
    routing: Routing | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and cost as the provider reports them; `cost_usd` is what is charged in all."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer. `model` is the one that served; only streams know `first_token_ms`."""

    text: str
    model_asked: str
    model: str | None
    upstream_provider: str | None
    generation_id: str | None
    finish_reason: str | None
    usage: Usage | None
    attempts: int
    first_token_ms: int | None
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one call, its retries included.

    `connect` is for each attempt to get a connection, `idle` the longest silence between bytes,
    `total` everything together; `backoff` is the first pause between attempts where the server
    names none, doubled each time; a longer Retry-After than `max_retry_after` ends the call.
    """

    connect: float = 5.0
    idle: float = 30.0
    total: float = 120.0
    max_attempts: int = 3
    max_retry_after: float = 20.0
    max_event_bytes: int = 1 << 20
    max_total_bytes: int = 8 << 20
    backoff: float = 0.5


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to call and with which key. An empty `base_url` means the provider's own address."""

    provider: str = "open_router"
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    limits: Limits = field(default_factory=Limits)
    referer: str | None = None
    title: str | None = None

    def __reduce__(self) -> NoReturn:
        raise TypeError("an endpoint holds a secret and cannot be pickled or copied")


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What the provider tells about the key itself; amounts in USD."""

    label: str | None = None
    limit: Decimal | None = None
    limit_remaining: Decimal | None = None
    limit_reset: str | None = None
    usage: Decimal | None = None
    usage_daily: Decimal | None = None
    usage_weekly: Decimal | None = None
    usage_monthly: Decimal | None = None
    byok_usage_monthly: Decimal | None = None
    is_free_tier: bool = False
    is_management_key: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model of a provider's list; `canonical_slug` is the dated name that answers carry."""

    id: str
    canonical_slug: str | None = None
    name: str = ""
    description: str = ""
    created: int | None = None
    context_length: int | None = None
    max_completion_tokens: int | None = None
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    supported_parameters: tuple[str, ...] = ()
    pricing: Pricing = field(default_factory=Pricing)
    expiration_date: date | None = None
    knowledge_cutoff: date | None = None
    is_moderated: bool | None = None

    @property
    def reads_images(self) -> bool:
        """Whether the provider says that pictures may be sent along."""
        return "image" in self.input_modalities

    @property
    def structured_outputs(self) -> bool:
        """Whether the provider says that a JSON Schema is honoured."""
        return "structured_outputs" in self.supported_parameters


@dataclass(frozen=True, slots=True)
class GenerationRecord:
    """A past generation as the provider's books have it (OpenRouter's `GET /generation`)."""

    generation_id: str
    model: str | None = None
    provider_name: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: Decimal | None = None
    finish_reason: str | None = None
    cancelled: bool | None = None
    latency_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """What a connection test found: how many models, and the key where the provider tells of it."""

    models: tuple[ModelInfo, ...]
    key: KeyInfo | None
    proves_key: bool
