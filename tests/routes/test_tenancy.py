"""Which website a request is about: by host, else by membership and switcher."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from pwb import create_app
from pwb.config import Settings
from pwb.extensions import db
from pwb.models import Membership, User, Website
from pwb.services import people
from tests import factories
from tests.conftest import make_settings
from tests.mailbox import Mailbox, running_mailbox
from tests.pages import OwnContextClient, Person

INVITE = "/site_admin/people/invitations"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running_mailbox() as running:
        yield running


@pytest.fixture
def settings(database_url: str, mailbox: Mailbox) -> Settings:
    """A portal with a domain of its own, and mail."""
    return make_settings(
        database_url=database_url, portal_domain="portal.test", **mailbox.settings()
    )


@pytest.fixture
def costa(app: Flask) -> factories.Agency:
    return factories.create_agency(name="Costa Homes", subdomain="costa")


@pytest.fixture
def lago(app: Flask) -> factories.Agency:
    return factories.create_agency(
        name="Lago Homes", subdomain="lago", custom_domain="homes.lago.example"
    )


def at(app: Flask, address: str) -> Person:
    """A person at a browser that is at this address."""
    person = Person(app, address)
    person.client.environ_base["HTTP_REFERER"] = f"{address}/"
    return person


def join(website: Website, user: User, role: str = "agent") -> None:
    db.session.add(Membership(website_id=website.id, user_id=user.id, role=role))
    db.session.commit()


def refused(app: Flask, address: str, user: User) -> None:
    person = at(app, address)
    person.get("/login")
    fields = {"email": user.email, "password": factories.PASSWORD}
    answer = person.post("/login", fields, status=422)
    assert "do not match an account here" in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "https://lago.portal.test",
        "https://LAGO.portal.test",
        "https://lago.portal.test:8443",
        "https://homes.lago.example",
        "https://Homes.Lago.Example:8443",
    ],
)
def test_subdomain_and_custom_domain_name_the_website(
    app: Flask, costa: factories.Agency, lago: factories.Agency, address: str
) -> None:
    person = at(app, address).sign_in(lago.agent.email)
    assert "Lago Homes" in person.get("/site_admin/").title
    refused(app, address, costa.agent)


def test_a_subdomain_that_nobody_has_is_not_found(app: Flask, costa: factories.Agency) -> None:
    for path in ("/login", "/", "/site_admin/"):
        response = app.test_client().get(path, base_url="https://nobody.portal.test")
        assert response.status_code == 404
    assert "No website has this address." in response.text
    assert app.test_client().get("/healthz", base_url="https://nobody.portal.test").text


@pytest.mark.parametrize(
    "host", ["costa.portal.test.", "COSTA.portal.test", "costa.portal.test:81"]
)
def test_a_host_written_another_way_names_the_same_website(
    app: Flask, costa: factories.Agency, host: str
) -> None:
    assert "Costa Homes" in at(app, f"https://{host}").get("/login").text
    nobody = app.test_client().get("/login", base_url="https://nobody.portal.test.")
    assert nobody.status_code == 404


@pytest.mark.parametrize("host", [".portal.test", "a" * 64 + ".portal.test"])
def test_a_host_that_no_machine_can_have_is_refused_and_no_fault_of_the_portal(
    app: Flask, host: str
) -> None:
    response = app.test_client().get("/login", headers={"Host": host})
    assert (response.status_code, response.mimetype) == (400, "text/plain")


def test_a_host_that_is_unknown_names_no_website(app: Flask, costa: factories.Agency) -> None:
    for address in ("http://127.0.0.1:5000", "https://portal.test", "https://else.example"):
        assert "Costa" not in at(app, address).get("/login").text
    for host in ("evilportal.test", "portal.test.evil.example", "costa.portal.test.evil.example"):
        assert "Costa" not in at(app, f"https://{host}").get("/login").text


def test_a_member_of_one_website_finds_nothing_on_anothers_host(
    app: Flask, costa: factories.Agency, lago: factories.Agency
) -> None:
    person = at(app, "https://costa.portal.test").sign_in(costa.admin.email)
    cookie = person.client.get_cookie("pwb_session", domain="costa.portal.test")
    assert cookie
    person.client.set_cookie("pwb_session", cookie.value, domain="lago.portal.test")
    there = at(app, "https://lago.portal.test")
    there.client = person.client
    for path in ("/site_admin/", "/site_admin/people", "/site_admin/settings"):
        page = there.get(path, status=404)
        assert lago.agent.email not in page.text and "/site_admin/people" not in page.html


def test_one_person_of_two_websites_gets_each_on_its_own_host(
    app: Flask, costa: factories.Agency, lago: factories.Agency
) -> None:
    join(lago.website, costa.admin)
    here = at(app, "https://costa.portal.test").sign_in(costa.admin.email)
    there = at(app, "https://lago.portal.test").sign_in(costa.admin.email)
    assert "Costa Homes" in here.get("/site_admin/").title
    assert "Lago Homes" in there.get("/site_admin/").title
    here.get("/site_admin/people")
    there.get("/site_admin/people", status=403)
    assert "/switch_website" not in here.get("/site_admin/").html
    here.post("/switch_website", {"website_id": lago.website.id}, status=404)


def test_without_a_host_of_its_own_the_switcher_chooses(
    app: Flask, costa: factories.Agency, lago: factories.Agency
) -> None:
    join(lago.website, costa.admin)
    person = at(app, "https://portal.test").sign_in(costa.admin.email)
    page = person.get("/site_admin/")
    assert "Costa Homes" in page.title and "/switch_website" in page.html
    person.post("/switch_website", {"website_id": lago.website.id})
    assert "Lago Homes" in person.get("/site_admin/").title
    person.get("/site_admin/people", status=403)
    other = factories.create_website()
    for website_id in (other.id, "abc", "", -1, 10**30):
        person.post("/switch_website", {"website_id": website_id}, status=404)
    assert "Lago Homes" in person.get("/site_admin/").title


def test_an_ended_membership_is_left_behind_and_the_others_stay(
    app: Flask, costa: factories.Agency, lago: factories.Agency
) -> None:
    join(lago.website, costa.agent)
    person = at(app, "https://portal.test").sign_in(costa.agent.email)
    assert "Costa Homes" in person.get("/site_admin/").title
    query = sa.select(Membership.id).where(
        Membership.user_id == costa.agent.id, Membership.website_id == costa.website.id
    )
    people.deactivate_person(costa.website, costa.admin, db.session.scalars(query).one())
    assert "Lago Homes" in person.get("/site_admin/").title
    refused(app, "https://costa.portal.test", costa.agent)


def test_people_see_only_their_own_websites_rows(
    app: Flask, costa: factories.Agency, lago: factories.Agency
) -> None:
    factories.create_property(costa.website, reference="COSTA-1")
    factories.create_property(lago.website, reference="LAGO-1")
    person = at(app, "https://portal.test").sign_in(costa.admin.email)
    for path in ("/site_admin/", "/site_admin/properties", "/site_admin/people"):
        text = person.get(path).text
        assert "LAGO-1" not in text and lago.agent.email not in text
    assert "COSTA-1" in person.get("/site_admin/properties").text


@pytest.mark.parametrize(
    "address",
    ["https://lago.portal.test", "https://homes.lago.example", "https://portal.test"],
)
def test_an_invitation_leads_to_the_host_it_was_made_on(
    app: Flask, lago: factories.Agency, mailbox: Mailbox, address: str
) -> None:
    admin = at(app, address).sign_in(lago.admin.email)
    page = admin.submit(INVITE, {"email": "new@agency.test", "role": "agent"})
    letter = mailbox.wait_for(1)[0].get_content()
    assert f"{address}/invitations/" in page.html
    assert f"{address}/invitations/" in letter


def test_a_made_up_host_reaches_no_link(
    app: Flask, costa: factories.Agency, lago: factories.Agency, mailbox: Mailbox
) -> None:
    for number, (user, own) in enumerate(
        ((costa.agent, "https://costa.portal.test"), (lago.agent, "https://homes.lago.example")), 1
    ):
        person = at(app, "https://evil.example")
        person.get("/password")
        person.post("/password", {"email": user.email})
        letter = mailbox.wait_for(number)[-1].get_content()
        assert "evil.example" not in letter
        assert f"{own}/password/" in letter
    admin = at(app, "https://evil.example").sign_in(costa.admin.email)
    page = admin.submit(INVITE, {"email": "new@agency.test", "role": "agent"})
    assert "evil.example" not in page.html
    assert "https://costa.portal.test/invitations/" in page.html


def test_without_a_known_address_no_link_is_mailed_to_a_made_up_one(
    database_url: str, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(make_settings(database_url=database_url, **mailbox.settings()))
    with app.app_context():
        agency = factories.create_agency()

        def nowhere(website: Website, token: str) -> str:
            from pwb.tenant_context import canonical_host

            return canonical_host(website, None, None) + token

        asked = people.mail_password_link(agency.agent.email, "203.0.113.9", None, nowhere)
        assert asked.exception(10)
        db.session.remove()
        db.engine.dispose()
    assert "PORTAL_DOMAIN" in caplog.text
    assert mailbox.letters == []


def test_a_link_opens_on_no_other_websites_host(
    app: Flask, costa: factories.Agency, lago: factories.Agency
) -> None:
    admin = at(app, "https://costa.portal.test").sign_in(costa.admin.email)
    page = admin.submit(INVITE, {"email": "new@agency.test", "role": "agent"})
    path = page.html.partition("https://costa.portal.test/invitations/")[2].partition('"')[0]
    at(app, "https://lago.portal.test").get(f"/invitations/{path}", status=404)
    at(app, "https://costa.portal.test").get(f"/invitations/{path}")


def test_behind_a_trusted_proxy_its_word_on_host_and_scheme_counts(database_url: str) -> None:
    headers = {"X-Forwarded-Host": "costa.portal.test", "X-Forwarded-Proto": "https"}
    for proxies, status in ((0, 200), (1, 404)):
        app = create_app(
            make_settings(
                database_url=database_url, portal_domain="portal.test", trusted_proxies=proxies
            )
        )
        app.test_client_class = OwnContextClient
        with app.app_context():
            answer = app.test_client().get("/login", headers=headers, base_url="http://127.0.0.1")
            assert answer.status_code == status, "only a trusted proxy is believed"
            db.session.remove()
            db.engine.dispose()
