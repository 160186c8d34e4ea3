"""Prices: tiers, parts, the unknown; money is never a float and never a made-up 0."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pwb.llm.catalogue import read_pricing
from pwb.llm.pricing import Pricing
from pwb.llm.types import Usage
from pwb.services.direct_prices import models, pricing_of, source
from pwb.services.model_prices import (
    DescriptionSize,
    cost_of_description,
    difference,
    estimate,
    is_free,
    per_million,
    pricing_from_json,
    pricing_to_json,
)

SONNET = {"prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003"}
TIERED = SONNET | {
    "overrides": [
        {"min_prompt_tokens": 400_000, "prompt": "0.000012", "completion": "0.00004"},
        {"min_prompt_tokens": 200_000, "prompt": "0.000006", "completion": "0.0000225"},
    ]
}


def usage(tokens_in: int | None, tokens_out: int | None, **more: int) -> Usage:
    return Usage(input_tokens=tokens_in, output_tokens=tokens_out, **more)


@pytest.mark.parametrize(
    "document",
    [
        {},
        SONNET,
        TIERED,
        {"prompt": "-1", "completion": "-1"},
        {"prompt": "0.0000001", "completion": "0", "request": "0.005", "image": "0.001445"},
        {
            "prompt": "0.000001",
            "completion": "0.000002",
            "overrides": [{"utc_start": 1630, "utc_end": 30, "prompt": "0.0000005"}],
        },
    ],
)
def test_prices_come_back_from_the_table_as_they_went_in(document: dict[str, str]) -> None:
    pricing = read_pricing(document)
    stored = pricing_to_json(pricing)
    assert pricing_from_json(stored) == pricing
    assert "E" not in str(stored), "plain decimals, no exponents"


def test_the_price_of_a_million_tokens() -> None:
    assert per_million(read_pricing(SONNET).prompt) == Decimal(3)
    assert per_million(None) is None


def test_one_description_costs_its_tokens_and_the_price_of_a_request() -> None:
    assert cost_of_description(read_pricing(SONNET)) == Decimal("0.795")
    with_request = read_pricing(SONNET | {"request": "0.0001"})
    assert cost_of_description(with_request) == Decimal("0.805")
    longer = DescriptionSize(2000, 1000, measured=8)
    assert cost_of_description(read_pricing(SONNET), longer) == Decimal("2.1")


@pytest.mark.parametrize(
    "document", [{}, {"prompt": "-1", "completion": "-1"}, {"prompt": "0.1"}, {"completion": "1"}]
)
def test_an_unknown_price_makes_an_unknown_cost_and_never_nothing(document: dict[str, str]) -> None:
    pricing = read_pricing(document)
    assert cost_of_description(pricing) is None
    assert estimate(pricing, usage(100, 100)) is None
    assert not is_free(pricing)


def test_free_is_a_known_price_of_nothing() -> None:
    assert is_free(read_pricing({"prompt": "0", "completion": "0"}))
    assert not is_free(read_pricing({"prompt": "0", "completion": "0", "request": "0.01"}))
    assert cost_of_description(read_pricing({"prompt": "0", "completion": "0"})) == 0


@pytest.mark.parametrize(
    ("tokens", "price"),
    [
        (199_999, "0.000003"),
        (200_000, "0.000006"),
        (399_999, "0.000006"),
        (400_000, "0.000012"),
    ],
)
def test_the_highest_tier_that_the_prompt_reaches_counts_for_all_of_it(
    tokens: int, price: str
) -> None:
    assert estimate(read_pricing(TIERED), usage(tokens, 0)) == Decimal(price) * tokens


def test_cached_input_and_reasoning_are_parts_with_prices_of_their_own() -> None:
    pricing = read_pricing(SONNET | {"internal_reasoning": "0.00003"})
    used = usage(1000, 500, cached_tokens=400, reasoning_tokens=200)
    cached, plain = Decimal("0.0000003") * 400, Decimal("0.000003") * 600
    thought, text = Decimal("0.00003") * 200, Decimal("0.000015") * 300
    assert estimate(pricing, used) == cached + plain + thought + text


def test_without_prices_of_their_own_they_cost_what_the_rest_costs() -> None:
    pricing = Pricing(
        prompt=Decimal("0.000001"),
        completion=Decimal("0.000002"),
        internal_reasoning=Decimal(0),
    )
    used = usage(1000, 500, cached_tokens=400, reasoning_tokens=500)
    assert estimate(pricing, used) == Decimal("0.002")


def test_more_cached_or_reasoned_than_there_was_is_capped() -> None:
    pricing = read_pricing(SONNET)
    used = usage(100, 10, cached_tokens=5000, reasoning_tokens=5000)
    assert estimate(pricing, used) == Decimal("0.0000003") * 100 + Decimal("0.000015") * 10


@pytest.mark.parametrize("used", [usage(None, 5), usage(5, None), usage(None, None)])
def test_unknown_tokens_make_an_unknown_cost(used: Usage) -> None:
    assert estimate(read_pricing(SONNET), used) is None


def test_a_price_by_the_clock_counts_in_its_hours_only() -> None:
    tier = {"utc_start": 1630, "utc_end": 30, "prompt": "0.0000005"}
    pricing = read_pricing({"prompt": "0.000001", "completion": "0", "overrides": [tier]})
    night = datetime(2026, 8, 1, 23, 0, tzinfo=UTC)
    noon = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
    assert estimate(pricing, usage(1_000_000, 0), night) == Decimal("0.5")
    assert estimate(pricing, usage(1_000_000, 0), noon) == Decimal(1)
    assert cost_of_description(pricing) == Decimal("0.09"), "the price at any hour"


def test_a_difference_needs_both_prices() -> None:
    assert difference(Decimal(3), Decimal(1)) == 2
    assert difference(None, Decimal(1)) is None
    assert difference(Decimal(1), None) is None


class TestPricesOfDirectProviders:
    def test_name_the_package_they_come_from(self) -> None:
        assert source().startswith("genai-prices ")

    @pytest.mark.parametrize(
        ("provider", "model"),
        [
            ("openai", "gpt-4o-mini"),
            ("openai", "gpt-4o-mini-2024-07-18"),
            ("anthropic", "claude-haiku-4-5"),
            ("anthropic", "claude-haiku-4-5-20251001"),
        ],
    )
    def test_are_found_by_plain_and_dated_names(self, provider: str, model: str) -> None:
        pricing = pricing_of(provider, model)
        assert pricing is not None and pricing.known
        assert Decimal(0) < pricing.prompt < pricing.completion < Decimal("0.001")

    def test_are_unknown_for_an_unknown_model(self) -> None:
        assert pricing_of("openai", "no-such-model-at-all") is None

    @pytest.mark.parametrize("provider", ["openai", "anthropic"])
    def test_list_models_that_write_text_all_with_prices(self, provider: str) -> None:
        found = models(provider)
        assert len(found) > 5
        assert len({model.id for model in found}) == len(found)
        assert all(model.pricing.known for model in found)
        assert not any("embedding" in model.id or "whisper" in model.id for model in found)

    def test_keep_their_tiers(self) -> None:
        tiered = [model for model in models("openai") if model.pricing.tiers]
        assert tiered
        start = tiered[0].pricing.tiers[0].min_prompt_tokens
        below, beyond = (tiered[0].pricing.for_prompt(n).prompt for n in (start - 1, start))
        assert beyond > below


def test_pictures_cost_their_own_price_beside_their_tokens() -> None:
    pricing = read_pricing(SONNET | {"image": "0.0048"})
    assert estimate(pricing, usage(1000, 0), images=2) == Decimal("0.003") + Decimal("0.0096")
    assert estimate(read_pricing(SONNET), usage(1000, 0), images=2) == Decimal("0.003")
