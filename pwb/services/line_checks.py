"""The checks for programs: one JSON object a line in, one out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from pwb.content.claims import check_claims
from pwb.content.fair_housing import check
from pwb.content.listing import ListingFacts
from pwb.content.locales import LOCALES
from pwb.errors import InvalidInput, PortalError
from pwb.extensions import db
from pwb.services.listing_facts import facts_of
from pwb.services.properties import by_reference
from pwb.services.tenancy import website_by_subdomain

LONGEST_LINE = 1 << 20
_KEYS = ("text", "locale", "reference", "website")


class LineChecker:
    """Checks one line after another; websites and listings are read once.

    `bad_lines` counts those that were answered with an error.
    """

    def __init__(self) -> None:
        self.bad_lines = 0
        self._websites: dict[str, tuple[str, ...] | None] = {}
        self._facts: dict[tuple[str, str], ListingFacts] = {}

    def answers(self, stream: BinaryIO) -> Iterator[dict[str, Any]]:
        """An answer for each line that is not blank, as soon as the line is there."""
        for number, line in enumerate(lines_of(stream), 1):
            if line is not None and not line.strip():
                continue
            try:
                yield self._answer(_order(line))
            except PortalError as error:
                self.bad_lines += 1
                yield _failure(number, error)

    @staticmethod
    def _let_go() -> None:
        """The next line may be long in coming: until then no connection is held."""
        db.session.close()

    def _answer(self, order: dict[str, str]) -> dict[str, Any]:
        text, locale = order["text"], _locale(order["locale"])
        website, reference = order.get("website"), order.get("reference")
        places = self._jurisdictions(website) if website else None
        compliance = check(text, locale, places).as_json()
        if not reference:
            return {"fair_housing": compliance, "claims": None}
        if not website:
            raise InvalidInput("A reference needs the website that it is of.")
        facts = self._facts_of(website, reference)
        return {
            "fair_housing": compliance,
            "claims": check_claims(text, facts, locale).as_json(),
        }

    def _jurisdictions(self, subdomain: str) -> tuple[str, ...] | None:
        if subdomain not in self._websites:
            chosen = website_by_subdomain(subdomain).jurisdictions
            self._websites[subdomain] = tuple(chosen) if chosen else None
            self._let_go()
        return self._websites[subdomain]

    def _facts_of(self, subdomain: str, reference: str) -> ListingFacts:
        place = (subdomain, reference)
        if place not in self._facts:
            listing = by_reference(website_by_subdomain(subdomain), reference)
            self._facts[place] = facts_of(listing)
            self._let_go()
        return self._facts[place]


def lines_of(stream: BinaryIO) -> Iterator[bytes | None]:
    """The stream's lines; None for one that is too long to be kept."""
    while line := stream.readline(LONGEST_LINE):
        too_long = len(line) == LONGEST_LINE and not line.endswith(b"\n")
        yield None if too_long else line
        while too_long and (rest := stream.readline(LONGEST_LINE)):
            too_long = not rest.endswith(b"\n")


def _order(line: bytes | None) -> dict[str, str]:
    """The line's object; raises InvalidInput for anything else."""
    if line is None:
        raise InvalidInput(f"A line has at most {LONGEST_LINE:,} bytes.")
    try:
        order = json.loads(line)
    except (ValueError, RecursionError):
        raise InvalidInput("This is no JSON.") from None
    if not isinstance(order, dict):
        raise InvalidInput("A line is one JSON object.")
    for name in _KEYS:
        required = name in ("text", "locale")
        if not _is_text(order.get(name), required):
            raise InvalidInput(f"{name!r} is {'missing or ' if required else ''}not a text.")
    return order


def _is_text(value: Any, required: bool) -> bool:
    """Whether a value is text that can be written out again: no half of a surrogate pair."""
    if value is None:
        return not required
    if not isinstance(value, str) or "\0" in value:
        return False
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _locale(code: str) -> str:
    """One of the portal's languages, also for "en-GB"."""
    language = code.replace("_", "-").partition("-")[0].lower()
    if language not in LOCALES:
        raise InvalidInput(f"{code[:20]!r} is not one of the locales {', '.join(LOCALES)}.")
    return language


def _failure(number: int, error: PortalError) -> dict[str, Any]:
    return {
        "error": {
            "code": error.code,
            "message": f"Line {number}: {error.message}",
            "resolution": error.resolution,
        }
    }
