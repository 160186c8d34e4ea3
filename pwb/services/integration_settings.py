"""Checking what somebody entered for a provider, field by field as the provider declares them.

Everything is checked before anything is refused, so that a form says all that is wrong at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from pwb.errors import InvalidInput
from pwb.llm.providers.base import FormField, Provider
from pwb.services.connections import MASK, default_model

KEY_LONGEST = 300
# What must follow the prefix for the masked form to hide something.
KEY_BODY_LEAST = 8
FALLBACKS_MOST = 5
WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
PRICE = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,6})?", re.ASCII)
TRUE = {"y", "yes", "true", "on", "1"}

Fields = dict[str, list[str]]
Cleaner = Callable[[Provider, FormField, str], Any]


class Unfit(Exception):
    """What was entered for one field will not do; the message is for the person."""


def clean_credentials(
    provider: Provider, given: Mapping[str, str | None], problems: Fields, *, stored: bool
) -> dict[str, str]:
    """The credentials to store now, empty where the stored ones are to be kept.

    Blank, or the masked form sent back, keeps what is stored (`stored` tells whether there is
    something). What will not do is added to `problems`.
    """
    cleaned = {}
    for field in provider.credential_fields:
        value = (given.get(field.name) or "").strip()
        if value.startswith(MASK):
            value = ""
        if not value and stored:
            continue
        problem = key_problem(provider, field, value)
        if problem:
            problems[field.name] = [problem]
        cleaned[field.name] = value
    return cleaned


def key_problem(provider: Provider, field: FormField, key: str) -> str | None:
    """Why this cannot be the whole key, without repeating any of it."""
    if not key:
        return f"Enter the {field.label}." if field.required else None
    problem = provider.key_problem(key)
    if problem:
        source = f" Copy it from {provider.keys_page}." if provider.keys_page else ""
        return f"{problem.rstrip('.')}.{source}"
    whole = len(key) >= len(provider.key_prefix) + KEY_BODY_LEAST or not provider.key_prefix
    if len(key) > KEY_LONGEST or not whole:
        return f"That is not a whole key of {provider.label}: copy all of it."
    return None


def clean_settings(
    provider: Provider, given: Mapping[str, Any], problems: Fields
) -> dict[str, Any]:
    """The declared settings among `given`, typed; None for one that is cleared.

    Settings given as None are not named at all. What will not do is added to `problems`.
    """
    cleaned: dict[str, Any] = {}
    for field in provider.setting_fields:
        value = given.get(field.name)
        if value is None:
            continue
        try:
            cleaned[field.name] = clean_value(provider, field, value)
        except Unfit as unfit:
            problems[field.name] = [str(unfit)]
    return cleaned


def clean_value(provider: Provider, field: FormField, value: Any) -> Any:
    """One setting as it is stored: JSON values only; raises Unfit."""
    if field.kind == "boolean":
        return value is True or str(value).lower() in TRUE
    text = " ".join(value) if isinstance(value, list | tuple) else str(value).strip()
    if not text:
        if field.required:
            raise Unfit(f"Enter the {field.label.lower()}.")
        return None
    return _CLEANERS[field.kind](provider, field, text)


def _text(_provider: Provider, field: FormField, text: str) -> str:
    if len(text) > KEY_LONGEST or not text.isprintable():
        raise Unfit(f"{field.label} has at most {KEY_LONGEST} plain characters.")
    return text


def _integer(_provider: Provider, field: FormField, text: str) -> int:
    least, most = field.minimum or 0, field.maximum or 10**9 - 1
    if not WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise Unfit(f"{field.label} is a whole number from {least:,} to {most:,}.")
    return int(text)


def _decimal(_provider: Provider, field: FormField, text: str) -> str:
    if not PRICE.fullmatch(text) or not Decimal(text.replace(",", ".")):
        raise Unfit("Enter an amount above zero, such as 2.50, or leave it blank.")
    return format(Decimal(text.replace(",", ".")).normalize(), "f")


def _choice(_provider: Provider, field: FormField, text: str) -> str:
    if text not in {value for value, _label in field.choices}:
        raise Unfit(f"Choose one of the options for {field.label.lower()}.")
    return text


def _model(provider: Provider, _field: FormField, text: str) -> str:
    problem = provider.model_problem(text)
    if problem:
        example = next((model.id for model in provider.recommended_models), "")
        raise Unfit(f"{problem.rstrip('.')}{f', such as {example}' if example else ''}.")
    return text


def _models(provider: Provider, field: FormField, text: str) -> list[str]:
    models = list(dict.fromkeys(part for part in re.split(r"[\s,;]+", text) if part))
    if len(models) > FALLBACKS_MOST:
        raise Unfit(f"List at most {FALLBACKS_MOST} models.")
    for model in models:
        if provider.model_problem(model):
            raise Unfit(f"{model[:60]!r} is not a model id: they have the form provider/model.")
    return models


_CLEANERS: dict[str, Cleaner] = {
    "text": _text,
    "secret": _text,
    "integer": _integer,
    "decimal": _decimal,
    "choice": _choice,
    "model": _model,
    "models": _models,
}


def starting_settings(provider: Provider) -> dict[str, Any]:
    """What a new integration begins with, as declared and as the operator prefers."""
    declared = {
        field.name: field.default for field in provider.setting_fields if field.default is not None
    }
    return {"default_model": default_model(provider), **declared}


def refuse(problems: Fields) -> None:
    """Raises InvalidInput with every field's problem, where there is any."""
    if problems:
        raise InvalidInput(next(iter(problems.values()))[0], fields=problems)
