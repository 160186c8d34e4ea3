"""What waits for somebody to sign it off, among texts and among posts alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from pwb.extensions import db
from pwb.models import PropertyText, SocialMediaPost

StateConditions = Callable[[str], tuple[ColumnElement[bool], ...]]


@dataclass(frozen=True)
class Waiting:
    """How many wait: drafts to approve, and approved ones that are stale."""

    drafts: int
    stale: int


def waiting_among(
    table: type[PropertyText | SocialMediaPost],
    of_state: StateConditions,
    *where: ColumnElement[bool],
) -> Waiting:
    """The counts of one table's rows; `of_state` tells what makes one `draft` or `stale`."""
    states = ("draft", "stale")
    counts = (func.count(table.id).filter(*of_state(state)).label(state) for state in states)
    row = db.session.execute(select(*counts).where(*where)).one()
    return Waiting(row.draft, row.stale)
