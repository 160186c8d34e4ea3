"""Portal errors and their HTTP answers: one page, one JSON shape, one failsafe 500."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask import Flask, Response, g, jsonify, render_template, request
from werkzeug.exceptions import BadHost, HTTPException

log = logging.getLogger(__name__)

API_PATH = "/api/"


class PortalError(Exception):
    """Something a person can read: the cause, what to do, and the HTTP status it answers with.

    `code` is a name other programs can rely on; `retry_after` is in seconds; `headers` go out with
    the answer.
    """

    code = "error"
    status = 400
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self, message: str, *, resolution: str = "", retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.resolution = resolution
        self.retry_after = retry_after

    def sentence(self) -> str:
        """Cause and cure as one line, for a terminal."""
        return f"{self.message} {self.resolution}".strip()


class InvalidInput(PortalError):
    """What was typed does not fit; `fields` maps a field's name to its problems."""

    code = "invalid_input"
    status = 422

    def __init__(
        self, message: str, *, fields: dict[str, list[str]] | None = None, resolution: str = ""
    ) -> None:
        super().__init__(message, resolution=resolution)
        self.fields = fields or {}


class NotFound(PortalError):
    """No such thing on this website: also the answer for another website's things."""

    code = "not_found"
    status = 404


class Throttled(PortalError):
    """Too many tries; `retry_after` says when the next one counts."""

    code = "throttled"
    status = 429


class EditConflict(PortalError):
    """Somebody else saved the same thing in between."""

    code = "edit_conflict"
    status = 409


PAGES = {
    400: ("Bad request", "The browser sent something this page can't use.", "Go back and retry."),
    403: ("Not allowed", "Your role does not open this page.", "Ask a site admin of your agency."),
    404: ("Page not found", "There is nothing at this address.", "It may have been removed."),
    405: ("Not possible here", "This address doesn't take that action.", "Use the page's buttons."),
    409: ("Changed meanwhile", "Somebody else changed this.", "Reload the page and try again."),
    413: ("Too large", "What was sent is larger than this page takes.", "Send a smaller file."),
    422: ("Please check", "Something in the form does not fit.", "Go back and correct it."),
    429: ("Slow down", "Too many tries in a short time.", "Wait a moment, then try again."),
    500: (
        "Something broke",
        "The portal made a mistake; it has been logged.",
        "Try again. If it happens again, tell the operator when it happened.",
    ),
    503: ("Unavailable", "The portal can't answer right now.", "Try again in a minute."),
}


def wants_json() -> bool:
    """Whether the client prefers JSON to a page; the API knows nothing else."""
    if request.path.startswith(API_PATH):
        return True
    if request.path == "/readyz" or request.accept_mimetypes.best == "text/event-stream":
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def answer(
    status: int, code: str, message: str = "", resolution: str = "", retry_after: int | None = None
) -> Response:
    """The answer to an error as the client asked for it."""
    title, usual, cure = PAGES.get(status, PAGES[500 if status >= 500 else 400])
    message, resolution = message or usual, resolution or (cure if not message else "")
    if wants_json():
        error: dict[str, Any] = {
            "code": code,
            "message": message,
            "resolution": resolution,
            "retry_after": retry_after,
        }
        response = jsonify(success=False, error=error)
    else:
        page = render_template(
            "errors/error.html",
            status=status,
            title=title,
            message=message,
            resolution=resolution,
            retry_after=retry_after,
        )
        response = Response(page, mimetype="text/html")
    response.status_code = status
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(PortalError, _portal_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failsafe)


def _portal_error(error: PortalError) -> Response:
    response = answer(error.status, error.code, error.message, error.resolution, error.retry_after)
    response.headers.update(error.headers)
    return response


def signed_out() -> Response:
    """To a program whose session has ended."""
    return answer(401, "signed_out", "You are signed out.", "Sign in again; nothing was changed.")


def _http_error(error: HTTPException) -> Response | HTTPException:
    status = error.code or 500
    if status < 400:
        return error
    if isinstance(error, BadHost):
        # Such a request has no addresses of ours, which every page is made with.
        return Response("No website can have this host name.\n", 400, mimetype="text/plain")
    response = answer(status, (error.name or "error").lower().replace(" ", "_"))
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After", "WWW-Authenticate"}:
            response.headers[name] = value
    return response


def _failsafe(error: Exception) -> Response:
    """The last resort: logged whole, answered with a page that needs no database."""
    log.exception("unhandled error on %s %s", request.method, request.path)
    g.failsafe = True
    if wants_json():
        _title, message, resolution = PAGES[500]
        body = {"code": "internal_error", "message": message, "resolution": resolution}
        response = jsonify(success=False, error=body)
    else:
        response = Response(render_template("errors/failsafe.html"), mimetype="text/html")
    response.status_code = 500
    return response
