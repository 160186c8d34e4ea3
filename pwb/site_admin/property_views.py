"""What the property pages show of a listing: facts in words, the state of each text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pwb.content import kinds
from pwb.content.features import feature_label
from pwb.filters import language, money, number
from pwb.models import Property, Website
from pwb.services import approvals
from pwb.services.properties import title_of
from pwb.services.property_changes import TheirChange
from pwb.site_admin.property_fields import shortest
from pwb.site_admin.property_forms import FactsForm, ordered_locales

UNITS = {"sqmt": "m²", "sqft": "sq ft"}
_KINDS = {
    "property_type": kinds.type_label,
    "property_state": kinds.state_label,
    "status": kinds.status_label,
}


@dataclass(frozen=True, slots=True)
class TextState:
    """How far a language's text is: "approved", "stale", "draft", "incomplete" where a part is
    missing, "no_text"."""

    locale: str
    name: str
    state: str
    origin: str
    at: datetime | None

    @property
    def tone(self) -> str:
        return {"approved": "success", "draft": "warning", "stale": "warning"}.get(
            self.state, "neutral"
        )

    @property
    def words(self) -> str:
        return "no text yet" if self.state == "no_text" else self.state


def text_states(listing: Property, website: Website) -> list[TextState]:
    """The state of the text in each of the website's languages."""
    return [_text_state(listing, locale) for locale in ordered_locales(website)]


def _text_state(listing: Property, locale: str) -> TextState:
    text = listing.text(locale)
    name = language(locale)
    state: str = approvals.state_of(listing, locale)
    if text is None or state == "no_text":
        return TextState(locale, name, "no_text", "", None)
    if state == "draft" and not (text.title and text.description):
        state = "incomplete"
    return TextState(locale, name, state, text.origin, text.updated_at)


def heading(listing: Property, website: Website) -> str:
    """What a page calls the listing: its title, else what it is and where, else its reference."""
    title = title_of(listing, website.default_locale)
    if title:
        return title
    kind = kinds.type_label(listing.property_type) if listing.property_type else ""
    place = listing.street_address or listing.city or ""
    return ", ".join(part for part in (kind, place) if part) or listing.reference


def area(value: Decimal | None, unit: str) -> str | None:
    """An area with its unit; None where it is not known."""
    return None if value is None else f"{number(value)} {UNITS.get(unit, unit)}"


def price_lines(listing: Property) -> list[str]:
    """The sale price and the rent, as far as they are known."""
    lines = []
    if listing.sale_price is not None:
        lines.append(money(listing.sale_price, listing.currency))
    if listing.rental_price is not None:
        lines.append(f"{money(listing.rental_price, listing.currency)} a month")
    return lines


def fact_list(listing: Property) -> list[tuple[str, str | None]]:
    """The facts beside the text: what counts first; less common ones only where known."""
    always = [
        ("Type", kinds.type_label(listing.property_type) if listing.property_type else None),
        ("Status", kinds.status_label(listing.status)),
        ("Bedrooms", _count(listing.bedrooms)),
        ("Bathrooms", _count(listing.bathrooms)),
        ("Built area", area(listing.constructed_area, listing.area_unit)),
        ("Plot", area(listing.plot_area, listing.area_unit)),
        ("Price", " · ".join(price_lines(listing)) or None),
    ]
    place = ", ".join(filter(None, (listing.street_address, listing.city, listing.region)))
    where_known = [
        ("State", kinds.state_label(listing.property_state) if listing.property_state else None),
        ("Built", str(listing.year_built) if listing.year_built else None),
        ("Toilets", _count(listing.toilets)),
        ("Garages", _count(listing.garages)),
        ("Energy rating", listing.energy_rating),
        ("Address", place or None),
    ]
    return always + [(term, value) for term, value in where_known if value is not None]


def _count(value: Decimal | int | None) -> str | None:
    return None if value is None else number(value)


def shown(listing: Property, field: str, value: Any) -> str:
    """A field's value in words, as the box of changes shows it."""
    if value is None or value in ("", []):
        return "nothing"
    if field in _KINDS:
        return _KINDS[field](value)
    if field in {"sale_price", "rental_price"}:
        return str(money(value, listing.currency))
    if field == "features":
        return ", ".join(feature_label(key) for key in value)
    if field == "area_unit":
        return str(UNITS.get(value, value))
    return number(value) if isinstance(value, Decimal) else str(value)


@dataclass(frozen=True, slots=True)
class ShownChange:
    """Somebody's change in words. `field_id` is the form's field, and `fill` what it would hold
    with their value; empty where the field is no single one."""

    field: str
    field_id: str
    fill: str
    label: str
    before: str | None
    theirs: str
    yours: str
    by: str
    at: datetime | None
    conflict: bool


def shown_change(listing: Property, form: FactsForm, change: TheirChange) -> ShownChange:
    """A change as the page shows it."""
    field = None if change.field == "features" else form.field_for(change.field)
    return ShownChange(
        change.field,
        field.id if field else "",
        shortest(change.theirs) if isinstance(change.theirs, Decimal) else str(change.theirs or ""),
        change.label,
        shown(listing, change.field, change.before) if change.before_known else None,
        shown(listing, change.field, change.theirs),
        shown(listing, change.field, change.yours),
        change.by,
        change.at,
        change.conflict,
    )
