"""Looking models up: under any of their names, how to ask them for JSON, what calls cost."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from pwb.config import Settings
from pwb.extensions import db
from pwb.llm.types import Usage
from pwb.models import GenerationRequest, Website
from pwb.models.base import utcnow
from pwb.services import catalogue, generations
from pwb.services.chosen_models import set_shortlisted
from pwb.services.generations import ListingDescriptionGenerator
from pwb.simulator.testing import Reply, RunningSimulator
from tests import factories
from tests.catalogues import entry, fetch
from tests.conftest import make_settings

OPEN_ROUTER = "open_router"


class TestFinding:
    @pytest.fixture(autouse=True)
    def listed(self, app: Flask, simulator: RunningSimulator) -> None:
        fetch(
            simulator,
            entry("maker/base", slug="maker/base-20250101"),
            entry("maker/base:free", "0", "0", slug="maker/base-20250101"),
            entry("maker/only:free", "0", "0"),
            entry("~maker/base-latest", "1", "1"),
            entry("llama3:latest"),
        )

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ("maker/base", "maker/base"),
            ("maker/base:free", "maker/base:free"),
            ("maker/base:nitro", "maker/base"),
            ("maker/base:floor", "maker/base"),
            ("maker/base:thinking", "maker/base"),
            ("maker/base-20250101", "maker/base"),
            ("maker/base-20250101:floor", "maker/base"),
            ("~maker/base-latest", "~maker/base-latest"),
            ("~maker/base", "maker/base"),
            ("llama3", "llama3:latest"),
            ("maker/only", None),
            ("maker/bas", None),
            ("", None),
        ],
    )
    def test_a_model_is_found_under_each_of_its_names(self, asked: str, found: str | None) -> None:
        model = catalogue.find_models(OPEN_ROUTER, [asked]).get(asked)
        assert (model.id if model else None) == found

    def test_many_are_found_at_once(self) -> None:
        asked = ["maker/base:nitro", "maker/base:free", "nobody/nothing"]
        found = catalogue.find_models(OPEN_ROUTER, asked)
        assert {name: model.id for name, model in found.items()} == {
            "maker/base:nitro": "maker/base",
            "maker/base:free": "maker/base:free",
        }


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (["response_format", "structured_outputs"], "json_schema"),
        (["structured_outputs"], "json_schema"),
        (["response_format", "max_tokens"], "json_object"),
        (["max_tokens"], "prompt"),
        ([], "json_schema"),
    ],
)
def test_json_is_asked_for_in_the_way_that_the_model_honours(
    app: Flask, simulator: RunningSimulator, parameters: list[str], expected: str
) -> None:
    fetch(simulator, entry("a/one", parameters=parameters))
    assert catalogue.structured_for(OPEN_ROUTER, "a/one") == expected
    assert catalogue.structured_for(OPEN_ROUTER, "a/one:nitro") == expected
    assert catalogue.structured_for(OPEN_ROUTER, "nobody/knows") == "json_schema"


def test_a_generation_asks_in_that_way(app: Flask, simulator: RunningSimulator) -> None:
    website = factories.create_website()
    factories.create_integration(website, settings={"default_model": "simulator/gpt-4o"})
    fetch(simulator, entry("simulator/gpt-4o", parameters=["max_tokens"]))
    listing = factories.create_property(website)
    ListingDescriptionGenerator(property=listing, locale="en").generate()
    body = simulator.completions[-1].json
    assert "response_format" not in body
    assert "JSON Schema" in body["messages"][0]["content"]


class TestEstimatedCosts:
    @pytest.fixture
    def settings(self, database_url: str, simulator: RunningSimulator) -> Settings:
        return make_settings(
            database_url=database_url,
            open_router_api_base=simulator.base_url,
            openai_api_base=simulator.base_url,
            openai_compatible_api_base=simulator.base_url,
        )

    def _describe(
        self, simulator: RunningSimulator, provider: str, model: str
    ) -> GenerationRequest:
        website = factories.create_website(ai_provider=provider)
        key = "sk-or-v1-direct-0123456789"
        factories.create_integration(
            website, provider, key, settings={"default_model": model, "max_tokens": 500}
        )
        listing = factories.create_property(website)
        text = json.dumps({"title": "T", "description": "D" * 80, "meta_description": "M"})
        usage = {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        body = {"id": "chatcmpl-1", "model": model, "choices": [choice], "usage": usage}
        stream = f"data: {json.dumps(body)}\n\ndata: [DONE]\n\n"
        simulator.enqueue(Reply(body=stream.encode()))
        generations.generate_description(
            website, None, listing, generations.DescriptionSpec(locale="en")
        )
        return db.session.scalars(select(GenerationRequest)).one()

    def test_a_direct_provider_reports_none_so_its_listed_price_tells(
        self, app: Flask, simulator: RunningSimulator
    ) -> None:
        row = self._describe(simulator, "openai", "gpt-4o-mini")
        assert row.cost_state == "estimated"
        assert row.cost_cents == Decimal("0.027"), "1000 at $0.15 and 200 at $0.60 a million"

    def test_a_model_without_a_listed_price_costs_an_unknown_amount(
        self, app: Flask, simulator: RunningSimulator
    ) -> None:
        row = self._describe(simulator, "openai_compatible", "llama3")
        assert (row.cost_cents, row.cost_state) == (None, "unknown")

    def test_the_served_model_is_the_one_that_is_priced(
        self, app: Flask, simulator: RunningSimulator
    ) -> None:
        fetch(simulator, entry("a/one", "1", "1"), entry("a/two", "2", "2", slug="a/two-2025"))
        used = Usage(input_tokens=1_000_000, output_tokens=0)
        estimate = catalogue.estimate_cost
        assert estimate(OPEN_ROUTER, ("a/two-2025", "a/one"), used) == 2
        assert estimate(OPEN_ROUTER, (None, "a/one"), used) == 1
        assert estimate(OPEN_ROUTER, ("unlisted", "a/one"), used) == 1
        assert estimate(OPEN_ROUTER, ("unlisted",), used) is None


def test_lists_of_direct_providers_come_from_a_package_and_call_nobody(
    app: Flask, simulator: RunningSimulator
) -> None:
    assert catalogue.refresh("anthropic") == "fetched"
    status = catalogue.status("anthropic")
    assert status.source.startswith("genai-prices")
    assert not status.tells_what_exists, "a model that a price list lacks may well exist"
    assert len(catalogue.models("anthropic")) > 5
    assert simulator.requests == []


class TestChoices:
    @pytest.fixture
    def website(self, app: Flask, simulator: RunningSimulator) -> Website:
        catalogue.refresh(OPEN_ROUTER)
        return factories.create_website()

    def test_are_the_recommended_models_until_there_is_a_shortlist(self, website: Website) -> None:
        choices = catalogue.choices_for(website, OPEN_ROUTER)
        assert len(choices) == 7
        assert (choices[0].id, choices[0].note) == (
            "anthropic/claude-3.5-sonnet",
            "general purpose",
        )
        assert choices[0].cost_cents is None, "this list does not have it"

    def test_are_the_shortlist_with_the_price_of_a_description(self, website: Website) -> None:
        for model in ("simulator/gpt-4o-mini", "simulator/auto", "gone/away"):
            assert set_shortlisted(website, None, OPEN_ROUTER, model)
        choices = catalogue.choices_for(website, OPEN_ROUTER)
        assert [(each.name, each.cost_cents) for each in choices] == [
            ("Simulator: GPT-4o-mini", Decimal("0.0345")),
            ("Simulator: Auto Router", None),
            ("gone/away", None),
        ]
        assert len(catalogue.choices_for(website, "openai")) == 2, "each provider has its own"

    def test_are_priced_by_what_the_website_wrote_lately(self, website: Website) -> None:
        model = "simulator/gpt-4o-mini"
        set_shortlisted(website, None, OPEN_ROUTER, model)
        write(website, model, 4)
        assert catalogue.choices_for(website, OPEN_ROUTER)[0].cost_cents == Decimal("0.0345")
        write(website, model, 1)
        write(factories.create_website(), model, 9, tokens=90_000)
        write(website, model, 6, tokens=90_000, created_at=utcnow() - timedelta(days=91))
        assert catalogue.choices_for(website, OPEN_ROUTER)[0].cost_cents == Decimal("0.15")


def write(website: Website, model: str, texts: int, tokens: int = 2000, **more: Any) -> None:
    """Completed descriptions of `tokens` in and out together with a fixed mix."""
    for _ in range(texts):
        values = {
            "request_type": "listing_description",
            "ai_provider": OPEN_ROUTER,
            "ai_model": model,
            "locale": "en",
            "status": "completed",
            "input_tokens": tokens,
            "output_tokens": tokens,
        }
        db.session.add(GenerationRequest(website_id=website.id, **values | more))
    db.session.commit()
