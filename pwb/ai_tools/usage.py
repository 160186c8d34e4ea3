"""The usage report on screen, which prints as it is."""

from __future__ import annotations

from flask import g, render_template, request, url_for

from pwb.ai_tools import bp
from pwb.ai_tools.panel import ai_budget
from pwb.ai_tools.usage_view import usage_view
from pwb.errors import InvalidInput
from pwb.security import agent
from pwb.services import ledger, periods
from pwb.services import usage as usage_service
from pwb.services.periods import Period
from pwb.services.usage_report import Failure, Line

Problems = dict[str, list[str]]


@bp.get("/usage")
@agent
def usage() -> str | tuple[str, int]:
    """What the agency used in a period, and how that compares with the one before."""
    ledger.settle_overdue(g.website)
    period, problems = asked_period()
    page = render_template(
        "usage/index.html",
        view=usage_view(usage_service.report(g.website, period), ai_budget()),
        agency=g.website.name,
        link=link,
        presets=periods.presets(g.website, usage_service.first_use(g.website)),
        problems=problems,
    )
    return page, 422 if problems else 200


def asked_period() -> tuple[Period, Problems]:
    """The days that the address names; this month so far, and why, where it names none."""
    try:
        asked = periods.asked(g.website, request.args.get("from"), request.args.get("to"))
    except InvalidInput as error:
        return periods.asked(g.website, None, None), error.fields
    return asked, {}


def link(kind: str, line: Line | Failure) -> str | None:
    """Where a line of the report leads: to the requests behind it, or to the listing."""
    if isinstance(line, Failure):
        return url_for("ai_tools.requests", status="failed")
    if not line.key:
        return None
    if kind == "listing":
        return url_for("site_admin.property_edit", property_id=int(line.key))
    if kind == "person":
        return url_for("ai_tools.requests", user=line.key)
    return url_for("ai_tools.requests", model=line.key) if kind == "model" else None
