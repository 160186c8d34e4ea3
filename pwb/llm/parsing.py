"""Careful reading of what providers send: junk becomes None, never an exception."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

MAX_AMOUNT = Decimal(1_000_000)
MAX_COUNT = 10**12
# No call takes more; a few of them add up to what a column of the ledger can hold.
MAX_TOKENS = 10**8
KEY_LIKE = re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{8,}")


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


_decoder = json.JSONDecoder(parse_float=_number, parse_constant=lambda _: None)


def decode_json(data: bytes | str) -> Any:
    """The JSON value, its fractions as Decimal; ValueError for anything unreadable."""
    text = data if isinstance(data, str) else data.decode("utf-8", "replace")
    try:
        return _decoder.decode(text.removeprefix("\ufeff"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def first(value: Any) -> Mapping[str, Any]:
    """The first element of an array of objects, else an empty object."""
    return mapping(value[0]) if isinstance(value, list) and value else {}


def words(value: Any) -> tuple[str, ...]:
    """The strings of an array."""
    return tuple(item for item in items(value) if isinstance(item, str))


def count(value: Any) -> int | None:
    """A plausible number of things: a whole number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    if not 0 <= value <= MAX_COUNT or value != int(value):
        return None
    return int(value)


def tokens(value: Any) -> int | None:
    """A plausible number of tokens of one call."""
    found = count(value)
    return None if found is None or found > MAX_TOKENS else found


def amount(value: Any) -> Decimal | None:
    """An amount in USD from a number or a decimal string, within reason."""
    if isinstance(value, str):
        value = _number(value.strip())
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    found = Decimal(value)
    return found if found.is_finite() and abs(found) <= MAX_AMOUNT else None


def money(value: Any) -> Decimal | None:
    """An amount that cannot be negative: a cost or a price (`-1` means unknown)."""
    found = amount(value)
    return None if found is None or found < 0 else found


def identifier(value: Any, limit: int = 200) -> str | None:
    """A short identifier such as a model or a generation id."""
    if not isinstance(value, str) or not value:
        return None
    return clean_text(value)[:limit] or None


def day(value: Any) -> date | None:
    """A date from `YYYY-MM-DD`, with or without a time after it."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def moment(value: Any) -> datetime | None:
    """A point in time from ISO 8601; without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def clean_text(text: str) -> str:
    """Text that any database and page can take: no NUL, no lone surrogate."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def excerpt(value: Any, secret: str = "", limit: int = 300) -> str | None:
    """The provider's own words as one short line: no markup, no key, no unbounded page."""
    if not isinstance(value, str):
        return None
    text = value.replace(secret, "[key]") if secret else value
    text = " ".join(clean_text(KEY_LIKE.sub("[key]", text[: limit * 20])).split())
    if not text or text.startswith("<"):
        return None
    return text if len(text) <= limit else text[: limit - 1] + "…"
