"""Listings as a CSV file in the import's own columns: what goes out comes in again unchanged."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import selectinload

from pwb.content.cells import guarded, minor_digits
from pwb.extensions import db
from pwb.models import Property, PropertyText, Website
from pwb.models.properties import AI_ORIGINS, TEXT_FIELDS
from pwb.services import published_texts, tenancy
from pwb.services.listing_columns import (
    AI_COLUMNS,
    FACT_COLUMNS,
    PRICE_COLUMNS,
    TEXT_COLUMNS,
    VERBATIM,
)
from pwb.services.property_changes import tidy
from pwb.services.published_texts import PublishedText

BATCH_LISTINGS = 200
PROVENANCE = (
    "ai_generated",
    "edited_by_hand",
    "model",
    "approved_by",
    "approved_at",
    "disclosure",
)

_TEXT_LOCALES = tuple(dict.fromkeys(locale for locale, _ in TEXT_COLUMNS.values()))
_PROVENANCE_COLUMNS = {
    f"{name}_{locale}": (locale, name) for locale in _TEXT_LOCALES for name in PROVENANCE
}
_FACTS_AND_TEXTS = (*FACT_COLUMNS, *TEXT_COLUMNS, VERBATIM)


def fact_values(listing: Property) -> dict[str, Any]:
    """The listing's facts under the import's names; prices in the currency's smallest unit."""
    values = {column: getattr(listing, name) for column, name in FACT_COLUMNS.items()}
    digits = minor_digits(listing.currency)
    for column in PRICE_COLUMNS:
        price = values[column]
        values[column] = None if price is None else Decimal(price).scaleb(digits)
    return values | {"features": list(listing.features or ())}


def plain_number(value: Decimal | int) -> str:
    """A number in plain digits without idle zeros."""
    return format(Decimal(value).normalize(), "f")


def export_listings(website: Website, *, approved_only: bool = False) -> Iterator[bytes]:
    """The website's listings as CSV in UTF-8, a batch at a time, in the order they were added.

    A whole copy has every fact and every text, drafts too, and says which of them a model wrote;
    importing it into an empty website with the same languages and exporting that gives the same
    bytes. With `approved_only` listings without an approved text are left out, and so is every
    text that is not approved; further columns tell of each text who wrote and who approved it. No
    transaction stays open between two batches.
    """
    columns = (*_FACTS_AND_TEXTS, *(_PROVENANCE_COLUMNS if approved_only else AI_COLUMNS))
    yield _lines([columns])
    for batch in _batches(website):
        rows = _approved_rows(website, batch) if approved_only else map(_copy_row, batch)
        lines = _lines([row.get(column, "") for column in columns] for row in rows)
        db.session.rollback()  # Whoever downloads slowly holds no connection.
        yield lines


def _batches(website: Website) -> Iterator[list[Property]]:
    last = 0
    while True:
        query: Select[Any] = tenancy.scoped(Property, website)
        query = (
            query.where(Property.id > last)
            .options(selectinload(Property.texts))
            .order_by(Property.id)
            .limit(BATCH_LISTINGS)
        )
        batch = list(db.session.scalars(query))
        if not batch:
            return
        last = batch[-1].id
        yield batch


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8")


def _copy_row(listing: Property) -> dict[str, str]:
    parts = {text.locale: text for text in listing.texts}
    texts = {
        column: _cell(getattr(parts[locale], name))
        for column, (locale, name) in TEXT_COLUMNS.items()
        if locale in parts
    }
    written = {
        column: _cell(_told_of(parts[locale], name))
        for column, (locale, name) in AI_COLUMNS.items()
        if locale in parts
    }
    return _facts(listing) | texts | written


def _told_of(text: PropertyText, name: str) -> bool | None:
    """One of AI_COLUMNS about the text; None where there are no words that anybody wrote."""
    if not any(getattr(text, field) for field in TEXT_FIELDS):
        return None
    return text.origin in AI_ORIGINS if name == "ai_generated" else text.origin == "edited"


def _approved_rows(website: Website, batch: list[Property]) -> Iterator[dict[str, str]]:
    published = published_texts.of_listings(website, [listing.id for listing in batch])
    for listing in batch:
        texts = published.get(listing.id)
        if texts:
            yield _facts(listing) | _approved({text.locale: text for text in texts})


def _approved(texts: dict[str, PublishedText]) -> dict[str, str]:
    columns = {**TEXT_COLUMNS, **_PROVENANCE_COLUMNS}
    return {
        column: _cell(getattr(texts[locale], name))
        for column, (locale, name) in columns.items()
        if locale in texts
    }


def _facts(listing: Property) -> dict[str, str]:
    return {name: _cell(value) for name, value in fact_values(listing).items()} | {VERBATIM: "1"}


def _cell(value: Any) -> str:
    """A value as the import reads it; what is unknown is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return plain_number(value)
    if isinstance(value, datetime):
        return published_texts.iso(value)
    if isinstance(value, list):
        return "|".join(value)
    return guarded(tidy(str(value)))
