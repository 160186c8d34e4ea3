"""Copy that the record has moved away from: which approved texts state a fact that changed.

An approval keeps the facts its text relies on, with their values then. A text is stale while one
of them differs now; going back to the old value, or approving anew, makes it fresh. `values_of`
and `changed` know nothing of listings' texts: posts can be held against the facts the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from pwb.content.features import feature_label
from pwb.content.listing import FACT_FIELDS
from pwb.extensions import db
from pwb.models import Property, PropertyText, SocialMediaPost, TextApproval
from pwb.models.base import utcnow
from pwb.services.property_changes import label_of

_UNITS = {
    "sale_price": "currency",
    "rental_price": "currency",
    "constructed_area": "area_unit",
    "plot_area": "area_unit",
}


def values_of(listing: Property, relies_on: Iterable[str]) -> dict[str, Any]:
    """The facts' values now, fit for JSON: {"bedrooms": "3", "private_pool": true,
    "sale_price": {"value": "650000", "unit": "EUR"}}.

    A name that is no fact's is a feature's key, and its value whether the listing has it.
    """
    return {name: _value_of(listing, name) for name in sorted(relies_on)}


def _value_of(listing: Property, name: str) -> Any:
    if name not in FACT_FIELDS:
        return name in (listing.features or ())
    value = getattr(listing, name)
    if name == "features":
        return sorted(value or ())
    if value is None or value == "":
        return None
    unit = _UNITS.get(name)
    plain = _plain(value)
    return {"value": plain, "unit": getattr(listing, unit)} if unit else plain


def _plain(value: Any) -> str:
    """A number without idle zeros, so that 2 and 2.0 are the same."""
    if isinstance(value, int | Decimal):
        return format(Decimal(value).normalize(), "f")
    return str(value)


def changed(listing: Property, facts: Mapping[str, Any]) -> list[str]:
    """The names of those facts whose value differs now."""
    now = values_of(listing, facts)
    return [name for name in sorted(facts) if now[name] != facts[name]]


def mark(listings: Iterable[Property]) -> None:
    """Flag the approved texts and posts whose facts differ now, and clear those whose facts are
    back.

    Called before the changed facts are flushed; the caller owns the transaction.
    """
    listings = list(listings)
    _mark_posts({listing.id: listing for listing in listings if listing.id is not None})
    texts = [(listing, text) for listing in listings for text in listing.texts if text.approval_id]
    if not texts:
        return
    ids = {text.approval_id for _, text in texts}
    query = select(TextApproval.id, TextApproval.facts).where(TextApproval.id.in_(ids))
    with db.session.no_autoflush:
        facts = {row.id: row.facts for row in db.session.execute(query)}
    for listing, text in texts:
        _flag(text, changed(listing, facts.get(text.approval_id, {})))


def _flag(text: PropertyText, fields: list[str]) -> None:
    if fields == (text.stale_fields or []):
        return
    text.stale_fields = fields
    text.stale_at = (text.stale_at or utcnow()) if fields else None


def _mark_posts(listings: Mapping[int, Property]) -> None:
    """Posts are flagged without raising their version: a form that is open on one stays good."""
    post = SocialMediaPost
    query = (
        select(post.id, post.property_id, post.stale_at, post.stale_fields, TextApproval.facts)
        .join(TextApproval, TextApproval.id == post.approval_id)
        .where(post.property_id.in_(listings), post.status == "approved")
    )
    with db.session.no_autoflush:
        for row in db.session.execute(query).all():
            fields = changed(listings[row.property_id], row.facts)
            if fields != (row.stale_fields or []):
                since = (row.stale_at or utcnow()) if fields else None
                change = update(post).where(post.id == row.id)
                change = change.values(stale_fields=fields, stale_at=since)
                db.session.execute(change.values(updated_at=post.updated_at))


@dataclass(frozen=True)
class FactChange:
    """A fact that an approved text states otherwise: its value then and now, as `values_of`
    gives them."""

    name: str
    label: str
    then: Any
    now: Any


def changes_since(listing: Property, approval: TextApproval) -> list[FactChange]:
    """What of the facts that the approval relied on is different now."""
    now = values_of(listing, approval.facts)
    return [
        FactChange(name, fact_label(name), approval.facts[name], now[name])
        for name in changed(listing, approval.facts)
    ]


def fact_label(name: str) -> str:
    """The name of a fact or feature for people."""
    if name in ("sale_price", "rental_price"):
        return {"sale_price": "Price", "rental_price": "Rent"}[name]
    return label_of(name) if name in FACT_FIELDS else feature_label(name)
