"""A portal under its default gunicorn settings, with data, an AI service and signed-in people."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path

import requests
from flask_migrate import upgrade

from pwb import create_app
from pwb.config import Settings, load_settings
from pwb.demo.servers import free_port
from pwb.extensions import db
from support import ROOT
from tests import factories

BENCH = Path(__file__).resolve().parents[1]
SECRETS = {
    "SECRET_KEY": "a secret for benchmarks only",
    "CREDENTIALS_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}


@dataclass(frozen=True)
class Site:
    """A website with its people and one listing to write about."""

    emails: list[str]
    listing_id: int


@dataclass
class Portal:
    """Where the portal and its AI service are."""

    url: str
    upstream_url: str
    samples: Path
    sites: list[Site] = field(default_factory=list)

    def sign_in(self, email: str) -> Browser:
        return Browser(self, email)


class Browser:
    """A signed-in person with one connection kept open."""

    def __init__(self, portal: Portal, email: str) -> None:
        self.portal = portal
        self.session = requests.Session()
        self.session.trust_env = False
        form = {"email": email, "password": factories.PASSWORD, "csrf_token": self.token("/login")}
        self.session.post(f"{portal.url}/login", data=form).raise_for_status()
        self.csrf = self.token("/site_admin/properties")

    def another(self) -> Browser:
        """The same person in another window: signed in, with a connection of its own."""
        twin = copy(self)
        twin.session = requests.Session()
        twin.session.trust_env = False
        twin.session.cookies.update(self.session.cookies)
        return twin

    def token(self, path: str) -> str:
        page = self.session.get(self.portal.url + path).text
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found, f"no form token at {path}"
        return found[1]

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.portal.url + path)

    def describe(self, listing_id: int, accept: str, stream: bool = False) -> requests.Response:
        """Ask for a description of the listing."""
        return self.session.post(
            f"{self.portal.url}/site_admin/properties/{listing_id}/descriptions",
            data={"locale": "en"},
            headers={"Accept": accept, "X-CSRFToken": self.csrf},
            stream=stream,
        )


@contextmanager
def running_portal(
    people: list[int], upstream_seconds: float = 0.0, application: str = "app:app"
) -> Iterator[Portal]:
    """A portal with one website for each number of people in `people`.

    On SQLite, or on the empty database that BENCH_DATABASE_URL names.
    """
    with ExitStack() as stack:
        instance = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = [sys.executable, str(BENCH / "support" / "upstream.py"), str(upstream_seconds)]
        service = stack.enter_context(_process(upstream, stdout=subprocess.PIPE, text=True))
        assert service.stdout
        base = f"http://127.0.0.1:{int(service.stdout.readline())}/api/v1"
        url = os.environ.get("BENCH_DATABASE_URL") or f"sqlite:///{instance / 'bench.sqlite3'}"
        values = SECRETS | {"DATABASE_URL": url, "OPEN_ROUTER_API_BASE": base}
        sites = _fill(
            load_settings(_env_file=None, **{k.lower(): v for k, v in values.items()}), people
        )
        port = free_port(0)
        environment = _environment(instance) | values | {"PORT": str(port)}
        with (instance / "output.log").open("w") as log:
            command = [sys.executable, "-m", "gunicorn", application]
            server = stack.enter_context(
                _process(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
            )
        portal = Portal(f"http://127.0.0.1:{port}", base, instance, sites)
        _await(portal, server)
        yield portal


@contextmanager
def _process(command: list[str], **options: object) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, **options) as process:  # type: ignore[call-overload]  # Popen checks them.
        try:
            yield process
        finally:
            process.terminate()


def _environment(instance: Path) -> dict[str, str]:
    """The machine's environment without settings of a portal: the defaults are measured."""
    ours = {name.upper() for name in Settings.model_fields}
    ours |= {"HOST", "PORT", "WEB_THREADS", "WEB_CONCURRENCY"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    path = os.pathsep.join([str(ROOT), str(BENCH)])
    return kept | {
        "PYTHONPATH": path,
        "PWB_INSTANCE": str(instance),
        "BENCH_SAMPLES": str(instance),
    }


def _fill(settings: Settings, people: list[int]) -> list[Site]:
    app = create_app(settings)
    with app.app_context():
        upgrade()
        sites = [_site(count) for count in people]
        db.session.remove()
        db.engine.dispose()
    return sites


def _site(people: int) -> Site:
    website = factories.create_website()
    factories.create_integration(website)
    emails = [factories.create_user(website).email for _ in range(people)]
    listings = [factories.create_property(website).id for _ in range(60)]
    return Site(emails, listings[0])


def _await(portal: Portal, server: subprocess.Popen[str]) -> None:
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up and server.poll() is None:
        try:
            requests.get(f"{portal.url}/readyz", timeout=30).raise_for_status()
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit((portal.samples / "output.log").read_text())
