"""Keeping what somebody typed when their session ended in mid-edit.

A form that arrives signed out is held inside the sign-in page, goes back to the browser as
hidden fields, and is offered again after signing in. Nothing is stored on the server. Only a form
that our own pages sent is held: a form of another site stays refused.
"""

from __future__ import annotations

from flask import Flask, Response, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError

from pwb.errors import answer, signed_out, wants_json

HELD = "held:"
HELD_ACTION = "held_action"
MAX_FIELDS = 400


def hold_form() -> Response | None:
    """A page that holds the posted form, or None where there is nothing to hold.

    Signed out it is the sign-in page. Signed in, as after signing in again in another tab, the
    form only lacks a valid token and is offered once more.
    """
    from pwb.auth.routes import render_resume, render_session_expired

    if request.method != "POST" or wants_json() or not _from_our_own_page():
        return None
    if request.blueprint == "auth" or request.files or not request.form:
        return None
    action = request.full_path.rstrip("?")
    if current_user.is_authenticated:
        return Response(render_resume(action, held_fields()), 400)
    return Response(render_session_expired(action, held_fields()), 401)


def held_fields() -> list[tuple[str, str]]:
    """The posted fields in order, without the token of the ended session."""
    pairs = request.form.items(multi=True)
    return [pair for pair in pairs if pair[0] != "csrf_token"][:MAX_FIELDS]


def carried_fields() -> list[tuple[str, str]]:
    """The held fields that the sign-in form carried along."""
    return [
        (name.removeprefix(HELD), value)
        for name, value in request.form.items(multi=True)
        if name.startswith(HELD)
    ]


def safe_path(path: str | None) -> str | None:
    """`path` if it stays on this site, else None: no open redirect."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")):
        return None
    return None if any(ch in path for ch in "\r\n\t\\") else path


def _from_our_own_page() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("Origin") == request.host_url.rstrip("/")


def init_app(app: Flask) -> None:
    """Answer forms without a valid token."""
    app.register_error_handler(CSRFError, answer_forged)


def answer_forged(error: CSRFError) -> Response:
    """A form without a valid token: forged, or older than the sign-in."""
    from pwb.security import cookies_come_back

    held = hold_form()
    if held is not None:
        return held
    if wants_json() and not current_user.is_authenticated:
        return signed_out()
    cure = "Go back, reload the page and send it again."
    if not cookies_come_back():
        cure = "Open the portal by https: by plain http the browser keeps nobody signed in."
    return answer(400, "csrf", "This form is no longer valid, so nothing was changed.", cure)
