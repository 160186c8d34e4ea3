"""The handle on a call in flight, and the one thread that ends calls past their time.

A thread blocked in `recv` is woken by shutting its socket down, not by closing it: the thread
itself then finds out why and cleans up. The socket is reached through a duplicated descriptor,
so that neither TLS objects nor a connection already given back to the pool are touched.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import inf
from typing import Literal

Halt = Literal["", "cancelled", "total"]


class Call:
    """One call in flight, retries included: cancel it from any thread, see how far it is.

    `attempts` counts requests begun, `sent` tells whether the present one left completely,
    `generation_id` is known as soon as the provider names it.

    `may_leave` is asked once, when the connection stands and the first request is about to go
    out; what it answers with False is cancelled, and what it raises ends the call.
    """

    def __init__(self, may_leave: Callable[[], bool] | None = None) -> None:
        self._may_leave = may_leave
        self.attempts = 0
        self.sent = False
        self.generation_id: str | None = None
        self.deadline = inf
        self.last_byte_at = time.monotonic()
        self._halted: Halt = ""
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def cancel(self) -> None:
        """End the call now: its thread raises Cancelled. Harmless when it is already over."""
        self._halt("cancelled")

    @property
    def cancelled(self) -> bool:
        """Whether somebody cancelled before the call ended otherwise."""
        return self._halted == "cancelled"

    @property
    def halted(self) -> Halt:
        """Why the call was ended from outside, or an empty string."""
        return self._halted

    @property
    def idle_hint(self) -> float:
        """Seconds since the last sign of life (a byte, or the request going out)."""
        return time.monotonic() - self.last_byte_at

    @property
    def remaining(self) -> float:
        """Seconds left of the total time limit, never negative."""
        return max(0.0, self.deadline - time.monotonic())

    def touch(self) -> None:
        """Note a sign of life."""
        self.last_byte_at = time.monotonic()

    def wait(self, seconds: float) -> None:
        """Pause between attempts; ends early when the call is halted."""
        self._stop.wait(seconds)

    def leave(self) -> None:
        """A request is about to go out."""
        ask, self._may_leave = self._may_leave, None
        if ask is not None and not ask():
            self.cancel()

    def attach(self, sock: socket.socket) -> None:
        """Remember the socket that the call now waits on; a halted call shuts it at once."""
        handle = socket.fromfd(sock.fileno(), sock.family, sock.type)
        with self._lock:
            self._drop()
            self._socket = handle
            if self._halted:
                self._shut()

    def detach(self) -> None:
        """Forget the socket: it goes back to the pool or is closed."""
        with self._lock:
            self._drop()

    def expire(self) -> None:
        """End the call because its total time is over."""
        self._halt("total")

    @contextmanager
    def running(self, total: float) -> Iterator[None]:
        """Hold the call to `total` seconds from now, whatever its thread is blocked in."""
        self.deadline = time.monotonic() + total
        self.touch()
        _watchdog.watch(self)
        try:
            yield
        finally:
            _watchdog.leave(self)
            self.detach()

    def _halt(self, reason: Halt) -> None:
        with self._lock:
            if not self._halted:
                self._halted = reason
            self._shut()
        self._stop.set()

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Watchdog:
    """One daemon thread, started with the first call, asleep until the next deadline."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._live: set[Call] = set()
        self._wakes_at = inf
        self._thread: threading.Thread | None = None

    def watch(self, call: Call) -> None:
        """Expire this call at its deadline unless it leaves before."""
        with self._changed:
            self._live.add(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="llm-watchdog", daemon=True)
                self._thread.start()
            elif call.deadline < self._wakes_at:
                self._changed.notify()

    def leave(self, call: Call) -> None:
        """Stop watching."""
        with self._changed:
            self._live.discard(call)

    def _run(self) -> None:
        while True:
            self._expire_overdue()

    def _expire_overdue(self) -> None:
        # A method of its own, so that no finished call is held on to while the thread sleeps.
        for call in self._overdue():
            call.expire()

    def _overdue(self) -> list[Call]:
        with self._changed:
            self._wakes_at = min((call.deadline for call in self._live), default=inf)
            pause = self._wakes_at - time.monotonic()
            if pause > 0:
                self._changed.wait(None if pause == inf else min(pause, threading.TIMEOUT_MAX))
            now = time.monotonic()
            overdue = [call for call in self._live if call.deadline <= now]
            self._live.difference_update(overdue)
            return overdue


_watchdog = Watchdog()


def _after_fork() -> None:
    # Threads do not survive a fork, and a lock held meanwhile would stay locked for ever.
    global _watchdog  # noqa: PLW0603 - one watchdog a process is the point.
    _watchdog = Watchdog()


os.register_at_fork(after_in_child=_after_fork)
