"""Bearer tokens by which programs read a website's approved texts: made, used, revoked."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import joinedload

from pwb.content.plain_text import one_line
from pwb.errors import InvalidInput, NotFound, PortalError
from pwb.extensions import db
from pwb.models import Action, ApiToken, User, Website
from pwb.models.base import utcnow
from pwb.services import audit, throttle
from pwb.services.tenancy import find, scoped

PREFIX = "pwb_"
NAME_MAX = 80
MOST_IN_USE = 50
USE_NOTED_EVERY = timedelta(minutes=1)

_HEADER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
_TOKEN = re.compile(r"pwb_[A-Za-z0-9_-]{43}")
_REALM = 'Bearer realm="PropertyWebBuilder API"'


class BadToken(PortalError):
    """No token, or one that opens nothing."""

    code = "unauthorized"
    status = 401

    def __init__(self, message: str, challenge: str) -> None:
        super().__init__(message, resolution="A site admin makes tokens on the page API.")
        self.headers = {"WWW-Authenticate": challenge}


@dataclass(frozen=True, slots=True)
class FreshToken:
    """A token made just now, the only time that it is known."""

    name: str
    token: str


def list_tokens(website: Website) -> list[ApiToken]:
    """The website's tokens, those in use first, the newest first."""
    query = (
        scoped(ApiToken, website)
        .options(joinedload(ApiToken.created_by))
        .order_by(ApiToken.revoked_at.is_not(None), ApiToken.id.desc())
    )
    return list(db.session.scalars(query))


def create_token(website: Website, actor: User | None, name: str) -> FreshToken:
    """A new token; only its hash is kept, so it is shown now or never.

    Raises InvalidInput for a name that is missing, too long or that of a token in use, and where
    MOST_IN_USE tokens are in use.
    """
    name = one_line(name)
    _check_name(website, name)
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        website_id=website.id,
        name=name,
        token_hash=_digest(token),
        hint=f"…{token[-4:]}",
        created_by_id=actor.id if actor else None,
    )
    db.session.add(row)
    db.session.flush()
    _record(website, actor, Action.API_TOKEN_CREATED, row)
    db.session.commit()
    return FreshToken(name, token)


def _check_name(website: Website, name: str) -> None:
    if not 0 < len(name) <= NAME_MAX:
        _refuse_name(f"A token needs a name of at most {NAME_MAX} characters.")
    in_use = [row for row in list_tokens(website) if row.revoked_at is None]
    if any(row.name.casefold() == name.casefold() for row in in_use):
        _refuse_name("A token in use has this name already.")
    if len(in_use) >= MOST_IN_USE:
        _refuse_name(f"{MOST_IN_USE} tokens are in use. Revoke one that nobody needs.")


def _refuse_name(message: str) -> None:
    raise InvalidInput(message, fields={"name": [message]})


def revoke_token(website: Website, actor: User | None, token_id: int) -> ApiToken:
    """End a token from the next request on; raises NotFound, also for one that is ended."""
    row = find(ApiToken, website, token_id)
    ended = db.session.execute(
        update(ApiToken)
        .where(ApiToken.id == row.id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=utcnow())
        .returning(ApiToken.id)
    ).first()
    if ended is None:
        db.session.rollback()
        raise NotFound("This token is revoked already.")
    _record(website, actor, Action.API_TOKEN_REVOKED, row)
    db.session.commit()
    return row


def _record(website: Website, actor: User | None, action: Action, row: ApiToken) -> None:
    audit.record(
        website,
        actor,
        action,
        object_type="api_token",
        object_id=row.id,
        label=row.name,
        changes={"hint": (None, row.hint)},
    )


def authenticate(headers: Sequence[str], address: str) -> Website:
    """The website whose token a request's Authorization headers carry.

    `address` is the caller's, by which bad tokens are counted. A good token opens whatever else
    came from there. Raises BadToken; after too many bad ones Throttled.
    """
    if not headers:
        raise BadToken("This address needs a bearer token.", _REALM)
    row = _token_in(headers)
    if row is None:
        throttle.check_api_token(address)
        raise BadToken("This token is unknown or was revoked.", f'{_REALM}, error="invalid_token"')
    token, website = row
    _note_use(token.id, token.last_used_at)
    return website


def _token_in(headers: Sequence[str]) -> tuple[ApiToken, Website] | None:
    """The token in use and its website.

    The database compares digests: how long that takes says nothing of a token that is not known.
    """
    spelt = _HEADER.fullmatch(headers[0]) if len(headers) == 1 else None
    if spelt is None or not _TOKEN.fullmatch(spelt[1]):
        return None
    query = (
        select(ApiToken, Website)
        .join(Website, Website.id == ApiToken.website_id)
        .where(ApiToken.token_hash == _digest(spelt[1]), ApiToken.revoked_at.is_(None))
    )
    row = db.session.execute(query).first()
    return (row[0], row[1]) if row else None


def _note_use(token_id: int, last: datetime | None) -> None:
    """Note that the token is in use, at most once in USE_NOTED_EVERY."""
    now = utcnow()
    due = now - USE_NOTED_EVERY
    if last is not None and last > due:
        return
    noted = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= due)
    try:
        db.session.execute(
            update(ApiToken)
            .where(ApiToken.id == token_id, noted)
            .values(last_used_at=now)
            .execution_options(synchronize_session=False)
        )
        db.session.commit()
    except OperationalError:
        db.session.rollback()  # A busy database: reading matters more than the note.


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
