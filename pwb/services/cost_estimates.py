"""What a call probably cost, where its provider does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from pwb.extensions import db
from pwb.llm.registry import all_providers
from pwb.llm.types import Usage
from pwb.models import GenerationRequest
from pwb.services.catalogue import estimate_cost
from pwb.services.reservations import image_count


def estimated_values(request_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """The ledger's cost columns for a call without a reported cost, from its tokens (in `values`,
    the columns about to be written) and the model's listed price.

    Empty where the provider can be asked later: a cost to come beats an estimate.
    """
    row = GenerationRequest
    named = db.session.scalar(select(row.ai_provider).where(row.id == request_id))
    provider = all_providers().get(named) if named else None
    can_ask = provider is not None and provider.capabilities.generation_lookup
    if provider is None or (can_ask and values.get("generation_id")):
        return {}
    return estimate(request_id, values)


def estimate(request_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """The cost columns of a call whose cost nobody will report any more: estimated where its
    tokens and its model's price are known, else unknown. `values` go before what the row says."""
    row = GenerationRequest
    tokens = (row.input_tokens, row.output_tokens, row.cached_tokens, row.reasoning_tokens)
    query = select(row.ai_provider, row.ai_model, row.served_model, row.input_data, *tokens)
    kept = db.session.execute(query.where(row.id == request_id)).one()
    known = kept._asdict() | {name: values[name] for name in values if name in kept._fields}
    usage = Usage(*(known[column.key] for column in tokens))
    names, images = (known["served_model"], kept.ai_model), image_count(kept.input_data)
    cost = estimate_cost(kept.ai_provider, names, usage, images)
    if cost is None:
        return {"cost_state": "unknown"}
    return {"cost_cents": cost * 100, "cost_state": "estimated", "reserved_cents": None}
