"""Several texts of a listing at once: many languages, variants side by side."""

from __future__ import annotations

import uuid

from flask import Response, flash, g, jsonify, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as WerkzeugResponse

from pwb.ai_tools import bp
from pwb.content.listing import TONES
from pwb.errors import wants_json
from pwb.filters import language
from pwb.models import Property
from pwb.security import agent
from pwb.services import drafts as drafts_service
from pwb.services import generations, integrations
from pwb.services.properties import get_property
from pwb.services.property_changes import ListingChanged
from pwb.services.tenancy import find

Answer = Response | WerkzeugResponse | tuple[Response, int]
VARIANTS = (1, 2, 3)


@bp.get("/properties/<int:property_id>/drafts")
@agent
def drafts(property_id: int) -> str:
    """Choose languages and variants, and have them all written."""
    listing = get_property(g.website, property_id)
    return render_template(
        "ai_tools/drafts.html",
        listing=listing,
        locales=ordered_locales(),
        ai=integrations.ai_state(g.website),
        tones=TONES,
        variants=VARIANTS,
        recent=drafts_service.recent_drafts(g.website, listing),
        stored_result=generations.stored_result,
        key=uuid.uuid4().hex,
    )


def ordered_locales() -> list[str]:
    """The website's languages, its own first."""
    first = g.website.default_locale
    return [first, *(code for code in g.website.supported_locales if code != first)]


@bp.post("/properties/<int:property_id>/drafts/<int:request_id>/save")
@agent
def save_draft(property_id: int, request_id: int) -> Answer:
    """Make a written text the listing's own, as a draft; what it replaces stays in the history."""
    listing = find(Property, g.website, property_id)
    actor, version = current_user._get_current_object(), request.form.get("lock_version", 0, int)
    try:
        saved, locale = drafts_service.save_draft(g.website, actor, listing, request_id, version)
    except ListingChanged as changed:
        return conflict(property_id, changed)
    if wants_json():
        return jsonify(success=True, locale=locale, lock_version=saved.lock_version)
    flash(f"The {language(locale)} text is saved as a draft.", "success")
    return redirect(url_for("ai_tools.drafts", property_id=property_id))


def conflict(property_id: int, changed: ListingChanged) -> Answer:
    """Somebody changed the listing meanwhile: say what, and let the person decide."""
    people = " and ".join(dict.fromkeys(change.by for change in changed.changes))
    fields = ", ".join(dict.fromkeys(change.label for change in changed.changes))
    message = f"{people} changed this listing after you opened this page: {fields}."
    cure = "Nothing is saved yet. Look at the listing; if this text is still right, save it again."
    if wants_json():
        error = {"code": changed.code, "message": message, "resolution": cure}
        return jsonify(success=False, error=error, lock_version=changed.version), changed.status
    flash(f"{message} {cure}", "error")
    return redirect(url_for("ai_tools.drafts", property_id=property_id))
