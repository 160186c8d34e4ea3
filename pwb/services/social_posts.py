"""Posts after they are written: edited, signed off, put away, brought back, taken elsewhere.

An approval is of the post as it stands: whatever is changed makes it a draft again. The service of
posts is this module; writing, lists and counts are beside it and offered here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from sqlalchemy.orm import joinedload

from pwb.content.plain_text import one_line, paragraphs
from pwb.content.platforms import PLATFORMS
from pwb.content.social import CATEGORIES
from pwb.errors import InvalidInput, NotFound
from pwb.extensions import db
from pwb.models import Action, SocialMediaPost, TextApproval, User, Website
from pwb.services import approval_chain, approvals, photos, post_checks, stale, tenancy, turns
from pwb.services.approvals import approval_of
from pwb.services.post_checks import check_post, hashtags_problem, length_problem
from pwb.services.post_drafts import record
from pwb.services.post_results import PostDraft, SocialResult
from pwb.services.post_saving import conflict, save
from pwb.services.social_calls import Progress
from pwb.services.social_copies import duplicate_post
from pwb.services.social_generation import (
    Event,
    PostsTicket,
    SocialPostGenerator,
    begin_posts,
    finish,
    generate_posts,
    run,
)
from pwb.services.social_lists import list_posts, posts_of, waiting
from pwb.services.social_orders import SocialSpec, check_link, current_price

__all__ = [
    "CATEGORIES",
    "Event",
    "PostDraft",
    "PostsTicket",
    "Progress",
    "SocialPostGenerator",
    "SocialResult",
    "SocialSpec",
    "approval_of",
    "approve_post",
    "archive_post",
    "begin_posts",
    "changes_of",
    "check_post",
    "duplicate_post",
    "finish",
    "generate_posts",
    "get_post",
    "is_unsaved",
    "list_posts",
    "post_view",
    "posts_of",
    "restore_post",
    "run",
    "save_post",
    "waiting",
]

LONGEST_CAPTION = 70_000
MOST_PHOTOS = 10
_TEXT_FIELDS = ("caption", "hashtags", "link", "format", "photos")


def get_post(website: Website, post_id: int) -> SocialMediaPost:
    """One post with its listing; raises NotFound."""
    return tenancy.find(SocialMediaPost, website, post_id, joinedload(SocialMediaPost.property))


def _fresh(website: Website, post_id: int) -> SocialMediaPost:
    """The post as the database has it now; raises NotFound."""
    query = tenancy.scoped(SocialMediaPost, website).where(SocialMediaPost.id == post_id)
    query = query.options(joinedload(SocialMediaPost.property))
    post = db.session.scalar(query.execution_options(populate_existing=True))
    if post is None:
        raise NotFound("There is no such post.", resolution="It may have been removed.")
    return post


def post_view(website: Website, post: SocialMediaPost) -> PostDraft:
    """The post with its count and what the checks find in it now."""
    characters, limit = post_checks.characters(post), post_checks.limit_of(post)
    return PostDraft(post, characters, limit, check_post(website, post))


def save_post(
    website: Website,
    actor: User | None,
    post_id: int,
    values: Mapping[str, Any],
    seen_version: int,
) -> SocialMediaPost:
    """Save what a form says of a post that is not archived: of `caption`, `hashtags`, `link`,
    `format` and `photos` (ids in order) those that it names. An approved post that changes is a
    draft again.

    A draft that was written too long may get other photos or another link before somebody shortens
    it, as long as that makes it no longer. Raises InvalidInput naming the fields that won't do, the
    caption of a post that is too long among them, EditConflict where it is no longer the version
    that was seen and says something else, NotFound.
    """
    post = _fresh(website, post_id)
    if post.status == "archived":
        raise InvalidInput("An archived post cannot be changed.", resolution="Restore it first.")
    changes = _changes(website, post, values)
    if not changes:
        # A form sent twice: the second finds its words saved, whatever version it was made from.
        return post
    if post.lock_version != seen_version:
        raise conflict()
    over = 0 if "caption" in changes else post_checks.over_by(post)
    for name, (_, new) in changes.items():
        setattr(post, name, new)
    _check_text(post, over)
    make_draft(post)
    return save(website, actor, Action.POST_CHANGED, post, changes)


def is_unsaved(website: Website, post: SocialMediaPost, values: Mapping[str, Any]) -> bool:
    """Whether a form says of the post what is not saved; raises InvalidInput like save_post."""
    return bool(_changes(website, post, values))


def _changes(
    website: Website, post: SocialMediaPost, values: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """What the values make different, each field with what it was and what it will be."""
    wanted = _cleaned(website, post, values)
    if wanted.get("caption") == paragraphs(post.caption):
        # A form gives a caption back with its gaps cleaned: that is no edit of it.
        del wanted["caption"]
    before = {name: getattr(post, name) for name in wanted}
    return {
        n: (before[n], wanted[n]) for n in _TEXT_FIELDS if n in wanted and before[n] != wanted[n]
    }


def _cleaned(website: Website, post: SocialMediaPost, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept; whatever else the form names is left out."""
    cleaners: Mapping[str, Callable[[Any], Any]] = {
        "caption": lambda value: paragraphs(str(value)),
        "hashtags": _marked,
        "link": lambda value: one_line(str(value)),
        "format": str,
        "photos": lambda ids: _photos(website, post, ids),
    }
    return {name: clean(values[name]) for name, clean in cleaners.items() if name in values}


def _marked(tags: str | Sequence[str]) -> list[str]:
    """Tags as they were typed, each with its mark."""
    words = tags.replace(",", " ").split() if isinstance(tags, str) else tags
    named = (one_line(str(word)).lstrip("#＃") for word in words)
    return [f"#{name}" for name in named if name]


def _photos(website: Website, post: SocialMediaPost, ids: Sequence[int]) -> list[int]:
    if len(ids) > MOST_PHOTOS:
        _refuse("photos", f"A post takes at most {MOST_PHOTOS} photos.")
    return [photo.id for photo in photos.chosen_photos(website, post.property_id, ids)]


def _check_text(post: SocialMediaPost, known_over: int = 0) -> None:
    """Raises InvalidInput, with nothing saved, for a text that cannot be posted as it is; by
    `known_over` it may be too long."""
    with db.session.no_autoflush:
        problems = dict(_problems(post, known_over))
    if problems:
        db.session.expire(post)
        fields = {name: [problem] for name, problem in problems.items()}
        raise InvalidInput(" ".join(problems.values()), fields=fields)


def _problems(post: SocialMediaPost, known_over: int) -> list[tuple[str, str]]:
    platform = PLATFORMS[post.platform]
    found: list[tuple[str, str | None]] = [
        ("format", None if post.format in platform.formats else "There is no such format."),
        ("hashtags", hashtags_problem(post.platform, post.caption, post.hashtags)),
        ("link", _link_problem(post.link)),
    ]
    if not post.caption:
        found.append(("caption", "A post needs a caption."))
    elif len(post.caption) > LONGEST_CAPTION:
        found.append(("caption", f"A caption has at most {LONGEST_CAPTION:,} characters."))
    elif post_checks.over_by(post) > known_over:
        found.append(("caption", length_problem(post)))
    return [(name, problem) for name, problem in found if problem]


def _link_problem(link: str) -> str | None:
    try:
        check_link(link)
    except InvalidInput as error:
        return error.message
    return None


def make_draft(post: SocialMediaPost) -> None:
    """Take the approval away: what it was given for is no longer what the post says."""
    post.status, post.approval_id = "draft", None
    post.stale_at, post.stale_fields = None, []


def changes_of(website: Website, post: SocialMediaPost) -> list[stale.FactChange]:
    """What of the facts that an approved post relies on is different now."""
    approval = approval_of(website, post) if post.stale_at else None
    return stale.changes_since(post.property, approval) if approval else []


def approve_post(
    website: Website,
    actor: User,
    post_id: int,
    seen_version: int,
    overrides: Mapping[str, str],
) -> TextApproval:
    """Sign a post off as it stands; approving the same post again gives the same approval.

    `overrides` maps ids of findings to the reasons for approving over them. Raises EditConflict
    where the post is another version by now, ApprovalBlocked where a finding that blocks has no
    reason that will do, OverrideNotAllowed, InvalidInput for a post that is too long, incomplete
    or archived, NotFound.
    """

    def attempt() -> TextApproval:
        turns.take_turn(website)
        post = _fresh(website, post_id)
        holds = post.status == "approved" and post.stale_at is None
        # Approving raises the version by one: a form sent twice has the version before that.
        if post.lock_version - seen_version not in ((0, 1) if holds else (0,)):
            raise conflict()
        if holds and (earlier := approval_of(website, post)):
            db.session.commit()
            return earlier
        return _approve(website, actor, post, overrides)

    return approvals.without_collision(attempt)


def _approve(
    website: Website, actor: User, post: SocialMediaPost, overrides: Mapping[str, str]
) -> TextApproval:
    if post.status == "archived":
        raise InvalidInput("An archived post cannot be approved.", resolution="Restore it first.")
    _check_text(post)
    findings = check_post(website, post)
    given = approvals.overrides_for(website, actor, findings, overrides)
    relies_on = sorted({*findings.relies_on, *_price_of_drop(post)})
    approval = approvals.sign(
        website,
        actor,
        post.property,
        {
            "post_id": post.id,
            "platform": post.platform,
            "locale": post.locale,
            **approval_chain.parts_of_post(post),
            "text_hash": approval_chain.hash_of_post(post),
            "origin": post.origin,
            "model": post.model,
            "findings": findings.as_json(),
            "overrides": given,
        },
        relies_on,
    )
    post.status, post.approval_id = "approved", approval.id
    post.stale_at, post.stale_fields = None, []
    db.session.flush()
    changes = {"approval": (None, approval.record_hash)}
    record(website, actor, Action.POST_APPROVED, post, post.property.reference, changes)
    db.session.commit()
    return approval


def _price_of_drop(post: SocialMediaPost) -> list[str]:
    """A post of a price drop stands and falls with the price, in whatever words it says it."""
    if post.category != "price_drop" or current_price(post.property) is None:
        return []
    return ["sale_price" if post.property.sale_price else "rental_price"]


def archive_post(website: Website, actor: User | None, post_id: int) -> SocialMediaPost:
    """Put a post away; its approvals stay in the records. Raises NotFound."""
    post = _fresh(website, post_id)
    if post.status == "archived":
        return post
    before = post.status
    make_draft(post)
    post.status = "archived"
    changes = {"status": (before, post.status)}
    return save(website, actor, Action.POST_ARCHIVED, post, changes)


def restore_post(website: Website, actor: User | None, post_id: int) -> SocialMediaPost:
    """Bring an archived post back as a draft. Raises NotFound."""
    post = _fresh(website, post_id)
    if post.status != "archived":
        return post
    make_draft(post)
    changes = {"status": ("archived", post.status)}
    return save(website, actor, Action.POST_RESTORED, post, changes)


def _refuse(field: str, message: str) -> NoReturn:
    raise InvalidInput(message, fields={field: [message]})
