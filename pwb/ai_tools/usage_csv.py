"""A period's requests as a file."""

from __future__ import annotations

from flask import Response, g, request

from pwb.ai_tools import bp
from pwb.downloads import csv_download
from pwb.security import agent
from pwb.services import ledger, periods
from pwb.services import usage_csv as usage_files


@bp.get("/usage.csv")
@agent
def usage_csv() -> Response:
    """One row a finished request of the period, as it is read; this month so far by default."""
    ledger.settle_overdue(g.website)
    period = periods.asked(g.website, request.args.get("from"), request.args.get("to"))
    parts = usage_files.export_requests(g.website, period)
    name = f"{g.website.subdomain}-usage-{period.first}-{period.last}.csv"
    return csv_download(name, parts)
