"""The ledger's rows: opened before the call, settled after it, never left in between.

Every function here is one short transaction; nothing of it waits on a provider.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, cast

from sqlalchemy import Integer, Table, bindparam, case, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningUpdate

from pwb.extensions import db
from pwb.llm.errors import LLMError
from pwb.llm.types import Completion, Usage
from pwb.models import GenerationRequest, User, Website
from pwb.models.base import utcnow
from pwb.services import (
    budget_letters,
    budget_notices,
    in_flight,
    integration_health,
    new_requests,
    rollups,
)
from pwb.services.cost_estimates import estimated_values
from pwb.services.follow_ups import follow_ups
from pwb.services.generation_errors import GenerationFailed, from_llm
from pwb.services.new_requests import NewRequest
from pwb.services.tenancy import find

_POLL_SECONDS = 0.2
_TABLE = cast(Table, GenerationRequest.__table__)
ABANDONED = "The portal stopped while this text was being written."


def open_request(website: Website, actor: User | None, new: NewRequest) -> tuple[int, bool]:
    """Write the row as `processing` and commit; (its id, True), or (the id of the row that already
    has this idempotency key, False).

    Raises GenerationFailed `invalid_input` where that row was asked for with other input, and with
    nothing written `budget_exceeded` where the month's money or the plan's texts don't suffice,
    `busy` where the person or the website has too many running.
    """
    existing = _same_key(website, actor, new.idempotency_key)
    if existing is None:
        cents = new.most_cents
        request_id = _insert(website, actor, new, cents)
        if request_id is not None:
            return request_id, True
        # Refused by the limits, or by the row of a click at the same moment: that one counts.
        existing = _same_key(website, actor, new.idempotency_key)
        if existing is None:
            refused = budget_notices.refusal(website, actor, cents)
            raise refused or in_flight.busy(website, actor)
    if existing.input_digest != new.input_digest:
        raise GenerationFailed(
            "invalid_input",
            "This form was already used for another text.",
            resolution="Reload the page, then generate again.",
        )
    return existing.id, False


def _insert(website: Website, actor: User | None, new: NewRequest, cents: Decimal) -> int | None:
    """The new row's id; None where there is no room for it, or a row with its key by now."""
    try:
        in_flight.take_turn(website)
        request_id = new_requests.insert_row(website, actor, new, cents)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        if _same_key(website, actor, new.idempotency_key) is None:
            raise
        return None
    return request_id


def _same_key(website: Website, actor: User | None, key: str | None) -> GenerationRequest | None:
    if key is None:
        return None
    return db.session.scalar(
        select(GenerationRequest).where(
            GenerationRequest.website_id == website.id,
            GenerationRequest.user_id == (actor.id if actor else None),
            GenerationRequest.idempotency_key == key,
        )
    )


def await_final(website: Website, request_id: int, patience: float) -> GenerationRequest | None:
    """The row once it is final, or None after `patience` seconds; no connection is held between
    looks. A row past its deadline is settled first, so that waiting always ends."""
    give_up = time.monotonic() + patience
    while time.monotonic() < give_up:
        row = find(GenerationRequest, website, request_id)
        if not row.is_final and row.deadline_at and row.deadline_at <= utcnow():
            settle_overdue(website)
            db.session.refresh(row)
        db.session.commit()
        db.session.close()
        if row.is_final:
            return row
        time.sleep(_POLL_SECONDS)
    return None


def settle_completed(
    request_id: int, completion: Completion, output: Mapping[str, Any], integration_id: int | None
) -> GenerationRequest | None:
    """Write the text, tokens and cost; the row as it is now, None where it was final already."""
    values = {
        "status": "completed",
        "output_data": dict(output),
        "served_model": completion.model,
        "upstream_provider": completion.upstream_provider,
        "generation_id": completion.generation_id,
        "duration_ms": completion.duration_ms,
        "first_token_ms": completion.first_token_ms,
        "attempts": completion.attempts,
        **_usage_values(completion.usage, completion.generation_id),
    }
    integration_health.note_success(integration_id)
    return _settle(request_id, values)


def settle_failed(
    request_id: int,
    error: LLMError,
    integration_id: int | None,
    duration_ms: int,
) -> GenerationFailed:
    """Write the failure with whatever is known of its cost, and return it as the portal's own."""
    failure = from_llm(error, request_id)
    values = {
        "status": "failed",
        "error_code": failure.code,
        "error_message": failure.message,
        "retry_after": failure.retry_after,
        "generation_id": error.generation_id,
        "duration_ms": duration_ms,
        "attempts": error.attempts,
        "output_data": {"partial_text": error.partial_text} if error.partial_text else None,
        **_failure_cost(error),
    }
    integration_health.note_failure(integration_id, failure.code, failure.message)
    _settle(request_id, values)
    return failure


def _settle(request_id: int, values: dict[str, Any]) -> GenerationRequest | None:
    """Move the row to its final state, once. What was reserved stays reserved until the cost is
    known; a cost that can be looked up is, in the background."""
    if values["cost_cents"] is None:
        values |= estimated_values(request_id, values)
    if values["cost_cents"] is not None:
        values["reserved_cents"] = None
    values["finished_at"] = utcnow()
    row = db.session.scalar(
        _settling(tuple(values)),
        {"request": request_id} | {f"new_{k}": v for k, v in values.items()},
    )
    if row is not None:
        rollups.add(row.website_id, {row.id: row.created_at})
    db.session.commit()
    if row is not None:
        budget_letters.warn_if_due(row.website_id, row.user_id)
        if row.cost_state == "pending":
            follow_ups().add(request_id)
    return row


@cache
def _settling(names: tuple[str, ...]) -> ReturningUpdate[GenerationRequest]:
    return (
        update(GenerationRequest)
        .where(
            GenerationRequest.id == bindparam("request"), GenerationRequest.status == "processing"
        )
        .values({name: bindparam(f"new_{name}", type_=_TABLE.c[name].type) for name in names})
        .returning(GenerationRequest)
        .execution_options(synchronize_session=False, populate_existing=True)
    )


def _usage_values(usage: Usage | None, generation_id: str | None) -> dict[str, Any]:
    """Tokens and cost. Without a reported cost it is pending where it can still be looked up."""
    cost = usage.cost_usd if usage else None
    state = "exact" if cost is not None else "pending" if generation_id else "unknown"
    return {
        "input_tokens": usage.input_tokens if usage else None,
        "output_tokens": usage.output_tokens if usage else None,
        "cached_tokens": usage.cached_tokens if usage else None,
        "reasoning_tokens": usage.reasoning_tokens if usage else None,
        "cost_cents": cost * 100 if cost is not None else None,
        "cost_state": state,
    }


def _failure_cost(error: LLMError) -> dict[str, Any]:
    """An unbilled failure cost exactly nothing; one that may be billed is not known yet."""
    if error.usage is not None and error.usage.cost_usd is not None:
        return _usage_values(error.usage, error.generation_id)
    if error.billed == "no":
        return {"cost_cents": Decimal(0), "cost_state": "exact"}
    return _usage_values(error.usage, error.generation_id)


def settle_overdue(website: Website | None = None, now: datetime | None = None) -> int:
    """Settle rows past their deadline as failed (the process that ran them is gone), of one
    website or of all; how many there were.

    Those of which nothing had been sent cost nothing, and what was set aside for them is given
    back. Of the others the cost can be looked up where the provider had named the generation;
    without that it is unknown, never 0.
    """
    moment = now or utcnow()
    found = db.session.scalars(_LATE, {"now": moment, "website": website.id if website else None})
    return sum(_settle_late(website_id, moment) for website_id in sorted(found))


_IS_LATE = (
    GenerationRequest.status.in_(("pending", "processing")),
    GenerationRequest.deadline_at <= bindparam("now"),
)
_WEBSITE = bindparam("website", type_=Integer)
_LATE = (
    select(GenerationRequest.website_id)
    .where(*_IS_LATE, or_(_WEBSITE.is_(None), GenerationRequest.website_id == _WEBSITE))
    .distinct()
)


def last_deadline() -> datetime | None:
    """When the last of the open rows will be overdue; None where none is open."""
    is_open = GenerationRequest.status.in_(("pending", "processing"))
    return db.session.scalar(select(func.max(GenerationRequest.deadline_at)).where(is_open))


def _settle_late(website_id: int, now: datetime) -> int:
    """One website's, in one transaction."""
    unsent = GenerationRequest.sent_at.is_(None)
    named = GenerationRequest.generation_id.is_not(None)
    reserved = case((named | ~unsent, GenerationRequest.reserved_cents), else_=None)
    settled = db.session.execute(
        update(GenerationRequest)
        .where(*_IS_LATE, GenerationRequest.website_id == website_id)
        .values(
            status="failed",
            error_code="timeout",
            error_message=ABANDONED,
            cost_state=case((named, "pending"), (unsent, "exact"), else_="unknown"),
            cost_cents=case((~named & unsent, 0), else_=None),
            reserved_cents=reserved,
            finished_at=utcnow(),
        )
        .returning(
            GenerationRequest.id, GenerationRequest.created_at, GenerationRequest.cost_state
        ),
        {"now": now},
    ).all()
    rollups.add(website_id, {row.id: row.created_at for row in settled})
    db.session.commit()
    for row in settled:
        if row.cost_state == "pending":
            follow_ups().add(row.id)
    return len(settled)


def note_sent(request_id: int) -> bool:
    """Write down that the request is about to leave, from when on it may be billed; False where
    the row is final by now, and nothing may leave any more."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        noted = connection.execute(_NOTING_SENT, {"request": request_id, "now": utcnow()})
        return noted.rowcount == 1


_NOTING_SENT = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("request"), _TABLE.c.status == "processing")
    .values(sent_at=bindparam("now"))
)


def note_progress(calls: Mapping[int, tuple[str | None, int]]) -> None:
    """Write down the provider's id of each running generation and the calls it took so far, by
    request id: should this process be killed, its cost can be looked up all the same."""
    rows = [
        {"request": request_id, "name": name, "calls": attempts}
        for request_id, (name, attempts) in sorted(calls.items())
    ]
    db.session.execute(
        update(_TABLE)
        .where(
            _TABLE.c.id == bindparam("request"),
            _TABLE.c.status == "processing",
            # The others are `settle_overdue`'s: the two never lock the same rows.
            _TABLE.c.deadline_at > utcnow(),
        )
        .values(generation_id=bindparam("name"), attempts=bindparam("calls")),
        rows,
    )
    db.session.commit()


def request_cancel(website: Website, request_id: int) -> GenerationRequest:
    """Ask whichever process runs this generation to stop; raises NotFound."""
    row = find(GenerationRequest, website, request_id)
    if not row.is_final:
        row.cancel_requested = True
        db.session.commit()
    return row


def cancelled_among(request_ids: list[int]) -> list[int]:
    """Those of the ids for which a cancel was asked."""
    query = select(GenerationRequest.id).where(
        GenerationRequest.id.in_(request_ids), GenerationRequest.cancel_requested
    )
    return list(db.session.scalars(query))
