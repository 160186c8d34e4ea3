"""Form fields of a listing: numbers as people type them, plain text, choices that stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from wtforms import SelectField, StringField
from wtforms.fields import Field
from wtforms.validators import ValidationError

from pwb.content.cells import BadCell, number

# Tabs and line ends are text; the other control characters are not, and PostgreSQL refuses NUL.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_POINT_GROUP = re.compile(r"[-+]?[1-9][0-9]{0,2}\.[0-9]{3}")
_CURRENCY_SIGNS = "€$£¥₽"


def plain(text: str | None) -> str | None:
    """A filter: line ends as one character each, as they are counted and stored."""
    return text.replace("\r\n", "\n") if isinstance(text, str) else text


def line(text: str | None) -> str | None:
    """A filter: one line, as a browser's own field of one line makes it of a pasted text."""
    return " ".join(text.splitlines()) if isinstance(text, str) else text


def printable(form: Any, field: Field) -> None:
    """Refuse characters that no text holds."""
    if isinstance(field.data, str) and _UNPRINTABLE.search(field.data):
        raise ValidationError("This holds characters that are not text. Type it anew.")


def at_most(longest: int) -> Callable[[Any, Field], None]:
    """Refuse longer text, telling by how much."""

    def check(form: Any, field: Field) -> None:
        length = len(field.data or "")
        if length > longest:
            raise ValidationError(f"{length:,} characters; at most {longest:,} fit.")

    return check


def typed_number(text: str, places: int) -> Decimal:
    """The number that somebody typed; raises BadCell.

    A point before three digits groups thousands where the field has fewer decimals than three.
    """
    compact = "".join(text.split()).strip(_CURRENCY_SIGNS)
    if places < 3 and _POINT_GROUP.fullmatch(compact):
        compact = compact.replace(".", "")
    return number(compact)


class NumberField(StringField):
    """A number from `low` to `high` with at most `places` decimals; what is none stays shown."""

    def __init__(
        self, label: str, *, low: int = 0, high: int, places: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(label, **kwargs)
        self.low, self.high, self.places = low, high, places

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        value: Any = self.data
        return "" if value is None else shortest(value)

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist:
            return
        self.data = None
        text = str(valuelist[0]).strip()
        if text:
            self.data = self._parsed(text)

    def _parsed(self, text: str) -> Any:
        try:
            value = typed_number(text, self.places)
        except BadCell:
            raise ValueError("This is not a number.") from None
        if not self.low <= value <= self.high:
            raise ValueError(f"This must be between {_shown(self.low)} and {_shown(self.high)}.")
        if value != round(value, self.places):
            raise ValueError(self._too_fine())
        return int(value) if self.places == 0 else value

    def _too_fine(self) -> str:
        if self.places == 0:
            return "This must be a whole number."
        return f"At most {self.places} decimal{'s' if self.places > 1 else ''} fit here."


def _shown(bound: int) -> str:
    """A bound in groups of three, but for one as short as a year."""
    return f"{bound:,}" if abs(bound) >= 10_000 else str(bound)


def shortest(value: Decimal | int) -> str:
    """A number in plain digits without idle zeros, as a form shows it."""
    return format(Decimal(value).normalize(), "f")


class LineField(StringField):
    """One line of text of at most `longest` characters."""

    def __init__(self, label: str, longest: int, validators: Iterable[Any] = (), **kw: Any) -> None:
        checks = [*validators, at_most(longest), printable]
        super().__init__(label, checks, filters=[line], **kw)


class KindField(SelectField):
    """A choice from a table; a stored value that the table lacks stays choosable."""

    def __init__(self, label: str, table: dict[str, str], blank: str = "", **kwargs: Any) -> None:
        self.table = ({"": blank} if blank else {}) | table
        super().__init__(label, choices=self.table, **kwargs)

    def keep(self, value: str | None, label: str) -> None:
        """Offer `value` too."""
        if value and value not in self.table:
            self.choices = self.table = self.table | {value: label}

    def pre_validate(self, form: Any) -> None:
        if (self.data or "") not in self.table:
            raise ValidationError("This is none of the choices. Choose one from the list.")
