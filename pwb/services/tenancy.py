"""Which website a request is about, and the one way to reach a tenant's rows."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import contains_eager

from pwb.errors import NotFound
from pwb.extensions import db
from pwb.models import Membership, User, Website
from pwb.models.base import Base

Row = TypeVar("Row", bound=Base)


def scoped(model: type[Row], website: Website) -> Select[Row]:
    """Rows of `model` that belong to `website`: every query on a tenant table starts here."""
    return select(model).where(model.website_id == website.id)  # type: ignore[attr-defined] # tenant tables have it


def scoped_later(model: type[Row]) -> Select[Row]:
    """The same for a statement that is built once: its parameter `website` is the website's id."""
    return select(model).where(model.website_id == bindparam("website"))  # type: ignore[attr-defined] # tenant tables have it


def find(model: type[Row], website: Website, row_id: int, *options: Any) -> Row:
    """The website's row with this id; raises NotFound, also for another website's row."""
    query = scoped(model, website).where(model.id == row_id).options(*options)  # type: ignore[attr-defined] # every table is keyed
    row = db.session.scalar(query)
    if row is None:
        raise NotFound("There is nothing at this address.", resolution="It may have been removed.")
    return row


def subdomain_of(host: str, portal_domain: str | None) -> str | None:
    """What stands before the portal's own domain, or None where the host is not below it."""
    if not portal_domain:
        return None
    name = host.lower().removesuffix(f".{portal_domain}")
    return name if name != host.lower() and name else None


def website_for_host(host: str, portal_domain: str | None) -> Website | None:
    """The website that a host names by subdomain or custom domain; raises NotFound for a
    subdomain of the portal that no website has."""
    name = host.rsplit(":", 1)[0].lower() if not host.endswith("]") else host
    name = name.removesuffix(".")  # A name written in full, down to the root of all domains.
    subdomain = subdomain_of(name, portal_domain)
    if subdomain is not None:
        website = db.session.scalar(select(Website).where(Website.subdomain == subdomain))
        if website is None:
            raise NotFound("No website has this address.", resolution="Check its spelling.")
        return website
    return db.session.scalar(_WITH_DOMAIN, {"domain": name})


_WITH_DOMAIN = select(Website).where(Website.custom_domain == bindparam("domain"))


def active_memberships(user: User) -> list[Membership]:
    """The person's memberships in use, by website name."""
    return list(db.session.scalars(_active_memberships(), {"user": user.id}))


# Built once: every page asks for them.
@cache
def _active_memberships() -> Select[Membership]:
    return (
        select(Membership)
        .join(Membership.website)
        .options(contains_eager(Membership.website))
        .where(Membership.user_id == bindparam("user"), Membership.deactivated_at.is_(None))
        .order_by(Website.name)
    )


def choose_membership(
    memberships: list[Membership], host_website: Website | None, preferred_id: int | None
) -> Membership | None:
    """The membership a request acts under: the host's website, else the one last switched to."""
    if host_website is not None:
        return next((m for m in memberships if m.website_id == host_website.id), None)
    chosen = next((m for m in memberships if m.website_id == preferred_id), None)
    return chosen or (memberships[0] if memberships else None)


def website_by_subdomain(subdomain: str) -> Website:
    """The website that the command line names; raises NotFound."""
    website = db.session.scalar(select(Website).where(Website.subdomain == subdomain.lower()))
    if website is None:
        raise NotFound(
            f"No website has the subdomain {subdomain!r}.",
            resolution="Make it with `flask websites create`.",
        )
    return website
