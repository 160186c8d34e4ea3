"""Fetching a provider's list of models: one process at a time, once an hour, off the page's way.

Whoever wants to fetch takes the lease on the catalogue's row by one compare-and-set. No
connection is held while the provider is asked, and no key of any website is sent. A failed fetch
leaves the last good list as it is, and the next try waits.
"""

from __future__ import annotations

import hashlib
import threading
import time
from datetime import datetime, timedelta
from typing import Any, Literal

from flask import Flask, current_app
from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from pwb.extensions import db
from pwb.llm import client
from pwb.llm.errors import InvalidResponse, LLMError
from pwb.llm.providers.base import Provider
from pwb.llm.registry import all_providers, get_provider
from pwb.llm.types import Endpoint, Limits, ModelInfo
from pwb.models import AICatalogue, AIModel
from pwb.models.base import utcnow
from pwb.services import direct_prices
from pwb.services.connections import address_of, settings
from pwb.services.model_prices import pricing_to_json

FRESH_FOR = timedelta(hours=1)
BACK_OFF = timedelta(minutes=5)
LEASE = timedelta(seconds=60)
# How long a model that has left the list is remembered, with its last price.
REMEMBERED = timedelta(days=365)
FETCH_LIMITS = Limits(
    connect=5.0,
    idle=10.0,
    total=20.0,
    max_attempts=2,
    max_retry_after=5.0,
    max_total_bytes=16 << 20,
)
ERROR_LENGTH = 300
CHUNK = 500

Outcome = Literal["fetched", "failed", "busy"]


def refresh(provider_id: str, *, pause: timedelta = timedelta(0)) -> Outcome:
    """Fetch the list now, whatever its age: `busy` where another process is at it, or where the
    last try is not older than `pause`. Does not raise for failures of the provider."""
    return _refresh(get_provider(provider_id), timedelta(0), pause)


def refresh_if_due(provider_id: str) -> Outcome:
    """Fetch the list where it is not fresh and no try of the last minutes failed."""
    return _refresh(get_provider(provider_id), FRESH_FOR, BACK_OFF)


def is_due(row: AICatalogue | None, now: datetime) -> bool:
    """Whether a fetch should be started for what is stored."""
    if row is None:
        return True
    old = row.fetched_at is None or row.fetched_at <= now - FRESH_FOR
    rested = row.attempted_at is None or row.attempted_at <= now - BACK_OFF
    return old and rested and not is_leased(row, now)


def is_leased(row: AICatalogue | None, now: datetime) -> bool:
    """Whether some process is fetching."""
    return row is not None and row.lease_until is not None and row.lease_until > now


def key_of(provider: Provider) -> tuple[str, str]:
    """The catalogue's key: the provider, and the address that the operator has it called at."""
    return provider.id, hashlib.sha256(address_of(provider).encode()).hexdigest()


def _refresh(provider: Provider, age: timedelta, pause: timedelta) -> Outcome:
    key = key_of(provider)
    if not _claim(key, age, pause):
        return "busy"
    try:
        models, source = _fetch(provider)
    except LLMError as error:
        _note_failure(key, error.message)
        return "failed"
    _store(key, models, source)
    return "fetched"


def _claim(key: tuple[str, str], age: timedelta, pause: timedelta) -> bool:
    """Take the lease; False where somebody has it, or where there is no need."""
    now = utcnow()
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    row = AICatalogue
    blank = dialect.insert(row).values(provider=key[0], address_hash=key[1], source="")
    statement = (
        update(row)
        .where(row.provider == key[0], row.address_hash == key[1])
        .where(or_(row.lease_until.is_(None), row.lease_until <= now))
        .where(or_(row.fetched_at.is_(None), row.fetched_at <= now - age))
        .where(or_(row.attempted_at.is_(None), row.attempted_at <= now - pause))
        .values(lease_until=now + LEASE, attempted_at=now)
    )
    with db.engine.begin() as connection:
        connection.execute(blank.on_conflict_do_nothing())
        return bool(connection.execute(statement).rowcount)


def _fetch(provider: Provider) -> tuple[list[ModelInfo], str]:
    """The models, and the name of the price list that they come from, empty for the provider's own
    list; raises LLMError. The endpoint holds no key: this list is everybody's."""
    if direct_prices.covers(provider.id):
        return direct_prices.models(provider.id), direct_prices.source()
    endpoint = Endpoint(provider.id, address_of(provider), limits=FETCH_LIMITS)
    models = client.list_models(endpoint)
    if not models:
        raise InvalidResponse(f"{provider.label} sent an empty list of models.")
    return models, ""


def _note_failure(key: tuple[str, str], message: str) -> None:
    with db.engine.begin() as connection:
        _set(connection, key, lease_until=None, last_error=message[:ERROR_LENGTH])


def _store(key: tuple[str, str], models: list[ModelInfo], source: str) -> None:
    """Put the new list in the old one's place, in one transaction."""
    now, provider_id = utcnow(), key[0]
    rows = {model.id: _row(provider_id, model, now) for model in models}
    with db.engine.begin() as connection:
        _set(connection, key, fetched_at=now, lease_until=None, last_error=None, source=source[:80])
        _forget_other_addresses(connection, key)
        _remember_missing(connection, provider_id, list(rows), now)
        connection.execute(insert(AIModel), list(rows.values()))


def _forget_other_addresses(connection: Connection, key: tuple[str, str]) -> None:
    """The table holds one list a provider: that of another address is no longer there."""
    others = (AICatalogue.provider == key[0], AICatalogue.address_hash != key[1])
    gone = connection.execute(
        update(AICatalogue)
        .where(*others, AICatalogue.fetched_at.is_not(None))
        .values(fetched_at=None)
    )
    if gone.rowcount:
        connection.execute(delete(AIModel).where(AIModel.provider == key[0]))


def _remember_missing(
    connection: Connection, provider_id: str, listed: list[str], now: datetime
) -> None:
    """Make room for the listed models, and mark those that have left the list."""
    own = AIModel.provider == provider_id
    for start in range(0, len(listed), CHUNK):
        chunk = listed[start : start + CHUNK]
        connection.execute(delete(AIModel).where(own, AIModel.model_id.in_(chunk)))
    connection.execute(
        update(AIModel).where(own).values(missing_since=func.coalesce(AIModel.missing_since, now))
    )
    connection.execute(delete(AIModel).where(own, AIModel.missing_since < now - REMEMBERED))


def _row(provider_id: str, model: ModelInfo, now: datetime) -> dict[str, Any]:
    return {
        "provider": provider_id,
        "model_id": model.id,
        "name": model.name or model.id,
        "canonical_slug": model.canonical_slug,
        "description": model.description,
        "created": model.created,
        "context_length": model.context_length,
        "max_completion_tokens": model.max_completion_tokens,
        "input_modalities": list(model.input_modalities),
        "supported_parameters": list(model.supported_parameters),
        "pricing": pricing_to_json(model.pricing),
        "expiration_date": model.expiration_date,
        "fetched_at": now,
        "missing_since": None,
    }


def _set(connection: Connection, key: tuple[str, str], **values: Any) -> None:
    connection.execute(
        update(AICatalogue)
        .where(AICatalogue.provider == key[0], AICatalogue.address_hash == key[1])
        .values(**values)
    )


class BackgroundRefresh:
    """The fetches that this process runs beside its pages, at most one a provider."""

    def __init__(self) -> None:
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def start(self, app: Flask, provider_id: str) -> None:
        """Have the list fetched where it is due; returns at once."""
        with self._lock:
            running = self._threads.get(provider_id)
            if running is not None and running.is_alive():
                return
            name = f"pwb-catalogue-{provider_id}"
            thread = threading.Thread(target=_work, args=(app, provider_id), name=name, daemon=True)
            self._threads[provider_id] = thread
            thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for the fetches that were started here; whether all of them are over."""
        give_up = time.monotonic() + seconds
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(max(0.0, give_up - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)


def _work(app: Flask, provider_id: str) -> None:
    with app.app_context():
        try:
            refresh_if_due(provider_id)
        except SQLAlchemyError:
            # The lease runs out by itself, and a later page tries again.
            app.logger.warning("could not store the list of models", exc_info=True)


def background() -> BackgroundRefresh:
    """The current app's fetches."""
    found: BackgroundRefresh = current_app.extensions.setdefault(
        "pwb_catalogue", BackgroundRefresh()
    )
    return found


def start_if_due(provider_id: str, row: AICatalogue | None) -> bool:
    """Start a fetch for what is stored, where one is due and pages may; whether one was."""
    if not settings().ai_catalogue_refresh or not is_due(row, utcnow()):
        return False
    provider = all_providers().get(provider_id)
    if provider is None or not address_of(provider):
        return False
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # a proxy's own way
    background().start(app, provider_id)
    return True


def wait_for_refresh(seconds: float = 10.0) -> bool:
    """Wait for the fetches that pages of this process have started; whether all are over."""
    return background().wait(seconds)


def stored_row(provider: Provider) -> AICatalogue | None:
    """What is known of the provider's list at its present address."""
    provider_id, address = key_of(provider)
    query = select(AICatalogue).where(
        AICatalogue.provider == provider_id, AICatalogue.address_hash == address
    )
    return db.session.scalar(query.execution_options(populate_existing=True))
