"""Texts of a whole website by how far they are, and the compliance record of one listing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import contains_eager, selectinload

from pwb.errors import NotFound
from pwb.extensions import db
from pwb.models import Property, PropertyText, SocialMediaPost, TextApproval, Website
from pwb.services import tenancy
from pwb.services.waiting import Waiting, waiting_among

PER_PAGE = 20
LAST_PAGE = 1_000_000
STATES = ("draft", "stale", "approved")

_WRITTEN = (PropertyText.title != "", PropertyText.description != "")


def _of_state(state: str) -> tuple[ColumnElement[bool], ...]:
    if state == "stale":
        return (PropertyText.stale_at.is_not(None),)
    if state == "approved":
        return (PropertyText.status == "approved", PropertyText.stale_at.is_(None))
    return (PropertyText.status == "draft", *_WRITTEN)


def list_texts(
    website: Website, *, state: str = "draft", locale: str = "", search: str = "", page: int = 1
) -> Pagination:
    """A page of the website's texts in a state: the longest stale first, else the latest change.

    Drafts are those that can be approved: with a title and a description. An unknown state reads
    as draft.
    """
    query: Select[Any] = (
        tenancy.scoped(PropertyText, website)
        .join(PropertyText.property)
        .options(contains_eager(PropertyText.property).selectinload(Property.texts))
        .where(*_of_state(state), PropertyText.locale.in_(website.supported_locales))
    )
    if locale:
        query = query.where(PropertyText.locale == locale.replace("\0", ""))
    for word in search.replace("\0", "")[:100].split():
        in_title = PropertyText.title.icontains(word, autoescape=True)
        query = query.where(Property.reference.icontains(word, autoescape=True) | in_title)
    first = PropertyText.stale_at.asc() if state == "stale" else PropertyText.updated_at.desc()
    query = query.order_by(first, PropertyText.id)
    page = min(max(page, 1), LAST_PAGE)
    return db.paginate(query, page=page, per_page=PER_PAGE, error_out=False)


def waiting(website: Website) -> Waiting:
    """The counts of what waits, over all listings."""
    return waiting_among(
        PropertyText,
        _of_state,
        PropertyText.website_id == website.id,
        PropertyText.locale.in_(website.supported_locales),
    )


@dataclass(frozen=True)
class Signed:
    """An approval as the compliance record shows it: whether its text still stands, stands but
    states what has changed since, or was replaced or withdrawn."""

    approval: TextApproval
    state: Literal["approved", "stale", "replaced"]


@dataclass(frozen=True)
class ComplianceRecord:
    """What an agency can show of a listing's texts and posts; `listing` None: it was deleted."""

    reference: str
    listing: Property | None
    current: list[Signed]
    earlier: list[Signed]


def compliance_record(website: Website, listing_id: int) -> ComplianceRecord:
    """The approvals that stand, and those before; raises NotFound where there was no such
    listing."""
    listing = db.session.scalar(
        tenancy.scoped(Property, website)
        .where(Property.id == listing_id)
        .options(selectinload(Property.texts))
    )
    approvals = _approvals(website, listing_id, listing)
    if listing is None and not approvals:
        raise NotFound("There is no such listing.", resolution="It may have been removed.")
    states = _states(website, listing) if listing else {}
    signed = [Signed(each, states.get(each.id, "replaced")) for each in approvals]
    current = [each for each in signed if each.state != "replaced"]
    return ComplianceRecord(
        listing.reference if listing else approvals[0].reference,
        listing,
        sorted(current, key=lambda each: (each.approval.platform or "", each.approval.locale)),
        [each for each in signed if each.state == "replaced"],
    )


def _states(website: Website, listing: Property) -> dict[int | None, Literal["approved", "stale"]]:
    """How the approvals stand that a text or a post of the listing stands under."""
    query = tenancy.scoped(SocialMediaPost, website).where(
        SocialMediaPost.property_id == listing.id, SocialMediaPost.status == "approved"
    )
    signed = [*listing.texts, *db.session.scalars(query)]
    return {each.approval_id: "stale" if each.stale_at else "approved" for each in signed}


def _approvals(
    website: Website, listing_id: int, listing: Property | None
) -> Sequence[TextApproval]:
    """All approvals of the listing, the newest first.

    SQLite gives the number of a deleted listing to a new one, whose approvals are younger.
    """
    query = tenancy.scoped(TextApproval, website).where(TextApproval.property_id == listing_id)
    if listing is not None:
        query = query.where(TextApproval.created_at >= listing.created_at)
    return list(db.session.scalars(query.order_by(TextApproval.id.desc())))
