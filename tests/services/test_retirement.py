"""The retirement watch: what raises an alarm, what does not, and who could follow."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from pwb.config import Settings
from pwb.errors import InvalidInput
from pwb.extensions import db
from pwb.llm.catalogue import read_catalogue_entry
from pwb.llm.types import ModelInfo
from pwb.models import AICatalogue, Website, WebsiteIntegration
from pwb.models.base import utcnow
from pwb.services import catalogue, retirement
from pwb.services.chosen_models import make_default, replace_model
from pwb.services.integrations import own_integration
from pwb.services.retirement import kinship, successors_of
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.catalogues import entry, fetch
from tests.conftest import make_settings

OLD = "anthropic/claude-3.5-sonnet"


@pytest.fixture
def website(app: Flask, simulator: RunningSimulator) -> Website:
    """A website whose default model is OLD."""
    website = factories.create_website()
    factories.create_integration(website)
    return website


def use(website: Website, **settings: Any) -> None:
    row = own_integration(website, "open_router")
    assert row is not None
    row.settings = {"default_model": OLD, "max_tokens": 4096} | settings
    db.session.commit()


def noticed(website: Website) -> list[tuple[str, str, str]]:
    return [(w.model_id, w.role, w.reason) for w in retirement.warnings(website)]


def make_stale() -> None:
    past = utcnow() - timedelta(hours=1, minutes=1)
    db.session.execute(update(AICatalogue).values(fetched_at=past))
    db.session.commit()


def test_a_model_in_the_list_raises_no_alarm(website: Website, simulator: RunningSimulator) -> None:
    fetch(simulator, entry(OLD))
    assert noticed(website) == []


@pytest.mark.parametrize("variant", [":free", ":nitro", ":floor", ":thinking", "-20241022"])
def test_nor_do_variants_and_dated_names_of_one(
    website: Website, simulator: RunningSimulator, variant: str
) -> None:
    use(website, default_model=OLD + variant, fallback_models=["~anthropic/claude-sonnet-latest"])
    fetch(simulator, entry(OLD, slug=f"{OLD}-20241022"))
    assert noticed(website) == []


def test_a_model_that_a_fresh_list_lacks_does(
    website: Website, simulator: RunningSimulator
) -> None:
    use(website, fallback_models=["openai/gpt-4o", "openai/gone"])
    fetch(simulator, entry("openai/gpt-4o"))
    assert noticed(website) == [(OLD, "default", "missing"), ("openai/gone", "fallback", "missing")]


def test_the_simulators_list_lacks_the_default_model_which_is_a_normal_state(
    website: Website,
) -> None:
    catalogue.refresh("open_router")
    (warning,) = retirement.warnings(website)
    assert (warning.model_id, warning.reason, warning.day) == (OLD, "missing", None)
    assert warning.successors[0].model.id == "simulator/claude-3.5-sonnet"
    assert warning.successors[0].cost_cents == Decimal("0.795")
    assert warning.successors[0].more_cents is None, "nobody knows what it used to cost"


def test_a_list_that_is_old_never_fetched_or_failed_raises_none(
    website: Website, simulator: RunningSimulator
) -> None:
    assert noticed(website) == []
    simulator.enqueue("500", times=3, path="/models")
    catalogue.refresh("open_router")
    assert noticed(website) == []
    fetch(simulator, entry("openai/gpt-4o"))
    assert len(noticed(website)) == 1
    make_stale()
    assert noticed(website) == []


@pytest.mark.parametrize(
    ("days", "reason"),
    [(61, None), (60, "retires"), (1, "retires"), (0, "retired"), (-30, "retired")],
)
def test_a_date_of_retirement_is_told_sixty_days_ahead(
    website: Website, simulator: RunningSimulator, days: int, reason: str | None
) -> None:
    fetch(simulator, entry(OLD, expires_in=days))
    expected = [(OLD, "default", reason)] if reason else []
    assert noticed(website) == expected
    make_stale()
    assert noticed(website) == expected, "a date counts whenever it was heard of"


def test_a_model_that_was_listed_once_is_gone_since_a_day_and_had_a_price(
    website: Website, simulator: RunningSimulator
) -> None:
    fetch(simulator, entry(OLD, name="Claude 3.5 Sonnet"))
    fetch(simulator, entry("anthropic/claude-sonnet-4", "4", "20"))
    (warning,) = retirement.warnings(website)
    assert (warning.name, warning.day) == ("Claude 3.5 Sonnet", utcnow().date())
    assert warning.cost_cents == Decimal("0.795")
    assert warning.successors[0].more_cents == Decimal("0.265")


def test_price_lists_of_direct_providers_raise_no_alarm(app: Flask) -> None:
    website = factories.create_website()
    factories.create_integration(
        website, "anthropic", settings={"default_model": "claude-not-in-any-list"}
    )
    catalogue.refresh("anthropic")
    assert noticed(website) == []


def test_nothing_is_told_where_nothing_is_written(
    app: Flask, website: Website, simulator: RunningSimulator
) -> None:
    fetch(simulator, entry("openai/gpt-4o"))
    assert noticed(factories.create_website()) == [], "not configured"
    row = own_integration(website, "open_router")
    assert row is not None
    row.enabled = False
    db.session.commit()
    assert noticed(website) == [], "switched off"


def test_the_operators_model_is_told_of_but_is_not_the_admins_to_change(
    app: Flask, simulator: RunningSimulator
) -> None:
    app.config["PWB"] = with_operator_key(app)
    website = factories.create_website()
    fetch(simulator, entry("openai/gpt-4o"))
    (warning,) = retirement.warnings(website)
    assert (warning.model_id, warning.can_switch) == (OLD, False)
    with pytest.raises(InvalidInput, match="operator's choice"):
        replace_model(website, None, "open_router", OLD, "openai/gpt-4o")
    with pytest.raises(InvalidInput, match="operator's choice"):
        make_default(website, None, "open_router", "openai/gpt-4o")


def with_operator_key(app: Flask) -> Settings:
    old: Settings = app.config["PWB"]
    return make_settings(
        database_url=old.database_url,
        open_router_api_base=old.open_router_api_base,
        open_router_api_key="sk-or-v1-operators-own",
    )


class TestSuccessors:
    def ids(self, old: dict[str, Any], *candidates: dict[str, Any]) -> list[str]:
        return [model.id for model in successors_of(info(old), map(info, candidates))]

    def test_are_at_most_three(self) -> None:
        assert len(self.ids(entry("a/old"), *(entry(f"a/new-{n}") for n in range(9)))) == 3

    def test_are_of_the_same_maker_and_family_first(self) -> None:
        found = self.ids(
            entry(OLD),
            entry("openai/gpt-4o"),
            entry("anthropic/claude-3-opus"),
            entry("anthropic/claude-sonnet-4"),
            entry("copycat/claude-3.5-sonnet"),
        )
        expected = ["claude-sonnet-4", "claude-3-opus"]
        assert found == [*(f"anthropic/{name}" for name in expected), "copycat/claude-3.5-sonnet"]

    def test_are_newer_before_older_and_near_in_price_before_far(self) -> None:
        found = self.ids(
            entry("a/star-2", created=2000),
            entry("a/star-1", created=1000),
            entry("a/star-3", "30", "150", created=3000),
            entry("a/star-4", "4", "16", created=4000),
        )
        assert found == ["a/star-4", "a/star-3", "a/star-1"]

    def test_are_the_newest_of_several_at_the_same_price(self) -> None:
        candidates = [entry(f"a/star-{n}", created=2000 + n) for n in (5, 7, 6)]
        assert self.ids(entry("a/star-1", created=1000), *candidates) == [
            "a/star-7",
            "a/star-6",
            "a/star-5",
        ]

    def test_can_follow_a_schema_before_those_that_cannot(self) -> None:
        found = self.ids(entry(OLD), entry("anthropic/claude-2", structured=False), entry("b/c"))
        assert found == ["b/c", "anthropic/claude-2"]

    def test_are_free_only_where_the_old_one_was(self) -> None:
        free, paid = entry("a/star-2:free", "0", "0"), entry("b/other")
        assert self.ids(entry("a/star-1"), free, paid)[0] == "b/other"
        assert self.ids(entry("a/star-1:free", "0", "0"), free, paid)[0] == "a/star-2:free"

    def test_do_not_retire_themselves_and_have_a_price(self) -> None:
        found = self.ids(
            entry("a/star-1"), entry("a/star-2", expires_in=30), entry("a/star-3", "-1", "-1")
        )
        assert found == []

    def test_are_not_among_the_models_in_use(
        self, website: Website, simulator: RunningSimulator
    ) -> None:
        use(website, fallback_models=["anthropic/claude-3-opus"])
        fetch(simulator, entry("anthropic/claude-3-opus"), entry("anthropic/claude-sonnet-4"))
        (warning,) = retirement.warnings(website)
        assert [s.model.id for s in warning.successors] == ["anthropic/claude-sonnet-4"]

    @pytest.mark.parametrize(
        ("one", "other", "kin"),
        [
            ("anthropic/claude-3.5-sonnet", "anthropic/claude-sonnet-4", 1),
            ("openai/gpt-4-turbo", "openai/gpt-4o", Decimal(1) / 2),
            ("openai/gpt-4o", "google/gemini-pro-1.5", 0),
            ("meta-llama/llama-3.1-70b-instruct", "meta-llama/llama-3.3-70b-instruct:free", 1),
            ("1/2", "3/4", 0),
        ],
    )
    def test_kinship_is_in_the_words_of_the_name(
        self, one: str, other: str, kin: Decimal | int
    ) -> None:
        assert kinship(one, other) == kin


def info(document: dict[str, Any]) -> ModelInfo:
    found = read_catalogue_entry(document)
    assert found is not None
    return found


class TestSwitching:
    def stored(self, website: Website) -> dict[str, Any]:
        db.session.expire_all()
        row = own_integration(website, "open_router")
        assert isinstance(row, WebsiteIntegration)
        return row.settings

    def test_puts_another_default_in_the_old_ones_place(self, website: Website) -> None:
        assert replace_model(website, None, "open_router", OLD, "openai/gpt-4o")
        assert self.stored(website) == {"default_model": "openai/gpt-4o", "max_tokens": 4096}

    def test_puts_another_fallback_in_its_place_in_the_order(self, website: Website) -> None:
        use(website, fallback_models=["a/one", "a/two", "a/three"])
        assert replace_model(website, None, "open_router", "a/two", "a/new")
        assert self.stored(website)["fallback_models"] == ["a/one", "a/new", "a/three"]
        assert replace_model(website, None, "open_router", "a/new", "a/one")
        assert self.stored(website)["fallback_models"] == ["a/one", "a/three"]
        assert self.stored(website)["default_model"] == OLD

    def test_does_nothing_where_somebody_has_done_it_already(self, website: Website) -> None:
        assert replace_model(website, None, "open_router", OLD, "a/first")
        assert not replace_model(website, None, "open_router", OLD, "a/second")
        assert self.stored(website)["default_model"] == "a/first"

    @pytest.mark.parametrize("model", ["", "no-slash", "a b/c", "a/b" * 100])
    def test_refuses_what_cannot_be_a_model(self, website: Website, model: str) -> None:
        with pytest.raises(InvalidInput):
            make_default(website, None, "open_router", model)
        assert self.stored(website)["default_model"] == OLD
