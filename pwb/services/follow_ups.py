"""What is still to be asked about generations that just ended, done in the background.

One daemon thread a process, started with the first row to ask about and ended with the last. It
is a convenience: every such row is in the database too, where `flask ai reconcile` and the next
start find it.
"""

from __future__ import annotations

import heapq
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from pwb.extensions import db

# A provider's books lag some seconds behind: about 15 s of patience in all.
PAUSES = (1.0, 2.0, 4.0, 8.0)
# Beyond this the rows wait for the next run of `flask ai reconcile`.
MOST_WAITING = 500


@dataclass(order=True)
class _Visit:
    due: float
    request_id: int = field(compare=False)
    tries: int = field(compare=False, default=0)


class FollowUps:
    """Rows of one app to ask about, each after its pauses.

    `ask` gets a row's id within an app context; True means that asking again may help.
    """

    def __init__(self, app: Flask, ask: Callable[[int], bool]) -> None:
        self._app = app
        self._ask = ask
        self._forget()

    def _forget(self) -> None:
        self._visits: list[_Visit] = []
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._process = os.getpid()

    def add(self, request_id: int) -> None:
        """Ask about this row soon; returns at once."""
        if self._process != os.getpid():
            # Threads do not survive a fork, and what the parent waits for is the parent's.
            self._forget()
        self._push(_Visit(time.monotonic() + PAUSES[0], request_id))

    def waiting(self) -> int:
        """How many rows are still to be asked about, now or later."""
        return len(self._visits)

    def drain(self, seconds: float) -> None:
        """The process ends: ask once more about each row without any pause, within `seconds`."""
        with self._wake:
            self._closing = True
            thread = self._thread
            self._wake.notify()
        if thread is not None:
            thread.join(seconds)
        with self._wake:
            self._visits.clear()

    def _push(self, visit: _Visit) -> None:
        with self._wake:
            if self._closing or len(self._visits) >= MOST_WAITING:
                return
            heapq.heappush(self._visits, visit)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="pwb-follow-ups", daemon=True
                )
                self._thread.start()
            else:
                self._wake.notify()

    def _run(self) -> None:
        while (visit := self._next()) is not None:
            again = self._visit(visit.request_id)
            tries = visit.tries + 1
            if again and tries < len(PAUSES):
                self._push(_Visit(time.monotonic() + PAUSES[tries], visit.request_id, tries))

    def _next(self) -> _Visit | None:
        """The next row once it is due; None ends the thread."""
        with self._wake:
            while self._visits:
                pause = self._visits[0].due - time.monotonic()
                if pause <= 0 or self._closing:
                    return heapq.heappop(self._visits)
                self._wake.wait(pause)
            self._thread = None
            return None

    def _visit(self, request_id: int) -> bool:
        with self._app.app_context():
            try:
                return self._ask(request_id)
            except SQLAlchemyError:
                self._app.logger.warning("request %d was not followed up", request_id)
                return True
            finally:
                db.session.remove()


def follow_ups() -> FollowUps:
    """The current app's."""
    found: FollowUps = current_app.extensions["pwb_follow_ups"]
    return found
