"""The page of models: what there is, what it costs, which ones this website uses."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Response, flash, g, jsonify, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as WerkzeugResponse

from pwb.ai_tools import bp
from pwb.auth.resume import safe_path
from pwb.errors import InvalidInput, wants_json
from pwb.llm.registry import get_provider
from pwb.security import admin
from pwb.services import catalogue, chosen_models, retirement
from pwb.services.model_list import SORTS, ModelPage, Wanted, model_page

Answer = Response | WerkzeugResponse
CONTEXTS = (8_000, 32_000, 128_000, 200_000, 1_000_000)
# Between two clicks on Refresh: the list is everybody's.
REFRESH_PAUSE = timedelta(seconds=30)
REFRESHED = {
    "fetched": ("The list of models is up to date.", "success"),
    "busy": ("The list was fetched a moment ago, or is being fetched just now.", "info"),
    "failed": ("The list could not be fetched; the last good one is kept.", "error"),
}


@bp.get("/ai/models")
@admin
def models() -> str | tuple[str, int]:
    """The models of a provider, to search, narrow and sort."""
    wanted, problems = wanted_models()
    providers = chosen_models.providers_of(g.website)
    provider = get_provider(asked_provider(providers))
    page = model_page(g.website, provider.id, wanted, request.args.get("page", 1, type=int))
    content = render_template(
        "ai_tools/models.html",
        page=page,
        wanted=wanted,
        problems=problems,
        provider=provider,
        providers=[get_provider(name) for name in providers],
        contexts=CONTEXTS,
        question=lambda row: question(page, row),
    )
    return content, 422 if problems else 200


def asked_provider(providers: list[str]) -> str:
    """The provider that the address or the form names, else the one that writes."""
    asked = request.values.get("provider", "")
    if asked in providers:
        return asked
    chosen = chosen_models.chosen_models(g.website)
    return chosen.provider if chosen and chosen.provider in providers else providers[0]


def wanted_models() -> tuple[Wanted, dict[str, str]]:
    """What the address asks for, and what is wrong with it."""
    problems = {}
    try:
        most = cents_from(request.args.get("max_cents", ""))
    except InvalidInput as error:
        most, problems["max_cents"] = None, error.message
    context = request.args.get("context", type=int)
    sort, _, direction = request.args.get("order", "").partition("-")
    sort = request.args.get("sort") or sort
    wanted = Wanted(
        search=request.args.get("q", "").strip()[:200],
        structured=bool(request.args.get("structured")),
        images=bool(request.args.get("images")),
        shortlist=bool(request.args.get("shortlist")),
        allowed=bool(request.args.get("allowed")),
        min_context=context if context and context > 0 else None,
        max_cents=most,
        sort=sort if sort in SORTS else "name",
        direction="desc" if request.args.get("direction", direction) == "desc" else "asc",
    )
    return wanted, problems


def cents_from(text: str) -> Decimal | None:
    """US cents as typed, with a point or a comma; raises InvalidInput."""
    if not text.strip():
        return None
    try:
        amount = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise InvalidInput("Enter US cents, such as 0.5, or leave it blank.")
    return amount


def question(page: ModelPage, row: Any) -> str:
    """What to ask before a row's model becomes the default."""
    from pwb.filters import cents

    old = page.default_row
    asked = f"Write new texts with {row.model.name}"
    if page.chosen and page.chosen.default:
        asked += f" in place of {old.model.name if old else page.chosen.default}"
    price = "at a price that is not known" if row.cost_cents is None else cents(row.cost_cents)
    before = f" in place of {cents(old.cost_cents)}" if old and old.cost_cents is not None else ""
    return f"{asked}? One description then costs {price}{before}."


@bp.post("/ai/models/shortlist")
@admin
def shortlist_model() -> Answer:
    """Put a model on the shortlist, or take it off: as `starred` says, else the other way round."""
    provider = asked_provider(chosen_models.providers_of(g.website))
    model = request.form.get("model", "")
    wanted = {"1": True, "0": False}.get(request.args.get("starred", ""))
    starred = chosen_models.set_shortlisted(g.website, current_user, provider, model, wanted)
    if wants_json():
        return jsonify(success=True, model=model, starred=starred)
    flash(f"{model} is {'on' if starred else 'off'} the shortlist.", "success")
    return back_to_list()


@bp.post("/ai/models/default")
@admin
def make_default_model() -> Answer:
    """Write with this model from now on, or put it in the place of the one in `replaces`."""
    provider = asked_provider(chosen_models.providers_of(g.website))
    model, old = request.form.get("model", ""), request.form.get("replaces", "")
    try:
        if not old:
            chosen_models.make_default(g.website, current_user, provider, model)
        elif not chosen_models.replace_model(g.website, current_user, provider, old, model):
            flash(f"{old} is not in use any more: somebody has changed that already.", "info")
            return back_to_list()
        flash(f"{model} is used from now on.", "success")
    except InvalidInput as error:
        flash(error.sentence(), "error")
    return back_to_list()


@bp.post("/ai/models/refresh")
@admin
def refresh_models() -> Answer:
    """Fetch the list now, unless that was done a moment ago."""
    provider = asked_provider(chosen_models.providers_of(g.website))
    flash(*REFRESHED[catalogue.refresh(provider, pause=REFRESH_PAUSE)])
    return back_to_list()


def back_to_list() -> WerkzeugResponse:
    """The page that the form came from."""
    return redirect(safe_path(request.form.get("back")) or url_for("ai_tools.models"))


@bp.app_context_processor
def model_context() -> dict[str, Any]:
    """What other pages show of models; each asks the database only when it is used."""
    return {
        "ai_notices": ai_notices,
        "ai_model_choices": ai_model_choices,
        "ai_model_options": ai_model_options,
    }


def ai_notices() -> list[retirement.Retirement]:
    """Models in use that are gone or going, for admins; looked up once a request."""
    membership = g.get("membership")
    if membership is None or not membership.is_admin:
        return []
    if "ai_notices" not in g:
        g.ai_notices = retirement.warnings(g.website)
    found: list[retirement.Retirement] = g.ai_notices
    return found


def ai_model_choices() -> list[catalogue.Choice]:
    """The shortlist of the provider that writes, for the select beside Generate; often empty."""
    if "ai_model_choices" not in g:
        chosen = chosen_models.chosen_models(g.website)
        listed = chosen is not None and catalogue.shortlisted(g.website, chosen.provider)
        g.ai_model_choices = (
            catalogue.choices_for(g.website, chosen.provider) if chosen and listed else []
        )
    found: list[catalogue.Choice] = g.ai_model_choices
    return found


def ai_model_options(provider_id: str) -> list[catalogue.Choice]:
    """The models to suggest where one is typed: the shortlist, else the recommended ones."""
    return catalogue.choices_for(g.website, provider_id)
