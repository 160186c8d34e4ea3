"""`flask usage`, `flask ai purge` and `flask users erase`."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete

from pwb.extensions import db
from pwb.models import GenerationRequest, UsageDaily, Website
from pwb.models.base import utcnow
from pwb.services import periods, usage_csv
from tests import factories
from tests.ledger_rows import used
from tests.test_cli import run

NOVEMBER = datetime(2026, 11, 5, 9, tzinfo=UTC)
REPORT = ("usage", "report", "--website", "costa", "--month", "2026-11")


@pytest.fixture
def website(app: Flask) -> Website:
    return factories.create_website(subdomain="costa", name="Costa Homes")


def test_the_report_tells_a_months_sums_as_the_file_has_them(app: Flask, website: Website) -> None:
    used(
        website,
        {"created_at": NOVEMBER, "cost_cents": Decimal("0.12345678"), "input_tokens": 300},
        {"created_at": NOVEMBER, "cost_cents": Decimal("2E+1"), "output_tokens": 90},
        {"created_at": NOVEMBER, "status": "failed", "cost_cents": None, "cost_state": "pending"},
        {"created_at": NOVEMBER - timedelta(days=31)},
    )
    text = b"".join(usage_csv.export_requests(website, periods.month(website, "2026-11"))).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    found = run(app, *REPORT, "--json")
    assert found.exit_code == 0
    assert json.loads(found.stdout) == {
        "requests": len(rows),
        "completed": 2,
        "failed": 1,
        "input_tokens": 300,
        "output_tokens": 90,
        "cost_cents": str(sum(Decimal(row["cost_cents"] or 0) for row in rows)),
        "unknown_costs": 1,
    }
    words = run(app, *REPORT).stdout
    assert "20.12345678 US cents" in words and "1 pending" in words


def test_costs_that_nobody_knows_are_counted_and_never_nothing(
    app: Flask, website: Website
) -> None:
    dark = {"created_at": NOVEMBER, "cost_cents": None, "cost_state": "unknown"}
    used(website, dark | {"ai_model": "a/dark"}, dark | {"ai_model": "a/dark"})
    words = run(app, *REPORT).stdout
    assert "Spend          not known" in words and "0 pending, 2 unknown" in words
    assert "a/dark: 2, not known (2 without cost)" in words
    table = run(app, "usage", "overview", "--month", "2026-11").stdout
    assert re.search(r"costa +\w+ +2 +0 +2 +unknown", table)
    used(website, dark | {"cost_cents": Decimal("0.5"), "cost_state": "exact"})
    words = run(app, *REPORT).stdout
    assert "Spend          0.5 US cents" in words and "Without cost   2" in words


@pytest.mark.parametrize(
    "words",
    [
        ("--website", "nobody", "--month", "2026-11"),
        ("--website", "costa", "--month", "November"),
        ("--website", "costa"),
        ("--website", "costa", "--month", "2026-11", "--pdf", "report.pdf"),
    ],
)
def test_wrong_usage_is_one_json_object_and_status_2(
    app: Flask, website: Website, words: tuple[str, ...]
) -> None:
    refused = run(app, "usage", "report", *words, "--json")
    assert refused.exit_code == 2
    assert json.loads(refused.stdout)["error"]["code"] == "invalid_input"


def test_a_month_that_is_none_is_told_how_one_is_written(app: Flask, website: Website) -> None:
    for month in ("2026-13", "1999-12", "２０２６-11", ""):
        refused = run(app, *REPORT[:-1], month)
        assert refused.exit_code == 2
        assert "Write it as YYYY-MM, from 2000-01 to 2999-12." in refused.stderr


def test_a_month_without_use_is_all_zeros(app: Flask, website: Website) -> None:
    found = json.loads(run(app, *REPORT, "--json").stdout)
    assert found.pop("cost_cents") == "0"
    assert set(found.values()) == {0}


def test_a_report_that_cannot_be_written_says_so(
    app: Flask, website: Website, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pwb.ai_tools.usage_pdf.usage_pdf", lambda *_: b"%PDF")
    refused = run(app, *REPORT, "--pdf", str(tmp_path / "nowhere" / "report.pdf"))
    assert refused.exit_code == 2 and "could not be written" in refused.stderr


def test_the_operator_sees_every_website_the_dearest_first(app: Flask, website: Website) -> None:
    other = factories.create_website(subdomain="porto", monthly_budget_cents=1000)
    used(website, {"created_at": NOVEMBER, "ai_model": "a/b", "cost_cents": Decimal(1)})
    used(
        other,
        {"created_at": NOVEMBER, "cost_cents": Decimal(500)},
        {"created_at": NOVEMBER, "ai_model": "a/b", "status": "failed", "error_code": "timeout"},
    )
    words = ("usage", "overview", "--month", "2026-11")
    found = json.loads(run(app, *words, "--json").stdout)
    assert [site["website"] for site in found["websites"]] == ["porto", "costa"]
    assert [(m["model"], m["websites"]) for m in found["models"]] == [
        ("openai/gpt-4o", 1),
        ("a/b", 2),
    ]
    assert found["errors"] == [{"code": "timeout", "count": 1}]
    assert found["totals"]["cost_cents"] == "501.1"
    table = run(app, *words).stdout
    assert "50% of $10.00" in table and table.index("porto") < table.index("costa")


def test_sums_can_be_made_anew(app: Flask, website: Website) -> None:
    used(website, {"created_at": NOVEMBER})
    for words in (("--website", "costa"), ()):
        db.session.execute(delete(UsageDaily))
        db.session.commit()
        assert run(app, "usage", "rebuild", *words).exit_code == 0
        assert json.loads(run(app, *REPORT, "--json").stdout)["requests"] == 1


def test_old_content_and_people_are_removed_from_the_command_line(
    app: Flask, website: Website
) -> None:
    boss = factories.create_user(website, "admin", email="boss@costa.test")
    written = {"input_data": {"messages": ["x"]}, "created_at": utcnow() - timedelta(days=401)}
    (request_id,) = used(website, {**written, "user_id": boss.id})
    purged = run(app, "ai", "purge", "--older-than", "400d", "--website", "costa")
    assert "were removed: 1" in purged.stdout
    assert run(app, "ai", "purge", "--older-than", "a year").exit_code == 2
    erased = run(app, "users", "erase", "boss@costa.test")
    assert erased.exit_code == 0 and "without a person: 1" in erased.stdout
    assert "costa has no admin" in erased.stderr
    row = db.session.get_one(GenerationRequest, request_id)
    assert (row.input_data, row.user_id, row.cost_cents) == ({}, None, Decimal("0.1"))
    assert run(app, "users", "erase", "boss@costa.test").exit_code == 2
