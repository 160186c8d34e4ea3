"""The chain of a website's approvals: each record's hash covers it and the record before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import select

from pwb.extensions import db
from pwb.models import (
    Action,
    AuditEvent,
    PropertyText,
    SocialMediaPost,
    TextApproval,
    Website,
)
from pwb.models.properties import TEXT_FIELDS
from pwb.services.checks import parts_of
from pwb.services.tenancy import scoped

FIRST = "0" * 64
_BATCH = 500
_COVERED = (
    "website_id",
    "property_id",
    "reference",
    "locale",
    "title",
    "description",
    "meta_description",
    "text_hash",
    "origin",
    "model",
    "findings",
    "overrides",
    "relies_on",
    "facts",
    "approved_by_id",
    "approved_by_name",
    "previous_hash",
)
# Only a post's approval has these: records from before there were posts keep their hashes.
_COVERED_OF_POSTS = ("post_id", "platform")


def text_hash(locale: str, parts: Mapping[str, str]) -> str:
    """SHA-256 over the language and the three parts."""
    exact = json.dumps([locale, *(parts[name] for name in TEXT_FIELDS)], ensure_ascii=True)
    return hashlib.sha256(exact.encode()).hexdigest()


def hash_of(text: PropertyText) -> str:
    """The hash of a text as it is now."""
    return text_hash(text.locale, parts_of(text))


def parts_of_post(post: SocialMediaPost) -> dict[str, str]:
    """A post's words in the parts that an approval keeps: the caption with its hashtags as the
    description, the link as the meta description."""
    words = "\n\n".join(filter(None, [post.caption, " ".join(post.hashtags)]))
    return {"title": "", "description": words, "meta_description": post.link}


def hash_of_post(post: SocialMediaPost) -> str:
    """The hash of a post's words as they are now."""
    return text_hash(post.locale, parts_of_post(post))


def link(website: Website, approval: TextApproval) -> None:
    """Make a new approval the last of its website's chain; the turn must be taken."""
    newest = scoped(TextApproval, website).order_by(TextApproval.id.desc()).limit(1)
    last = db.session.scalar(newest.with_only_columns(TextApproval.record_hash))
    approval.previous_hash = last or FIRST
    approval.record_hash = record_hash(approval)


def record_hash(approval: TextApproval) -> str:
    """SHA-256 over everything that an approval says, and the record before it."""
    record: dict[str, Any] = {name: getattr(approval, name) for name in _COVERED}
    for name in _COVERED_OF_POSTS:
        if getattr(approval, name) is not None:
            record[name] = getattr(approval, name)
    record["created_at"] = approval.created_at.astimezone(UTC).isoformat(timespec="microseconds")
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class ChainReport:
    """How many records there are and what is wrong with them, a sentence each."""

    records: int
    problems: tuple[str, ...]

    @property
    def intact(self) -> bool:
        return not self.problems

    def sentence(self) -> str:
        """The outcome as one line."""
        count = "1 approval" if self.records == 1 else f"{self.records} approvals"
        if self.intact:
            return f"{count} verified: the chain is whole."
        found = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        return f"{count} read: {found} found."


def verify_chain(website: Website) -> ChainReport:
    """Read all approvals of the website again and tell what was changed, taken out or put in.

    The audit log tells of records that are missing at the end, where no later one refers to them;
    an approved text that is not the one its approval covers is told too.
    """
    problems: list[str] = []
    hashes: set[str] = set()
    previous = FIRST
    count = 0
    for approval in _all(website):
        count += 1
        problems += _problems(approval, previous)
        previous = approval.record_hash
        hashes.add(previous)
    problems += _missing(website, hashes)
    problems += _not_covered(website)
    problems += _posts_not_covered(website)
    return ChainReport(count, tuple(problems))


def _all(website: Website) -> Iterator[TextApproval]:
    query = scoped(TextApproval, website).order_by(TextApproval.id)
    yield from db.session.scalars(query.execution_options(yield_per=_BATCH))


def _problems(approval: TextApproval, previous: str) -> Iterator[str]:
    name = f"Approval {approval.id} ({approval.reference}, {approval.locale})"
    if record_hash(approval) != approval.record_hash:
        yield f"{name} is not what was signed: its record was changed."
    if approval.previous_hash != previous:
        yield f"{name} does not follow the record before it: one was taken out or put in."


def _missing(website: Website, hashes: set[str]) -> Iterator[str]:
    signed_off = (Action.TEXT_APPROVED.value, Action.POST_APPROVED.value)
    query = scoped(AuditEvent, website).where(AuditEvent.action.in_(signed_off))
    for event in db.session.scalars(query.order_by(AuditEvent.id)):
        for _, signed in event.changes.values():
            if signed not in hashes:
                day = event.created_at.date()
                yield f"The approval of {event.object_label} of {day} is gone."


def _not_covered(website: Website) -> Iterator[str]:
    query = (
        select(PropertyText, TextApproval)
        .outerjoin(TextApproval, TextApproval.id == PropertyText.approval_id)
        .where(PropertyText.website_id == website.id, PropertyText.status == "approved")
    )
    for signed, approval in db.session.execute(query):
        if approval is None or approval.text_hash != hash_of(signed):
            where = approval.reference if approval else f"listing {signed.property_id}"
            yield f"The approved {signed.locale} text of {where} is not the one that was approved."


def _posts_not_covered(website: Website) -> Iterator[str]:
    query = (
        select(SocialMediaPost, TextApproval)
        .outerjoin(TextApproval, TextApproval.id == SocialMediaPost.approval_id)
        .where(SocialMediaPost.website_id == website.id, SocialMediaPost.status == "approved")
    )
    for post, approval in db.session.execute(query):
        if approval is None or approval.text_hash != hash_of_post(post):
            where = approval.reference if approval else f"listing {post.property_id}"
            yield f"The approved {post.platform} post of {where} is not the one that was approved."
