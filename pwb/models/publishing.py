"""What an agency answers for: approvals, the history of texts, its writing rules, its readers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pwb.models.base import Base, Keyed, Timestamps, UTCDateTime, utcnow
from pwb.models.people import User

RULE_SCOPES = ("listing", "social", "all")


class TextVersion(Keyed, Base):
    """A listing's text in one language as it was saved once; any of them can be restored."""

    __tablename__ = "pwb_property_text_versions"
    __table_args__ = (Index("ix_pwb_property_text_versions_text", "property_id", "locale", "id"),)

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), index=True)
    property_id: Mapped[int] = mapped_column(
        ForeignKey("pwb_properties.id", ondelete="CASCADE"), index=True
    )
    locale: Mapped[str] = mapped_column(String(8))
    title: Mapped[str] = mapped_column(String(255), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    meta_description: Mapped[str] = mapped_column(String(320), default="")
    origin: Mapped[str] = mapped_column(String(12))
    model: Mapped[str | None] = mapped_column(String(200))
    generation_request_id: Mapped[int | None] = mapped_column(
        ForeignKey("pwb_ai_generation_requests.id")
    )
    user_id: Mapped[int | None] = mapped_column(ForeignKey("pwb_users.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    user: Mapped[User | None] = relationship()


class TextApproval(Keyed, Base):
    """Somebody's signature under one text. It is never changed and never deleted.

    `findings` are those of the checks at that moment, `overrides` the reasons given, `relies_on`
    the facts that the text states, `facts` their values then. `record_hash` covers all of it and
    the website's record before it, so that a change in the database shows.

    A post's approval names the post and its platform; its description is the text as it goes out,
    its meta description the link.
    """

    __tablename__ = "pwb_text_approvals"
    __table_args__ = (
        Index("ix_pwb_text_approvals_text", "property_id", "locale", "id"),
        Index("ix_pwb_text_approvals_website_id_created_at", "website_id", "created_at"),
    )

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), index=True)
    # No foreign key: the record outlives the listing.
    property_id: Mapped[int] = mapped_column(Integer, index=True)
    reference: Mapped[str] = mapped_column(String(64))
    post_id: Mapped[int | None] = mapped_column(Integer)
    platform: Mapped[str | None] = mapped_column(String(12))
    locale: Mapped[str] = mapped_column(String(8))
    title: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text)
    meta_description: Mapped[str] = mapped_column(String(320))
    text_hash: Mapped[str] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(String(12))
    model: Mapped[str | None] = mapped_column(String(200))
    findings: Mapped[dict[str, Any]] = mapped_column(JSON)
    overrides: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    relies_on: Mapped[list[str]] = mapped_column(JSON)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("pwb_users.id"))
    approved_by_name: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    previous_hash: Mapped[str] = mapped_column(String(64))
    record_hash: Mapped[str] = mapped_column(String(64))


class ApprovalIsFinal(RuntimeError):
    """Something tried to change or delete an approval."""


@event.listens_for(TextApproval, "before_update")
@event.listens_for(TextApproval, "before_delete")
def _refuse(_mapper: object, _connection: object, approval: TextApproval) -> None:
    raise ApprovalIsFinal(f"approval {approval.id} cannot be changed")


class WritingRule(Keyed, Timestamps, Base):
    """One sentence of an agency's brand voice, sent with the instructions."""

    __tablename__ = "pwb_ai_writing_rules"

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    rule: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(String(10), default="all")
    locale: Mapped[str | None] = mapped_column(String(8))
    position: Mapped[int] = mapped_column(Integer, default=0)
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class ApiToken(Keyed, Base):
    """A bearer token that reads approved texts; only its SHA-256 is kept."""

    __tablename__ = "pwb_api_tokens"

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(8))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("pwb_users.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    last_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_by: Mapped[User | None] = relationship()
