"""What the pages show of sign-off: who approved a text, what changed since, facts in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pwb.content import kinds
from pwb.content.features import feature_label
from pwb.content.listing import FACT_FIELDS
from pwb.filters import language, money, number
from pwb.models import Property, PropertyText, TextApproval, Website
from pwb.services import approvals, checks, stale
from pwb.services.approval_chain import hash_of
from pwb.services.checks import CheckRules
from pwb.services.listing_facts import facts_of
from pwb.services.stale import FactChange

_UNITS = {"sqmt": "m²", "sqft": "sq ft"}
_KINDS = {
    "property_type": kinds.type_label,
    "property_state": kinds.state_label,
    "status": kinds.status_label,
}
_COUNTS = ("bedrooms", "bathrooms", "toilets", "garages")


def fact_words(name: str, value: Any) -> str:
    """A fact's value, as an approval keeps it, in words."""
    if name not in FACT_FIELDS:
        return "in the record" if value else "not in the record"
    if value is None or value == []:
        return "not known"
    if isinstance(value, dict):
        return _amount(Decimal(value["value"]), value["unit"])
    if isinstance(value, list):
        return ", ".join(map(feature_label, value))
    if name in _KINDS:
        return _KINDS[name](value)
    return number(Decimal(value)) if name in _COUNTS else str(value)


def _amount(value: Decimal, unit: str) -> str:
    return f"{number(value)} {_UNITS[unit]}" if unit in _UNITS else money(value, unit)


def change_sentence(change: FactChange) -> str:
    """What became of a fact since an approval, as one sentence."""
    if change.name not in FACT_FIELDS:
        now = "was added to" if change.now else "was taken out of"
        return f"{change.label} {now} the record since this text was approved."
    then, now = fact_words(change.name, change.then), fact_words(change.name, change.now)
    return f"{change.label} changed from {then} to {now} since this text was approved."


def relied_on(approval: TextApproval) -> list[tuple[str, str]]:
    """The facts that an approved text states, with their values at approval."""
    return [
        (stale.fact_label(name), fact_words(name, value)) for name, value in approval.facts.items()
    ]


@dataclass(frozen=True, slots=True)
class StaleText:
    """An approved text that the record has moved away from, and how, a sentence a fact."""

    locale: str
    name: str
    changes: list[str]


@dataclass(frozen=True, slots=True)
class SignOff:
    """What the list of texts says of one: its approval, or how many findings stand in its way.

    `ready_hash` is the hash of a whole draft that nothing stands in the way of, else None.
    """

    state: approvals.State
    approval: TextApproval | None
    blocking: int
    changes: list[str]
    ready_hash: str | None = None


def sign_offs(website: Website, listing: Property) -> dict[str, SignOff]:
    """How each of the listing's texts stands, by locale."""
    texts = [
        text for text in listing.texts if approvals.state_of(listing, text.locale) != "no_text"
    ]
    found = sign_offs_of(website, texts)
    return {text.locale: found[text.id] for text in texts}


def sign_offs_of(website: Website, texts: Sequence[PropertyText]) -> dict[int, SignOff]:
    """How each of the website's texts stands, by its id."""
    signed = approvals.approvals_of(website, texts)
    rules = {text.locale: checks.rules_for(website, text.locale) for text in texts}
    return {
        text.id: sign_off(text.property, text, signed.get(text.id), rules[text.locale])
        for text in texts
    }


def sign_off(
    listing: Property, text: PropertyText, approval: TextApproval | None, rules: CheckRules
) -> SignOff:
    """How one text stands; a draft is checked."""
    if approval is None:
        found = checks.check_parts(rules, facts_of(listing), text.locale, checks.parts_of(text))
        ready = not found.blocking and text.title.strip() and text.description.strip()
        return SignOff("draft", None, len(found.blocking), [], hash_of(text) if ready else None)
    changes = stale.changes_since(listing, approval) if text.stale_at else []
    state = approvals.state_of(listing, text.locale)
    return SignOff(state, approval, 0, [change_sentence(change) for change in changes])


def stale_texts(signed: dict[str, SignOff]) -> list[StaleText]:
    """The stale ones, for the notice above a listing."""
    return [
        StaleText(locale, language(locale), each.changes)
        for locale, each in signed.items()
        if each.state == "stale"
    ]
