"""A website's own settings: name, languages, time zone, currency, domain."""

from __future__ import annotations

import functools
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from babel.core import get_global
from flask import current_app
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from pwb.content.locales import LOCALES
from pwb.errors import EditConflict, InvalidInput
from pwb.extensions import db
from pwb.models import Action, AuditEvent, User, Website
from pwb.models.base import utcnow
from pwb.models.websites import PLANS
from pwb.services import audit, budgets, publishing_settings, rollups
from pwb.services.tenancy import scoped

NAME_MAX = 120
RESERVED_SUBDOMAINS = frozenset(
    (
        *("admin", "api", "app", "assets", "auth", "autodiscover", "cdn", "dashboard", "dev"),
        *("docs", "ftp", "healthz", "help", "imap", "localhost", "login", "logout", "mail"),
        *("mx", "ns", "ns1", "ns2", "pop", "portal", "readyz", "root", "site-admin", "smtp"),
        *("static", "status", "support", "webmail", "www"),
    )
)
# RFC 1035: a letter or digit at both ends, hyphens between, 63 at most. "xn--" names are encoded
# ones, which nobody types.
_LABEL = re.compile(r"(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HOSTNAME_MAX = 253
_FIELDS = (
    "name",
    "supported_locales",
    "default_locale",
    "time_zone",
    "currency",
    "custom_domain",
    "agents_may_override",
    "ai_disclosure",
    "jurisdictions",
    "monthly_budget_cents",
)


@dataclass(frozen=True)
class WebsiteSettings:
    """What a site admin may set. `jurisdictions` None means that all of them apply,
    `monthly_budget_cents` None that there is no limit."""

    name: str
    supported_locales: list[str]
    default_locale: str
    time_zone: str
    currency: str
    custom_domain: str | None = None
    agents_may_override: bool = False
    ai_disclosure: str = ""
    jurisdictions: list[str] | None = None
    monthly_budget_cents: int | None = None


class SettingsConflict(EditConflict):
    """Somebody else saved the settings since the form was opened; `events` says who and what."""

    def __init__(self, events: list[AuditEvent]) -> None:
        super().__init__(
            "Somebody else changed these settings while you had them open.",
            resolution="Compare, then save again to keep yours.",
        )
        self.events = events


@functools.cache
def time_zones() -> tuple[str, ...]:
    """The time zones to choose from: UTC, and those of places."""
    names = zoneinfo.available_timezones()
    skipped = ("Etc/", "SystemV/", "US/", "posix/", "right/")
    places = sorted(name for name in names if "/" in name and not name.startswith(skipped))
    return ("UTC", *places)


@functools.cache
def currencies() -> tuple[str, ...]:
    """ISO codes of the currencies that are legal tender today."""
    used = get_global("territory_currencies").values()
    return tuple(
        sorted({code for uses in used for code, _, end, tender in uses if tender and not end})
    )


def version_of(website: Website) -> str:
    """What a form remembers of the settings it was made from."""
    return website.updated_at.isoformat()


def update_settings(
    website: Website, actor: User, wanted: WebsiteSettings, version: str
) -> dict[str, audit.Change]:
    """Save the settings and return what changed, old and new.

    Raises InvalidInput with a message a field; SettingsConflict where `version` is not the newest.
    """
    settings = _checked(website, wanted)
    changes = _changes(website, settings)
    seen = _parse_version(version)
    if not changes:
        return {}
    if "time_zone" in changes:
        rollups.hold(website)
    # Recorded first, so that an event is always older than the version that it made.
    audit.record(
        website,
        actor,
        Action.WEBSITE_CHANGED,
        object_type="website",
        object_id=website.id,
        label=website.name,
        changes=changes,
    )
    db.session.flush()
    values = {field: new for field, (_, new) in changes.items()}
    warned = budgets.unwarned_if_raised(changes.get("monthly_budget_cents"))
    _save(website, seen, values | warned)
    if "time_zone" in changes:
        rollups.rebuild(website)  # Its days begin at other moments now.
    db.session.commit()
    return changes


def _save(website: Website, seen: datetime, values: Mapping[str, Any]) -> None:
    """Write over exactly the version seen; raises SettingsConflict, or InvalidInput for a domain
    that another website took just now."""
    statement = (
        update(Website)
        .where(Website.id == website.id, Website.updated_at == seen)
        .values(**values, updated_at=utcnow())
        .execution_options(synchronize_session=False)
    )
    try:
        saved = db.session.execute(statement)
    except IntegrityError:
        db.session.rollback()
        raise _domain_refused() from None
    if saved.rowcount != 1:  # type: ignore[attr-defined] # a cursor result has it
        db.session.rollback()
        raise SettingsConflict(_changes_after(website, seen))
    db.session.expire(website)


def _parse_version(version: str) -> datetime:
    try:
        seen = datetime.fromisoformat(version)
    except ValueError:
        seen = None
    if seen is None or seen.tzinfo is None:
        raise InvalidInput("This form is incomplete.", resolution="Reload the page and try again.")
    return seen


def _changes_after(website: Website, seen: datetime) -> list[AuditEvent]:
    """The changes of the settings since then, oldest first."""
    query = (
        scoped(AuditEvent, website)
        .where(AuditEvent.action == Action.WEBSITE_CHANGED.value, AuditEvent.created_at > seen)
        .order_by(AuditEvent.id)
    )
    return list(db.session.scalars(query))


def _changes(website: Website, wanted: WebsiteSettings) -> dict[str, audit.Change]:
    pairs = {field: (getattr(website, field), getattr(wanted, field)) for field in _FIELDS}
    return {field: (old, new) for field, (old, new) in pairs.items() if old != new}


def _checked(website: Website, wanted: WebsiteSettings) -> WebsiteSettings:
    """The settings tidied up; raises InvalidInput naming every field that does not fit."""
    name = " ".join(wanted.name.split())
    locales = [code for code in LOCALES if code in wanted.supported_locales]
    domain = _ascii_host(wanted.custom_domain or "")
    disclosure = " ".join(wanted.ai_disclosure.split())
    problems = {
        "name": _name_problem(name),
        "supported_locales": _locales_problem(wanted.supported_locales),
        "default_locale": _default_problem(wanted.default_locale, locales),
        "time_zone": _choice_problem(wanted.time_zone, time_zones(), website.time_zone, "zone"),
        "currency": _choice_problem(wanted.currency, currencies(), website.currency, "currency"),
        "custom_domain": _domain_problem(website, domain),
        "ai_disclosure": publishing_settings.disclosure_problem(disclosure),
        "jurisdictions": publishing_settings.jurisdictions_problem(wanted.jurisdictions),
        "monthly_budget_cents": budgets.limit_problem(wanted.monthly_budget_cents),
    }
    _refuse(problems)
    return replace(
        wanted,
        name=name,
        supported_locales=locales,
        custom_domain=domain,
        ai_disclosure=disclosure,
        jurisdictions=publishing_settings.in_order(wanted.jurisdictions),
    )


def _refuse(problems: Mapping[str, str | None]) -> None:
    found = {field: [problem] for field, problem in problems.items() if problem}
    if found:
        raise InvalidInput(" ".join(found[field][0] for field in found), fields=found)


def _name_problem(name: str) -> str | None:
    if not name:
        return "A website needs a name."
    if len(name) > NAME_MAX or not name.isprintable():
        return f"A name has at most {NAME_MAX} characters, without control characters."
    return None


def _locales_problem(locales: list[str]) -> str | None:
    unknown = [code for code in locales if code not in LOCALES]
    if unknown:
        return f"{unknown[0][:20]!r} is not one of the languages {', '.join(LOCALES)}."
    return None if locales else "Choose at least one language."


def _default_problem(locale: str, supported: list[str]) -> str | None:
    if locale in supported:
        return None
    if locale in LOCALES:
        return "The main language is one of the website's languages: choose it there too."
    return f"{locale[:20]!r} is not one of the languages {', '.join(LOCALES)}."


def _choice_problem(
    value: str, choices: tuple[str, ...], current: str | None, what: str
) -> str | None:
    """A value from the list, or the one that the website has had all along."""
    fits = value == current or value in choices
    return None if fits else f"{value[:40]!r} is no {what} that the portal knows."


def _domain_problem(website: Website, domain: str | None) -> str | None:
    if domain is None or domain == website.custom_domain:
        return None
    labels = domain.split(".")
    well_formed = len(domain) <= _HOSTNAME_MAX and all(map(_is_host_label, labels))
    if not well_formed or len(labels) < 2 or labels[-1].isdecimal():
        return "A domain looks like portal.example.com: no scheme, no path, no port."
    if not _own_host_is_known():
        return (
            "With several websites a domain of your own needs PORTAL_DOMAIN, "
            "which the portal's operator sets."
        )
    if _belongs_to_portal(domain) or _is_taken(website, domain):
        return _REFUSED
    return None


_REFUSED = "This domain cannot be used here. If it is yours, ask the portal's operator."


def _domain_refused() -> InvalidInput:
    return InvalidInput(_REFUSED, fields={"custom_domain": [_REFUSED]})


def _ascii_host(domain: str) -> str | None:
    """The domain as a Host header carries it: lower case, other letters encoded."""
    domain = domain.strip().rstrip(".").lower()
    try:
        return domain.encode("idna").decode("ascii") or None
    except UnicodeError:
        return domain  # Not a host's name: the check says so.


def _is_host_label(label: str) -> bool:
    return _LABEL.fullmatch(label.removeprefix("xn--")) is not None


def _portal_domain() -> str | None:
    domain: str | None = current_app.config["PWB"].portal_domain
    return domain


def _own_host_is_known() -> bool:
    """Whether a domain can be told from the portal's own host.

    Without PORTAL_DOMAIN it cannot, and one agency could claim the address under which all the
    others sign in; with one agency alone there is nobody to lock out.
    """
    count = db.session.scalar(select(func.count(Website.id)))
    return _portal_domain() is not None or count == 1


def _belongs_to_portal(domain: str) -> bool:
    own = _portal_domain()
    local = domain == "localhost" or domain.endswith(".localhost")
    return local or (own is not None and (domain == own or domain.endswith(f".{own}")))


def _is_taken(website: Website, domain: str) -> bool:
    query = select(Website.id).where(Website.custom_domain == domain, Website.id != website.id)
    return db.session.scalar(query) is not None


def create_website(
    subdomain: str,
    name: str,
    locale: str = "en",
    currency: str = "EUR",
    plan: str = "professional",
) -> Website:
    """A new website with all languages, in UTC; raises InvalidInput naming what does not fit."""
    subdomain, name = subdomain.strip().lower(), " ".join(name.split())
    currency = currency.strip().upper()
    _refuse(
        {
            "subdomain": _subdomain_problem(subdomain),
            "name": _name_problem(name),
            "locale": _default_problem(locale, list(LOCALES)),
            "currency": _choice_problem(currency, currencies(), None, "currency"),
            "plan": None if plan in PLANS else f"A plan is one of {', '.join(PLANS)}.",
        }
    )
    website = Website(
        subdomain=subdomain,
        name=name,
        default_locale=locale,
        supported_locales=list(LOCALES),
        currency=currency,
        time_zone="UTC",
        plan=plan,
    )
    return _insert(website)


def _insert(website: Website) -> Website:
    subdomain = website.subdomain
    db.session.add(website)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        message = f"There is a website with the subdomain {subdomain!r} already."
        raise InvalidInput(message, fields={"subdomain": [message]}) from None
    audit.record(
        website,
        None,
        Action.WEBSITE_CREATED,
        object_type="website",
        object_id=website.id,
        label=website.name,
    )
    db.session.commit()
    return website


def _subdomain_problem(subdomain: str) -> str | None:
    if not _LABEL.fullmatch(subdomain):
        return (
            f"{subdomain[:70]!r} is not a subdomain: use 1 to 63 letters a to z, digits and "
            "hyphens, with a letter or digit at both ends."
        )
    if subdomain in RESERVED_SUBDOMAINS:
        return f"The subdomain {subdomain!r} is reserved for the portal itself."
    return None
