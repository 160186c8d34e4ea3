"""What goes out beside the listing itself: its photos, and posts for social platforms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pwb.models.base import Base, Keyed, Timestamps, UTCDateTime
from pwb.models.generations import GenerationRequest
from pwb.models.people import User
from pwb.models.properties import Property

POST_STATUSES = ("draft", "approved", "archived")
POST_ORIGINS = ("generated", "written")
ALT_ORIGINS = ("", "written", "generated")


class PropertyPhoto(Keyed, Timestamps, Base):
    """A photo of a listing. The file is in storage under `storage_key`, which is random;
    `filename` is only shown. Width and height are in pixels, `size_bytes` is the stored file's."""

    __tablename__ = "pwb_property_photos"
    __table_args__ = (Index("ix_pwb_property_photos_order", "property_id", "position"),)

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), index=True)
    property_id: Mapped[int] = mapped_column(ForeignKey("pwb_properties.id", ondelete="CASCADE"))
    storage_key: Mapped[str] = mapped_column(String(200), unique=True)
    filename: Mapped[str] = mapped_column(String(200))
    content_type: Mapped[str] = mapped_column(String(40))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    size_bytes: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    position: Mapped[int] = mapped_column(Integer, default=0)
    alt_text: Mapped[str] = mapped_column(String(300), default="")
    alt_origin: Mapped[str] = mapped_column(String(12), default="")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("pwb_users.id"))


class SocialMediaPost(Keyed, Timestamps, Base):
    """One post for one platform. `hashtags` are written "#Tag", `photos` are photo ids in order.

    `details` holds what the category needs beside the listing's facts: `old_price`, `new_price`
    and `currency` of a price drop, `event_at` and `event_end` of an open house; `copy_mark` names
    the form that a copy was made by.
    """

    __tablename__ = "pwb_social_media_posts"
    __table_args__ = (
        Index("ix_pwb_social_media_posts_list", "website_id", "status", "updated_at"),
        # A form that was sent twice saves the posts of its request once.
        UniqueConstraint(
            "request_id", "platform", name="uq_pwb_social_media_posts_request_id_platform"
        ),
    )

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), index=True)
    property_id: Mapped[int] = mapped_column(
        ForeignKey("pwb_properties.id", ondelete="CASCADE"), index=True
    )
    request_id: Mapped[int | None] = mapped_column(ForeignKey("pwb_ai_generation_requests.id"))
    platform: Mapped[str] = mapped_column(String(12))
    category: Mapped[str] = mapped_column(String(20))
    locale: Mapped[str] = mapped_column(String(8))
    format: Mapped[str] = mapped_column(String(8), default="feed")
    caption: Mapped[str] = mapped_column(Text, default="")
    hashtags: Mapped[list[str]] = mapped_column(JSON, default=list)
    # As long as the part of an approval that keeps it.
    link: Mapped[str] = mapped_column(String(320), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    photos: Mapped[list[int]] = mapped_column(JSON, default=list)
    status: Mapped[str] = mapped_column(String(10), default="draft")
    origin: Mapped[str] = mapped_column(String(12), default="written")
    model: Mapped[str | None] = mapped_column(String(200))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("pwb_users.id"))
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey("pwb_users.id"))
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("pwb_text_approvals.id"))
    # Since when, and for which facts, the approved post no longer says what the record says.
    stale_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    stale_fields: Mapped[list[str]] = mapped_column(JSON, default=list)
    # Raised by every save: a form made from an older one is told so.
    lock_version: Mapped[int] = mapped_column(Integer, default=1)
    property: Mapped[Property] = relationship()
    request: Mapped[GenerationRequest | None] = relationship()
    created_by: Mapped[User | None] = relationship(foreign_keys=[created_by_id])
    updated_by: Mapped[User | None] = relationship(foreign_keys=[updated_by_id])

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own contract
