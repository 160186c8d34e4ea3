"""A period's requests as CSV, one row a request: what `services/usage.py` adds up."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from pwb.content.cells import guarded
from pwb.extensions import db
from pwb.models import GenerationRequest, Property, User, Website
from pwb.models.generations import FINAL
from pwb.services.exports import plain_number
from pwb.services.periods import Period

BATCH_REQUESTS = 1000
COLUMNS = (
    "id",
    "created_at",
    "request_type",
    "reference",
    "locale",
    "user",
    "provider",
    "model",
    "served_model",
    "status",
    "error_code",
    "input_tokens",
    "output_tokens",
    "cost_cents",
    "cost_state",
    "duration_ms",
)


def export_requests(website: Website, period: Period) -> Iterator[bytes]:
    """The period's finished requests as CSV in UTF-8, oldest first, a batch at a time.

    Times are the website's own with their distance from UTC; costs are cents in plain digits, and
    empty where they are not known. No transaction stays open between two batches.
    """
    yield _lines([COLUMNS])
    query, zone, last = _query(website, period), period.zone, 0
    while rows := db.session.execute(query.where(GenerationRequest.id > last)).all():
        last = rows[-1].id
        db.session.rollback()  # Whoever downloads slowly holds no connection.
        yield _lines([_cell(value, zone) for value in row] for row in rows)


def _query(website: Website, period: Period) -> Select[Any]:
    row, (start, end) = GenerationRequest, period.bounds()
    other: dict[str, Any] = {
        "reference": Property.reference,
        "user": User.email,
        "provider": row.ai_provider,
        "model": row.ai_model,
    }
    return (
        select(*(other[name] if name in other else getattr(row, name) for name in COLUMNS))
        .outerjoin(Property, Property.id == row.property_id)
        .outerjoin(User, User.id == row.user_id)
        .where(
            row.website_id == website.id,
            row.status.in_(FINAL),
            row.created_at >= start,
            row.created_at < end,
        )
        .order_by(row.id)
        .limit(BATCH_REQUESTS)
    )


def _cell(value: Any, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="milliseconds")
    return guarded(value) if isinstance(value, str) else plain_number(value)


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8")
