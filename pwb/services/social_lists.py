"""Posts of a whole website by how far they are, and those of one listing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import contains_eager, joinedload

from pwb.content.platforms import PLATFORMS
from pwb.extensions import db
from pwb.models import Property, SocialMediaPost, Website
from pwb.services import tenancy
from pwb.services.waiting import Waiting, waiting_among

PER_PAGE = 20
LAST_PAGE = 1_000_000
STATES = ("draft", "stale", "approved", "archived")
EXACT_FILTERS = ("platform", "category", "locale")
_LONGEST_SEARCH = 100


def _of_state(state: str) -> tuple[ColumnElement[bool], ...]:
    """The posts in a state. An archived post is never stale to anybody."""
    post = SocialMediaPost
    if state == "stale":
        return (post.status == "approved", post.stale_at.is_not(None))
    if state == "approved":
        return (post.status == "approved", post.stale_at.is_(None))
    return (post.status == state,)


def list_posts(website: Website, wanted: Mapping[str, str], page: int = 1) -> Pagination:
    """A page of the website's posts with their listings: the longest stale first, else the latest
    change.

    `wanted` may hold `state` (an unknown one reads as draft), `platform`, `category`, `locale`,
    and `property`, of whose words each must be in the listing's reference.
    """
    state = wanted.get("state", "")
    state = state if state in STATES else "draft"
    query = _with_people(website).where(*_of_state(state))
    for name in EXACT_FILTERS:
        if wanted.get(name):
            query = query.where(getattr(SocialMediaPost, name) == wanted[name].replace("\0", ""))
    for word in wanted.get("property", "").replace("\0", "")[:_LONGEST_SEARCH].split():
        query = query.where(Property.reference.icontains(word, autoescape=True))
    first = (
        SocialMediaPost.stale_at.asc() if state == "stale" else SocialMediaPost.updated_at.desc()
    )
    query = query.order_by(first, SocialMediaPost.id.desc())
    page = min(max(page, 1), LAST_PAGE)
    return db.paginate(query, page=page, per_page=PER_PAGE, error_out=False)


def _with_people(website: Website) -> Select[Any]:
    return (
        tenancy.scoped(SocialMediaPost, website)
        .join(SocialMediaPost.property)
        .options(contains_eager(SocialMediaPost.property), joinedload(SocialMediaPost.updated_by))
    )


def posts_of(
    website: Website, listing: Property, ids: Collection[int] = (), *, most: int
) -> list[SocialMediaPost]:
    """The listing's posts that the ids name, as the platforms stand; without ids its latest ones
    that are not archived."""
    query = _with_people(website).where(SocialMediaPost.property_id == listing.id)
    if ids:
        found = list(db.session.scalars(query.where(SocialMediaPost.id.in_(ids)).limit(most)))
        places = list(PLATFORMS)
        return sorted(found, key=lambda post: (places.index(post.platform), post.id))
    query = query.where(SocialMediaPost.status != "archived")
    query = query.order_by(SocialMediaPost.updated_at.desc(), SocialMediaPost.id.desc())
    return list(db.session.scalars(query.limit(most)))


def waiting(website: Website) -> Waiting:
    """The counts of what waits, over all listings."""
    own = SocialMediaPost.website_id == website.id
    return waiting_among(SocialMediaPost, _of_state, own)
