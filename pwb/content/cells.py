"""Values out of the cells of a table: numbers however they are grouped, texts without surprises."""

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from pwb.content.plain_text import is_one_line, one_line, without_hidden_characters

_LONGEST_NUMBER = 40
_PLAIN = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_COMMA_GROUPS = re.compile(r"[-+]?[1-9][0-9]{0,2}(?:[,'’][0-9]{3})+(?:\.[0-9]+)?")
_POINT_GROUPS = re.compile(
    r"[-+]?[1-9][0-9]{0,2}(?:(?:\.[0-9]{3}){2,}(?:,[0-9]+)?|\.[0-9]{3},[0-9]+)"
)
_DECIMAL_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")

# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection").
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")

# ISO 4217: the currencies whose smallest unit is not a hundredth.
_MINOR_DIGITS = dict.fromkeys(
    (
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"),
        *("PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
    ),
    0,
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)


class BadCell(ValueError):
    """A cell that cannot be read; the message is one plain sentence for whoever made the file."""


def minor_digits(currency: str) -> int:
    """Decimal places of a currency's smallest unit: 2 for EUR, 0 for JPY (ISO 4217)."""
    return _MINOR_DIGITS.get(currency, 2)


def guarded(text: str) -> str:
    """The text for a cell that no spreadsheet runs: an apostrophe stands before what would begin a
    formula, also where apostrophes stand there already. `unguarded` gives the text back."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The text of a cell that `guarded` wrote; "'s-Hertogenbosch" keeps its apostrophe."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def number(text: str) -> Decimal:
    """The number in a cell: "1 250", "1,250.5", "1.250.000,50" and "0,5" too. Raises BadCell.

    A point with three digits after it ("1.250") is a decimal point.
    """
    compact = "".join(text.split())
    if len(compact) > _LONGEST_NUMBER:
        raise BadCell("This is too long for a number.")
    if _COMMA_GROUPS.fullmatch(compact):
        return Decimal(re.sub("[,'’]", "", compact))
    if _POINT_GROUPS.fullmatch(compact):
        return Decimal(compact.replace(".", "").replace(",", "."))
    if _DECIMAL_COMMA.fullmatch(compact):
        return Decimal(compact.replace(",", "."))
    if _PLAIN.fullmatch(compact):
        return Decimal(compact)
    raise BadCell("This is not a number.")


def decimal_between(low: int, high: int, places: int) -> Callable[[str], Decimal]:
    """A reader of numbers from `low` to `high`, rounded to so many decimal places."""
    quantum = Decimal(1).scaleb(-places)

    def read(text: str) -> Decimal:
        return in_range(number(text), low, high).quantize(quantum, rounding=ROUND_HALF_UP)

    return read


def whole_between(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers from `low` to `high`; "4.0" is whole."""

    def read(text: str) -> int:
        value = number(text)
        if value != value.to_integral_value():
            raise BadCell("This must be a whole number.")
        return int(in_range(value, low, high))

    return read


def yes_or_no(text: str) -> bool:
    """A reader of "true" and "false", as the portal's own exports have them. Raises BadCell."""
    if text.casefold() not in ("true", "false"):
        raise BadCell("This must be true or false.")
    return text.casefold() == "true"


def in_range(value: Decimal, low: int, high: int) -> Decimal:
    """The value itself; raises BadCell where it lies outside."""
    if not low <= value <= high:
        raise BadCell(f"This must be between {low:,} and {high:,}.")
    return value


def known(reader: Callable[[str], Decimal | int]) -> Callable[[str], Decimal | int | None]:
    """The same reader, with 0 read as unknown."""
    return lambda text: reader(text) or None


def line_up_to(longest: int) -> Callable[[str], str]:
    """A reader of one line of text with at most so many characters."""
    return lambda text: _within(one_line(text), longest)


def text_up_to(longest: int) -> Callable[[str], str]:
    """A reader of text kept as it stands but for hidden characters and space around it."""
    return lambda text: _within(without_hidden_characters(text).strip(), longest)


def kept_up_to(longest: int) -> Callable[[str], str]:
    """A reader of text kept as it stands."""
    return lambda text: _within(text, longest)


def kept_line_up_to(longest: int) -> Callable[[str], str]:
    """A reader of one line of text kept as it stands; more lines are refused."""

    def read(text: str) -> str:
        if not is_one_line(text):
            raise BadCell("This must be one line.")
        return _within(text, longest)

    return read


def _within(text: str, longest: int) -> str:
    if len(text) > longest:
        raise BadCell(f"This has {len(text):,} characters; at most {longest:,} are allowed.")
    return text
