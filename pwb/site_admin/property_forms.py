"""The listing's one form: all facts, and a text per language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import Field, Form, FormField, HiddenField, SelectMultipleField, TextAreaField
from wtforms.validators import DataRequired

from pwb.content import kinds
from pwb.content.features import FEATURES, canonical_features, feature_label
from pwb.content.locales import LOCALES
from pwb.models import Property, Website
from pwb.models.properties import FACTS, TEXT_FIELDS
from pwb.services.property_changes import ListingChanged, text_field, value_of
from pwb.site_admin.property_fields import (
    KindField,
    LineField,
    NumberField,
    at_most,
    plain,
    printable,
)

LONGEST = {"title": 255, "description": 20_000, "meta_description": 320}
LARGEST_ID = 2**31 - 1
MOST_FEATURES = 150
_HIGHEST_PRICE = 10**12 - 1
_LARGEST_AREA = 10**9 - 1
_UNITS = {"sqmt": "m²", "sqft": "sq ft"}
_CURRENCIES = (
    "EUR USD GBP CHF AED ARS AUD BGN BRL CAD CLP CNY COP CZK DKK EGP HKD HUF IDR ILS INR ISK JPY "
    "KRW MAD MXN MYR NOK NZD PEN PHP PLN RON RUB SAR SEK SGD THB TRY TWD UAH ZAR"
)
_TEXT_NAME = re.compile(r"text-([A-Za-z-]{1,12})-(?:title|description|meta_description)")


class TextForm(Form):
    """One language's text; `request_id` names the generation it was taken from."""

    title = LineField("Title", LONGEST["title"])
    description = TextAreaField(
        "Description", [at_most(LONGEST["description"]), printable], filters=[plain]
    )
    meta_description = TextAreaField(
        "Meta description", [at_most(LONGEST["meta_description"]), printable], filters=[plain]
    )
    request_id = HiddenField()


class FactsForm(FlaskForm):
    """Every fact of a listing; texts are added per language by `form_class`."""

    lock_version = HiddenField()
    reference = LineField("Reference", 64, [DataRequired("Every listing needs a reference.")])
    status = KindField("Status", kinds.STATUSES, default="available")
    property_type = KindField("Type", kinds.PROPERTY_TYPES, blank="Not known")
    property_state = KindField("State", kinds.PROPERTY_STATES, blank="Not known")
    bedrooms = NumberField("Bedrooms", high=200)
    bathrooms = NumberField("Bathrooms", high=200, places=1)
    toilets = NumberField("Toilets", high=200)
    garages = NumberField("Garages", high=200)
    constructed_area = NumberField("Built area", high=_LARGEST_AREA, places=2)
    plot_area = NumberField("Plot", high=_LARGEST_AREA, places=2)
    area_unit = KindField("Unit of area", _UNITS, default="sqmt")
    year_built = NumberField("Year built", low=1000, high=2100)
    energy_rating = LineField("Energy rating", 10)
    street_address = LineField("Street address", 200)
    city = LineField("City", 120)
    region = LineField("Region", 120)
    postal_code = LineField("Postal code", 20)
    country = LineField("Country", 120)
    latitude = NumberField("Latitude", low=-90, high=90, places=6)
    longitude = NumberField("Longitude", low=-180, high=180, places=6)
    currency = KindField("Currency", {code: code for code in _CURRENCIES.split()})
    sale_price = NumberField("Sale price", high=_HIGHEST_PRICE, places=2)
    rental_price = NumberField("Rent a month", high=_HIGHEST_PRICE, places=2)
    features = SelectMultipleField("Features", validate_choice=False)
    other_features = TextAreaField("Other features", [at_most(10_000), printable], filters=[plain])

    locales: tuple[str, ...] = ()
    supported: tuple[str, ...] = ()

    def text(self, locale: str) -> TextForm:
        """The fields of one language."""
        form: TextForm = self[f"text-{locale}"].form
        return form

    def facts(self) -> dict[str, Any]:
        """The facts that were sent; what was not sent stays as it is."""
        names = [name for name in FACTS if name != "features" and self[name].raw_data]
        facts = {name: self[name].data for name in names}
        if self.features.raw_data or self.other_features.raw_data:
            facts["features"] = self.chosen_features()
        return facts

    def chosen_features(self) -> list[str]:
        """The ticked features, then those that were typed."""
        typed = re.split(r"[,\n]", self.other_features.data or "")
        return list(canonical_features([*(self.features.data or ()), *typed]))

    def texts(self) -> dict[str, dict[str, str]]:
        """The texts that were sent, by locale."""
        return {
            locale: {name: part.data for name in TEXT_FIELDS if (part := text[name]).raw_data}
            for locale in self.locales
            for text in [self.text(locale)]
        }

    def origins(self) -> dict[str, int]:
        """The generation that each text was taken from, where the form names one."""
        named = {locale: self.text(locale).request_id.data or "" for locale in self.locales}
        return {
            locale: int(value)
            for locale, value in named.items()
            if re.fullmatch("[0-9]{1,10}", value) and int(value) <= LARGEST_ID
        }

    @property
    def seen_version(self) -> int:
        """The version the form was made from; 0, which is never current, where it names none."""
        # A field that was not sent keeps the stored value, which nobody has seen.
        value = (self.lock_version.raw_data or [""])[0]
        return int(value) if re.fullmatch("[0-9]{1,9}", value) else 0

    def validate(self, extra_validators: Any = None) -> bool:
        valid: bool = super().validate(extra_validators)
        for locale in self.locales:
            if locale not in self.supported:
                name = LOCALES.get(locale, locale)
                _complain(self.text(locale).title, f"{name} is not among the website's languages.")
                valid = False
        if len(self.chosen_features()) > MOST_FEATURES:
            _complain(self.other_features, f"At most {MOST_FEATURES} features fit.")
            valid = False
        return valid

    def field_for(self, flat: str) -> Field | None:
        """The field that a flat name such as "text.en.title" means."""
        kind, _, rest = flat.partition(".")
        if kind != "text":
            return self[flat] if flat in FACTS else None
        locale, _, name = rest.partition(".")
        known = locale in self.locales and name in TEXT_FIELDS
        return self.text(locale)[name] if known else None

    def show(self, flat: str, value: Any) -> None:
        """Put `value` into a field in place of what was typed."""
        if flat == "features":
            self.other_features.data, self.features.data = split_features(value)
            self.other_features.raw_data = self.features.raw_data = None
        elif (field := self.field_for(flat)) is not None:
            field.data, field.raw_data, field.process_errors = value, None, []

    def use_text(self, locale: str, parts: Mapping[str, str], request_id: int) -> None:
        """Put a generated text into a language's fields."""
        for name in TEXT_FIELDS:
            self.show(text_field(locale, name), parts[name])
        if locale in self.locales:
            field = self.text(locale).request_id
            field.data, field.raw_data = str(request_id), None

    def refuse(self, problems: Mapping[str, list[str]]) -> None:
        """Show a service's complaints beside their fields."""
        for flat, messages in problems.items():
            field = self.field_for(flat)
            for message in messages:
                _complain(field, message) if field else self.form_errors.append(message)

    def take_theirs(self, listing: Property) -> None:
        """Where the person chose "use theirs", what is stored now replaces what was typed."""
        for name, choice in request.form.items():
            flat = name.removeprefix("keep-")
            if flat != name and choice == "theirs" and self.field_for(flat) is not None:
                self.show(flat, value_of(listing, flat))

    def merge(self, changed: ListingChanged) -> None:
        """Take over what others changed and the person did not, and carry the newer version."""
        for change in changed.taken:
            self.show(change.field, change.theirs)
        self.lock_version.data = str(changed.version)
        self.lock_version.raw_data = None

    def fact_problems(self) -> bool:
        """Whether a fact is complained about: its section must then be open."""
        return any(field.errors for field in self if not isinstance(field, FormField))

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Every complaint as (id of the field, its name, the complaint)."""
        for field in self:
            if isinstance(field, FormField):
                for part in field.form:
                    label = f"{field.label.text}, {part.label.text.lower()}"
                    yield from ((part.id, label, str(error)) for error in part.errors)
            else:
                yield from ((field.id, field.label.text, str(error)) for error in field.errors)


def _complain(field: Field, message: str) -> None:
    field.errors = [*field.errors, message]


def split_features(keys: list[str] | None) -> tuple[str, list[str]]:
    """The features that have no box, one a line, and those that have."""
    keys = keys or []
    others = [feature_label(key) for key in keys if key not in FEATURES]
    return "\n".join(others), [key for key in keys if key in FEATURES]


@lru_cache(maxsize=256)
def form_class(locales: tuple[str, ...]) -> type[FactsForm]:
    """The form with a part for each of `locales`."""
    from pwb.filters import language

    parts = {f"text-{code}": FormField(TextForm, label=language(code)) for code in locales}
    return type("PropertyForm", (FactsForm,), {**parts, "locales": locales})


def property_form(
    website: Website, listing: Property | None = None, as_stored: bool = False
) -> FactsForm:
    """The form for a listing, or for a new one, in the website's languages.

    It holds what was posted, or with `as_stored` what the listing has, whatever was posted.
    A language that was sent and that the website lacks is shown too: what was typed is not lost.
    """
    supported = ordered_locales(website)
    sent = (match.group(1) for name in request.form if (match := _TEXT_NAME.fullmatch(name)))
    unknown = [locale for locale in dict.fromkeys(sent) if locale not in supported][:5]
    posted = {"formdata": None} if as_stored else {}
    stored = _stored(website, listing, supported)
    form = form_class((*supported, *unknown))(**posted, data=stored)
    form.supported = supported
    if listing is not None:
        form.property_type.keep(
            listing.property_type, kinds.type_label(listing.property_type or "")
        )
        form.property_state.keep(
            listing.property_state, kinds.state_label(listing.property_state or "")
        )
        form.status.keep(listing.status, kinds.status_label(listing.status))
    currency = listing.currency if listing else website.currency
    form.currency.keep(currency, currency)
    return form


def listing_was_posted() -> bool:
    """Whether the request carries a listing's form: a button elsewhere sends a language alone."""
    return any(name in FACTS or _TEXT_NAME.fullmatch(name) for name in request.form)


def ordered_locales(website: Website) -> tuple[str, ...]:
    """The website's languages, its own first."""
    first = website.default_locale
    return (first, *(code for code in website.supported_locales if code != first))


def _stored(website: Website, listing: Property | None, locales: tuple[str, ...]) -> dict[str, Any]:
    if listing is None:
        return {"currency": website.currency}
    stored: dict[str, Any] = {name: getattr(listing, name) for name in FACTS}
    stored["other_features"], stored["features"] = split_features(listing.features)
    stored["lock_version"] = str(listing.lock_version)
    for locale in locales:
        parts = {name: value_of(listing, text_field(locale, name)) for name in TEXT_FIELDS}
        stored[f"text-{locale}"] = parts
    return stored


def feature_groups() -> dict[str, list[tuple[str, str]]]:
    """The features that have a box, by group: key and label."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for feature in FEATURES.values():
        groups.setdefault(feature.group, []).append((feature.key, feature.label))
    return groups


class ImportForm(FlaskForm):
    """The file of listings."""

    file = FileField("CSV file", [FileRequired("Choose a file first.")])
