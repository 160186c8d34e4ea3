"""The usage report as a PDF, from the template that the page shows and the style of its print."""

from __future__ import annotations

import logging
from pathlib import Path
from types import ModuleType

from flask import current_app, g

from pwb.ai_tools.usage_view import usage_view
from pwb.errors import PortalError
from pwb.models import Website
from pwb.services import budgets
from pwb.services.usage_report import UsageReport

STYLE_SHEET = "css/report.css"


class PdfUnavailable(PortalError):
    """The libraries that lay out a PDF are not on this machine."""

    def __init__(self) -> None:
        super().__init__(
            "A PDF needs the library Pango, which is not on this machine.",
            resolution="The operator installs it (Debian: libpango-1.0-0, libpangoft2-1.0-0 and "
            "libharfbuzz-subset0); the usage page prints from any browser without it.",
        )


def usage_pdf(website: Website, report: UsageReport, paper: str = "A4") -> bytes:
    """The report as a file, on `paper` ("A4" or "Letter"); raises PdfUnavailable.

    Nothing is fetched from anywhere: the document names no picture, and its one style sheet is the
    portal's own file.
    """
    weasyprint = _weasyprint()
    html = weasyprint.HTML(string=_document(website, report), url_fetcher=_refuse)
    sheet = Path(str(current_app.static_folder)) / STYLE_SHEET
    styles = [
        weasyprint.CSS(filename=sheet, url_fetcher=_refuse),
        weasyprint.CSS(string=f"@page {{ size: {paper} }}"),
    ]
    written: bytes = html.write_pdf(stylesheets=styles, pdf_tags=True)
    return written


def _document(website: Website, report: UsageReport) -> str:
    """The document's HTML, in the website's own formats, outside of any request."""
    budget, agency = budgets.state(website), website.name
    template = current_app.jinja_env.get_template("usage/pdf.html")
    with current_app.app_context():
        g.website = website
        return template.render(view=usage_view(report, budget), agency=agency, link=None)


def _weasyprint() -> ModuleType:
    """Imported only where a PDF is wanted: it loads Pango, which not every machine has."""
    try:
        import weasyprint
    except OSError as missing:
        raise PdfUnavailable from missing
    # What it says of properties that only browsers know is of no use to who runs a command.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    module: ModuleType = weasyprint
    return module


def _refuse(url: str) -> None:
    """The only fetcher that the PDF program is given."""
    raise ValueError(f"A report fetches nothing, not even {url}")
