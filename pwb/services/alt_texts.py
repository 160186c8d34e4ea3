"""Having a photo described in words by a model that reads images. Nothing is saved on the photo."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pwb.content import fair_housing
from pwb.content.photo_words import (
    ALT_SCHEMA,
    ALT_TEXT,
    NoAltText,
    alt_text_messages,
    parse_alt_text,
)
from pwb.llm.types import Completion, OutputSchema
from pwb.models import GenerationRequest, Property, PropertyPhoto, User, Website
from pwb.services import checks, ledger, runs, sent_photos
from pwb.services.chosen_models import chosen_models
from pwb.services.connections import connection_for
from pwb.services.listing_facts import facts_of
from pwb.services.photos import get_photo
from pwb.services.tenancy import find


@dataclass(frozen=True)
class AltText:
    """An alt text as a model wrote it; `warnings` name wordings to think about before saving."""

    request_id: int
    text: str
    warnings: tuple[str, ...]
    model: str

    def as_json(self) -> dict[str, Any]:
        """For the page's script."""
        return {
            "success": True,
            "request_id": self.request_id,
            "alt_text": self.text,
            "warnings": list(self.warnings),
            "model": self.model,
        }


def can_describe(website: Website) -> bool:
    """Whether the model that the website writes with is known to read photos."""
    chosen = chosen_models(website)
    if chosen is None or not chosen.active or not chosen.default:
        return False
    return sent_photos.reads_images(chosen.provider, chosen.default)


def generate_alt_text(
    website: Website, actor: User | None, listing_id: int, photo_id: int
) -> AltText:
    """What the photo shows, in the website's own language.

    Raises NotFound, InvalidInput naming `photos` where the model reads none, and GenerationFailed.
    """
    ledger.settle_overdue(website)
    listing = find(Property, website, listing_id)
    photo = get_photo(website, listing_id, photo_id)
    connection = connection_for(website)
    sent_photos.check_reads_images(connection)
    rules = checks.rules_for(website, website.default_locale)
    order = _order(website, listing, photo)
    ticket = runs.open_ticket(website, actor, connection, order, _reader(order.locale, rules))
    return _result(runs.finish(ticket))


def _order(website: Website, listing: Property, photo: PropertyPhoto) -> runs.Order:
    locale = website.default_locale
    return runs.Order(
        request_type=ALT_TEXT,
        property_id=listing.id,
        locale=locale,
        messages=sent_photos.messages(alt_text_messages(facts_of(listing), locale), [photo]),
        schema=OutputSchema(ALT_TEXT, ALT_SCHEMA),
        options={"photo": photo.id},
        input_digest=hashlib.sha256(f"{ALT_TEXT}:{photo.id}".encode()).hexdigest(),
        photos=sent_photos.kept([photo]),
    )


def _reader(locale: str, rules: checks.CheckRules) -> Callable[[Completion], dict[str, Any]]:
    def read(completion: Completion) -> dict[str, Any]:
        try:
            text = parse_alt_text(completion.text)
        except NoAltText as missing:
            raise runs.UnreadableAnswer(str(missing)) from None
        found = fair_housing.check(text, locale, rules.jurisdictions)
        return {"alt_text": text, "warnings": [_warning(each) for each in found.violations]}

    return read


def _warning(finding: fair_housing.Finding) -> str:
    return f"“{finding.text}” may break fair housing law. {finding.suggestion}".strip()


def _result(row: GenerationRequest) -> AltText:
    output = row.output_data or {}
    return AltText(
        request_id=row.id,
        text=str(output.get("alt_text", "")),
        warnings=tuple(output.get("warnings", ())),
        model=row.served_model or row.ai_model,
    )
