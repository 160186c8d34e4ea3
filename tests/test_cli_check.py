"""`flask ai check --jsonl` and `flask ai verify-approvals`, as programs call them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from pwb.extensions import db
from tests import factories
from tests.conftest import KEYS
from tests.services.sign_off import approve, listing_with
from tests.waiting import START

ROOT = Path(__file__).resolve().parents[1]


def check(app: Flask, *lines: Any, status: int = 0) -> list[dict[str, Any]]:
    """What the command answers to these lines; a line that is no text is made JSON."""
    sent = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    result = app.test_cli_runner().invoke(args=["ai", "check", "--jsonl"], input=sent)
    assert result.exit_code == status, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_line_in_is_a_line_out(app):
    lawful, unlawful = check(
        app,
        {"text": "A villa with a family room.", "locale": "en"},
        {"text": "Perfect for families.", "locale": "en"},
    )
    assert lawful == {
        "fair_housing": {"compliant": True, "violations": [], "advice": []},
        "claims": None,
    }
    assert unlawful["fair_housing"]["compliant"] is False
    (violation,) = unlawful["fair_housing"]["violations"]
    assert violation["text"] == "Perfect for families"


def test_claims_are_held_against_the_listing(app, agency):
    listing = factories.create_property(agency.website, bedrooms=3)
    order = {
        "text": "A four-bedroom villa with a private pool.",
        "locale": "en-GB",
        "reference": listing.reference,
        "website": agency.website.subdomain,
    }
    first, second = check(app, order, order)
    assert first == second
    claims = first["claims"]
    assert (claims["contradicted"], claims["unsupported"]) == (1, 0)
    assert claims["items"][0]["state"] == "contradicted"


def test_the_websites_jurisdictions_apply_and_without_one_all_do(app, agency):
    agency.website.jurisdictions = ["es"]
    db.session.commit()
    text = {"text": "Sorry, no Section 8.", "locale": "en"}
    everywhere, here = check(app, text, text | {"website": agency.website.subdomain})
    assert everywhere["fair_housing"]["violations"]
    assert here["fair_housing"]["compliant"] is True


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        "[]",
        "null",
        "{" * 2_000,
        "[" * 100_000,
        {"locale": "en"},
        {"text": "A villa."},
        {"text": 5, "locale": "en"},
        {"text": "A villa.", "locale": "xx"},
        {"text": "A villa.", "locale": ["en"]},
        {"text": "A villa.\ud800", "locale": "en"},
        {"text": "A villa.", "locale": "en", "website": "nowhere"},
        {"text": "A villa.", "locale": "en", "website": "nowhere", "reference": "R-1"},
        {"text": "A villa.", "locale": "en", "reference": "R-1"},
        {"text": "A villa.", "locale": "en", "website": 5},
        {"text": "x" * 1_100_000, "locale": "en"},
    ],
    ids=range(16),
)
def test_a_bad_line_is_told_and_the_others_are_checked(app, line):
    good = {"text": "A villa.", "locale": "en"}
    answers = check(app, good, line, good, status=2)
    assert ["error" in answer for answer in answers] == [False, True, False]
    assert answers[1]["error"]["code"] in {"invalid_input", "not_found"}
    assert answers[1]["error"]["message"].startswith("Line 2: ")


def test_an_unknown_listing_is_a_bad_line(app, agency):
    order = {"text": "A villa.", "locale": "en", "website": agency.website.subdomain}
    other = factories.create_property(factories.create_website())
    for reference in ("nothing", other.reference):
        (answer,) = check(app, order | {"reference": reference}, status=2)
        assert answer["error"]["code"] == "not_found"


def test_blank_lines_and_no_lines_at_all_are_no_answer(app):
    assert check(app) == []
    assert len(check(app, "", {"text": "", "locale": "ja"}, "   ")) == 1


def test_without_the_flag_it_is_wrong_usage(app):
    assert app.test_cli_runner().invoke(args=["ai", "check"]).exit_code == 2


def test_each_answer_comes_before_the_next_line_is_sent(app, settings):
    environment = {**os.environ, "FLASK_APP": "app", "SECRET_KEY": "a secret for tests only"}
    environment |= {"DATABASE_URL": settings.database_url}
    environment |= {"CREDENTIALS_KEYS": KEYS}
    program = subprocess.Popen(
        [sys.executable, "-m", "flask", "ai", "check", "--jsonl"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with program:
        assert program.stdin
        assert program.stdout
        for text, compliant in (("A villa.", True), ("No children.", False), ("Für Käufer.", True)):
            line = json.dumps({"text": text, "locale": "de"}, ensure_ascii=False)
            program.stdin.write(f"{line}\n".encode())
            program.stdin.flush()
            answer = json.loads(program.stdout.readline())
            assert answer["fair_housing"]["compliant"] is compliant
        program.stdin.close()
        assert program.wait(START) == 0


def test_approvals_are_verified_from_the_command_line(app, agency):
    approve(agency.website, agency.agent, listing_with(agency.website))
    runner = app.test_cli_runner()
    words = ["ai", "verify-approvals", "--website", agency.website.subdomain]
    result = runner.invoke(args=words)
    assert (result.exit_code, result.stdout) == (0, "1 approval verified: the chain is whole.\n")
    db.session.execute(sa.text("UPDATE pwb_property_texts SET title = 'Slipped in'"))
    db.session.commit()
    result = runner.invoke(args=words)
    assert result.exit_code == 1
    assert "is not the one that was approved" in result.stderr
    assert runner.invoke(args=["ai", "verify-approvals", "--website", "nowhere"]).exit_code == 2
