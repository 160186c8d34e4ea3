"""Counting tries across processes: in Redis where REDIS_URL is given, else in the database."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from flask import current_app
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import RedisStorage, Storage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from pwb.errors import Throttled
from pwb.extensions import db
from pwb.models import ThrottleCounter
from pwb.models.base import utcnow

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)

# A person mistypes a few times; a guesser needs thousands of tries.
PER_EMAIL = RateLimitItemPerMinute(8, 15, namespace="login-email")
PER_ADDRESS = RateLimitItemPerMinute(40, 15, namespace="login-address")
# Letters with a password link: nobody's mailbox is to be flooded.
LETTERS_PER_EMAIL = RateLimitItemPerMinute(3, 15, namespace="letter-email")
LETTERS_PER_ADDRESS = RateLimitItemPerMinute(20, 15, namespace="letter-address")
# Programs with a token that does not open: one that was revoked comes back every minute or so.
TOKENS_PER_ADDRESS = RateLimitItemPerMinute(60, 15, namespace="api-token-address")
REDIS_TIMEOUT_SECONDS = 1.0


class DatabaseStorage(Storage):
    """The counters of `limits` in a table that all processes share."""

    STORAGE_SCHEME = ["pwb+database"]  # noqa: RUF012 - limits' own contract

    @property
    def base_exceptions(self) -> type[Exception]:
        from sqlalchemy.exc import SQLAlchemyError

        return SQLAlchemyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` and return the window's total, in one statement."""
        now = utcnow()
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        fresh = dialect.insert(ThrottleCounter).values(
            key=key, count=amount, expires_at=now + timedelta(seconds=expiry)
        )
        over = ThrottleCounter.expires_at <= now
        statement = fresh.on_conflict_do_update(
            index_elements=[ThrottleCounter.key],
            set_={
                "count": case((over, amount), else_=ThrottleCounter.count + amount),
                "expires_at": case(
                    (over, fresh.excluded.expires_at), else_=ThrottleCounter.expires_at
                ),
            },
        ).returning(ThrottleCounter.count)
        with db.engine.begin() as connection:
            connection.execute(
                delete(ThrottleCounter).where(ThrottleCounter.expires_at < now - timedelta(days=1))
            )
            return int(connection.execute(statement).scalar_one())

    def _row(self, key: str) -> tuple[int, datetime] | None:
        query = select(ThrottleCounter.count, ThrottleCounter.expires_at).where(
            ThrottleCounter.key == key, ThrottleCounter.expires_at > utcnow()
        )
        with db.engine.connect() as connection:
            row = connection.execute(query).first()
        return (row[0], row[1]) if row else None

    def get(self, key: str) -> int:
        row = self._row(key)
        return row[0] if row else 0

    def get_expiry(self, key: str) -> float:
        row = self._row(key)
        return row[1].timestamp() if row else time.time()

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with db.engine.begin() as connection:
            return connection.execute(delete(ThrottleCounter)).rowcount

    def clear(self, key: str) -> None:
        with db.engine.begin() as connection:
            connection.execute(delete(ThrottleCounter).where(ThrottleCounter.key == key))


def init_throttle(redis_url: str | None) -> tuple[FixedWindowRateLimiter, ...]:
    """The limiters in the order they are asked: the database stands in where Redis is away."""
    own = FixedWindowRateLimiter(DatabaseStorage())
    if not redis_url:
        return (own,)
    redis = RedisStorage(
        redis_url,
        wrap_exceptions=True,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
    )
    return (FixedWindowRateLimiter(redis), own)


def _ask(question: Callable[[FixedWindowRateLimiter], Answer]) -> Answer:
    *first, last = current_app.extensions["pwb_throttle"]
    for limiter in first:
        try:
            return question(limiter)
        except StorageError:
            log.warning("Redis does not answer; tries are counted in the database")
    return question(last)


def _key(who: str) -> str:
    """A key of one length, whatever was typed as an e-mail."""
    return hashlib.sha256(who.encode("utf-8", "replace")).hexdigest()


def check_sign_in(email: str, address: str) -> None:
    """Count one try to sign in; raises Throttled once an e-mail or an address has too many."""
    _count(
        ((PER_EMAIL, email), (PER_ADDRESS, address)),
        "Too many tries to sign in.",
        "Wait a few minutes, or ask a site admin for a new password link.",
    )


def check_letter(email: str, address: str) -> None:
    """Count one asked-for password letter; raises Throttled as above."""
    _count(
        ((LETTERS_PER_EMAIL, email), (LETTERS_PER_ADDRESS, address)),
        "Too many password links were asked for.",
        "Look into your mail, also under spam, or wait a few minutes.",
    )


def check_api_token(address: str) -> None:
    """Count one token that does not open; raises Throttled once an address has too many."""
    _count(
        ((TOKENS_PER_ADDRESS, address),),
        "Too many requests with a token that does not open.",
        "Put in a token that works; with one you need not wait.",
    )


def _count(limits: tuple[tuple[RateLimitItem, str], ...], message: str, resolution: str) -> None:
    for limit, who in limits:
        key = _key(who)
        if not _ask(partial(_hit, limit, key)):
            wait = _seconds_left(limit, key)
            raise Throttled(message, resolution=resolution, retry_after=wait)


def _hit(limit: RateLimitItem, key: str, limiter: FixedWindowRateLimiter) -> bool:
    return limiter.hit(limit, key)


def forget_sign_in(email: str, address: str) -> None:
    """After a success the person's earlier slips no longer count, nor does this try against the
    address: a whole office may sign in from one, whoever guesses only fails."""
    person, place = _key(email), _key(address)
    _ask(lambda limiter: limiter.clear(PER_EMAIL, person))
    _ask(lambda limiter: limiter.hit(PER_ADDRESS, place, cost=-1))


def _seconds_left(limit: RateLimitItem, key: str) -> int:
    reset_at = _ask(lambda limiter: limiter.get_window_stats(limit, key).reset_time)
    return max(1, int(reset_at - datetime.now(UTC).timestamp()) + 1)
