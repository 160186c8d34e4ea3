"""The fields of an answer, by the names that models give them."""

import re

FIELDS = ("title", "description", "meta_description")

_ALIASES = {
    "headline": "title",
    "listing_title": "title",
    "property_title": "title",
    "body": "description",
    "listing_description": "description",
    "property_description": "description",
    "seo_description": "meta_description",
    "metadescription": "meta_description",
}
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SEPARATORS = re.compile(r"[\s\-_]+")
LONGEST_NAME = 64
"""Characters of a name that matter; a longer one is no field."""


def field_named(name: str) -> str | None:
    """The field that a name stands for ("metaDescription" too); None for any other name."""
    if len(name) > LONGEST_NAME:
        return None
    key = _SEPARATORS.sub("_", _CAMEL.sub("_", name.strip())).lower()
    return key if key in FIELDS else _ALIASES.get(key)
