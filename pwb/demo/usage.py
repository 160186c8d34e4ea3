"""Three invented months of generations, so that the demo's usage page has something to show.

Every row says that it is invented: its model is one of the simulator's, its text says so, and its
options carry `demo`. Its cost is what the simulator's price list makes of its tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from pwb.extensions import db
from pwb.models import GenerationRequest, Membership, Property, Website
from pwb.services import periods, rollups
from pwb.simulator import catalogue

DAYS = 92
WORKDAY, WEEKEND = (3, 11), (0, 2)
# Weights, as an agency of this size would spread its work.
MODELS = {
    "simulator/claude-3.5-sonnet": 12,
    "simulator/gpt-4o-mini": 6,
    "simulator/mistral-large": 2,
    "simulator/gpt-4o": 1,
}
TASKS = {
    "listing_description": 12,
    "listing_translation": 5,
    "listing_refinement": 3,
    "listing_refresh": 1,
    "social_posts": 4,
}
# Least and most of them in and out.
TOKENS = {"social_posts": ((1_900, 2_900), (450, 950))}
TOKENS_OF_A_TEXT = ((900, 2_100), (260, 620))
FAILURES = {
    "timeout": "The AI service did not answer in time.",
    "rate_limited": "The AI service is asked too often.",
    "cancelled": "Stopped before the text was finished.",
}
FAILED, OF_THEM_COST_UNKNOWN, ESTIMATED = 0.03, 0.3, 0.02
TEXT = {
    "title": "Invented for the demo",
    "description": "This request is part of the demo's history. No text was written for it.",
    "meta_description": "",
}


def add_history(website: Website) -> None:
    """Give a new website of the demo a past, up to yesterday; the caller owns the transaction."""
    invent = _Invention(website)
    today = periods.today(website)
    for days_ago in range(DAYS, 0, -1):
        db.session.add_all(invent.day(today - timedelta(days=days_ago)))
    db.session.flush()
    rollups.rebuild(website)


class _Invention:
    """The same past for the same website, whenever it is made."""

    def __init__(self, website: Website) -> None:
        self.website = website
        self.random = Random(website.subdomain)  # noqa: S311 - a demo's history is no secret
        people = select(Membership.user_id).where(Membership.website_id == website.id)
        listings = select(Property.id).where(Property.website_id == website.id)
        self.people = db.session.scalars(people.order_by(Membership.id)).all()
        self.priced = {model.id: model for model in catalogue.models()}
        self.listings = db.session.scalars(listings.order_by(Property.id)).all()

    def day(self, day: date) -> Iterator[GenerationRequest]:
        """The generations of one day, one after the other."""
        least, most = WORKDAY if day.weekday() < 5 else WEEKEND
        count = self.random.randint(least, most)
        hours = sorted(
            time(self.random.randint(9, 18), self.random.randint(0, 59)) for _ in range(count)
        )
        for hour in hours:
            moment = datetime.combine(day, hour, ZoneInfo(self.website.time_zone))
            yield self._generation(moment.astimezone(UTC))

    def _generation(self, moment: datetime) -> GenerationRequest:
        model, task = self._one_of(MODELS), self._one_of(TASKS)
        milliseconds = self.random.randint(2_800, 11_000)
        return GenerationRequest(
            website_id=self.website.id,
            user_id=self.random.choice(self.people),
            property_id=self.random.choice(self.listings),
            request_type=task,
            ai_provider="open_router",
            ai_model=model,
            locale=self.random.choice(self.website.supported_locales[:3]),
            input_data={},
            options={"demo": True},
            attempts=1,
            created_at=moment,
            updated_at=moment,
            finished_at=moment + timedelta(milliseconds=milliseconds),
            duration_ms=milliseconds,
            **self._outcome(model, task),
        )

    def _outcome(self, model: str, task: str) -> dict[str, Any]:
        if self.random.random() >= FAILED:
            state = "estimated" if self.random.random() < ESTIMATED else "exact"
            served = {"status": "completed", "output_data": TEXT, "served_model": model}
            return served | self._tokens(model, task) | {"cost_state": state}
        code = self.random.choice(sorted(FAILURES))
        failed = {"status": "failed", "error_code": code, "error_message": FAILURES[code]}
        # What is asked too often costs nothing; what was cut off may have been billed.
        if self.random.random() < OF_THEM_COST_UNKNOWN and code != "rate_limited":
            return failed | {"cost_state": "unknown", "reserved_cents": Decimal("6.5")}
        return failed | {"cost_cents": Decimal(0), "cost_state": "exact"}

    def _tokens(self, model: str, task: str) -> dict[str, Any]:
        ranges = TOKENS.get(task, TOKENS_OF_A_TEXT)
        tokens_in, tokens_out = (self.random.randint(*each) for each in ranges)
        dollars = sum(catalogue.cost(self.priced[model], tokens_in, tokens_out), Decimal(0))
        return {
            "input_tokens": tokens_in,
            "output_tokens": tokens_out,
            "cost_cents": dollars * 100,
        }

    def _one_of(self, weights: dict[str, int]) -> str:
        return self.random.choices(list(weights), list(weights.values()))[0]
