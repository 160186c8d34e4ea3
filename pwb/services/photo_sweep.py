"""Files of photos that no row tells of: what a killed process leaves between a file and its row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select

from pwb.errors import InvalidInput
from pwb.extensions import db
from pwb.models import PropertyPhoto
from pwb.models.base import utcnow
from pwb.services.storage import Storage, group_of, storage

LEAST_AGE = timedelta(days=1)
"""A file has its row within seconds; a whole day leaves no doubt that none is coming."""


def strays() -> list[str]:
    """The names of the groups in storage that belong to no photo of any website.

    Raises InvalidInput where the database has no photo at all: then it is likelier that it is
    another database than the one that the files belong to.
    """
    store = storage()
    # Files first: a photo that comes in between has its row when the rows are read.
    old = list(_old_groups(store))
    known = {group_of(key) for key in db.session.scalars(select(PropertyPhoto.storage_key))}
    db.session.rollback()
    if old and not known:
        raise InvalidInput(
            "This database knows no photo at all, so no file is taken for a stray one.",
            resolution="See whether DATABASE_URL and UPLOADS_DIR belong together.",
        )
    return [name for name in old if name not in known]


def _old_groups(store: Storage) -> Iterator[str]:
    newest = utcnow() - LEAST_AGE
    return (group.name for group in store.groups() if group.changed_at < newest)


def sweep() -> int:
    """Remove the stray files; of how many photos they were. Raises InvalidInput like `strays`."""
    found = strays()
    for name in found:
        storage().delete_group(name)
    return len(found)
