"""Pages of integrations: the cards, one provider's form, and what the buttons do."""

from __future__ import annotations

from flask import abort, flash, g, jsonify, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from pwb.errors import EditConflict, InvalidInput, NotFound, wants_json
from pwb.integrations import bp
from pwb.integrations.forms import IntegrationForm, integration_form
from pwb.models import WebsiteIntegration
from pwb.security import admin
from pwb.services import connection_tests, integrations
from pwb.services.connections import AI, masked_key, operator_variables, trouble_of
from pwb.services.integration_cards import cards, summary_of
from pwb.services.integration_settings import starting_settings
from pwb.services.tenancy import find

Page = str | tuple[str, int] | Response
LARGEST_ID = 2**31 - 1  # What an integer column holds.
ONE = f"/<int(max={LARGEST_ID}):integration_id>"


@bp.get("")
@admin
def index() -> Page:
    """A card for each provider."""
    return render_template(
        "integrations/index.html",
        cards=cards(g.website),
        ai=integrations.ai_state(g.website),
        operator_variables=operator_variables(),
    )


@bp.get("/new")
@admin
def new() -> Page:
    """The empty form of a provider."""
    category = request.args.get("category", AI)
    try:
        provider = integrations.offered_provider(category, request.args.get("provider", ""))
    except InvalidInput as error:
        raise NotFound(error.message, resolution=error.resolution) from None
    existing = integrations.own_integration(g.website, provider.id)
    if existing is not None:
        return redirect(url_for(".edit", integration_id=existing.id))
    return show(integration_form(provider, category, starting_settings(provider)))


@bp.post("")
@admin
def create() -> Page:
    """Connect the website to a provider."""
    category, provider_id = request.form.get("category", AI), request.form.get("provider", "")
    provider = integrations.offered_provider(category, provider_id)
    stored = starting_settings(provider)
    form = integration_form(provider, category, stored, submitted=request.form)
    try:
        integrations.create_integration(
            g.website, current_user, category, provider_id, *form.entered()
        )
    except integrations.AlreadyConfigured as error:
        return show(form, 422, problem=error, existing_id=error.integration_id)
    except InvalidInput as error:
        form.refuse(error.fields)
        return show(form, 422)
    flash(f"{provider.label} is saved. Test the connection to see that the key works.", "success")
    return redirect(url_for(".index"))


@bp.get(f"{ONE}/edit")
@admin
def edit(integration_id: int) -> Page:
    """The form over what is stored; of the key only its last four characters."""
    row = find(WebsiteIntegration, g.website, integration_id)
    return show(form_over(row), row=row)


@bp.post(ONE)
@admin
def update(integration_id: int) -> Page:
    """Save the form; a blank key keeps the stored one."""
    row = find(WebsiteIntegration, g.website, integration_id)
    form = form_over(row, submitted=True)
    try:
        integrations.change_integration(
            g.website, current_user, row.id, *form.entered(), seen_version=form.seen_version()
        )
    except EditConflict as conflict:
        # Saving once more is then a choice made with open eyes.
        row = find(WebsiteIntegration, g.website, integration_id)
        form.version.data = str(row.lock_version)
        return show(form, conflict.status, row=row, problem=conflict)
    except InvalidInput as error:
        form.refuse(error.fields)
        return show(form, 422, row=row)
    flash(f"{form.declared.label} is saved.", "success")
    return redirect(url_for(".index"))


def form_over(row: WebsiteIntegration, submitted: bool = False) -> IntegrationForm:
    """The form of an integration that is there."""
    return integration_form(
        integrations.offered_provider(row.category, row.provider),
        row.category,
        row.settings or {},
        version=row.lock_version,
        key_is_stored=masked_key(row) is not None,
        submitted=request.form if submitted else None,
    )


def show(
    form: IntegrationForm,
    status: int = 200,
    *,
    row: WebsiteIntegration | None = None,
    problem: InvalidInput | EditConflict | None = None,
    existing_id: int | None = None,
) -> tuple[str, int]:
    """The form's page, empty, filled or sent back."""
    page = render_template(
        "integrations/form.html",
        form=form,
        provider=form.declared,
        summary=summary_of(form.declared),
        row=row,
        key=masked_key(row) if row else None,
        trouble=trouble_of(row) if row else None,
        problem=problem,
        existing_id=existing_id,
        submitted=status != 200,
    )
    return page, status


@bp.post(f"{ONE}/test_connection")
@admin
def test_connection(integration_id: int) -> Response:
    """Ask the provider what it makes of the key."""
    return tell(connection_tests.check_integration(g.website, integration_id))


@bp.post("/environment/test_connection")
@admin
def test_environment() -> Response:
    """Whether the operator's key works, for a website that depends on it."""
    if integrations.ai_state(g.website).source != "environment":
        abort(404)
    return tell(connection_tests.check_operator_key())


def tell(finding: connection_tests.Finding) -> Response:
    """A finding as JSON (status 200 also where the key is bad: the test itself did its work), or
    as a notice above the cards."""
    if wants_json():
        return jsonify(finding.as_json())
    kind = "warning" if finding.ok and finding.warnings else "success" if finding.ok else "error"
    flash(finding.sentence(), kind)
    return redirect(url_for(".index"))


@bp.post(f"{ONE}/toggle")
@admin
def toggle(integration_id: int) -> Response:
    """Switch on or off: to the state in the field `enabled`, or without one to the other."""
    wanted = {"1": True, "0": False}.get(request.form.get("enabled", ""))
    row = integrations.toggle_integration(g.website, current_user, integration_id, wanted)
    flash(f"{integrations.label_of(row)} is switched {'on' if row.enabled else 'off'}.", "success")
    return redirect(url_for(".index"))


@bp.post(f"{ONE}/activate")
@admin
def activate(integration_id: int) -> Response:
    """Have this provider write from now on."""
    try:
        row = integrations.activate_integration(g.website, current_user, integration_id)
        flash(f"{integrations.label_of(row)} writes from now on.", "success")
    except InvalidInput as error:
        flash(error.sentence(), "error")
    return redirect(url_for(".index"))


@bp.post(f"{ONE}/delete")
@admin
def delete(integration_id: int) -> Response:
    """Forget the integration with its key."""
    removed = integrations.remove_integration(g.website, current_user, integration_id)
    flash(f"{removed} is removed, and its key forgotten.", "success")
    return redirect(url_for(".index"))
