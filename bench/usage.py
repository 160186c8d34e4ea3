"""The usage page, and what settling a request costs, at ten thousand to a million requests.

Two years of fifty websites, on SQLite and, where BENCH_POSTGRES_URL names a server on which
databases may be made, on PostgreSQL. Requests are answered within this process, so that neither
the network nor other people count. `python bench/usage.py 10000 100000` measures those sizes.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from support.portal import SECRETS
from support.years import SECONDS, grow, make_websites

from pwb import create_app
from pwb.config import load_settings
from pwb.extensions import db
from pwb.models import User, Website
from pwb.models.base import utcnow
from pwb.services import ledger, rollups
from tests.factories import PASSWORD
from tests.ledger_rows import finish, new_request

SIZES = (10_000, 100_000, 1_000_000)
AIM_PAGE, AIM_GROWTH = 0.060, 1.5
PAGES, SETTLED = 40, 150
LATENCY = "{:7.1f} ms"


@dataclass(frozen=True)
class Times:
    """Medians in seconds; `rebuild` is one run."""

    month: float
    years: float
    settle: float
    rebuild: float


@contextmanager
def portal(url: str) -> Iterator[Flask]:
    """A portal on an empty database, within its context."""
    values = {name.lower(): value for name, value in SECRETS.items()}
    app = create_app(load_settings(_env_file=None, **values, database_url=url))
    with app.app_context():
        upgrade()
        yield app
        db.session.remove()
        db.engine.dispose()


@contextmanager
def postgres(server: str) -> Iterator[str]:
    """The address of a new database on that server."""
    name = f"pwb_bench_{uuid.uuid4().hex[:12]}"
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield url.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


def sign_in(app: Flask, email: str) -> FlaskClient:
    """A browser of that person."""
    app.config["WTF_CSRF_ENABLED"] = False
    browser = app.test_client()
    with app.app_context():
        answer = browser.post("/login", data={"email": email, "password": PASSWORD})
    assert answer.status_code == 302, answer.status_code
    return browser


def median_of(times: int, work: Callable[[], None]) -> float:
    """Seconds."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def open_page(app: Flask, browser: FlaskClient, path: str) -> None:
    with app.app_context():
        answer = browser.get(path)
    assert answer.status_code == 200 and b"Spend per" in answer.data, answer.status_code


def settle_median() -> float:
    """Seconds from the end of an answer until its row is final and counted."""
    website = db.session.get_one(Website, 1)
    person = db.session.get_one(User, 1)
    seconds = []
    for _ in range(SETTLED):
        request_id, _ = ledger.open_request(website, person, new_request(property_id=1))
        began = time.perf_counter()
        finish(request_id, None)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def measure(app: Flask, emails: list[str]) -> Times:
    """All figures at the size that the database has now."""
    began = time.perf_counter()
    rollups.rebuild_all()
    rebuild = time.perf_counter() - began
    browser = sign_in(app, emails[3])
    first = (utcnow() - timedelta(seconds=SECONDS)).date()
    pages = ("/site_admin/usage", f"/site_admin/usage?from={first}")
    for path in pages:
        open_page(app, browser, path)
    month, years = (
        median_of(PAGES, lambda path=path: open_page(app, browser, path)) for path in pages
    )
    return Times(month, years, settle_median(), rebuild)


def run(name: str, url: str, sizes: list[int]) -> bool:
    """Measure at each size and print; whether the aims are met."""
    heads = ("requests", "this month", "two years", "settle", "rebuild")
    print(f"{name:10}", *(f"{head:>10}" for head in heads))
    found, before = [], 0
    with portal(url) as app:
        emails = make_websites()
        for size in sizes:
            grow(before, size)
            times, before = measure(app, emails), size
            found.append(times)
            columns = (times.month, times.years, times.settle)
            cells = " ".join(LATENCY.format(seconds * 1000) for seconds in columns)
            print(f"{'':10} {size:>10,} {cells} {times.rebuild:8.1f} s", flush=True)
    pages = [times.month for times in found]
    settles = [times.settle for times in found]
    return (
        max(pages) < AIM_PAGE
        and pages[-1] <= AIM_GROWTH * pages[max(0, len(pages) - 2)]
        and settles[-1] <= AIM_GROWTH * settles[0]
    )


def main(sizes: list[int]) -> int:
    print(
        f"Medians of {PAGES} pages and {SETTLED} settled requests. Aims: a page under "
        f"{AIM_PAGE * 1000:g} ms, and at the largest size at most {AIM_GROWTH:g} times its time "
        f"at the one before; settling at most {AIM_GROWTH:g} times its time at the smallest."
    )
    with tempfile.TemporaryDirectory() as folder:
        met = [run("SQLite", f"sqlite:///{Path(folder) / 'bench.sqlite3'}", sizes)]
    server = os.environ.get("BENCH_POSTGRES_URL")
    if server is None:
        print("PostgreSQL was not measured: BENCH_POSTGRES_URL names no server.")
        return 0 if all(met) else 1
    with postgres(server) as url:
        met.append(run("PostgreSQL", url, sizes))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main([int(size) for size in sys.argv[1:]] or list(SIZES)))
