"""Loading the invented agencies of `listings.json`, each one once and as a whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from werkzeug.security import check_password_hash, generate_password_hash

from pwb.demo import social, usage
from pwb.extensions import db
from pwb.models import Action, Membership, Property, PropertyText, User, Website
from pwb.services import audit

FILE = Path(__file__).with_name("listings.json")
DECIMALS = ("bathrooms", "constructed_area", "plot_area", "sale_price", "rental_price")


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who can sign in to the demo."""

    role: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Agency:
    """One of the demo's agencies and its people."""

    name: str
    logins: tuple[Login, ...]


@cache
def _invented() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))["agencies"]
    return found


def load() -> None:
    """Load what is not there yet, within an app context."""
    for entry in _invented():
        if _website(entry) is None:
            # One transaction: a demo that is stopped in the middle leaves nothing half there.
            website = _add_website(entry)
            usage.add_history(website)
            db.session.commit()
            social.approve_some(website)


def agencies() -> list[Agency]:
    """The agencies as they now are, once they are loaded; checks each password, which takes its
    time."""
    return [
        Agency(website.name, tuple(_login(person) for person in entry["people"]))
        for entry in _invented()
        if (website := _website(entry))
    ]


def _website(entry: Mapping[str, Any]) -> Website | None:
    subdomain = entry["website"]["subdomain"]
    return db.session.scalar(select(Website).where(Website.subdomain == subdomain))


def _login(person: Mapping[str, str]) -> Login:
    """The login to print; a password that was changed since is not ours to know."""
    user = db.session.scalar(select(User).where(User.email == person["email"]))
    stored = (user.password_hash if user else None) or ""
    same = check_password_hash(stored, person["password"])
    password = person["password"] if same else "(changed since)"
    return Login(person["role"], person["email"], password)


def _add_website(entry: Mapping[str, Any]) -> Website:
    website = Website(**entry["website"])
    db.session.add(website)
    db.session.flush()
    audit.record(
        website,
        None,
        Action.WEBSITE_CREATED,
        object_type="website",
        object_id=website.id,
        label=website.name,
    )
    for person in entry["people"]:
        _add_person(website, person)
    for listing in entry["listings"]:
        _add_listing(website, entry["area_unit"], listing)
    return website


def _add_person(website: Website, person: Mapping[str, str]) -> None:
    user = db.session.scalar(select(User).where(User.email == person["email"]))
    if user is None:
        hashed = generate_password_hash(person["password"])
        user = User(email=person["email"], name=person["name"], password_hash=hashed)
        db.session.add(user)
        db.session.flush()
    db.session.add(Membership(website_id=website.id, user_id=user.id, role=person["role"]))
    audit.record(
        website,
        None,
        Action.PERSON_JOINED,
        object_type="user",
        object_id=user.id,
        label=user.email,
        changes={"role": (None, person["role"])},
    )


def _add_listing(website: Website, area_unit: str, listing: Mapping[str, Any]) -> None:
    facts = {name: value for name, value in listing.items() if name != "texts"}
    facts |= {name: Decimal(facts[name]) for name in DECIMALS if name in facts}
    row = Property(website_id=website.id, area_unit=area_unit, currency=website.currency, **facts)
    for locale, fields in listing["texts"].items():
        row.texts.append(PropertyText(website_id=website.id, locale=locale, **fields))
    db.session.add(row)
    db.session.flush()
    social.add(row)
    audit.record(
        website,
        None,
        Action.PROPERTY_CREATED,
        object_type="property",
        object_id=row.id,
        label=row.reference,
        version=row.lock_version,
    )
