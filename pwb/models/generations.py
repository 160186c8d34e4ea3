"""The ledger: one row a generation asked for, from before the call to its final state."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pwb.models.base import Base, Cents, Keyed, Timestamps, UTCDateTime
from pwb.models.people import User
from pwb.models.properties import Property

STATUSES = ("pending", "processing", "completed", "failed")
FINAL = ("completed", "failed")
COST_STATES = ("exact", "estimated", "pending", "unknown")


class GenerationRequest(Keyed, Timestamps, Base):
    """One generation. `cost_cents` NULL means unknown and is never shown as 0."""

    __tablename__ = "pwb_ai_generation_requests"
    __table_args__ = (
        UniqueConstraint(
            "website_id", "user_id", "idempotency_key", name="uq_pwb_ai_requests_idempotency_key"
        ),
        Index("ix_pwb_ai_generation_requests_website_id_created_at", "website_id", "created_at"),
        Index("ix_pwb_ai_generation_requests_status_deadline_at", "status", "deadline_at"),
        # The few that run, among a website's many: asked for by every click and every page.
        Index(
            "ix_pwb_ai_generation_requests_website_id_status",
            "website_id",
            "status",
            "created_at",
        ),
    )

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("pwb_users.id"), index=True)
    property_id: Mapped[int | None] = mapped_column(
        ForeignKey("pwb_properties.id", ondelete="SET NULL"), index=True
    )
    request_type: Mapped[str] = mapped_column(String(30))
    ai_provider: Mapped[str] = mapped_column(String(40))
    ai_model: Mapped[str] = mapped_column(String(200))
    served_model: Mapped[str | None] = mapped_column(String(200))
    upstream_provider: Mapped[str | None] = mapped_column(String(120))
    generation_id: Mapped[str | None] = mapped_column(String(120), index=True)
    locale: Mapped[str] = mapped_column(String(8))
    input_data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    output_data: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    status: Mapped[str] = mapped_column(String(12), default="pending")
    error_code: Mapped[str | None] = mapped_column(String(40))
    error_message: Mapped[str | None] = mapped_column(Text)
    retry_after: Mapped[int | None] = mapped_column(Integer)
    input_tokens: Mapped[int | None] = mapped_column(Integer)
    output_tokens: Mapped[int | None] = mapped_column(Integer)
    cached_tokens: Mapped[int | None] = mapped_column(Integer)
    reasoning_tokens: Mapped[int | None] = mapped_column(Integer)
    cost_cents: Mapped[Decimal | None] = mapped_column(Cents)
    cost_state: Mapped[str] = mapped_column(String(10), default="unknown")
    reserved_cents: Mapped[Decimal | None] = mapped_column(Cents)
    duration_ms: Mapped[int | None] = mapped_column(Integer)
    first_token_ms: Mapped[int | None] = mapped_column(Integer)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    idempotency_key: Mapped[str | None] = mapped_column(String(100))
    # What was asked for, hashed: the same key with another hash is refused.
    input_digest: Mapped[str | None] = mapped_column(String(64))
    # When the first call left; NULL while nothing was sent.
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    deadline_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cancel_requested: Mapped[bool] = mapped_column(Boolean, default=False)

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    user: Mapped[User | None] = relationship()
    property: Mapped[Property | None] = relationship()
