"""OpenRouter: many providers behind one address, with cost, routing and books to look in."""

import re
from collections.abc import Mapping
from typing import Any

from pwb.llm.catalogue import read_catalogue_entry
from pwb.llm.errors import InvalidResponse
from pwb.llm.parsing import amount, identifier, mapping, moment, money, tokens
from pwb.llm.providers.base import (
    DEFAULT_MODEL,
    MAX_TOKENS,
    Capabilities,
    FormField,
    RecommendedModel,
)
from pwb.llm.providers.chat_completions import ChatCompletions
from pwb.llm.types import (
    CompletionRequest,
    Endpoint,
    GenerationRecord,
    KeyInfo,
    ModelInfo,
    Routing,
)

ROUTED_ID = re.compile(r"~?[A-Za-z0-9][\w.\-]*/[A-Za-z0-9][\w.\-]*(?::[\w.\-]+)?", re.ASCII)


class OpenRouter(ChatCompletions):
    """See https://openrouter.ai/docs for the wire and the meaning of each field."""

    id = "open_router"
    label = "OpenRouter"
    position = 1
    base_url = "https://openrouter.ai/api/v1"
    base_url_variable = "OPEN_ROUTER_API_BASE"
    key_prefix = "sk-or-"
    keys_page = "https://openrouter.ai/keys"
    own_models_path = "/models/user"
    setting_fields = (
        DEFAULT_MODEL,
        MAX_TOKENS,
        FormField("fallback_models", "Fallback models", "models", help="Tried in this order."),
        FormField("zdr", "Zero data retention only", "boolean", default=False),
        FormField(
            "data_collection",
            "Training on your data",
            "choice",
            choices=(("", "As set at OpenRouter"), ("deny", "Never"), ("allow", "Allowed")),
        ),
        FormField(
            "sort",
            "Prefer providers by",
            "choice",
            choices=(
                ("", "OpenRouter's own balance"),
                ("price", "Price"),
                ("throughput", "Throughput"),
                ("latency", "Latency"),
            ),
        ),
        FormField(
            "max_price_prompt", "Highest price per million tokens in (USD)", "decimal", minimum=0
        ),
        FormField(
            "max_price_completion",
            "Highest price per million tokens out (USD)",
            "decimal",
            minimum=0,
        ),
    )
    recommended_models = (
        RecommendedModel("anthropic/claude-3.5-sonnet", "general purpose"),
        RecommendedModel("anthropic/claude-3-opus", "highest quality"),
        RecommendedModel("openai/gpt-4o", "fast, multimodal"),
        RecommendedModel("openai/gpt-4o-mini", "cost-effective"),
        RecommendedModel("google/gemini-pro-1.5", "long context"),
        RecommendedModel("meta-llama/llama-3.1-70b-instruct", "open, fast"),
        RecommendedModel("mistralai/mistral-large", "European, multilingual"),
    )
    capabilities = Capabilities(
        fallback_models=True,
        routing=True,
        key_info=True,
        generation_lookup=True,
        reports_cost=True,
        lists_prices=True,
        models_prove_key=False,
        pads_silence=True,
    )

    def model_problem(self, model: str) -> str | None:
        """OpenRouter's ids are `author/model`, perhaps with a variant such as `:free`."""
        if len(model) > 200 or ".." in model or not ROUTED_ID.fullmatch(model):
            return "A model id of OpenRouter has the form provider/model."
        return None

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        headers = super().headers(endpoint)
        if endpoint.referer:
            headers["HTTP-Referer"] = _header_text(endpoint.referer)
        if endpoint.title:
            headers["X-OpenRouter-Title"] = _header_text(endpoint.title)
        return headers

    def body(self, request: CompletionRequest, *, stream: bool) -> dict[str, Any]:
        body = super().body(request, stream=stream)
        fallbacks = [m for m in dict.fromkeys(request.fallback_models) if m != request.model]
        if fallbacks:
            body["models"] = fallbacks
        preferences = _preferences(request.routing) if request.routing else {}
        if preferences:
            body["provider"] = preferences
        return body

    def read_model(self, entry: Mapping[str, Any]) -> ModelInfo | None:
        return read_catalogue_entry(entry)

    def read_key(self, document: Any) -> KeyInfo:
        data = mapping(mapping(document).get("data"))
        if not data:
            raise InvalidResponse(f"{self.label} told nothing about the key.")
        return KeyInfo(
            label=identifier(data.get("label")),
            limit=amount(data.get("limit")),
            limit_remaining=amount(data.get("limit_remaining")),
            limit_reset=identifier(data.get("limit_reset")),
            usage=amount(data.get("usage")),
            usage_daily=amount(data.get("usage_daily")),
            usage_weekly=amount(data.get("usage_weekly")),
            usage_monthly=amount(data.get("usage_monthly")),
            byok_usage_monthly=amount(data.get("byok_usage_monthly")),
            is_free_tier=data.get("is_free_tier") is True,
            is_management_key=True
            in (data.get("is_management_key"), data.get("is_provisioning_key")),
            expires_at=moment(data.get("expires_at")),
        )

    def read_generation(self, document: Any) -> GenerationRecord:
        data = mapping(mapping(document).get("data"))
        found = identifier(data.get("id"))
        if found is None:
            raise InvalidResponse(f"{self.label} told nothing about the generation.")
        cancelled, latency = data.get("cancelled"), amount(data.get("latency"))
        return GenerationRecord(
            generation_id=found,
            model=identifier(data.get("model")),
            provider_name=identifier(data.get("provider_name")),
            input_tokens=_native(data, "prompt"),
            output_tokens=_native(data, "completion"),
            cached_tokens=tokens(data.get("native_tokens_cached")),
            reasoning_tokens=tokens(data.get("native_tokens_reasoning")),
            cost_usd=_charged(data),
            finish_reason=identifier(data.get("finish_reason"), 40),
            cancelled=cancelled if isinstance(cancelled, bool) else None,
            latency_ms=None if latency is None or latency < 0 else int(latency),
        )


def _native(data: Mapping[str, Any], part: str) -> int | None:
    # The provider's own count is the one that `usage` reports and that is billed.
    native = tokens(data.get(f"native_tokens_{part}"))
    return tokens(data.get(f"tokens_{part}")) if native is None else native


def _charged(data: Mapping[str, Any]) -> Any:
    cost = money(data.get("total_cost"))
    if cost is None or data.get("is_byok") is not True:
        return cost
    upstream = money(data.get("upstream_inference_cost"))
    return None if upstream is None else cost + upstream


def _preferences(routing: Routing) -> dict[str, Any]:
    preferences: dict[str, Any] = {}
    if routing.zdr:
        preferences["zdr"] = True
    if routing.data_collection:
        preferences["data_collection"] = routing.data_collection
    if routing.sort:
        preferences["sort"] = routing.sort
    if routing.max_price:
        preferences["max_price"] = {part: f"{price:f}" for part, price in routing.max_price.items()}
    if routing.require_parameters:
        preferences["require_parameters"] = True
    return preferences


def _header_text(value: str) -> str:
    return " ".join(value.encode("ascii", "ignore").decode().split())[:200]


PROVIDER = OpenRouter()
