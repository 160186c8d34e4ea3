"""The databases of tests: an SQLite file to copy, and a PostgreSQL database to empty."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask_migrate import upgrade

from pwb import create_app
from pwb.config import Settings
from pwb.extensions import db

# TRUNCATE makes new files for every table and waits for the disk: most of a test's time. A test
# leaves few rows in few tables. What refuses to be deleted in production gives way here.
_EMPTIER = """
CREATE PROCEDURE empty_tables(names text[]) LANGUAGE plpgsql AS $$
DECLARE
    name text;
    filled boolean;
BEGIN
    FOREACH name IN ARRAY names LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO filled;
        IF filled THEN
            EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', name);
            EXECUTE format('DELETE FROM %I', name);
            EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', name);
        END IF;
    END LOOP;
    PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""


def migrate(settings: Settings) -> None:
    """Bring the settings' database to the newest revision."""
    app = create_app(settings)
    with app.app_context():
        upgrade()
        if db.engine.dialect.name == "sqlite":
            with db.engine.begin() as connection:
                connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
        db.engine.dispose()


def copy_of(empty: Path, folder: Path) -> str:
    """The URL of a copy of this SQLite file in the folder, in place of the last one there."""
    copy = folder / "portal.sqlite3"
    for name in (copy.name, f"{copy.name}-wal", f"{copy.name}-shm"):
        (folder / name).unlink(missing_ok=True)
    copy.write_bytes(empty.read_bytes())
    return f"sqlite:///{copy}"


@contextmanager
def new_postgres(url: str) -> Iterator[str]:
    """The URL of a new database beside the one at `url`, gone in the end.

    A crash may cost its last commits: nothing waits for the disk.
    """
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = f"pwb_test_{uuid.uuid4().hex[:12]}"
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
        connection.execute(sa.text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    yield sa.make_url(url).set(database=name).render_as_string(False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


class ReusedDatabase:
    """A migrated PostgreSQL database that one test after the other finds empty."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = sa.create_engine(url)
        with self._engine.begin() as connection:
            connection.execute(sa.text(_EMPTIER))
        self._opened: list[Any] = []
        # Between two tests too: a thread of the first may just look once more.
        sa.event.listen(sa.Pool, "connect", self._remember)

    def _remember(self, connection: Any, _record: Any) -> None:
        self._opened.append(connection)

    @contextmanager
    def emptied_afterwards(self) -> Iterator[str]:
        """Its URL. Apps that a test made beside its own, and their threads, end with it: every
        connection that was opened is closed."""
        yield self.url
        self._close_what_was_opened()
        self._empty()

    def _close_what_was_opened(self) -> None:
        while self._opened:
            self._opened.pop().close()

    def _empty(self) -> None:
        names = [table.name for table in reversed(db.metadata.sorted_tables)]
        with self._engine.begin() as connection:
            connection.execute(sa.text("CALL empty_tables(:names)"), {"names": names})

    def close(self) -> None:
        """Let go of it."""
        sa.event.remove(sa.Pool, "connect", self._remember)
        self._close_what_was_opened()
        self._engine.dispose()
