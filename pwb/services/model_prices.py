"""What models cost: pure functions over prices. USD where nothing else is said; never floats.

A price that is not known stays None all the way to the page, where it reads "unknown".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pwb.llm.pricing import PRICE_KEYS, PriceTier, Pricing
from pwb.llm.types import Usage

MILLION = Decimal(1_000_000)
# One listing's facts with the instructions, and title, description and summary in answer to it.
TYPICAL_INPUT_TOKENS = 900
TYPICAL_OUTPUT_TOKENS = 350
# A photo of 1024 × 768 pixels: providers count from 765 to about 1,050 tokens for it.
TOKENS_A_PICTURE = 1050


@dataclass(frozen=True, slots=True)
class DescriptionSize:
    """Tokens that one description takes; `measured` texts stand behind it, 0 for the usual size."""

    input_tokens: int = TYPICAL_INPUT_TOKENS
    output_tokens: int = TYPICAL_OUTPUT_TOKENS
    measured: int = 0


TYPICAL = DescriptionSize()


def pricing_to_json(pricing: Pricing) -> dict[str, Any]:
    """Prices as decimal strings, tiers included; unknown ones are left out."""
    document: dict[str, Any] = _texts({key: getattr(pricing, key) for key in PRICE_KEYS})
    if pricing.tiers:
        document["tiers"] = [
            {
                "min_prompt_tokens": tier.min_prompt_tokens,
                "utc_start": tier.utc_start,
                "utc_end": tier.utc_end,
                "prices": _texts(tier.prices),
            }
            for tier in pricing.tiers
        ]
    return document


def _texts(prices: Mapping[str, Decimal | None]) -> dict[str, str]:
    return {key: format(price, "f") for key, price in prices.items() if price is not None}


def pricing_from_json(document: Mapping[str, Any]) -> Pricing:
    """The prices that `pricing_to_json` wrote."""
    tiers = (
        PriceTier(
            min_prompt_tokens=tier["min_prompt_tokens"],
            prices={key: Decimal(text) for key, text in tier["prices"].items()},
            utc_start=tier["utc_start"],
            utc_end=tier["utc_end"],
        )
        for tier in document.get("tiers", ())
    )
    prices = {key: Decimal(document[key]) for key in PRICE_KEYS if key in document}
    return Pricing(**prices, tiers=tuple(tiers))


def per_million(price: Decimal | None) -> Decimal | None:
    """USD per million tokens of a price per token."""
    return None if price is None else price * MILLION


def is_free(pricing: Pricing) -> bool:
    """Whether nothing is charged for text: known prices, all of them nothing."""
    return pricing.known and not (pricing.prompt or pricing.completion or pricing.request)


def cost_of_description(pricing: Pricing, size: DescriptionSize = TYPICAL) -> Decimal | None:
    """US cents for one listing's description of this size; None where a price is unknown."""
    cost = pricing.estimate(size.input_tokens, size.output_tokens)
    return None if cost is None else cost * 100


def cost_of_pictures(pricing: Pricing, count: int) -> Decimal | None:
    """US cents that so many photos add to a call, by the model's price for pictures or else as
    the tokens they are read as; None where a price is unknown."""
    if pricing.image:
        return pricing.image * count * 100
    if pricing.prompt is None:
        return None
    return pricing.prompt * TOKENS_A_PICTURE * count * 100


def estimate(
    pricing: Pricing, usage: Usage, at: datetime | None = None, images: int = 0
) -> Decimal | None:
    """USD for what a call with so many pictures used, where the provider reports no cost; None
    where it can't be told.

    Pictures cost their own price where there is one; their tokens are part of `input_tokens`.
    Cached input and reasoning are parts of `input_tokens` and `output_tokens` with prices of their
    own. Some catalogues show 0 for reasoning that is charged as output, so 0 means no own price.
    """
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    flat = pricing.for_prompt(usage.input_tokens, at)
    if flat.prompt is None or flat.completion is None:
        return None
    cached = min(usage.cached_tokens or 0, usage.input_tokens)
    reasoned = min(usage.reasoning_tokens or 0, usage.output_tokens)
    cached_price = flat.prompt if flat.input_cache_read is None else flat.input_cache_read
    return (
        flat.prompt * (usage.input_tokens - cached)
        + cached_price * cached
        + flat.completion * (usage.output_tokens - reasoned)
        + (flat.internal_reasoning or flat.completion) * reasoned
        + (flat.request or Decimal(0))
        + (flat.image or Decimal(0)) * images
    )


def difference(new: Decimal | None, old: Decimal | None) -> Decimal | None:
    """How much more `new` costs than `old`; None where either is unknown."""
    return None if new is None or old is None else new - old
