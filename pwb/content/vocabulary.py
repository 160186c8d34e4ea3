"""Words of many systems brought to one key each, from the tables in pwb/content/words/."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NO_WORD = re.compile(r"[\W_]+")

LONGEST_KEY = 60
"""A key is cut to this many characters; the database holds no longer one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a table; `group` is the bracketed heading above it, or empty."""

    key: str
    label: str
    synonyms: tuple[str, ...]
    group: str = ""


def read_table(name: str) -> tuple[Entry, ...]:
    """The entries of words/<name>.txt in order."""
    text = files("pwb.content").joinpath("words", f"{name}.txt").read_text(encoding="utf-8")
    return tuple(_entries(text))


def _entries(text: str) -> Iterator[Entry]:
    group = ""
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("["):
            group = line.strip("[]")
        elif not line.startswith("#"):
            key, label, synonyms = (part.strip() for part in line.split("|"))
            yield Entry(key, label, tuple(synonyms.split()), group)


def keys_by_word(entries: tuple[Entry, ...]) -> dict[str, str]:
    """Every synonym and key to the key it means; a word that is itself a key means itself."""
    words = {synonym: entry.key for entry in entries for synonym in entry.synonyms}
    return words | {entry.key: entry.key for entry in entries}


def snake(word: str) -> str:
    """Lower snake case with accents kept: "Tile - Hard" is "tile_hard"; "" where no word is."""
    text = _CAMEL.sub("_", unicodedata.normalize("NFC", word)).casefold()
    return _NO_WORD.sub("_", text).strip("_")[:LONGEST_KEY].rstrip("_")


def without_accents(key: str) -> str:
    """The key in plain letters, for finding synonyms: "jardín" is "jardin"."""
    parts = unicodedata.normalize("NFKD", key)
    return "".join(part for part in parts if not unicodedata.combining(part))


def humanised(key: str) -> str:
    """A readable label of a key that no table knows: "wine_cellar" is "Wine cellar"."""
    text = " ".join(key.replace("_", " ").split())
    return text[:1].upper() + text[1:]
