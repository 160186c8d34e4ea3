"""A process that is killed in the middle of generations, and what becomes of the money it had set
aside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from pwb.config import ROOT
from pwb.extensions import db
from pwb.models import GenerationRequest
from pwb.models.base import utcnow
from pwb.services import budgets, ledger
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.conftest import KEYS
from tests.programs import environment
from tests.waiting import PEER_HANGS, START, wait_until

# Opens one generation that never leaves, and one that hangs after it has left.
VICTIM = """
from pwb import create_app
from pwb.extensions import db
from pwb.models import Property, Website
from pwb.services import generations
from pwb.services.generations import DescriptionSpec

with create_app().app_context():
    website = db.session.get_one(Website, {website})
    listing = db.session.get_one(Property, {listing})
    spec = DescriptionSpec("en")
    generations.begin_description(website, None, listing, spec)
    website = db.session.get_one(Website, {website})
    listing = db.session.get_one(Property, {listing})
    generations.finish(generations.begin_description(website, None, listing, spec))
"""


def test_a_killed_process_gives_back_only_what_never_left(
    app: Flask, simulator: RunningSimulator, tmp_path: Path
) -> None:
    website = factories.create_website(monthly_budget_cents=1000)
    factories.create_integration(website)
    listing = factories.create_property(website)
    simulator.settings.first_delay = PEER_HANGS
    kill_in_the_middle(
        app, simulator, tmp_path, VICTIM.format(website=website.id, listing=listing.id)
    )
    before = budgets.state(website).website
    assert (before.held_cents, before.spent_cents) == (0, 0)
    assert ledger.settle_overdue(now=utcnow() + timedelta(minutes=5)) == 2
    unsent, sent = db.session.scalars(select(GenerationRequest).order_by(GenerationRequest.id))
    assert (unsent.sent_at, unsent.cost_state, unsent.cost_cents) == (None, "exact", Decimal(0))
    assert unsent.reserved_cents is None
    assert sent.sent_at is not None
    assert sent.cost_cents is None
    assert sent.cost_state in {"unknown", "pending"}
    after = budgets.state(website)
    assert after.website.held_cents == sent.reserved_cents == before.reserved_cents / 2
    assert after.plan.used == 1


def kill_in_the_middle(app: Flask, simulator: RunningSimulator, home: Path, program: str) -> None:
    """Run the program until its request has arrived, then kill it."""
    settings = app.config["PWB"]
    values = {
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "CREDENTIALS_KEYS": KEYS,
        "DATABASE_URL": settings.database_url,
        "OPEN_ROUTER_API_BASE": simulator.base_url,
    }
    victim = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=environment(home, **values)
    )
    try:
        wait_until(lambda: bool(simulator.completions) or victim.poll() is not None, START)
        assert victim.poll() is None
    finally:
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
