"""The history of one text: every saved version with what changed, and its way back."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from pwb.ai_tools import bp
from pwb.ai_tools.approvals import TEXT
from pwb.content.locales import LOCALES
from pwb.errors import NotFound
from pwb.filters import language
from pwb.security import agent
from pwb.services import properties, text_history
from pwb.site_admin import property_views


@bp.get(f"{TEXT}/history")
@agent
def text_versions(property_id: int, locale: str) -> str:
    """All versions of a text, the newest first, each against the one before."""
    listing = properties.get_property(g.website, property_id)
    if locale not in LOCALES:
        raise NotFound("There is no such language.")
    return render_template(
        "ai_tools/text_history.html",
        listing=listing,
        locale=locale,
        text=listing.text(locale),
        versions=text_history.history(g.website, listing, locale),
        view=property_views,
    )


@bp.post(f"{TEXT}/restore/<int:version_id>")
@agent
def text_restore(property_id: int, locale: str, version_id: int) -> Response:
    """Save an earlier version again, as a draft."""
    text_history.restore(g.website, current_user, property_id, locale, version_id)
    flash(f"The {language(locale)} text is back as a draft.", "success")
    return redirect(url_for("ai_tools.text_versions", property_id=property_id, locale=locale))
