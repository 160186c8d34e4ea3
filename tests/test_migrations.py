"""Every revision goes up and down, and the newest one makes what the models say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade

from pwb import create_app
from pwb.extensions import db
from tests import databases
from tests.conftest import make_settings, skip_or_fail


def _scripts(app: Flask) -> ScriptDirectory:
    return ScriptDirectory.from_config(app.extensions["migrate"].migrate.get_config())


@pytest.fixture(params=["sqlite", "postgres"])
def blank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An app, within its context, on a database without any table."""
    with _new_database(request.param, tmp_path) as url:
        app = create_app(make_settings(database_url=url))
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()


def _new_database(kind: str, folder: Path) -> AbstractContextManager[str]:
    if kind == "sqlite":
        return nullcontext(f"sqlite:///{folder / 'blank.sqlite3'}")
    url = os.environ.get("TEST_DATABASE_URL")
    if not url:
        skip_or_fail("postgres", "TEST_DATABASE_URL names no PostgreSQL database")
    return databases.new_postgres(make_settings(database_url=url).database_url)


def _schema() -> dict[str, Any]:
    """Everything that a revision can make, in an order of its own."""
    inspector = sa.inspect(db.engine)
    return {
        table: {
            "columns": {c["name"]: (str(c["type"]), c["nullable"]) for c in columns},
            "indexes": sorted(str(i["name"]) for i in inspector.get_indexes(table)),
            "unique": sorted(str(u["name"]) for u in inspector.get_unique_constraints(table)),
            "foreign": sorted(str(f["name"]) for f in inspector.get_foreign_keys(table)),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
        for columns in [inspector.get_columns(table)]
    }


def test_there_is_one_head(blank: Flask) -> None:
    assert len(_scripts(blank).get_heads()) == 1


def test_every_revision_goes_up_down_and_up_again_to_the_same_tables(blank: Flask) -> None:
    revisions = [script.revision for script in _scripts(blank).walk_revisions()][::-1]
    assert revisions
    for revision in revisions:
        before = _schema()
        upgrade(revision=revision)
        after = _schema()
        downgrade(revision="-1")
        assert _schema() == before, f"going down from {revision} leaves something else behind"
        upgrade(revision=revision)
        assert _schema() == after, f"{revision} makes something else the second time"
    downgrade(revision="base")
    assert _schema() == {}


def test_the_newest_revision_makes_what_the_models_say(blank: Flask) -> None:
    upgrade()
    # SQLite reports the few types it knows rather than those that were asked for.
    options = {"compare_type": db.engine.dialect.name != "sqlite"}
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, db.metadata) == []


def test_approvals_stay_final_through_every_later_revision(blank: Flask) -> None:
    upgrade()
    with db.engine.connect() as connection:
        if db.engine.dialect.name == "sqlite":
            names, guards = "SELECT name FROM sqlite_master WHERE type = 'trigger'", 2
        else:
            names, guards = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal", 1
        triggers = connection.scalars(sa.text(names)).all()
    assert len([name for name in triggers if name.startswith("pwb_text_approvals_")]) == guards
