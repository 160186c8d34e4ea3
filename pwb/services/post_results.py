"""Posts that were written, as pages and programs are told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pwb.content.platforms import PLATFORMS
from pwb.models import GenerationRequest, SocialMediaPost
from pwb.services import post_checks
from pwb.services.checks import Findings
from pwb.services.generation_errors import GenerationFailed
from pwb.services.post_drafts import Frame
from pwb.services.social_calls import Outcome

# The state of a sum is that of its least certain part.
_CERTAINTY = ("unknown", "pending", "estimated", "exact")


@dataclass(frozen=True)
class PostDraft:
    """A saved draft with its count, in the platform's own way, and what the checks found."""

    post: SocialMediaPost
    characters: int
    limit: int
    findings: Findings

    @property
    def over_by(self) -> int:
        return max(0, self.characters - self.limit)

    def in_words(self) -> str:
        """The draft for a terminal: its platform and count, then the text as posted."""
        label = PLATFORMS[self.post.platform].label
        over = f", {self.over_by:,} over" if self.over_by else ""
        text = post_checks.text_of(self.post)
        return f"{label} ({self.characters:,} of {self.limit:,}{over})\n{text}"

    def as_json(self) -> dict[str, Any]:
        """The draft as the JSON endpoint and `--json` answer it."""
        post = self.post
        return {
            "id": post.id,
            "platform": post.platform,
            "label": PLATFORMS[post.platform].label,
            "format": post.format,
            "caption": post.caption,
            "hashtags": list(post.hashtags),
            "link": post.link,
            "text": post_checks.text_of(post),
            "characters": self.characters,
            "limit": self.limit,
            "over_by": self.over_by,
            **self.findings.as_json(),
        }


@dataclass(frozen=True)
class Usage:
    """Tokens and US cents of all calls together; None where a part is unknown."""

    input_tokens: int | None
    output_tokens: int | None
    cost_cents: Decimal | None
    cost_state: str

    def as_json(self) -> dict[str, Any]:
        """The part `usage` of an answer."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_cents": None if self.cost_cents is None else format(self.cost_cents, "f"),
            "cost_state": self.cost_state,
        }


@dataclass(frozen=True)
class SocialResult:
    """The posts of one order, all saved as drafts, and the platforms that got none."""

    posts: Sequence[PostDraft]
    failures: Mapping[str, GenerationFailed]
    request_ids: tuple[int, ...]
    model: str | None
    usage: Usage

    @property
    def request_id(self) -> int:
        """The first row's id."""
        return self.request_ids[0]

    def as_json(self) -> dict[str, Any]:
        """The result as the JSON endpoint and `--json` answer it."""
        failed = [
            {"platform": name, "error": failure.as_json()["error"]}
            for name, failure in self.failures.items()
        ]
        return {
            "success": True,
            "request_id": self.request_id,
            "request_ids": list(self.request_ids),
            "posts": [draft.as_json() for draft in self.posts],
            **({"failed": failed} if failed else {}),
            "model": self.model,
            "usage": self.usage.as_json(),
        }


def result_of(frame: Frame, posts: Sequence[SocialMediaPost], outcome: Outcome) -> SocialResult:
    """The result of an order whose posts are saved; needs no database."""
    every = (*outcome.rows.values(), *outcome.later_rows.values())
    rows = {row.id: row for row in sorted(every, key=lambda row: row.id)}
    first = next(iter(rows.values()))
    return SocialResult(
        posts=[draft_of(frame, post) for post in posts],
        failures=outcome.failures,
        request_ids=tuple(rows),
        model=first.served_model or first.ai_model,
        usage=usage_of(rows.values()),
    )


def draft_of(frame: Frame, post: SocialMediaPost) -> PostDraft:
    """A draft with its count and its findings."""
    findings = post_checks.check_words(
        frame.rules,
        frame.brief.facts,
        post.locale,
        post.caption,
        post.hashtags,
        post_checks.old_price_of(post.details),
    )
    return PostDraft(post, post_checks.characters(post), post_checks.limit_of(post), findings)


def usage_of(rows: Iterable[GenerationRequest]) -> Usage:
    """What rows used together."""
    rows = list(rows)
    costs = [row.cost_cents for row in rows if row.cost_cents is not None]
    return Usage(
        input_tokens=_sum([row.input_tokens for row in rows]),
        output_tokens=_sum([row.output_tokens for row in rows]),
        cost_cents=sum(costs, Decimal(0)) if len(costs) == len(rows) else None,
        cost_state=min((row.cost_state for row in rows), key=_CERTAINTY.index),
    )


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
