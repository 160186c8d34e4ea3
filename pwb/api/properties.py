"""Published listings as JSON. Described in docs/openapi.yaml, which a test holds to this."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, g, json, request, url_for

from pwb.api import bp, query
from pwb.security import api_token
from pwb.services import publishing
from pwb.services.published_texts import iso
from pwb.services.publishing import Cursor


@bp.get("/properties")
@api_token
def properties() -> Response:
    """A page of the published listings, or of what changed since a moment."""
    page = publishing.list_published(g.website, query.wish())
    following = next_address(page.next) if page.next else None
    body = {
        "data": [item.as_json() for item in page.items],
        "next": following,
        "resume_since": iso(page.resume_since) if page.resume_since else None,
    }
    response = answer(body)
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


@bp.get("/properties/<path:reference>")
@api_token
def published_property(reference: str) -> Response:
    """One published listing by its reference."""
    item = publishing.get_published(g.website, reference, query.locales())
    return answer(item.as_json())


def next_address(cursor: Cursor) -> str:
    """Where the next page is, on whatever host the caller knows us by."""
    given = request.args.items(multi=True)
    others = [(name, value) for name, value in given if name not in {"page", "after"}]
    return f"{url_for('api.properties')}?{urlencode([*others, ('after', str(cursor))])}"


def answer(body: dict[str, Any]) -> Response:
    """The body with its ETag, or 304 where the caller has it already."""
    response = Response(json.dumps(body, ensure_ascii=False), mimetype="application/json")
    response.add_etag()
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Authorization")
    response.make_conditional(request)
    return response
