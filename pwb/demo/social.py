"""Photos and posts of the demo's listings, from `social.json`; the photos are drawn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from pwb.content.images import CONTENT_TYPE
from pwb.demo import pictures
from pwb.extensions import db
from pwb.models import Membership, Property, PropertyPhoto, SocialMediaPost, User, Website
from pwb.services import social_posts
from pwb.services.storage import new_key, storage
from pwb.services.tenancy import scoped

FILE = Path(__file__).with_name("social.json")


@cache
def _invented() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def add(listing: Property) -> None:
    """Add the listing's photos and posts, if there are any; the caller owns the transaction."""
    entry = _invented()["listings"].get(listing.reference)
    if entry is None:
        return
    photos = [
        _add_photo(listing, scene, entry["house"], position)
        for position, scene in enumerate(entry["photos"], 1)
    ]
    for post in entry["posts"]:
        _add_post(listing, post, photos)


def approve_some(website: Website) -> None:
    """Have the website's admin approve the posts that are marked so, with the checks and the
    record that an approval has."""
    admin = db.session.scalars(
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.website_id == website.id, Membership.role == "admin")
    ).first()
    if admin is None:
        return
    captions = {
        post["caption"]
        for listing in _invented()["listings"].values()
        for post in listing["posts"]
        if post.get("approve")
    }
    wanted = scoped(SocialMediaPost, website).where(SocialMediaPost.caption.in_(captions))
    for post in db.session.scalars(wanted.order_by(SocialMediaPost.id)).all():
        social_posts.approve_post(website, admin, post.id, post.lock_version, {})


def _add_photo(listing: Property, scene: str, house: int, position: int) -> PropertyPhoto:
    data = pictures.picture(scene, house)
    key = new_key("photo.jpg")
    storage().save(key, data)
    width, height = pictures.SIZE
    photo = PropertyPhoto(
        website_id=listing.website_id,
        property_id=listing.id,
        storage_key=key,
        filename=f"{scene}.jpg",
        content_type=CONTENT_TYPE,
        width=width,
        height=height,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        position=position,
        alt_text=_invented()["alt_texts"][scene],
        alt_origin="written",
    )
    db.session.add(photo)
    db.session.flush()
    return photo


def _add_post(listing: Property, entry: Mapping[str, Any], photos: Sequence[PropertyPhoto]) -> None:
    chosen = [photo.id for photo in photos[: entry["photos"]]]
    values = {name: value for name, value in entry.items() if name not in ("photos", "approve")}
    db.session.add(
        SocialMediaPost(
            website_id=listing.website_id, property_id=listing.id, photos=chosen, **values
        )
    )
