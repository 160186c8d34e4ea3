"""What the tests of sign-off share: a listing with a text, and ways to change it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from pwb.extensions import db
from pwb.models import Property, PropertyText, TextApproval, User, Website
from pwb.services import approvals, properties
from pwb.services.approval_chain import hash_of
from tests import factories

CLEAN = {
    "title": "Three-bedroom villa in Marbella",
    "description": "A villa of 180 m² with a private pool, for €650,000.",
    "meta_description": "Villa with private pool.",
}
UNFAIR = CLEAN | {"description": "A villa with a private pool. Perfect for families."}
WRONG = CLEAN | {"title": "Four-bedroom villa in Marbella"}


def listing_with(website: Website, text: dict[str, str] = CLEAN, **values: Any) -> Property:
    """A listing with one English text."""
    return factories.create_property(website, {"en": dict(text)}, **values)


def text_of(listing: Property, locale: str = "en") -> PropertyText:
    """The text as the database has it now."""
    db.session.expire_all()
    return next(
        text for text in db.session.get_one(Property, listing.id).texts if text.locale == locale
    )


def approve(
    website: Website, actor: User, listing: Property, locale: str = "en", **overrides: str
) -> Any:
    """Approve the text as it is now."""
    seen = hash_of(text_of(listing, locale))
    return approvals.approve(website, actor, listing.id, locale, seen, overrides)


def approvals_of(website: Website) -> list[TextApproval]:
    """Every approval of the website."""
    return list(
        db.session.scalars(select(TextApproval).where(TextApproval.website_id == website.id))
    )


def save(website: Website, actor: User, listing: Property, locale: str = "en", **parts: str) -> Any:
    """Save parts of the text by hand."""
    now = db.session.get_one(Property, listing.id)
    return properties.save_property(
        website, actor, listing.id, {}, {locale: parts}, now.lock_version
    )


def change(website: Website, actor: User, listing: Property, **facts: Any) -> Any:
    """Save facts by hand."""
    db.session.expire_all()
    now = db.session.get_one(Property, listing.id)
    return properties.save_property(website, actor, listing.id, facts, {}, now.lock_version)
