"""What a generation may cost at the most: reckoned before it leaves, set aside until it is settled.

The size of the prompt and all the tokens that the answer may have, at the catalogue's prices. Where
a price is not known, at the operator's `AI_UNKNOWN_PRICE_…` settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from math import ceil
from typing import Any

from pwb.llm.pricing import Pricing
from pwb.llm.types import ModelInfo
from pwb.models.base import utcnow
from pwb.services import catalogue
from pwb.services.connections import settings
from pwb.services.model_prices import MILLION

# English has about four bytes a token, other languages and JSON fewer; too many is the safe side.
BYTES_PER_TOKEN = 3
# The schema of the answer, and what a provider wraps around the messages.
WRAPPING_TOKENS = 600
# A large picture's share of the prompt, where the provider counts pictures in tokens.
TOKENS_PER_IMAGE = 1600


def most_cents(
    provider: str,
    models: Iterable[str],
    input_data: Mapping[str, Any],
    max_tokens: int,
    known: Mapping[str, ModelInfo] | None = None,
) -> Decimal:
    """US cents that one call may cost, whichever of the `models` serves it; `known` is what the
    catalogue says of them, where it was asked before."""
    names = list(models)
    prices = catalogue.pricings(provider, names, known)
    tokens, images = prompt_tokens(input_data), image_count(input_data)
    return max(_most_usd(prices.get(name), tokens, max_tokens, images) for name in names) * 100


def _most_usd(pricing: Pricing | None, tokens: int, max_tokens: int, images: int) -> Decimal:
    now, cost = utcnow(), None
    if pricing is not None:
        flat = _dearest_output(pricing.for_prompt(tokens, now))
        cost = flat.estimate(tokens, max_tokens, images)
    if cost is None:
        cost = unknown_price().estimate(tokens, max_tokens)
    return cost or Decimal(0)


def _dearest_output(flat: Pricing) -> Pricing:
    """Prices with each token of the answer at what thinking aloud costs, where that is dearer."""
    if flat.completion is None or not flat.internal_reasoning:
        return flat
    return replace(flat, completion=max(flat.completion, flat.internal_reasoning))


def unknown_price() -> Pricing:
    """What a model without a known price is taken to cost."""
    most = settings()
    return Pricing(
        prompt=most.ai_unknown_price_prompt / MILLION,
        completion=most.ai_unknown_price_completion / MILLION,
    )


def prompt_tokens(input_data: Mapping[str, Any]) -> int:
    """About how many tokens the messages have: rather too many than too few."""
    size = sum(len(text.encode("utf-8", "replace")) for text in _texts(input_data))
    return (
        ceil(size / BYTES_PER_TOKEN) + WRAPPING_TOKENS + TOKENS_PER_IMAGE * image_count(input_data)
    )


def image_count(input_data: Mapping[str, Any]) -> int:
    """How many pictures go along with the messages."""
    return len(input_data.get("photos") or ())


def messages(input_data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The messages as the ledger keeps them; none where they were removed since."""
    return list(input_data.get("messages") or ())


def _texts(input_data: Mapping[str, Any]) -> list[str]:
    return [str(each.get("content") or "") for each in messages(input_data)]
