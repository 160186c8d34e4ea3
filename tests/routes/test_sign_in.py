"""Signing in and out, one-time links, and forms that outlive a session."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from pwb import create_app
from pwb.errors import Throttled
from pwb.extensions import db
from pwb.models import Membership, User, Website
from pwb.models.base import utcnow
from pwb.services import accounts, mail, people, throttle
from tests import factories
from tests.conftest import make_settings
from tests.mailbox import running_mailbox
from tests.pages import OwnContextClient, Person, check_page

NEW_PASSWORD = "a quite new password"
ONE_ANSWER = "E-mail and password do not match an account here."


def try_to_sign_in(
    app: Flask, email: str, password: str, status: int, address: str = "127.0.0.1"
) -> Any:
    person = Person(app)
    person.client.environ_base["REMOTE_ADDR"] = address
    person.get("/login")
    return person.post("/login", {"email": email, "password": password}, status=status)


def membership(user: User) -> Membership:
    return db.session.scalars(sa.select(Membership).where(Membership.user_id == user.id)).one()


def token_for(website: Website, token: str) -> str:
    return f"/password/{token}"


@contextmanager
def another_app(database_url: str, **settings: object) -> Iterator[Flask]:
    """The portal in another process, as far as it shares nothing but the database."""
    app = create_app(make_settings(database_url=database_url, **settings))
    app.test_client_class = OwnContextClient
    with app.app_context():
        yield app
        assert mail.drain(10)
        db.session.remove()
        db.engine.dispose()


def test_a_person_signs_in_and_lands_on_the_dashboard(app: Flask, agency: factories.Agency) -> None:
    person = Person(app).sign_in(agency.agent.email.upper())
    assert person.get("/site_admin/").h1 == ["Dashboard"]
    db.session.expire_all()
    assert agency.agent.last_signed_in_at is not None
    assert person.client.get("/", base_url=person.base_url).location == "/site_admin/"


def test_every_failure_gives_the_same_answer(app: Flask, agency: factories.Agency) -> None:
    gone = factories.create_user(agency.website)
    membership(gone).deactivated_at = utcnow()
    unset = factories.create_user(agency.website, password_hash=None)
    db.session.commit()
    pages = set()
    for email, password in (
        (agency.agent.email, "wrong password"),
        ("nobody@agency.test", factories.PASSWORD),
        (gone.email, factories.PASSWORD),
        (unset.email, ""),
        (unset.email, "anything at all"),
    ):
        answer = try_to_sign_in(app, email, password, status=422)
        text = answer.get_data(as_text=True)
        check_page(text)
        if password:
            assert ONE_ANSWER in text
            pages.add(re.sub(r'value="[^"]*"|content="[^"]*"', "", text))
    assert len(pages) == 1


def test_a_wrong_password_keeps_the_e_mail_and_drops_the_password(
    app: Flask, agency: factories.Agency
) -> None:
    page = try_to_sign_in(app, agency.agent.email, "wrong password", status=422)
    assert agency.agent.email in page.text
    assert "wrong password" not in page.text


def test_empty_fields_are_named(app: Flask) -> None:
    page = try_to_sign_in(app, "", "", status=422)
    assert "Enter your e-mail." in page.text
    assert "Enter your password." in page.text


def test_odd_characters_are_no_server_error(app: Flask) -> None:
    for email in ("a" * 254, "ä" * 254, "' OR 1=1 --", "a\ud800@b.test".encode("utf-8", "replace")):
        try_to_sign_in(app, email, "x" * 5000, status=422)  # type: ignore[arg-type] # bytes on purpose
    try_to_sign_in(app, "a\x00b@agency.test", "x", status=400)
    try_to_sign_in(app, "a" * 255, "x", status=422)


def test_signing_out_ends_the_session_and_may_be_done_twice(agent: Person) -> None:
    agent.post("/logout")
    assert (
        agent.client.get("/site_admin/", base_url=agent.base_url).location
        == "/login?next=/site_admin/"
    )
    agent.get("/login")
    agent.post("/logout")


def test_a_session_is_renewed_now_and_then_and_left_alone_by_other_answers(
    agent: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cookie_at(path: str) -> str | None:
        return agent.client.get(path, base_url=agent.base_url).headers.get("Set-Cookie")

    agent.get("/site_admin/")
    assert [cookie_at(f"/site_admin/{page}") for page in ("properties", "usage")] == [None, None]
    monkeypatch.setattr("pwb.tenant_context.RENEW_AFTER_SECONDS", -1)
    assert "Expires=" in str(cookie_at("/site_admin/properties"))


def test_a_session_that_was_copied_before_signing_out_opens_nothing_afterwards(
    app: Flask, agency: factories.Agency, agent: Person
) -> None:
    thief, colleague = Person(app), Person(app).signed_in(agency.admin)
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = agent.client.get_cookie(name, domain="127.0.0.1")
    thief.client.set_cookie(name, cookie.value, domain="127.0.0.1")
    thief.get("/site_admin/")
    agent.post("/logout")
    there = thief.client.get("/site_admin/", base_url=thief.base_url).location
    assert there == "/login?next=/site_admin/"
    colleague.get("/site_admin/")
    agent.sign_in(agency.agent.email)


def test_too_many_tries_are_refused_across_processes_with_a_time_to_wait(
    app: Flask, agency: factories.Agency, database_url: str
) -> None:
    email, other_email = agency.agent.email, agency.admin.email
    for _ in range(throttle.PER_EMAIL.amount // 2):
        try_to_sign_in(app, email, "wrong", status=422)
    with another_app(database_url) as other:
        for _ in range(throttle.PER_EMAIL.amount - throttle.PER_EMAIL.amount // 2):
            try_to_sign_in(other, email.upper(), "wrong", status=422)
    answer = try_to_sign_in(app, email, factories.PASSWORD, status=429)
    assert 0 < int(answer.headers["Retry-After"]) <= 15 * 60 + 1
    assert "Too many tries" in check_page(answer.text).text
    Person(app).sign_in(other_email)


def test_the_right_password_forgets_earlier_slips(app: Flask, agency: factories.Agency) -> None:
    for _ in range(2):
        for _ in range(throttle.PER_EMAIL.amount - 1):
            throttle.check_sign_in(agency.agent.email, "203.0.113.1")
        accounts.authenticate(agency.agent.email, factories.PASSWORD, "203.0.113.2", None)


def test_one_address_that_tries_many_e_mails_is_refused_too(
    app: Flask, agency: factories.Agency
) -> None:
    for number in range(throttle.PER_ADDRESS.amount):
        throttle.check_sign_in(f"p{number}@agency.test", "203.0.113.1")
    with pytest.raises(Throttled):
        accounts.authenticate(agency.agent.email, factories.PASSWORD, "203.0.113.1", None)
    accounts.authenticate(agency.agent.email, factories.PASSWORD, "203.0.113.2", None)


def test_an_office_that_signs_in_from_one_address_is_not_locked_out(
    app: Flask, agency: factories.Agency
) -> None:
    for _ in range(throttle.PER_ADDRESS.amount + 1):
        accounts.authenticate(agency.agent.email, factories.PASSWORD, "203.0.113.1", None)
    for number in range(throttle.PER_ADDRESS.amount):
        throttle.check_sign_in(f"p{number}@agency.test", "203.0.113.1")
    with pytest.raises(Throttled):
        accounts.authenticate(agency.agent.email, factories.PASSWORD, "203.0.113.1", None)


def test_tries_are_counted_in_redis_where_it_is_given(
    agency: factories.Agency, database_url: str
) -> None:
    # Redis outlives the test: this one comes from an address of its own.
    email, here = agency.agent.email, f"fd00::{uuid.uuid4().hex[:4]}"
    url = os.environ.get("TEST_REDIS_URL")
    if not url:
        pytest.skip("TEST_REDIS_URL names no Redis")
    with another_app(database_url, redis_url=url) as first:
        throttle.forget_sign_in(email, here)
        for _ in range(throttle.PER_EMAIL.amount):
            try_to_sign_in(first, email, "wrong", status=422, address=here)
        assert db.session.scalar(sa.text("SELECT count(*) FROM pwb_throttle_counters")) == 0
    with another_app(database_url, redis_url=url) as second:
        answer = try_to_sign_in(second, email, factories.PASSWORD, status=429, address=here)
        assert int(answer.headers["Retry-After"]) > 0
        throttle.forget_sign_in(email, here)
        Person(second).sign_in(email)


def test_a_redis_that_is_away_leaves_sign_in_and_its_limit_working(
    agency: factories.Agency, database_url: str
) -> None:
    email, other_email = agency.agent.email, agency.admin.email
    with another_app(database_url, redis_url="redis://127.0.0.1:1/0") as app:
        Person(app).sign_in(other_email)
        for _ in range(throttle.PER_EMAIL.amount):
            try_to_sign_in(app, email, "wrong", status=422)
        try_to_sign_in(app, email, factories.PASSWORD, status=429)


def test_deactivation_ends_the_session_at_the_next_request(
    agent: Person, agency: factories.Agency
) -> None:
    people.deactivate_person(agency.website, agency.admin, membership(agency.agent).id)
    response = agent.client.get("/site_admin/properties", base_url=agent.base_url)
    assert response.location == "/login?next=/site_admin/properties"
    agent.client.get("/login", base_url=agent.base_url)
    answer = try_to_sign_in(
        agent.client.application, agency.agent.email, factories.PASSWORD, status=422
    )
    assert ONE_ANSWER in answer.text


def test_a_new_password_ends_every_other_session(
    app: Flask, agent: Person, agency: factories.Agency
) -> None:
    link = people.make_password_link(
        agency.website, agency.admin, membership(agency.agent).id, token_for
    )
    newcomer = Person(app)
    page = newcomer.get(f"/password/{link.token}")
    assert page.h1 == ["Choose a new password"]
    both = {"password": NEW_PASSWORD, "password_again": NEW_PASSWORD}
    newcomer.post(f"/password/{link.token}", both)
    assert newcomer.get("/site_admin/").h1 == ["Dashboard"]
    assert agent.client.get("/site_admin/", base_url=agent.base_url).status_code == 302
    newcomer.get(f"/password/{link.token}", status=404)
    Person(app).sign_in(agency.agent.email, NEW_PASSWORD)


def test_a_new_password_that_will_not_do_is_told_and_the_link_stays_good(
    app: Flask, agency: factories.Agency
) -> None:
    link = people.make_password_link(
        agency.website, agency.admin, membership(agency.agent).id, token_for
    )
    person = Person(app)
    person.get(f"/password/{link.token}")
    for first, second, words in (
        ("short", "short", "10 to 200 characters"),
        (NEW_PASSWORD, "something else", "The two passwords differ."),
        ("", "", "Choose a password."),
    ):
        both = {"password": first, "password_again": second}
        assert words in person.post(f"/password/{link.token}", both, status=422).text
    person.get(f"/password/{link.token}")


def test_an_invited_person_joins_by_the_link(app: Flask, agency: factories.Agency) -> None:
    fresh = people.invite_person(
        agency.website, agency.admin, "new@agency.test", "agent", token_for
    )
    person = Person(app)
    page = person.get(f"/invitations/{fresh.token}")
    assert page.h1 == [f"Join {agency.website.name}"]
    short = person.post(f"/invitations/{fresh.token}", {"name": "", "password": "x"}, status=422)
    assert "Enter your name." in short.text and "10 to 200" in short.text
    person.post(f"/invitations/{fresh.token}", {"name": "Nora", "password": NEW_PASSWORD})
    assert "Welcome" in person.get("/site_admin/").text
    Person(app).get(f"/invitations/{fresh.token}", status=404)


def test_somebody_with_an_account_is_asked_for_its_password(
    app: Flask, agency: factories.Agency
) -> None:
    elsewhere = factories.create_agency(name="Aardvark Homes")
    fresh = people.invite_person(
        agency.website, agency.admin, elsewhere.agent.email, "agent", token_for
    )
    person = Person(app)
    page = person.get(f"/invitations/{fresh.token}")
    assert "name" not in next(f for f in page.forms if f["method"] == "post")["fields"]
    wrong = person.post(f"/invitations/{fresh.token}", {"password": NEW_PASSWORD}, status=422)
    assert "enter its password" in wrong.text
    person.post(f"/invitations/{fresh.token}", {"password": factories.PASSWORD})
    assert agency.website.name in person.get("/site_admin/").title


def test_links_that_nobody_made_lead_to_a_clear_page(app: Flask) -> None:
    for path in ("/invitations/made-up", "/password/made-up"):
        assert "used already, has expired" in Person(app).get(path, status=404).text


def test_without_mail_there_is_no_page_that_promises_some(app: Flask) -> None:
    Person(app).get("/password", status=404)
    assert "Ask an admin" in Person(app).get("/login").text


def test_a_forgotten_password_is_mailed_and_nobody_learns_who_is_here(
    database_url: str,
) -> None:
    with running_mailbox() as mailbox, another_app(database_url, **mailbox.settings()) as app:
        agency = factories.create_agency()
        answers = []
        for email in ("nobody@agency.test", agency.agent.email):
            person = Person(app)
            person.get("/password")
            answers.append(person.submit("/password", {"email": email}).text)
        assert answers[0] == answers[1]
        assert "If that address has an account" in answers[0]
        letter = mailbox.wait_for(1)[0]
        link = next(w for w in letter.get_content().split() if w.startswith("http"))
        assert link.startswith("http://127.0.0.1:5000/password/")
        Person(app).get(link.removeprefix("http://127.0.0.1:5000"))
        assert len(mailbox.letters) == 1


def test_too_many_letters_are_refused_with_a_time_to_wait(database_url: str) -> None:
    with running_mailbox() as mailbox, another_app(database_url, **mailbox.settings()) as app:
        person = Person(app)
        person.get("/password")
        for _ in range(throttle.LETTERS_PER_EMAIL.amount):
            person.post("/password", {"email": "nobody@agency.test"})
        answer = person.post("/password", {"email": "nobody@agency.test"}, status=429)
        assert int(answer.headers["Retry-After"]) > 0
        check_page(answer.text)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test",
        "\\\\evil.test",
        "javascript:alert(1)",
        "/site_admin/\r\nSet-Cookie: a=b",
        "evil.test",
    ],
)
def test_nobody_is_sent_to_another_site_after_signing_in(
    app: Flask, agency: factories.Agency, target: str
) -> None:
    person = Person(app)
    person.get("/login", query_string={"next": target})
    fields = {"email": agency.agent.email, "password": factories.PASSWORD, "next": target}
    assert person.post("/login", fields).location == "/site_admin/"


def test_a_person_goes_where_they_were_going(app: Flask, agency: factories.Agency) -> None:
    person = Person(app)
    target = "/site_admin/properties?q=villa%20azul&page=2"
    location = person.client.get(target, base_url=person.base_url).location
    page = person.get(location)
    form = next(form for form in page.forms if form["method"] == "post")
    fields = form["fields"] | {"email": agency.agent.email, "password": factories.PASSWORD}
    landed = person.client.post(form["action"], data=fields, base_url=person.base_url)
    assert landed.location == target


def test_a_session_cookie_that_is_made_up_signs_nobody_in(app: Flask) -> None:
    client = app.test_client()
    for value in ("x", "eyJfdXNlcl9pZCI6IjE6MSJ9.aaaa.bbbb", "\x7f"):
        client.set_cookie("pwb_session", value)
        assert client.get("/site_admin/").location.startswith("/login")
    for session_id in ("", "1", "a:b", "1:1:1", "-1:1", "²:1", "999999:1", "1:" + "9" * 40):
        assert accounts.user_for_session(session_id) is None
