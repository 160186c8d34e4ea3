"""How the suite uses the machine that it runs on: hooks of pytest, which conftest.py names."""

from __future__ import annotations

import gc
import os


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: now and then a test waits for a server or a browser."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: looking through it again and again for garbage
    takes a fifth of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
