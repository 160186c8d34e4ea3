"""Tenants: one row an agency's website."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from pwb.models.base import Base, Keyed, Timestamps

PLANS = ("free", "starter", "professional", "enterprise")


class Website(Keyed, Timestamps, Base):
    """An agency's website: the tenant to which every other row belongs."""

    __tablename__ = "pwb_websites"

    name: Mapped[str] = mapped_column(String(120))
    subdomain: Mapped[str] = mapped_column(String(63), unique=True)
    custom_domain: Mapped[str | None] = mapped_column(String(253), unique=True)
    default_locale: Mapped[str] = mapped_column(String(8), default="en")
    supported_locales: Mapped[list[str]] = mapped_column(JSON, default=list)
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    plan: Mapped[str] = mapped_column(String(20), default="professional")
    monthly_budget_cents: Mapped[int | None] = mapped_column(Integer)
    # The month, as YYYY-MM, in which the letter about a nearly used budget was last sent.
    budget_warned_month: Mapped[str | None] = mapped_column(String(7))
    plan_warned_month: Mapped[str | None] = mapped_column(String(7))
    # Which of several integrations writes; NULL means OpenRouter where it is configured.
    ai_provider: Mapped[str | None] = mapped_column(String(40))
    # The models that agents may pick from: {"provider", "model"} each; NULL or empty means none.
    ai_shortlist: Mapped[list[dict[str, str]] | None] = mapped_column(JSON(none_as_null=True))
    # Whether an agent too may approve a text over a finding, with a reason.
    agents_may_override: Mapped[bool] = mapped_column(Boolean, default=False)
    # A sentence that goes out with every text that AI wrote.
    ai_disclosure: Mapped[str] = mapped_column(String(500), default="")
    # Fair-housing jurisdictions that apply; NULL means all.
    jurisdictions: Mapped[list[str] | None] = mapped_column(JSON)
