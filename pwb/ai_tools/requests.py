"""The list of generation requests, one request, and Stop."""

from __future__ import annotations

from flask import Response, flash, g, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from pwb.ai_tools import bp
from pwb.errors import wants_json
from pwb.models import GenerationRequest
from pwb.models.generations import STATUSES
from pwb.security import agent
from pwb.services import ledger, live, people, request_lists
from pwb.services.generation_errors import CURES


@bp.get("/ai/requests")
@agent
def requests() -> str:
    """All generations of the website, newest first."""
    filters = request_lists.Filters(
        status=request.args.get("status") or None,
        model=request.args.get("model") or None,
        user_id=request.args.get("user", type=int),
        property_id=request.args.get("property", type=int),
    )
    page = request_lists.list_requests(g.website, filters, request.args.get("page", 1, type=int))
    return render_template(
        "ai_tools/requests.html",
        page=page,
        filters=filters,
        statuses=STATUSES,
        models=request_lists.models_used(g.website),
        members=people.list_members(g.website),
    )


@bp.get("/ai/requests/<int:request_id>")
@agent
def request_detail(request_id: int) -> str:
    """What was asked, what was sent, what came, and what it cost."""
    row = request_lists.request_detail(g.website, request_id)
    return render_template("ai_tools/request.html", row=row, cure=CURES.get(row.error_code or ""))


@bp.post("/ai/requests/<int:request_id>/cancel")
@agent
def cancel_request(request_id: int) -> tuple[Response, int] | WerkzeugResponse:
    """Stop a generation that is still running; one that is over is said to be."""
    row = ledger.request_cancel(g.website, request_id)
    live.running().cancel(request_id)
    if wants_json():
        return _cancel_json(row)
    flash(FINISHED if row.is_final else "The generation is being stopped.", "info")
    return redirect(url_for("ai_tools.request_detail", request_id=row.id))


FINISHED = "This generation had ended already: there was nothing to stop."


def _cancel_json(row: GenerationRequest) -> tuple[Response, int]:
    if not row.is_final or row.error_code == "cancelled":
        # Stopped already, by the closed page say, is what was asked for.
        return jsonify(success=True, request_id=row.id), 200
    error = {"code": "finished", "message": FINISHED, "resolution": "", "retry_after": None}
    return jsonify(success=False, request_id=row.id, error=error), 409
