"""A post taken to another platform: a copy of it, made once for a form that is sent twice."""

from __future__ import annotations

import hashlib

from sqlalchemy.orm import joinedload

from pwb.content.hashtags import clean_hashtags
from pwb.content.platforms import PLATFORMS
from pwb.errors import InvalidInput
from pwb.extensions import db
from pwb.models import Action, SocialMediaPost, User, Website
from pwb.services import approvals, tenancy, turns
from pwb.services.post_saving import save

COPY_MARK = "copy_mark"


def duplicate_post(
    website: Website, actor: User | None, post_id: int, platform: str, form_key: str = ""
) -> SocialMediaPost:
    """A draft with the same words for another platform, with as many of the hashtags as it takes.

    It may be too long there, which its count shows. A form that is sent twice, with the same
    `form_key`, makes one copy. Raises InvalidInput for an unknown platform, NotFound.
    """
    mark = _copy_mark(actor, post_id, platform, form_key)

    def attempt() -> SocialMediaPost:
        turns.take_turn(website)
        post = tenancy.find(SocialMediaPost, website, post_id, joinedload(SocialMediaPost.property))
        _check_platform(platform)
        return _copy_marked(website, mark) or _copy(website, actor, post, platform, mark)

    return approvals.without_collision(attempt)


def _check_platform(platform: str) -> None:
    if platform not in PLATFORMS:
        message = f"{platform[:20]!r} is not one of {', '.join(PLATFORMS)}."
        raise InvalidInput(message, fields={"platform": [message]})


def _copy_mark(actor: User | None, post_id: int, platform: str, form_key: str) -> str:
    """What a copy is known by when its form comes again; "" for a form without a key."""
    whose = f"{actor.id if actor else ''}|{post_id}|{platform}|{form_key}"
    return hashlib.sha256(whose.encode()).hexdigest()[:32] if form_key else ""


def _copy_marked(website: Website, mark: str) -> SocialMediaPost | None:
    """The copy that this form has made already."""
    if not mark:
        return None
    query = tenancy.scoped(SocialMediaPost, website)
    copy = db.session.scalar(query.where(SocialMediaPost.details[COPY_MARK].as_string() == mark))
    if copy is not None:
        db.session.commit()
    return copy


def _copy(
    website: Website, actor: User | None, post: SocialMediaPost, platform: str, mark: str
) -> SocialMediaPost:
    kept = ("property_id", "category", "locale", "caption", "link", "origin", "model")
    details = {name: value for name, value in post.details.items() if name != COPY_MARK}
    copy = SocialMediaPost(
        **{name: getattr(post, name) for name in kept},
        website_id=website.id,
        platform=platform,
        format=post.format if post.format in PLATFORMS[platform].formats else "feed",
        hashtags=clean_hashtags(post.hashtags, PLATFORMS[platform]),
        details=details | ({COPY_MARK: mark} if mark else {}),
        photos=list(post.photos),
        created_by_id=actor.id if actor else None,
        property=post.property,
    )
    db.session.add(copy)
    return save(website, actor, Action.POST_CREATED, copy, {"copied_from": (None, post.id)})
