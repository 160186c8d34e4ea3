"""What the writing panel offers beside a new text: prices, translations, quick instructions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import g
from flask_login import current_user

from pwb.ai_tools import bp
from pwb.ai_tools.descriptions import document
from pwb.content.features import feature_label, may_advertise
from pwb.models import Property, PropertyPhoto
from pwb.services import budget_notices, budgets, model_choices
from pwb.services.budget_notices import Notice
from pwb.services.budgets import BudgetState
from pwb.services.catalogue import Choice
from pwb.services.description_orders import MOST_PHOTOS
from pwb.services.photos import photos_of

CHIPS = ("Shorter", "Warmer", "Plainer")


@bp.app_context_processor
def panel_context() -> dict[str, Any]:
    """Functions for the panel; each asks the database only when it is used."""
    return {
        "ai_budget": ai_budget,
        "ai_budget_notices": ai_budget_notices,
        "ai_stop": ai_stop,
        "ai_default_choice": ai_default_choice,
        "ai_posts_choice": ai_posts_choice,
        "ai_posts_at_once": ai_posts_at_once,
        "ai_alt_text_choice": ai_alt_text_choice,
        "generation_document": document,
        "ai_photo_offer": ai_photo_offer,
        "ai_translation_sources": ai_translation_sources,
        "refine_chips": refine_chips,
    }


def ai_budget() -> BudgetState:
    """How the website and the person stand this month; looked up once a request."""
    if "ai_budget" not in g:
        g.ai_budget = budgets.state(g.website, current_user._get_current_object())
    found: BudgetState = g.ai_budget
    return found


def ai_budget_notices() -> list[Notice]:
    """What every page says of a budget or plan that is used up, or nearly; looked up once."""
    if "ai_budget_notices" not in g:
        member = g.get("membership")
        g.ai_budget_notices = budget_notices.notices(g.website, ai_budget()) if member else []
    found: list[Notice] = g.ai_budget_notices
    return found


def ai_stop(choice: Choice | None) -> Notice | None:
    """Why nothing can be written by the model now: a plan stops all, a budget what costs."""
    costs = choice is None or choice.cost_cents != 0
    full = (each for each in ai_budget_notices() if each.is_full)
    return next((each for each in full if each.what == "plan" or costs), None)


def ai_default_choice(listing: Property | None = None) -> Choice | None:
    """The model that writes by default with its price; looked up once a request."""
    if "ai_default_choice" not in g:
        g.ai_default_choice = model_choices.default_choice(g.website, listing)
    found: Choice | None = g.ai_default_choice
    return found


def ai_posts_choice(listing: Property) -> Choice | None:
    """The model that writes posts by default, with the price of one request for them."""
    return model_choices.posts_choice(g.website, listing)


def ai_posts_at_once() -> bool:
    """Whether that is one request for all platforms."""
    return model_choices.posts_at_once(g.website)


def ai_alt_text_choice(listing: Property) -> Choice | None:
    """The model that describes photos, with the price of one alt text."""
    return model_choices.alt_text_choice(g.website, listing)


def ai_translation_sources(listing: Property, locale: str) -> list[str]:
    """The other languages that the listing has a text in: approved ones first, then the
    website's own language."""
    texts = [text for text in listing.texts if text.locale != locale and text.description.strip()]
    first = g.website.default_locale
    texts.sort(key=lambda text: (text.status != "approved", text.locale != first, text.locale))
    return [text.locale for text in texts if text.locale in g.website.supported_locales]


@dataclass(frozen=True)
class PhotoOffer:
    """The photos that would go along with a text: which, to which models, and what that adds to
    the price of the default one in US cents, None where unknown."""

    photos: list[PropertyPhoto]
    readers: frozenset[str]
    cost_cents: Decimal | None

    @property
    def value(self) -> str:
        """Their ids, as the form posts them."""
        return ",".join(str(photo.id) for photo in self.photos)


def ai_photo_offer(listing: Property) -> PhotoOffer | None:
    """What the panel offers of the listing's photos; None where there are none, or no model that
    reads them. Looked up once a request: each language asks."""
    if "ai_photo_offer" not in g:
        g.ai_photo_offer = _photo_offer(listing)
    found: PhotoOffer | None = g.ai_photo_offer
    return found


def _photo_offer(listing: Property) -> PhotoOffer | None:
    first = photos_of(g.website, listing.id)[:MOST_PHOTOS]
    readers = model_choices.readers(g.website) if first else frozenset()
    if not readers:
        return None
    default = ai_default_choice()
    cost = model_choices.cost_of_photos(g.website, default.id, len(first)) if default else None
    return PhotoOffer(first, readers, cost)


def refine_chips(listing: Property | None) -> list[str]:
    """Quick instructions for another version, one of them about the listing's first feature."""
    features = listing.features if listing else None
    names = [feature_label(key) for key in features or () if may_advertise(key)]
    about = [f"Mention the {names[0][:1].lower()}{names[0][1:]} first"] if names else []
    return [*CHIPS, *about]
