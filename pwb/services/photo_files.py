"""The file of a photo, and the smaller and cut ones that are made of it when first asked for."""

from __future__ import annotations

import base64
from collections.abc import Callable

from pwb.content import images
from pwb.models import PropertyPhoto
from pwb.services.storage import sibling_key, storage

THUMB_SIDE = 480
# What providers read without making it smaller themselves; more pixels only cost more.
MODEL_SIDE, MODEL_QUALITY = 1024, 80


def original(photo: PropertyPhoto) -> bytes:
    """The kept file; raises MissingFile."""
    return storage().open(photo.storage_key)


def thumbnail(photo: PropertyPhoto) -> bytes:
    """A small copy for lists; raises MissingFile."""
    return _derived(photo, "thumb.jpg", lambda data: images.scaled(data, THUMB_SIDE))


def cropped(photo: PropertyPhoto, width: int, height: int) -> bytes:
    """A copy cut to exactly this size; raises MissingFile."""
    return _derived(
        photo, f"{width}x{height}.jpg", lambda data: images.cropped(data, width, height)
    )


def data_url(photo: PropertyPhoto) -> str:
    """The copy that goes to a model, as it travels; raises MissingFile."""
    data = _derived(photo, "model.jpg", lambda data: images.scaled(data, MODEL_SIDE, MODEL_QUALITY))
    return f"data:{images.CONTENT_TYPE};base64,{base64.b64encode(data).decode()}"


def _derived(photo: PropertyPhoto, name: str, make: Callable[[bytes], bytes]) -> bytes:
    key, store = sibling_key(photo.storage_key, name), storage()
    if store.exists(key):
        return store.open(key)
    made = make(original(photo))
    store.save(key, made)
    return made
