"""How the work grows with the text: a ratio within one run, which no slow machine changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

TIMES_LONGER = 8
"""By how much the longer of two texts is longer."""

LINEAR = 24.0
"""The growth below which work counts as proportional to `TIMES_LONGER` times the text: three times
8, as noise and caches need room; work that grows with the square takes 64 times as long."""


def growth(work: Callable[[T], object], short: T, long: T) -> float:
    """How many times as much of the processor's time `long` takes as `short`, whatever other
    threads and programs do meanwhile."""
    work(short)  # What is made once, at the first use, belongs to neither.
    return seconds(work, long) / seconds(work, short)


def seconds(work: Callable[[T], object], given: T) -> float:
    """The processor's time that the work takes this thread, at its best of three."""
    return min(_once(work, given) for _ in range(3))


def _once(work: Callable[[T], object], given: T) -> float:
    began = time.thread_time()
    work(given)
    return time.thread_time() - began
