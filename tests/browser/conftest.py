"""Chromium against a portal that really listens; axe on every page it visits."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from pwb import create_app
from pwb.config import Settings
from pwb.extensions import db
from pwb.models import User
from pwb.simulator.testing import RunningSimulator
from tests import databases, factories, once
from tests.conftest import make_settings, skip_or_fail
from tests.pages import Person

# The same engine without a window's machinery takes a quarter of the processor.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
# On a busy machine a page may need a while; a waiting assertion ends as soon as it holds.
expect.set_options(timeout=20_000)
# As root in a container there is no sandbox; nothing of it may call out.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Axe()
# Once a page, and without a list of all that was found to be right: half of axe's time.
_VIOLATIONS = "axe.run({resultTypes: ['violations']}).then(found => found.violations)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-m "not browser"` leaves them out. Each worker has a Chromium of its own."""
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium, where one is installed."""
    if CHROMIUM is None:
        skip_or_fail("browser", "no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def settings(migrated_sqlite: Path, tmp_path: Path, simulator: RunningSimulator) -> Settings:
    """A fresh SQLite database; the databases' differences are not the browser's business."""
    return make_settings(
        database_url=databases.copy_of(migrated_sqlite, tmp_path),
        open_router_api_base=simulator.base_url,
        uploads_dir=tmp_path / "uploads",
    )


@dataclass
class Portal:
    """A portal that listens, with one agency."""

    app: Flask
    url: str
    agency: factories.Agency


class QuietHandler(WSGIRequestHandler):
    """Keeps a browser's connections open, as a real server does, and writes no line a request."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@pytest.fixture
def portal(settings: Settings) -> Iterator[Portal]:
    """The portal on a port of its own."""
    app = create_app(settings)
    app.jinja_env.bytecode_cache = once.TemplatesOnce()
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with app.app_context():
        yield Portal(app, f"http://127.0.0.1:{server.server_port}", factories.create_agency())
        db.session.remove()
        server.shutdown()
        thread.join()
        server.server_close()
        db.engine.dispose()


class Visitor:
    """A browser page that complains of script errors and of what axe finds."""

    def __init__(self, page: Page, portal: Portal) -> None:
        self.page = page
        self.portal = portal
        self.url = portal.url
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console", lambda said: self.errors.append(said.text) if said.type == "error" else None
        )

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)
        self.check()

    def signed_in(self, user: User) -> None:
        """With the session that the form would begin; one journey uses the form."""
        client = Person(self.portal.app, self.url).signed_in(user).client
        name = self.portal.app.config["SESSION_COOKIE_NAME"]
        cookie = client.get_cookie(name, domain="127.0.0.1")
        self.page.context.add_cookies([{"name": name, "value": cookie.value, "url": self.url}])

    def sign_in(self, email: str) -> None:
        self.open("/login")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password", exact=True).fill(factories.PASSWORD)
        self.page.get_by_role("button", name=re.compile("Sign in")).click()
        self.page.wait_for_url("**/site_admin/")
        self.check()

    def check(self) -> None:
        """No script error, no console error, no violation that axe knows of."""
        self.page.wait_for_load_state()
        assert self.errors == []
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.axe_script)
        found = self.page.evaluate(_VIOLATIONS)
        assert found == [], [(each["id"], each["help"], each["nodes"]) for each in found]


@pytest.fixture(params=[1280, 390], ids=["wide", "narrow"])
def visitor(request: pytest.FixtureRequest, chromium: Browser, portal: Portal) -> Iterator[Visitor]:
    """A visitor at a desk and one with a phone."""
    size = {"width": request.param, "height": 900}
    context = chromium.new_context(viewport=size, reduced_motion="reduce")
    yield Visitor(context.new_page(), portal)
    context.close()
