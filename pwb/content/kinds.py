"""What a property is, what state it is in and how it stands on the market, under one key each."""

from pwb.content.vocabulary import humanised, keys_by_word, read_table, snake, without_accents


class _Kinds:
    """One table: labels by key, and the key that a word means."""

    def __init__(self, table: str) -> None:
        entries = read_table(table)
        self.labels = {entry.key: entry.label for entry in entries}
        self._keys = keys_by_word(entries)

    def canonical(self, word: str) -> str:
        key = snake(word.rpartition(".")[2] or word)
        return self._keys.get(without_accents(key), key)

    def label(self, key: str) -> str:
        return self.labels.get(key) or humanised(key)


_types, _states, _statuses = _Kinds("types"), _Kinds("states"), _Kinds("statuses")

PROPERTY_TYPES: dict[str, str] = _types.labels
"""Key of each type to its English label."""

PROPERTY_STATES: dict[str, str] = _states.labels
"""Key of each state (of repair) to its English label."""

STATUSES: dict[str, str] = _statuses.labels
"""Key of each status on the market to its English label."""


def canonical_type(word: str) -> str | None:
    """The key of a type ("types.bovenwoning", "Single Family Residence"); None for no word.

    A type that no table knows keeps its own snake key. The same goes for canonical_state.
    """
    return _types.canonical(word) or None


def canonical_state(word: str) -> str | None:
    """The key of a state of repair ("states.uitstekend"); None for no word."""
    return _states.canonical(word) or None


def canonical_status(word: str) -> str | None:
    """The key of a status ("Pending", "Closed"); None for one that no table knows."""
    key = _statuses.canonical(word)
    return key if key in STATUSES else None


def label(key: str) -> str:
    """English label of a state, a status or a type, whichever knows the key."""
    for kinds in (_states, _statuses, _types):
        if key in kinds.labels:
            return kinds.labels[key]
    return humanised(key)


def type_label(key: str) -> str:
    """English label of a type; a readable form of the key where no table knows it."""
    return _types.label(key)


def state_label(key: str) -> str:
    """English label of a state of repair."""
    return _states.label(key)


def status_label(key: str) -> str:
    """English label of a status."""
    return _statuses.label(key)
