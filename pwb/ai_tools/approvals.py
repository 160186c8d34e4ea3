"""Signing texts off: the list of what waits, the review of one text, the compliance record."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from pwb.ai_tools import bp
from pwb.content.platforms import PLATFORMS
from pwb.errors import EditConflict, InvalidInput, PortalError
from pwb.filters import language
from pwb.models import Property
from pwb.models.base import utcnow
from pwb.security import agent
from pwb.services import approvals, checks, people, properties, text_lists
from pwb.services.approval_chain import hash_of
from pwb.services.approvals import OverrideNotAllowed
from pwb.site_admin import property_views, sign_off_views

Page = str | tuple[str, int] | Response
TEXT = "/properties/<int:property_id>/texts/<locale>"
REASON = "reason-"


@bp.get("/ai/texts")
@agent
def texts() -> str:
    """The texts of all listings by how far they are; at first the drafts."""
    state = request.args.get("state", "")
    wanted = {
        "state": state if state in text_lists.STATES else "draft",
        "locale": request.args.get("locale", ""),
        "search": request.args.get("q", "").strip(),
    }
    page = text_lists.list_texts(g.website, page=request.args.get("page", 1, type=int), **wanted)
    return render_template(
        "ai_tools/texts.html",
        page=page,
        wanted=wanted,
        waiting=text_lists.waiting(g.website),
        signed=sign_off_views.sign_offs_of(g.website, page.items),
        view=property_views,
        fresh_key=lambda: uuid.uuid4().hex,
    )


@bp.get(f"{TEXT}/review")
@agent
def text_review(property_id: int, locale: str) -> Page:
    """A text with what the checks found in it, and the form to approve it."""
    return review_page(properties.get_property(g.website, property_id), locale)


def review_page(listing: Property, locale: str, error: PortalError | None = None) -> Page:
    """The review; after an approval that was refused with the reasons as typed."""
    text = approvals.saved_text(listing, locale)
    findings = checks.check_saved(g.website, listing, text)
    page = render_template(
        "ai_tools/review.html",
        listing=listing,
        text=text,
        signed=sign_off_views.sign_offs_of(g.website, [text])[text.id],
        findings=findings,
        text_hash=hash_of(text),
        **signing_parts(error),
        view=property_views,
        relied_on=sign_off_views.relied_on,
        fresh_key=uuid.uuid4().hex,
    )
    return page, error.status if error else 200


def signing_parts(error: PortalError | None) -> dict[str, Any]:
    """What a page with findings to approve over shows; `error` is why it was not approved."""
    return {
        "may_override": approvals.may_override(g.website, current_user),
        "admins": people.admin_names(g.website),
        "error": error,
        "problems": error.fields if isinstance(error, InvalidInput) else {},
        "reasons": reasons(),
        "longest": approvals.REASON_LONGEST,
    }


def reasons() -> dict[str, str]:
    """The posted reasons by the id of their finding."""
    return {
        name.removeprefix(REASON): value
        for name, value in request.form.items()
        if name.startswith(REASON)
    }


@bp.post(f"{TEXT}/approve")
@agent
def text_approve(property_id: int, locale: str) -> Page:
    """Sign a text off as it was seen."""
    seen = request.form.get("text_hash", "")
    try:
        approvals.approve(g.website, current_user, property_id, locale, seen, reasons())
    except (InvalidInput, EditConflict, OverrideNotAllowed) as error:
        return review_page(properties.get_property(g.website, property_id), locale, error)
    flash(f"The {language(locale)} text is approved.", "success")
    if request.form.get("back") == "listing":
        panel = f"text-{locale}-panel"
        return redirect(url_for("site_admin.property_edit", property_id=property_id, _anchor=panel))
    return redirect(url_for("ai_tools.text_review", property_id=property_id, locale=locale))


@bp.post(f"{TEXT}/withdraw")
@agent
def text_withdraw(property_id: int, locale: str) -> Response:
    """Make an approved text a draft again."""
    approvals.withdraw(g.website, current_user, property_id, locale)
    flash(f"The {language(locale)} text is a draft again.", "success")
    return redirect(url_for("ai_tools.text_review", property_id=property_id, locale=locale))


@bp.get("/properties/<int:property_id>/compliance_record")
@agent
def compliance_record(property_id: int) -> str:
    """What was approved of a listing, by whom, on which facts: one page to print."""
    return render_template(
        "ai_tools/compliance_record.html",
        record=text_lists.compliance_record(g.website, property_id),
        made_at=utcnow(),
        platforms=PLATFORMS,
        relied_on=sign_off_views.relied_on,
        view=property_views,
    )
