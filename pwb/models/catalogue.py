"""The catalogue of models as last fetched: shared by all websites and all processes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pwb.models.base import Base, Keyed, UTCDateTime


class AIModel(Keyed, Base):
    """One model of a provider's list. A model that has left the list is kept for a while, with
    `missing_since`: its last price is what successors are compared with."""

    __tablename__ = "pwb_ai_models"
    __table_args__ = (
        UniqueConstraint("provider", "model_id"),
        Index("ix_pwb_ai_models_provider_canonical_slug", "provider", "canonical_slug"),
    )

    provider: Mapped[str] = mapped_column(String(40))
    model_id: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    # The dated name that answers carry; several variants may share one.
    canonical_slug: Mapped[str | None] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    # Seconds since 1970, as the provider says.
    created: Mapped[int | None] = mapped_column(BigInteger)
    context_length: Mapped[int | None] = mapped_column(BigInteger)
    max_completion_tokens: Mapped[int | None] = mapped_column(BigInteger)
    input_modalities: Mapped[list[str]] = mapped_column(JSON, default=list)
    supported_parameters: Mapped[list[str]] = mapped_column(JSON, default=list)
    # Decimal strings in USD, tiers included; a price that is absent is unknown.
    pricing: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    expiration_date: Mapped[date | None] = mapped_column(Date)
    fetched_at: Mapped[datetime] = mapped_column(UTCDateTime)
    missing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)


class AICatalogue(Base):
    """When a provider's list was fetched from an address, and who may fetch it now.

    `pwb_ai_models` holds the list of the one address of the provider that has `fetched_at`.
    """

    __tablename__ = "pwb_ai_catalogues"

    provider: Mapped[str] = mapped_column(String(40), primary_key=True)
    address_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    fetched_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # One process fetches at a time; a lease that has run out belonged to one that died.
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)
    # A price list in place of the provider's own list: its name and version.
    source: Mapped[str] = mapped_column(String(80), default="")
