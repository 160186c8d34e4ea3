"""Waiting for what another thread or program does, and how soon a limit must have taken effect.

A machine that runs many tests at once is ten times slower than one at rest: no test may fail for
that. So whoever waits is patient and goes on as soon as the condition holds; and where a limit in
time is what is tested, the other side hangs far longer than anyone would be late.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 20.0
"""Seconds to wait for what should happen soon: the time after which it is taken for broken."""

START = 60.0
"""Seconds to wait for a program of ours to start, and to do one thing."""

PEER_HANGS = 60.0
"""Seconds a peer hangs at least where a limit, a stop or a cancel must end the wait for it."""

SOON = 10.0
"""Seconds within which such a wait must end: a multiple of any limit that a test sets, yet far
less than the peer hangs, so that only a limit that has no effect takes longer."""


def wait_until(
    holds: Callable[[], bool], seconds: float = PATIENCE, otherwise: str = "it did not happen"
) -> None:
    """Return as soon as this holds; fail the test where it still does not after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{otherwise} in {seconds:.0f} s"
        time.sleep(0.02)


@contextmanager
def ends_soon(after: float = 0.0) -> Iterator[None]:
    """Fail where the block took as if nothing had cut its wait short, or less than `after`
    seconds; a peer that hangs for `PEER_HANGS` is what it waits for."""
    began = time.monotonic()
    yield
    assert after <= time.monotonic() - began < SOON
