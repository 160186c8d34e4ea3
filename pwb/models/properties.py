"""A listing's facts, and its texts per language."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pwb.models.base import Base, ExactDecimal, Keyed, Timestamps, UTCDateTime

TEXT_ORIGINS = ("written", "generated", "edited", "imported")
AI_ORIGINS = ("generated", "edited")
"""Texts that a model wrote: as it stands, and with a person's changes."""


def _amount() -> Mapped[Decimal | None]:
    return mapped_column(ExactDecimal(14, 2))


class Property(Keyed, Timestamps, Base):
    """A listing. NULL means unknown; prices are in whole `currency` units with two decimals."""

    __tablename__ = "pwb_properties"
    __table_args__ = (
        UniqueConstraint("website_id", "reference"),
        Index("ix_pwb_properties_website_id_updated_at", "website_id", "updated_at"),
    )

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), index=True)
    reference: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(40), default="available")
    property_type: Mapped[str | None] = mapped_column(String(60))
    property_state: Mapped[str | None] = mapped_column(String(60))
    bedrooms: Mapped[int | None] = mapped_column(Integer)
    bathrooms: Mapped[Decimal | None] = mapped_column(ExactDecimal(5, 1))
    toilets: Mapped[int | None] = mapped_column(Integer)
    garages: Mapped[int | None] = mapped_column(Integer)
    constructed_area: Mapped[Decimal | None] = _amount()
    plot_area: Mapped[Decimal | None] = _amount()
    area_unit: Mapped[str] = mapped_column(String(8), default="sqmt")
    year_built: Mapped[int | None] = mapped_column(Integer)
    energy_rating: Mapped[str | None] = mapped_column(String(10))
    street_address: Mapped[str | None] = mapped_column(String(200))
    city: Mapped[str | None] = mapped_column(String(120))
    region: Mapped[str | None] = mapped_column(String(120))
    postal_code: Mapped[str | None] = mapped_column(String(20))
    country: Mapped[str | None] = mapped_column(String(120))
    latitude: Mapped[Decimal | None] = mapped_column(ExactDecimal(9, 6))
    longitude: Mapped[Decimal | None] = mapped_column(ExactDecimal(9, 6))
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    sale_price: Mapped[Decimal | None] = _amount()
    rental_price: Mapped[Decimal | None] = _amount()
    features: Mapped[list[str]] = mapped_column(JSON, default=list)
    # Raised by every save of the facts or a text: a form made from an older one is told so.
    lock_version: Mapped[int] = mapped_column(Integer, default=1)
    texts: Mapped[list[PropertyText]] = relationship(
        back_populates="property", cascade="all, delete-orphan", order_by="PropertyText.locale"
    )

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own contract

    def text(self, locale: str) -> PropertyText | None:
        """The text in `locale`, if there is one."""
        return next((text for text in self.texts if text.locale == locale), None)


class PropertyText(Keyed, Timestamps, Base):
    """Title, description and meta description of a listing in one language."""

    __tablename__ = "pwb_property_texts"
    __table_args__ = (UniqueConstraint("property_id", "locale"),)

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), index=True)
    property_id: Mapped[int] = mapped_column(ForeignKey("pwb_properties.id"), index=True)
    locale: Mapped[str] = mapped_column(String(8))
    title: Mapped[str] = mapped_column(String(255), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    meta_description: Mapped[str] = mapped_column(String(320), default="")
    origin: Mapped[str] = mapped_column(String(12), default="written")
    generation_request_id: Mapped[int | None] = mapped_column(
        ForeignKey("pwb_ai_generation_requests.id")
    )
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey("pwb_users.id"))
    # `draft` until somebody approves it; an edit makes it a draft again.
    status: Mapped[str] = mapped_column(String(10), default="draft")
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("pwb_text_approvals.id"))
    # Since when, and for which facts, the approved text no longer says what the record says.
    stale_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    stale_fields: Mapped[list[str]] = mapped_column(JSON, default=list)
    property: Mapped[Property] = relationship(back_populates="texts")


FACTS = (
    "reference",
    "status",
    "property_type",
    "property_state",
    "bedrooms",
    "bathrooms",
    "toilets",
    "garages",
    "constructed_area",
    "plot_area",
    "area_unit",
    "year_built",
    "energy_rating",
    "street_address",
    "city",
    "region",
    "postal_code",
    "country",
    "latitude",
    "longitude",
    "currency",
    "sale_price",
    "rental_price",
    "features",
)
TEXT_FIELDS = ("title", "description", "meta_description")
