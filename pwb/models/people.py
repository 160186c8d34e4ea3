"""People, their roles on websites, and the one-time links that let them in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pwb.models.base import Base, Keyed, Timestamps, UTCDateTime, utcnow
from pwb.models.websites import Website

ROLES = ("admin", "agent")


class User(Keyed, Timestamps, Base):
    """A person who signs in. Flask-Login reads the four `is_…`/`get_id` names below."""

    __tablename__ = "pwb_users"

    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    password_hash: Mapped[str | None] = mapped_column(String(255))
    # Raised by a password reset and by signing out: every session signed before it ends.
    session_version: Mapped[int] = mapped_column(Integer, default=1)
    last_signed_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    memberships: Mapped[list[Membership]] = relationship(back_populates="user")

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """What the session cookie holds: the person and the version of their sign-in."""
        return f"{self.id}:{self.session_version}"

    @property
    def display_name(self) -> str:
        return self.name or self.email


class Membership(Keyed, Timestamps, Base):
    """A person's role on one website; deactivated rather than deleted, so history keeps names."""

    __tablename__ = "pwb_memberships"
    __table_args__ = (UniqueConstraint("website_id", "user_id"),)

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("pwb_users.id"), index=True)
    role: Mapped[str] = mapped_column(String(10))
    deactivated_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # What the person may spend a month, within the website's budget; NULL means no limit of
    # their own.
    monthly_budget_cents: Mapped[int | None] = mapped_column(Integer)
    # The month (2026-11) in which they were told by mail that it is nearly used.
    budget_warned_month: Mapped[str | None] = mapped_column(String(7))
    user: Mapped[User] = relationship(back_populates="memberships")
    website: Mapped[Website] = relationship()

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


class AccountLink(Keyed, Base):
    """A one-time link by which a person accepts an invitation or sets a new password.

    Only the link's SHA-256 is kept: a copy of the database opens no account.
    """

    __tablename__ = "pwb_account_links"

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(10))  # invite | reset
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str | None] = mapped_column(String(10))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("pwb_users.id"))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("pwb_users.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ThrottleCounter(Base):
    """How often a key (an address, an e-mail) was counted within its window."""

    __tablename__ = "pwb_throttle_counters"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    count: Mapped[int] = mapped_column(Integer, default=0)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
