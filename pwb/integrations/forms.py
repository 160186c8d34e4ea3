"""The form of one provider's key and settings, made from what the provider declares.

The form only carries values: `pwb.services.integration_settings` checks them, for the pages and
the command line alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired

from pwb.llm.providers.base import FormField, Provider
from pwb.services.connections import MAX_TOKENS_DEFAULT

# What each privacy and routing setting means to somebody who has never heard of it.
EXPLANATIONS = {
    "max_tokens": "The most a model may write in one answer; a token is about three quarters of a "
    f"word. {MAX_TOKENS_DEFAULT:,} is plenty for a description.",
    "fallback_models": "Tried in this order when the default model cannot answer. One a line, or "
    "separated by commas. Requests show which model really wrote.",
    "zdr": "Only providers that keep nothing of what they are sent. Fewer models remain, and those "
    "that do may cost more.",
    "data_collection": "Never leaves out providers that may store texts and train models on them.",
    "sort": "Which provider is tried first where several serve the same model.",
    "max_price_prompt": "In US dollars. Providers that ask more for what they read are not used; "
    "blank means any price.",
    "max_price_completion": "In US dollars. Providers that ask more for what they write are not "
    "used; blank means any price.",
}
TOGGLE_ON = "y"


class IntegrationForm(FlaskForm):
    """The part that every provider has: which one it is, and the version the form was made from."""

    category = HiddenField()
    provider = HiddenField()
    version = HiddenField()

    declared: Provider

    @property
    def credentials(self) -> list[Field]:
        """The secret fields."""
        return [self[field.name] for field in self.declared.credential_fields]

    @property
    def basics(self) -> list[Field]:
        """The settings that need a value."""
        return [self[field.name] for field in self.declared.setting_fields if field.required]

    @property
    def advanced(self) -> list[Field]:
        """The settings that can be left alone."""
        return [self[field.name] for field in self.declared.setting_fields if not field.required]

    @property
    def advanced_in_use(self) -> bool:
        """Whether the settings that can be left alone were not, or need a look."""
        return any(field.errors or field.data for field in self.advanced)

    def entered(self) -> tuple[dict[str, str | None], dict[str, Any]]:
        """What was entered: credentials, and settings."""
        credentials = {
            field.name: self[field.name].data for field in self.declared.credential_fields
        }
        settings = {field.name: self[field.name].data for field in self.declared.setting_fields}
        return credentials, settings

    def seen_version(self) -> int | None:
        """The version the form was made from; None where a program sent none."""
        text = self.version.data or ""
        return int(text) if text.isdecimal() and len(text) < 10 else None

    def refuse(self, problems: Mapping[str, list[str]]) -> None:
        """Show each problem beside its field."""
        for name, reasons in problems.items():
            if name in self._fields:
                self[name].errors = list(reasons)


def integration_form(
    provider: Provider,
    category: str,
    stored: Mapping[str, Any],
    *,
    version: int | None = None,
    key_is_stored: bool = False,
    submitted: MultiDict[str, str] | None = None,
) -> IntegrationForm:
    """The provider's form over the `stored` settings, or over what was submitted on top of them.

    A field that was not submitted at all keeps its stored value. `key_is_stored`: a blank secret
    is allowed.
    """
    fields: dict[str, Any] = {"declared": provider}
    for field in provider.credential_fields:
        fields[field.name] = _secret(field, required=field.required and not key_is_stored)
    for field in provider.setting_fields:
        fields[field.name] = _MAKERS.get(field.kind, _text)(field)
    made: type[IntegrationForm] = type("ProviderForm", (IntegrationForm,), fields)
    values = {
        field.name: _shown(field, stored.get(field.name)) for field in provider.setting_fields
    }
    values |= {"category": category, "provider": provider.id, "version": str(version or "")}
    if submitted is None:
        return made(formdata=None, data=values)
    sent = MultiDict({name: value for name, value in values.items() if name != "version"})
    for name in submitted:
        sent.setlist(name, submitted.getlist(name))
    return made(formdata=sent)


def _shown(field: FormField, value: Any) -> Any:
    """A stored setting as the form shows it."""
    if field.kind == "boolean":
        return TOGGLE_ON if value else ""
    if field.kind == "models":
        return "\n".join(value or [])
    return "" if value is None else str(value)


def explanation(field: FormField) -> str:
    """What to say below a field."""
    return EXPLANATIONS.get(field.name) or field.help


def _required(required: bool) -> list[InputRequired]:
    """Marks the label and the input; the service is who checks."""
    return [InputRequired()] if required else []


def _secret(field: FormField, required: bool) -> PasswordField:
    return PasswordField(
        field.label,
        _required(required),
        description=field.help,
        render_kw={"autocomplete": "new-password", "spellcheck": "false", "autocapitalize": "off"},
    )


def _text(field: FormField) -> StringField:
    attributes = {"autocomplete": "off", "spellcheck": "false"}
    if field.kind in {"integer", "decimal"}:
        attributes["inputmode"] = "numeric" if field.kind == "integer" else "decimal"
    if field.kind == "model":
        attributes |= {"list": f"{field.name}-options", "autocapitalize": "off"}
    return StringField(
        field.label,
        _required(field.required),
        description=explanation(field),
        render_kw=attributes,
    )


def _lines(field: FormField) -> TextAreaField:
    attributes = {"spellcheck": "false", "autocapitalize": "off"}
    return TextAreaField(field.label, description=explanation(field), render_kw=attributes)


def _choice(field: FormField) -> SelectField:
    return SelectField(
        field.label,
        description=explanation(field),
        choices=dict(field.choices),
        validate_choice=False,
    )


def _yes_no(field: FormField) -> BooleanField:
    # Off is said by the hidden field beside the box, so that an absent name means "unchanged".
    return BooleanField(field.label, description=explanation(field), false_values=("", "0"))


_MAKERS = {"models": _lines, "choice": _choice, "boolean": _yes_no}
