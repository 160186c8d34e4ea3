"""Every saved state of a listing's text: who, from where, which model; any of them comes back."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import joinedload

from pwb.content.worddiff import Piece, diff_words
from pwb.errors import NotFound
from pwb.extensions import db
from pwb.models import Property, TextVersion, User, Website
from pwb.models.properties import TEXT_FIELDS
from pwb.services import properties, tenancy

MOST_SHOWN = 200


@dataclass(frozen=True)
class Saved:
    """One version, and what changed against the one before it, part by part."""

    version: TextVersion
    changes: dict[str, list[Piece]]
    current: bool


def history(website: Website, listing: Property, locale: str) -> list[Saved]:
    """The newest versions of a listing's text, the newest first."""
    query = (
        tenancy.scoped(TextVersion, website)
        .where(TextVersion.property_id == listing.id, TextVersion.locale == locale)
        .options(joinedload(TextVersion.user))
        .order_by(TextVersion.id.desc())
        .limit(MOST_SHOWN + 1)
    )
    versions = list(db.session.scalars(query))
    before = [*versions, None][1:]
    text = listing.text(locale)
    return [
        Saved(version, _changes(earlier, version), place == 0 and _says(text, version))
        for place, (version, earlier) in enumerate(zip(versions, before, strict=True))
    ][:MOST_SHOWN]


def _says(text: object, version: TextVersion) -> bool:
    return all(getattr(text, name, None) == getattr(version, name) for name in TEXT_FIELDS)


def _changes(earlier: TextVersion | None, version: TextVersion) -> dict[str, list[Piece]]:
    """The parts that differ; all of them for the first version."""
    found = {}
    for name in TEXT_FIELDS:
        old, new = getattr(earlier, name) if earlier else "", getattr(version, name)
        if old != new:
            found[name] = diff_words(old, new) if earlier else [Piece("same", new)]
    return found


def restore(
    website: Website, actor: User, property_id: int, locale: str, version_id: int
) -> Property:
    """Save an earlier version again, as a draft; raises NotFound, ListingChanged.

    It keeps where its text came from: what a model wrote stays a model's, edited or not.
    """
    listing = properties.get_property(website, property_id)
    version = tenancy.find(TextVersion, website, version_id)
    if (version.property_id, version.locale) != (listing.id, locale):
        raise NotFound("There is no such version of this text.")
    request_id = version.generation_request_id
    return properties.save_property(
        website,
        actor,
        listing.id,
        {},
        {locale: {name: getattr(version, name) for name in TEXT_FIELDS}},
        listing.lock_version,
        {locale: request_id} if request_id else None,
        restored_origin=version.origin,
    )
