"""Signing in, passwords, and the one-time links for invitations and new passwords."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from functools import cache

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.security import check_password_hash, generate_password_hash

from pwb.errors import InvalidInput, NotFound
from pwb.extensions import db
from pwb.models import AccountLink, Action, Membership, User, Website
from pwb.models.base import utcnow
from pwb.models.people import ROLES
from pwb.services import audit, throttle

PASSWORD_MIN, PASSWORD_MAX = 10, 200
INVITE_LIFE = timedelta(days=7)
RESET_LIFE = timedelta(hours=24)


@cache
def _nobody() -> str:
    """A hash to compare with where there is no such person: both answers take equally long."""
    return generate_password_hash("nobody has this password")


def normal_email(email: str) -> str:
    """The address in lower case; raises InvalidInput where it is none."""
    try:
        checked = validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise InvalidInput(
            f"{email.strip()[:80]!r} is not an e-mail address.",
            fields={"email": ["Not an e-mail address."]},
        ) from None
    return checked.normalized.lower()


def check_password(password: str) -> None:
    """Raises InvalidInput for a password that is too short or absurdly long."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        message = f"A password has {PASSWORD_MIN} to {PASSWORD_MAX} characters."
        raise InvalidInput(message, fields={"password": [message]})
    if "\x00" in password:
        message = "A password cannot hold the character NUL, which no form can send."
        raise InvalidInput(message, fields={"password": [message]})


def authenticate(email: str, password: str, address: str, host_website: Website | None) -> User:
    """The person who signs in with this e-mail and password from this network address.

    One answer for every failure, so that nobody learns who has an account here: raises
    InvalidInput; after too many tries Throttled.
    """
    key = email.strip().lower()[:254]
    throttle.check_sign_in(key, address)
    user = db.session.scalar(select(User).where(User.email == key))
    stored = (user.password_hash if user else None) or _nobody()
    good = check_password_hash(stored, password[:PASSWORD_MAX])
    if not good or user is None or user.password_hash is None or not _may_enter(user, host_website):
        raise InvalidInput("E-mail and password do not match an account here.")
    throttle.forget_sign_in(key, address)
    user.last_signed_in_at = utcnow()
    db.session.commit()
    return user


def _may_enter(user: User, website: Website | None) -> bool:
    active = [m for m in user.memberships if m.deactivated_at is None]
    return any(website is None or m.website_id == website.id for m in active)


def user_for_session(session_id: str) -> User | None:
    """The person whom a session cookie names, unless that session was ended."""
    user_id, _, version = session_id.partition(":")
    if not (user_id.isdecimal() and version.isdecimal()):
        return None
    user = db.session.get(User, int(user_id))
    return user if user and user.session_version == int(version) else None


def end_sessions(user: User) -> None:
    """Sign the person out, on every device: a cookie is no use to whoever copied it before."""
    db.session.execute(
        update(User)
        .where(User.id == user.id)
        .values(session_version=User.session_version + 1)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def create_user(
    website: Website,
    email: str,
    role: str,
    password: str,
    *,
    name: str = "",
    actor: User | None = None,
) -> User:
    """A person with a role on the website; an existing one gains the role and keeps the password.

    Raises InvalidInput for a bad address, role or password, or an existing membership.
    """
    email = normal_email(email)
    if role not in ROLES:
        raise InvalidInput(f"The role {role!r} is neither admin nor agent.")
    user = db.session.scalar(select(User).where(User.email == email))
    if user is None:
        check_password(password)
        user = User(email=email, name=name, password_hash=generate_password_hash(password))
        db.session.add(user)
    elif any(m.website_id == website.id for m in user.memberships):
        raise InvalidInput(f"{email} is already a member of {website.name}.")
    _join(website, user, role, actor or user)
    db.session.commit()
    return user


def _join(website: Website, user: User, role: str, actor: User | None) -> None:
    db.session.add(Membership(website_id=website.id, user=user, role=role))
    db.session.flush()
    audit.record(
        website,
        actor,
        Action.PERSON_JOINED,
        object_type="user",
        object_id=user.id,
        label=user.email,
        changes={"role": (None, role)},
    )


def make_link(
    website: Website,
    purpose: str,
    email: str,
    actor: User | None,
    *,
    role: str | None = None,
    user: User | None = None,
) -> str:
    """A fresh one-time token; only its hash is stored. The caller owns the transaction.

    `actor` is who gets to see the link; None where it goes to the person alone, by mail.
    """
    token = secrets.token_urlsafe(32)
    life = INVITE_LIFE if purpose == "invite" else RESET_LIFE
    link = AccountLink(
        website_id=website.id,
        purpose=purpose,
        token_hash=_digest(token),
        email=email,
        role=role,
        user_id=user.id if user else None,
        created_by_id=actor.id if actor else None,
        expires_at=utcnow() + life,
    )
    db.session.add(link)
    return token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def open_link(token: str, purpose: str, host_website: Website | None = None) -> AccountLink:
    """The link of this token while it may be used, on no other website's host; raises NotFound."""
    link = db.session.scalar(
        select(AccountLink).where(
            AccountLink.token_hash == _digest(token),
            AccountLink.purpose == purpose,
            AccountLink.used_at.is_(None),
            AccountLink.expires_at > utcnow(),
        )
    )
    elsewhere = link is not None and host_website not in (None, link_website(link))
    if link is None or elsewhere or (purpose == "reset" and not _may_reset(link)):
        raise _spent()
    return link


def link_website(link: AccountLink) -> Website:
    """The website that the link leads to."""
    return db.session.get_one(Website, link.website_id)


def _spent() -> NotFound:
    return NotFound(
        "This link was used already, has expired or was withdrawn.",
        resolution="Ask a site admin of your agency for a new one.",
    )


def _may_reset(link: AccountLink) -> bool:
    """Whether the link may still set the password.

    It dies with the membership it was made for. A link that an admin has seen (`created_by_id`)
    dies too once the account opens another website, which that admin has no say in.
    """
    query = select(Membership).where(Membership.user_id == link.user_id)
    memberships = db.session.scalars(query.execution_options(populate_existing=True)).all()
    own = [m for m in memberships if m.website_id == link.website_id]
    active = any(m.deactivated_at is None for m in own)
    return active and (link.created_by_id is None or len(own) == len(memberships))


def _use_up(link: AccountLink) -> None:
    """Mark the link used, once even if two requests race; raises NotFound for the loser."""
    used = db.session.execute(
        update(AccountLink)
        .where(AccountLink.id == link.id, AccountLink.used_at.is_(None))
        .values(used_at=utcnow())
    )
    if used.rowcount != 1:  # type: ignore[attr-defined] # a cursor result has it
        db.session.rollback()
        raise _spent()


def void_links(purpose: str, *conditions: ColumnElement[bool]) -> int:
    """Withdraw the unused links that meet the conditions, and how many there were.

    The caller owns the transaction.
    """
    voided = db.session.execute(
        update(AccountLink)
        .where(AccountLink.purpose == purpose, AccountLink.used_at.is_(None), *conditions)
        .values(used_at=utcnow())
    )
    return int(voided.rowcount)  # type: ignore[attr-defined] # a cursor result has it


def accept_invitation(token: str, name: str, password: str, address: str) -> User:
    """Make the invited person's account (or add the role to it).

    Somebody who has an account proves it with its password instead of choosing a new one; those
    tries count as tries to sign in. Raises NotFound, InvalidInput, Throttled.
    """
    link = open_link(token, "invite")
    user = db.session.scalar(select(User).where(User.email == link.email))
    if user is not None and user.password_hash:
        _prove(user, user.password_hash, password, address)
    else:
        check_password(password)
        user = user or User(email=link.email)
        user.password_hash, user.name = generate_password_hash(password), name.strip()
        db.session.add(user)
    try:
        _use_up(link)
        _enter(user, link)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise InvalidInput("This account was made just now: open the link again.") from None
    return user


def _prove(user: User, stored: str, password: str, address: str) -> None:
    """Check the account's password, and hold the account so that no reset slips in between."""
    throttle.check_sign_in(user.email, address)
    if not check_password_hash(stored, password[:PASSWORD_MAX]):
        message = "You already have an account here: enter its password."
        raise InvalidInput(message, fields={"password": [message]})
    throttle.forget_sign_in(user.email, address)
    held = db.session.execute(
        update(User)
        .where(User.id == user.id, User.password_hash == stored)
        .values(updated_at=User.updated_at)
        .execution_options(synchronize_session=False)
    )
    if held.rowcount != 1:  # type: ignore[attr-defined] # a cursor result has it
        db.session.rollback()
        raise InvalidInput("Your password was changed just now: enter the new one.")


def _enter(user: User, link: AccountLink) -> None:
    """The membership that the invitation gives; one that was ended is not brought back by it."""
    website = link_website(link)
    existing = next((m for m in user.memberships if m.website_id == website.id), None)
    if existing is not None and existing.deactivated_at is not None:
        db.session.rollback()
        raise _spent()
    if existing is None:
        _join(website, user, link.role or "agent", user)
    same = (AccountLink.website_id == website.id, AccountLink.email == link.email)
    void_links("invite", *same)


def invited_user_exists(link: AccountLink) -> bool:
    """Whether the invited address already has an account with a password."""
    query = select(User.id).where(User.email == link.email, User.password_hash.is_not(None))
    return db.session.scalar(query) is not None


def reset_password(token: str, password: str) -> User:
    """Set a new password by link and end every session of the person.

    Raises NotFound for a link that no longer counts, InvalidInput for the password.
    """
    link = open_link(token, "reset")
    check_password(password)
    password_hash = generate_password_hash(password)
    _use_up(link)
    user = _replace_password(link.user_id or 0, password_hash)
    # Asked again now that the account is held: the person may have joined elsewhere meanwhile.
    if not _may_reset(link):
        db.session.rollback()
        raise _spent()
    _record_password(link_website(link), user, user)
    db.session.commit()
    return user


def set_password(email: str, password: str) -> User:
    """The operator's way to set a password; ends every session. Raises NotFound, InvalidInput."""
    check_password(password)
    user = db.session.scalar(select(User).where(User.email == normal_email(email)))
    if user is None:
        raise NotFound(f"Nobody has the e-mail {email}.", resolution="Check its spelling.")
    user = _replace_password(user.id, generate_password_hash(password))
    for membership in user.memberships:
        _record_password(membership.website, user, None)
    db.session.commit()
    return user


def _replace_password(user_id: int, password_hash: str) -> User:
    """Hold the account, give it the password, and end its sessions and open links."""
    db.session.execute(
        update(User)
        .where(User.id == user_id)
        .values(password_hash=password_hash, session_version=User.session_version + 1)
        .execution_options(synchronize_session=False)
    )
    void_links("reset", AccountLink.user_id == user_id)
    return db.session.get_one(User, user_id, populate_existing=True)


def _record_password(website: Website, user: User, actor: User | None) -> None:
    audit.record(
        website,
        actor,
        Action.PASSWORD_CHANGED,
        object_type="user",
        object_id=user.id,
        label=user.email,
    )
