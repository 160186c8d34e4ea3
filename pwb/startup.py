"""The steps of `create_app`, in the order in which it takes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from pwb import errors, filters, health, security, tenant_context
from pwb.config import INSTANCE, ROOT, Settings
from pwb.extensions import csrf, db, login_manager, migrate


class PlainJson(DefaultJSONProvider):
    """Flask's JSON, to which a document nested too deep to read is one that is broken."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            return super().loads(s, **kwargs)
        except RecursionError:
            raise ValueError("nested too deep") from None


class Portal(Flask):
    """Flask with the portal's own reading of JSON."""

    json_provider_class = PlainJson


def bare_app() -> Flask:
    """A Flask app that knows where the project's folders are."""
    return Portal(
        "pwb",
        instance_path=str(INSTANCE),
        static_folder=str(ROOT / "static"),
        template_folder=str(ROOT / "templates"),
    )


def configure(app: Flask, settings: Settings) -> None:
    """What Flask and its extensions read from `app.config`."""
    app.config.update(
        PWB=settings,
        SECRET_KEY=settings.secret_key.get_secret_value(),
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={"pool_pre_ping": True},
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        SESSION_REFRESH_EACH_REQUEST=False,  # See tenant_context.resolve.
        # The token lives as long as the session: a form left open over lunch still saves.
        WTF_CSRF_TIME_LIMIT=None,
        MAX_FORM_MEMORY_SIZE=security.FORM_LIMIT,
        MAX_FORM_PARTS=2000,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=7),
    )


def bind_database(app: Flask) -> None:
    """The database, its migrations, and SQLite's settings."""
    from pwb import sqlite

    INSTANCE.mkdir(parents=True, exist_ok=True)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    with app.app_context():
        sqlite.prepare(db.engine)


def bind_extensions(app: Flask, settings: Settings) -> None:
    """Forms, sign-in, and the website of each request."""
    csrf.init_app(app)
    login_manager.init_app(app)
    tenant_context.init_app(app, settings.portal_domain)


def bind_services(app: Flask, settings: Settings) -> None:
    """What services find on the app: the vault, the throttle, the calls in flight, and what is
    still to be asked about those that ended."""
    from pwb.services import reconciliation
    from pwb.services.credentials import init_app_vault
    from pwb.services.follow_ups import FollowUps
    from pwb.services.live import Running
    from pwb.services.throttle import init_throttle

    keys = [key.get_secret_value() for key in settings.credentials_keys]
    app.extensions["pwb_vault"] = init_app_vault(keys)
    app.extensions["pwb_throttle"] = init_throttle(settings.redis_url)
    app.extensions["pwb_running"] = Running(app)
    app.extensions["pwb_follow_ups"] = FollowUps(app, reconciliation.follow_up)


def guard(app: Flask, settings: Settings) -> None:
    """Headers, cookies, permissions, and the answers to errors."""
    security.init_app(app, settings.trusted_proxies)
    errors.init_app(app)


def register_blueprints(app: Flask) -> None:
    """The portal's pages, their filters, and the health checks."""
    from pwb import ai_tools, api, auth, integrations, site_admin

    filters.init_app(app)
    health.init_app(app)
    auth.resume.init_app(app)
    for package in (auth, site_admin, integrations, ai_tools, api):
        app.register_blueprint(package.bp)


def register_commands(app: Flask) -> None:
    """The portal's `flask` commands."""
    from pwb import cli

    cli.init_app(app)
