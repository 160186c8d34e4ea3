"""Orders of a description, as the tests of generations give them."""

from __future__ import annotations

from pwb.services.generations import DescriptionSpec


def order(key: str | None, tone: str = "professional") -> DescriptionSpec:
    return DescriptionSpec("en", tone, idempotency_key=key)
