"""The simulator as a program."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from pwb.simulator.server import SimulatorPortBusy, run
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


def start(port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pwb.simulator", "--port", str(port), "--first-delay", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_serves_and_stops_cleanly(sign: signal.Signals) -> None:
    with start(0) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        url = line.split()[-1]
        assert "no AI model" in line
        assert requests.get(f"{url}/models", timeout=PATIENCE).status_code == 200
        program.send_signal(sign)
        output, errors = program.communicate(timeout=PATIENCE)
    assert (program.returncode, output, errors) == (0, "", "")


def test_a_busy_port_is_one_clear_line_and_status_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with start(port) as program:
            output, errors = program.communicate(timeout=PATIENCE)
    assert program.returncode == 1
    assert output == ""
    assert errors == f"The simulator cannot listen on 127.0.0.1:{port}: Address already in use.\n"


def test_a_caller_gets_a_named_error_for_a_busy_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(SimulatorPortBusy, match=r"^The simulator cannot listen on"):
            run(port)
