"""Models and prices of providers whose own lists need a key and name no prices.

They come from the `genai-prices` package, which is loaded when it is first needed. It lists what
was on sale when it was made: a model that it lacks may well exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pwb.llm.parsing import clean_text
from pwb.llm.pricing import PriceTier, Pricing
from pwb.llm.types import ModelInfo
from pwb.models.base import utcnow
from pwb.services.model_prices import MILLION

if TYPE_CHECKING:
    from genai_prices import types as package

# Our provider ids, and the package's.
COVERED = {"openai": "openai", "anthropic": "anthropic"}
# The package's units, and ours.
UNITS = {
    "input_mtok": "prompt",
    "output_mtok": "completion",
    "cache_read_mtok": "input_cache_read",
    "cache_write_mtok": "input_cache_write",
}
# Words in the ids of models that do not write text in a chat.
OTHER_TRADES = (
    "ada",
    "audio",
    "babbage",
    "codex",
    "computer-use",
    "curie",
    "davinci",
    "embedding",
    "ft:",
    ".ft-",
    "image",
    "instruct",
    "live",
    "moderation",
    "realtime",
    "safeguard",
    "search",
    "transcribe",
    "tts",
    "whisper",
)


def covers(provider_id: str) -> bool:
    """Whether models and prices of this provider come from the package."""
    return provider_id in COVERED


def source() -> str:
    """The package with its version."""
    from importlib.metadata import version

    return f"genai-prices {version('genai-prices')}"


def models(provider_id: str) -> list[ModelInfo]:
    """The provider's models that write text, with today's prices."""
    return list(_models(_provider(provider_id)))


def pricing_of(provider_id: str, model: str) -> Pricing | None:
    """Today's prices of a model by any of its names, dated ones too; None for an unknown one."""
    found = _provider(provider_id).find_model(model)
    return None if found is None else _pricing(found.get_prices(utcnow()))


def _provider(provider_id: str) -> package.Provider:
    from genai_prices import data_snapshot

    wanted = COVERED[provider_id]
    return next(p for p in data_snapshot.get_snapshot().providers if p.id == wanted)


def _models(provider: package.Provider) -> Iterator[ModelInfo]:
    for model in provider.models:
        if model.deprecated or any(word in model.id for word in OTHER_TRADES):
            continue
        pricing = _pricing(model.get_prices(utcnow()))
        if pricing.known:
            yield ModelInfo(
                id=model.id,
                name=model.name or model.id,
                description=clean_text(model.description or ""),
                context_length=model.context_window,
                pricing=pricing,
            )


def _pricing(prices: package.ModelPrice) -> Pricing:
    found: dict[str, Any] = {}
    tiers: dict[int, dict[str, Decimal | None]] = {}
    for unit, key in UNITS.items():
        price: Any = getattr(prices, unit, None)
        if price is None:
            continue
        found[key] = (price if isinstance(price, Decimal) else price.base) / MILLION
        for tier in getattr(price, "tiers", ()):
            # A tier of the package begins beyond its number.
            tiers.setdefault(tier.start + 1, {})[key] = tier.price / MILLION
    steps = tuple(PriceTier(start, tiers[start]) for start in sorted(tiers))
    return replace(Pricing(tiers=steps), **found)
