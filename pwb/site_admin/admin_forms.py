"""Forms of people and of the website's settings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from babel import Locale, numbers
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import DataRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from pwb.content.fair_housing import JURISDICTIONS
from pwb.content.locales import LOCALES
from pwb.errors import InvalidInput
from pwb.models import Website
from pwb.services import budgets, websites
from pwb.site_admin.property_fields import NumberField

ROLE_CHOICES = {"agent": "Agent", "admin": "Admin"}


class InviteForm(FlaskForm):
    """Whom to invite, as what."""

    email = EmailField("E-mail", [DataRequired("Enter an e-mail."), Length(max=254)])
    role = SelectField("Role", choices=ROLE_CHOICES)


class RoleForm(FlaskForm):
    """A member's role."""

    role = SelectField("Role", choices=ROLE_CHOICES)


class BudgetField(NumberField):
    """A month's budget, typed in US dollars and kept in cents; empty means that there is none."""

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(label, high=budgets.MOST_CENTS // 100, places=2, **kwargs)

    data: Any

    def process_data(self, value: int | None) -> None:
        self.data = None if value is None else Decimal(value) / 100

    @property
    def cents(self) -> int | None:
        """What was typed."""
        return None if self.data is None else int(self.data * 100)


class BudgetForm(FlaskForm):
    """What one person may spend a month."""

    monthly_budget_cents = BudgetField("Monthly budget")


class TokenForm(FlaskForm):
    """What a new API token is for."""

    name = StringField("Name", [DataRequired("Say what the token is for."), Length(max=80)])


class SettingsForm(FlaskForm):
    """A website's settings; `version` is of the settings that the form was made from."""

    name = StringField("Name", [DataRequired("A website needs a name."), Length(max=120)])
    supported_locales = SelectMultipleField(
        "Languages",
        choices=LOCALES,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    default_locale = SelectField("Main language", choices=LOCALES)
    time_zone = SelectField("Time zone")
    currency = SelectField("Currency")
    custom_domain = StringField("Own domain", [Length(max=253)])
    jurisdictions = SelectMultipleField(
        "Whose law applies",
        choices=JURISDICTIONS,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    agents_may_override = BooleanField("Agents too may approve a text over a finding")
    ai_disclosure = StringField("Disclosure", [Length(max=500)])
    monthly_budget_cents = BudgetField("Monthly budget")
    version = HiddenField()

    def offer(self, website: Website) -> None:
        """Fill the long lists, which also offer what the website has now."""
        self.time_zone.choices = zone_choices(website.time_zone)
        self.currency.choices = currency_choices(website.currency)


def zone_choices(current: str) -> dict[str, dict[str, str]]:
    """Time zones by part of the world, named after their place."""
    groups: dict[str, dict[str, str]] = {}
    for name in sorted({current, *websites.time_zones()}, key=lambda zone: ("/" in zone, zone)):
        region, _, place = name.partition("/")
        label = place.replace("_", " ").replace("/", " – ") or name
        groups.setdefault(region if place else "Everywhere", {})[name] = label
    return groups


def currency_choices(current: str) -> dict[str, str]:
    """Currencies by code with their English names."""
    english = Locale("en")
    return {
        code: f"{code} – {numbers.get_currency_name(code, locale=english)}"
        for code in sorted({current, *websites.currencies()})
    }


def put_beside_fields(form: FlaskForm, error: InvalidInput) -> None:
    """The service's messages where the person looks for them."""
    for name, problems in error.fields.items():
        form[name].errors = list(problems)
    if not error.fields:
        form.form_errors.append(error.sentence())
