"""Where files are kept: a small interface, and the one kind there is so far, a local folder.

A key is made here and never of anything that a person typed. It names a group, one thing with all
that is derived from it, and a file in that group, so that the whole group can go at once; on a
store of objects the group is a prefix.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from pwb.errors import NotFound
from pwb.services.connections import settings

_KEY = re.compile(r"([0-9a-f]{2}/[0-9a-f]{32})/([a-z0-9]{1,40}\.[a-z]{3,4})")
_GROUP = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}")
_GROUPS = "[0-9a-f]" * 2 + "/" + "[0-9a-f]" * 32


class MissingFile(NotFound):
    """The file is not in storage, whatever the database says."""


@dataclass(frozen=True, slots=True)
class Group:
    """A thing with all that is derived from it: its name, and when the latest file came into it."""

    name: str
    changed_at: datetime


class Storage(Protocol):
    """What the portal asks of a place for files. Whoever writes a key again replaces its file."""

    def save(self, key: str, data: bytes) -> None:
        """Keep the file, whole or not at all."""

    def open(self, key: str) -> bytes:
        """The file's content; raises MissingFile."""

    def exists(self, key: str) -> bool:
        """Whether there is such a file."""

    def delete(self, key: str) -> None:
        """Remove the whole group that the key belongs to, if it is there."""

    def groups(self) -> Iterator[Group]:
        """Every group there is, those of files that were never finished too."""

    def delete_group(self, name: str) -> None:
        """Remove the group of this name, if it is there."""


def new_key(name: str) -> str:
    """A key that nobody can guess, of a new group with a file of this name."""
    group = secrets.token_hex(16)
    return _checked(f"{group[:2]}/{group}/{name}")


def sibling_key(key: str, name: str) -> str:
    """The key of another file in the same group."""
    return _checked(f"{group_of(key)}/{name}")


def group_of(key: str) -> str:
    """The name of the group that the key belongs to."""
    return _checked(key).rpartition("/")[0]


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError("this is no key of a stored file")
    return key


class LocalStorage:
    """Files in a folder of this machine, which all its processes share."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, key: str, data: bytes) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with unfinished.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)

    def open(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            raise MissingFile(
                "The file of this photo is missing.", resolution="Upload the photo again."
            ) from None

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def delete(self, key: str) -> None:
        self.delete_group(group_of(key))

    def groups(self) -> Iterator[Group]:
        for folder in self.root.glob(_GROUPS):
            # A new file changes its folder, too; what goes meanwhile is no group any more.
            with suppress(FileNotFoundError):
                changed = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
                yield Group(folder.relative_to(self.root).as_posix(), changed)

    def delete_group(self, name: str) -> None:
        if not _GROUP.fullmatch(name):
            raise ValueError("this is no name of a group of stored files")
        shutil.rmtree(self.root / name, ignore_errors=True)

    def _path(self, key: str) -> Path:
        return self.root / _checked(key)


def storage() -> Storage:
    """Where this portal keeps its files."""
    return LocalStorage(settings().uploads_dir)
