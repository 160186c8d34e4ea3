"""Features of a property: one key for what different systems call differently, with a label."""

from collections.abc import Iterable
from dataclasses import dataclass

from pwb.content.vocabulary import (
    Entry,
    humanised,
    keys_by_word,
    read_table,
    snake,
    without_accents,
)

_PLAIN_PREFIXES = frozenset(("features", "amenities", "labels"))
_COLUMNS = frozenset(("appliances", "flooring", "cooling", "heating"))
_NOTHING = frozenset(("", "none", "no", "other", "see_remarks", "unknown", "n_a"))


@dataclass(frozen=True, slots=True)
class Feature:
    """A known feature. `advertise` is False where naming it would describe wanted people."""

    key: str
    group: str
    label: str
    synonyms: tuple[str, ...]
    advertise: bool = True


def _feature(entry: Entry) -> Feature:
    advertise = not entry.label.startswith("-")
    return Feature(entry.key, entry.group, entry.label.lstrip("- "), entry.synonyms, advertise)


_ENTRIES = read_table("features")

FEATURES: dict[str, Feature] = {entry.key: _feature(entry) for entry in _ENTRIES}
"""Canonical key to feature, in the order of the groups."""

_KEY_OF = keys_by_word(_ENTRIES)


def canonical_features(raw: Iterable[str]) -> tuple[str, ...]:
    """Canonical keys in the given order, each once; a feature no table knows keeps its snake key.

    Takes "features.sea_views" as well as "Central Air"; the column may stand in front where it
    matters ("heating.Wood"). Words for nothing ("None", "") are left out.
    """
    keys = (_canonical(word) for word in raw)
    return tuple(dict.fromkeys(key for key in keys if key not in _NOTHING))


def feature_label(key: str, locale: str = "en") -> str:
    """The feature's label, in English whatever the locale: other languages have no table yet."""
    feature = FEATURES.get(key)
    return feature.label if feature else humanised(key)


def may_advertise(key: str) -> bool:
    """Whether a text may be made of this feature; False where it describes wanted people."""
    feature = FEATURES.get(key)
    return feature is None or feature.advertise


def _canonical(word: str) -> str:
    prefix, dot, rest = word.partition(".")
    group = prefix.strip().casefold() if dot else ""
    if group not in _PLAIN_PREFIXES | _COLUMNS:
        return _known(snake(word)) or snake(word)
    key = snake(rest)
    in_column = _KEY_OF.get(f"{group}.{without_accents(key)}") if group in _COLUMNS else None
    return in_column or _known(key) or key


def _known(key: str) -> str | None:
    return _KEY_OF.get(without_accents(key))
