"""A listing as flat fields, what differs between two states of it, and what others changed.

A field is a fact's name ("sale_price") or one part of a text ("text.en.title").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pwb.content.locales import LOCALES
from pwb.content.worddiff import share_kept
from pwb.errors import EditConflict
from pwb.models import AuditEvent, Property, PropertyText, TextVersion, User, Website
from pwb.models.base import ExactDecimal, utcnow
from pwb.models.properties import AI_ORIGINS, FACTS, TEXT_FIELDS
from pwb.services import audit

Values = dict[str, Any]
Changes = dict[str, tuple[Any, Any]]
Texts = Mapping[str, Mapping[str, str]]

_COLUMNS = Property.__table__.columns
DECIMALS = frozenset(name for name in FACTS if isinstance(_COLUMNS[name].type, ExactDecimal))
ALWAYS_KNOWN = frozenset(name for name in FACTS if not _COLUMNS[name].nullable)

FACT_LABELS = {
    "property_type": "Type",
    "property_state": "State",
    "constructed_area": "Built area",
    "plot_area": "Plot",
    "area_unit": "Unit of area",
    "sale_price": "Sale price",
    "rental_price": "Rent a month",
}
UNKNOWN_AUTHOR = "Somebody"
_NOT_TOLD = object()


def text_field(locale: str, name: str) -> str:
    """The flat name of one part of a text."""
    return f"text.{locale}.{name}"


def label_of(field: str) -> str:
    """A field's name for people: "Sale price", "German title"."""
    if field.startswith("text."):
        _, locale, name = field.split(".", 2)
        return f"{LOCALES.get(locale, locale)} {name.replace('_', ' ')}"
    return FACT_LABELS.get(field) or field.replace("_", " ").capitalize()


def flatten(facts: Mapping[str, Any], texts: Texts) -> Values:
    """Facts and texts under their flat names, as they would be stored."""
    flat = {name: facts[name] for name in FACTS if name in facts}
    for locale, parts in texts.items():
        flat |= {text_field(locale, name): parts[name] for name in TEXT_FIELDS if name in parts}
    return {field: tidy(value) for field, value in flat.items()}


def tidy(value: Any) -> Any:
    """Text without the space around it, with plain line ends; anything else as it is."""
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def value_of(listing: Property, field: str) -> Any:
    """What the listing holds in a field; an absent text is empty."""
    if not field.startswith("text."):
        return getattr(listing, field)
    _, locale, name = field.split(".", 2)
    text = listing.text(locale)
    return getattr(text, name) if text else ""


def same(old: Any, new: Any) -> bool:
    """Whether two values mean the same: empty is unknown, and features have no order."""
    if isinstance(old, list | tuple) or isinstance(new, list | tuple):
        return set(old or ()) == set(new or ())
    old, new = tidy(old), tidy(new)
    return bool((None if old == "" else old) == (None if new == "" else new))


def differences(listing: Property, wanted: Mapping[str, Any]) -> Changes:
    """What must change so that the listing holds `wanted`: field to (old, new)."""
    found: Changes = {}
    for field, new in wanted.items():
        old = value_of(listing, field)
        lost = field in ALWAYS_KNOWN and (new is None or new == "")
        if lost or same(old, new):
            continue
        found[field] = (old, _in_order(old, new) if field == "features" else new)
    return found


def _in_order(old: Iterable[str] | None, new: Iterable[str]) -> list[str]:
    """The features that stay keep their places; new ones follow."""
    wanted = list(dict.fromkeys(new))
    kept = [key for key in old or () if key in wanted]
    return kept + [key for key in wanted if key not in kept]


@dataclass(frozen=True, slots=True)
class Source:
    """Where changed texts come from, one of TEXT_ORIGINS, and by whom.

    `requests` maps a locale to the generation from which its text was taken. `restored` says that
    the very words are known and where they came from, whatever stood there before. `origins` maps
    a locale to where its text came from, where that is told of it alone.
    """

    origin: str
    actor: User | None
    requests: Mapping[str, int]
    restored: bool = False
    origins: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A text that was written, and its state before where it held anything."""

    text: PropertyText
    before: TextVersion | None


def apply_changes(listing: Property, changes: Changes, source: Source) -> list[Written]:
    """Put the new values in, and raise the listing's version even where only a text changed.

    A text that changed is a draft again. Returns what was written, for the texts' history.
    """
    touched: dict[str, Written] = {}
    for field, (_, new) in changes.items():
        if field.startswith("text."):
            _, locale, name = field.split(".", 2)
            if locale not in touched:
                touched[locale] = _to_write(_text(listing, locale))
            setattr(touched[locale].text, name, new or "")
        else:
            setattr(listing, field, new if new != "" else None)
    for locale, written in touched.items():
        _sign(written, source, source.requests.get(locale))
    if changes:
        listing.updated_at = utcnow()
    return list(touched.values())


def _to_write(text: PropertyText) -> Written:
    held = any(getattr(text, name) for name in TEXT_FIELDS)
    return Written(text, version_of(text) if held else None)


def _sign(written: Written, source: Source, request_id: int | None) -> None:
    text = written.text
    if request_id is not None:
        text.origin = "edited" if source.origin == "edited" else "generated"
        text.generation_request_id = request_id
    elif _is_still_a_models(written, source):
        text.origin = "edited"
    else:
        text.origin = (source.origins or {}).get(text.locale, source.origin)
        text.generation_request_id = None
    text.updated_by_id = source.actor.id if source.actor else None
    make_draft(text)


def _is_still_a_models(written: Written, source: Source) -> bool:
    """Whether the new text is a model's that a person changed.

    Whoever edits a model's text had its help. An import may bring another text altogether: that
    is an edit only where most of its words were there before.
    """
    before = written.before
    if before is None or source.restored or before.origin not in AI_ORIGINS:
        return False
    if source.origin != "imported":
        return True
    return share_kept(before.description, written.text.description) > 0.5


def make_draft(text: PropertyText) -> None:
    """Take the approval away: what it was given for is no longer what the text says."""
    text.status, text.approval_id = "draft", None
    text.stale_at, text.stale_fields = None, []


def version_of(text: PropertyText) -> TextVersion:
    """The text as it is now, as an entry of its history."""
    return TextVersion(
        website_id=text.website_id,
        property_id=text.property_id,
        locale=text.locale,
        **{name: getattr(text, name) for name in TEXT_FIELDS},
        origin=text.origin,
        generation_request_id=text.generation_request_id,
        user_id=text.updated_by_id,
        created_at=text.updated_at or utcnow(),
    )


def _text(listing: Property, locale: str) -> PropertyText:
    text = listing.text(locale)
    if text is None:
        text = PropertyText(website_id=listing.website_id, locale=locale)
        for name in TEXT_FIELDS:
            setattr(text, name, "")
        listing.texts.append(text)
    return text


@dataclass(frozen=True, slots=True)
class TheirChange:
    """A field that somebody else changed since the form was made.

    `conflict` is True where the person changed it too; `before` is None with `before_known`
    False where no record tells the old value.
    """

    field: str
    label: str
    before: Any
    before_known: bool
    theirs: Any
    yours: Any
    conflict: bool
    by: str
    at: datetime | None


class ListingChanged(EditConflict):
    """Somebody else saved the listing in between: nothing was saved.

    `version` is the one that `changes` lead to; a form that carries it may be saved next.
    """

    def __init__(self, version: int, changes: list[TheirChange]) -> None:
        people = " and ".join(dict.fromkeys(change.by for change in changes))
        super().__init__(
            f"{people} changed this listing while you were editing it. "
            "Nothing of yours is saved yet, and nothing is lost.",
            resolution="Look at the changes below, then save again.",
        )
        self.version = version
        self.changes = changes

    @property
    def conflicts(self) -> list[TheirChange]:
        return [change for change in self.changes if change.conflict]

    @property
    def taken(self) -> list[TheirChange]:
        return [change for change in self.changes if not change.conflict]


@dataclass(slots=True)
class _Told:
    """What the record says of a field: its value before, and who changed it last."""

    before: Any
    event: AuditEvent


def changed_meanwhile(
    website: Website, listing: Property, wanted: Mapping[str, Any], seen_version: int
) -> ListingChanged | None:
    """What others changed after `seen_version` that `wanted` does not have already, or None."""
    events = audit.changes_since(website, "property", listing.id, seen_version)
    told = _told(events)
    fields = set(told)
    if not _complete(events, seen_version, listing.lock_version):
        fields |= set(wanted)  # Without a full record every difference may be somebody's.
    order = [*wanted, *(field for field in told if field not in wanted)]
    found = [_their_change(listing, field, told, wanted) for field in order if field in fields]
    changes = [change for change in found if change is not None]
    return ListingChanged(listing.lock_version, changes) if changes else None


def _told(events: Iterable[AuditEvent]) -> dict[str, _Told]:
    told: dict[str, _Told] = {}
    for event in events:
        for field, (old, _new) in event.changes.items():
            if not _is_field(field):
                continue  # An approval, which no form holds.
            before = told[field].before if field in told else _revived(field, old)
            told[field] = _Told(before, event)
    return told


def _is_field(field: str) -> bool:
    return field in FACTS or field.rpartition(".")[2] in TEXT_FIELDS


def _revived(field: str, value: Any) -> Any:
    """A value of the record, which is JSON, in the field's own type."""
    return Decimal(value) if field in DECIMALS and value is not None else value


def _complete(events: Iterable[AuditEvent], seen: int, now: int) -> bool:
    versions = {event.object_version for event in events}
    return seen <= now and versions >= set(range(seen + 1, now + 1))


def _their_change(
    listing: Property, field: str, told: Mapping[str, _Told], wanted: Mapping[str, Any]
) -> TheirChange | None:
    record = told.get(field)
    before = record.before if record else _NOT_TOLD
    theirs = value_of(listing, field)
    yours = wanted.get(field, before)
    if same(yours, theirs):
        return None
    event = record.event if record else None
    actor = event.actor if event else None
    return TheirChange(
        field=field,
        label=label_of(field),
        before=None if record is None else before,
        before_known=record is not None,
        theirs=theirs,
        yours=yours,
        conflict=record is None or not same(yours, before),
        by=actor.display_name if actor else UNKNOWN_AUTHOR,
        at=event.created_at if event else None,
    )
