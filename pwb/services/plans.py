"""Plans: how many generations a month a website has, and the operator's change of it."""

from __future__ import annotations

from pwb.errors import InvalidInput
from pwb.extensions import db
from pwb.models import Action, Website
from pwb.models.websites import PLANS
from pwb.services import audit

PLAN_GENERATIONS: dict[str, int | None] = {
    "free": 5,
    "starter": 50,
    "professional": 500,
    "enterprise": None,
}
"""How many generations a month each plan holds; None means any number."""


def change_plan(website: Website, plan: str) -> None:
    """Give the website another plan, from now on; raises InvalidInput."""
    if plan not in PLANS:
        raise InvalidInput(f"A plan is one of {', '.join(PLANS)}.")
    db.session.refresh(website)
    before = website.plan
    if before == plan:
        return
    website.plan = plan
    if PLANS.index(plan) > PLANS.index(before):
        website.plan_warned_month = None  # The larger plan has a letter of its own.
    audit.record(
        website,
        None,
        Action.WEBSITE_CHANGED,
        object_type="website",
        object_id=website.id,
        label=website.name,
        changes={"plan": (before, plan)},
    )
    db.session.commit()
