"""The settings page and the audit log."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa

from pwb.extensions import db
from pwb.models import Action, AuditEvent, User, Website
from pwb.services import audit
from pwb.site_admin.audit_log import DEEDS, KINDS, kind_of
from tests import factories
from tests.pages import Page, Person

SETTINGS = "/site_admin/settings"
LOG = "/site_admin/audit_log"


def typed(page: Page, **values: Any) -> dict[str, Any]:
    """What the form would send, with these values typed in."""
    form = next(form for form in page.forms if form.get("action") == SETTINGS)
    fields = {
        "version": form["fields"]["version"],
        "name": form["fields"]["name"],
        "supported_locales": list(factories.LOCALES),
        "default_locale": "en",
        "time_zone": "UTC",
        "currency": "EUR",
        "custom_domain": "",
    }
    return fields | values


def record(website: Website, actor: User | None, action: Action, **values: Any) -> None:
    audit.record(website, actor, action, **{"object_type": "property", "label": "REF-1"} | values)
    db.session.commit()


def test_settings_are_saved_and_shown(admin: Person, agency: factories.Agency) -> None:
    page = admin.get(SETTINGS)
    values = typed(
        page,
        name="Casa & Söhne",
        supported_locales=["en", "de", "ja"],
        default_locale="de",
        time_zone="America/Argentina/Buenos_Aires",
        currency="CHF",
    )
    page = admin.submit(SETTINGS, values)
    assert "Settings saved." in page.text
    assert "Casa &amp; Söhne" in page.html
    assert 'selected value="America/Argentina/Buenos_Aires"' in page.html
    website = db.session.get_one(Website, agency.website.id)
    assert website.supported_locales == ["en", "de", "ja"]
    assert (website.default_locale, website.currency) == ("de", "CHF")


def test_each_setting_that_does_not_fit_is_said_beside_its_field(
    admin: Person, agency: factories.Agency
) -> None:
    page = admin.get(SETTINGS)
    for values, field, words in (
        ({"name": " "}, "name", "A website needs a name."),
        ({"name": "x" * 121}, "name", "longer than 120"),
        ({"supported_locales": []}, "supported_locales", "at least one language"),
        ({"supported_locales": ["tlh"]}, "supported_locales", "not a valid choice"),
        ({"supported_locales": ["de"]}, "default_locale", "one of the website's languages"),
        ({"default_locale": "tlh"}, "default_locale", "Not a valid choice"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "Not a valid choice"),
        ({"currency": "XXX"}, "currency", "Not a valid choice"),
        ({"custom_domain": "http://x"}, "custom_domain", "looks like portal.example.com"),
    ):
        answer = admin.submit(SETTINGS, typed(page, **values), status=422)
        beside = unescape(answer.html).partition(f'id="{field}-error"')[2].partition("</div>")[0]
        assert words in beside, (field, words, beside)
    assert agency.website.name == db.session.get_one(Website, agency.website.id).name
    assert db.session.scalar(sa.select(sa.func.count(AuditEvent.id))) == 0


def test_a_form_without_its_version_changes_nothing(
    admin: Person, agency: factories.Agency
) -> None:
    page = admin.get(SETTINGS)
    for version in ("", "nonsense"):
        answer = admin.submit(SETTINGS, typed(page, name="New", version=version), status=422)
        assert "This form is incomplete." in answer.text
    assert db.session.get_one(Website, agency.website.id).name != "New"


def test_the_second_admin_is_told_what_changed_and_keeps_what_was_typed(
    admin: Person, agency: factories.Agency
) -> None:
    colleague = factories.create_user(agency.website, "admin", name="Ana Ruiz")
    mine = admin.get(SETTINGS)
    theirs = Person(admin.client.application).signed_in(colleague)
    theirs.submit(SETTINGS, typed(theirs.get(SETTINGS), name="Ana's Homes"))
    told = admin.submit(SETTINGS, typed(mine, name="My Homes", currency="GBP"), status=409)
    assert "Somebody else changed these settings" in told.text
    assert f"Ana Ruiz changed Name from {agency.website.name}" not in told.text
    assert "Ana Ruiz changed Name from" in told.text
    assert 'value="My Homes"' in told.html
    db.session.expire_all()
    assert db.session.get_one(Website, agency.website.id).name == "Ana's Homes"
    saved = admin.submit(SETTINGS, typed(told, name="My Homes", currency="GBP"))
    assert "Settings saved." in saved.text
    website = db.session.get_one(Website, agency.website.id)
    assert (website.name, website.currency) == ("My Homes", "GBP")


def test_an_odd_value_that_the_website_has_can_be_kept(
    admin: Person, agency: factories.Agency
) -> None:
    agency.website.currency, agency.website.time_zone = "XPF", "Etc/GMT+5"
    db.session.commit()
    page = admin.get(SETTINGS)
    values = typed(page, name="Renamed", currency="XPF", time_zone="Etc/GMT+5")
    assert "Settings saved." in admin.submit(SETTINGS, values).text


def test_the_log_reads_as_sentences_newest_first(admin: Person, agency: factories.Agency) -> None:
    agency.website.time_zone = "Asia/Tokyo"
    agency.agent.name = "Ana Ruiz"
    record(
        agency.website,
        agency.agent,
        Action.PROPERTY_CHANGED,
        changes={
            "sale_price": (None, "650000"),
            "text.de.title": ("Alt", "Neu <b>"),
            "features": (["pool"], ["pool", "garden"]),
            "note": ("x" * 500, True),
        },
    )
    record(agency.website, None, Action.PROPERTIES_IMPORTED, label="40 listings from a.csv")
    event = db.session.scalars(sa.select(AuditEvent)).first()
    assert event
    event.created_at = datetime(2026, 1, 31, 20, 0, tzinfo=UTC)
    db.session.commit()
    page = admin.get(LOG)
    assert page.h1 == ["Audit log"]
    for words in (
        "Ana Ruiz changed the listing REF-1",
        "Sale price: 650000",
        "German title from Alt to Neu &lt;b&gt;",
        "Features from pool to pool, garden",
        "to yes",
        "The portal’s operator imported 40 listings from a.csv",
        "Feb 1, 2026",
    ):
        assert words in page.text, words
    assert "x" * 100 not in page.text
    assert page.text.index("imported 40") < page.text.index("changed the listing")


def test_the_log_is_narrowed_by_person_and_kind(admin: Person, agency: factories.Agency) -> None:
    record(agency.website, agency.agent, Action.PROPERTY_CREATED, label="REF-ANA")
    record(agency.website, agency.admin, Action.PROPERTY_CREATED, label="REF-ADMIN")
    record(agency.website, agency.agent, Action.INTEGRATION_REMOVED, label="open_router")
    stranger = factories.create_agency()
    record(stranger.website, stranger.admin, Action.PROPERTY_CREATED, label="REF-STRANGER")
    everything = admin.get(LOG).text
    assert "REF-ANA" in everything and "REF-STRANGER" not in everything
    for query, shown, hidden in (
        ({"person": agency.agent.id}, ["REF-ANA", "open_router"], ["REF-ADMIN"]),
        ({"kind": "property"}, ["REF-ANA", "REF-ADMIN"], ["open_router"]),
        ({"kind": "integration.removed"}, ["open_router"], ["REF-ANA"]),
        ({"person": agency.agent.id, "kind": "property"}, ["REF-ANA"], ["open_router"]),
        ({"person": stranger.admin.id}, ["Nothing matches"], ["REF-STRANGER"]),
    ):
        text = admin.get(LOG, query_string=query).text
        assert all(words in text for words in shown), query
        assert not any(f"{words} " in text for words in hidden), query


@pytest.mark.parametrize(
    "query",
    [
        {"person": "abc"},
        {"person": "9" * 30},
        {"person": "-1"},
        {"kind": "' OR 1=1"},
        {"page": "abc"},
        {"page": "-3"},
        {"page": "9" * 30},
    ],
)
def test_nonsense_in_the_address_is_no_error(admin: Person, query: dict[str, str]) -> None:
    admin.get(LOG, query_string=query)


def test_a_long_log_has_pages(admin: Person, agency: factories.Agency) -> None:
    for number in range(51):
        audit.record(
            agency.website,
            agency.admin,
            Action.PROPERTY_CREATED,
            object_type="property",
            label=f"REF-{number:03}",
        )
    db.session.commit()
    first, second = admin.get(LOG), admin.get(LOG, query_string={"page": 2})
    assert "REF-050" in first.text and "REF-000" not in first.text
    assert "REF-000" in second.text and "Page 2 of 2" in second.text


def test_a_new_website_is_told_what_the_log_will_hold(admin: Person) -> None:
    assert "Nothing recorded yet" in admin.get(LOG).text


def test_every_action_has_its_words_and_its_kind() -> None:
    assert set(DEEDS) == set(Action)
    assert {kind_of(action) for action in Action} <= set(KINDS)
