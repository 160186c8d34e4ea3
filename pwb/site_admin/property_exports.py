"""The website's listings as a file."""

from __future__ import annotations

from flask import Response, g, request

from pwb.downloads import csv_download
from pwb.models.base import utcnow
from pwb.security import agent
from pwb.services import exports
from pwb.site_admin import bp


@bp.get("/properties.csv")
@agent
def property_export() -> Response:
    """All listings in the import's columns, or only what is approved, as it is read."""
    approved_only = request.args.get("approved_only") == "1"
    parts = exports.export_listings(g.website, approved_only=approved_only)
    kind = "approved-texts" if approved_only else "properties"
    name = f"{g.website.subdomain}-{kind}-{utcnow():%Y-%m-%d}.csv"
    return csv_download(name, parts)
