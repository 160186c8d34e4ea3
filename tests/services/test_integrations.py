"""Connecting a website to AI services, and what its generations call with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select, update

from pwb.config import Settings
from pwb.errors import EditConflict, InvalidInput, NotFound
from pwb.extensions import db
from pwb.llm.types import Routing
from pwb.models import AuditEvent, Website, WebsiteIntegration
from pwb.services import integration_health as health
from pwb.services import integrations
from pwb.services.connection_tests import check_integration
from pwb.services.connections import connection_for
from pwb.services.generation_errors import GenerationFailed, NotConfigured
from pwb.services.generations import DescriptionSpec, generate_description
from pwb.simulator.testing import RunningSimulator, running_simulator
from tests import factories
from tests.conftest import make_settings

KEY = "sk-or-v1-0123456789abcdef"


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator() as running:
        yield running


@pytest.fixture
def settings(database_url: str, simulator: RunningSimulator) -> Settings:
    return make_settings(
        database_url=database_url,
        open_router_api_base=simulator.base_url,
        openai_api_base=simulator.base_url,
        openai_compatible_api_base=simulator.base_url,
    )


@pytest.fixture
def website(app: Flask) -> Website:
    return factories.create_website()


def save(website: Website, key: str | None = KEY, **changes: object) -> WebsiteIntegration:
    return integrations.save_integration(website, None, "open_router", api_key=key, changes=changes)


def audited(action: str) -> list[dict[str, list[object]]]:
    query = select(AuditEvent.changes).where(AuditEvent.action == action)
    return list(db.session.scalars(query.order_by(AuditEvent.id)))


def reloaded(row: WebsiteIntegration) -> WebsiteIntegration:
    db.session.rollback()
    return db.session.get_one(WebsiteIntegration, row.id, populate_existing=True)


def test_a_new_integration_has_the_default_model_and_4096_tokens(website: Website) -> None:
    row = save(website)
    assert row.settings == {"default_model": "anthropic/claude-3.5-sonnet", "max_tokens": 4096}
    assert KEY not in row.credentials
    assert integrations.masked_key(row) == "•••• cdef"


def test_a_blank_key_or_the_mask_sent_back_keeps_the_stored_one(website: Website) -> None:
    before = save(website).credentials
    for number, kept in enumerate([None, "", "  ", "•••• cdef"], 1):
        row = save(website, kept, max_tokens=number)
        assert row.credentials == before
        assert row.settings["max_tokens"] == number
        assert row.settings["default_model"] == "anthropic/claude-3.5-sonnet"


def test_what_is_no_openrouter_key_is_refused_without_repeating_it(website: Website) -> None:
    for key in ("pk-123456789012", "sk-or-v1", "sk-or-ab", "sk-or-v1-with blank", "sk-or-" * 60):
        with pytest.raises(InvalidInput) as refused:
            save(website, key)
        assert list(refused.value.fields) == ["api_key"]
        assert key not in str(refused.value.fields)


def test_any_model_id_of_the_right_form_is_taken(website: Website) -> None:
    for model in ("openai/gpt-4o", "~anthropic/claude-sonnet-latest", "meta-llama/llama-3.1:free"):
        assert save(website, default_model=model).settings["default_model"] == model


def test_a_malformed_model_id_is_refused(website: Website) -> None:
    for model in ("", "gpt-4o", "a b/c", "openai/", "/x", "https://x.test/y", "a/" + "b" * 300):
        with pytest.raises(InvalidInput) as refused:
            save(website, default_model=model)
        assert list(refused.value.fields) == ["default_model"]


def test_max_tokens_outside_their_range_are_refused(website: Website) -> None:
    for number in (0, -1, 200_001, "abc", "1.5", "9" * 40, "٣", ""):
        with pytest.raises(InvalidInput) as refused:
            save(website, max_tokens=number)
        assert list(refused.value.fields) == ["max_tokens"]
    for number in (1, "200000"):
        assert save(website, max_tokens=number).settings["max_tokens"] == int(number)


def test_everything_that_is_wrong_is_said_at_once(website: Website) -> None:
    with pytest.raises(InvalidInput) as refused:
        save(website, "nonsense", default_model="x", sort="magic", max_price_prompt="-1")
    assert set(refused.value.fields) == {"api_key", "default_model", "sort", "max_price_prompt"}


def test_an_unknown_provider_is_refused(website: Website) -> None:
    for name in ("nobody", "", "anthropic; drop"):
        with pytest.raises(InvalidInput):
            integrations.save_integration(website, None, name, api_key=KEY, changes={})


def test_privacy_and_routing_settings_really_go_out(
    website: Website, simulator: RunningSimulator
) -> None:
    save(
        website,
        max_tokens=777,
        fallback_models="openai/gpt-4o, mistralai/mistral-large\nopenai/gpt-4o",
        zdr=True,
        data_collection="deny",
        sort="throughput",
        max_price_prompt="2,50",
        max_price_completion="10.00",
    )
    spec = DescriptionSpec("en")
    generate_description(website, None, factories.create_property(website), spec)
    body = simulator.completions[0].json
    assert body["models"] == ["openai/gpt-4o", "mistralai/mistral-large"]
    assert body["provider"] == {
        "zdr": True,
        "data_collection": "deny",
        "sort": "throughput",
        "max_price": {"prompt": "2.5", "completion": "10"},
    }
    assert body["max_tokens"] == 777
    assert simulator.completions[0].headers["Authorization"] == f"Bearer {KEY}"


def test_settings_can_be_cleared_again(website: Website) -> None:
    save(website, zdr=True, sort="price", fallback_models=["openai/gpt-4o"])
    connection = connection_for(website)
    assert connection.routing == Routing(zdr=True, sort="price")
    row = save(website, None, zdr=False, sort="", fallback_models="")
    assert set(row.settings) == {"default_model", "max_tokens"}
    connection = connection_for(website)
    assert (connection.routing, connection.fallback_models) == (None, ())


def test_max_prices_are_exact(website: Website) -> None:
    save(website, max_price_prompt="0.000001")
    routing = connection_for(website).routing
    assert routing is not None
    assert routing.max_price == {"prompt": Decimal("0.000001")}


def test_the_websites_own_key_wins_over_the_operators(app: Flask, website: Website) -> None:
    with_operator_key(app)
    assert connection_for(website).api_key == "sk-or-v1-operators-own"
    row = save(website)
    assert connection_for(website).api_key == KEY
    integrations.toggle_integration(website, None, row.id)
    with pytest.raises(NotConfigured, match="switched off"):
        connection_for(website)


def with_operator_key(app: Flask, key: str = "sk-or-v1-operators-own") -> None:
    old: Settings = app.config["PWB"]
    app.config["PWB"] = make_settings(
        database_url=old.database_url,
        open_router_api_base=old.open_router_api_base,
        open_router_api_key=key,
        open_router_default_model="openai/gpt-4o",
    )


def test_the_first_integration_stays_in_use_until_another_is_chosen(website: Website) -> None:
    other = integrations.save_integration(
        website, None, "openai", api_key="sk-openai-0123456789", changes={}
    )
    router = save(website)
    assert connection_for(website).provider == "openai"
    integrations.activate_integration(website, None, router.id)
    assert connection_for(website).provider == "open_router"
    integrations.toggle_integration(website, None, other.id)
    with pytest.raises(InvalidInput, match="switched off"):
        integrations.activate_integration(website, None, other.id)
    assert audited("integration.activated") == [{"in_use": ["openai", "open_router"]}]


def test_a_model_asked_for_must_be_one_of_the_provider_in_use(website: Website) -> None:
    integrations.save_integration(
        website, None, "openai", api_key="sk-openai-0123456789", changes={}
    )
    assert connection_for(website, "gpt-4o-mini").model == "gpt-4o-mini"
    with pytest.raises(InvalidInput):
        connection_for(website, "not a model")


def test_a_server_without_keys_needs_none(website: Website, simulator: RunningSimulator) -> None:
    row = integrations.save_integration(
        website, None, "openai_compatible", changes={"default_model": "llama3"}
    )
    connection = connection_for(website)
    assert (connection.api_key, connection.base_url) == ("", simulator.base_url)
    assert integrations.masked_key(row) == ""


def test_a_provider_without_an_address_is_not_offered(app: Flask, website: Website) -> None:
    row = integrations.save_integration(
        website, None, "openai_compatible", changes={"default_model": "llama3"}
    )
    app.config["PWB"] = make_settings(database_url=app.config["PWB"].database_url)
    assert integrations.ai_state(website).state == "error"
    with pytest.raises(NotConfigured, match="no address"):
        connection_for(website)
    assert check_integration(website, row.id).ok is False


def test_every_change_is_recorded_without_any_secret(website: Website) -> None:
    row = save(website)
    save(website, "sk-or-v1-another-key-entirely", max_tokens=9)
    integrations.toggle_integration(website, None, row.id)
    integrations.toggle_integration(website, None, row.id)
    integrations.remove_integration(website, None, row.id)
    assert audited("integration.created")[0]["api_key"] == [None, "set"]
    assert audited("integration.changed") == [
        {"max_tokens": [4096, 9], "api_key": ["set", "replaced"]}
    ]
    for action in ("enabled", "disabled", "removed"):
        assert audited(f"integration.{action}") == [{}]
    kept = "".join(map(str, db.session.scalars(select(AuditEvent.changes))))
    assert "sk-or" not in kept


def test_saving_nothing_new_is_no_event(website: Website) -> None:
    save(website)
    save(website, None, max_tokens=4096)
    assert audited("integration.changed") == []


def test_a_form_made_from_an_older_state_is_told_who_changed_what(app: Flask) -> None:
    agency = factories.create_agency()
    row = save(agency.website)
    change(agency, row, {"max_tokens": "10"}, seen=1)
    with pytest.raises(EditConflict, match=rf"{agency.admin.name} saved .*: Max tokens"):
        change(agency, row, {"default_model": "openai/gpt-4o"}, seen=1)
    assert reloaded(row).settings["max_tokens"] == 10
    assert reloaded(row).settings["default_model"] == "anthropic/claude-3.5-sonnet"


def change(
    agency: factories.Agency, row: WebsiteIntegration, changes: dict[str, str], seen: int
) -> None:
    integrations.change_integration(
        agency.website, agency.admin, row.id, {}, changes, seen_version=seen
    )


def test_a_save_that_comes_between_reading_and_writing_is_a_conflict(website: Website) -> None:
    row = save(website)
    with db.engine.begin() as connection:
        connection.execute(update(WebsiteIntegration).values(lock_version=7))
    with pytest.raises(EditConflict):
        integrations.change_integration(website, None, row.id, {}, {"max_tokens": 1})


def test_many_saves_and_toggles_at_once_end_well(app: Flask, website: Website) -> None:
    row_id, site_id = save(website).id, website.id
    db.session.commit()
    outcomes: list[str] = []

    def work(number: int) -> None:
        with app.app_context():
            site = db.session.get_one(Website, site_id)
            try:
                if number % 2:
                    integrations.toggle_integration(site, None, row_id, enabled=number % 4 == 1)
                else:
                    changes = {"max_tokens": number + 1}
                    integrations.change_integration(site, None, row_id, {}, changes)
                outcomes.append("done")
            except EditConflict:
                outcomes.append("conflict")
            finally:
                db.session.remove()

    at_once(work, 12)
    assert len(outcomes) == 12
    assert outcomes.count("done") >= 7


def test_a_double_click_on_create_makes_one_integration(app: Flask, website: Website) -> None:
    site_id = website.id
    db.session.commit()
    outcomes: list[str] = []
    together = threading.Barrier(4)

    def work(_number: int) -> None:
        with app.app_context():
            site = db.session.get_one(Website, site_id)
            together.wait()
            try:
                integrations.create_integration(
                    site, None, "ai", "open_router", {"api_key": KEY}, {}
                )
                outcomes.append("made")
            except integrations.AlreadyConfigured:
                outcomes.append("there already")
            finally:
                db.session.remove()

    at_once(work, 4)
    assert sorted(outcomes) == ["made", *["there already"] * 3]


def at_once(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def test_removing_twice_is_not_found(website: Website) -> None:
    row_id = save(website).id
    assert integrations.remove_integration(website, None, row_id) == "OpenRouter"
    with pytest.raises(NotFound):
        integrations.remove_integration(website, None, row_id)
    assert website.ai_provider is None


def test_a_success_clears_an_error_and_a_busy_provider_is_none(website: Website) -> None:
    row = save(website)
    health.note_failure(row.id, "invalid_api_key", "OpenRouter rejected the API key.")
    db.session.commit()
    state = integrations.ai_state(website)
    assert (state.state, bool(state.cure)) == ("error", True)
    for code in ("rate_limited", "model_unavailable", "timeout", "provider_error"):
        health.note_failure(row.id, code, "Just now.")
    assert reloaded(row).last_error_code == "invalid_api_key"
    health.note_success(row.id)
    db.session.commit()
    assert integrations.ai_state(website).state == "connected"
    health.note_success(row.id + 1)
    health.note_success(None)


def test_a_key_rejected_in_real_use_is_an_error_of_the_integration(website: Website) -> None:
    row = save(website, "sk-or-v1-invalid-0123456789")
    with pytest.raises(GenerationFailed) as failed:
        spec = DescriptionSpec("en")
        generate_description(website, None, factories.create_property(website), spec)
    assert failed.value.code == "invalid_api_key"
    assert reloaded(row).last_error_code == "invalid_api_key"


def test_a_row_that_does_not_decrypt_is_a_state_and_can_be_mended(website: Website) -> None:
    row = save(website)
    row.credentials = "v1.AAAA"
    db.session.commit()
    state = integrations.ai_state(website)
    assert (state.state, "enter it again" in state.message) == ("error", True)
    assert integrations.masked_key(row) is None
    with pytest.raises(NotConfigured, match="can no longer be read"):
        connection_for(website)
    assert check_integration(website, row.id).code == "unreadable"
    with pytest.raises(InvalidInput):
        save(website, "", max_tokens=5)
    save(website, KEY)
    assert connection_for(website).api_key == KEY
