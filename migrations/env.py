"""Alembic's environment: the app's engine, the app's tables, plain column types."""

from typing import Any

from alembic import context
from flask import current_app

from pwb.models.base import ExactDecimal, UTCDateTime

database = current_app.extensions["migrate"].db


def render_plain_type(kind: str, value: Any, _context: Any) -> str | bool:
    """Write the portal's own column types as SQLAlchemy's, so that revisions need no models."""
    if kind == "type" and isinstance(value, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(value, ExactDecimal):
        return f"sa.Numeric({value.precision}, {value.scale})"
    return False


def options() -> dict[str, Any]:
    """What online and offline runs share."""
    return {
        "target_metadata": database.metadata,
        "render_as_batch": True,
        "render_item": render_plain_type,
        "compare_type": False,
    }


def run_offline() -> None:
    """Print SQL in place of running it."""
    url = database.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, literal_binds=True, **options())
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    with database.engine.connect() as connection:
        context.configure(connection=connection, **options())
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
