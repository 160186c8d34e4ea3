"""Letting changes of one website that must see each other go one after the other."""

from __future__ import annotations

from sqlalchemy import text

from pwb.extensions import db
from pwb.models import Website
from pwb.services import in_flight


def take_turn(website: Website) -> None:
    """Wait until no other transaction has this website's turn; it is held until this one ends.

    SQLite has no row locks: there a write that changes nothing takes its one writer's place.
    """
    in_flight.take_turn(website)
    if db.engine.dialect.name == "sqlite":
        touch = text("UPDATE pwb_websites SET id = id WHERE id = :id")
        db.session.execute(touch, {"id": website.id})
