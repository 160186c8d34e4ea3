"""The query of an API request: its parameters read, and each that will not do refused by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from flask import request

from pwb.content.locales import LOCALES
from pwb.errors import InvalidInput
from pwb.security import MAX_ID
from pwb.services.publishing import MOST_PER_PAGE, PER_PAGE, Cursor, Wish

LIST_PARAMETERS = ("locale", "updated_since", "after", "page", "per_page")
ONE_PARAMETERS = ("locale",)
LAST_PAGE = 100_000

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[Tt]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[Zz]|[-+]\d\d:\d\d)?)?", re.ASCII
)
_CURSOR = re.compile(r"(\S+),([0-9]{1,10})", re.ASCII)


def wish() -> Wish:
    """The page that the query asks for; raises InvalidInput."""
    values = values_of(LIST_PARAMETERS)
    if "page" in values and "after" in values:
        raise InvalidInput("page and after do not go together.")
    since, after = values.get("updated_since"), values.get("after")
    return Wish(
        locales=read_locales(values.get("locale", [])),
        updated_since=read_moment(since[0]) if since else None,
        after=read_cursor(after[0]) if after else None,
        page=number(values, "page", 1, LAST_PAGE),
        per_page=number(values, "per_page", PER_PAGE, MOST_PER_PAGE),
    )


def locales() -> tuple[str, ...]:
    """The languages that the query asks for; raises InvalidInput."""
    return read_locales(values_of(ONE_PARAMETERS).get("locale", []))


def values_of(known: tuple[str, ...]) -> dict[str, list[str]]:
    """The query's values by name; only `locale` may come several times. Raises InvalidInput.

    A name that is not known is refused: a misspelt updated_since would ask for everything.
    """
    values = request.args.to_dict(flat=False)
    for name, given in values.items():
        if name not in known:
            raise InvalidInput(f"{name[:40]} is no parameter; use {', '.join(known)}.")
        if len(given) > 1 and name != "locale":
            raise InvalidInput(f"{name} may be given once.")
    return values


def number(values: dict[str, list[str]], name: str, usual: int, most: int) -> int:
    """A whole number of the query, or the usual one."""
    return read_number(values[name][0], name, most) if name in values else usual


def read_locales(values: Sequence[str]) -> tuple[str, ...]:
    """The asked languages, all of them for none; raises InvalidInput."""
    if any(value not in LOCALES for value in values):
        raise InvalidInput(f"locale is one of {', '.join(LOCALES)}.")
    return tuple(dict.fromkeys(values)) or tuple(LOCALES)


def read_moment(value: str, name: str = "updated_since") -> datetime:
    """A moment (RFC 3339), of UTC where it has no offset; a date is its beginning. Raises
    InvalidInput.

    A plus sign that was not encoded arrives as a space and is taken for what it was.
    """
    text = re.sub(r" (?=\d\d:\d\d$)", "+", value)
    with suppress(ValueError, OverflowError):  # A date that no calendar has.
        if _MOMENT.fullmatch(text):
            found = datetime.fromisoformat(text.upper())
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    raise InvalidInput(f"{name} is a moment such as 2025-01-31T12:00:00Z, or a date.")


def read_cursor(value: str) -> Cursor:
    """A place that an earlier page named; raises InvalidInput."""
    found = _CURSOR.fullmatch(value)
    if found is None or int(found[2]) > MAX_ID:
        raise InvalidInput("after is a place that a page names in its next.")
    return Cursor(read_moment(found[1], "after"), int(found[2]))


def read_number(value: str, name: str, most: int) -> int:
    """A whole number from 1 to `most`; raises InvalidInput."""
    if re.fullmatch("[0-9]{1,9}", value, re.ASCII) and 1 <= int(value) <= most:
        return int(value)
    raise InvalidInput(f"{name} is a whole number from 1 to {most}.")
