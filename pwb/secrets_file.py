"""Making `instance/secrets.env`: the two secrets that every portal needs, once and for good.

`python -m pwb.secrets_file` (`make secrets`) writes what neither the environment nor the file
has yet. A secret that is there is never replaced: a new CREDENTIALS_KEYS would lock every
stored API key.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from dotenv import dotenv_values

from pwb.config import SECRETS_FILE

HEADER = "# Secrets of this portal. Keep a copy of CREDENTIALS_KEYS apart from database backups.\n"


def _credentials_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")


MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "CREDENTIALS_KEYS": _credentials_key,
}


def ensure_secrets(path: Path, environment: Mapping[str, str]) -> list[str]:
    """Write the secrets that are in neither place to `path`, readable by its owner only.

    Returns the names of those written. The file is replaced in one step, so that no reader
    ever sees half of it.
    """
    known = _known_names(path, environment)
    missing = [name for name in MAKERS if name not in known]
    if path.exists():
        path.chmod(0o600)
    if missing:
        before = path.read_text(encoding="utf-8") if path.exists() else HEADER
        lines = "".join(f"{name}={MAKERS[name]()}\n" for name in missing)
        _replace(path, before + ("" if before.endswith("\n") else "\n") + lines)
    return missing


def _known_names(path: Path, environment: Mapping[str, str]) -> set[str]:
    """The names that have a value; an empty one counts as not given, as in the settings."""
    in_file = dotenv_values(path, interpolate=False) if path.exists() else {}
    return {
        name.upper() for place in (in_file, environment) for name, value in place.items() if value
    }


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Born with mode 0600, so that nobody else can read it at any moment.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:  # Ctrl-C too leaves no draft with secrets behind.
        Path(draft).unlink(missing_ok=True)
        raise


def main() -> int:
    """Make what is missing and say so."""
    made = ensure_secrets(SECRETS_FILE, os.environ)
    if made:
        sys.stdout.write(f"Wrote {' and '.join(made)} to {SECRETS_FILE}.\n")
    else:
        sys.stdout.write("Both secrets are there already; nothing was changed.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
