"""Texts about known properties, with the errors planted in them marked."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from pwb.content.listing import ListingFacts

HERE = Path(__file__).parent
_DECIMALS = ("bathrooms", "constructed_area", "plot_area", "sale_price", "rental_price")
_MARK = re.compile(r"\{([^{}]*)([!?])([a-z0-9_]+)\}")
_STATES = {"!": "contradicted", "?": "unsupported"}


@dataclass(frozen=True)
class Planted:
    """An error planted in a text: its place, and how it must be found."""

    start: int
    end: int
    state: str
    subject: str


@dataclass(frozen=True)
class Sample:
    """One text about a property, with the errors in it; none in a true text."""

    locale: str
    record: str
    text: str
    planted: tuple[Planted, ...]

    @property
    def facts(self) -> ListingFacts:
        return records()[self.record]


@cache
def records() -> dict[str, ListingFacts]:
    tables = tomllib.loads((HERE / "records.toml").read_text(encoding="utf-8"))
    return {name: _facts(name, table) for name, table in tables.items()}


def _facts(name: str, table: dict) -> ListingFacts:
    values = dict(table, features=tuple(table["features"]))
    values |= {key: Decimal(values[key]) for key in _DECIMALS if key in values}
    return ListingFacts(reference=f"REF-{name.upper()}", **values)


def samples() -> Iterator[Sample]:
    for path in sorted(HERE.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                record, _, marked = line.partition(": ")
                yield _sample(path.stem, record, marked)


def _sample(locale: str, record: str, marked: str) -> Sample:
    marked = marked.replace("\\n", "\n")
    text, planted, end = "", [], 0
    for mark in _MARK.finditer(marked):
        text += marked[end : mark.start()]
        planted.append(Planted(len(text), len(text) + len(mark[1]), _STATES[mark[2]], mark[3]))
        text += mark[1]
        end = mark.end()
    return Sample(locale, record, text + marked[end:], tuple(planted))
