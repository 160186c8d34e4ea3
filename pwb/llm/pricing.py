"""Prices of a model in USD, tiers included. None is an unknown or variable price."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

PRICE_KEYS = (
    "prompt",
    "completion",
    "request",
    "image",
    "web_search",
    "internal_reasoning",
    "input_cache_read",
    "input_cache_write",
)


@dataclass(frozen=True, slots=True)
class PriceTier:
    """Prices that replace the base ones from `min_prompt_tokens` on.

    `utc_start` and `utc_end` are clock numbers (HHMM) of a daily window, which may pass midnight.
    """

    min_prompt_tokens: int
    prices: Mapping[str, Decimal | None] = field(default_factory=dict)
    utc_start: int | None = None
    utc_end: int | None = None

    def applies(self, prompt_tokens: int, at: datetime | None) -> bool:
        """Whether a prompt of this length at this time (None: outside any window) is priced so."""
        return prompt_tokens >= self.min_prompt_tokens and self._open(at)

    def _open(self, at: datetime | None) -> bool:
        if self.utc_start is None or self.utc_end is None:
            return self.utc_start is None and self.utc_end is None
        if at is None:
            return False
        moment = at.astimezone(UTC)
        clock = moment.hour * 100 + moment.minute
        if self.utc_start <= self.utc_end:
            return self.utc_start <= clock < self.utc_end
        return clock >= self.utc_start or clock < self.utc_end


@dataclass(frozen=True, slots=True)
class Pricing:
    """USD per token (`prompt`, `completion`, cache, reasoning) or per call, picture, search."""

    prompt: Decimal | None = None
    completion: Decimal | None = None
    request: Decimal | None = None
    image: Decimal | None = None
    web_search: Decimal | None = None
    internal_reasoning: Decimal | None = None
    input_cache_read: Decimal | None = None
    input_cache_write: Decimal | None = None
    tiers: tuple[PriceTier, ...] = ()

    @property
    def known(self) -> bool:
        """Whether tokens in and out both have a price."""
        return self.prompt is not None and self.completion is not None

    def for_prompt(self, prompt_tokens: int, at: datetime | None = None) -> "Pricing":
        """The flat prices for a prompt of this length: the highest tier reached wins."""
        prices: dict[str, Decimal | None] = {}
        for tier in sorted(self.tiers, key=lambda tier: tier.min_prompt_tokens):
            if tier.applies(prompt_tokens, at):
                prices.update(tier.prices)
        return replace(self, tiers=(), **prices)

    def estimate(
        self, input_tokens: int, output_tokens: int, images: int = 0, at: datetime | None = None
    ) -> Decimal | None:
        """USD for one call of this size without caching; None where a needed price is unknown."""
        flat = self.for_prompt(input_tokens, at)
        if flat.prompt is None or flat.completion is None:
            return None
        extras = (flat.request or Decimal(0)) + (flat.image or Decimal(0)) * images
        return flat.prompt * input_tokens + flat.completion * output_tokens + extras
