"""What a website may set about publishing: whose law its texts are held against, what they say."""

from __future__ import annotations

from pwb.content.fair_housing import JURISDICTIONS

DISCLOSURE_MAX = 500


def disclosure_problem(disclosure: str) -> str | None:
    """What does not fit about the sentence that goes out with texts of AI."""
    if len(disclosure) > DISCLOSURE_MAX or not disclosure.isprintable():
        return f"A disclosure has at most {DISCLOSURE_MAX} characters, without control characters."
    return None


def jurisdictions_problem(chosen: list[str] | None) -> str | None:
    """What does not fit about the choice of laws; None chosen means all of them."""
    if chosen is None:
        return None
    unknown = [key for key in chosen if key not in JURISDICTIONS]
    if unknown:
        return f"{unknown[0][:20]!r} is not one of {', '.join(JURISDICTIONS)}."
    return None if chosen else "Choose at least one place whose law applies."


def in_order(chosen: list[str] | None) -> list[str] | None:
    """The choice in the order of the list; all of them is no choice."""
    if chosen is None or set(chosen) == set(JURISDICTIONS):
        return None
    return [key for key in JURISDICTIONS if key in chosen]
