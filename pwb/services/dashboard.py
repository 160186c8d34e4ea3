"""What the dashboard shows: what needs attention, recent listings, this month in figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from pwb.extensions import db
from pwb.models import GenerationRequest, Membership, Property, Website
from pwb.models.base import utcnow
from pwb.services import integrations, ledger, periods, social_lists, text_lists, usage
from pwb.services.tenancy import scoped
from pwb.services.usage_report import Sums

RECENT = 6
FAILURES_WITHIN = timedelta(hours=24)


@dataclass(frozen=True)
class Attention:
    """One thing to look after. `kind` names it, so that the page knows where to send people."""

    kind: Literal[
        "not_configured",
        "integration",
        "failed_requests",
        "stale_texts",
        "drafts",
        "stale_posts",
        "draft_posts",
    ]
    tone: Literal["info", "warning", "danger"]
    title: str
    text: str


@dataclass(frozen=True)
class Step:
    """One of the first steps on a new website."""

    kind: Literal["connect", "add_listing", "generate", "invite"]
    done: bool


@dataclass(frozen=True)
class Overview:
    """The dashboard of one website."""

    attention: list[Attention]
    recent: list[Property]
    listings: int
    month: Sums
    steps: list[Step]

    @property
    def is_fresh(self) -> bool:
        """Whether the first steps are still to be shown: until the first text is written."""
        return not all(step.done for step in self.steps if step.kind != "invite")


def overview(website: Website) -> Overview:
    """What is worth knowing at the start of a day."""
    ledger.settle_overdue(website)
    ai = integrations.ai_state(website)
    listings, written, people = _counts(website)
    steps = [
        Step("connect", ai.configured),
        Step("add_listing", listings > 0),
        Step("generate", written),
        Step("invite", people > 1),
    ]
    return Overview(
        attention=[
            *_attention(ai, _failures(website)),
            *_texts_waiting(website),
            *_posts_waiting(website),
        ],
        recent=_recent(website),
        listings=listings,
        month=usage.totals(website, periods.asked(website, None, None)),
        steps=steps,
    )


def _counts(website: Website) -> tuple[int, bool, int]:
    """Listings, whether any text was ever generated, and people with access."""
    own = Property.website_id == website.id
    ever = (
        select(GenerationRequest.id)
        .where(GenerationRequest.website_id == website.id, GenerationRequest.status == "completed")
        .exists()
    )
    members = select(func.count(Membership.id)).where(
        Membership.website_id == website.id, Membership.deactivated_at.is_(None)
    )
    listings = select(func.count(Property.id)).where(own)
    query = select(listings.scalar_subquery(), ever, members.scalar_subquery())
    count, written, people = db.session.execute(query).one()
    return int(count), bool(written), int(people)


def _recent(website: Website) -> list[Property]:
    query = (
        scoped(Property, website)
        .options(selectinload(Property.texts))
        .order_by(Property.updated_at.desc(), Property.id.desc())
        .limit(RECENT)
    )
    return list(db.session.scalars(query))


def _failures(website: Website) -> int:
    query = select(func.count(GenerationRequest.id)).where(
        GenerationRequest.website_id == website.id,
        GenerationRequest.status == "failed",
        GenerationRequest.error_code.is_distinct_from("cancelled"),
        GenerationRequest.created_at > utcnow() - FAILURES_WITHIN,
    )
    return db.session.scalar(query) or 0


def _attention(ai: integrations.AIState, failures: int) -> list[Attention]:
    found = []
    if not ai.configured:
        found.append(
            Attention(
                "not_configured", "warning", ai.message.rstrip("."), "No text can be written."
            )
        )
    elif ai.state == "error":
        found.append(Attention("integration", "danger", "The AI service has a problem", ai.message))
    if failures:
        texts = "One text" if failures == 1 else f"{failures} texts"
        title = f"{texts} could not be written in the last 24 hours"
        text = "Each request says why, and what to do."
        found.append(Attention("failed_requests", "warning", title, text))
    return found


def _texts_waiting(website: Website) -> list[Attention]:
    """Approved texts that no longer say what the record says, and drafts that nobody signed."""
    waiting, found = text_lists.waiting(website), []
    if waiting.stale:
        title = f"{_counted(waiting.stale, 'approved text')} stale"
        text = "Facts that are stated there have changed. Refresh, or approve anew."
        found.append(Attention("stale_texts", "warning", title, text))
    if waiting.drafts:
        title = f"{_counted(waiting.drafts, 'draft text')} waiting for approval"
        text = "Only approved texts go out to the public site."
        found.append(Attention("drafts", "info", title, text))
    return found


def _posts_waiting(website: Website) -> list[Attention]:
    """The same of social posts."""
    waiting, found = social_lists.waiting(website), []
    if waiting.stale:
        title = f"{_counted(waiting.stale, 'approved post')} stale"
        text = "Facts that are stated there have changed. Edit, or approve anew."
        found.append(Attention("stale_posts", "warning", title, text))
    if waiting.drafts:
        title = f"{_counted(waiting.drafts, 'social post')} waiting for approval"
        text = "An approved post can be copied, or downloaded for its platform."
        found.append(Attention("draft_posts", "info", title, text))
    return found


def _counted(count: int, noun: str) -> str:
    return f"One {noun} is" if count == 1 else f"{count:,} {noun}s are"
