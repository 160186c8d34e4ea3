"""Rows for tests and for developers at a prompt; each needs an app context."""

from __future__ import annotations

import hashlib
import io
import itertools
from dataclasses import dataclass
from typing import Any

from werkzeug.security import generate_password_hash

from pwb.extensions import db
from pwb.models import (
    Membership,
    Property,
    PropertyPhoto,
    PropertyText,
    SocialMediaPost,
    TextApproval,
    User,
    Website,
    WebsiteIntegration,
)
from pwb.services import photos
from pwb.services.credentials import Place, vault
from tests import pictures

PASSWORD = "correct horse battery"
_PASSWORD_HASH = generate_password_hash(PASSWORD, "pbkdf2:sha256:1000")
_numbers = itertools.count(1)

LOCALES = ["en", "es", "fr", "de", "pt", "it", "nl", "ru", "zh", "ja"]


def _save(row: Any) -> Any:
    db.session.add(row)
    db.session.commit()
    return row


def create_website(**values: Any) -> Website:
    """A website with all ten languages."""
    number = next(_numbers)
    defaults = {
        "name": f"Agency {number}",
        "subdomain": f"agency{number}",
        "supported_locales": list(LOCALES),
    }
    return _save(Website(**defaults | values))


def create_user(website: Website | None = None, role: str = "agent", **values: Any) -> User:
    """A person with PASSWORD, and the role on `website` where one is given."""
    number = next(_numbers)
    defaults = {
        "email": f"person{number}@agency.test",
        "name": f"Person {number}",
        "password_hash": _PASSWORD_HASH,
    }
    user = _save(User(**defaults | values))
    if website is not None:
        _save(Membership(website_id=website.id, user_id=user.id, role=role))
    return user


def create_property(
    website: Website, texts: dict[str, dict[str, str]] | None = None, **values: Any
) -> Property:
    """A listing with plausible facts, and texts per language where given."""
    number = next(_numbers)
    defaults = {
        "reference": f"REF-{number}",
        "property_type": "villa",
        "bedrooms": 3,
        "bathrooms": 2,
        "constructed_area": 180,
        "city": "Marbella",
        "country": "Spain",
        "sale_price": 650_000,
        "features": ["private_pool", "terrace"],
    }
    listing = Property(website_id=website.id, **defaults | values)
    for locale, fields in (texts or {}).items():
        listing.texts.append(PropertyText(website_id=website.id, locale=locale, **fields))
    return _save(listing)


def create_approved_text(listing: Property, locale: str = "en", **fields: Any) -> PropertyText:
    """The listing's text in `locale`, approved as it stands.

    Takes the text's parts, `origin`, and of the approval `model`, `approved_by` (a person) and
    `approved_by_name`.
    """
    text = listing.text(locale)
    if text is None:
        text = PropertyText(website_id=listing.website_id, locale=locale)
        listing.texts.append(text)
    defaults = {"title": "A villa", "description": "It has a pool.", "meta_description": "Villa."}
    kept = {name: getattr(text, name) or value for name, value in defaults.items()}
    parts = {name: fields.pop(name, value) for name, value in kept.items()}
    text.origin = fields.pop("origin", text.origin or "written")
    for name, value in parts.items():
        setattr(text, name, value)
    text.status, text.approval_id = "approved", _approval(listing, text, parts, **fields).id
    return _save(text)


def _approval(
    listing: Property,
    text: PropertyText,
    parts: dict[str, str],
    model: str | None = None,
    approved_by: User | None = None,
    approved_by_name: str = "Ana Approver",
) -> TextApproval:
    content = "\n".join(parts.values())
    return _save(
        TextApproval(
            website_id=listing.website_id,
            property_id=listing.id,
            reference=listing.reference,
            locale=text.locale,
            **parts,
            text_hash=hashlib.sha256(content.encode()).hexdigest(),
            origin=text.origin,
            model=model,
            findings={},
            overrides=[],
            relies_on=[],
            facts={},
            approved_by_id=approved_by.id if approved_by else None,
            approved_by_name=approved_by.display_name if approved_by else approved_by_name,
            previous_hash="",
            record_hash=f"record {next(_numbers)}",
        )
    )


def create_integration(
    website: Website,
    provider: str = "open_router",
    api_key: str = "sk-or-v1-factory-0000",
    **values: Any,
) -> WebsiteIntegration:
    """A provider's key and settings on the website, encrypted as in production."""
    place = Place(website.id, "ai", provider)
    defaults = {"settings": {"default_model": "anthropic/claude-3.5-sonnet", "max_tokens": 4096}}
    return _save(
        WebsiteIntegration(
            website_id=website.id,
            category="ai",
            provider=provider,
            credentials=vault().encrypt({"api_key": api_key}, place),
            **defaults | values,
        )
    )


@dataclass(frozen=True)
class Agency:
    """A website with one person of each role."""

    website: Website
    admin: User
    agent: User


def create_agency(**values: Any) -> Agency:
    """A website, its admin and its agent."""
    website = create_website(**values)
    return Agency(website, create_user(website, "admin"), create_user(website, "agent"))


def create_photo(listing: Property, shade: int = 0, **values: Any) -> PropertyPhoto:
    """A photo of the listing with its file; photos of different shades are different ones."""
    website = db.session.get_one(Website, listing.website_id)
    photo = photos.add_photo(
        website, None, listing, io.BytesIO(pictures.jpeg(shade, 1600, 1200)), f"photo-{shade}.jpg"
    )
    for name, value in values.items():
        setattr(photo, name, value)
    db.session.commit()
    return photo


def create_post(listing: Property, **values: Any) -> SocialMediaPost:
    """A draft of a post about the listing."""
    defaults = {
        "platform": "instagram",
        "category": "just_listed",
        "locale": "en",
        "caption": "Just listed: a villa in Marbella.",
        "hashtags": ["#Marbella", "#NewListing"],
    }
    ids = {"website_id": listing.website_id, "property_id": listing.id}
    return _save(SocialMediaPost(**ids | defaults | values))
