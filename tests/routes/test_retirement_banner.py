"""The banner over retiring models: where it is, for whom, and its one click."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from pwb.extensions import db
from pwb.models import WebsiteIntegration
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.catalogues import FIVE, entry, fetch
from tests.pages import Person

PAGE = "/site_admin/ai/models"


@pytest.fixture
def own_key(agency: factories.Agency, simulator: RunningSimulator) -> WebsiteIntegration:
    settings = {"default_model": "a/seer", "fallback_models": ["b/giant"], "max_tokens": 900}
    return factories.create_integration(agency.website, settings=settings)


@pytest.fixture
def listed(app: Flask, simulator: RunningSimulator) -> RunningSimulator:
    fetch(simulator, *FIVE)
    return simulator


def settings_of(row: WebsiteIntegration) -> dict[str, Any]:
    db.session.expire_all()
    return db.session.get_one(WebsiteIntegration, row.id).settings


@pytest.fixture
def gone(own_key: WebsiteIntegration, listed: RunningSimulator) -> WebsiteIntegration:
    fetch(listed, *FIVE[2:], entry("a/seer-2", "4", "20", name="Seer 2"))
    return own_key


def test_it_is_on_every_page_where_an_admin_can_act_on_it(
    admin: Person, agency: factories.Agency, gone: WebsiteIntegration
) -> None:
    listing = factories.create_property(agency.website)
    edit = f"/site_admin/properties/{listing.id}/edit"
    pages = ("/site_admin/", "/site_admin/integrations", "/site_admin/properties", edit, PAGE)
    for path in pages:
        page = admin.get(path)
        assert "Seer is no longer offered" in page.text, path
        assert "Seer 2 · 1.06 ¢ a description, 0.26 ¢ more" in page.text, path
        assert "Giant retires on" in page.text, path


def test_it_is_not_for_agents(agent: Person, gone: WebsiteIntegration) -> None:
    assert "no longer offered" not in agent.get("/site_admin/").text


def test_it_is_away_while_all_is_well(
    admin: Person, agency: factories.Agency, simulator: RunningSimulator
) -> None:
    factories.create_integration(agency.website)
    fetch(simulator, entry("anthropic/claude-3.5-sonnet"))
    assert "no longer offered" not in admin.get("/site_admin/").text


def test_it_switches_by_one_click_and_is_gone(
    admin: Person, agency: factories.Agency, gone: WebsiteIntegration
) -> None:
    form = {
        "provider": "open_router",
        "model": "a/seer-2",
        "replaces": "a/seer",
        "back": "/site_admin/?",
    }
    page = admin.submit(f"{PAGE}/default", form)
    assert page.title.startswith("Dashboard") and "a/seer-2 is used from now on" in page.text
    assert "Seer is no longer offered" not in page.text
    assert settings_of(gone)["default_model"] == "a/seer-2"
    page = admin.submit(f"{PAGE}/default", form | {"model": "b/router"})
    assert "not in use any more" in page.text
    assert settings_of(gone)["default_model"] == "a/seer-2"


def test_it_replaces_a_fallback_in_its_place(admin: Person, gone: WebsiteIntegration) -> None:
    form = {"provider": "open_router", "model": "a/seer-2", "replaces": "b/giant"}
    admin.post(f"{PAGE}/default", form)
    assert settings_of(gone)["fallback_models"] == ["a/seer-2"]
    assert settings_of(gone)["default_model"] == "a/seer"


def test_it_escapes_what_a_provider_sends(
    admin: Person, own_key: WebsiteIntegration, listed: RunningSimulator
) -> None:
    name = "<script>alert(1)</script>"
    fetch(listed, entry("a/bad", name=name, description=name), entry("a/seer", expires_in=3))
    for path in ("/site_admin/", PAGE):
        assert "<script>alert" not in admin.get(path).html
