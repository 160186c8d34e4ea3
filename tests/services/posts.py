"""What the tests of posts share: rows of posts and of photos."""

from __future__ import annotations

import itertools
import json
from typing import Any

from sqlalchemy import select

from pwb.content.platforms import PLATFORMS
from pwb.extensions import db
from pwb.models import (
    GenerationRequest,
    Property,
    PropertyPhoto,
    SocialMediaPost,
    User,
    Website,
)
from pwb.services import social_posts
from pwb.services.social_posts import SocialResult, SocialSpec
from pwb.simulator.testing import Reply
from tests.factories import Agency

_numbers = itertools.count(1)
CLEAN = "A villa in Marbella with a private pool, for €650,000."


def create_post(listing: Property, **values: Any) -> SocialMediaPost:
    """A draft for X with a caption that the checks pass."""
    defaults: dict[str, Any] = {
        "platform": "twitter",
        "category": "just_listed",
        "locale": "en",
        "caption": CLEAN,
        "hashtags": ["#Villa"],
    }
    post = SocialMediaPost(
        website_id=listing.website_id, property_id=listing.id, **defaults | values
    )
    db.session.add(post)
    db.session.commit()
    return post


def add_photos(listing: Property, count: int) -> list[int]:
    """Rows of photos without files; their ids in order."""
    photos = [
        PropertyPhoto(
            website_id=listing.website_id,
            property_id=listing.id,
            storage_key=f"test/{next(_numbers)}",
            filename=f"{position}.jpg",
            content_type="image/jpeg",
            width=1600,
            height=1200,
            size_bytes=1000,
            sha256="0" * 64,
            position=position,
        )
        for position in range(count)
    ]
    db.session.add_all(photos)
    db.session.commit()
    return [photo.id for photo in photos]


def fresh(post: SocialMediaPost) -> SocialMediaPost:
    """The post as the database has it now."""
    db.session.expire_all()
    return db.session.get_one(SocialMediaPost, post.id)


def approve(website: Website, actor: User, post: SocialMediaPost, **overrides: str) -> Any:
    """Approve the post as it is now."""
    version = fresh(post).lock_version
    return social_posts.approve_post(website, actor, post.id, version, overrides)


def write(agency: Agency, listing: Property, *platforms: str, **values: Any) -> SocialResult:
    """Order posts, of all platforms where none is named."""
    spec = SocialSpec(platforms or tuple(PLATFORMS), **values)
    return social_posts.generate_posts(agency.website, agency.agent, listing, spec)


def rows() -> list[GenerationRequest]:
    """The ledger as the database has it now."""
    db.session.expire_all()
    return list(db.session.scalars(select(GenerationRequest).order_by(GenerationRequest.id)))


def answer(**captions: str) -> Reply:
    """A model's answer with these captions."""
    posts = [
        {"platform": name, "caption": caption, "hashtags": ["#Villa"]}
        for name, caption in captions.items()
    ]
    return Reply(content=json.dumps({"posts": posts}))
