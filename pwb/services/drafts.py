"""Texts that were written and are not in use yet: the latest of a listing, and keeping one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import joinedload

from pwb.content.tasks import NO_LISTING_TEXTS
from pwb.extensions import db
from pwb.models import GenerationRequest, Property, User, Website
from pwb.models.properties import TEXT_FIELDS
from pwb.services import generations, properties, request_lists, tenancy

MOST_RECENT = 12


def recent_drafts(website: Website, listing: Property) -> Sequence[GenerationRequest]:
    """The listing's completed texts, newest first, at most MOST_RECENT."""
    query = (
        tenancy.scoped(GenerationRequest, website)
        .where(
            GenerationRequest.property_id == listing.id,
            GenerationRequest.status == "completed",
            GenerationRequest.request_type.not_in(NO_LISTING_TEXTS),
            GenerationRequest.locale.in_(website.supported_locales),
            request_lists.has_output(),
        )
        .order_by(GenerationRequest.id.desc())
        .limit(MOST_RECENT)
        .options(joinedload(GenerationRequest.user))
    )
    return db.session.scalars(query).all()


def save_draft(
    website: Website, actor: User | None, listing: Property, request_id: int, seen_version: int
) -> tuple[Property, str]:
    """Make a generation's text the listing's text in its language, still to be approved.

    Returns the listing as saved and the language. Raises ListingChanged where somebody else
    changed the listing after `seen_version`, NotFound where the text is no finished one of this
    listing.
    """
    result = generations.completed_result(website, listing, request_id)
    locale = tenancy.find(GenerationRequest, website, request_id).locale
    parts = {name: getattr(result.text, name) for name in TEXT_FIELDS}
    saved = properties.save_property(
        website, actor, listing.id, {}, {locale: parts}, seen_version, {locale: request_id}
    )
    return saved, locale
