"""Saving a changed post in one transaction, which tells of a colleague's save in between."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm.exc import StaleDataError

from pwb.errors import EditConflict
from pwb.extensions import db
from pwb.models import Action, SocialMediaPost, User, Website
from pwb.models.base import utcnow
from pwb.services.post_drafts import record


def conflict() -> EditConflict:
    """What is told to whoever comes second."""
    return EditConflict(
        "This post was changed after you opened it, so nothing was saved.",
        resolution="Look at it as it is now, then try again.",
    )


def save(
    website: Website,
    actor: User | None,
    action: Action,
    post: SocialMediaPost,
    changes: dict[str, Any],
) -> SocialMediaPost:
    """Write the post and what was done to it, and commit. Raises EditConflict, with nothing saved,
    where somebody else saved it meanwhile."""
    with db.session.no_autoflush:  # One save raises the version once.
        post.updated_by_id = actor.id if actor else None
    post.updated_at = utcnow()
    try:
        db.session.flush()
        record(website, actor, action, post, post.property.reference, changes)
        db.session.commit()
    except StaleDataError:
        db.session.rollback()
        raise conflict() from None
    return post
