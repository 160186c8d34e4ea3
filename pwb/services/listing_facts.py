"""A listing's row as the facts that may leave for a model: only the declared fields."""

from __future__ import annotations

from typing import cast

from pwb.content.listing import FACT_FIELDS, AreaUnit, ListingFacts
from pwb.models import Property


def facts_of(listing: Property) -> ListingFacts:
    """The declared facts of the listing, and nothing else of it."""
    values = {name: getattr(listing, name) for name in FACT_FIELDS}
    values["features"] = tuple(listing.features or ())
    values["area_unit"] = cast("AreaUnit", listing.area_unit)
    return ListingFacts(**values)
