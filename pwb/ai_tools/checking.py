"""`POST /site_admin/properties/<id>/check`: what the checks find in a text as it stands now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, g, jsonify, request

from pwb.ai_tools import bp
from pwb.content.features import canonical_features
from pwb.content.listing import ListingFacts
from pwb.errors import InvalidInput
from pwb.models import Property
from pwb.models.properties import TEXT_FIELDS
from pwb.security import agent
from pwb.services import checks
from pwb.services.listing_facts import facts_of
from pwb.services.tenancy import find

# As long as the form takes them.
LONGEST = {"title": 255, "description": 20_000, "meta_description": 320}
MOST_FEATURES, LONGEST_NAME, MOST_SEEN = 150, 200, 40


@bp.post("/properties/<int:property_id>/check")
@agent
def check_text(property_id: int) -> Response:
    """Check a text that need not be saved; its body is {"locale", the three parts, "features"?}.

    `features` stand in for the listing's own where the form has other ones than are saved, and
    `seen_in_photos` are the wordings that the text owes to photos.
    """
    listing = find(Property, g.website, property_id)
    order = posted_object()
    locale = one_of_ours(order.get("locale"))
    facts = with_features(facts_of(listing), order.get("features"))
    parts = parts_of(order)
    found = checks.check_text(g.website, facts, locale, parts)
    return jsonify(checks.with_seen(found, parts, seen_of(order)).as_json())


def posted_object() -> dict[str, Any]:
    """The JSON object that was posted; raises InvalidInput."""
    posted = request.get_json(silent=True)
    if not isinstance(posted, dict):
        raise InvalidInput("Send the text as one JSON object.")
    return posted


def one_of_ours(locale: object) -> str:
    """The language, which must be one of the website's; raises InvalidInput."""
    if not isinstance(locale, str) or locale not in g.website.supported_locales:
        message = f"{str(locale)[:20]!r} is not one of this website's languages."
        raise InvalidInput(message, fields={"locale": [message]})
    return locale


def parts_of(order: dict[str, Any]) -> dict[str, str]:
    """The parts of the text, an absent one empty; raises InvalidInput naming the field."""
    parts = {name: order.get(name, "") for name in TEXT_FIELDS}
    for name, text in parts.items():
        if not isinstance(text, str) or len(text) > LONGEST[name]:
            message = f"{name} is a text of at most {LONGEST[name]} characters."
            raise InvalidInput(message, fields={name: [message]})
    return parts


def seen_of(order: dict[str, Any]) -> list[str]:
    """The wordings seen in photos; raises InvalidInput."""
    seen = order.get(checks.SEEN, [])
    listed = seen if isinstance(seen, list) else [None]
    words = [each for each in listed if isinstance(each, str) and len(each) <= LONGEST_NAME]
    if len(words) != len(listed) or len(words) > MOST_SEEN:
        message = f"{checks.SEEN} is a list of at most {MOST_SEEN} wordings."
        raise InvalidInput(message, fields={checks.SEEN: [message]})
    return words


def with_features(facts: ListingFacts, features: object) -> ListingFacts:
    """The facts with the form's features, where it sent any list; raises InvalidInput."""
    if features is None:
        return facts
    names = features if isinstance(features, list) else [features]
    known = [name for name in names if isinstance(name, str) and len(name) <= LONGEST_NAME]
    if names is not features or len(known) != len(names) or len(names) > MOST_FEATURES:
        message = f"features is a list of at most {MOST_FEATURES} names."
        raise InvalidInput(message, fields={"features": [message]})
    return replace(facts, features=canonical_features(known))
