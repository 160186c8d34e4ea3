"""Who works on a website: members, invitations, roles, and new passwords."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import contains_eager, joinedload

from pwb.errors import InvalidInput, NotFound
from pwb.extensions import db
from pwb.models import AccountLink, Action, Membership, User, Website
from pwb.models.base import utcnow
from pwb.models.people import ROLES
from pwb.services import accounts, audit, budgets, letters, mail, throttle
from pwb.services.letters import MakeUrl
from pwb.services.tenancy import find, scoped


@dataclass(frozen=True)
class FreshLink:
    """A link made just now, the only time that its token is known.

    `token` is None where the link may go to the person alone. `problem` says why no letter went.
    """

    email: str
    token: str | None
    mailed: bool = False
    problem: str = ""


def list_members(website: Website) -> list[Membership]:
    """Everybody with a role here, those in use first, by name."""
    query = (
        scoped(Membership, website)
        .join(Membership.user)
        .options(contains_eager(Membership.user))
        .order_by(
            Membership.deactivated_at.is_not(None),
            func.lower(func.coalesce(func.nullif(User.name, ""), User.email)),
        )
    )
    return list(db.session.scalars(query))


def admin_names(website: Website, most: int = 3) -> list[str]:
    """Whom to ask on this website."""
    return [member.user.display_name for member in admins(website)[:most]]


def admins(website: Website) -> list[Membership]:
    """The members who may change the website's settings."""
    return [m for m in list_members(website) if m.is_admin and m.deactivated_at is None]


def get_member(website: Website, membership_id: int) -> Membership:
    """One of the website's people; raises NotFound."""
    return find(Membership, website, membership_id, joinedload(Membership.user))


def open_invitations(website: Website) -> list[AccountLink]:
    """Invitations that can still be accepted, newest first."""
    query = (
        scoped(AccountLink, website)
        .where(
            AccountLink.purpose == "invite",
            AccountLink.used_at.is_(None),
            AccountLink.expires_at > utcnow(),
        )
        .order_by(AccountLink.id.desc())
    )
    return list(db.session.scalars(query))


def invite_person(
    website: Website, actor: User, email: str, role: str, make_url: MakeUrl
) -> FreshLink:
    """A fresh invitation, also mailed where that is possible; it replaces an earlier one.

    Raises InvalidInput for a bad address or role, and for somebody who is a member already.
    """
    email = accounts.normal_email(email)
    _check_role(role)
    _take_turns(website, actor)
    _check_is_new(website, email)
    accounts.void_links("invite", AccountLink.website_id == website.id, AccountLink.email == email)
    token = accounts.make_link(website, "invite", email, actor, role=role)
    _record(website, actor, Action.PERSON_INVITED, email, changes={"role": (None, role)})
    inviter, name = actor.display_name, website.name
    url = make_url(website, token)
    db.session.commit()
    return _mail_too(FreshLink(email, token), letters.invitation(name, inviter, url))


def _check_role(role: str) -> None:
    if role not in ROLES:
        message = "A role is admin or agent."
        raise InvalidInput(message, fields={"role": [message]})


def _check_is_new(website: Website, email: str) -> None:
    query = scoped(Membership, website).join(Membership.user).where(User.email == email)
    member = db.session.scalar(query)
    if member is None:
        return
    message = f"{email} is already a member."
    if member.deactivated_at is not None:
        message = f"{email} is a deactivated member: open the person below and reactivate."
    db.session.rollback()
    raise InvalidInput(message, fields={"email": [message]})


def _mail_too(link: FreshLink, letter: letters.Letter) -> FreshLink:
    """Mail what the admin is shown as well; a letter that fails is said and costs nothing."""
    if not mail.enabled():
        return link
    try:
        mail.send(link.email, letter.subject, letter.text)
    except mail.MailFailed as error:
        return FreshLink(link.email, link.token, problem=error.sentence())
    return FreshLink(link.email, link.token, mailed=True)


def revoke_invitation(website: Website, actor: User, link_id: int) -> AccountLink:
    """Withdraw an open invitation; raises NotFound."""
    link = find(AccountLink, website, link_id)
    if link.purpose != "invite" or link.used_at is not None:
        raise NotFound("This invitation is no longer open.")
    _take_turns(website, actor)
    if not accounts.void_links("invite", AccountLink.id == link.id):
        db.session.rollback()
        raise NotFound("This invitation was accepted just now.")
    _record(website, actor, Action.INVITATION_REVOKED, link.email)
    db.session.commit()
    return link


def change_role(website: Website, actor: User, membership_id: int, role: str) -> Membership:
    """Give a member another role; raises NotFound, InvalidInput."""
    _check_role(role)
    member = _hold_member(website, actor, membership_id, "change your own role")
    if member.role == role:
        db.session.rollback()
        return member
    before, member.role = member.role, role
    _record_deed(website, actor, Action.PERSON_ROLE_CHANGED, member, {"role": (before, role)})
    db.session.commit()
    return member


def change_budget(
    website: Website, actor: User, membership_id: int, cents: int | None
) -> Membership:
    """Limit what a member may spend a month, None for no limit of their own; raises NotFound,
    InvalidInput."""
    problem = budgets.limit_problem(cents)
    if problem is not None:
        raise InvalidInput(problem, fields={"monthly_budget_cents": [problem]})
    member = _hold_member(website, actor, membership_id)
    before, member.monthly_budget_cents = member.monthly_budget_cents, cents
    if before == cents:
        db.session.rollback()
        return member
    for name, value in budgets.unwarned_if_raised((before, cents)).items():
        setattr(member, name, value)
    changes = {"monthly_budget_cents": (before, cents)}
    _record_deed(website, actor, Action.PERSON_BUDGET_CHANGED, member, changes)
    db.session.commit()
    return member


def deactivate_person(website: Website, actor: User, membership_id: int) -> Membership:
    """End a membership from the next request on; raises NotFound, InvalidInput."""
    member = _hold_member(website, actor, membership_id, "deactivate yourself")
    if member.deactivated_at is not None:
        db.session.rollback()
        return member
    member.deactivated_at = utcnow()
    here = AccountLink.website_id == website.id
    accounts.void_links("invite", here, AccountLink.email == member.user.email)
    accounts.void_links("reset", here, AccountLink.user_id == member.user_id)
    _record_deed(website, actor, Action.PERSON_DEACTIVATED, member)
    db.session.commit()
    return member


def reactivate_person(website: Website, actor: User, membership_id: int) -> Membership:
    """Let a deactivated member in again, in the old role; raises NotFound."""
    member = _hold_member(website, actor, membership_id)
    if member.deactivated_at is None:
        db.session.rollback()
        return member
    member.deactivated_at = None
    _record_deed(website, actor, Action.PERSON_REACTIVATED, member)
    db.session.commit()
    return member


def _hold_member(
    website: Website, actor: User, membership_id: int, not_oneself: str = ""
) -> Membership:
    """The member as of now, with deeds on this website's people taking turns until the commit."""
    find(Membership, website, membership_id)
    _take_turns(website, actor)
    member = get_member(website, membership_id)
    db.session.refresh(member)
    if not_oneself and member.user_id == actor.id:
        db.session.rollback()
        raise InvalidInput(
            f"You cannot {not_oneself}.",
            resolution="Another admin of this website can; make somebody an admin first.",
        )
    return member


def _take_turns(website: Website, actor: User) -> None:
    """Hold the website's row until the commit, and check that the actor is an admin by now.

    As nobody demotes or deactivates oneself, the actor is the admin who always remains: even of
    two admins who demote each other at once, the second finds that they no longer may. A no-op
    update takes the lock on both databases; a row lock by SELECT exists on one only.
    """
    db.session.execute(
        update(Website)
        .where(Website.id == website.id)
        .values(updated_at=Website.updated_at)
        .execution_options(synchronize_session=False)
    )
    acting = select(Membership.id).where(
        Membership.website_id == website.id,
        Membership.user_id == actor.id,
        Membership.role == "admin",
        Membership.deactivated_at.is_(None),
    )
    if db.session.scalar(acting) is None:
        db.session.rollback()
        raise InvalidInput("You are no longer an admin of this website.")


def opens_elsewhere(website: Website, member: Membership) -> bool:
    """Whether the person's account belongs to another website too, in use there or not."""
    query = select(Membership.id).where(
        Membership.user_id == member.user_id, Membership.website_id != website.id
    )
    return db.session.scalar(query.limit(1)) is not None


def make_password_link(
    website: Website, actor: User, membership_id: int, make_url: MakeUrl
) -> FreshLink:
    """A one-time link to a new password, for the admin to pass on, mailed too where possible.

    Where the account also opens another website the link only goes to the person's own mailbox:
    an admin here has no say there. Raises NotFound, InvalidInput, MailFailed.
    """
    member = _hold_member(website, actor, membership_id)
    shown = not opens_elsewhere(website, member)
    problem = _why_no_link(member, shown)
    if problem is not None:
        db.session.rollback()
        raise problem
    user, email = member.user, member.user.email
    accounts.void_links(
        "reset", AccountLink.user_id == user.id, AccountLink.website_id == website.id
    )
    seen_by = actor if shown else None
    token = accounts.make_link(website, "reset", email, seen_by, user=user)
    _record_deed(website, actor, Action.PASSWORD_LINK_MADE, member)
    letter = letters.new_password(website.name, make_url(website, token))
    db.session.commit()
    if shown:
        return _mail_too(FreshLink(email, token), letter)
    mail.send(email, letter.subject, letter.text)
    return FreshLink(email, None, mailed=True)


def _why_no_link(member: Membership, shown: bool) -> InvalidInput | None:
    if member.deactivated_at is not None:
        return InvalidInput(
            f"{member.user.display_name} is deactivated here.", resolution="Reactivate first."
        )
    if not shown and not mail.enabled():
        return InvalidInput(
            f"{member.user.display_name} also signs in to another website, so a link to a new "
            "password may only go to their own mailbox, and this portal sends no mail.",
            resolution="Ask the portal's operator to set the password or to set up mail.",
        )
    return None


def mail_password_link(
    email: str, address: str, host_website: Website | None, make_url: MakeUrl
) -> Future[None]:
    """Mail a link to a new password to somebody who asked for one from this network address.

    The answer takes the same time and says the same whether or not such a person exists: the rest
    happens after it. Raises Throttled.
    """
    key = email.strip().lower()[:254]
    throttle.check_letter(key, address)
    website_id = host_website.id if host_website else None
    return mail.in_background(lambda: _mail_link_to(key, website_id, make_url))


def _mail_link_to(email: str, website_id: int | None, make_url: Callable[..., str]) -> None:
    query = (
        select(Membership)
        .join(Membership.user)
        .join(Membership.website)
        .where(User.email == email, Membership.deactivated_at.is_(None))
        .order_by(Website.name)
    )
    if website_id is not None:
        query = query.where(Membership.website_id == website_id)
    member = db.session.scalar(query.limit(1))
    if member is None:
        return
    token = accounts.make_link(member.website, "reset", email, None, user=member.user)
    letter = letters.new_password(member.website.name, make_url(member.website, token))
    _record_deed(member.website, None, Action.PASSWORD_LINK_MADE, member)
    db.session.commit()
    mail.send(email, letter.subject, letter.text)


def _record_deed(
    website: Website,
    actor: User | None,
    action: Action,
    member: Membership,
    changes: dict[str, audit.Change] | None = None,
) -> None:
    _record(website, actor, action, member.user.email, user_id=member.user_id, changes=changes)


def _record(
    website: Website,
    actor: User | None,
    action: Action,
    label: str,
    *,
    user_id: int | None = None,
    changes: dict[str, audit.Change] | None = None,
) -> None:
    audit.record(
        website,
        actor,
        action,
        object_type="user",
        object_id=user_id,
        label=label,
        changes=changes,
    )
