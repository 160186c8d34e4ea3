"""Pages of listings: the list, the editor, deletion, import."""

from __future__ import annotations

import uuid

from flask import flash, g, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from pwb.content.listing import LIMITS, TONES
from pwb.errors import InvalidInput
from pwb.models import GenerationRequest, Property
from pwb.models.properties import TEXT_FIELDS
from pwb.security import agent
from pwb.services import imports, integrations, tenancy
from pwb.services import properties as listings
from pwb.services.generation_errors import GenerationFailed
from pwb.services.generations import GenerationResult
from pwb.services.property_changes import ListingChanged, differences, flatten
from pwb.site_admin import bp, import_stream, property_views, sign_off_views
from pwb.site_admin.property_forms import (
    LARGEST_ID,
    FactsForm,
    ImportForm,
    feature_groups,
    listing_was_posted,
    property_form,
)

Page = str | tuple[str, int] | Response
ONE = f"/properties/<int(max={LARGEST_ID}):property_id>"


@bp.get("/properties")
@agent
def properties() -> Page:
    """The website's listings."""
    sort, _, direction = request.args.get("order", "").partition("-")
    wanted = {
        "search": request.args.get("q", "").strip(),
        "status": request.args.get("status", ""),
        "sort": request.args.get("sort") or sort or "updated",
        "direction": request.args.get("direction") or direction or "desc",
    }
    page = listings.list_properties(g.website, page=request.args.get("page", 1, type=int), **wanted)
    return render_template(
        "site_admin/properties/index.html",
        page=page,
        wanted=wanted,
        statuses=listings.statuses_in_use(g.website),
        view=property_views,
    )


@bp.route("/properties/new", methods=["GET", "POST"])
@agent
def property_new() -> Page:
    """A new listing."""
    form = property_form(g.website)
    if not form.validate_on_submit():
        return new_page(form)
    try:
        made = listings.create_property(g.website, current_user, form.facts(), form.texts())
    except InvalidInput as error:
        form.refuse(error.fields)
        return new_page(form)
    flash(f"{made.reference} is added.", "success")
    return redirect(url_for("site_admin.property_edit", property_id=made.id))


def new_page(form: FactsForm) -> tuple[str, int]:
    """The empty form, or the one that came back with what was typed."""
    page = render_template(
        "site_admin/properties/new.html", form=form, groups=feature_groups(), limits=LIMITS
    )
    return page, 422 if form.is_submitted() else 200


@bp.route(f"{ONE}/edit", methods=["GET", "POST"])
@agent
def property_edit(property_id: int) -> Page:
    """A listing's facts and texts."""
    listing = listings.get_property(g.website, property_id)
    form = property_form(g.website, listing)
    if not form.is_submitted():
        return edit_page(listing, form)
    form.take_theirs(listing)
    if not form.validate():
        return edit_page(listing, form, 422)
    try:
        tab = save(listing, form)
    except ListingChanged as changed:
        form.merge(changed)
        return edit_page(listing, form, 409, changed)
    except InvalidInput as error:
        form.refuse(error.fields)
        return edit_page(listing, form, 422)
    return redirect(url_for("site_admin.property_edit", property_id=property_id, _anchor=tab))


def save(listing: Property, form: FactsForm) -> str | None:
    """Save what the form holds and say whether anything was new; the tab to come back to."""
    before = listing.lock_version
    texts = differences(listing, flatten({}, form.texts()))
    saved = listings.save_property(
        g.website,
        current_user,
        listing.id,
        form.facts(),
        form.texts(),
        form.seen_version,
        form.origins(),
    )
    unchanged = saved.lock_version == before
    flash("Nothing was changed." if unchanged else "Saved.", "info" if unchanged else "success")
    locale = next((field.split(".")[1] for field in texts), g.website.default_locale)
    return None if locale == g.website.default_locale else f"text-{locale}-panel"


def edit_page(
    listing: Property,
    form: FactsForm,
    status: int = 200,
    changed: ListingChanged | None = None,
    outcome: GenerationResult | GenerationFailed | None = None,
) -> tuple[str, int]:
    """The listing's page, still holding what was typed."""
    changes = changed.changes if changed else []
    signed = sign_off_views.sign_offs(g.website, listing)
    page = render_template(
        "site_admin/properties/edit.html",
        listing=listing,
        form=form,
        changed=changed,
        changes=[property_views.shown_change(listing, form, each) for each in changes],
        states=property_views.text_states(listing, g.website),
        signed=signed,
        stale_texts=sign_off_views.stale_texts(signed),
        view=property_views,
        groups=feature_groups(),
        limits=LIMITS,
        ai=integrations.ai_state(g.website),
        tones=TONES,
        outcome=outcome,
        chosen=request.form,
        fresh_key=lambda: uuid.uuid4().hex,
    )
    return page, status


def render_edit_page(
    property_id: int,
    *,
    outcome: GenerationResult | GenerationFailed | None = None,
    used: GenerationResult | None = None,
) -> Response:
    """The listing's page as posted from its writing panel: all that was typed, nothing saved.

    `outcome` is shown in the panel of the posted language; `used` fills its language's fields.
    """
    listing = listings.get_property(g.website, property_id)
    form = property_form(g.website, listing, as_stored=not listing_was_posted())
    if used is not None:
        row = tenancy.find(GenerationRequest, g.website, used.request_id)
        form.use_text(row.locale, parts_of(used), row.id)
    status = outcome.status if isinstance(outcome, GenerationFailed) else 200
    return make_response(*edit_page(listing, form, status, outcome=outcome))


def parts_of(result: GenerationResult) -> dict[str, str]:
    """The parts of a written text by name."""
    return {name: getattr(result.text, name) for name in TEXT_FIELDS}


@bp.post(f"{ONE}/delete")
@agent
def property_delete(property_id: int) -> Page:
    """Delete a listing."""
    version = request.form.get("lock_version", 0, type=int)
    reference = listings.delete_property(g.website, current_user, property_id, version)
    flash(f"{reference} is deleted.", "success")
    return redirect(url_for("site_admin.properties"))


@bp.route("/properties/import", methods=["GET", "POST"])
@agent
def property_import() -> Page:
    """Listings from a CSV file; the answer tells of the import while it runs."""
    form = ImportForm()
    if not form.validate_on_submit():
        return import_page(form)
    name, stream = form.file.data.filename, import_stream.take_over(form.file.data)
    try:
        events = imports.import_listings(g.website, current_user, stream, filename=name)
    except InvalidInput as error:
        stream.close()
        form.file.errors = error.fields.get("file", [error.message])
        return import_page(form)
    return import_stream.answer(events, name, stream)


def import_page(form: ImportForm) -> tuple[str, int]:
    """The form for a file; to a script, its complaint is an error of its own."""
    if form.errors and import_stream.wants_events():
        messages = [message for field in form for message in field.errors]
        raise InvalidInput(" ".join(messages), fields={"file": messages})
    page = render_template("site_admin/properties/import.html", form=form)
    return page, 422 if form.is_submitted() else 200
