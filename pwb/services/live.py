"""Generations this process is running: so that Stop reaches them, from any process.

A cancel asked for here takes effect at once; one asked for in another process is seen in the
database by a watcher that looks once a second while anything runs. The same watcher writes down
what the provider calls each generation: off the way of the text, and many in one transaction.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from pwb.extensions import db
from pwb.llm.calls import Call
from pwb.llm.errors import Cancelled, LLMError
from pwb.services import ledger

LOOK_EVERY_SECONDS = 1.0
NOTE_EVERY_SECONDS = 0.2
Progress = tuple[str | None, int]


class Running:
    """The calls in flight of one app in this process."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._calls: dict[int, Call] = {}
        self._noted: dict[int, Progress] = {}
        self._lock = threading.Lock()
        self._watching = False
        self._stopping = False

    @contextmanager
    def call(self, request_id: int) -> Iterator[Call]:
        """A handle for one generation, known here until it is over."""
        call = Call(may_leave=partial(self._note_sent, request_id))
        with self._lock:
            self._calls[request_id] = call
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="pwb-cancel", daemon=True).start()
        if self._stopping:
            call.cancel()
        try:
            yield call
        finally:
            with self._lock:
                self._calls.pop(request_id, None)
                self._noted.pop(request_id, None)

    def _note_sent(self, request_id: int) -> bool:
        """Asked by the thread that opens the connection, which has no app context of its own."""
        with self._app.app_context():
            return ledger.note_sent(request_id)

    def cancel(self, request_id: int) -> None:
        """Cancel it if it runs here."""
        with self._lock:
            call = self._calls.get(request_id)
        if call is not None:
            call.cancel()

    def cancel_all(self) -> None:
        """Cancel everything, and whatever may still begin: the process is about to end."""
        self._stopping = True
        for request_id in self._ids():
            self.cancel(request_id)

    def stop(self, seconds: float) -> int:
        """Cancel everything and wait up to `seconds` for the rows to be settled by the threads
        that write them; how many are left."""
        self.cancel_all()
        give_up = time.monotonic() + seconds
        while self._calls and time.monotonic() < give_up:
            time.sleep(0.01)
        return self.count()

    def explain(self, error: LLMError) -> LLMError:
        """The error, with the portal's own stop named where that is what ended the call."""
        if self._stopping and isinstance(error, Cancelled):
            error.message = ledger.ABANDONED
        return error

    def count(self) -> int:
        """How many generations run in this process."""
        return len(self._calls)

    def _ids(self) -> list[int]:
        with self._lock:
            return list(self._calls)

    def _watch(self) -> None:
        """Look for cancels from elsewhere, and note what is news, until nothing runs."""
        look_at = time.monotonic() + LOOK_EVERY_SECONDS
        while True:
            time.sleep(min(NOTE_EVERY_SECONDS, LOOK_EVERY_SECONDS))
            with self._lock:
                ids, news = list(self._calls), self._news()
                if not ids:
                    self._watching = False
                    return
            if news:
                self._in_database(partial(self._note, news))
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + LOOK_EVERY_SECONDS
                self._in_database(partial(self._cancel_those_asked, ids))

    def _news(self) -> dict[int, Progress]:
        """What is not yet written down of the calls here."""
        known = {id_: (call.generation_id, call.attempts) for id_, call in self._calls.items()}
        return {
            id_: progress
            for id_, progress in known.items()
            if progress[0] != self._noted.get(id_, (None, 0))[0]
        }

    def _note(self, news: dict[int, Progress]) -> None:
        ledger.note_progress(news)
        with self._lock:
            self._noted |= {id_: progress for id_, progress in news.items() if id_ in self._calls}

    def _cancel_those_asked(self, ids: list[int]) -> None:
        for request_id in ledger.cancelled_among(ids):
            self.cancel(request_id)

    def _in_database(self, work: Callable[[], None]) -> None:
        with self._app.app_context():
            try:
                work()
            except SQLAlchemyError:
                # A database that is away now is asked again at the next look.
                self._app.logger.warning("could not look after the running generations")
            finally:
                db.session.remove()


def running() -> Running:
    """The current app's calls in flight."""
    found: Running = current_app.extensions["pwb_running"]
    return found
