"""Stray files: found, old enough, and nothing else touched."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from flask import Flask

from pwb.errors import InvalidInput
from pwb.models import Property, PropertyPhoto
from pwb.services import photo_files, photo_sweep
from pwb.services.storage import group_of, new_key, storage
from tests import factories
from tests.factories import Agency
from tests.test_cli import run

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def listing(agency: Agency) -> Property:
    return factories.create_property(agency.website)


@pytest.fixture
def photo(listing: Property) -> PropertyPhoto:
    return factories.create_photo(listing, 1)


def uploads(app: Flask) -> Path:
    folder: Path = app.config["PWB"].uploads_dir
    return folder


def stray(app: Flask, days: float = 2, name: str = "photo.jpg") -> str:
    """The group of a file without a row, as old as that."""
    key = new_key(name)
    storage().save(key, b"a file")
    age(app, group_of(key), days)
    return group_of(key)


def age(app: Flask, group: str, days: float) -> None:
    then = time.time() - days * 86_400
    os.utime(uploads(app) / group, (then, then))


def test_only_old_files_without_a_row_go(
    database_url: str, app: Flask, photo: PropertyPhoto
) -> None:
    photo_files.thumbnail(photo)
    age(app, group_of(photo.storage_key), 400)
    lost, new = stray(app), stray(app, days=0.9)
    assert photo_sweep.strays() == [lost]
    assert photo_sweep.sweep() == 1
    assert not (uploads(app) / lost).exists() and (uploads(app) / new).exists()
    assert photo_files.original(photo) and photo_files.thumbnail(photo)
    assert photo_sweep.sweep() == 0


@ONE_DATABASE
def test_what_is_left_of_a_file_that_was_never_finished_goes_too(
    app: Flask, photo: PropertyPhoto
) -> None:
    group = stray(app)
    (uploads(app) / group / "photo.jpg").rename(uploads(app) / group / ".0123456789abcdef")
    empty = stray(app)
    (uploads(app) / empty / "photo.jpg").unlink()
    for each in (group, empty):
        age(app, each, 2)
    assert photo_sweep.sweep() == 2
    assert not (uploads(app) / group).exists() and not (uploads(app) / empty).exists()


@ONE_DATABASE
def test_whatever_else_lies_in_the_folder_stays(app: Flask, photo: PropertyPhoto) -> None:
    others = [
        uploads(app) / "readme.txt",
        uploads(app) / "zz" / ("0" * 32) / "photo.jpg",
        uploads(app) / "00" / "notes" / "photo.jpg",
        uploads(app) / "00" / ("A" * 32) / "photo.jpg",
    ]
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
        os.utime(path.parent, (0, 0))
    assert photo_sweep.sweep() == 0
    assert all(path.exists() for path in others)


@ONE_DATABASE
def test_a_database_without_photos_sweeps_nothing(app: Flask, listing: Property) -> None:
    assert photo_sweep.sweep() == 0
    group = stray(app)
    with pytest.raises(InvalidInput, match="no photo at all"):
        photo_sweep.sweep()
    assert (uploads(app) / group).exists()


@ONE_DATABASE
def test_the_command_counts_and_removes_only_when_told(app: Flask, photo: PropertyPhoto) -> None:
    group = stray(app)
    counted = run(app, "photos", "sweep")
    assert counted.exit_code == 0 and "Stray photos: 1. `flask photos sweep --delete`" in (
        counted.stdout
    )
    assert (uploads(app) / group).exists()
    removed = run(app, "photos", "sweep", "--delete")
    assert removed.stdout == "Stray photos whose files were removed: 1.\n"
    assert not (uploads(app) / group).exists()
    assert run(app, "photos", "sweep").stdout == "Stray photos: 0.\n"
