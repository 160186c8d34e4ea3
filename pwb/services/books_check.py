"""A period's costs held against the provider's books, one question a request.

Costs that are not exact are asked about first and become so; then a sample of the exact ones is
compared with what the books say.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement

from pwb.llm.registry import all_providers
from pwb.models import GenerationRequest, Website
from pwb.models.base import CENTS_SCALE
from pwb.services import reconciliation
from pwb.services.periods import Period
from pwb.services.reconciliation import CannotAsk, Entry

# Somebody waits for the page meanwhile.
MOST_SECONDS = 15.0
MOST_OPEN, SAMPLE = 100, 50


@dataclass
class BooksCheck:
    """What a run came to, in requests. `difference_cents` is what the books have beyond the
    ledger, over those that differ; `left` were not asked about; `problem` says why."""

    settled: int = 0
    not_found: int = 0
    agreed: int = 0
    differing: int = 0
    difference_cents: Decimal = Decimal(0)
    left: int = 0
    problem: str = ""

    @property
    def asked(self) -> int:
        """How many requests the books were asked about."""
        return self.settled + self.not_found + self.agreed + self.differing


def check(website: Website, period: Period, most_seconds: float = MOST_SECONDS) -> BooksCheck:
    """Ask until all is asked or the time is over. No connection is held while asking.

    What is not exact is settled; what is exact and differs is told and left as it is.
    """
    found, until = BooksCheck(), time.monotonic() + most_seconds
    rows = _rows(website, period)
    for number, row in enumerate(rows):
        if time.monotonic() >= until:
            found.left = len(rows) - number
            break
        try:
            _ask(row, found)
        except CannotAsk as problem:
            found.left, found.problem = len(rows) - number, str(problem)
            break
    return found


def _rows(website: Website, period: Period) -> list[Entry]:
    """First what is not exact, then the latest of the others."""
    row, (start, end) = GenerationRequest, period.bounds()
    with_books = [name for name in all_providers() if reconciliation.has_books(name)]
    own: list[ColumnElement[bool]] = [
        row.website_id == website.id,
        row.ai_provider.in_(with_books),
        row.created_at >= start,
        row.created_at < end,
    ]
    open_ = reconciliation.entries([*own, row.cost_state != "exact"], MOST_OPEN)
    return open_ + reconciliation.entries([*own, row.cost_state == "exact"], SAMPLE)


def _ask(row: Entry, found: BooksCheck) -> None:
    if row.cost_state != "exact":
        if reconciliation.settle(row):
            found.settled += 1
        else:
            found.not_found += 1
        return
    record = reconciliation.look_up(row)
    if record is None or record.cost_usd is None or row.cost_cents is None:
        found.not_found += 1
        return
    difference = round(record.cost_usd * 100, CENTS_SCALE) - row.cost_cents
    if difference:
        found.differing += 1
        found.difference_cents += difference
    else:
        found.agreed += 1
