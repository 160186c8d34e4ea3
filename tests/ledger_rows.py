"""Requests of the ledger for tests: opened and settled as the portal does, without a provider."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pwb.extensions import db
from pwb.llm.errors import ProviderError
from pwb.llm.types import Completion, Usage
from pwb.models import GenerationRequest, Website
from pwb.services import ledger, rollups
from pwb.services.new_requests import NewRequest


def new_request(**values: Any) -> NewRequest:
    """What is known of a generation before the call; nothing of it is in the catalogue."""
    defaults: dict[str, Any] = {
        "request_type": "listing_description",
        "property_id": None,
        "locale": "en",
        "provider": "open_router",
        "model": "anthropic/claude-3.5-sonnet",
        "input_data": {"messages": [{"role": "user", "content": "Describe this villa. " * 40}]},
        "options": {"max_tokens": 400},
        "input_digest": "digest",
        "idempotency_key": None,
        "total_seconds": 120,
    }
    return NewRequest(**defaults | values)


def finish(request_id: int, cost_cents: Decimal | None, status: str = "completed") -> None:
    """Settle an open request at this cost; None for one that is not known."""
    cost = None if cost_cents is None else cost_cents / 100
    usage = Usage(input_tokens=300, output_tokens=90, cost_usd=cost)
    if status == "failed":
        failure = ProviderError("It failed.", usage=usage, billed="maybe")
        ledger.settle_failed(request_id, failure, None, 900)
        return
    completion = Completion(
        text="",
        model_asked="anthropic/claude-3.5-sonnet",
        model="anthropic/claude-3.5-sonnet",
        upstream_provider=None,
        generation_id=None,
        finish_reason="stop",
        usage=usage,
        attempts=1,
        first_token_ms=300,
        duration_ms=900,
    )
    ledger.settle_completed(request_id, completion, {}, None)


def used(website: Website, *requests: dict[str, Any]) -> list[int]:
    """Finished requests with these values, in the ledger and in the sums; their ids."""
    defaults = {
        "website_id": website.id,
        "request_type": "listing_description",
        "ai_provider": "open_router",
        "ai_model": "openai/gpt-4o",
        "locale": "en",
        "status": "completed",
        "cost_cents": Decimal("0.1"),
        "cost_state": "exact",
    }
    rows = [GenerationRequest(**defaults | values) for values in requests]
    db.session.add_all(rows)
    db.session.flush()
    rollups.rebuild(website)
    db.session.commit()
    return [row.id for row in rows]
