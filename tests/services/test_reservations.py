"""What a call may cost at the most, before it leaves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from pwb.services import reservations
from pwb.simulator.testing import RunningSimulator
from tests.catalogues import entry, fetch

SONNET = "anthropic/claude-3.5-sonnet"
DEAR = "openai/o-dear"
# Of 300 bytes: a hundred tokens, and what is wrapped around them.
PROMPT = {"messages": [{"role": "user", "content": "x" * 300}]}
TOKENS = 100 + reservations.WRAPPING_TOKENS


def most(models: list[str], data: dict[str, Any] | None = None, max_tokens: int = 1000) -> Decimal:
    """US cents."""
    return reservations.most_cents("open_router", models, data or PROMPT, max_tokens)


def per_million(prompt: int, completion: int, tokens: int = TOKENS) -> Decimal:
    """US cents of that many tokens in, and a thousand out."""
    return Decimal(prompt * tokens + completion * 1000) / 10_000


@pytest.fixture
def listed(app: Flask, simulator: RunningSimulator) -> None:
    reasoning = {"internal_reasoning": "0.00009", "request": "0.01", "image": "0.002"}
    fetch(
        simulator,
        entry(SONNET, "3", "15"),
        entry(DEAR, "10", "40", pricing=reasoning),
        entry("free/one:free", "0", "0"),
        entry("openrouter/auto", "-1", "-1"),
    )


@pytest.mark.usefixtures("listed")
def test_a_call_may_cost_its_prompt_and_all_the_tokens_of_its_answer() -> None:
    assert most([SONNET]) == per_million(3, 15)


@pytest.mark.usefixtures("listed")
def test_the_dearest_model_that_may_serve_decides() -> None:
    # Every token of the answer may be thought aloud, and each call has its own price.
    dear = per_million(10, 90) + 1
    assert most([SONNET, DEAR]) == most([DEAR]) == dear


@pytest.mark.usefixtures("listed")
def test_pictures_cost_their_tokens_and_their_own_price() -> None:
    pictures = {
        "messages": [{"role": "user", "content": "x" * 300}],
        "photos": [{"id": 1}, {"id": 2}],
    }
    more = TOKENS + 2 * reservations.TOKENS_PER_IMAGE
    assert most([DEAR], pictures) == per_million(10, 90, more) + 1 + Decimal("0.4")


@pytest.mark.usefixtures("listed")
def test_a_free_model_costs_nothing_and_an_unknown_price_the_settings() -> None:
    assert most(["free/one:free"]) == 0
    assert most(["openrouter/auto"]) == most(["made/up"]) == per_million(15, 75)


def test_other_writings_than_latin_have_more_tokens_a_character() -> None:
    latin = {"messages": [{"content": "villa" * 60}]}
    chinese = {"messages": [{"content": "别墅别墅别" * 60}]}
    assert reservations.prompt_tokens(latin) == 100 + reservations.WRAPPING_TOKENS
    assert reservations.prompt_tokens(chinese) == 300 + reservations.WRAPPING_TOKENS


@pytest.mark.parametrize("data", [{}, {"messages": None}, {"messages": []}])
def test_messages_that_were_removed_are_none(data: dict[str, Any]) -> None:
    assert reservations.prompt_tokens(data) == reservations.WRAPPING_TOKENS
    assert reservations.image_count(data) == 0
