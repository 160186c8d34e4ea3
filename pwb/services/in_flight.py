"""How many generations may run at once: of one person, and of one website.

A generation counts while its row is `processing` and its deadline has not passed, whichever
process or machine runs it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select

from pwb.extensions import db
from pwb.models import GenerationRequest, User, Website
from pwb.models.base import UTCDateTime, utcnow
from pwb.services.connections import settings
from pwb.services.generation_errors import GenerationFailed

RETRY_AFTER_SECONDS = 5


def room(for_person: bool) -> list[ColumnElement[bool]]:
    """What must hold for one more generation, to be asked in the statement that inserts it, with
    the parameters of `room_values`.

    Without a person (the command line) only the website's limit counts.
    """
    conditions = [_running(False) < bindparam("most_of_website")]
    if for_person:
        conditions.append(_running(True) < bindparam("most_of_person"))
    return conditions


def room_values(website: Website, actor: User | None) -> dict[str, Any]:
    """The parameters of `room`."""
    return {
        "website_id": website.id,
        "user_id": actor.id if actor else None,
        "now": utcnow(),
        "most_of_website": settings().ai_in_flight_per_website,
        "most_of_person": settings().ai_in_flight_per_person,
    }


def take_turn(website: Website) -> None:
    """Let inserts of one website go one after the other until the transaction ends.

    PostgreSQL would otherwise let two of them count before either is seen. It does not hold up
    rows that merely refer to the website. SQLite has one writer at a time anyway.
    """
    if db.engine.dialect.name == "sqlite":
        return
    db.session.execute(_TURN, {"website": website.id})


_TURN = select(Website.id).where(Website.id == bindparam("website")).with_for_update(key_share=True)


def busy(website: Website, actor: User | None) -> GenerationFailed:
    """The refusal, naming the limit that was reached."""
    most = settings()
    whose, limit = "This website", most.ai_in_flight_per_website
    if actor is not None:
        mine = db.session.scalar(select(_running(True)), room_values(website, actor)) or 0
        if mine >= most.ai_in_flight_per_person:
            whose, limit = "You", most.ai_in_flight_per_person
    verb = "have" if whose == "You" else "has"
    texts = "1 text" if limit == 1 else f"{limit} texts"
    message = f"{whose} already {verb} {texts} being written, which is the most at one time."
    return GenerationFailed("busy", message, retry_after=RETRY_AFTER_SECONDS)


def _running(of_person: bool) -> ColumnElement[int]:
    row = GenerationRequest.__table__.c
    query = select(func.count(row.id)).where(
        row.website_id == bindparam("website_id"),
        row.status == "processing",
        row.deadline_at > bindparam("now", type_=UTCDateTime),
    )
    if of_person:
        query = query.where(row.user_id == bindparam("user_id"))
    return query.scalar_subquery()
