"""Every address declares who may open it, and the guard holds everybody to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, g
from werkzeug.routing import Rule

from pwb import create_app, security
from pwb.extensions import db
from pwb.security import ADMIN, AGENT, API_TOKEN, PUBLIC, SIGNED_IN
from tests import factories
from tests.conftest import make_settings
from tests.pages import OwnContextClient, Person

# What is open to everybody, by name: a new entry here is a decision.
OPEN = {
    "static",
    "health.healthz",
    "health.readyz",
    "auth.root",
    "auth.login",
    "auth.logout",
    "auth.accept_invitation",
    "auth.forgot_password",
    "auth.reset_password",
}
# Every path part that is not a number: a value that fits.
TEXT_PARTS = {"token": "made-up", "filename": "favicon.svg", "provider": "open_router"}
TEXT_PARTS |= {"reference": "REF-1", "locale": "en"}
NOWHERE = 2_000_000_000


def rules(app: Flask) -> Iterator[Rule]:
    yield from sorted(app.url_map.iter_rules(), key=lambda rule: (rule.endpoint, rule.rule))


def path_to(app: Flask, rule: Rule, number: int = NOWHERE) -> str:
    values = {name: TEXT_PARTS.get(name, number) for name in rule.arguments}
    return str(app.url_map.bind("127.0.0.1").build(rule.endpoint, values))


def method_of(rule: Rule) -> str:
    return "GET" if "GET" in (rule.methods or ()) else "POST"


def ask(person: Person, rule: Rule, number: int = NOWHERE, **headers: str) -> Any:
    """Open the rule's page, or send it an empty form with a good token."""
    path = path_to(person.client.application, rule, number)
    if method_of(rule) == "GET":
        return person.client.get(path, base_url=person.base_url, headers=headers)
    form = {"csrf_token": person.token}
    return person.client.post(path, data=form, base_url=person.base_url, headers=headers)


def test_every_address_declares_its_permission(app: Flask) -> None:
    for rule in rules(app):
        declared = security.declared_permission(rule.endpoint)
        known = {PUBLIC, SIGNED_IN, AGENT, ADMIN, API_TOKEN}
        assert declared in known, f"{rule.endpoint} declares {declared}"
        assert (declared == API_TOKEN) == rule.rule.startswith("/api/"), rule.endpoint
        assert (declared == PUBLIC) == (rule.endpoint in OPEN), rule.endpoint


def test_everything_below_site_admin_is_for_agents_or_admins(app: Flask) -> None:
    for rule in rules(app):
        if rule.rule.startswith("/site_admin"):
            assert security.declared_permission(rule.endpoint) in {AGENT, ADMIN}, rule.rule


def test_integrations_people_settings_and_the_log_are_for_admins(app: Flask) -> None:
    admin_only = re.compile(r"/site_admin/(integrations|people|settings|audit_log|api_tokens)\b")
    for rule in rules(app):
        if admin_only.match(rule.rule):
            assert security.declared_permission(rule.endpoint) == ADMIN, rule.rule


def test_reading_changes_nothing_so_what_changes_is_posted(app: Flask) -> None:
    for rule in rules(app):
        if re.search(r"delete|revoke|toggle|deactivate|logout|switch|role|cancel", rule.endpoint):
            assert "GET" not in (rule.methods or ()), rule.endpoint


def test_a_signed_out_person_is_asked_to_sign_in_everywhere(app: Flask) -> None:
    person = Person(app)
    person.get("/login")
    for rule in rules(app):
        if rule.endpoint in OPEN or security.declared_permission(rule.endpoint) == API_TOKEN:
            continue
        response = ask(person, rule)
        assert response.status_code == 302, (rule.rule, response.status_code)
        assert response.location.startswith("/login"), (rule.rule, response.location)
        program = ask(person, rule, Accept="application/json")
        assert (program.status_code, program.json["error"]["code"]) == (401, "signed_out")


def test_an_agent_is_refused_every_page_of_admins(app: Flask, agent: Person) -> None:
    for rule in rules(app):
        if security.declared_permission(rule.endpoint) == ADMIN:
            response = ask(agent, rule)
            assert response.status_code == 403, (rule.rule, response.status_code)


@pytest.mark.parametrize("number", [NOWHERE, 0, 2**31, 10**30])
def test_ids_that_nothing_has_are_not_found(app: Flask, admin: Person, number: int) -> None:
    for rule in numbered(app):
        try:
            response = ask(admin, rule, number)
        except ValueError:
            continue  # The rule itself takes no such number, so there is no such address.
        assert response.status_code == 404, (rule.rule, number, response.status_code)


def numbered(app: Flask) -> list[Rule]:
    """The addresses that name a row."""
    found = [rule for rule in rules(app) if "<int" in rule.rule]
    assert len(found) > 10
    return found


def test_another_websites_rows_are_not_found(
    app: Flask, admin: Person, agency: factories.Agency
) -> None:
    """The stranger has a row of every kind whose number nothing here has: 404, never 403."""
    stranger = factories.create_agency()
    numbers = rows_of(stranger)
    for rule in numbered(app):
        values = {name: TEXT_PARTS.get(name) or numbers[name] for name in rule.arguments}
        path = app.url_map.bind("127.0.0.1").build(rule.endpoint, values)
        send = admin.client.get if method_of(rule) == "GET" else admin.client.post
        for accept in ("text/html", "application/json"):
            response = send(
                path,
                data={"csrf_token": admin.token} if method_of(rule) == "POST" else None,
                base_url=admin.base_url,
                headers={"Accept": accept},
            )
            assert response.status_code == 404, (rule.rule, response.status_code)
            assert "STRANGER" not in response.text


def rows_of(agency: factories.Agency) -> dict[str, int]:
    """The id of one row of each kind, by the name that addresses give it."""
    from pwb.models import GenerationRequest
    from pwb.services import people, properties, text_history

    people.invite_person(
        agency.website, agency.admin, "STRANGER@agency.test", "agent", lambda _w, token: token
    )
    request = GenerationRequest(
        website_id=agency.website.id,
        request_type="listing_description",
        ai_provider="open_router",
        ai_model="STRANGER/model",
        locale="en",
        status="completed",
    )
    db.session.add(request)
    db.session.commit()
    texts = {"en": {"title": "STRANGER", "description": "STRANGER"}}
    listing = properties.create_property(
        agency.website, agency.admin, {"reference": "STRANGER"}, texts
    )
    photo = factories.create_photo(listing, filename="STRANGER.jpg")
    return {
        "property_id": listing.id,
        "photo_id": photo.id,
        "post_id": factories.create_post(listing, caption="STRANGER", photos=[photo.id]).id,
        "version_id": text_history.history(agency.website, listing, "en")[0].version.id,
        "integration_id": factories.create_integration(agency.website).id,
        "membership_id": people.list_members(agency.website)[0].id,
        "invitation_id": people.open_invitations(agency.website)[0].id,
        "request_id": request.id,
        "token_id": stranger_token(agency),
        "rule_id": stranger_rule(agency),
    }


def stranger_rule(agency: factories.Agency) -> int:
    from pwb.services import writing_rules

    draft = writing_rules.RuleDraft("STRANGER's rule", "Say we.")
    return writing_rules.create_rule(agency.website, agency.admin, draft).id


def stranger_token(agency: factories.Agency) -> int:
    from pwb.services import api_tokens

    api_tokens.create_token(agency.website, agency.admin, "STRANGER's site")
    return api_tokens.list_tokens(agency.website)[0].id


def test_a_form_without_a_token_is_refused_and_changes_nothing(
    app: Flask, admin: Person, agency: factories.Agency
) -> None:
    assert app.config["WTF_CSRF_ENABLED"]
    name = agency.website.name
    for rule in rules(app):
        if "POST" not in (rule.methods or ()):
            continue
        path = path_to(app, rule, 1)
        for form in ({}, {"csrf_token": "made-up"}, {"name": "Changed", "csrf_token": ""}):
            response = admin.client.post(path, data=form, base_url=admin.base_url)
            assert response.status_code == 400, (rule.rule, response.status_code)
    db.session.expire_all()
    assert agency.website.name == name
    assert admin.client.get("/site_admin/", base_url=admin.base_url).status_code == 200, (
        "signed out by a forged form"
    )


def test_a_token_of_another_session_does_not_count(admin: Person, agent: Person) -> None:
    admin.token = agent.token
    response = admin.post("/site_admin/people/invitations", {"email": "a@b.test"}, status=400)
    assert "a@b.test" in response.text, "the form is offered again"


def test_an_undeclared_view_is_refused(database_url: str) -> None:
    app = create_app(make_settings(database_url=database_url))
    app.test_client_class = OwnContextClient
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    with app.app_context():
        agency = factories.create_agency()
        admin = Person(app).signed_in(agency.admin)
        assert admin.client.get("/forgotten", base_url=admin.base_url).status_code == 404
        assert app.test_client().get("/forgotten").status_code == 302
        db.session.remove()
        db.engine.dispose()


def test_pages_carry_headers_that_forbid_inline_script_framing_and_caching(
    app: Flask, admin: Person
) -> None:
    for path in ("/login", "/site_admin/", "/nothing-here"):
        response = admin.client.get(path, base_url=admin.base_url, follow_redirects=True)
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy and "unsafe-eval" not in policy
        for part in ("script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
            assert part in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<script(?![^>]*\bsrc=)", response.text)
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", response.text)


@pytest.mark.parametrize(
    ("address", "secure"),
    [
        ("http://127.0.0.1:5000", False),
        ("http://localhost:5000", False),
        ("http://costa.localhost:5000", False),
        ("http://[::1]:5000", False),
        ("https://127.0.0.1", True),
        ("http://192.168.1.7:5000", True),
        ("http://portal.example.com", True),
        ("https://portal.example.com", True),
        ("http://127.0.0.1.evil.test", True),
        ("http://localhost.evil.test", True),
    ],
)
def test_session_cookies_are_kept_from_scripts_other_sites_and_open_wires(
    app: Flask, address: str, secure: bool
) -> None:
    cookie = app.test_client().get("/login", base_url=address).headers["Set-Cookie"]
    assert cookie.startswith("pwb_session=")
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert ("Secure" in cookie) is secure


def test_by_plain_http_a_refused_form_says_that_https_is_needed(app: Flask) -> None:
    form = {"email": "a@b.test", "password": "x"}
    answer = app.test_client().post("/login", data=form, base_url="http://portal.example.com")
    assert answer.status_code == 400
    assert "https" in answer.text


def test_characters_that_no_database_holds_are_refused_everywhere(
    app: Flask, admin: Person
) -> None:
    for rule in rules(app):
        if rule.endpoint in {"static"} or rule.endpoint.startswith("health"):
            continue
        if security.declared_permission(rule.endpoint) == API_TOKEN:
            continue  # Without a token nothing is read at all.
        path = path_to(app, rule, 1)
        if "GET" in (rule.methods or ()):
            response = admin.client.get(
                path, query_string={"q": "a\x00b", "page": "1"}, base_url=admin.base_url
            )
            assert response.status_code in {400, 404}, (rule.rule, response.status_code)
        if "POST" in (rule.methods or ()):
            form = {"csrf_token": admin.token, "name": "a\x00b"}
            response = admin.client.post(path, data=form, base_url=admin.base_url)
            assert response.status_code in {400, 404}, (rule.rule, response.status_code)


def test_the_website_of_one_request_is_not_that_of_the_next(app: Flask, admin: Person) -> None:
    admin.get("/site_admin/")
    client = app.test_client()
    with client:
        client.get("/login")
        assert g.get("website") is None
