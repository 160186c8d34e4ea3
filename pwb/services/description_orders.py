"""What somebody asks to be written of a listing: checked, and made into the brief of the prompt.

An order is a new text, or works on one: it refines an earlier text by an instruction, translates
the text of another language, or brings the saved text up to date with the facts.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from pwb.content.listing import (
    DESCRIPTION,
    LENGTHS,
    LOCALES,
    REFINEMENT,
    REFRESH,
    TONES,
    TRANSLATION,
    ListingBrief,
    ListingText,
    Prompt,
    build_messages,
)
from pwb.content.plain_text import one_line
from pwb.errors import InvalidInput, NotFound
from pwb.models import GenerationRequest, Property, Website
from pwb.services import writing_rules
from pwb.services.listing_facts import facts_of
from pwb.services.tenancy import find

KEY_LENGTH = 100
INSTRUCTION_LENGTH = 500
MOST_VARIANT = 9
MOST_PHOTOS = 6
_NOT_OPTIONS = frozenset(("locale", "model", "idempotency_key"))
_IF_ASKED = frozenset(("refresh", "photos"))


@dataclass(frozen=True)
class Trial:
    """A text written to try something: with `rules` in the place of the website's own writing
    rules, or under a `request_type` of its own. `of` says what is tried."""

    of: str
    rules: tuple[str, ...] | None = None
    request_type: str | None = None


NO_TRIAL = Trial("")


@dataclass(frozen=True)
class DescriptionSpec:
    """What somebody asked for. `model` None means the website's default.

    `instruction` refines the text of `refine_request_id`, an earlier request of the same listing
    and locale, or else the saved text. `translate_from` is the locale whose saved text is
    translated. `refresh` brings the saved text up to date. At most one of the three is given.
    `length` counts for a new text only: the others keep the length of the text they work on.
    `photos` are the ids of the listing's photos that go along with a new text's facts.
    """

    locale: str
    tone: str = "professional"
    model: str | None = None
    idempotency_key: str | None = None
    length: str = "medium"
    call_to_action: bool = True
    instruction: str | None = None
    refine_request_id: int | None = None
    translate_from: str | None = None
    refresh: bool = False
    variant: int = 0
    photos: tuple[int, ...] = ()

    @property
    def task(self) -> str:
        """The task's name, which is also the request type of its row."""
        if self.instruction is not None or self.refine_request_id is not None:
            return REFINEMENT
        if self.translate_from is not None:
            return TRANSLATION
        return REFRESH if self.refresh else DESCRIPTION

    def options(self) -> dict[str, Any]:
        """What the row keeps of the order, beside its own columns: what was not asked for is
        left out."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in _NOT_OPTIONS and value is not None and (name not in _IF_ASKED or value)
        }

    def digest(self, listing: Property, trial: Trial) -> str:
        """What was asked for, hashed: tells a resent form from another order with its key."""
        order = asdict(self) | {"listing": listing.id, "trial": asdict(trial)}
        order.pop("idempotency_key")
        return hashlib.sha256(json.dumps(order, sort_keys=True).encode()).hexdigest()


def prompts_for(
    website: Website, listing: Property, spec: DescriptionSpec, trial: Trial = NO_TRIAL
) -> tuple[Prompt, Prompt]:
    """The messages of an order exactly as they are sent; raises InvalidInput naming the field."""
    return build_messages(brief_for(website, listing, spec, trial))


def check_spec(website: Website, spec: DescriptionSpec) -> None:
    """Raises InvalidInput naming the field that won't do."""
    if spec.locale not in website.supported_locales:
        _refuse("locale", f"{spec.locale[:20]!r} is not one of this website's languages.")
    if spec.tone not in TONES:
        _refuse("tone", f"{spec.tone[:20]!r} is not one of the tones {', '.join(TONES)}.")
    if spec.length not in LENGTHS:
        _refuse("length", f"{spec.length[:20]!r} is not one of the lengths {', '.join(LENGTHS)}.")
    if not 0 <= spec.variant <= MOST_VARIANT:
        _refuse("variant", f"A variant is a number from 0 to {MOST_VARIANT}.")
    key = spec.idempotency_key
    if key is not None and not (0 < len(key) <= KEY_LENGTH and key.isascii() and key.isprintable()):
        _refuse("idempotency_key", f"An idempotency key has 1 to {KEY_LENGTH} plain characters.")
    _check_task(spec)


def _check_task(spec: DescriptionSpec) -> None:
    refines = spec.task == REFINEMENT
    if refines and not one_line(spec.instruction or ""):
        _refuse("instruction", "Say what to change in the text.")
    if refines and len(spec.instruction or "") > INSTRUCTION_LENGTH:
        _refuse("instruction", f"An instruction has at most {INSTRUCTION_LENGTH} characters.")
    if spec.translate_from is not None and refines:
        _refuse("translate_from", "Translate a text or refine it, one after the other.")
    if spec.translate_from is not None and spec.translate_from not in LOCALES:
        _refuse("translate_from", f"{spec.translate_from[:20]!r} is not a language of the portal.")
    if spec.translate_from == spec.locale:
        _refuse("translate_from", "The text is in this language already.")
    if spec.refresh and spec.task != REFRESH:
        _refuse("refresh", "Refresh a text, refine it or translate it, one after the other.")
    if spec.photos and spec.task != DESCRIPTION:
        _refuse("photos", "Photos go along with a new text only.")
    if len(spec.photos) > MOST_PHOTOS:
        _refuse("photos", f"At most {MOST_PHOTOS} photos go along with a text.")


def brief_for(
    website: Website, listing: Property, spec: DescriptionSpec, trial: Trial = NO_TRIAL
) -> ListingBrief:
    """The prompt's brief of an order, with the website's writing rules or with the trial's.

    Raises InvalidInput naming the field that won't do.
    """
    check_spec(website, spec)
    voice = writing_rules.voice_for(website, "listing", spec.locale)
    return ListingBrief(
        facts=facts_of(listing),
        locale=spec.locale,
        tone=spec.tone,
        rules=voice.rules if trial.rules is None else trial.rules,
        words=LENGTHS[spec.length],
        call_to_action=spec.call_to_action,
        avoid=voice.avoid,
        task=spec.task,
        current_text=_current_text(website, listing, spec),
        instruction=spec.instruction,
        source_locale=spec.translate_from,
        variant=spec.variant,
        photos=len(spec.photos),
    )


def _current_text(website: Website, listing: Property, spec: DescriptionSpec) -> ListingText | None:
    """The text to work on; None where the order is for a new one."""
    if spec.task == DESCRIPTION:
        return None
    if spec.task == TRANSLATION:
        return _saved_text(listing, spec.translate_from or "", "translate_from")
    if spec.task == REFRESH:
        return _saved_text(listing, spec.locale, "refresh")
    if spec.refine_request_id is None:
        return _saved_text(listing, spec.locale, "instruction")
    return _generated_text(website, listing, spec)


def _saved_text(listing: Property, locale: str, field: str) -> ListingText:
    text = listing.text(locale)
    if text is None or not text.description.strip():
        _refuse(field, "This listing has no saved text in that language yet.")
    return ListingText(text.title, text.description, text.meta_description)


def _generated_text(website: Website, listing: Property, spec: DescriptionSpec) -> ListingText:
    try:
        row = find(GenerationRequest, website, spec.refine_request_id or 0)
    except NotFound:
        row = None
    place = (row.property_id, row.locale, row.status) if row else None
    output = (row.output_data or {}) if row else {}
    if place != (listing.id, spec.locale, "completed") or not output.get("description"):
        _refuse("refine_request_id", "The text to refine is not there any more.")
    return ListingText(
        str(output.get("title", "")),
        str(output["description"]),
        str(output.get("meta_description", "")),
    )


def _refuse(field: str, message: str) -> NoReturn:
    raise InvalidInput(message, fields={field: [message]})
