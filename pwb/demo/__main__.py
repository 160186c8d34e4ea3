"""`python -m pwb.demo` (`make demo`): the whole portal on this machine, with invented data."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress

from sqlalchemy import make_url

from pwb.config import INSTANCE, SECRETS_FILE, ConfigurationError, Settings, load_settings
from pwb.demo import data
from pwb.demo.servers import Servers, StopAsked, free_port
from pwb.secrets_file import ensure_secrets
from pwb.security import is_loopback
from pwb.serve import CannotStart, address, check_port, migrated_app, server_environment, url_of

SIMULATOR_KEY = "sk-or-v1-simulator-demo"
SIMULATOR_MODEL = "simulator/claude-3.5-sonnet"
NO_MODEL = "texts come from a simulator, not an AI model"


def main() -> int:
    """Run until Ctrl-C; exit status 1 with a sentence where something stands in the way."""
    try:
        host, port = address(dict(os.environ))
        check_port(host, port, f"make demo PORT={port + 1}")
        settings = prepare()
        with Servers(INSTANCE / "demo.log") as servers:
            run(servers, settings, host, port)
    except StopAsked:
        with suppress(OSError):  # The terminal may be gone.
            say("\nStopped. The data is kept for the next time.")
        return 0
    except (ConfigurationError, CannotStart) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def prepare() -> Settings:
    """Secrets, the demo's own database, and the settings; raises ConfigurationError."""
    made = ensure_secrets(SECRETS_FILE, os.environ)
    if made:
        say(f"Wrote {' and '.join(made)} to {SECRETS_FILE}.")
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = f"sqlite:///{INSTANCE / 'demo.sqlite3'}"
    return load_settings()


def run(servers: Servers, settings: Settings, host: str, port: int) -> None:
    """Start everything, say where it is, and stay; raises StopAsked or CannotStart."""
    environment = os.environ | server_environment(settings) | {"HOST": host, "PORT": str(port)}
    simulator_url = None
    if settings.open_router_api_key is None:
        simulator_url = start_simulator(servers, port)
        environment |= simulated(simulator_url)
    app = migrated_app(settings)
    with app.app_context():
        data.load()
    servers.check()
    # Loaded once and then forked: up sooner, and a demo never reloads its code.
    servers.start("portal", ["gunicorn", "--preload"], environment)
    # While it starts, which takes longer.
    with app.app_context():
        agencies = data.agencies()
    if simulator_url:
        servers.wait_until_ready(f"{simulator_url}/models")
    url = url_of(host, port)
    servers.wait_until_ready(f"{url}/readyz")
    say("\n".join(greeting(url, host, settings, simulator_url, agencies, servers)))
    servers.wait()


def start_simulator(servers: Servers, portal_port: int) -> str:
    """Start it beside the portal; its base URL."""
    port = free_port(min(portal_port + 1, 65_535))
    servers.start("simulator", ["pwb.simulator", "--port", str(port)], os.environ)
    return f"http://127.0.0.1:{port}/api/v1"


def simulated(base_url: str) -> dict[str, str]:
    """The environment of a portal that talks to the simulator, past any proxy."""
    beyond = [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1"]
    no_proxy = ",".join(filter(None, beyond))
    return {
        "OPEN_ROUTER_API_BASE": base_url,
        "OPEN_ROUTER_API_KEY": SIMULATOR_KEY,
        "OPEN_ROUTER_DEFAULT_MODEL": SIMULATOR_MODEL,
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }


def greeting(
    url: str,
    host: str,
    settings: Settings,
    simulator_url: str | None,
    agencies: list[data.Agency],
    servers: Servers,
) -> Iterator[str]:
    """What a person needs to begin, line by line."""
    yield "\nThe AI portal of PropertyWebBuilder, with demo data\n"
    yield f"  Open         {url}"
    if simulator_url:
        yield f"  AI service   simulator at {simulator_url}: {NO_MODEL}"
    else:
        yield f"  AI service   {settings.open_router_api_base} with your OPEN_ROUTER_API_KEY:"
        yield "               texts come from a real AI model, and the key's owner pays for them"
    for agency in agencies:
        yield f"\n  {agency.name}"
        yield from (f"    {p.role}  {p.email:<28}  {p.password}" for p in agency.logins)
    yield f"\n  Database     {make_url(settings.database_url).render_as_string()}"
    yield f"  Log          {servers.log_path}"
    if not is_loopback(host):
        yield "\n  These passwords are public, and this address can be reached from other machines."
        yield "  Over plain http, sign-in works only at 127.0.0.1 and localhost."
    yield "\nCtrl-C stops everything; the data is kept."


if __name__ == "__main__":
    sys.exit(main())
