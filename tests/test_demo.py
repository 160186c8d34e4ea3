"""`python -m pwb.demo` as a person starts it: real servers, real HTTP, real signals."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from pwb.config import ROOT
from pwb.content import images, platforms
from pwb.content.features import FEATURES
from pwb.content.locales import LOCALES
from pwb.demo import data, pictures, social, usage
from pwb.demo.data import FILE
from pwb.demo.servers import free_port
from pwb.extensions import db
from pwb.models import SocialMediaPost, Website
from pwb.models.social import POST_STATUSES
from pwb.services.approval_chain import verify_chain
from tests.programs import environment, run_module
from tests.waiting import PATIENCE, START, wait_until

LOGIN = re.compile(r"^    (admin|agent) +(\S+@\S+) +(\S+)$", re.M)


class Demo:
    """A running demo and what it said when it was ready."""

    def __init__(self, instance: Path, **values: str) -> None:
        self.port = free_port(0)
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pwb.demo"],
            cwd=ROOT,
            env=environment(instance, PORT=str(self.port), **values),
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if line.startswith("Ctrl-C"):
                return
        self.end(signal.SIGTERM)
        pytest.fail(f"the demo did not start: {self.said}")

    @property
    def simulator_port(self) -> int:
        found = re.search(r"simulator at http://127\.0\.0\.1:(\d+)/api/v1", self.said)
        assert found, self.said
        return int(found[1])

    @property
    def logins(self) -> list[tuple[str, str, str]]:
        """Role, e-mail and password as printed."""
        return [(role, email, password) for role, email, password in LOGIN.findall(self.said)]

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait; the exit status."""
        self.process.send_signal(number)
        status = self.process.wait(timeout=START)
        if self.process.stdout is not None:
            self.said += self.process.stdout.read()
            self.process.stdout.close()
        return status


@contextmanager
def running(instance: Path, **values: str) -> Iterator[Demo]:
    demo = Demo(instance, **values)
    try:
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.end(signal.SIGTERM)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until_closed(*ports: int, seconds: float = PATIENCE) -> None:
    wait_until(lambda: not any(map(listens, ports)), seconds, "the servers did not end")


def signed_in(demo: Demo, email: str, password: str) -> requests.Session:
    """A session of this person; fails the test where signing in does not work."""
    session = requests.Session()
    page = session.get(f"{demo.url}/login", timeout=PATIENCE)
    token = re.search(r'name="csrf-token" content="([^"]+)"', page.text)
    assert token, page.text[:400]
    fields = {"email": email, "password": password, "csrf_token": token[1]}
    answer = session.post(f"{demo.url}/login", fields, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text[:400]
    assert answer.url == f"{demo.url}/site_admin/"
    return session


@pytest.mark.xdist_group("demo")
def test_the_demo_lets_all_four_in_keeps_its_data_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    with running(tmp_path) as demo:
        assert "texts come from a simulator, not an AI model" in demo.said
        assert [role for role, _, _ in demo.logins] == ["admin", "agent"] * 2
        for role, email, password in demo.logins:
            with signed_in(demo, email, password) as session:
                listing = session.get(f"{demo.url}/site_admin/properties", timeout=PATIENCE)
                shown = "COSTA-101" if "costa" in email else "HP-2001"
                assert shown in listing.text, email
                people = session.get(f"{demo.url}/site_admin/people", timeout=PATIENCE)
                assert people.status_code == (200 if role == "admin" else 403)
        simulator = f"http://127.0.0.1:{demo.simulator_port}/api/v1/models"
        assert requests.get(simulator, timeout=PATIENCE).headers["X-PWB-Simulator"] == "1"
        assert demo.end(signal.SIGINT) == 0
    wait_until_closed(demo.port, demo.simulator_port, seconds=0)
    secrets = (tmp_path / "secrets.env").read_bytes()

    began = time.monotonic()
    with running(tmp_path) as again:
        print(f"second start: {time.monotonic() - began:.1f} s")
        assert again.logins == demo.logins
        assert (tmp_path / "secrets.env").read_bytes() == secrets
        with signed_in(again, *again.logins[1][1:]) as session:
            page = session.get(f"{again.url}/site_admin/properties", timeout=PATIENCE)
            assert "COSTA-101" in page.text
        # Even a demo that is killed leaves no server behind.
        again.end(signal.SIGKILL)
        wait_until_closed(again.port, again.simulator_port)


@pytest.mark.xdist_group("demo")
def test_with_a_key_the_demo_talks_to_openrouter_and_says_so(tmp_path: Path) -> None:
    with running(tmp_path, OPEN_ROUTER_API_KEY="sk-or-v1-test-0000") as demo:
        assert "https://openrouter.ai/api/v1 with your OPEN_ROUTER_API_KEY" in demo.said
        assert "simulator" not in demo.said
        assert "sk-or-v1" not in demo.said


def test_a_busy_port_is_one_clear_line_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        ended = run_module("pwb.demo", instance=tmp_path / "instance", PORT=str(port))
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == (
        f"Port {port} is in use by another program: "
        f"stop that one or try make demo PORT={port + 1}.\n"
    )
    assert not (tmp_path / "instance").exists()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"CREDENTIALS_KEYS": "short"}, "CREDENTIALS_KEYS: key 1 is not 32 bytes"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}, "The database cannot be used"),
    ],
)
def test_a_start_that_fails_says_why_and_stops_what_it_started(
    tmp_path: Path, values: dict[str, str], sentence: str
) -> None:
    port = free_port(0)
    ended = run_module("pwb.demo", instance=tmp_path, **{"PORT": str(port)} | values)
    assert ended.returncode == 1
    assert ended.stderr.startswith(sentence), ended.stderr
    assert "Traceback" not in ended.stderr
    assert not listens(port + 1)


def test_demo_listings_use_known_words_and_keep_the_limits_of_texts() -> None:
    agencies = json.loads(FILE.read_text(encoding="utf-8"))["agencies"]
    listings = [listing for agency in agencies for listing in agency["listings"]]
    assert len({listing["reference"] for listing in listings}) == len(listings) >= 16
    for listing in listings:
        assert set(listing["features"]) <= set(FEATURES), listing["reference"]
        for locale, text in listing["texts"].items():
            assert locale in LOCALES
            assert 0 < len(text["title"]) <= 80, listing["reference"]
            assert 0 < len(text["meta_description"]) <= 160, listing["reference"]
    assert [listing for listing in listings if not listing["texts"]]


def test_demo_posts_keep_their_platforms_limits_and_have_photos_to_show() -> None:
    invented = json.loads(social.FILE.read_text(encoding="utf-8"))
    agencies = json.loads(FILE.read_text(encoding="utf-8"))["agencies"]
    known = {listing["reference"] for agency in agencies for listing in agency["listings"]}
    assert set(invented["listings"]) <= known
    for entry in invented["listings"].values():
        assert set(entry["photos"]) <= set(pictures.SCENES) & set(invented["alt_texts"])
        for post in entry["posts"]:
            platform = platforms.PLATFORMS[post["platform"]]
            text = (post["caption"], post["hashtags"], post.get("link", ""))
            assert not platforms.over_by(platform, post.get("format", "feed"), *text)
            assert len(post["hashtags"]) <= platform.hashtags.max
            assert 1 <= post["photos"] <= len(entry["photos"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_demo_has_posts_in_every_state_and_its_approvals_hold(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "picture", lambda *_: b"drawn")
    monkeypatch.setattr(usage, "DAYS", 2)
    data.load()
    data.load()
    posts = db.session.scalars(select(SocialMediaPost)).all()
    assert {post.status for post in posts} == set(POST_STATUSES)
    for website in db.session.scalars(select(Website)):
        chain = verify_chain(website)
        assert chain.records and not chain.problems


def test_the_drawn_photos_are_the_same_every_time_and_would_be_taken_as_uploads() -> None:
    first = pictures.picture("kitchen", 0)
    assert pictures.picture("kitchen", 0) == first != pictures.picture("kitchen", 1)
    kept = images.clean(first)
    assert (kept.width, kept.height) == pictures.SIZE
    assert len(first) < 200_000
