"""A generation before its call: what is known of it, and the row it gets where there is room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select
from sqlalchemy.sql.dml import ReturningInsert

from pwb.extensions import db
from pwb.llm.types import ModelInfo
from pwb.models import GenerationRequest, User, Website
from pwb.models.base import utcnow
from pwb.services import budget_room, in_flight, reservations
from pwb.services.connections import MAX_TOKENS_DEFAULT

_TABLE = cast(Table, GenerationRequest.__table__)


@dataclass(frozen=True)
class NewRequest:
    """What is known of a generation before the call."""

    request_type: str
    property_id: int | None
    locale: str
    provider: str
    model: str
    input_data: dict[str, Any]
    options: dict[str, Any]
    input_digest: str
    idempotency_key: str | None
    total_seconds: float
    fallback_models: tuple[str, ...] = ()
    # What the catalogue says of the models, where it was asked before.
    known_models: Mapping[str, ModelInfo] | None = None

    @property
    def deadline(self) -> datetime:
        """When the generation must be over: beyond the wire's own time limit, which starts a
        little later, parsing and settling take their time on a busy machine."""
        grace = min(15.0, 1.0 + self.total_seconds / 8)
        return utcnow() + timedelta(seconds=self.total_seconds + grace)

    @property
    def most_cents(self) -> Decimal:
        """US cents that the generation may cost, as far as can be told before."""
        return reservations.most_cents(
            self.provider,
            (self.model, *self.fallback_models),
            self.input_data,
            self.options.get("max_tokens") or MAX_TOKENS_DEFAULT,
            self.known_models,
        )


def insert_row(website: Website, actor: User | None, new: NewRequest, cents: Decimal) -> int | None:
    """Insert the row as `processing` with so many cents set aside; its id, None where there is no
    room for it. In the caller's transaction, after `in_flight.take_turn`."""
    values = _first_values(website, actor, new) | {"reserved_cents": cents}
    month = budget_room.month_of(website, values["created_at"])
    limits = budget_room.limits_of(website, actor, cents)
    parameters = {
        **in_flight.room_values(website, actor),
        **budget_room.room_values(website, actor, month, cents),
        **values,
    }
    statement = _inserting(tuple(values), actor is not None, limits)
    request_id: int | None = db.session.scalar(statement, parameters)
    return request_id


# Built once: on the way of every generation, building takes longer than executing.
@cache
def _inserting(
    names: tuple[str, ...], for_person: bool, limits: budget_room.Limits
) -> ReturningInsert[Any]:
    """One statement counts and inserts, so that no two see the last place free."""
    source = select(*(bindparam(name, type_=_TABLE.c[name].type) for name in names))
    room = (*in_flight.room(for_person), *budget_room.room(limits))
    return insert(_TABLE).from_select(list(names), source.where(*room)).returning(_TABLE.c.id)


def _first_values(website: Website, actor: User | None, new: NewRequest) -> dict[str, Any]:
    return {
        "website_id": website.id,
        "user_id": actor.id if actor else None,
        "property_id": new.property_id,
        "request_type": new.request_type,
        "ai_provider": new.provider,
        "ai_model": new.model,
        "locale": new.locale,
        "input_data": new.input_data,
        "options": new.options,
        "status": "processing",
        "created_at": utcnow(),
        "idempotency_key": new.idempotency_key,
        "input_digest": new.input_digest,
        "deadline_at": new.deadline,
    }
