"""The settings of sign-off: who may override, which laws count, what is disclosed."""

from __future__ import annotations

import re

import pytest

from pwb.extensions import db
from pwb.models import Website
from tests import factories
from tests.pages import form_to


def test_publishing_settings_are_saved_and_shown(admin, agency):
    page = admin.get("/site_admin/settings")
    assert len(re.findall(r'name="jurisdictions"[^>]*', page.html)) == 5
    assert len(re.findall(r'checked[^>]*name="jurisdictions"', page.html)) == 5
    sent = {
        "version": form_to(page, "/site_admin/settings")["fields"]["version"],
        "name": "Costa Homes", "supported_locales": ["en"], "default_locale": "en",
        "time_zone": "UTC", "currency": "EUR", "custom_domain": "",
        "agents_may_override": "y", "jurisdictions": ["es", "uk"],
        "ai_disclosure": "  Written with\nthe help of AI. ",
    }  # fmt: skip
    page = admin.submit("/site_admin/settings", sent)
    website = db.session.get_one(Website, agency.website.id)
    assert website.agents_may_override is True
    assert website.jurisdictions == ["uk", "es"]
    assert website.ai_disclosure == "Written with the help of AI."
    assert len(re.findall(r'checked[^>]*name="jurisdictions"', page.html)) == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"jurisdictions": ["xx"]}, "not a valid choice"),
        ({"ai_disclosure": "x" * 501}, "500"),
    ],
)
def test_publishing_settings_that_do_not_fit_are_told(admin, agency, wrong, said):
    page = admin.get("/site_admin/settings")
    sent = {
        "version": form_to(page, "/site_admin/settings")["fields"]["version"],
        "name": "Costa Homes", "supported_locales": ["en"], "default_locale": "en",
        "time_zone": "UTC", "currency": "EUR", "custom_domain": "", "jurisdictions": ["es"],
    }  # fmt: skip
    page = admin.submit("/site_admin/settings", sent | wrong, status=422)
    assert said in page.text


@pytest.mark.parametrize("chosen", [[], ["us_federal", "us_states", "uk", "eu", "es"]])
def test_every_law_chosen_is_the_same_as_none(admin, agency, chosen):
    website = db.session.get_one(Website, agency.website.id)
    website.jurisdictions = ["es"]
    db.session.commit()
    page = admin.get("/site_admin/settings")
    sent = {
        "version": form_to(page, "/site_admin/settings")["fields"]["version"],
        "name": website.name, "supported_locales": list(factories.LOCALES), "default_locale": "en",
        "time_zone": "UTC", "currency": "EUR", "custom_domain": "",
        "jurisdictions": chosen,
    }  # fmt: skip
    admin.submit("/site_admin/settings", sent)
    assert db.session.get_one(Website, website.id).jurisdictions is None
