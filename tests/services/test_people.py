"""Members, invitations, roles and password links, as services."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from pwb import create_app
from pwb.errors import InvalidInput, NotFound, Throttled
from pwb.extensions import db
from pwb.models import AccountLink, AuditEvent, Membership, User, Website
from pwb.models.base import utcnow
from pwb.services import accounts, mail, people, throttle
from tests import factories
from tests.conftest import make_settings
from tests.mailbox import running_mailbox

HERE = "203.0.113.7"
NEW_PASSWORD = "a quite new password"


def url(website: Website, token: str) -> str:
    return f"https://{website.subdomain}.portal.test/{token}"


def membership(website: Website, user: User) -> Membership:
    query = sa.select(Membership).where(
        Membership.website_id == website.id, Membership.user_id == user.id
    )
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def invite(agency: factories.Agency, email: str = "new@agency.test", role: str = "agent") -> str:
    return str(people.invite_person(agency.website, agency.admin, email, role, url).token)


def recorded(website: Website) -> list[str]:
    query = sa.select(AuditEvent.action).where(AuditEvent.website_id == website.id)
    return list(db.session.scalars(query.order_by(AuditEvent.id)))


def test_an_invitation_makes_a_person_with_the_role_and_works_once(
    agency: factories.Agency,
) -> None:
    token = invite(agency, role="admin")
    user = accounts.accept_invitation(token, " Nora New ", NEW_PASSWORD, HERE)
    assert (user.email, user.name) == ("new@agency.test", "Nora New")
    assert membership(agency.website, user).is_admin
    with pytest.raises(NotFound):
        accounts.accept_invitation(token, "Again", NEW_PASSWORD, HERE)
    assert recorded(agency.website) == ["person.invited", "person.joined"]


def test_only_a_digest_of_a_link_is_stored_and_none_of_it_is_audited(
    agency: factories.Agency,
) -> None:
    token = invite(agency)
    stored = db.session.scalars(sa.select(AccountLink)).one()
    event = db.session.scalars(sa.select(AuditEvent)).one()
    assert token not in stored.token_hash
    assert event.object_label == "new@agency.test"
    assert token not in str(event.changes) and stored.token_hash not in str(event.changes)


def test_a_new_invitation_replaces_the_earlier_one(agency: factories.Agency) -> None:
    first, second = invite(agency), invite(agency, email="New@Agency.test")
    assert [link.email for link in people.open_invitations(agency.website)] == ["new@agency.test"]
    with pytest.raises(NotFound):
        accounts.open_link(first, "invite")
    assert accounts.open_link(second, "invite")


def test_a_withdrawn_or_expired_invitation_opens_nothing(agency: factories.Agency) -> None:
    token = invite(agency)
    link = people.open_invitations(agency.website)[0]
    people.revoke_invitation(agency.website, agency.admin, link.id)
    with pytest.raises(NotFound):
        accounts.accept_invitation(token, "N", NEW_PASSWORD, HERE)
    with pytest.raises(NotFound):
        people.revoke_invitation(agency.website, agency.admin, link.id)
    old = invite(agency)
    link = people.open_invitations(agency.website)[0]
    link.expires_at = utcnow() - timedelta(seconds=1)
    db.session.commit()
    assert people.open_invitations(agency.website) == []
    with pytest.raises(NotFound):
        accounts.accept_invitation(old, "N", NEW_PASSWORD, HERE)


@pytest.mark.parametrize("email", ["nonsense", "a@", "@b.test", "a b@c.test", ""])
def test_an_address_that_is_none_is_refused_beside_its_field(
    agency: factories.Agency, email: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        invite(agency, email)
    assert "email" in refused.value.fields


def test_members_cannot_be_invited_again(agency: factories.Agency) -> None:
    with pytest.raises(InvalidInput, match="already a member"):
        invite(agency, agency.agent.email.upper())
    member = membership(agency.website, agency.agent)
    people.deactivate_person(agency.website, agency.admin, member.id)
    with pytest.raises(InvalidInput, match="reactivate"):
        invite(agency, agency.agent.email)


def test_somebody_with_an_account_joins_with_its_password_only(agency: factories.Agency) -> None:
    elsewhere = factories.create_agency()
    token = invite(agency, elsewhere.agent.email)
    with pytest.raises(InvalidInput) as refused:
        accounts.accept_invitation(token, "X", NEW_PASSWORD, HERE)
    assert "password" in refused.value.fields
    user = accounts.accept_invitation(token, "X", factories.PASSWORD, HERE)
    assert user.id == elsewhere.agent.id
    assert user.name == elsewhere.agent.name
    assert membership(agency.website, user).role == "agent"


def test_guesses_at_an_invited_account_count_as_tries_to_sign_in(
    agency: factories.Agency,
) -> None:
    elsewhere = factories.create_agency()
    token = invite(agency, elsewhere.agent.email)
    for _ in range(throttle.PER_EMAIL.amount):
        with pytest.raises(InvalidInput):
            accounts.accept_invitation(token, "", "a wrong guess", HERE)
    with pytest.raises(Throttled):
        accounts.accept_invitation(token, "", factories.PASSWORD, HERE)
    with pytest.raises(Throttled):
        accounts.authenticate(elsewhere.agent.email, factories.PASSWORD, HERE, None)


def test_a_second_invitation_does_not_bring_back_somebody_deactivated(
    agency: factories.Agency,
) -> None:
    user = accounts.accept_invitation(invite(agency), "N", NEW_PASSWORD, HERE)
    spare = accounts.make_link(agency.website, "invite", user.email, agency.admin, role="admin")
    db.session.commit()
    member = membership(agency.website, user)
    people.deactivate_person(agency.website, agency.admin, member.id)
    with pytest.raises(NotFound):
        accounts.accept_invitation(spare, "", NEW_PASSWORD, HERE)
    assert membership(agency.website, user).deactivated_at is not None


def test_roles_change_and_every_change_is_recorded(agency: factories.Agency) -> None:
    member = membership(agency.website, agency.agent)
    people.change_role(agency.website, agency.admin, member.id, "admin")
    people.change_role(agency.website, agency.admin, member.id, "admin")
    assert membership(agency.website, agency.agent).is_admin
    event = db.session.scalars(sa.select(AuditEvent)).one()
    assert event.changes == {"role": ["agent", "admin"]}
    with pytest.raises(InvalidInput):
        people.change_role(agency.website, agency.admin, member.id, "owner")


def test_nobody_changes_their_own_role_or_deactivates_themselves(
    agency: factories.Agency,
) -> None:
    own = membership(agency.website, agency.admin)
    with pytest.raises(InvalidInput, match="your own role"):
        people.change_role(agency.website, agency.admin, own.id, "agent")
    with pytest.raises(InvalidInput, match="deactivate yourself"):
        people.deactivate_person(agency.website, agency.admin, own.id)


def test_somebody_who_is_no_admin_any_more_does_nothing(agency: factories.Agency) -> None:
    other = factories.create_user(agency.website, "admin")
    people.change_role(agency.website, other, membership(agency.website, agency.admin).id, "agent")
    for deed in (people.deactivate_person, people.reactivate_person):
        with pytest.raises(InvalidInput, match="no longer an admin"):
            deed(agency.website, agency.admin, membership(agency.website, agency.agent).id)
    with pytest.raises(InvalidInput, match="no longer an admin"):
        invite(agency)


def test_two_admins_who_demote_each_other_leave_one(app: Flask, agency: factories.Agency) -> None:
    other = factories.create_user(agency.website, "admin")
    ids = [agency.website.id, agency.admin.id, other.id]
    own = {user.id: membership(agency.website, user).id for user in (agency.admin, other)}
    db.session.commit()
    db.session.close()
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def demote(actor_id: int, victim_id: int) -> None:
        with app.app_context():
            website = db.session.get_one(Website, ids[0])
            actor = db.session.get_one(User, actor_id)
            start.wait()
            try:
                people.change_role(website, actor, own[victim_id], "agent")
                outcomes.append("done")
            except InvalidInput:
                outcomes.append("refused")

    threads = [
        threading.Thread(target=demote, args=pair) for pair in ((ids[1], ids[2]), (ids[2], ids[1]))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["done", "refused"]
    query = sa.select(sa.func.count(Membership.id)).where(Membership.role == "admin")
    assert db.session.scalar(query) == 1


def test_another_websites_people_and_invitations_are_not_found(agency: factories.Agency) -> None:
    other = factories.create_agency()
    token = invite(other)
    link, member = people.open_invitations(other.website)[0], membership(other.website, other.agent)
    for deed in (
        lambda: people.get_member(agency.website, member.id),
        lambda: people.change_role(agency.website, agency.admin, member.id, "admin"),
        lambda: people.deactivate_person(agency.website, agency.admin, member.id),
        lambda: people.reactivate_person(agency.website, agency.admin, member.id),
        lambda: people.make_password_link(agency.website, agency.admin, member.id, url),
        lambda: people.revoke_invitation(agency.website, agency.admin, link.id),
    ):
        with pytest.raises(NotFound):
            deed()
    with pytest.raises(NotFound):
        accounts.open_link(token, "invite", agency.website)
    assert people.list_members(other.website)[0].website_id == other.website.id


def test_a_password_link_sets_a_new_password_and_ends_sessions(agency: factories.Agency) -> None:
    member = membership(agency.website, agency.agent)
    before = agency.agent.get_id()
    fresh = people.make_password_link(agency.website, agency.admin, member.id, url)
    assert fresh.token and not fresh.mailed
    accounts.reset_password(fresh.token, NEW_PASSWORD)
    assert accounts.user_for_session(before) is None
    assert accounts.authenticate(agency.agent.email, NEW_PASSWORD, HERE, None)
    with pytest.raises(InvalidInput):
        accounts.authenticate(agency.agent.email, factories.PASSWORD, HERE, None)
    with pytest.raises(NotFound):
        accounts.reset_password(fresh.token, "yet another password")
    assert recorded(agency.website) == ["person.password_link_made", "person.password_changed"]


def test_an_invitation_link_resets_no_password_nor_the_reverse(agency: factories.Agency) -> None:
    member = membership(agency.website, agency.agent)
    reset = people.make_password_link(agency.website, agency.admin, member.id, url).token
    with pytest.raises(NotFound):
        accounts.reset_password(invite(agency), NEW_PASSWORD)
    with pytest.raises(NotFound):
        accounts.accept_invitation(str(reset), "N", NEW_PASSWORD, HERE)


def test_only_the_newest_password_link_works(agency: factories.Agency) -> None:
    member = membership(agency.website, agency.agent)
    tokens = [
        str(people.make_password_link(agency.website, agency.admin, member.id, url).token)
        for _ in range(2)
    ]
    with pytest.raises(NotFound):
        accounts.reset_password(tokens[0], NEW_PASSWORD)
    accounts.reset_password(tokens[1], NEW_PASSWORD)


def test_deactivation_ends_the_password_links_made_before(agency: factories.Agency) -> None:
    member = membership(agency.website, agency.agent)
    fresh = people.make_password_link(agency.website, agency.admin, member.id, url)
    people.deactivate_person(agency.website, agency.admin, member.id)
    people.reactivate_person(agency.website, agency.admin, member.id)
    with pytest.raises(NotFound):
        accounts.reset_password(str(fresh.token), NEW_PASSWORD)
    people.deactivate_person(agency.website, agency.admin, member.id)
    with pytest.raises(InvalidInput, match="deactivated"):
        people.make_password_link(agency.website, agency.admin, member.id, url)


@pytest.mark.parametrize("active", [True, False])
def test_an_admin_gets_no_link_to_an_account_that_opens_another_website(
    agency: factories.Agency, active: bool
) -> None:
    other = factories.create_website()
    ended = None if active else utcnow()
    db.session.add(
        Membership(website_id=other.id, user_id=agency.agent.id, role="admin", deactivated_at=ended)
    )
    db.session.commit()
    member = membership(agency.website, agency.agent)
    with pytest.raises(InvalidInput, match="own mailbox") as refused:
        people.make_password_link(agency.website, agency.admin, member.id, url)
    assert other.name not in refused.value.sentence()
    assert db.session.scalar(sa.select(sa.func.count(AccountLink.id))) == 0


def test_a_link_that_an_admin_saw_dies_when_the_person_joins_another_website(
    agency: factories.Agency,
) -> None:
    member = membership(agency.website, agency.agent)
    fresh = people.make_password_link(agency.website, agency.admin, member.id, url)
    other = factories.create_agency()
    accounts.accept_invitation(invite(other, agency.agent.email), "", factories.PASSWORD, HERE)
    with pytest.raises(NotFound):
        accounts.open_link(str(fresh.token), "reset")
    with pytest.raises(NotFound):
        accounts.reset_password(str(fresh.token), NEW_PASSWORD)


def test_the_operator_sets_a_password_and_ends_sessions(agency: factories.Agency) -> None:
    before = agency.agent.get_id()
    accounts.set_password(agency.agent.email, NEW_PASSWORD)
    assert accounts.user_for_session(before) is None
    assert accounts.authenticate(agency.agent.email, NEW_PASSWORD, HERE, None)
    with pytest.raises(NotFound):
        accounts.set_password("nobody@agency.test", NEW_PASSWORD)
    with pytest.raises(InvalidInput):
        accounts.set_password(agency.agent.email, "short")


def test_a_person_of_two_websites_gets_the_link_by_mail_alone(database_url: str) -> None:
    with running_mailbox() as mailbox:
        app = create_app(make_settings(database_url=database_url, **mailbox.settings()))
        with app.app_context():
            agency = factories.create_agency(name="Costa Homes")
            other = factories.create_website()
            db.session.add(Membership(website_id=other.id, user_id=agency.agent.id, role="agent"))
            db.session.commit()
            member = membership(agency.website, agency.agent)
            fresh = people.make_password_link(agency.website, agency.admin, member.id, url)
            assert (fresh.token, fresh.mailed) == (None, True)
            letter = mailbox.wait_for(1)[0]
            assert letter["To"] == agency.agent.email
            address = next(w for w in letter.get_content().split() if w.startswith("https://"))
            accounts.reset_password(address.rpartition("/")[2], NEW_PASSWORD)
            db.session.remove()
            db.engine.dispose()


def test_asking_for_a_link_mails_it_to_members_and_says_nothing_of_others(
    database_url: str,
) -> None:
    with running_mailbox() as mailbox:
        app = create_app(make_settings(database_url=database_url, **mailbox.settings()))
        with app.app_context():
            agency, other = factories.create_agency(), factories.create_agency()
            gone = factories.create_user(agency.website)
            membership(agency.website, gone).deactivated_at = utcnow()
            db.session.commit()
            for email, host in (
                ("nobody@agency.test", None),
                (gone.email, None),
                (agency.agent.email, other.website),
                ("not an address", None),
            ):
                people.mail_password_link(email, HERE, host, url).result(10)
            assert mailbox.letters == []
            address = f" {agency.agent.email.upper()} "
            people.mail_password_link(address, HERE, agency.website, url).result(10)
            assert [letter["To"] for letter in mailbox.letters] == [agency.agent.email]
            db.session.remove()
            db.engine.dispose()


def test_nobody_is_flooded_with_letters(app: Flask) -> None:
    for _ in range(throttle.LETTERS_PER_EMAIL.amount):
        people.mail_password_link("ana@agency.test", HERE, None, url).result(10)
    with pytest.raises(Throttled) as throttled:
        people.mail_password_link("ana@agency.test", "198.51.100.1", None, url)
    assert 0 < (throttled.value.retry_after or 0) <= 15 * 60 + 1


def test_a_letter_that_fails_still_leaves_the_admin_a_link(database_url: str) -> None:
    with running_mailbox("recipient") as mailbox:
        app = create_app(make_settings(database_url=database_url, **mailbox.settings()))
        with app.app_context():
            agency = factories.create_agency()
            fresh = people.invite_person(
                agency.website, agency.admin, "new@agency.test", "agent", url
            )
            assert fresh.token and "refused the recipient" in fresh.problem
            assert accounts.open_link(fresh.token, "invite")
            db.session.add(
                Membership(
                    website_id=factories.create_website().id,
                    user_id=agency.agent.id,
                    role="agent",
                )
            )
            db.session.commit()
            member = membership(agency.website, agency.agent)
            with pytest.raises(mail.MailFailed):
                people.make_password_link(agency.website, agency.admin, member.id, url)
            db.session.remove()
            db.engine.dispose()
