"""Approved texts, as they may leave the portal: nothing that was not signed word for word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, select

from pwb.content.locales import LOCALES
from pwb.extensions import db
from pwb.models import PropertyText, TextApproval, Website
from pwb.models.properties import AI_ORIGINS, TEXT_FIELDS

APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class PublishedText:
    """One approved text.

    `ai_generated` says that a model wrote it, `model` which one, `edited_by_hand` that a person
    changed the model's words before the approval; `disclosure` is the website's line for such
    texts, None where the text is a person's or the website has no line. `stale_fields` are the
    facts that changed since the approval.
    """

    locale: str
    title: str
    description: str
    meta_description: str
    ai_generated: bool
    edited_by_hand: bool
    model: str | None
    approved_by: str
    approved_at: datetime
    stale: bool
    stale_fields: list[str]
    disclosure: str | None


def iso(moment: datetime) -> str:
    """A moment in ISO 8601, UTC, to the microsecond: "2025-11-22T16:11:00.123456Z"."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def of_listings(
    website: Website, listing_ids: Collection[int], locales: Collection[str] = tuple(LOCALES)
) -> dict[int, list[PublishedText]]:
    """The approved texts of those of the website's listings, in the order of LOCALES.

    A language that the website has taken out is not published.
    """
    query = (
        select(PropertyText, TextApproval)
        .join(TextApproval, TextApproval.id == PropertyText.approval_id)
        .where(
            PropertyText.website_id == website.id,
            PropertyText.property_id.in_(listing_ids),
            PropertyText.locale.in_(set(locales) & set(website.supported_locales)),
            _is_signed(),
        )
    )
    found: defaultdict[int, list[PublishedText]] = defaultdict(list)
    for text, approval in db.session.execute(query):
        found[text.property_id].append(_published(website, text, approval))
    order = list(LOCALES)
    for texts in found.values():
        texts.sort(key=lambda text: order.index(text.locale))
    return dict(found)


def _is_signed() -> ColumnElement[bool]:
    """Whether the text is approved and says what was approved: the mark alone is not trusted."""
    same = (getattr(PropertyText, name) == getattr(TextApproval, name) for name in TEXT_FIELDS)
    return and_(
        PropertyText.status == APPROVED,
        TextApproval.website_id == PropertyText.website_id,
        TextApproval.property_id == PropertyText.property_id,
        TextApproval.locale == PropertyText.locale,
        *same,
    )


def _published(website: Website, text: PropertyText, approval: TextApproval) -> PublishedText:
    by_ai = approval.origin in AI_ORIGINS
    return PublishedText(
        locale=text.locale,
        **{name: getattr(text, name) for name in TEXT_FIELDS},
        ai_generated=by_ai,
        edited_by_hand=approval.origin == "edited",
        model=approval.model if by_ai else None,
        approved_by=approval.approved_by_name,
        approved_at=approval.created_at,
        stale=text.stale_at is not None,
        stale_fields=list(text.stale_fields or ()),
        disclosure=(website.ai_disclosure or None) if by_ai else None,
    )
