"""What the web server's processes do at their start and at their end; see gunicorn.conf.py."""

from __future__ import annotations

import logging
import threading

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from pwb.extensions import db
from pwb.models.base import utcnow
from pwb.services import catalogue, connections, ledger, reconciliation
from pwb.services.follow_ups import follow_ups
from pwb.services.live import running

logger = logging.getLogger(__name__)
# Together less than the 2 s that gunicorn leaves a worker after Ctrl-C.
SETTLE_SECONDS = 1.0
FOLLOW_UP_SECONDS = 0.5
# After a deadline.
LATE_LOOK_SECONDS = 0.5


def server_started(app: Flask) -> None:
    """Settle what an earlier server left behind, look its costs up in the background, and have
    the models' prices fetched before somebody opens a listing.

    A database that is away or not migrated yet does not keep the server from starting: pages
    settle such rows too.
    """
    with app.app_context():
        try:
            ledger.settle_overdue()
            reconciliation.resume()
            for provider_id in connections.providers_in_use():
                catalogue.status(provider_id)
        except SQLAlchemyError:
            logger.warning("what an earlier start left was not looked at")
        finally:
            db.session.remove()


def worker_started(app: Flask) -> None:
    """See that rows of a process that was killed are settled once they are overdue, also where
    nobody opens a page until then: what other processes are still at is final by that time."""
    with app.app_context():
        try:
            last = ledger.last_deadline()
        except SQLAlchemyError:
            return
        finally:
            db.session.remove()
    if last is not None:
        pause = max(0.0, (last - utcnow()).total_seconds()) + LATE_LOOK_SECONDS
        late_look = threading.Timer(pause, _settle, (app,))
        late_look.daemon = True
        late_look.start()


def _settle(app: Flask) -> None:
    with app.app_context():
        try:
            ledger.settle_overdue()
        except SQLAlchemyError:
            logger.warning("overdue generations were not looked at")
        finally:
            db.session.remove()


def process_ends(app: Flask) -> None:
    """Cancel the generations that are still running and see their rows settled.

    A row that could not be settled in time is settled by whoever looks after its deadline.
    """
    with app.app_context():
        left = running().stop(SETTLE_SECONDS)
        if left:
            logger.warning("%d generations were left for their deadline", left)
        follow_ups().drain(FOLLOW_UP_SECONDS)
