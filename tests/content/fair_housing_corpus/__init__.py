"""Sentences with the label that the published rules give them; README.md tells where from."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Sentence(NamedTuple):
    """One sentence; `label` is "violation" or "lawful"."""

    locale: str
    label: str
    text: str


def sentences() -> Iterator[Sentence]:
    """Every sentence; a file is named after its locale or carries one in each line."""
    for path in sorted(HERE.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            *locale, label, _, text = line.split("\t")
            yield Sentence((locale or [path.stem])[0], label, text)
