"""A real simulator on a port of its own, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pwb.simulator.app import PREFIX, create_simulator
from pwb.simulator.faults import Fault
from pwb.simulator.http import SimulatorServer
from pwb.simulator.state import CHAT, RecordedRequest, Reply, Settings, Simulator

__all__ = ["Fault", "RecordedRequest", "Reply", "RunningSimulator", "running_simulator"]


class RunningSimulator:
    """The handle on a simulator that `running_simulator` started."""

    def __init__(self, server: SimulatorServer) -> None:
        self._simulator: Simulator = server.simulator
        self.url = server.url
        self.base_url = server.url + PREFIX

    @property
    def settings(self) -> Settings:
        """The settings, which may be changed while it runs."""
        return self._simulator.settings

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request so far, oldest first; its path is the whole one (``/api/v1/key``)."""
        return self._simulator.requests

    @property
    def completions(self) -> list[RecordedRequest]:
        """The requests for completions only."""
        return [request for request in self.requests if request.path == PREFIX + CHAT]

    def enqueue(
        self,
        fault_or_reply: str | dict[str, Any] | Fault | Reply,
        *,
        times: int = 1,
        path: str = CHAT,
    ) -> None:
        """Have the next `times` calls of a path (``/key``, ``/models``, …) answered so.

        A string names a fault (`KeyError` where there is none); a dict is a whole JSON body with
        status 200; a `Reply` scripts the parts of a completion or a whole HTTP answer.
        """
        item = Reply(body=fault_or_reply) if isinstance(fault_or_reply, dict) else fault_or_reply
        self._simulator.enqueue(item, times=times, path=path)

    def reset(self) -> None:
        """Forget the queue, the history, the generations and what the keys have used."""
        self._simulator.reset()


@contextmanager
def running_simulator(**settings: Any) -> Iterator[RunningSimulator]:
    """A simulator on 127.0.0.1 with a free port; keyword arguments are the fields of `Settings`.

    Requests are recorded, pieces are not delayed and ``/generation`` knows a call at once, unless
    the arguments say otherwise.
    """
    app = create_simulator(**{"record": True, "generation_delay": 0.0, **settings})
    server = SimulatorServer(app, "127.0.0.1", 0)
    server.start()
    try:
        yield RunningSimulator(server)
    finally:
        server.stop()
