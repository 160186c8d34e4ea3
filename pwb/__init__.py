"""The AI portal of PropertyWebBuilder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from pwb.config import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The portal's WSGI application for `settings`, or for the environment's.

    Raises ConfigurationError naming every setting that is missing or wrong.
    """
    # Imported here, so that `pwb.llm` and `pwb.content` load without Flask.
    from pwb import startup
    from pwb.config import load_settings

    settings = settings or load_settings()
    app = startup.bare_app()
    startup.configure(app, settings)
    startup.bind_database(app)
    startup.bind_extensions(app, settings)
    startup.bind_services(app, settings)
    startup.guard(app, settings)
    startup.register_blueprints(app)
    startup.register_commands(app)
    return app
