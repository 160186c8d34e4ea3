"""Where files are kept: whole or not at all, and nowhere but in their folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pwb.services.storage import LocalStorage, MissingFile, group_of, new_key, sibling_key


@pytest.fixture
def store(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "uploads")


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_comes_back_as_it_was_saved(store: LocalStorage) -> None:
    key = new_key("photo.jpg")
    assert not store.exists(key)
    store.save(key, b"one")
    store.save(key, b"two")
    assert store.exists(key) and store.open(key) == b"two"
    assert len(files_below(store.root)) == 1


def test_a_group_goes_at_once_and_only_that_group(store: LocalStorage) -> None:
    key, other = new_key("photo.jpg"), new_key("photo.jpg")
    for each in (key, sibling_key(key, "thumb.jpg"), other):
        store.save(each, b"file")
    store.delete(key)
    store.delete(key)
    assert [path.read_bytes() for path in files_below(store.root)] == [b"file"]
    assert store.exists(other)
    with pytest.raises(MissingFile):
        store.open(key)


@pytest.mark.parametrize(
    "key",
    [
        "../../etc/passwd",
        "ab/" + "0" * 32 + "/../../x.jpg",
        "/etc/passwd",
        "ab/" + "0" * 32 + "/photo.jpg\n",
        "ab/" + "0" * 32 + "/a\x00.jpg",
        "photo.jpg",
        "",
    ],
)
def test_what_is_no_key_reaches_no_file(store: LocalStorage, key: str) -> None:
    for use in (store.open, store.exists, store.delete, lambda key: store.save(key, b"x")):
        with pytest.raises(ValueError, match="no key"):
            use(key)
    assert not store.root.exists()


@pytest.mark.parametrize("name", ["../x.jpg", "a/b.jpg", "photo", "Photo.JPG", ".jpg", "x.j"])
def test_no_key_is_made_of_an_odd_name(name: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        new_key(name)


def test_a_save_that_fails_leaves_nothing(
    store: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("pwb.services.storage.os.fsync", no_room)
    with pytest.raises(OSError, match="no space"):
        store.save(new_key("photo.jpg"), b"x")
    assert files_below(store.root) == []


@pytest.mark.parametrize("name", ["", ".", "..", "ab", "ab/../..", "ab/" + "0" * 31, "/etc"])
def test_what_is_no_group_removes_nothing(store: LocalStorage, name: str) -> None:
    store.save(new_key("photo.jpg"), b"file")
    with pytest.raises(ValueError, match="no name of a group"):
        store.delete_group(name)
    assert len(files_below(store.root)) == 1


def test_groups_are_told_with_the_time_of_their_latest_file(store: LocalStorage) -> None:
    assert list(store.groups()) == []
    key = new_key("photo.jpg")
    store.save(key, b"one")
    [group] = store.groups()
    assert group.name == group_of(key)
    os.utime(store.root / group.name, (0, 0))
    store.save(sibling_key(key, "thumb.jpg"), b"two")
    [later] = store.groups()
    assert later.changed_at >= group.changed_at
