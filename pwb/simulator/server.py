"""Running the simulator as a program: ``python -m pwb.simulator --port N``."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pwb.simulator.app import create_simulator
from pwb.simulator.http import SimulatorPortBusy, SimulatorServer

__all__ = ["SimulatorPortBusy", "run"]


def run(
    port: int, host: str = "127.0.0.1", seed: int = 0, delay: float = 0.02, first_delay: float = 0.4
) -> None:
    """Serve until SIGTERM or SIGINT, times in seconds.

    Raises `SimulatorPortBusy` where it cannot listen.
    """
    app = create_simulator(seed=seed, delay=delay, first_delay=first_delay)
    server = SimulatorServer(app, host, port)
    with _stop_signals() as stop:
        server.start()
        sys.stdout.write(f"OpenRouter simulator (no AI model answers here): {server.url}/api/v1\n")
        sys.stdout.flush()
        stop.wait()
        server.stop()


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
