"""Whether the AI service behind the portal is the simulator: pages must say so."""

from __future__ import annotations

import threading
import time

import requests
from flask import current_app

from pwb.config import OPEN_ROUTER_BASE

_FRESH_SECONDS = 30.0
_PROBE_TIMEOUT = (0.3, 1.0)
# What a page waits at the most for the first answer; later ones come while it is shown.
_PATIENCE = 0.4
_known: dict[str, tuple[float, bool]] = {}
_asking = threading.Lock()


def in_use() -> bool:
    """True where OPEN_ROUTER_API_BASE answers as a simulator; asked at most every 30 seconds."""
    base: str = current_app.config["PWB"].open_router_api_base
    if base == OPEN_ROUTER_BASE:
        return False
    asked_at, answer = _known.get(base, (None, False))
    if asked_at is None or time.monotonic() - asked_at >= _FRESH_SECONDS:
        asking = threading.Thread(target=_ask, args=(base,), name="pwb-simulator", daemon=True)
        asking.start()
        if asked_at is None:
            asking.join(_PATIENCE)
            answer = _known.get(base, (0.0, False))[1]
    return answer


def _ask(base: str) -> None:
    """Find out, unless another thread is just doing so."""
    if not _asking.acquire(blocking=False):
        return
    try:
        # A simulator that does not answer just now is still a simulator.
        answer = _probe(base) or _known.get(base, (0.0, False))[1]
        _known[base] = (time.monotonic(), answer)
    finally:
        _asking.release()


def _probe(base: str) -> bool:
    try:
        reply = requests.head(f"{base}/models", timeout=_PROBE_TIMEOUT, allow_redirects=False)
    except requests.RequestException:
        return False
    return "X-PWB-Simulator" in reply.headers
