"""Which models a website's own key may still use under its privacy settings at the provider.

Asked with the website's own key and for its own page only, in little time, and remembered for some
minutes in this process: nothing depends on the answer.
"""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass

from flask import current_app

from pwb.extensions import db
from pwb.llm import client
from pwb.llm.errors import LLMError
from pwb.llm.registry import get_provider
from pwb.llm.types import Limits
from pwb.models import Website
from pwb.services.connections import connection_of, own_integration, settings
from pwb.services.generation_errors import NotConfigured

LIMITS = Limits(connect=1.5, idle=2.5, total=3.0, max_attempts=1)
REMEMBERED_SECONDS = 300.0
FAILURE_REMEMBERED_SECONDS = 60.0
MOST_REMEMBERED = 1000

Allowed = frozenset[str] | None


@dataclass(frozen=True)
class _Answer:
    allowed: Allowed
    good_until: float


class AllowedModels:
    """The answers of the last minutes, by website and key."""

    def __init__(self) -> None:
        self._answers: dict[str, _Answer] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> _Answer | None:
        """The answer, unless it is too old."""
        with self._lock:
            answer = self._answers.get(key)
        return answer if answer is not None and answer.good_until > time.monotonic() else None

    def put(self, key: str, allowed: Allowed) -> None:
        """Remember an answer, a failed try for less long."""
        seconds = FAILURE_REMEMBERED_SECONDS if allowed is None else REMEMBERED_SECONDS
        with self._lock:
            if len(self._answers) >= MOST_REMEMBERED:
                self._answers.clear()
            self._answers[key] = _Answer(allowed, time.monotonic() + seconds)


def allowed_models(website: Website, provider_id: str) -> Allowed:
    """The ids that the website's own key may use; None where the provider does not tell, where
    there is no own key, or where no answer came in time."""
    row = own_integration(website, provider_id)
    if row is None or not row.enabled or not get_provider(provider_id).own_models_path:
        return None
    known: AllowedModels = current_app.extensions.setdefault("pwb_allowed", AllowedModels())
    key = f"{row.website_id}:{row.id}:{hashlib.sha256(row.credentials.encode()).hexdigest()}"
    answer = known.get(key)
    if answer is None:
        try:
            endpoint = connection_of(row).endpoint(settings(), LIMITS)
        except NotConfigured:
            return None
        db.session.commit()  # Gives the connection back while the provider is asked.
        try:
            known.put(key, frozenset(model.id for model in client.list_own_models(endpoint)))
        except LLMError:
            known.put(key, None)
        answer = known.get(key)
    return answer.allowed if answer else None
