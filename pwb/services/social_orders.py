"""What somebody asks to be posted of a listing: checked, and made into the brief of the prompt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pwb.content.platforms import PLATFORMS
from pwb.content.social import CATEGORIES, SocialBrief
from pwb.errors import InvalidInput
from pwb.models import Property, Website
from pwb.models.base import utcnow
from pwb.services import writing_rules
from pwb.services.description_orders import KEY_LENGTH
from pwb.services.exports import plain_number
from pwb.services.listing_facts import facts_of

# As long as an approval keeps it.
LONGEST_LINK = 320
_HIGHEST_PRICE = 10**12


@dataclass(frozen=True)
class SocialSpec:
    """What somebody asked for. `model` None means the website's default.

    `formats` maps a platform to `feed`, `story` or `reel`; a platform that is not in it gets its
    feed. `old_price` is in the listing's currency. Times without a zone are the website's own.
    """

    platforms: tuple[str, ...]
    category: str = "just_listed"
    locale: str = "en"
    formats: Mapping[str, str] = field(default_factory=dict)
    old_price: Decimal | None = None
    event_at: datetime | None = None
    event_end: datetime | None = None
    model: str | None = None
    idempotency_key: str | None = None
    link: str = ""

    def format_for(self, platform: str) -> str:
        """The platform's format that was asked for."""
        return self.formats.get(platform) or "feed"

    def digest(self, listing: Property) -> str:
        """What was asked for, hashed: tells a resent form from another order with its key."""
        order = asdict(self) | {"listing": listing.id}
        order.pop("idempotency_key")
        return hashlib.sha256(json.dumps(order, sort_keys=True, default=str).encode()).hexdigest()

    def key_for(self, platforms: tuple[str, ...]) -> str | None:
        """The idempotency key of the call that writes for these platforms of the order."""
        if self.idempotency_key is None or len(platforms) == len(self.platforms):
            return self.idempotency_key
        return hashlib.sha256(f"{self.idempotency_key}|{platforms}".encode()).hexdigest()

    def options(self) -> dict[str, Any]:
        """What the row keeps of the order, beside its own columns."""
        kept = {
            "platforms": list(self.platforms),
            "category": self.category,
            "formats": dict(self.formats) or None,
            "link": self.link or None,
            "old_price": None if self.old_price is None else format(self.old_price, "f"),
            "event_at": self.event_at and self.event_at.isoformat(),
            "event_end": self.event_end and self.event_end.isoformat(),
        }
        return {name: value for name, value in kept.items() if value is not None}


def current_price(listing: Property) -> Decimal | None:
    """What the listing asks now: the sale price, else the rent; None where neither is known."""
    return listing.sale_price or listing.rental_price or None


def checked_spec(website: Website, listing: Property, spec: SocialSpec) -> SocialSpec:
    """The order with its platforms once each; raises InvalidInput naming the field that won't
    do."""
    spec = SocialSpec(**vars(spec) | {"platforms": tuple(dict.fromkeys(spec.platforms))})
    _check_platforms(spec)
    if spec.category not in CATEGORIES:
        _refuse("category", f"{spec.category[:20]!r} is not one of {', '.join(CATEGORIES)}.")
    if spec.locale not in website.supported_locales:
        _refuse("locale", f"{spec.locale[:20]!r} is not one of this website's languages.")
    key = spec.idempotency_key
    if key is not None and not (0 < len(key) <= KEY_LENGTH and key.isascii() and key.isprintable()):
        _refuse("idempotency_key", f"An idempotency key has 1 to {KEY_LENGTH} plain characters.")
    if spec.category == "price_drop":
        _check_price_drop(listing, spec)
    if spec.category == "open_house":
        _check_event(website, spec)
    check_link(spec.link)
    return spec


def _check_platforms(spec: SocialSpec) -> None:
    if not spec.platforms:
        _refuse("platforms", "Choose at least one platform.")
    for name in spec.platforms:
        if name not in PLATFORMS:
            _refuse("platforms", f"{name[:20]!r} is not one of {', '.join(PLATFORMS)}.")
        formats = PLATFORMS[name].formats
        if spec.format_for(name) not in formats:
            label, known = PLATFORMS[name].label, ", ".join(formats)
            _refuse("formats", f"{label} has no {spec.format_for(name)[:20]!r}, only: {known}.")


def _check_price_drop(listing: Property, spec: SocialSpec) -> None:
    now = current_price(listing)
    if now is None:
        _refuse("old_price", "A price drop needs the new price, and this listing has no price.")
    if spec.old_price is None:
        _refuse("old_price", "A price drop needs the old price.")
    if not spec.old_price.is_finite() or not now < spec.old_price <= _HIGHEST_PRICE:
        shown = f"{listing.currency} {now:,.2f}".removesuffix(".00")
        _refuse("old_price", f"The old price is above the new one, which is {shown}.")


def _check_event(website: Website, spec: SocialSpec) -> None:
    if spec.event_at is None:
        _refuse("event_at", "An open house needs its date and time.")
    try:
        start, end = in_zone(website, spec.event_at), local(website, spec.event_end)
    except OverflowError:
        _refuse("event_at", "There is no such date.")
    if end and end <= start:
        _refuse("event_end", "An open house ends after it begins.")
    if (end or start) < utcnow():
        _refuse("event_at", "This date is past. An open house that is announced lies ahead.")


def check_link(link: str) -> None:
    """Raises InvalidInput for anything but an address that a browser opens, or nothing."""
    if not link:
        return
    message = f"A link begins with https:// and has at most {LONGEST_LINK} characters, no spaces."
    try:
        parts = urlsplit(link)
    except ValueError:
        _refuse("link", message)
    whole = len(link) <= LONGEST_LINK and link.isprintable() and " " not in link
    # "https://agency.com@elsewhere.com" leads elsewhere.
    whole = whole and "@" not in parts.netloc
    if not whole or parts.scheme not in ("http", "https") or "." not in (parts.hostname or ""):
        _refuse("link", message)


def local(website: Website, moment: datetime | None) -> datetime | None:
    """A moment, where there is one, in the website's own time zone."""
    return None if moment is None else in_zone(website, moment)


def in_zone(website: Website, moment: datetime) -> datetime:
    """A moment in the website's own time zone; one without a zone is in it already."""
    zone = ZoneInfo(website.time_zone)
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def brief_for(website: Website, listing: Property, spec: SocialSpec) -> SocialBrief:
    """The prompt's brief of a checked order."""
    voice = writing_rules.voice_for(website, "social", spec.locale)
    return SocialBrief(
        facts=facts_of(listing),
        locale=spec.locale,
        platforms=spec.platforms,
        category=spec.category,
        formats={name: spec.format_for(name) for name in spec.platforms},
        rules=voice.rules,
        avoid=voice.avoid,
        old_price=spec.old_price,
        new_price=current_price(listing),
        event_at=local(website, spec.event_at),
        event_end=local(website, spec.event_end),
        link=spec.link,
    )


def details_of(brief: SocialBrief) -> dict[str, Any]:
    """What a post keeps of its occasion beside the listing's facts, fit for JSON."""
    if brief.category == "price_drop" and brief.old_price and brief.new_price:
        return {
            "old_price": plain_number(brief.old_price),
            "new_price": plain_number(brief.new_price),
            "currency": brief.facts.currency,
        }
    if brief.category == "open_house" and brief.event_at:
        end = {"event_end": brief.event_end.isoformat()} if brief.event_end else {}
        return {"event_at": brief.event_at.isoformat(), **end}
    return {}


def _refuse(field: str, message: str) -> NoReturn:
    raise InvalidInput(message, fields={field: [message]})
