"""Listing descriptions: what leaves for the model, the prompt, and the form of the answer.

Facts, and whatever else is not the portal's or the agency's own word (an older text, an agent's
wish for it), travel as one JSON document in the user message and never in the instructions. Only
the fields in FACT_FIELDS leave; owners, telephone numbers and access notes have no place
in ListingFacts.
"""

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Literal

from pwb.content.exact_json import exact_json
from pwb.content.features import feature_label, may_advertise
from pwb.content.kinds import state_label, status_label, type_label
from pwb.content.locales import LOCALES, length_in_words
from pwb.content.parsing import LIMITS, ListingText, UnreadableText, parse_listing
from pwb.content.plain_text import one_line, paragraphs
from pwb.content.rendering import render_prompt
from pwb.content.stream import FieldStream

__all__ = [
    "DESCRIPTION",
    "FACT_FIELDS",
    "LENGTHS",
    "LIMITS",
    "LOCALES",
    "OUTPUT_SCHEMA",
    "REFINEMENT",
    "REFRESH",
    "SCHEMA_WITH_PHOTOS",
    "TONES",
    "TRANSLATION",
    "FieldStream",
    "ListingBrief",
    "ListingFacts",
    "ListingText",
    "Prompt",
    "UnreadableText",
    "build_messages",
    "listing_document",
    "parse_listing",
]

TONES = ("professional", "casual", "luxury", "warm", "modern")
LENGTHS = {"short": 100, "medium": 150, "long": 250}
"""How long a description may be asked to be, in words."""

DESCRIPTION = "listing_description"
REFINEMENT = "listing_refinement"
TRANSLATION = "listing_translation"
REFRESH = "listing_refresh"
_ON_A_TEXT = (REFINEMENT, TRANSLATION, REFRESH)

AreaUnit = Literal["sqmt", "sqft"]
_UNITS = {"sqmt": "m2", "sqft": "sq ft"}


@dataclass(frozen=True, slots=True)
class ListingFacts:
    """What is known of a property; None is unknown, and so is a 0 of anything.

    Areas are in `area_unit`; prices in `currency`, the rental price per month; `features` are
    canonical keys; `property_type`, `property_state` and `status` are keys of pwb.content.kinds.
    """

    reference: str
    property_type: str | None = None
    property_state: str | None = None
    status: str | None = None
    bedrooms: int | None = None
    bathrooms: Decimal | None = None
    toilets: int | None = None
    garages: int | None = None
    constructed_area: Decimal | None = None
    plot_area: Decimal | None = None
    area_unit: AreaUnit = "sqmt"
    year_built: int | None = None
    energy_rating: str | None = None
    street_address: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    sale_price: Decimal | None = None
    rental_price: Decimal | None = None
    currency: str | None = None
    features: tuple[str, ...] = ()


FACT_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(ListingFacts))
"""Everything that may leave for a model, by name; nothing else of a property does."""


@dataclass(frozen=True, slots=True)
class ListingBrief:
    """One text to write: of which facts, in which locale and tone, about how many words long.

    `rules` are the agency's own writing rules in order, `avoid` the words it does not want. The
    tasks other than DESCRIPTION work on `current_text`: REFINEMENT follows `instruction`,
    TRANSLATION comes from `source_locale`, REFRESH catches up with the facts. Such a text keeps
    its own length. `variant` only makes one order differ from another. `photos` go along with a
    DESCRIPTION only. Raises ValueError for a locale, tone or task that is not offered, a length
    that is not positive, and a part that the task lacks.
    """

    facts: ListingFacts
    locale: str
    tone: str = "professional"
    rules: tuple[str, ...] = ()
    words: int = LENGTHS["medium"]
    call_to_action: bool = True
    avoid: tuple[str, ...] = ()
    task: str = DESCRIPTION
    current_text: ListingText | None = None
    instruction: str | None = None
    source_locale: str | None = None
    variant: int = 0
    photos: int = 0

    def __post_init__(self) -> None:
        if self.locale not in LOCALES:
            raise ValueError(f"{self.locale!r} is not one of the locales {', '.join(LOCALES)}.")
        if self.tone not in TONES:
            raise ValueError(f"{self.tone!r} is not one of the tones {', '.join(TONES)}.")
        if self.words < 1:
            raise ValueError("A text needs at least one word.")
        self._check_task()

    def _check_task(self) -> None:
        if self.task not in (DESCRIPTION, *_ON_A_TEXT):
            raise ValueError(f"{self.task!r} is no task.")
        if (self.current_text is not None) != (self.task in _ON_A_TEXT):
            raise ValueError(f"{self.task} and a current text do not go together.")
        if (self.instruction is not None) != (self.task == REFINEMENT):
            raise ValueError(f"{self.task} and an instruction do not go together.")
        if (self.source_locale in LOCALES) != (self.task == TRANSLATION):
            raise ValueError(f"{self.task} and a source language do not go together.")
        if self.photos and self.task != DESCRIPTION:
            raise ValueError(f"{self.task} and photos do not go together.")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One message for the model."""

    role: Literal["system", "user"]
    content: str


OUTPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {
            "type": "string",
            "description": f"Headline of the listing, at most {LIMITS['title']} characters.",
        },
        "description": {
            "type": "string",
            "description": "The text of the listing, plain, with an empty line between paragraphs,"
            f" at most {LIMITS['description']} characters.",
        },
        "meta_description": {
            "type": "string",
            "description": "Summary for search engines in one or two sentences,"
            f" at most {LIMITS['meta_description']} characters.",
        },
    },
    "required": ["title", "description", "meta_description"],
    "additionalProperties": False,
}
"""Strict schema of the answer. Limits stand in words: some providers refuse maxLength."""

_SEEN = {
    "type": "array",
    "items": {"type": "string"},
    "description": "Every wording of the text that rests on a photo and not on the listing"
    " document, exactly as it stands in the text.",
}
SCHEMA_WITH_PHOTOS: dict[str, Any] = {
    **OUTPUT_SCHEMA,
    "properties": OUTPUT_SCHEMA["properties"] | {"seen_in_photos": _SEEN},
    "required": [*OUTPUT_SCHEMA["required"], "seen_in_photos"],
}
"""The same where photos go along: the text tells which of its words they are the reason for."""


def build_messages(brief: ListingBrief) -> tuple[Prompt, Prompt]:
    """The instructions, and everything that is data as one JSON document."""
    instructions = render_prompt(
        brief.task,
        language=LOCALES[brief.locale],
        locale=brief.locale,
        source_language=LOCALES.get(brief.source_locale or ""),
        tone=brief.tone,
        length=length_in_words(brief.locale, brief.words),
        limits=LIMITS,
        call_to_action=brief.call_to_action,
        has_variant=brief.variant > 0,
        photos=brief.photos,
        rules=_lines(brief.rules),
        avoid=_lines(brief.avoid),
    )
    return Prompt("system", instructions), Prompt("user", exact_json(_document(brief)))


def _lines(texts: tuple[str, ...]) -> list[str]:
    return [line for line in map(one_line, texts) if line]


def _document(brief: ListingBrief) -> dict[str, Any]:
    """The order's data; what does not apply to its task is left out."""
    text = brief.current_text
    document: dict[str, Any] = {
        "task": brief.task,
        "locale": brief.locale,
        "tone": brief.tone,
        "words": brief.words if brief.task == DESCRIPTION else None,
        "call_to_action": brief.call_to_action,
        "variant": brief.variant or None,
        "photos": brief.photos or None,
        "source_locale": brief.source_locale,
        "instruction": one_line(brief.instruction or "") or None,
        "listing": listing_document(brief.facts),
        "current_text": _text_document(text) if text is not None else None,
    }
    return {name: value for name, value in document.items() if value is not None}


def _text_document(text: ListingText) -> dict[str, str]:
    return {
        "title": one_line(text.title),
        "description": paragraphs(text.description),
        "meta_description": one_line(text.meta_description),
    }


def listing_document(facts: ListingFacts) -> dict[str, Any]:
    """The facts as they are sent, under the names of FACT_FIELDS: only known ones.

    Features that describe wanted people rather than the property stay behind.
    """
    document: dict[str, Any] = {
        "reference": _text(facts.reference),
        "property_type": facts.property_type and _text(type_label(facts.property_type)),
        "property_state": facts.property_state and _text(state_label(facts.property_state)),
        "status": facts.status and _text(status_label(facts.status)),
        "bedrooms": facts.bedrooms,
        "bathrooms": _number(facts.bathrooms),
        "toilets": facts.toilets,
        "garages": facts.garages,
        "constructed_area": _area(facts.constructed_area, facts.area_unit),
        "plot_area": _area(facts.plot_area, facts.area_unit),
        "year_built": facts.year_built,
        "energy_rating": _text(facts.energy_rating),
        "street_address": _text(facts.street_address),
        "city": _text(facts.city),
        "region": _text(facts.region),
        "postal_code": _text(facts.postal_code),
        "country": _text(facts.country),
        "sale_price": _price(facts.sale_price, facts.currency, "for sale"),
        "rental_price": _price(facts.rental_price, facts.currency, "for rent, per month"),
        "features": [_feature(key) for key in facts.features if may_advertise(key)],
    }
    return {name: value for name, value in document.items() if value}


def _text(text: str | None) -> str | None:
    return one_line(text) if text else None


def _number(value: Decimal | None) -> Decimal | None:
    number = Decimal(value or 0)
    return number if number.is_finite() and number > 0 else None


def _area(value: Decimal | None, unit: str) -> dict[str, object] | None:
    known = _number(value)
    return {"value": known, "unit": _UNITS.get(unit, unit)} if known is not None else None


def _price(value: Decimal | None, currency: str | None, kind: str) -> dict[str, object] | None:
    known = _number(value)
    if known is None:
        return None
    price: dict[str, object] = {"value": known, "kind": kind}
    if currency:
        price["currency"] = _text(currency)
    return price


def _feature(key: str) -> dict[str, str]:
    return {"key": key, "label": feature_label(key)}
