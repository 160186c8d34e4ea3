"""What looks like a claim and is none: addresses, references, telephone numbers, dates, times."""

import re
from collections.abc import Iterator

from pwb.content.claims_text import Token
from pwb.content.listing import ListingFacts

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,64}")
_OPAQUE = re.compile(
    r"""(?=[hw+\d\#№rRoO])(?:           # what each of these can begin with, which saves much trying
    https?://\S+ | www\.\S+                                    # addresses on the net
    | \+\d[\d\s().-]{5,20}\d                                    # telephone numbers
    | (?<![\w.])0\d{2,4}[\s/-]\d[\d\s-]{3,12}\d                 # the same without a country
    | (?<!\d)\d{1,2}:\d{2}(?!\d) | (?<!\d)\d{1,2}\s?(?:am|pm|Uhr|uur)\b
    | (?<!\d)24\s?/\s?7(?!\d) | [#№]\s?\d+ | (?<!\d)\d{1,9}(?:[.,]\d{1,9})?\s?[%°]
    | (?<!\d)\d{4}-\d{2}-\d{2}(?!\d) | (?<!\d)\d{1,2}[/.]\d{1,2}[/.]\d{2,4}(?!\d)
    | (?<!\d)\d{4}年\d{1,2}月(?:\d{1,2}日)?
    | (?i:\b(?:ref|reference|referencia|référence|referenz|objektnr|riferimento)\b[.:\s]{0,3}
      [A-Z0-9-]*\d[A-Z0-9-]*)
    )""",
    re.VERBOSE,
)
_ONLY_DIGITS = re.compile(r"[\d\s-]+")


def mask_names(text: str, tokens: list[Token], facts: ListingFacts) -> None:
    """Makes names of the tokens that belong to the property's address or to nothing checkable."""
    spans = sorted(_spans(text, facts))
    place = 0
    for start, end in spans:
        while place and tokens[place - 1].end > start:
            place -= 1
        while place < len(tokens) and tokens[place].start < end:
            token = tokens[place]
            if token.end > start and token.kind not in ("stop", "comma"):
                token.kind, token.norm = "name", ""
            place += 1


def _spans(text: str, facts: ListingFacts) -> Iterator[tuple[int, int]]:
    yield from (found.span() for found in _OPAQUE.finditer(text))
    if "@" in text:
        yield from (found.span() for found in _EMAIL.finditer(text))
    for name in _names(facts):
        pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
        yield from (found.span() for found in re.finditer(pattern, text, re.IGNORECASE))


def _names(facts: ListingFacts) -> Iterator[str]:
    for name in (facts.street_address, facts.city, facts.region, facts.reference):
        if name and len(name.strip()) > 2 and not _ONLY_DIGITS.fullmatch(name):
            yield name.strip()
    if facts.postal_code and len(facts.postal_code.strip()) > 4:
        yield facts.postal_code.strip()
