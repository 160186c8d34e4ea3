"""A hundred generations at once against an AI service that takes five seconds for each.

Ten people of three websites (four, three and three of them), ten texts each, which is all that
the limits allow. Meanwhile somebody else leafs through the listings. Default server settings.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from support.portal import Browser, Portal, running_portal

PEOPLE = [5, 3, 3]  # One of the first five only looks on.
TEXTS_EACH = 10
UPSTREAM_SECONDS = 5.0
QUIET = (2.5, 3.5)  # Nobody opens a page in this second: who holds a connection now only waits.
AIM_TOTAL, AIM_P95 = 6.5, 0.150


class Onlooker(threading.Thread):
    """Opens the list of properties again and again."""

    def __init__(self, browser: Browser) -> None:
        super().__init__(daemon=True)
        self.browser = browser
        self.started_at = time.monotonic()
        self.seconds: list[float] = []
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.02):
            began = time.monotonic()
            if QUIET[0] - 0.2 < began - self.started_at < QUIET[1]:
                continue
            assert self.browser.get("/site_admin/properties").status_code == 200
            self.seconds.append(time.monotonic() - began)


def generators(portal: Portal) -> list[tuple[Browser, int]]:
    """One window for each text, signed in beforehand: what is measured is the writing."""
    people = [(email, site) for site in portal.sites for email in site.emails][1:]
    texts = []
    for email, site in people:
        browser = portal.sign_in(email)
        texts += [(browser.another(), site.listing_id) for _ in range(TEXTS_EACH)]
    return texts


def write_all(texts: list[tuple[Browser, int]]) -> float:
    """Ask for all of them at the same moment; the seconds until the last is there."""
    ready = threading.Barrier(len(texts) + 1)

    def write(text: tuple[Browser, int]) -> tuple[int, float]:
        browser, listing_id = text
        ready.wait()
        answer = browser.describe(listing_id, "application/json")
        assert answer.json()["success"], answer.text
        return answer.status_code, time.monotonic()

    with ThreadPoolExecutor(len(texts)) as pool:
        answers = [pool.submit(write, text) for text in texts]
        ready.wait()
        started = time.monotonic()
        return max(answer.result()[1] for answer in answers) - started


def quiet_second(portal: Portal, began: float) -> tuple[int, int]:
    """Database connections held, and generations in flight, in one process at the most.

    Held means for a tenth of a second on end: the look for cancelled generations, once a second,
    takes a connection for a moment.
    """
    held = waiting = 0
    for path in portal.samples.glob("*.txt"):
        rows = [line.split() for line in path.read_text().splitlines()]
        quiet = [row for row in rows if QUIET[0] < float(row[0]) - began < QUIET[1]]
        in_use = [int(row[1]) for row in quiet]
        held = max([held, *(min(in_use[at : at + 5]) for at in range(len(in_use) - 4))])
        waiting = max([waiting, *(int(row[2]) for row in quiet)])
    return held, waiting


def main() -> int:
    with running_portal(PEOPLE, UPSTREAM_SECONDS, "support.measured:app") as portal:
        texts = generators(portal)
        onlooker = Onlooker(portal.sign_in(portal.sites[0].emails[0]))
        onlooker.start()
        total = write_all(texts)
        onlooker.over.set()
        onlooker.join()
        held, waiting = quiet_second(portal, onlooker.started_at)
    p95 = statistics.quantiles(onlooker.seconds, n=20)[-1]
    median = statistics.median(onlooker.seconds)
    print(f"{len(texts)} texts of {UPSTREAM_SECONDS:g} s each: {total:.2f} s (aim {AIM_TOTAL} s)")
    print(
        f"GET /site_admin/properties meanwhile ({len(onlooker.seconds)} times): "
        f"median {median * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms (aim {AIM_P95 * 1000:.0f} ms)"
    )
    print(
        f"Database connections held while up to {waiting} texts a process were waited for: {held}"
    )
    return 0 if total <= AIM_TOTAL and p95 < AIM_P95 and held == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
