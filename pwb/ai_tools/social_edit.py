"""The list of social posts, one post, and what can be done with it."""

from __future__ import annotations

import re
import uuid
from typing import Any

from flask import Response, flash, g, jsonify, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from pwb.ai_tools import bp
from pwb.ai_tools.approvals import reasons, signing_parts
from pwb.ai_tools.checking import posted_object
from pwb.ai_tools.social_forms import PostForm, language_choices, post_form, refuse
from pwb.ai_tools.social_looks import (
    card_of,
    cards_of,
    choices_of,
    count_of,
    look_of,
    social_context,
)
from pwb.content.platforms import PLATFORMS, as_posted
from pwb.errors import EditConflict, InvalidInput, PortalError
from pwb.models import SocialMediaPost
from pwb.security import agent
from pwb.services import photo_crops, post_checks, social_lists, social_posts
from pwb.services.approvals import OverrideNotAllowed
from pwb.site_admin import property_views

Page = str | tuple[str, int] | BaseResponse
ONE = "/social_posts/<int:post_id>"
FILTERS = ("platform", "category", "locale", "property")
STATES = {"draft": "Drafts", "stale": "Stale", "approved": "Approved", "archived": "Archived"}

bp.app_context_processor(social_context)


def actor() -> Any:
    """The person who does it."""
    return current_user._get_current_object()


@bp.get("/social_posts", endpoint="social_posts")
@agent
def list_posts() -> Page:
    """All posts of the website by how far they are; at first the drafts."""
    state = request.args.get("state", "")
    wanted = {name: request.args.get(name, "").strip() for name in FILTERS}
    wanted["state"] = state if state in STATES else "draft"
    page = social_lists.list_posts(g.website, wanted, request.args.get("page", 1, type=int))
    waiting = social_lists.waiting(g.website)
    counts = {"draft": waiting.drafts, "stale": waiting.stale}
    return render_template(
        "social/index.html",
        page=page,
        cards=cards_of(g.website, page.items),
        wanted=wanted,
        kept={name: wanted[name] for name in FILTERS if wanted[name]},
        tabs=[(key, label, counts.get(key)) for key, label in STATES.items()],
        languages=language_choices(g.website),
        platform_choices={each.id: each.label for each in PLATFORMS.values()},
    )


@bp.route(ONE, methods=["GET", "POST"])
@agent
def social_post(post_id: int) -> Page:
    """A post: its text, its photos, how it will look; a POST saves it."""
    post = social_posts.get_post(g.website, post_id)
    form = post_form(post)
    if not form.is_submitted():
        return post_page(post, form)
    if not form.validate():
        return post_page(post, form, 422)
    try:
        social_posts.save_post(g.website, actor(), post_id, form.values(), form.seen_version)
    except EditConflict as conflict:
        return conflict_page(post_id, form, conflict)
    except InvalidInput as error:
        refuse(form, error)
        return post_page(post, form, error.status)
    return saved_page(post_id)


def saved_page(post_id: int) -> Page:
    """After saving: the page anew. Reasons that were typed beside the post are only kept with an
    approval, so that they stay in their fields until then."""
    post = social_posts.get_post(g.website, post_id)
    problem = post_checks.length_problem(post)
    flash(f"Saved. {problem}" if problem else "Saved.", "warning" if problem else "success")
    if any(text.strip() for text in reasons().values()):
        return post_page(post, post_form(post, as_saved=True))
    return redirect(url_for("ai_tools.social_post", post_id=post_id))


def conflict_page(post_id: int, form: PostForm, conflict: EditConflict) -> Page:
    """What was typed, unsaved, and what somebody else saved; saving again replaces that."""
    post = social_posts.get_post(g.website, post_id)
    form.lock_version.data, form.lock_version.raw_data = str(post.lock_version), None
    if not social_posts.is_unsaved(g.website, post, form.values()):
        return post_page(post, post_form(post, as_saved=True), conflict.status, error=conflict)
    return post_page(post, form, conflict.status, conflict=conflict, saved_caption=post.caption)


def post_page(post: SocialMediaPost, form: PostForm, status: int = 200, **parts: Any) -> Page:
    """The post's page, holding what the form holds."""
    error: PortalError | None = parts.pop("error", None)
    card = card_of(g.website, post, form.typed() if form.is_submitted() else None)
    page = render_template(
        "social/edit.html",
        form=form,
        card=card,
        choices=choices_of(g.website, post, form.photo_ids()),
        approval=card.approval,
        blocking_items=card.blocking_items,
        **signing_parts(error),
        platforms=PLATFORMS.values(),
        view=property_views,
        copy_key=uuid.uuid4().hex,
        **parts,
    )
    return page, status


@bp.post(f"{ONE}/approve")
@agent
def social_post_approve(post_id: int) -> Page:
    """Sign a post off as it was seen."""
    post = social_posts.get_post(g.website, post_id)
    form = post_form(post, as_saved="caption" not in request.form)
    try:
        refuse_unsaved(post, form)
        social_posts.approve_post(g.website, actor(), post_id, seen_version(), reasons())
    except EditConflict as conflict:
        return conflict_page(post_id, form, conflict)
    except (InvalidInput, OverrideNotAllowed) as error:
        return post_page(social_posts.get_post(g.website, post_id), form, error.status, error=error)
    flash("The post is approved.", "success")
    return redirect(url_for("ai_tools.social_post", post_id=post_id))


def refuse_unsaved(post: SocialMediaPost, form: PostForm) -> None:
    """Nobody signs what the checks have not read: where the form, which is sent whole, holds other
    words than the saved ones, raises InvalidInput, or EditConflict if somebody else saved these."""
    if not social_posts.is_unsaved(g.website, post, form.values()):
        return
    if post.lock_version != seen_version():
        raise EditConflict(
            "This post was changed after you opened it, so nothing was approved.",
            resolution="Look at it as it is now, then try again.",
        )
    raise InvalidInput(
        "What you changed is not saved yet, so nothing was approved.",
        resolution="Save first, look at what the checks say, then approve.",
    )


def seen_version() -> int:
    """The version that was approved by whoever pressed the button; 0, which none has, without."""
    return request.form.get("lock_version", 0, type=int)


@bp.post(f"{ONE}/archive")
@agent
def social_post_archive(post_id: int) -> Page:
    """Put a post away; it can be brought back."""
    social_posts.archive_post(g.website, actor(), post_id)
    flash("The post is archived. It can be brought back here.", "success")
    return redirect(url_for("ai_tools.social_post", post_id=post_id))


@bp.post(f"{ONE}/restore")
@agent
def social_post_restore(post_id: int) -> Page:
    """Bring an archived post back as a draft."""
    social_posts.restore_post(g.website, actor(), post_id)
    flash("The post is back as a draft.", "success")
    return redirect(url_for("ai_tools.social_post", post_id=post_id))


@bp.post(f"{ONE}/duplicate")
@agent
def social_post_duplicate(post_id: int) -> Page:
    """A draft with the same words for another platform."""
    wanted = request.form.get("platform", "")
    key = request.form.get("idempotency_key", "")
    made = social_posts.duplicate_post(g.website, actor(), post_id, wanted, key)
    flash(f"This is the copy for {PLATFORMS[made.platform].label}, a draft.", "success")
    return redirect(url_for("ai_tools.social_post", post_id=made.id))


@bp.get(f"{ONE}/download")
@agent
def social_post_download(post_id: int) -> BaseResponse:
    """The post as a ZIP archive: its texts and its pictures."""
    post = social_posts.get_post(g.website, post_id)
    reference = re.sub(r"[^\w.-]+", "-", post.property.reference)
    name = f"{reference}-{post.platform}-{post.format}.zip"
    response = Response(photo_crops.post_zip(g.website, post), mimetype="application/zip")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@bp.post(f"{ONE}/preview")
@agent
def social_post_preview(post_id: int) -> Page:
    """The drawing of the post as it is typed, for the page's script; nothing is saved."""
    post = social_posts.get_post(g.website, post_id)
    look = look_of(g.website, post, post_form(post).typed())
    return render_template("social/_preview.html", look=look)


@bp.post("/social_posts/count")
@agent
def social_post_count() -> Response:
    """How long a text is on a platform: {"platform", "format", "caption", "hashtags", "link"}."""
    order = posted_object()
    platform = PLATFORMS.get(str(order.get("platform")))
    if platform is None:
        message = "There is no such platform."
        raise InvalidInput(message, fields={"platform": [message]})
    given = order.get("hashtags")
    tags = [str(tag) for tag in given] if isinstance(given, list) else []
    parts = (str(order.get("caption") or ""), tags, str(order.get("link") or ""))
    counted = count_of(platform, str(order.get("format") or ""), *parts)
    return jsonify(
        success=True,
        characters=counted.characters,
        limit=counted.limit,
        over_by=counted.over_by,
        words=counted.words,
        text=as_posted(platform, *parts),
    )
