"""The pages of integrations, against a simulator over real HTTP."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from pwb.config import Settings
from pwb.extensions import db
from pwb.models import WebsiteIntegration
from pwb.models.base import utcnow
from pwb.services.generation_errors import GenerationFailed
from pwb.services.generations import DescriptionSpec, generate_description
from pwb.simulator.testing import Reply, RunningSimulator, running_simulator
from tests import factories
from tests.conftest import make_settings
from tests.pages import Person
from tests.waiting import ends_soon

INDEX = "/site_admin/integrations"
NEW = f"{INDEX}/new?category=ai&provider=open_router"
KEY = "sk-or-v1-0123456789abcdef"
FORM = {"category": "ai", "provider": "open_router", "api_key": KEY}
JSON = {"Accept": "application/json"}


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator() as running:
        yield running


@pytest.fixture
def settings(database_url: str, simulator: RunningSimulator) -> Settings:
    return make_settings(database_url=database_url, open_router_api_base=simulator.base_url)


def stored(website_id: int | None = None) -> list[WebsiteIntegration]:
    db.session.rollback()
    query = sa.select(WebsiteIntegration).order_by(WebsiteIntegration.id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def card(person: Person, provider: str = "open_router") -> str:
    """The text of one card."""
    html = person.get(INDEX).html
    found = re.search(rf'id="integration-{provider}".*?</section>', html, re.S)
    assert found
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.group()))


def press(person: Person, row: WebsiteIntegration, what: str, **data: str) -> TestResponse:
    return person.post(f"{INDEX}/{row.id}/{what}", data)


def test_an_admin_connects_tests_switches_and_removes_openrouter(
    admin: Person, simulator: RunningSimulator
) -> None:
    page = admin.get(INDEX)
    assert "AI is not configured" in page.text
    assert "OPEN_ROUTER_API_KEY" in page.text
    form = admin.get(NEW)
    assert "anthropic/claude-3.5-sonnet" in form.html
    assert form.forms[-1]["fields"]["max_tokens"] == "4096"
    chosen = {"default_model": "simulator/gpt-4o", "max_tokens": "1000"}
    page = admin.submit(INDEX, FORM | chosen)
    assert "OpenRouter is saved" in page.text
    assert "Not tested yet · in use" in card(admin)
    assert "•••• cdef" in card(admin)
    row = stored()[0]
    assert row.settings == {"default_model": "simulator/gpt-4o", "max_tokens": 1000}
    page = admin.submit(f"{INDEX}/{row.id}/test_connection")
    assert "Connected: 14 models reachable; key valid, $25 of $25 left." in page.text
    assert "Connected · in use" in card(admin)
    assert "$25 of $25 left" in card(admin)
    press(admin, row, "toggle", enabled="0")
    press(admin, row, "toggle", enabled="0")  # A double click switches off once.
    assert "Disabled" in card(admin)
    press(admin, row, "toggle")
    assert "Connected · in use" in card(admin)
    removing = f"{INDEX}/{row.id}/delete"
    admin.post(removing)
    assert "Not configured" in card(admin)
    admin.post(removing, status=404)


def test_the_seven_recommended_models_are_offered_with_their_notes(admin: Person) -> None:
    page = admin.get(NEW)
    offered = re.findall(r'<option value="([^"]+/[^"]+)">([^<]+)</option>', page.html)
    assert len(offered) == 7
    assert ("mistralai/mistral-large", "European, multilingual") in offered
    assert page.html.index('type="password"') > 0
    assert 'autocomplete="new-password"' in page.html


def test_wrong_input_is_a_message_beside_its_field_and_the_key_is_not_echoed(
    admin: Person,
) -> None:
    wrong = {
        "api_key": "pk-secret-that-is-not-one",
        "default_model": "gpt",
        "max_tokens": "many",
        "max_price_prompt": "cheap",
    }
    page = admin.submit(INDEX, FORM | wrong, status=422)
    assert "A key of OpenRouter starts with sk-or-." in page.text
    assert "has the form provider/model" in page.text
    assert "Max tokens is a whole number from 1 to 200,000." in page.text
    assert "Enter an amount above zero" in page.text
    assert 'value="many"' in page.html
    assert "pk-secret" not in page.html
    page = admin.submit(INDEX, FORM | {"max_tokens": "200001"}, status=422)
    assert KEY not in page.html
    page = admin.submit(INDEX, FORM | {"api_key": ""}, status=422)
    assert "Enter the API key." in page.text
    assert stored() == []


def test_only_the_named_fields_change(admin: Person) -> None:
    advanced = {"zdr": "y", "sort": "price", "fallback_models": "openai/gpt-4o"}
    admin.submit(INDEX, FORM | advanced)
    row = stored()[0]
    before = row.credentials
    admin.submit(f"{INDEX}/{row.id}", {"max_tokens": "12", "api_key": "•••• cdef"})
    row = stored()[0]
    assert row.credentials == before
    assert row.settings["max_tokens"] == 12
    assert (row.settings["zdr"], row.settings["sort"]) == (True, "price")
    assert row.settings["fallback_models"] == ["openai/gpt-4o"]
    # What a browser sends of a box that is not ticked.
    admin.submit(f"{INDEX}/{row.id}", {"zdr": "0", "sort": "", "api_key": ""})
    assert "zdr" not in stored()[0].settings
    page = admin.get(f"{INDEX}/{row.id}/edit")
    assert "•••• cdef" in page.text
    assert KEY not in page.html


def test_the_second_of_two_admins_is_told_before_anything_is_overwritten(admin: Person) -> None:
    admin.submit(INDEX, FORM)
    row = stored()[0]
    admin.submit(f"{INDEX}/{row.id}", {"version": "1", "max_tokens": "10"})
    late = {"version": "1", "max_tokens": "20"}
    page = admin.submit(f"{INDEX}/{row.id}", late, status=409)
    assert "saved this meanwhile and changed: Max tokens" in page.text
    fields = page.forms[-1]["fields"]
    assert (fields["version"], fields["max_tokens"]) == ("2", "20")
    assert stored()[0].settings["max_tokens"] == 10
    admin.submit(f"{INDEX}/{row.id}", late | {"version": fields["version"]})
    assert stored()[0].settings["max_tokens"] == 20


def test_a_second_integration_of_a_provider_points_to_the_first(admin: Person) -> None:
    admin.submit(INDEX, FORM)
    page = admin.submit(INDEX, FORM, status=422)
    assert "OpenRouter is already configured" in page.text
    assert f'href="{INDEX}/{stored()[0].id}/edit"' in page.html
    assert len(stored()) == 1
    response = admin.client.get(NEW, base_url=admin.base_url)
    assert response.location.endswith(f"/{stored()[0].id}/edit")


def test_unknown_providers_are_refused(admin: Person) -> None:
    for query in ("provider=nobody", "category=mail&provider=open_router", "", "category=ai"):
        admin.get(f"{INDEX}/new?{query}", status=404)
    # Nobody has named an address for a server of the operator's own.
    admin.get(f"{INDEX}/new?provider=openai_compatible", status=404)
    for form in ({"provider": "nobody"}, {"category": "mail"}, {"provider": ""}):
        page = admin.submit(INDEX, FORM | form, status=422)
        assert "There is no" in page.text
    admin.get(f"{INDEX}/99999999999999999999/edit", status=404)


def test_another_websites_integration_is_not_there(admin: Person) -> None:
    theirs = factories.create_integration(factories.create_website())
    admin.get(f"{INDEX}/{theirs.id}/edit", status=404)
    admin.post(f"{INDEX}/{theirs.id}", {"max_tokens": "1"}, status=404)
    for what in ("test_connection", "toggle", "delete", "activate"):
        admin.post(f"{INDEX}/{theirs.id}/{what}", status=404)
    row = stored()[0]
    assert (row.enabled, row.settings["max_tokens"]) == (True, 4096)


def test_an_agent_sees_no_integrations(agent: Person, agency: factories.Agency) -> None:
    row = factories.create_integration(agency.website)
    for path in (INDEX, NEW, f"{INDEX}/{row.id}/edit"):
        agent.get(path, status=403)
    for what in ("test_connection", "toggle", "delete", "activate"):
        agent.post(f"{INDEX}/{row.id}/{what}", status=403)
    agent.post(INDEX, FORM, status=403)


def test_a_test_answers_programs_in_json(
    admin: Person, agency: factories.Agency, simulator: RunningSimulator
) -> None:
    row = factories.create_integration(agency.website, api_key=KEY)
    path = f"{INDEX}/{row.id}/test_connection"
    limit = {"label": "Costa", "limit": 100, "limit_remaining": 74.5, "limit_reset": "monthly"}
    simulator.enqueue(Reply(body={"data": limit}), path="/key")
    found = admin.post(path, status=200, headers=JSON).get_json()
    assert found["success"] is True
    assert "key “Costa” valid, $74.50 of $100 left this month" in found["message"]
    assert (found["models"], found["limit_remaining"], found["label"]) == (14, "74.5", "Costa")
    assert "$74.50 of $100 left this month" in card(admin)
    simulator.enqueue("401", path="/key")
    found = admin.post(path, status=200, headers=JSON).get_json()
    assert (found["success"], found["code"]) == (False, "invalid_api_key")
    assert found["resolution"]


def test_a_rejected_key_is_an_error_card_with_its_cure_until_it_is_replaced(
    admin: Person, agency: factories.Agency
) -> None:
    row = factories.create_integration(agency.website, api_key="sk-or-v1-invalid-00001234")
    page = admin.submit(f"{INDEX}/{row.id}/test_connection")
    assert "OpenRouter rejected the API key." in page.text
    shown = card(admin)
    assert "Error · in use" in shown
    assert "Make a new key at the provider" in shown
    admin.submit(f"{INDEX}/{row.id}", {"api_key": KEY})
    assert "Not tested yet" in card(admin)


def test_a_hung_host_is_told_within_the_limit(
    app: Flask, admin: Person, agency: factories.Agency, simulator: RunningSimulator
) -> None:
    row = factories.create_integration(agency.website, api_key=KEY)
    app.config["PWB"] = make_settings(
        database_url=app.config["PWB"].database_url,
        open_router_api_base=simulator.base_url,
        ai_total_timeout=1,
    )
    simulator.enqueue("hang", path="/models")
    with ends_soon():
        page = admin.submit(f"{INDEX}/{row.id}/test_connection")
    assert "was not done within 1 s" in page.text
    assert "Error" not in card(admin)


def test_the_operators_key_has_a_card_that_keeps_its_balance_to_itself(
    app: Flask, admin: Person, agency: factories.Agency, simulator: RunningSimulator
) -> None:
    environment = f"{INDEX}/environment/test_connection"
    admin.post(environment, status=404)
    app.config["PWB"] = make_settings(
        database_url=app.config["PWB"].database_url,
        open_router_api_base=simulator.base_url,
        open_router_api_key="sk-or-v1-operators-9999",
    )
    assert "Uses the operator’s key" in card(admin)
    assert "9999" not in card(admin)
    page = admin.submit(environment)
    assert "The operator&#39;s key works." in page.text
    found = admin.post(environment, status=200, headers=JSON).get_json()
    assert "$" not in str(found)
    assert not {"label", "limit", "limit_remaining"} & set(found)
    factories.create_integration(agency.website)
    admin.post(environment, status=404)


def test_an_unreadable_key_is_a_card_and_a_form_but_never_a_failure(
    admin: Person, agency: factories.Agency
) -> None:
    row = factories.create_integration(agency.website)
    row.credentials = "v1.AAAA"
    db.session.commit()
    assert "The stored key can no longer be read: enter it again" in card(admin)
    admin.get("/site_admin/")
    page = admin.get(f"{INDEX}/{row.id}/edit")
    assert "can no longer be read" in page.text
    assert "can no longer be read" in admin.submit(f"{INDEX}/{row.id}/test_connection").text
    page = admin.submit(f"{INDEX}/{row.id}", {"api_key": ""}, status=422)
    assert "Enter the API key." in page.text
    admin.submit(f"{INDEX}/{row.id}", {"api_key": KEY})
    assert "•••• cdef" in card(admin)


def test_a_provider_the_portal_forgot_can_only_be_removed(
    admin: Person, agency: factories.Agency
) -> None:
    row = factories.create_integration(agency.website, "long_gone")
    assert "does not know this provider any more" in card(admin, "long_gone")
    admin.get(f"{INDEX}/{row.id}/edit", status=422)
    admin.submit(f"{INDEX}/{row.id}/delete")
    assert stored() == []


def test_another_provider_can_be_put_to_use(admin: Person, agency: factories.Agency) -> None:
    factories.create_integration(agency.website, last_used_at=utcnow() - timedelta(minutes=2))
    other = {"provider": "anthropic", "api_key": "sk-ant-0123456789", "category": "ai"}
    admin.submit(INDEX, other)
    row = stored()[1]
    assert row.settings["default_model"] == "claude-sonnet-4-5"
    assert "in use" not in card(admin, "anthropic")
    page = admin.submit(f"{INDEX}/{row.id}/activate")
    assert "Anthropic writes from now on." in page.text
    assert "in use" in card(admin, "anthropic")
    assert "in use" not in card(admin)
    press(admin, row, "toggle")
    page = admin.submit(f"{INDEX}/{row.id}/activate")
    assert "Switch it on first." in page.text
    assert "AI is switched off" in page.text


CANARY = "sk-or-v1-CANARY-4f7d1b0a9c3e-tail"


def test_the_key_shows_up_nowhere(
    app: Flask,
    admin: Person,
    agency: factories.Agency,
    simulator: RunningSimulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []

    def keep(answer: Any) -> None:
        seen.append(answer.html if hasattr(answer, "html") else answer.get_data(as_text=True))

    keep(admin.submit(INDEX, FORM | {"api_key": CANARY, "max_tokens": "x"}, status=422))
    keep(admin.submit(INDEX, FORM | {"api_key": CANARY}))
    keep(admin.submit(INDEX, FORM | {"api_key": CANARY}, status=422))
    row, listing = stored()[0], factories.create_property(agency.website)
    named_after_itself = Reply(body={"data": {"label": CANARY, "limit": None}})
    for answer in (None, named_after_itself, "401", "429", "html"):
        if answer:
            simulator.enqueue(answer, path="/key", times=2)
        keep(admin.post(f"{INDEX}/{row.id}/test_connection", status=200, headers=JSON))
        keep(admin.submit(f"{INDEX}/{row.id}/test_connection"))
    keep(admin.get(f"{INDEX}/{row.id}/edit"))
    generate_description(agency.website, None, listing, DescriptionSpec("en"))
    leaky = Reply(status=401, body={"error": {"code": 401, "message": f"bad key {CANARY}"}})
    simulator.enqueue(leaky)
    with pytest.raises(GenerationFailed) as failed:
        generate_description(agency.website, None, listing, DescriptionSpec("en"))
    seen += traceback.format_exception(failed.value)
    keep(admin.get(INDEX))
    seen += [record.getMessage() + str(record.exc_info) for record in caplog.records]
    seen.append(dump())
    assert simulator.completions[0].headers["Authorization"] == f"Bearer {CANARY}"
    # Tests of the whole key only would miss one that is cut short.
    leaks = [text for text in seen if "CANARY" in text or CANARY[12:24] in text]
    assert leaks == []
    assert sum("•••• tail" in text for text in seen) >= 3


def dump() -> str:
    """Every row of every table as text."""
    db.session.rollback()
    tables = db.metadata.sorted_tables
    return "\n".join(str(tuple(row)) for t in tables for row in db.session.execute(sa.select(t)))
