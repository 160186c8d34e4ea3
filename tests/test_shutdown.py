"""Stopping and killing a real gunicorn while a text is being written."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from pwb import create_app
from pwb.config import ROOT
from pwb.demo.servers import free_port
from pwb.extensions import db
from pwb.models import GenerationRequest
from pwb.simulator.testing import RunningSimulator
from tests import databases, factories
from tests.conftest import KEYS, make_settings
from tests.programs import environment
from tests.waiting import PATIENCE, PEER_HANGS, START, wait_until

Event = tuple[str, dict[str, Any]]


class Server:
    """The portal under gunicorn, in a process group of its own."""

    def __init__(self, instance: Path, **values: str) -> None:
        self.port = free_port(0)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = instance / "output.log"
        settings = {
            "SECRET_KEY": "a secret for tests only",
            "CREDENTIALS_KEYS": KEYS,
            "PORT": str(self.port),
            "WEB_THREADS": "4",
        }
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn"],
                cwd=ROOT,
                env=environment(instance, **settings | values),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if requests.get(f"{self.url}/healthz", timeout=PATIENCE).ok:
                    return
            except requests.RequestException:
                time.sleep(0.05)
        self.close()
        pytest.fail(f"the portal did not start: {self.log.read_text()}")

    def send(self, number: int) -> None:
        """A signal to the master, as a service manager sends it."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """`kill -9` of the master and its workers."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=START)

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()


@dataclass
class Stage:
    """A portal's data and one agent of it, seen from outside and from within."""

    instance: Path
    app: Flask
    simulator: RunningSimulator
    email: str
    listing_id: int

    def start(self, **values: str) -> Server:
        values = {"OPEN_ROUTER_API_BASE": self.simulator.base_url} | values
        url = self.app.config["SQLALCHEMY_DATABASE_URI"]
        return Server(self.instance, DATABASE_URL=url, **values)

    def row(self) -> GenerationRequest:
        """The only row, as the database has it now."""
        db.session.rollback()
        db.session.expire_all()
        return db.session.scalars(select(GenerationRequest)).one()

    def row_when(self, holds: Callable[[GenerationRequest], bool]) -> GenerationRequest:
        """The row once this holds for it."""
        wait_until(lambda: holds(self.row()), otherwise="the row did not become so")
        return self.row()


@pytest.fixture
def stage(tmp_path: Path, migrated_sqlite: Path, simulator: RunningSimulator) -> Iterator[Stage]:
    url = databases.copy_of(migrated_sqlite, tmp_path)
    app = create_app(make_settings(database_url=url))
    with app.app_context():
        agency = factories.create_agency()
        factories.create_integration(agency.website)
        listing = factories.create_property(agency.website)
        yield Stage(tmp_path, app, simulator, agency.agent.email, listing.id)
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    """Servers that a test starts, ended with it."""
    started: list[Server] = []
    yield started
    for server in started:
        server.close()


class Agent:
    """A signed-in browser."""

    def __init__(self, server: Server, stage: Stage) -> None:
        self.server, self.stage = server, stage
        self.session = requests.Session()
        token = self._token("/login")
        form = {"email": stage.email, "password": factories.PASSWORD, "csrf_token": token}
        self.session.post(f"{server.url}/login", data=form, timeout=PATIENCE).raise_for_status()

    def _token(self, path: str) -> str:
        page = self.session.get(self.server.url + path, timeout=PATIENCE)
        return re.search(r'name="csrf-token" content="([^"]+)"', page.text)[1]

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.server.url + path, timeout=PATIENCE)

    def describe(self) -> Iterator[Event]:
        """The events of a new generation, as they come."""
        response = self.session.post(
            f"{self.server.url}/site_admin/properties/{self.stage.listing_id}/descriptions",
            data={"locale": "en"},
            headers={
                "Accept": "text/event-stream",
                "X-CSRFToken": self._token("/site_admin/properties"),
            },
            stream=True,
            timeout=PATIENCE,
        )
        response.raise_for_status()
        name = ""
        for line in response.iter_lines():
            kind, _, value = line.decode().partition(": ")
            if kind == "event":
                name = value
            elif kind == "data":
                yield name, json.loads(value)

    def describe_until_text_comes(self) -> Iterator[Event]:
        events = self.describe()
        while next(events)[0] != "delta":
            pass
        return events


def test_sigterm_lets_a_running_text_come_to_its_end(stage: Stage, servers: list[Server]) -> None:
    stage.simulator.settings.delay = 0.01
    server = stage.start(WEB_CONCURRENCY="2")
    servers.append(server)
    events = Agent(server, stage).describe_until_text_comes()
    server.send(signal.SIGTERM)
    *_, (name, document) = events
    assert (name, document["success"]) == ("done", True)
    assert server.process.wait(timeout=START) == 0
    assert (stage.row().status, stage.row().cost_state) == ("completed", "exact")


def test_what_still_runs_when_patience_ends_is_settled_as_cancelled(
    stage: Stage, servers: list[Server]
) -> None:
    stage.simulator.settings.delay = 0.5
    server = stage.start(GUNICORN_CMD_ARGS="--graceful-timeout 2")
    servers.append(server)
    events = Agent(server, stage).describe_until_text_comes()
    server.send(signal.SIGTERM)
    *_, (name, document) = events
    assert (name, document["error"]["code"]) == ("error", "cancelled")
    assert server.process.wait(timeout=START) == 0
    row = stage.row()
    assert (row.status, row.error_code) == ("failed", "cancelled")
    assert row.error_message == "The portal stopped while this text was being written."
    assert row.generation_id and row.cost_state in {"pending", "exact"}


def test_ctrl_c_ends_at_once_and_leaves_no_row_behind(stage: Stage, servers: list[Server]) -> None:
    stage.simulator.settings.delay = 0.5
    server = stage.start()
    servers.append(server)
    events = Agent(server, stage).describe_until_text_comes()
    for _ in range(3):  # An impatient person; each reaches the master and its worker.
        os.killpg(server.process.pid, signal.SIGINT)
    assert server.process.wait(timeout=START) == 0
    assert [name for name, _ in events][-1:] == ["error"]
    assert (stage.row().status, stage.row().error_code) == ("failed", "cancelled")


def test_ctrl_c_does_not_wait_for_a_visitor_who_takes_nothing_in(
    tmp_path: Path, servers: list[Server]
) -> None:
    server = Server(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    servers.append(server)
    with socket.create_connection(("127.0.0.1", server.port)) as visitor:
        visitor.sendall(b"GET /static/css/portal.css HTTP/1.1\r\nHost: portal\r\n\r\n" * 500)
        time.sleep(0.5)  # Enough to fill every buffer: a thread waits with the rest in its hand.
        os.killpg(server.process.pid, signal.SIGINT)
        assert server.process.wait(timeout=START) == 0


def test_a_killed_servers_row_is_settled_by_the_next_start_with_its_exact_cost(
    stage: Stage, servers: list[Server]
) -> None:
    stage.simulator.settings.delay = 0.2
    server = stage.start(AI_TOTAL_TIMEOUT="5")
    servers.append(server)
    events = Agent(server, stage).describe_until_text_comes()
    stage.row_when(lambda row: row.generation_id is not None)
    server.kill()
    with suppress(requests.RequestException):
        assert "done" not in dict(events)
    row = stage.row()
    assert row.status == "processing" and row.generation_id
    time.sleep(max(0.0, (row.deadline_at.timestamp() - time.time()) + 0.05))
    servers.append(stage.start())
    row = stage.row_when(lambda row: row.status == "failed")
    assert (row.error_code, row.attempts) == ("timeout", 1)
    row = stage.row_when(lambda row: row.cost_state == "exact")
    assert row.cost_cents > 0


def test_a_page_settles_a_killed_servers_row_once_its_time_is_over(
    stage: Stage, servers: list[Server]
) -> None:
    stage.simulator.settings.first_delay = PEER_HANGS
    other, server = stage.start(), stage.start(AI_TOTAL_TIMEOUT="4")
    servers.extend([other, server])
    agent = Agent(other, stage)
    events = Agent(server, stage).describe()
    assert next(events)[0] == "start"
    server.kill()
    with suppress(requests.RequestException):
        assert "done" not in dict(events)
    assert stage.row().status == "processing"
    time.sleep(max(0.0, stage.row().deadline_at.timestamp() - time.time() + 0.05))
    page = agent.get(f"/site_admin/ai/requests/{stage.row().id}")
    assert "The portal stopped while this text was being written." in page.text
    assert (stage.row().status, stage.row().error_code) == ("failed", "timeout")


def test_a_server_starts_on_a_database_that_is_not_migrated(
    tmp_path: Path, servers: list[Server]
) -> None:
    url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    server = Server(tmp_path, DATABASE_URL=url)
    servers.append(server)
    assert requests.get(f"{server.url}/healthz", timeout=PATIENCE).status_code == 200
    server.send(signal.SIGTERM)
    assert server.process.wait(timeout=START) == 0
    assert "what an earlier start left was not looked at" in server.log.read_text()
