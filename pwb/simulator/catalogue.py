"""The simulated models: what is listed, what a requested id is answered by, and its price."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

PREFIX = "simulator/"
WELL_FORMED = re.compile(r"~?[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(:[a-z0-9-]+)?")
GONE = ("no-such", "missing", "retired")
_MILLION = Decimal(1_000_000)
_CREATED = 1730000000


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One simulated model; prices are USD per million tokens ("-1" = variable)."""

    name: str
    title: str
    maker: str = "Unlisted"
    upstream: str = ""
    slug: str = ""
    context: int = 128000
    max_output: int | None = None
    prompt: str = "0.5"
    completion: str = "1.5"
    request: str | None = None
    image_price: str | None = None
    cache_read: str | None = None
    cache_write: str | None = None
    internal_reasoning: str | None = None
    tiers: tuple[Mapping[str, Any], ...] = ()
    images: bool = False
    structured: bool = True
    reasoning: bool = False
    trains_on_data: bool = False
    stops_on_disconnect: bool = True
    expires_in_days: int | None = None

    @property
    def id(self) -> str:
        """The id under which it answers, always ``simulator/…``."""
        return PREFIX + self.name

    @property
    def provider(self) -> str:
        """The upstream provider that an answer names."""
        return f"Simulated {self.maker}"


def models() -> list[Model]:
    """All models of the catalogue, in its order."""
    return list(_by_name().values())


def find(model_id: str) -> Model | None:
    """The model that answers for an id, or None where the id is ill-formed or said to be gone.

    A real id (``anthropic/claude-3.5-sonnet``) is answered by its simulated namesake; any other
    well-formed id by a model made up for it.
    """
    if not WELL_FORMED.fullmatch(model_id) or any(word in model_id for word in GONE):
        return None
    name = model_id.split("/", 1)[1]
    known = _by_name().get(name) or _by_name().get(name.split(":", 1)[0])
    return known or Model(name=name, title=name)


def cost(model: Model, prompt_tokens: int, completion_tokens: int) -> tuple[Decimal, Decimal]:
    """USD for the prompt (with any price per request) and for the completion."""
    prompt, completion = _rates(model, prompt_tokens)
    per_request = Decimal(model.request or "0")
    return (
        prompt * prompt_tokens / _MILLION + per_request,
        completion * completion_tokens / _MILLION,
    )


def affordable_tokens(model: Model, budget: Decimal) -> int:
    """How many completion tokens a budget in USD pays for."""
    rate = _rates(model, 0)[1]
    return int(budget * _MILLION / rate) if rate else 10**9


def listed(model: Model) -> dict[str, Any]:
    """The model as ``GET /models`` shows it."""
    inputs = ["text", "image"] if model.images else ["text"]
    return {
        "id": model.id,
        "canonical_slug": PREFIX + (model.slug or model.name),
        "hugging_face_id": None,
        "name": f"Simulator: {model.title}",
        "created": _CREATED,
        "description": f"A simulated stand-in for {model.upstream}: no AI model answers.",
        "context_length": model.context,
        "architecture": {
            "modality": "+".join(inputs) + "->text",
            "input_modalities": inputs,
            "output_modalities": ["text"],
            "tokenizer": "Other",
            "instruct_type": None,
        },
        "pricing": _pricing(model),
        "top_provider": {
            "context_length": model.context,
            "max_completion_tokens": model.max_output,
            "is_moderated": False,
        },
        "per_request_limits": None,
        "supported_parameters": _parameters(model),
        "default_parameters": {},
        "supported_voices": None,
        "knowledge_cutoff": None,
        "expiration_date": _expiry(model),
        "links": {"details": f"/api/v1/models/{model.id}/endpoints"},
    }


@cache
def _by_name() -> dict[str, Model]:
    table = tomllib.loads(Path(__file__).with_name("catalogue.toml").read_text("utf-8"))
    rows = (Model(**{**row, "tiers": tuple(row.get("tiers", ()))}) for row in table["models"])
    return {model.name: model for model in rows}


def _rates(model: Model, prompt_tokens: int) -> tuple[Decimal, Decimal]:
    reached = [tier for tier in model.tiers if prompt_tokens >= tier["min_prompt_tokens"]]
    best = max(reached, key=lambda tier: tier["min_prompt_tokens"], default=None)
    prices = best or {"prompt": model.prompt, "completion": model.completion}
    return _charged(prices["prompt"]), _charged(prices["completion"])


def _charged(price: str) -> Decimal:
    # A router's price is that of whatever it picks; the simulator's router always picks this one.
    return Decimal("0.5" if price == "-1" else price)


def _per_token(price: str) -> str:
    return price if price == "-1" else f"{(Decimal(price) / _MILLION).normalize():f}"


def _pricing(model: Model) -> dict[str, Any]:
    per_million = {
        "prompt": model.prompt,
        "completion": model.completion,
        "internal_reasoning": model.internal_reasoning,
        "input_cache_read": model.cache_read,
        "input_cache_write": model.cache_write,
    }
    pricing: dict[str, Any] = {k: _per_token(v) for k, v in per_million.items() if v is not None}
    each = {"request": model.request, "image": model.image_price}
    pricing |= {name: price for name, price in each.items() if price is not None}
    if model.tiers:
        pricing["overrides"] = [_tier(tier) for tier in model.tiers]
    return pricing


def _tier(tier: Mapping[str, Any]) -> dict[str, Any]:
    prices = {name: _per_token(tier[name]) for name in ("prompt", "completion")}
    return {"min_prompt_tokens": tier["min_prompt_tokens"], **prices}


def _parameters(model: Model) -> list[str]:
    names = ["max_completion_tokens", "max_tokens", "seed", "stop", "temperature", "top_p"]
    if model.structured:
        names += ["response_format", "structured_outputs"]
    if model.reasoning:
        names += ["include_reasoning", "reasoning"]
    return sorted(names)


def _expiry(model: Model) -> str | None:
    if model.expires_in_days is None:
        return None
    return (datetime.now(UTC) + timedelta(days=model.expires_in_days)).date().isoformat()
