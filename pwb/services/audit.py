"""Recording who did what; the caller owns the transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from pwb.extensions import db
from pwb.models import Action, AuditEvent, User, Website

Change = tuple[Any, Any]


def record(
    website: Website,
    actor: User | None,
    action: Action,
    *,
    object_type: str,
    object_id: int | None = None,
    label: str = "",
    version: int | None = None,
    changes: Mapping[str, Change] | None = None,
) -> None:
    """Add one event to the open transaction. `changes` maps a field to (old, new); no secrets."""
    db.session.add(
        AuditEvent(
            website_id=website.id,
            actor_id=actor.id if actor else None,
            action=action.value,
            object_type=object_type,
            object_id=object_id,
            object_label=label[:255],
            object_version=version,
            changes={
                field: [_plain(old), _plain(new)] for field, (old, new) in (changes or {}).items()
            },
        )
    )


def _plain(value: Any) -> Any:
    """A value as JSON can hold it, without loss."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def changes_since(
    website: Website, object_type: str, object_id: int, version: int
) -> list[AuditEvent]:
    """The object's events later than `version`, oldest first."""
    query = (
        select(AuditEvent)
        .where(
            AuditEvent.website_id == website.id,
            AuditEvent.object_type == object_type,
            AuditEvent.object_id == object_id,
            AuditEvent.object_version > version,
        )
        .options(joinedload(AuditEvent.actor))
        .order_by(AuditEvent.id)
    )
    return list(db.session.scalars(query))


def newest_events(website: Website) -> Any:
    """The query of a website's events, newest first, for a page of them."""
    return (
        select(AuditEvent)
        .where(AuditEvent.website_id == website.id)
        .options(joinedload(AuditEvent.actor))
        .order_by(AuditEvent.id.desc())
    )
