"""The ledger against the provider's own figures."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pwb import filters
from pwb.ai_tools import bp
from pwb.security import admin
from pwb.services import books_check, ledger, periods, reconciliation_report
from pwb.services.books_check import BooksCheck


@bp.get("/usage/reconciliation")
@admin
def usage_reconciliation() -> str:
    """What of the spend is confirmed, estimated, open or unexplained."""
    ledger.settle_overdue(g.website)
    period = periods.asked(g.website, request.args.get("from"), request.args.get("to"))
    report = reconciliation_report.report(g.website, period)
    return render_template("usage/reconciliation.html", report=report, period=period)


@bp.post("/usage/reconciliation")
@admin
def usage_books_check() -> Response:
    """Ask the provider's books about the period's requests, for some seconds at the most."""
    period = periods.asked(g.website, request.form.get("from"), request.form.get("to"))
    found = books_check.check(g.website, period)
    flash(_in_words(found), "warning" if found.problem or found.differing else "success")
    days: dict[str, Any] = {"from": period.first, "to": period.last}
    return redirect(url_for("ai_tools.usage_reconciliation", **days))


def _in_words(found: BooksCheck) -> str:
    """What the books said, and what is left to ask."""
    if found.problem:
        left = f" {_requests(found.left)} not asked about." if found.asked else ""
        return f"The books could not be read. {found.problem}{left}"
    if not found.asked and not found.left:
        return "No request of this period is at a provider that can be asked about it."
    parts = [
        (found.agreed, "in agreement"),
        (found.settled, "confirmed now"),
        (found.differing, f"different, by {filters.cents(found.difference_cents)} together"),
        (found.not_found, "not in the books"),
    ]
    said = ", ".join(f"{filters.number(count)} {what}" for count, what in parts if count)
    left = f" {_requests(found.left)} not reached in time: ask again." if found.left else ""
    return f"{_requests(found.asked)} looked up in the provider's books: {said}.{left}"


def _requests(count: int) -> str:
    return f"{filters.number(count)} {'request was' if count == 1 else 'requests were'}"
