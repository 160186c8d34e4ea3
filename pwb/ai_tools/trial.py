"""Two or three models on one listing, side by side, before one becomes the default."""

from __future__ import annotations

import uuid

from flask import g, render_template

from pwb.ai_tools import bp
from pwb.ai_tools.descriptions import Answer, answer
from pwb.ai_tools.drafts import ordered_locales
from pwb.content import tasks
from pwb.content.listing import TONES
from pwb.filters import cents
from pwb.models import Property
from pwb.security import admin
from pwb.services import chosen_models, integrations, model_choices
from pwb.services.catalogue import Choice
from pwb.services.generations import Trial
from pwb.services.properties import get_property
from pwb.services.tenancy import find

MOST_MODELS = 3
MODEL_TRIAL = Trial("model", request_type=tasks.MODEL_TRIAL)


@bp.get("/properties/<int:property_id>/trial")
@admin
def trial(property_id: int) -> str:
    """Choose the models, and compare what they write."""
    chosen = chosen_models.chosen_models(g.website)
    return render_template(
        "ai_tools/trial.html",
        listing=get_property(g.website, property_id),
        locales=ordered_locales(),
        ai=integrations.ai_state(g.website),
        tones=TONES,
        choices=model_choices.trial_choices(g.website),
        chosen=chosen,
        most=MOST_MODELS,
        question=lambda choice: question(choice, chosen.default if chosen else ""),
        key=uuid.uuid4().hex,
    )


def question(choice: Choice, default: str) -> str:
    """What to ask before a model becomes the default."""
    known = choice.cost_cents is not None
    price = cents(choice.cost_cents) if known else "at a price that is not known"
    asked = f"Write new texts with {choice.name} in place of {default}?"
    return f"{asked} One description then costs {price}."


@bp.post("/properties/<int:property_id>/trial")
@admin
def run_trial(property_id: int) -> Answer:
    """Write with one of the models that are compared."""
    listing = find(Property, g.website, property_id)
    return answer(listing, MODEL_TRIAL)
