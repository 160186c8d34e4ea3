"""Seeing what a writing rule does: the exact prompt, and a text with a rule that is not saved."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace

from sqlalchemy import select

from pwb.content.kinds import type_label
from pwb.content.listing import Prompt
from pwb.errors import InvalidInput, NotFound
from pwb.extensions import db
from pwb.models import Property, User, Website
from pwb.services import generations, writing_rules
from pwb.services.generations import DescriptionSpec, GenerationResult, Trial
from pwb.services.properties import by_reference
from pwb.services.tenancy import scoped
from pwb.services.writing_rules import RuleDraft

CHOICES = 50
WRITING_RULE = "writing_rule"
_UNNAMED = "A new rule"


@dataclass(frozen=True)
class ListingChoice:
    """A listing to try on, as the page offers it."""

    reference: str
    place: str


def listing_choices(website: Website) -> list[ListingChoice]:
    """The listings changed last; any other can be named by its reference."""
    query = (
        select(Property.reference, Property.property_type, Property.city)
        .where(Property.website_id == website.id)
        .order_by(Property.updated_at.desc(), Property.id.desc())
        .limit(CHOICES)
    )
    return [
        ListingChoice(reference, ", ".join(filter(None, (kind and type_label(kind), city))))
        for reference, kind, city in db.session.execute(query)
    ]


def listing_to_try(website: Website, reference: str) -> Property:
    """The listing of this reference, for none the one changed last; raises InvalidInput."""
    try:
        if reference.strip():
            return by_reference(website, reference.strip())
    except NotFound as error:
        raise InvalidInput(error.message, fields={"property": [error.message]}) from None
    newest = scoped(Property, website).order_by(Property.updated_at.desc(), Property.id.desc())
    listing = db.session.scalar(newest.limit(1))
    if listing is None:
        message = "There is no listing yet to try it on."
        raise InvalidInput(message, fields={"property": [message]})
    return listing


def preview(
    website: Website, reference: str, spec: DescriptionSpec
) -> tuple[Property, tuple[Prompt, Prompt]]:
    """The listing, and the messages exactly as they would be sent; raises InvalidInput naming
    the field."""
    listing = listing_to_try(website, reference)
    return listing, generations.prompts_for(website, listing, spec)


def try_rule(
    website: Website,
    actor: User | None,
    reference: str,
    locale: str,
    draft: RuleDraft,
    rule_id: int | None = None,
    form_key: str = "",
) -> GenerationResult:
    """Write a description with a rule that is not saved, as if it were, and switched on.

    The request is in the ledger like any other; no rule and no text is saved. A rule of one
    language is tried in that language. The same form sent again with nothing changed is the same
    trial. Raises InvalidInput naming the field, GenerationFailed.
    """
    draft = writing_rules.checked(replace(draft, name=draft.name.strip() or _UNNAMED))
    locale = draft.locale or locale
    listing = listing_to_try(website, reference)
    rules = writing_rules.rule_texts_with(website, "listing", locale, draft, rule_id)
    key = _key(form_key, listing, locale, draft) if form_key else None
    spec = DescriptionSpec(locale=locale, idempotency_key=key)
    trial = Trial(WRITING_RULE, rules=rules)
    return generations.finish(generations.begin_description(website, actor, listing, spec, trial))


def _key(form_key: str, listing: Property, locale: str, draft: RuleDraft) -> str:
    order = json.dumps([form_key, listing.id, locale, asdict(draft)])
    return hashlib.sha256(order.encode()).hexdigest()
