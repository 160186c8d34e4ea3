"""What the simulator remembers while it runs: settings, queued faults, keys, generations."""

import hashlib
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask import Flask

from pwb.simulator.faults import Fault, named

CHAT = "/chat/completions"
_KEPT_GENERATIONS = 5000
_KEPT_REQUESTS = 20000


@dataclass(slots=True)
class Settings:
    """How the simulator behaves; all times in seconds.

    `delay` is the wait before each streamed piece, `first_delay` the wait before the first one
    (a call without a stream waits for both in one), `generation_delay` how long
    ``GET /generation`` says 404 after a call, `drip_delay` the wait between the bytes of the
    drip and slow-headers faults. `record` keeps every request, keys included: for tests only.
    """

    seed: int = 0
    delay: float = 0.0
    first_delay: float = 0.0
    generation_delay: float = 1.0
    drip_delay: float = 0.2
    record: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One scripted answer: a completion's parts, or with `body` a whole HTTP answer.

    `content` None is the composed text; `usage` None is the computed usage and an empty mapping
    leaves it out; `delay` and `first_delay` replace the settings for this call.
    """

    content: str | None = None
    reasoning: str | None = None
    finish_reason: str | None = None
    usage: Mapping[str, Any] | None = None
    model: str | None = None
    provider: str | None = None
    delay: float | None = None
    first_delay: float | None = None
    status: int = 200
    body: Mapping[str, Any] | str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as it came in; `json` is None where the body was none."""

    method: str
    path: str
    headers: Mapping[str, str]
    json: Any
    query: Mapping[str, str]
    at: float


class Simulator:
    """The state of one running simulator; safe to use from all its threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._queued: dict[str, deque[Fault | Reply]] = {}
        self._requests: deque[RecordedRequest] = deque(maxlen=_KEPT_REQUESTS)
        self._spent: dict[str, Decimal] = {}
        self._generations: OrderedDict[str, tuple[float, str, dict[str, Any]]] = OrderedDict()
        self._calls = 0

    def enqueue(self, fault_or_reply: "str | Fault | Reply", *, times: int, path: str) -> None:
        """Have the next calls of a path answered so; `KeyError` for an unknown fault name."""
        item = named(fault_or_reply) if isinstance(fault_or_reply, str) else fault_or_reply
        with self._lock:
            self._queued.setdefault(path, deque()).extend([item] * times)

    def take(self, path: str) -> Fault | Reply | None:
        """The next queued fault or reply for a path, or None."""
        with self._lock:
            queued = self._queued.get(path)
            return queued.popleft() if queued else None

    def record(self, make: Callable[[], RecordedRequest]) -> None:
        """Keep a request, where the settings say so."""
        if self.settings.record:
            self._requests.append(make())

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests so far, oldest first."""
        return list(self._requests)

    def next_call(self) -> int:
        """A number for the next generation, from 1."""
        with self._lock:
            self._calls += 1
            return self._calls

    def spent(self, key: str) -> Decimal:
        """USD that a key has used."""
        with self._lock:
            return self._spent.get(_digest(key), Decimal(0))

    def settle(self, key: str, generation: dict[str, Any], cost: Decimal) -> None:
        """Charge a generation to its key and keep its record."""
        owner, ready = _digest(key), time.monotonic() + self.settings.generation_delay
        with self._lock:
            self._spent[owner] = self._spent.get(owner, Decimal(0)) + cost
            self._generations[generation["id"]] = (ready, owner, generation)
            while len(self._generations) > _KEPT_GENERATIONS:
                self._generations.popitem(last=False)

    def generation(self, key: str, generation_id: str) -> dict[str, Any] | None:
        """A key's own generation, once it can be looked up."""
        with self._lock:
            ready, owner, record = self._generations.get(generation_id, (0.0, "", {}))
        seen = owner == _digest(key) and time.monotonic() >= ready
        return record if seen else None

    def reset(self) -> None:
        """Forget everything but the settings."""
        with self._lock:
            self._queued.clear()
            self._requests.clear()
            self._spent.clear()
            self._generations.clear()
            self._calls = 0


def simulator_of(app: Flask) -> Simulator:
    """The state that belongs to an app."""
    simulator: Simulator = app.extensions["pwb-simulator"]
    return simulator


def _digest(key: str) -> str:
    # Keys may be real ones that someone typed into a demo: none is kept.
    return hashlib.sha256(key.encode()).hexdigest()
