"""Before each request: who is asking, on which website, in which role."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, g, request, session, url_for
from flask_login import current_user, logout_user

from pwb.errors import PortalError
from pwb.extensions import login_manager
from pwb.models import Membership, Website
from pwb.security import is_loopback
from pwb.services import accounts, simulator_notice, tenancy

RENEW_AFTER_SECONDS = 15 * 60
PEOPLE_PAGES = (
    "site_admin.people",
    "site_admin.person",
    "site_admin.invite",
    "site_admin.make_password_link",
)
API_PAGES = ("site_admin.api_tokens", "site_admin.create_api_token")
POST_PAGES = ("ai_tools.social_post", "ai_tools.property_posts")
LISTING_PAGES = ("site_admin.propert", "site_admin.photo")
TEXT_PAGES = ("ai_tools.text", "ai_tools.compliance_record")
# endpoint, label, icon, for admins only, endpoints' prefixes that light it up
NAVIGATION = (
    ("site_admin.dashboard", "Dashboard", "home", False, ("site_admin.dashboard",)),
    ("site_admin.properties", "Properties", "building", False, LISTING_PAGES),
    ("ai_tools.texts", "Texts", "clipboard-check", False, TEXT_PAGES),
    ("ai_tools.social_posts", "Social posts", "share", False, POST_PAGES),
    ("ai_tools.requests", "Requests", "list", False, ("ai_tools.request",)),
    ("ai_tools.usage", "Usage", "chart-bar", False, ("ai_tools.usage",)),
    ("integrations.index", "Integrations", "plug", True, ("integrations.",)),
    ("ai_tools.models", "Models", "robot", True, ("ai_tools.models",)),
    (
        "ai_tools.writing_rules",
        "Writing rules",
        "pencil",
        True,
        ("ai_tools.writing_rule",),
    ),
    ("site_admin.people", "People", "users", True, PEOPLE_PAGES),
    ("site_admin.api_tokens", "API", "key", True, API_PAGES),
    ("site_admin.settings", "Settings", "settings", True, ("site_admin.settings",)),
    ("site_admin.audit_log", "Audit log", "history", True, ("site_admin.audit_log",)),
)


def init_app(app: Flask, portal_domain: str | None) -> None:
    """Resolve person and website before the permission guard runs."""
    login_manager.user_loader(accounts.user_for_session)
    app.before_request(resolve)
    app.context_processor(page_context)
    app.config["PORTAL_DOMAIN"] = portal_domain


def resolve() -> None:
    """Set `g.host_website`, `g.memberships`, `g.membership` and `g.website`."""
    g.host_website, g.memberships, g.membership, g.website = None, [], None, None
    if request.endpoint in {None, "static", "health.healthz", "health.readyz"}:
        return
    if request.blueprint == "api":
        return  # The token names the website, see security.open_to_token.
    g.host_website = tenancy.website_for_host(request.host, current_app.config["PORTAL_DOMAIN"])
    if current_user.is_authenticated:
        g.memberships = tenancy.active_memberships(current_user)
        if not g.memberships:
            logout_user()  # Deactivated everywhere: the session is over.
        elif time.time() - session.get("renewed_at", 0) > RENEW_AFTER_SECONDS:
            # Its end moves on. Not with each answer, as Flask's own way is: what a script asks for
            # beside a page may be answered after the page has saved, and would put back the
            # session from before, without the notice or the website chosen since.
            session["renewed_at"] = int(time.time())
    g.membership = tenancy.choose_membership(
        g.memberships, g.host_website, session.get("website_id")
    )
    g.website = g.membership.website if g.membership else None


def links_to(endpoint: str) -> Callable[[Website, str], str]:
    """How to write the full address of a one-time link: (website, token) to URL.

    The request's own host is used where it is known to be ours. A signed-out request may name any
    host it likes, so there the website's domain or subdomain is used instead, lest a letter lead
    its reader to somebody else's server. What this gives needs no request any more.
    """
    adapter_for = current_app.url_map.bind
    own, scheme, here = current_app.config["PORTAL_DOMAIN"], request.scheme, request.host
    host_website_id = g.host_website.id if g.host_website else None
    neutral = is_loopback(here) or here.rsplit(":", 1)[0].lower() == own
    may_be_named = own is None and current_user.is_authenticated

    def url(website: Website, token: str) -> str:
        fallback = here if neutral or may_be_named else None
        host = here if website.id == host_website_id else canonical_host(website, own, fallback)
        adapter = adapter_for(host, url_scheme=scheme)
        return adapter.build(endpoint, {"token": token}, force_external=True)

    return url


def canonical_host(website: Website, portal_domain: str | None, fallback: str | None) -> str:
    """The website's own host, `fallback` coming first; raises PortalError where there is none."""
    subdomain = f"{website.subdomain}.{portal_domain}" if portal_domain else None
    host = fallback or website.custom_domain or subdomain
    if host is None:
        raise PortalError(
            "A link could not be mailed, as the portal does not know its own address.",
            resolution="The portal's operator sets PORTAL_DOMAIN.",
        )
    return host


def page_context() -> dict[str, Any]:
    """What every page's frame shows; the failsafe page asks for nothing."""
    if g.get("failsafe"):
        return {}
    frame = {
        "current_website": g.get("website") or g.get("host_website"),
        "simulator_in_use": simulator_notice.in_use(),
        "nav_items": [],
        "switchable_websites": [],
    }
    if g.get("membership") is not None:
        frame |= {
            "current_membership": g.membership,
            "switchable_websites": [] if g.host_website else [m.website for m in g.memberships],
            "nav_items": navigation(g.membership),
        }
    return frame


def navigation(membership: Membership) -> list[dict[str, Any]]:
    """The side navigation for this role, with the current page marked."""
    here = request.endpoint or ""
    return [
        {
            "endpoint": endpoint,
            "label": label,
            "icon": icon,
            "section": "Site admin" if admin_only else "",
            "url": url_for(endpoint),
            "active": here.startswith(prefixes),
        }
        for endpoint, label, icon, admin_only, prefixes in NAVIGATION
        if membership.is_admin or not admin_only
    ]
