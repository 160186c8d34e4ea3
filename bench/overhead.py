"""What the portal adds to a generation, against an AI service that answers at once.

Two medians: a description through the whole portal (route, sign-in, database, client; JSON) less
a bare `requests.post` to the same service; and the first piece of text at the browser after the
service wrote it (events).
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import requests
from support.portal import Browser, Portal, running_portal

TIMES, WARM_UP = 200, 20
AIM_ADDED, AIM_FIRST = 0.010, 0.005
BODY = {
    "model": "anthropic/claude-3.5-sonnet",
    "messages": [{"role": "user", "content": "Describe this villa. " * 80}],
    "max_tokens": 4096,
    "stream": True,
}


def bare(portal: Portal) -> float:
    """Seconds of one call without any portal."""
    began = time.perf_counter()
    headers = {"Authorization": "Bearer sk-or-v1-bench"}
    answer = requests.post(
        f"{portal.upstream_url}/chat/completions", json=BODY, headers=headers, timeout=10
    )
    assert answer.content.endswith(b"[DONE]\n\n")
    return time.perf_counter() - began


def through_the_portal(browser: Browser, listing_id: int) -> float:
    """Seconds of one description as JSON."""
    began = time.perf_counter()
    answer = browser.describe(listing_id, "application/json")
    seconds = time.perf_counter() - began
    assert answer.json()["success"], answer.text
    return seconds


def first_piece(browser: Browser, listing_id: int) -> float:
    """Seconds from the service's writing the first piece until the browser has it."""
    answer = browser.describe(listing_id, "text/event-stream", stream=True)
    chunks, seen = answer.iter_content(chunk_size=None), b""
    for chunk in chunks:
        now, seen = time.monotonic(), seen + chunk
        if b"event: delta" in seen and seen.endswith(b"\n\n"):
            break
    lines = seen.partition(b"event: delta\ndata: ")[2].splitlines()
    written = float(json.loads(lines[0])["text"])
    rest = b"".join(chunks)
    assert b"event: done" in seen + rest
    return now - written


def main() -> int:
    with running_portal([1]) as portal:
        site = portal.sites[0]
        browser = portal.sign_in(site.emails[0])
        for _ in range(WARM_UP):
            through_the_portal(browser, site.listing_id)
            bare(portal)
        ways = [(bare(portal), through_the_portal(browser, site.listing_id)) for _ in range(TIMES)]
        pieces = [first_piece(browser, site.listing_id) for _ in range(TIMES)]
    plain = statistics.median(way[0] for way in ways)
    whole = statistics.median(way[1] for way in ways)
    added, first = whole - plain, statistics.median(pieces)
    print(f"Medians of {TIMES}: bare call {plain * 1000:.1f} ms, portal {whole * 1000:.1f} ms")
    print(f"Added by the portal: {added * 1000:.1f} ms (aim {AIM_ADDED * 1000:g} ms)")
    print(f"First piece at the browser after: {first * 1000:.1f} ms (aim {AIM_FIRST * 1000:g} ms)")
    return 0 if added < AIM_ADDED and first <= AIM_FIRST else 1


if __name__ == "__main__":
    sys.exit(main())
