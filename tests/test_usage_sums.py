"""One period, five ways to read it: on screen, printed as a PDF, as CSV, and by two commands."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader

from pwb.ai_tools import usage_pdf as pdf_module
from pwb.ai_tools.usage_pdf import PdfUnavailable, usage_pdf
from pwb.services import periods, usage
from tests import factories
from tests.ledger_rows import used
from tests.pages import Person
from tests.test_cli import run

# What the sums are is asked of both databases; how a PDF looks, of one.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MONTH = "?from=2026-10-01&to=2026-10-31"
WORDS = ("usage", "report", "--website", "costa", "--month", "2026-10")


@pytest.fixture
def agency(app: Flask) -> factories.Agency:
    """With a name that a style sheet would trip over."""
    name = 'Costa "Homes" & Söhne \\ 家'
    return factories.create_agency(
        subdomain="costa", name=name, time_zone="Europe/Madrid", monthly_budget_cents=50_000
    )


@pytest.fixture
def october(agency: factories.Agency) -> list[dict[str, Any]]:
    """Costs that no float could add up, at the edges of the agency's month, and beyond."""
    first = datetime(2026, 9, 30, 22, tzinfo=UTC)  # Midnight in Madrid.
    last = datetime(2026, 10, 31, 22, 59, 59, tzinfo=UTC)
    rows: list[dict[str, Any]] = [
        {
            "created_at": first + timedelta(hours=17 * number),
            "cost_cents": Decimal("0.10000001") * (number + 1),
            "cost_state": "estimated" if number % 5 == 4 else "exact",
            "input_tokens": 1000 + number,
            "output_tokens": 300,
            "ai_model": f"maker/model-{number % 12}",
        }
        for number in range(40)
    ]
    open_ones = [
        {"cost_cents": None, "cost_state": state, "created_at": first, "status": status}
        for state, status in (("pending", "completed"), ("unknown", "failed"))
    ]
    edges = [
        {"created_at": last, "cost_cents": Decimal("98765.43210987")},
        {"created_at": last + timedelta(seconds=1), "cost_cents": Decimal(7777)},
        {"created_at": first - timedelta(seconds=1), "cost_cents": Decimal(8888)},
    ]
    used(agency.website, *rows, *open_ones, *edges)
    return [*rows, *open_ones, edges[0]]


def on_screen(person: Person) -> dict[str, Decimal]:
    """The unrounded sums of the page, by their place."""
    html = person.get(f"/site_admin/usage{MONTH}").html
    (total,) = re.findall(r'<data class="report-exact" value="([\d.]+)"', html)
    exact, estimated = re.findall(r'<data value="([\d.]+)"', html)
    return {
        "total": Decimal(total),
        "exact": Decimal(exact),
        "estimated": Decimal(estimated),
    }


def in_file(person: Person) -> list[dict[str, str]]:
    """The rows of the CSV."""
    answer = person.client.get(f"/site_admin/usage.csv{MONTH}", base_url=person.base_url)
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def text_of(pdf: bytes) -> list[str]:
    """Each page's text in plain spaces."""
    pages = PdfReader(io.BytesIO(pdf)).pages
    return [re.sub(r"\s+", " ", page.extract_text()) for page in pages]


def test_screen_file_pdf_and_commands_tell_the_same_to_the_last_decimal(
    app: Flask, admin: Person, october: list[dict[str, Any]], tmp_path: Path
) -> None:
    expected = sum((row["cost_cents"] or Decimal(0) for row in october), Decimal(0))
    shown = on_screen(admin)
    assert shown["total"] == expected
    assert shown["exact"] + shown["estimated"] == expected

    rows = in_file(admin)
    assert len(rows) == len(october)
    assert sum(Decimal(row["cost_cents"] or 0) for row in rows) == expected

    told = json.loads(run(app, *WORDS, "--json").stdout)
    assert Decimal(told["cost_cents"]) == expected
    assert (told["requests"], told["unknown_costs"]) == (len(october), 2)
    assert told["input_tokens"] == sum(int(row["input_tokens"] or 0) for row in rows)

    path = tmp_path / "october.pdf"
    assert run(app, *WORDS, "--pdf", str(path)).exit_code == 0
    (printed,) = re.findall(
        r"To the last decimal ([\d,.]+) ¢", " ".join(text_of(path.read_bytes()))
    )
    assert Decimal(printed.replace(",", "")) == expected


@ON_SQLITE
def test_a_pdf_names_the_agency_the_period_and_its_pages_on_every_page(
    app: Flask, agency: factories.Agency, october: list[dict[str, Any]]
) -> None:
    report = usage.report(agency.website, periods.month(agency.website, "2026-10"))
    written = usage_pdf(agency.website, report, "Letter")
    reader = PdfReader(io.BytesIO(written))
    assert {tuple(map(round, page.mediabox[2:])) for page in reader.pages} == {(612, 792)}
    assert reader.metadata and reader.metadata.author == agency.website.name
    pages = text_of(written)
    for number, text in enumerate(pages, 1):
        assert 'Costa "Homes" & Söhne' in text and "October 2026" in text
        assert f"Page {number} of {len(pages)}" in text
    assert "Spend per day" in pages[0] and "Generations per day" in pages[0]
    whole = " ".join(pages)
    assert all(f"maker/model-{number} " in whole for number in range(12))
    assert "Spend per day as a table" not in whole


@ON_SQLITE
def test_a_pdf_of_an_empty_month_in_german_is_one_page(app: Flask) -> None:
    website = factories.create_website(default_locale="de", name="Müller & Söhne")
    report = usage.report(website, periods.month(website, "2001-03"))
    (page,) = text_of(usage_pdf(website, report))
    assert "März 2001" in page
    assert "Nothing was generated in this period." in page


@ON_SQLITE
def test_without_pango_a_pdf_is_refused_with_what_to_do(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    website = factories.create_website()
    report = usage.report(website, periods.month(website, "2001-03"))

    def missing(*_: object, **__: object) -> None:
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr("builtins.__import__", _failing_on("weasyprint", missing))
    with pytest.raises(PdfUnavailable) as refused:
        usage_pdf(website, report)
    assert "Pango" in refused.value.message
    assert "prints from any browser" in refused.value.resolution


def test_a_report_fetches_nothing() -> None:
    with pytest.raises(ValueError, match="fetches nothing"):
        pdf_module._refuse("http://example.com/logo.png")


def _failing_on(name: str, fail: Any) -> Any:
    real = __import__

    def load(wanted: str, *args: Any, **kwargs: Any) -> Any:
        return fail() if wanted == name else real(wanted, *args, **kwargs)

    return load
