"""How many tokens a text takes on a website: from what was written, else from its prompt.

Texts that photos went along with do not count: a text without them costs less. What they add is
told beside the box that sends them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from math import ceil

from sqlalchemy import func, select

from pwb.extensions import db
from pwb.models import GenerationRequest, Website
from pwb.models.base import utcnow
from pwb.services.model_prices import TYPICAL, DescriptionSize

# Fewer texts are no average; older ones were written with other prompts.
LEAST_TEXTS = 5
RECENT = timedelta(days=90)
MOST_TEXTS = 400
DESCRIPTION = "listing_description"
BYTES_PER_TOKEN = 4
# The schema that the answer has to follow goes along with every prompt.
SCHEMA_TOKENS = 150


def measured_sizes(
    website: Website, provider_id: str, task: str = DESCRIPTION
) -> dict[str, DescriptionSize]:
    """Average sizes by the model asked for, of those with enough recent texts of the task."""
    row = GenerationRequest
    newest = (
        select(row.ai_model, row.input_tokens, row.output_tokens)
        .where(
            row.website_id == website.id,
            row.created_at > utcnow() - RECENT,
            row.ai_provider == provider_id,
            row.request_type == task,
            row.status == "completed",
            row.options["photos"].as_string().is_(None),
            row.input_tokens.is_not(None),
            row.output_tokens.is_not(None),
        )
        .order_by(row.created_at.desc())
        .limit(MOST_TEXTS)
        .subquery()
        .c
    )
    query = (
        select(
            newest.ai_model,
            func.avg(newest.input_tokens),
            func.avg(newest.output_tokens),
            func.count(),
        )
        .group_by(newest.ai_model)
        .having(func.count() >= LEAST_TEXTS)
    )
    return {
        model: DescriptionSize(round(tokens_in), round(tokens_out), texts)
        for model, tokens_in, tokens_out, texts in db.session.execute(query)
    }


def size_of_prompt(
    texts: Iterable[str], output_tokens: int = TYPICAL.output_tokens
) -> DescriptionSize:
    """The size of a text with this prompt, and an answer as long as a description or as said."""
    size = sum(len(text.encode("utf-8", "replace")) for text in texts)
    return DescriptionSize(ceil(size / BYTES_PER_TOKEN) + SCHEMA_TOKENS, output_tokens)
