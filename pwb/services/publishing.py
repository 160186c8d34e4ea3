"""What the public site reads: listings with their approved texts, in the order they changed.

The order is that of a feed: whatever changes moves to its end, so that somebody who follows it to
the end has seen everything, also what changed on the way. A listing that is no longer published
comes once more, with neither facts nor texts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from pwb.content.locales import LOCALES
from pwb.errors import NotFound
from pwb.extensions import db
from pwb.models import Action, AuditEvent, Property, PropertyText, TextApproval, Website
from pwb.models.base import UTCDateTime
from pwb.services import published_texts, tenancy
from pwb.services.exports import fact_values, plain_number
from pwb.services.listing_columns import PRICE_COLUMNS
from pwb.services.published_texts import APPROVED, iso

PER_PAGE, MOST_PER_PAGE = 100, 500
LONGEST_REFERENCE = 64
# A save becomes visible a moment after the time it carries: whoever comes back looks so far back.
OVERLAP = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the feed: after the item with this id that changed at this moment."""

    changed_at: datetime
    item_id: int

    def __str__(self) -> str:
        return f"{iso(self.changed_at)},{self.item_id}"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which page of which texts: all locales where none is named, everything where no moment is.

    `after` is where the page begins; without it `page` counts pages of `per_page` from 1.
    """

    locales: tuple[str, ...] = tuple(LOCALES)
    updated_since: datetime | None = None
    after: Cursor | None = None
    page: int = 1
    per_page: int = PER_PAGE


@dataclass(frozen=True, slots=True)
class Item:
    """A listing as it leaves; `facts` is None and `texts` empty where it is not published."""

    id: int
    reference: str
    updated_at: datetime
    facts: dict[str, Any] | None
    texts: list[published_texts.PublishedText]

    def as_json(self) -> dict[str, Any]:
        """For the wire: moments in ISO 8601, everything else as JSON has it."""
        texts = [asdict(text) | {"approved_at": iso(text.approved_at)} for text in self.texts]
        return {
            "id": self.id,
            "reference": self.reference,
            "updated_at": iso(self.updated_at),
            "facts": self.facts,
            "texts": texts,
        }


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the feed. `next` is where the following one begins, None at the end;
    `resume_since` is the moment to ask for next time, None where nothing was ever published."""

    items: list[Item]
    next: Cursor | None
    resume_since: datetime | None


def list_published(website: Website, wish: Wish) -> Page:
    """A page of the website's listings with approved texts in the asked locales.

    With `updated_since` those that changed since, among them, without facts and texts, those that
    were published and are no longer. Without it every listing that is published.
    """
    feed = _feed(website, wish.locales, wish.updated_since)
    rows = db.session.execute(_paged(feed, wish)).all()
    here, more = rows[: wish.per_page], len(rows) > wish.per_page
    items = list(_items(website, here, wish.locales))
    if wish.updated_since is None:
        items = [item for item in items if item.texts]
    last = here[-1] if here else None
    following = Cursor(last.changed_at, last.id) if last and more else None
    return Page(items, following, _resume_since(wish, last))


def _resume_since(wish: Wish, last: Row[Any] | None) -> datetime | None:
    if last is None:
        return wish.updated_since
    moment: datetime = last.changed_at - OVERLAP
    return max(moment, wish.updated_since) if wish.updated_since else moment


def get_published(website: Website, reference: str, locales: Collection[str]) -> Item:
    """One published listing; raises NotFound, also for one without an approved text."""
    possible = 0 < len(reference) <= LONGEST_REFERENCE and "\0" not in reference
    feed = _feed(website, locales, None, reference=reference) if possible else None
    row = db.session.execute(select(feed)).first() if feed is not None else None
    item = next(_items(website, [row], locales), None) if row else None
    if item is None or not item.texts:
        raise NotFound(
            "No published listing has this reference.",
            resolution="It may have no approved text in this language.",
        )
    return item


def _paged(feed: Subquery, wish: Wish) -> Select[Any]:
    query = select(feed).order_by(feed.c.changed_at, feed.c.id).limit(wish.per_page + 1)
    if wish.after is None:
        return query.offset((wish.page - 1) * wish.per_page)
    at, item_id = wish.after.changed_at, wish.after.item_id
    same_moment = and_(feed.c.changed_at == at, feed.c.id > item_id)
    return query.where(or_(feed.c.changed_at > at, same_moment))


def _feed(
    website: Website,
    locales: Collection[str],
    since: datetime | None,
    reference: str | None = None,
) -> Subquery:
    """Rows of (id, changed_at, gone); `gone` is the reference of a listing that was deleted.

    The website's settings count as part of every listing: its languages and the line that goes out
    with AI's texts are among them.
    """
    of_settings = literal(website.updated_at, UTCDateTime())
    of_listing = _latest(Property.updated_at, func.max(PropertyText.updated_at))
    changed_at = _latest(of_listing, of_settings)
    approved = func.max(case((_is_approved(website), 1), else_=0)) == 1
    query = (
        select(Property.id, changed_at.label("changed_at"), cast(null(), String).label("gone"))
        .join(PropertyText, PropertyText.property_id == Property.id)
        .where(Property.website_id == website.id, PropertyText.locale.in_(locales))
        .group_by(Property.id)
    )
    if reference is not None:
        query = query.where(Property.reference == reference)
    if since is None:
        return query.having(approved).subquery()
    once = _was_approved(website, locales, Property.id)
    listings = query.having(and_(or_(approved, once), changed_at >= since))
    return union_all(listings, _deleted(website, locales, since)).subquery()


def _is_approved(website: Website) -> ColumnElement[bool]:
    spoken = PropertyText.locale.in_(website.supported_locales)
    return and_(PropertyText.status == APPROVED, spoken)


def _latest(one: Any, other: Any) -> ColumnElement[datetime]:
    """The later of two moments, in words that both databases know."""
    return case((one >= other, one), else_=other)


def _was_approved(
    website: Website, locales: Collection[str], property_id: Any
) -> ColumnElement[bool]:
    return (
        select(TextApproval.id)
        .where(
            TextApproval.website_id == website.id,
            TextApproval.property_id == property_id,
            TextApproval.post_id.is_(None),
            TextApproval.locale.in_(locales),
        )
        .exists()
    )


def _deleted(
    website: Website, locales: Collection[str], since: datetime
) -> Select[int | None, datetime, str]:
    return select(AuditEvent.object_id, AuditEvent.created_at, AuditEvent.object_label).where(
        AuditEvent.website_id == website.id,
        AuditEvent.action == Action.PROPERTY_DELETED.value,
        AuditEvent.created_at >= since,
        _was_approved(website, locales, AuditEvent.object_id),
    )


def _items(website: Website, rows: Sequence[Row[Any]], locales: Collection[str]) -> Iterator[Item]:
    """The listings of these rows, read in two queries however many they are."""
    ids = [row.id for row in rows if row.gone is None]
    query: Select[Any] = tenancy.scoped(Property, website).where(Property.id.in_(ids))
    listings = {listing.id: listing for listing in db.session.scalars(query)}
    texts = published_texts.of_listings(website, ids, locales)
    for row in rows:
        if row.gone is not None:
            yield Item(row.id, row.gone, row.changed_at, None, [])
        elif row.id in listings:
            yield _item(listings[row.id], row.changed_at, texts.get(row.id, []))


def _item(
    listing: Property, changed_at: datetime, texts: list[published_texts.PublishedText]
) -> Item:
    facts = facts_as_json(listing) if texts else None
    return Item(listing.id, listing.reference, changed_at, facts, texts)


def facts_as_json(listing: Property) -> dict[str, Any]:
    """The facts under the import's names: prices as text in the currency's smallest unit, other
    numbers as numbers, unknown ones as null."""
    facts = fact_values(listing)
    del facts["reference"]
    return {name: _as_json(name, value) for name, value in facts.items()}


def _as_json(name: str, value: Any) -> Any:
    if name in PRICE_COLUMNS:
        return None if value is None else plain_number(value)
    if isinstance(value, Decimal):
        # At most fourteen digits, which a JSON number carries exactly.
        return int(value) if value == value.to_integral_value() else float(value)
    return value
