"""Saving posts that were written: all of one order as drafts, in one transaction, once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from pwb.content.platforms import PLATFORMS
from pwb.content.social import SocialBrief
from pwb.extensions import db
from pwb.models import (
    Action,
    GenerationRequest,
    Property,
    PropertyPhoto,
    SocialMediaPost,
    User,
    Website,
)
from pwb.services import audit
from pwb.services.checks import CheckRules
from pwb.services.generation_errors import GenerationFailed
from pwb.services.social_calls import Outcome
from pwb.services.tenancy import scoped

MOST_PHOTOS = 4


@dataclass(frozen=True)
class Frame:
    """What the posts of one order have in common, read before the connection is given back."""

    website: Website
    actor: User | None
    listing: Property
    brief: SocialBrief
    details: dict[str, Any]
    rules: CheckRules
    photos: tuple[int, ...]


def first_photos(website: Website, listing: Property) -> tuple[int, ...]:
    """The photos that a new post begins with: the listing's first ones."""
    query = (
        select(PropertyPhoto.id)
        .where(PropertyPhoto.website_id == website.id, PropertyPhoto.property_id == listing.id)
        .order_by(PropertyPhoto.position, PropertyPhoto.id)
        .limit(MOST_PHOTOS)
    )
    return tuple(db.session.scalars(query))


def save_drafts(frame: Frame, outcome: Outcome) -> list[SocialMediaPost]:
    """Save the posts as drafts and commit. Where the same order was saved meanwhile, by a form
    that was sent twice, those posts are the ones."""
    posts = [_draft(frame, outcome, name) for name in outcome.posts]
    try:
        db.session.add_all(posts)
        db.session.flush()
        for post in posts:
            record(frame.website, frame.actor, Action.POST_CREATED, post, frame.listing.reference)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        saved = saved_drafts(frame, outcome.rows.values())
        if not saved:
            raise _listing_gone() from None
        return saved
    return posts


def _listing_gone() -> GenerationFailed:
    return GenerationFailed(
        "cancelled",
        "The listing was deleted while its posts were being written.",
        resolution="The texts are kept under Requests.",
    )


def _draft(frame: Frame, outcome: Outcome, name: str) -> SocialMediaPost:
    row, text = outcome.rows[name], outcome.posts[name]
    return SocialMediaPost(
        website_id=frame.website.id,
        property_id=frame.listing.id,
        request_id=row.id,
        platform=name,
        category=frame.brief.category,
        locale=frame.brief.locale,
        format=frame.brief.formats.get(name, "feed"),
        caption=text.caption,
        hashtags=list(text.hashtags),
        link=frame.brief.link,
        details=dict(frame.details),
        photos=list(_photos(frame, name)),
        origin="generated",
        model=row.served_model or row.ai_model,
        created_by_id=frame.actor.id if frame.actor else None,
        updated_by_id=frame.actor.id if frame.actor else None,
    )


def _photos(frame: Frame, name: str) -> tuple[int, ...]:
    """A story or a reel shows one picture, the feed several."""
    return frame.photos if frame.brief.formats.get(name, "feed") == "feed" else frame.photos[:1]


def saved_drafts(frame: Frame, rows: Iterable[GenerationRequest]) -> list[SocialMediaPost]:
    """The posts that were saved from these rows, as the platforms stand."""
    query: Select[Any] = scoped(SocialMediaPost, frame.website)
    ids = [row.id for row in rows]
    found = list(db.session.scalars(query.where(SocialMediaPost.request_id.in_(ids))))
    places = list(PLATFORMS)
    return sorted(found, key=lambda post: places.index(post.platform))


def rows_with_keys(frame: Frame, keys: Iterable[str | None]) -> list[GenerationRequest]:
    """The person's rows with these idempotency keys."""
    actor_id = frame.actor.id if frame.actor else None
    query = scoped(GenerationRequest, frame.website).where(
        GenerationRequest.idempotency_key.in_([key for key in keys if key]),
        GenerationRequest.user_id == actor_id,
    )
    fresh = query.order_by(GenerationRequest.id).execution_options(populate_existing=True)
    return list(db.session.scalars(fresh))


def record(
    website: Website,
    actor: User | None,
    action: Action,
    post: SocialMediaPost,
    reference: str,
    changes: dict[str, audit.Change] | None = None,
) -> None:
    """Write down what was done to a post; the caller owns the transaction."""
    audit.record(
        website,
        actor,
        action,
        object_type="social_post",
        object_id=post.id,
        label=f"{reference} {PLATFORMS[post.platform].label}",
        version=post.lock_version,
        changes=changes,
    )
