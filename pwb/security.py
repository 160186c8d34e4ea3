"""Who may do what: every view declares its permission, one guard enforces it.

Headers and cookies are here too. A view without a declaration is refused, so that forgetting
one fails closed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import TypeVar

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import current_user
from werkzeug.middleware.proxy_fix import ProxyFix

from pwb.extensions import talisman

View = TypeVar("View", bound=Callable[..., object])

PUBLIC, SIGNED_IN, AGENT, ADMIN = "public", "signed_in", "agent", "admin"
API_TOKEN = "api_token"  # noqa: S105 - a permission's name, no token

CSP = {
    "default-src": "'self'",
    "img-src": ["'self'", "data:", "blob:"],
    "script-src": "'self'",
    "style-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def _declare(permission: str) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined] # a mark on the function
        return view

    return mark


public = _declare(PUBLIC)
signed_in = _declare(SIGNED_IN)
agent = _declare(AGENT)
admin = _declare(ADMIN)
api_token = _declare(API_TOKEN)


def declared_permission(endpoint: str) -> str | None:
    """The permission that an endpoint's view declares; static files are public."""
    if endpoint.rpartition(".")[2] == "static":
        return PUBLIC
    return getattr(current_app.view_functions.get(endpoint), "permission", None)


MAX_ID = 2**31 - 1  # The databases' INTEGER.


def ids_in(values: Iterable[str]) -> list[int]:
    """The ids among what was posted, in its order; whatever can be no id names none."""
    digits = (text for text in values if text.isascii() and text.isdigit() and len(text) <= 10)
    return [number for number in map(int, digits) if number <= MAX_ID]


def refuse_impossible_values() -> None:
    """Refuse what no database can hold: ids beyond its integers (404), NUL characters (400)."""
    if any(
        isinstance(value, int) and value > MAX_ID for value in (request.view_args or {}).values()
    ):
        abort(404)
    for values in (request.args, request.form):
        if any("\x00" in name or "\x00" in value for name, value in values.items(multi=True)):
            abort(400)


def guard() -> Response | None:
    """Before every request: refuse what the view's declaration does not allow."""
    if request.endpoint is None:
        return None  # Unknown address: the router answers 404.
    permission = declared_permission(request.endpoint)
    if permission == PUBLIC:
        return None
    if permission == API_TOKEN:
        open_to_token()
        return None
    if not current_user.is_authenticated:
        return _ask_to_sign_in()
    if permission == SIGNED_IN:
        return None
    if g.website is None or permission not in {AGENT, ADMIN}:
        abort(404)
    if permission == ADMIN and not g.membership.is_admin:
        abort(403)
    return None


def open_to_token() -> None:
    """Let the bearer of an API token in, to the token's own website: neither the session nor the
    host has a say. Raises BadToken, Throttled."""
    from pwb.services import api_tokens

    headers, address = request.headers.getlist("Authorization"), request.remote_addr or "unknown"
    g.website = api_tokens.authenticate(headers, address)


def _ask_to_sign_in() -> Response:
    from pwb.auth.resume import hold_form
    from pwb.errors import signed_out, wants_json

    if wants_json():
        return signed_out()
    held = hold_form()
    if held is not None:
        return held
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("auth.login", next=target))  # type: ignore[return-value] # a werkzeug Response


FORM_LIMIT = 2 * 1024 * 1024  # Ten languages of 20,000 characters, as a browser encodes them.
UPLOAD_LIMIT = 64 * 1024 * 1024
UPLOADS = frozenset({"site_admin.property_import", "site_admin.photos_upload"})


def limit_body() -> None:
    """Take large bodies only where files are uploaded; more is answered 413 before it is read."""
    request.max_content_length = UPLOAD_LIMIT if request.endpoint in UPLOADS else FORM_LIMIT


class LoopbackAwareSessions(SecureCookieSessionInterface):
    """Cookies are Secure everywhere but on plain-http loopback, where none would come back."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure or not is_loopback(request.host)

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        """Programs with a token are sent none, whatever cookie they sent along."""
        return request.blueprint != "api" and super().should_set_cookie(app, session)


def cookies_come_back() -> bool:
    """Whether the browser will send the session's cookie again at this address."""
    return request.is_secure or is_loopback(request.host)


def is_loopback(host: str) -> bool:
    """Whether `host` (with or without port) names this machine itself."""
    name = host.rsplit(":", 1)[0].strip("[]") if not host.endswith("]") else host.strip("[]")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def init_app(app: Flask, trusted_proxies: int) -> None:
    """Headers, cookies, the proxy's word, and the guard."""
    app.session_interface = LoopbackAwareSessions()
    # First of all: the check of the form's token already reads the body.
    app.before_request_funcs.setdefault(None, []).insert(0, limit_body)
    app.config.update(
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_NAME="pwb_session",
    )
    if trusted_proxies:
        count = trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign] # the documented way
    talisman.init_app(
        app,
        force_https=False,  # TLS ends at the reverse proxy.
        content_security_policy=CSP,
        session_cookie_secure=False,  # LoopbackAwareSessions decides by request.
        referrer_policy="same-origin",
        permissions_policy={"camera": "()", "microphone": "()", "geolocation": "()"},
    )
    app.before_request(guard)
    app.before_request(refuse_impossible_values)
    app.after_request(_keep_out_of_caches)


def _keep_out_of_caches(response: Response) -> Response:
    """Pages of a signed-in person are nobody else's; static files may be kept."""
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Robots-Tag", "noindex")
    return response
