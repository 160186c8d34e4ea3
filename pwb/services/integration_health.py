"""How an integration fares in real use: a success clears an error, and only what the key or its
settings are to blame for is an error of the integration.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, Update, bindparam, update

from pwb.extensions import db
from pwb.models import WebsiteIntegration
from pwb.models.base import utcnow

_TABLE = cast(Table, WebsiteIntegration.__table__)
# Codes that say something about the key, the account or the settings, not about one call.
KEY_TROUBLE = {"invalid_api_key", "insufficient_credits", "model_not_found"}
NOTED_FOR = timedelta(minutes=1)
UNREADABLE = "The stored key can no longer be read: enter it again."

# What a site admin can do; agents read their own cures in `generation_errors`.
CURES = {
    "invalid_api_key": "Make a new key at the provider and enter it in place of this one.",
    "insufficient_credits": "Add credits at the provider, raise the key's limit, or lower Max "
    "tokens.",
    "model_not_found": "Choose another default model.",
    "unreadable": "Enter the key again. If this happens to several keys at once, tell the "
    "operator: CREDENTIALS_KEYS has changed.",
    "no_address": "Ask the operator to name the server's address, or remove this integration.",
    "unknown_provider": "Remove this integration.",
    "rate_limited": "Wait a little, then test again.",
    "model_unavailable": "Test again in a minute.",
    "timeout": "Test again in a minute. If it keeps happening, tell the operator.",
    "invalid_response": "Test again in a minute. If it keeps happening, tell the operator.",
    "provider_error": "Test again in a minute. If it keeps happening, tell the operator.",
}


@dataclass(frozen=True)
class Trouble:
    """What is wrong with an integration, since when (None: found just now), and the cure."""

    code: str
    message: str
    at: datetime | None = None

    @property
    def cure(self) -> str:
        """What a site admin can do about it."""
        return CURES.get(self.code, "")


def last_trouble(row: WebsiteIntegration) -> Trouble | None:
    """The error that calls or tests left on the row."""
    if not row.last_error_message:
        return None
    return Trouble(row.last_error_code or "", row.last_error_message, row.last_error_at)


def is_proven(row: WebsiteIntegration) -> bool:
    """Whether the key as it is stored now has worked: in a test, or in a call without an error."""
    tested = bool((row.last_test_details or {}).get("ok"))
    return tested or (row.last_used_at is not None and row.last_error_message is None)


def forget_health(row: WebsiteIntegration) -> None:
    """Another key is stored: nothing that was known of the old one holds."""
    row.last_used_at = row.last_tested_at = row.last_test_message = row.last_test_details = None
    forget_error(row)


def forget_error(row: WebsiteIntegration) -> None:
    """What was wrong has been seen to; the next call or test will tell."""
    row.last_error_at = row.last_error_code = row.last_error_message = None


def error_values(code: str, message: str) -> dict[str, Any]:
    """The columns of an error that happened now."""
    return {"last_error_at": utcnow(), "last_error_code": code, "last_error_message": message}


NO_ERROR = {"last_error_at": None, "last_error_code": None, "last_error_message": None}


def used_lately(row: WebsiteIntegration) -> bool:
    """Whether it was used within the last minute and nothing is wrong with it.

    Another success needs no writing down then: the texts of a busy website would queue for the
    one row.
    """
    used = row.last_used_at
    return used is not None and row.last_error_at is None and utcnow() - used < NOTED_FOR


def note_success(integration_id: int | None) -> None:
    """A call went through: it counts as use and clears the last error. No commit."""
    _note(integration_id, NO_ERROR)


def note_failure(integration_id: int | None, code: str, message: str) -> None:
    """A call failed: recorded where the key or its settings are to blame. No commit."""
    _note(integration_id, error_values(code, message) if code in KEY_TROUBLE else {})


def _note(integration_id: int | None, values: dict[str, Any]) -> None:
    """Write to the row, if it is still there: it may have been removed during the call."""
    if integration_id is None:
        return
    noted = {"last_used_at": utcnow(), **values}
    parameters = {"integration": integration_id} | {f"new_{k}": v for k, v in noted.items()}
    db.session.execute(_noting(tuple(noted)), parameters)
    key = db.session.identity_key(WebsiteIntegration, integration_id)
    if (row := db.session.identity_map.get(key)) is not None:
        db.session.expire(row)


# Built once, and past the session's objects: it is on the way of every generation.
@cache
def _noting(names: tuple[str, ...]) -> Update:
    return (
        update(_TABLE)
        .where(_TABLE.c.id == bindparam("integration"))
        .values({name: bindparam(f"new_{name}", type_=_TABLE.c[name].type) for name in names})
    )
