"""The pages of people: list, invitations, one person."""

from __future__ import annotations

import re
from html import unescape

import pytest
import sqlalchemy as sa

from pwb import create_app
from pwb.extensions import db
from pwb.models import AuditEvent, Membership, User
from pwb.services import people
from tests import factories
from tests.conftest import make_settings
from tests.mailbox import running_mailbox
from tests.pages import OwnContextClient, Page, Person

INVITE = "/site_admin/people/invitations"


def membership_id(agency: factories.Agency, user: User) -> int:
    query = sa.select(Membership.id).where(
        Membership.user_id == user.id, Membership.website_id == agency.website.id
    )
    return db.session.scalars(query).one()


def person_page(agency: factories.Agency, user: User) -> str:
    return f"/site_admin/people/{membership_id(agency, user)}"


def shown_link(page: Page) -> str | None:
    found = re.search(r'id="fresh-link"[^>]*value="([^"]+)"', page.html)
    return unescape(found.group(1)) if found else None


def path_of(link: str | None) -> str:
    assert link
    return "/" + link.split("/", 3)[3]


def test_everybody_is_listed_with_role_state_and_last_sign_in(
    admin: Person, agency: factories.Agency
) -> None:
    gone = factories.create_user(agency.website, name="Gone Gil")
    people.deactivate_person(agency.website, agency.admin, membership_id(agency, gone))
    stranger = factories.create_agency()
    page = admin.get("/site_admin/people")
    assert page.h1 == ["People"]
    for words in (agency.admin.email, agency.agent.email, "Gone Gil", "Deactivated", "(you)"):
        assert words in page.text
    assert stranger.agent.email not in page.text
    assert page.text.index(agency.agent.name) < page.text.index("Gone Gil")


def test_an_invitation_link_is_shown_once_and_lets_a_person_in(
    admin: Person, agency: factories.Agency
) -> None:
    admin.get("/site_admin/people")
    page = admin.submit(INVITE, {"email": "new@agency.test", "role": "agent"})
    link = shown_link(page)
    assert link and link.startswith("http://127.0.0.1:5000/invitations/")
    again = admin.get("/site_admin/people")
    assert shown_link(again) is None
    assert path_of(link).rpartition("/")[2] not in again.html
    assert "new@agency.test" in again.text
    newcomer = Person(admin.client.application)
    newcomer.get(path_of(link))
    newcomer.post(path_of(link), {"name": "Nora", "password": "a quite new password"})
    assert "Nora" in admin.get("/site_admin/people").text


def test_a_bad_invitation_keeps_what_was_typed_and_says_why(
    admin: Person, agency: factories.Agency
) -> None:
    admin.get("/site_admin/people")
    for email, role, words in (
        ("nonsense<b>", "agent", "Not an e-mail address."),
        ("", "agent", "Enter an e-mail."),
        (agency.agent.email, "admin", "already a member"),
        ("new@agency.test", "owner", "Not a valid choice"),
    ):
        page = admin.submit(INVITE, {"email": email, "role": role}, status=422)
        assert words in page.text
        assert "<b>" not in page.html.partition("<main")[2].partition("</form>")[0]
        assert email in unescape(page.html)
    assert people.open_invitations(agency.website) == []


def test_a_withdrawn_invitation_is_gone(admin: Person, agency: factories.Agency) -> None:
    admin.get("/site_admin/people")
    link = shown_link(admin.submit(INVITE, {"email": "new@agency.test", "role": "agent"}))
    invitation = people.open_invitations(agency.website)[0]
    page = admin.submit(f"{INVITE}/{invitation.id}/revoke")
    assert "is withdrawn" in page.text
    assert "Open invitations" not in page.text
    Person(admin.client.application).get(path_of(link), status=404)
    admin.post(f"{INVITE}/{invitation.id}/revoke", status=404)


def test_a_role_counts_from_the_next_request(
    admin: Person, agent: Person, agency: factories.Agency
) -> None:
    agent.get("/site_admin/people", status=403)
    page = admin.submit(f"{person_page(agency, agency.agent)}/role", {"role": "admin"})
    assert "is now an admin" in page.text
    assert agent.get("/site_admin/people").h1 == ["People"]
    agent.submit(f"{person_page(agency, agency.admin)}/role", {"role": "agent"})
    admin.get("/site_admin/people", status=403)


def test_an_unknown_role_is_refused(admin: Person, agency: factories.Agency) -> None:
    path = f"{person_page(agency, agency.agent)}/role"
    assert "Not a valid choice" in admin.submit(path, {"role": "owner"}, status=422).text
    assert "Not a valid choice" in admin.submit(path, {}, status=422).text


def test_a_deactivated_person_can_be_let_in_again(
    admin: Person, agent: Person, agency: factories.Agency
) -> None:
    page = admin.submit(f"{person_page(agency, agency.agent)}/deactivate")
    assert "can no longer work on" in page.text
    assert agent.client.get("/site_admin/", base_url=agent.base_url).status_code == 302
    page = admin.get(person_page(agency, agency.agent))
    assert "Reactivate" in page.text and "Make password link" not in page.text
    admin.submit(f"{person_page(agency, agency.agent)}/reactivate")
    agent.client.get("/login", base_url=agent.base_url)
    Person(agent.client.application).sign_in(agency.agent.email)


def test_an_admin_cannot_lock_themselves_out(admin: Person, agency: factories.Agency) -> None:
    own = person_page(agency, agency.admin)
    page = admin.get(own)
    actions = [form.get("action") for form in page.forms]
    assert f"{own}/deactivate" not in actions and f"{own}/role" not in actions
    assert "your own role" in admin.submit(f"{own}/role", {"role": "agent"}, status=422).text
    assert "deactivate yourself" in admin.submit(f"{own}/deactivate", status=422).text


def test_a_password_link_is_shown_once(admin: Person, agency: factories.Agency) -> None:
    path = person_page(agency, agency.agent)
    page = admin.submit(f"{path}/password_link")
    link = shown_link(page)
    assert link and "/password/" in link
    assert shown_link(admin.get(path)) is None
    assert Person(admin.client.application).get(path_of(link)).h1 == ["Choose a new password"]


def test_no_link_is_shown_for_somebody_who_also_works_elsewhere(
    admin: Person, agency: factories.Agency
) -> None:
    other = factories.create_website(name="Secret Homes")
    db.session.add(Membership(website_id=other.id, user_id=agency.agent.id, role="agent"))
    db.session.commit()
    path = person_page(agency, agency.agent)
    page = admin.get(path)
    assert "own mailbox" in page.text and "Secret Homes" not in page.html
    assert f"{path}/password_link" not in [form.get("action") for form in page.forms]
    page = admin.submit(f"{path}/password_link", status=422)
    assert shown_link(page) is None
    assert "Ask the portal&#39;s operator" in page.html


def test_where_mail_is_set_up_links_are_mailed_and_failures_are_said(database_url: str) -> None:
    with running_mailbox() as mailbox:
        app = create_app(make_settings(database_url=database_url, **mailbox.settings()))
        app.test_client_class = OwnContextClient
        with app.app_context():
            agency = factories.create_agency(name="Costa Homes")
            admin = Person(app).sign_in(agency.admin.email)
            page = admin.submit(INVITE, {"email": "new@agency.test", "role": "agent"})
            letter = mailbox.wait_for(1)[0]
            assert letter["To"] == "new@agency.test"
            assert letter["Subject"] == "Your invitation to Costa Homes"
            assert str(shown_link(page)) in letter.get_content()
            assert agency.admin.name in letter.get_content()
            other = factories.create_website()
            db.session.add(Membership(website_id=other.id, user_id=agency.agent.id, role="agent"))
            db.session.commit()
            path = f"{person_page(agency, agency.agent)}/password_link"
            page = admin.submit(path)
            assert shown_link(page) is None
            assert f"mailed to {agency.agent.email}" in page.text
            token = re.search(r"/password/(\S+)", mailbox.wait_for(2)[1].get_content())
            assert token and token.group(1) not in page.html
            mailbox.fault = "full"
            page = admin.submit(INVITE, {"email": "other@agency.test", "role": "agent"})
            assert shown_link(page) and "could not be mailed" in page.text
            page = admin.submit(path, status=502)
            assert "did not take the letter" in page.text
            db.session.remove()
            db.engine.dispose()


def test_the_log_tells_every_deed_and_holds_no_link(
    admin: Person, agency: factories.Agency
) -> None:
    path = person_page(agency, agency.agent)
    admin.get("/site_admin/people")
    invite = shown_link(admin.submit(INVITE, {"email": "new@agency.test", "role": "agent"}))
    reset = shown_link(admin.submit(f"{path}/password_link"))
    admin.submit(f"{path}/role", {"role": "admin"})
    admin.submit(f"{path}/deactivate")
    admin.submit(f"{path}/reactivate")
    page = admin.get("/site_admin/audit_log")
    email = agency.agent.email
    for words in (
        "invited new@agency.test",
        f"had a password link made for {email}",
        f"changed the role of {email}",
        "Role from agent to admin",
        f"deactivated {email}",
        f"reactivated {email}",
    ):
        assert words in page.text
    for link in (invite, reset):
        token = path_of(link).rpartition("/")[2]
        rows = db.session.scalars(sa.select(AuditEvent)).all()
        assert not any(token in f"{row.object_label}{row.changes}" for row in rows)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "Ñ" * 120, "O'\"Brien & Söhne"])
def test_any_name_is_shown_as_it_is(admin: Person, agency: factories.Agency, name: str) -> None:
    user = factories.create_user(agency.website, name=name)
    assert admin.get(person_page(agency, user)).h1
    page = admin.get("/site_admin/people")
    assert name in unescape(page.html)
    assert "<script>alert" not in page.html
