"""Starting the portal for real: `python -m pwb.serve` (`make run`).

Checks the settings, brings the database to the newest revision and becomes gunicorn: the
process id stays, so that a service manager watches the right one. `--migrate-only`
(`make migrate`) stops before the last step.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from pwb.config import ROOT, ConfigurationError, Settings, load_settings


class CannotStart(Exception):
    """Why the portal does not start, in one sentence."""


def address(environment: dict[str, str]) -> tuple[str, int]:
    """HOST and PORT; raises CannotStart where the port is no number from 1 to 65535."""
    port = environment.get("PORT") or "5000"
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise CannotStart(f"PORT={port!r} is not a port: take a number from 1 to 65535.")
    return environment.get("HOST") or "127.0.0.1", int(port)


def url_of(host: str, port: int) -> str:
    """Where a browser on this machine reaches a server that listens there."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def check_port(host: str, port: int, command: str) -> None:
    """Raises CannotStart where nothing can listen at this address; `command` is the way out."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            # As gunicorn does it, or a port just left would count as busy for a minute.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen(1)
    except socket.gaierror:
        raise CannotStart(f"HOST={host} is not an address of this machine.") from None
    except PermissionError:
        raise CannotStart(f"Port {port} is for the system's own: try {command}.") from None
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise CannotStart(f"HOST={host} is not an address of this machine.") from None
        raise CannotStart(
            f"Port {port} is in use by another program: stop that one or try {command}."
        ) from None


def migrated_app(settings: Settings) -> Flask:
    """The app, its database at the newest revision; raises CannotStart where that is not to be."""
    from flask_migrate import upgrade

    from pwb import create_app
    from pwb.extensions import db

    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        app = create_app(settings)
        with app.app_context():
            upgrade()
            db.engine.dispose()
    except (SQLAlchemyError, OSError) as error:
        raise CannotStart(f"The database cannot be used: {_cause(error)}") from None
    return app


def _cause(error: SQLAlchemyError | OSError) -> str:
    """The driver's words in one line; they name no password."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


def server_environment(settings: Settings) -> dict[str, str]:
    """What gunicorn.conf.py needs of the settings, wherever they came from."""
    return {
        "AI_TOTAL_TIMEOUT": str(settings.ai_total_timeout),
        "TRUSTED_PROXIES": str(settings.trusted_proxies),
    }


def serve(settings: Settings) -> None:
    """Become gunicorn; does not return."""
    os.environ.update(server_environment(settings))
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn"])  # noqa: S606 - no shell is wanted


def main() -> int:
    """Exit status 1 with a sentence where something stands in the way."""
    try:
        settings = load_settings()
        if sys.argv[1:] == ["--migrate-only"]:
            migrated_app(settings)
            return 0
        host, port = address(dict(os.environ))
        check_port(host, port, f"make run PORT={port + 1}")
        migrated_app(settings)
        serve(settings)
    except (ConfigurationError, CannotStart) as error:
        sys.stderr.write(f"{error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
