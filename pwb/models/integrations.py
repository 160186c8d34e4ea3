"""A website's connection to an outside service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pwb.models.base import Base, Keyed, Timestamps, UTCDateTime


class WebsiteIntegration(Keyed, Timestamps, Base):
    """One provider's key and settings on one website; what `credentials` holds is encrypted."""

    __tablename__ = "pwb_website_integrations"
    __table_args__ = (UniqueConstraint("website_id", "category", "provider"),)

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), index=True)
    category: Mapped[str] = mapped_column(String(20))
    provider: Mapped[str] = mapped_column(String(40))
    credentials: Mapped[str] = mapped_column(Text)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    last_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_tested_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_test_message: Mapped[str | None] = mapped_column(Text)
    # What the last test found in figures: models, the key's limit and what is left of it.
    last_test_details: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    last_error_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error_code: Mapped[str | None] = mapped_column(String(40))
    last_error_message: Mapped[str | None] = mapped_column(Text)
    # Raised by every save of the form: one made from an older state is told so. What calls and
    # tests write about the key's health does not raise it.
    lock_version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own contract
