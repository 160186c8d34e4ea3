"""OpenRouter's `/models` entries, prices and tiers included. Unknown prices (`-1`) are None."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pwb.llm.parsing import clean_text, count, day, identifier, items, mapping, money, words
from pwb.llm.pricing import PRICE_KEYS, PriceTier, Pricing
from pwb.llm.types import ModelInfo


def read_catalogue_entry(entry: Mapping[str, Any]) -> ModelInfo | None:
    """One model; None for an entry without an id."""
    found = identifier(entry.get("id"))
    if found is None:
        return None
    architecture, top = mapping(entry.get("architecture")), mapping(entry.get("top_provider"))
    description, moderated = entry.get("description"), top.get("is_moderated")
    return ModelInfo(
        id=found,
        canonical_slug=identifier(entry.get("canonical_slug")),
        name=identifier(entry.get("name")) or found,
        description=clean_text(description)[:2000] if isinstance(description, str) else "",
        created=count(entry.get("created")),
        context_length=count(entry.get("context_length")),
        max_completion_tokens=count(top.get("max_completion_tokens")),
        input_modalities=words(architecture.get("input_modalities")),
        output_modalities=words(architecture.get("output_modalities")),
        supported_parameters=words(entry.get("supported_parameters")),
        pricing=read_pricing(entry.get("pricing")),
        expiration_date=day(entry.get("expiration_date")),
        knowledge_cutoff=day(entry.get("knowledge_cutoff")),
        is_moderated=moderated if isinstance(moderated, bool) else None,
    )


def read_pricing(value: Any) -> Pricing:
    """Base prices and tiers, in USD."""
    prices = mapping(value)
    tiers = [_read_tier(mapping(tier)) for tier in items(prices.get("overrides"))]
    known = {key: money(prices.get(key)) for key in PRICE_KEYS}
    return Pricing(**known, tiers=tuple(tier for tier in tiers if tier.prices))


def _read_tier(tier: Mapping[str, Any]) -> PriceTier:
    prices: dict[str, Decimal | None] = {
        key: money(tier[key]) for key in PRICE_KEYS if tier.get(key) is not None
    }
    return PriceTier(
        min_prompt_tokens=count(tier.get("min_prompt_tokens")) or 0,
        prices=prices,
        utc_start=count(tier.get("utc_start")),
        utc_end=count(tier.get("utc_end")),
    )
