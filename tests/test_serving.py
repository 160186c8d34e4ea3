"""`python -m pwb.serve` (`make run`): settings checked, database migrated, gunicorn's log tidy."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from pwb.config import ROOT
from pwb.demo.servers import free_port
from pwb.serve import CannotStart, address, check_port
from tests.conftest import KEYS
from tests.programs import environment, run_module
from tests.waiting import PATIENCE, START

SECRETS = {"SECRET_KEY": "a secret for tests only", "CREDENTIALS_KEYS": KEYS}


class Portal:
    """A portal under gunicorn, with its output in a file."""

    def __init__(self, instance: Path, **values: str) -> None:
        port = free_port(0)
        self.url = f"http://127.0.0.1:{port}"
        self.log = instance / "output.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pwb.serve"],
                cwd=ROOT,
                env=environment(instance, PORT=str(port), **SECRETS | values),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if requests.get(f"{self.url}/readyz", timeout=PATIENCE).status_code == 200:
                    return
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.05)
        self.process.kill()
        self.process.wait()
        pytest.fail(f"the portal did not start: {self.log.read_text()}")

    def raw(self, path: str, **headers: str) -> None:
        """A request whose path goes out exactly as given."""
        host, port = self.url.removeprefix("http://").split(":")
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
            while connection.recv(65_536):
                pass

    def end(self) -> str:
        """Stop it as a service manager does; what it wrote."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=START) == 0
        return self.log.read_text()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One portal for the tests below; the last of them ends it."""
    portal = Portal(tmp_path_factory.mktemp("portal"), TRUSTED_PROXIES="1")
    yield portal
    if portal.process.poll() is None:
        portal.process.kill()
        portal.process.wait()


@pytest.mark.xdist_group("portal")
def test_a_portal_of_production_has_no_demo_data_and_no_simulator(portal: Portal) -> None:
    page = requests.get(f"{portal.url}/login", timeout=PATIENCE)
    assert page.status_code == 200
    assert "simulator" not in page.text.lower()
    fields = {"email": "admin@costahomes.test", "password": "costa-admin-demo"}
    assert requests.post(f"{portal.url}/login", fields, timeout=PATIENCE).status_code >= 400
    assert requests.get(f"{portal.url}/healthz", timeout=PATIENCE).json() == {"status": "ok"}


@pytest.mark.xdist_group("portal")
def test_the_log_holds_no_link_query_or_control_character(portal: Portal) -> None:
    portal.raw("/invitations/canary-one?next=canary-two")
    portal.raw("/password/canary-three", Referer="http://127.0.0.1/password/canary-four")
    portal.raw("/%69nvitations/canary-five")
    portal.raw("/line%0abreak%1b[31mred%C3%A9", X_Forwarded_For="192.0.2.7, 198.51.100.9")
    log = portal.end()
    assert "canary" not in log
    assert '"GET /invitations/[hidden]" 404' in log
    assert '"GET /password/[hidden]" 404' in log
    assert '198.51.100.9 "GET /line%0Abreak%1B[31mred%C3%A9" 404' in log
    assert not [line for line in log.splitlines() if line.startswith("break")]


def test_a_wrong_setting_is_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    ended = run_module("pwb.serve", instance=tmp_path, CREDENTIALS_KEYS="short")
    assert ended.returncode == 1
    assert "SECRET_KEY: is not set." in ended.stderr
    assert "CREDENTIALS_KEYS: key 1 is not 32 bytes" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_migrating_alone_needs_no_port(tmp_path: Path) -> None:
    made = run_module("pwb.secrets_file", instance=tmp_path)
    assert made.stdout.startswith("Wrote SECRET_KEY and CREDENTIALS_KEYS to ")
    ended = run_module("pwb.serve", "--migrate-only", instance=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (tmp_path / "portal.sqlite3").exists()


def test_a_wrong_size_of_the_web_server_is_named(tmp_path: Path) -> None:
    settings = SECRETS | {"WEB_THREADS": "many"}
    ended = run_module("gunicorn", "--check-config", instance=tmp_path, **settings)
    assert ended.returncode != 0
    assert "WEB_THREADS: must be a whole number from 1 to 1000." in ended.stderr


def test_an_address_that_cannot_be_is_a_sentence() -> None:
    with pytest.raises(CannotStart, match="PORT='web' is not a port"):
        address({"PORT": "web"})
    with pytest.raises(CannotStart, match=r"HOST=no\.such\.host\.invalid is not an address"):
        check_port("no.such.host.invalid", 5000, "make demo")
    with pytest.raises(CannotStart, match=r"HOST=192\.0\.2\.1 is not an address"):
        check_port("192.0.2.1", 5000, "make demo")
    assert address({}) == ("127.0.0.1", 5000)


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        settings = SECRETS | {"PORT": str(busy.getsockname()[1])}
        ended = run_module("pwb.serve", instance=tmp_path, **settings)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Port ")
    assert "make run PORT=" in ended.stderr
    assert not (tmp_path / "portal.sqlite3").exists()
