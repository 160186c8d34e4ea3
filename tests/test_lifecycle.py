"""What a web server's process sees to when it starts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from flask import Flask

from pwb import create_app, lifecycle
from pwb.extensions import db
from pwb.models import GenerationRequest
from pwb.models.base import utcnow
from pwb.services import ledger
from tests import factories
from tests.conftest import make_settings
from tests.ledger_rows import new_request
from tests.waiting import wait_until


def test_a_row_that_is_not_overdue_at_the_start_is_settled_once_it_is_without_any_visitor(
    app: Flask,
) -> None:
    website = factories.create_website()
    request_id, _ = ledger.open_request(website, None, new_request())
    row = db.session.get_one(GenerationRequest, request_id)
    row.deadline_at = utcnow() + timedelta(seconds=0.3)
    db.session.commit()
    lifecycle.server_started(app)
    assert status_of(request_id) == "processing"
    lifecycle.worker_started(app)
    wait_until(lambda: status_of(request_id) == "failed")


def test_a_start_on_a_database_that_is_not_migrated_goes_on(tmp_path: Path) -> None:
    empty = make_settings(database_url=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    lifecycle.worker_started(create_app(empty))


def status_of(request_id: int) -> str:
    """As the database has it now."""
    db.session.rollback()
    return db.session.get_one(GenerationRequest, request_id, populate_existing=True).status
