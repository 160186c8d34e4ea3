"""Making websites and saving their settings, as services."""

from __future__ import annotations

import dataclasses
import threading

import pytest
import sqlalchemy as sa
from flask import Flask

from pwb import create_app
from pwb.content.locales import LOCALES
from pwb.errors import EditConflict, InvalidInput
from pwb.extensions import db
from pwb.models import AuditEvent, User, Website
from pwb.services import people, websites
from pwb.services.websites import SettingsConflict, WebsiteSettings
from tests import factories
from tests.conftest import make_settings


def as_it_is(website: Website) -> WebsiteSettings:
    return WebsiteSettings(
        name=website.name,
        supported_locales=list(website.supported_locales),
        default_locale=website.default_locale,
        time_zone=website.time_zone,
        currency=website.currency,
        custom_domain=website.custom_domain,
    )


def save(website: Website, actor: User, **values: object) -> dict[str, tuple[object, object]]:
    wanted = dataclasses.replace(as_it_is(website), **values)
    return websites.update_settings(website, actor, wanted, websites.version_of(website))


def test_a_new_website_has_all_languages_in_utc_and_is_recorded(app: Flask) -> None:
    website = websites.create_website("Costa-Homes", " Costa  Homes ", "es", "usd", "starter")
    assert (website.subdomain, website.name) == ("costa-homes", "Costa Homes")
    assert website.supported_locales == list(LOCALES)
    assert (website.default_locale, website.currency) == ("es", "USD")
    assert (website.time_zone, website.plan) == ("UTC", "starter")
    assert db.session.scalars(sa.select(AuditEvent.action)).all() == ["website.created"]


def test_a_new_website_needs_only_a_subdomain_and_a_name(app: Flask) -> None:
    website = websites.create_website("costa", "Costa Homes")
    assert (website.default_locale, website.currency, website.plan) == (
        "en",
        "EUR",
        "professional",
    )


@pytest.mark.parametrize(
    "subdomain",
    ["", "-costa", "costa-", "co sta", "co.sta", "cöstä", "a" * 64, "xn--csta-5qa", "a_b", "a\x00"],
)
def test_a_subdomain_that_no_host_can_have_is_refused(app: Flask, subdomain: str) -> None:
    with pytest.raises(InvalidInput, match="is not a subdomain") as refused:
        websites.create_website(subdomain, "Costa Homes")
    assert "subdomain" in refused.value.fields


@pytest.mark.parametrize("subdomain", ["www", "admin", "API", "mail"])
def test_the_portals_own_subdomains_are_reserved(app: Flask, subdomain: str) -> None:
    with pytest.raises(InvalidInput, match="reserved"):
        websites.create_website(subdomain, "Costa Homes")


def test_a_subdomain_is_given_once(app: Flask) -> None:
    websites.create_website("costa", "Costa Homes")
    with pytest.raises(InvalidInput, match="already"):
        websites.create_website("COSTA", "Another")
    assert websites.create_website("costa2", "Another").id


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"locale": "xx"}, "locale"),
        ({"currency": "DEM"}, "currency"),
        ({"currency": "euro"}, "currency"),
        ({"plan": "golden"}, "plan"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
    ],
)
def test_each_wrong_value_is_named(app: Flask, values: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        websites.create_website("costa", **{"name": "Costa Homes"} | values)
    assert list(refused.value.fields) == [field]
    assert refused.value.message.endswith(".")


def test_settings_are_saved_and_recorded_with_old_and_new(agency: factories.Agency) -> None:
    website = agency.website
    changes = save(
        website,
        agency.admin,
        name="New name",
        supported_locales=["de", "en", "de"],
        default_locale="de",
        time_zone="Europe/Madrid",
        currency="CHF",
    )
    assert changes["default_locale"] == ("en", "de")
    assert (website.name, website.supported_locales) == ("New name", ["en", "de"])
    event = db.session.scalars(sa.select(AuditEvent)).one()
    assert event.action == "website.changed"
    assert event.changes["currency"] == ["EUR", "CHF"]
    assert event.changes["name"][1] == "New name"


def test_saving_without_a_change_records_nothing(agency: factories.Agency) -> None:
    version = websites.version_of(agency.website)
    assert save(agency.website, agency.admin) == {}
    assert websites.version_of(agency.website) == version
    assert db.session.scalar(sa.select(sa.func.count(AuditEvent.id))) == 0


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\u0007b"}, "name"),
        ({"supported_locales": []}, "supported_locales"),
        ({"supported_locales": ["en", "tlh"]}, "supported_locales"),
        ({"default_locale": "tlh"}, "default_locale"),
        ({"supported_locales": ["de"], "default_locale": "en"}, "default_locale"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"currency": "XXX"}, "currency"),
        ({"custom_domain": "http://a.test/"}, "custom_domain"),
        ({"custom_domain": "a.test:80"}, "custom_domain"),
        ({"custom_domain": "10.0.0.1"}, "custom_domain"),
        ({"custom_domain": "intranet"}, "custom_domain"),
        ({"custom_domain": "a..test"}, "custom_domain"),
        ({"custom_domain": "app.localhost"}, "custom_domain"),
        ({"custom_domain": f"{'a.' * 127}test"}, "custom_domain"),
    ],
)
def test_each_setting_that_does_not_fit_is_named(
    agency: factories.Agency, values: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        save(agency.website, agency.admin, **values)
    assert field in refused.value.fields
    db.session.expire_all()
    assert as_it_is(agency.website).name == agency.website.name
    assert db.session.scalar(sa.select(sa.func.count(AuditEvent.id))) == 0


def test_a_custom_domain_is_kept_as_hosts_send_it(agency: factories.Agency) -> None:
    save(agency.website, agency.admin, custom_domain=" Portal.Müller.Example. ")
    assert agency.website.custom_domain == "portal.xn--mller-kva.example"
    save(agency.website, agency.admin, custom_domain="")
    assert agency.website.custom_domain is None


def test_a_domain_that_is_taken_or_the_portals_own_is_refused_in_the_same_words(
    database_url: str,
) -> None:
    app = create_app(make_settings(database_url=database_url, portal_domain="portal.test"))
    with app.app_context():
        agency = factories.create_agency()
        factories.create_website(name="Secret Homes", custom_domain="taken.example.com")
        messages = set()
        for domain in ("taken.example.com", "portal.test", "other.portal.test"):
            with pytest.raises(InvalidInput) as refused:
                save(agency.website, agency.admin, custom_domain=domain)
            messages.add(refused.value.message)
        assert len(messages) == 1
        assert "Secret Homes" not in messages.pop()
        save(agency.website, agency.admin, custom_domain="free.example.com")
        db.session.remove()
        db.engine.dispose()


def test_nobody_claims_the_portals_own_address_where_it_is_not_known(
    agency: factories.Agency,
) -> None:
    factories.create_website()
    with pytest.raises(InvalidInput, match="PORTAL_DOMAIN"):
        save(agency.website, agency.admin, custom_domain="portal.example.com")


def test_the_second_of_two_admins_is_told_what_the_first_changed(
    agency: factories.Agency,
) -> None:
    website = agency.website
    save(website, agency.admin, currency="GBP")
    version, mine = websites.version_of(website), as_it_is(website)
    other = factories.create_user(website, "admin", name="Ana")
    save(website, other, name="Ana's name")
    with pytest.raises(SettingsConflict) as conflict:
        websites.update_settings(
            website, agency.admin, dataclasses.replace(mine, currency="CHF"), version
        )
    assert isinstance(conflict.value, EditConflict)
    told = [(event.actor.name, event.changes) for event in conflict.value.events if event.actor]
    assert told == [("Ana", {"name": [mine.name, "Ana's name"]})]
    db.session.expire_all()
    assert (website.name, website.currency) == ("Ana's name", "GBP")


def test_of_two_saves_at_the_same_moment_one_is_refused(
    app: Flask, agency: factories.Agency
) -> None:
    website_id, admin_id = agency.website.id, agency.admin.id
    version = websites.version_of(agency.website)
    wanted = as_it_is(agency.website)
    db.session.commit()
    db.session.close()
    start, outcomes = threading.Barrier(2), []

    def change(name: str) -> None:
        with app.app_context():
            website = db.session.get_one(Website, website_id)
            admin = db.session.get_one(User, admin_id)
            start.wait()
            try:
                mine = dataclasses.replace(wanted, name=name)
                websites.update_settings(website, admin, mine, version)
                outcomes.append("saved")
            except SettingsConflict:
                outcomes.append("told")

    threads = [threading.Thread(target=change, args=(name,)) for name in ("One", "Two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["saved", "told"]
    assert db.session.scalar(sa.select(sa.func.count(AuditEvent.id))) == 1


def test_a_form_without_its_version_is_refused(agency: factories.Agency) -> None:
    wanted = dataclasses.replace(as_it_is(agency.website), name="Other")
    for version in ("", "yesterday", "2026-01-01T00:00:00"):
        with pytest.raises(InvalidInput, match="incomplete"):
            websites.update_settings(agency.website, agency.admin, wanted, version)


def test_deeds_on_people_are_no_change_of_the_settings(agency: factories.Agency) -> None:
    version = websites.version_of(agency.website)
    people.invite_person(
        agency.website, agency.admin, "new@agency.test", "agent", lambda _website, token: token
    )
    db.session.expire_all()
    assert websites.version_of(agency.website) == version


def test_the_lists_to_choose_from_hold_what_agencies_need() -> None:
    assert {"UTC", "Europe/Madrid", "America/Argentina/Buenos_Aires"} <= set(websites.time_zones())
    assert not any(zone.startswith("Etc/") for zone in websites.time_zones())
    assert {"EUR", "USD", "GBP", "CHF", "JPY"} <= set(websites.currencies())
    assert not {"DEM", "XAU"} & set(websites.currencies())
