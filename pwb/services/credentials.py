"""Encrypting what a website entrusts to the portal.

AES-256-GCM with the website, category and provider as associated data: a value copied to
another row does not decrypt. CREDENTIALS_KEYS may hold several keys; the first one encrypts,
all of them decrypt, so that a key can be replaced without a moment of darkness.
Format: `v1.` + URL-safe base64 of key id (4 bytes), nonce (12 bytes) and ciphertext.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
from sqlalchemy import select, update

from pwb.config import decode_credentials_key
from pwb.extensions import db
from pwb.models import Action, Website, WebsiteIntegration
from pwb.services import audit

_VERSION = "v1."
_KEY_ID, _NONCE, _TAG = 4, 12, 16
_BATCH = 200
_TRIES = 5


class UndecryptableCredentials(Exception):
    """No configured key opens this value: CREDENTIALS_KEYS lost its key, or it was moved."""


@dataclass(frozen=True)
class Place:
    """Where a value lives; part of what is authenticated."""

    website_id: int
    category: str
    provider: str

    def associated_data(self) -> bytes:
        return f"pwb:{self.website_id}:{self.category}:{self.provider}".encode()


class Vault:
    """Encrypts and decrypts with a list of keys, newest first."""

    def __init__(self, keys: list[bytes]) -> None:
        self._ciphers = {_key_id(key): AESGCM(key) for key in reversed(keys)}
        self._newest = _key_id(keys[0])

    def encrypt(self, values: Mapping[str, str], place: Place) -> str:
        """The values as one opaque string that opens only at `place`."""
        nonce = os.urandom(_NONCE)
        plain = json.dumps(dict(values)).encode()
        sealed = self._ciphers[self._newest].encrypt(nonce, plain, place.associated_data())
        return _VERSION + base64.urlsafe_b64encode(self._newest + nonce + sealed).decode()

    def decrypt(self, token: str, place: Place) -> dict[str, str]:
        """The values; raises UndecryptableCredentials."""
        key_id, nonce, sealed = _unpack(token)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UndecryptableCredentials("its key is not among CREDENTIALS_KEYS")
        try:
            plain = cipher.decrypt(nonce, sealed, place.associated_data())
        except InvalidTag:
            raise UndecryptableCredentials("it was changed or belongs to another place") from None
        values: dict[str, str] = json.loads(plain)
        return values

    def is_newest(self, token: str) -> bool:
        """Whether the value is already under the key that encrypts."""
        return _unpack(token)[0] == self._newest


def _key_id(key: bytes) -> bytes:
    """A name for a key that tells nothing of it."""
    return hashlib.sha256(b"pwb credentials key id" + key).digest()[:_KEY_ID]


def _unpack(token: str) -> tuple[bytes, bytes, bytes]:
    try:
        if not token.startswith(_VERSION):
            raise ValueError("unknown version")
        raw = base64.urlsafe_b64decode(token.removeprefix(_VERSION).encode("ascii"))
        if len(raw) <= _KEY_ID + _NONCE + _TAG:
            raise ValueError("too short")
    except (ValueError, binascii.Error, UnicodeEncodeError):
        raise UndecryptableCredentials("it is not in a known format") from None
    return raw[:_KEY_ID], raw[_KEY_ID : _KEY_ID + _NONCE], raw[_KEY_ID + _NONCE :]


def init_app_vault(keys: list[str]) -> Vault:
    """The vault for an app's settings."""
    return Vault([decode_credentials_key(key, i) for i, key in enumerate(keys, 1)])


def vault() -> Vault:
    """The current app's vault."""
    box: Vault = current_app.extensions["pwb_vault"]
    return box


@dataclass(frozen=True)
class Unreadable:
    """A row that no configured key opens."""

    integration_id: int
    website: str
    provider: str
    reason: str


@dataclass(frozen=True)
class RotationReport:
    """What a rotation did: rows re-encrypted, rows that were under the newest key already, and
    rows that cannot be read."""

    rotated: int
    already: int
    failed: tuple[Unreadable, ...]

    def sentence(self) -> str:
        """The report in words, without any secret."""
        said = (
            f"{self.rotated} re-encrypted under the newest key, {self.already} were already, "
            f"{len(self.failed)} cannot be read."
        )
        lines = [f"{f.website}, {f.provider}: {f.reason}." for f in self.failed]
        return "\n".join([said, *lines])


def rotate() -> RotationReport:
    """Put every stored value under the newest key, row by row, each in a transaction of its own.

    Stopped at any point it can simply be run again: rows that are done are only proven. Nothing
    is committed before it was decrypted again, and a row somebody changes meanwhile is not
    overwritten.
    """
    outcomes: list[str | Unreadable] = [_rotate_row(row_id) for row_id in _row_ids()]
    return RotationReport(
        rotated=outcomes.count("rotated"),
        already=outcomes.count("already"),
        failed=tuple(outcome for outcome in outcomes if isinstance(outcome, Unreadable)),
    )


def _row_ids() -> Iterator[int]:
    last = 0
    while True:
        query = select(WebsiteIntegration.id).where(WebsiteIntegration.id > last)
        ids = list(db.session.scalars(query.order_by(WebsiteIntegration.id).limit(_BATCH)))
        db.session.commit()
        yield from ids
        if len(ids) < _BATCH:
            return
        last = ids[-1]


def _rotate_row(row_id: int) -> str | Unreadable:
    """`rotated`, `already`, `gone`, or why not."""
    row = db.session.get(WebsiteIntegration, row_id, populate_existing=True)
    for _ in range(_TRIES):
        if row is None:
            db.session.commit()
            return "gone"
        try:
            outcome = _reencrypt(row)
        except UndecryptableCredentials as reason:
            return _unreadable(row, str(reason))
        if outcome:
            return outcome
        row = db.session.get(WebsiteIntegration, row_id, populate_existing=True)
    return _unreadable(row, "it kept changing: run this again") if row else "gone"


def _reencrypt(row: WebsiteIntegration) -> str | None:
    """One try; None where somebody stored another value meanwhile."""
    box, place, old = vault(), Place(row.website_id, row.category, row.provider), row.credentials
    values = box.decrypt(old, place)
    if box.is_newest(old):
        db.session.commit()
        return "already"
    new = box.encrypt(values, place)
    if box.decrypt(new, place) != values:
        raise UndecryptableCredentials("what was written could not be read back")
    same = (WebsiteIntegration.id == row.id, WebsiteIntegration.credentials == old)
    changed = db.session.execute(update(WebsiteIntegration).where(*same).values(credentials=new))
    if not changed.rowcount:  # type: ignore[attr-defined] # a cursor result has it
        db.session.rollback()
        return None
    website = db.session.get_one(Website, row.website_id)
    audit.record(
        website,
        None,
        Action.INTEGRATION_REENCRYPTED,
        object_type="integration",
        object_id=row.id,
        label=row.provider,
    )
    db.session.commit()
    return "rotated"


def _unreadable(row: WebsiteIntegration, reason: str) -> Unreadable:
    website = db.session.get_one(Website, row.website_id)
    db.session.commit()
    return Unreadable(row.id, website.subdomain, row.provider, reason)
