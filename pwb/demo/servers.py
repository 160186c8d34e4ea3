"""The demo's servers as processes of one group, which ends with the demo."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import BinaryIO, Self

import requests

from pwb.config import ROOT
from pwb.demo import guardian
from pwb.serve import CannotStart

START_SECONDS = 60.0
STOP_SECONDS = 4.0
_POLL_SECONDS = 0.05


class StopAsked(Exception):
    """Somebody pressed Ctrl-C, closed the terminal or asked the demo to end."""


class Servers:
    """Starts servers, waits for them and ends them all when its `with` block ends.

    Signals only set a mark that the waiting methods look at, so that none can fall between
    starting a process and remembering it.
    """

    def __init__(self, log_path: Path) -> None:
        self.log_path = log_path
        self._log: BinaryIO | None = None
        self._guardian: subprocess.Popen[bytes] | None = None
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stop_asked = False
        # make keeps the signal of a closed terminal to itself where it is the session's first
        # process, as with `ssh -t host make demo`.
        self._in_terminal = os.isatty(sys.stdout.fileno())

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        self._log = self.log_path.open("wb")
        self._guardian = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-S", str(Path(guardian.__file__))],
            stdin=subprocess.PIPE,
            process_group=0,
        )
        return self

    def __exit__(self, *_error: object) -> None:
        for server in self._running.values():
            # To gunicorn this means: at once, without waiting for what is being generated.
            server.send_signal(signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while any(s.poll() is None for s in self._running.values()) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        self._end_group()

    def _end_group(self) -> None:
        assert self._guardian is not None and self._guardian.stdin is not None  # noqa: S101 - for the type checker
        os.killpg(self._guardian.pid, signal.SIGKILL)
        for process in (*self._running.values(), self._guardian):
            process.wait()
        self._guardian.stdin.close()
        if self._log is not None:
            self._log.close()

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_asked = True

    def start(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a Python module as `name`; what it prints goes to the log."""
        assert self._guardian is not None  # noqa: S101 - for the type checker
        self._running[name] = subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            process_group=self._guardian.pid,
        )

    def wait_until_ready(self, url: str) -> None:
        """Return once `url` answers 200; raises CannotStart or StopAsked."""
        deadline = time.monotonic() + START_SECONDS
        while not _answers(url):
            self.check()
            if time.monotonic() > deadline:
                raise CannotStart(f"{url} does not answer; see {self.log_path}.")
            time.sleep(_POLL_SECONDS)

    def wait(self) -> None:
        """Stay until somebody asks to stop (StopAsked) or a server ends (CannotStart)."""
        while True:
            self.check()
            time.sleep(_POLL_SECONDS)

    def check(self) -> None:
        """Raises StopAsked where a signal came, CannotStart where a server has ended."""
        if self._stop_asked or (self._in_terminal and not os.isatty(sys.stdout.fileno())):
            raise StopAsked
        for name, server in self._running.items():
            if server.poll() is not None:
                raise CannotStart(f"The {name} ended by itself.\n{self._last_words()}")

    def _last_words(self) -> str:
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([*lines[-15:], f"The whole log: {self.log_path}"])


def _answers(url: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False  # No proxy stands between us and this machine.
        try:
            return session.get(url, timeout=5).status_code == 200
        except requests.RequestException:
            return False


def free_port(wanted: int) -> int:
    """`wanted` where nothing listens there on loopback, else any free port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise CannotStart("This machine has no free port.")
