"""A listing's photos: taking them in, ordering, describing and deleting them.

A row is written only once its file is kept, and a file is kept only with its row.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, BinaryIO, NoReturn

from sqlalchemy import Table, func, inspect, select, update

from pwb.content import images
from pwb.content.images import CONTENT_TYPE, MOST_BYTES, Picture, UnusablePicture
from pwb.content.plain_text import one_line
from pwb.errors import InvalidInput, NotFound
from pwb.extensions import db
from pwb.models import (
    Action,
    GenerationRequest,
    Property,
    PropertyPhoto,
    SocialMediaPost,
    User,
    Website,
)
from pwb.services import audit
from pwb.services.storage import new_key, storage
from pwb.services.tenancy import find, scoped

MOST_PHOTOS = 50
NAME_LENGTH = 200
ALT_LENGTH = 300
ALT_TEXT = "photo_alt_text"
_EXTENSIONS = ("jpg", "jpeg", "jpe", "jfif", "png", "webp")
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,10})$")


def photos_of(website: Website, listing_id: int) -> list[PropertyPhoto]:
    """The listing's photos in their order."""
    query = scoped(PropertyPhoto, website).where(PropertyPhoto.property_id == listing_id)
    return list(db.session.scalars(query.order_by(PropertyPhoto.position, PropertyPhoto.id)))


def get_photo(website: Website, listing_id: int, photo_id: int) -> PropertyPhoto:
    """The listing's photo; raises NotFound."""
    photo = find(PropertyPhoto, website, photo_id)
    if photo.property_id != listing_id:
        raise NotFound("This listing has no such photo.", resolution="It may have been deleted.")
    return photo


def chosen_photos(
    website: Website, listing_id: int, photo_ids: Iterable[int]
) -> list[PropertyPhoto]:
    """Those of the listing's photos that the ids name, in the order of the ids; an id that names
    none is left out."""
    wanted = list(dict.fromkeys(photo_ids))
    if not wanted:
        return []
    found = {photo.id: photo for photo in photos_of(website, listing_id)}
    return [found[photo_id] for photo_id in wanted if photo_id in found]


def photos_by_id(website: Website, photo_ids: Collection[int]) -> dict[int, PropertyPhoto]:
    """The website's photos with these ids, whichever listing they are of."""
    if not photo_ids:
        return {}
    query = scoped(PropertyPhoto, website).where(PropertyPhoto.id.in_(photo_ids))
    return {photo.id: photo for photo in db.session.scalars(query)}


def add_photo(
    website: Website, actor: User | None, listing: Property, stream: BinaryIO, filename: str
) -> PropertyPhoto:
    """Check a file and keep it as the listing's last photo.

    Raises InvalidInput naming `photos`, with nothing kept, for a file that is no photo, a name
    that is no file's name, a photo that the listing has already, and one photo too many.
    """
    listing_id = _id_of(listing)
    name = shown_name(filename)
    # A large picture takes a second to read, for which the database is not held up.
    db.session.rollback()
    picture = _read(stream, name)
    key = new_key("photo.jpg")
    kept = False
    try:
        storage().save(key, picture.data)
        photo = _insert(website, actor, listing_id, _values(key, name, picture))
        kept = True
    finally:
        if not kept:
            db.session.rollback()
            storage().delete(key)
    return photo


def _id_of(listing: Property) -> int:
    """Its id without a look at its row, which may be deleted between two photos of one form."""
    identity = inspect(listing).identity
    return int(identity[0]) if identity else listing.id


def shown_name(filename: str) -> str:
    """What a photo is called on pages; raises InvalidInput for a path and a foreign extension."""
    name = one_line(filename)
    if not name or name != " ".join(filename.split()) or re.search(r"[/\\]|^\.+$|^\.\.", name):
        _refuse("A photo's file name holds no folders, no “..” and no hidden characters.")
    extension = _EXTENSION.search(name)
    if extension and extension[1].lower() not in _EXTENSIONS:
        _refuse(f"{_short(name)} is no photo: its name would end in .jpg, .png or .webp.")
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"


def _read(stream: BinaryIO, name: str) -> Picture:
    try:
        return images.clean(stream.read(MOST_BYTES + 1))
    except UnusablePicture as unusable:
        _refuse(f"{_short(name)}: {unusable}")


def _values(key: str, name: str, picture: Picture) -> dict[str, Any]:
    return {
        "storage_key": key,
        "filename": name,
        "content_type": CONTENT_TYPE,
        "width": picture.width,
        "height": picture.height,
        "size_bytes": len(picture.data),
        "sha256": hashlib.sha256(picture.data).hexdigest(),
    }


def _insert(
    website: Website, actor: User | None, listing_id: int, values: Mapping[str, Any]
) -> PropertyPhoto:
    reference = _take_turn(website, listing_id)
    there = photos_of(website, listing_id)
    if any(photo.sha256 == values["sha256"] for photo in there):
        _refuse(f"{_short(values['filename'])} is among the listing's photos already.")
    if len(there) >= MOST_PHOTOS:
        _refuse(f"A listing has at most {MOST_PHOTOS} photos. Delete one to make room.")
    photo = PropertyPhoto(
        website_id=website.id,
        property_id=listing_id,
        position=max((photo.position for photo in there), default=0) + 1,
        created_by_id=actor.id if actor else None,
        **values,
    )
    db.session.add(photo)
    db.session.flush()
    _record(website, actor, Action.PHOTO_ADDED, photo, reference, {"photo": (None, photo.filename)})
    db.session.commit()
    return photo


def _take_turn(website: Website, listing_id: int) -> str:
    """Let changes to one listing's photos go one after the other, on both databases; returns the
    listing's reference, or raises NotFound where it was deleted meanwhile."""
    table: Table = Property.__table__  # type: ignore[assignment] # a Table, as of every model
    reference: str | None = db.session.scalar(
        update(table)
        .where(table.c.id == listing_id, table.c.website_id == website.id)
        # Written as they are: no save of the facts is disturbed.
        .values(lock_version=table.c.lock_version, updated_at=table.c.updated_at)
        .returning(table.c.reference)
    )
    if reference is None:
        raise NotFound("This listing is not there any more.")
    return reference


def delete_photo(website: Website, actor: User | None, listing_id: int, photo_id: int) -> str:
    """Delete a photo, its files, and its place in posts; returns its name. Raises NotFound."""
    db.session.rollback()
    reference = _take_turn(website, listing_id)
    photo = get_photo(website, listing_id, photo_id)
    name, key = photo.filename, photo.storage_key
    _record(website, actor, Action.PHOTO_DELETED, photo, reference, {"photo": (name, None)})
    _take_out_of_posts(website, listing_id, photo_id)
    db.session.delete(photo)
    db.session.commit()
    storage().delete(key)
    return name


def _take_out_of_posts(website: Website, listing_id: int, photo_id: int) -> None:
    posts = scoped(SocialMediaPost, website).where(SocialMediaPost.property_id == listing_id)
    for post in db.session.scalars(posts):
        if photo_id in post.photos:
            post.photos = [each for each in post.photos if each != photo_id]


def reorder(
    website: Website, actor: User | None, listing_id: int, photo_ids: Sequence[int]
) -> list[PropertyPhoto]:
    """Put the photos in the order of the ids. Ids of photos that are gone count for nothing, and
    photos that are not named come last, as they stood. Raises NotFound."""
    db.session.rollback()
    reference = _take_turn(website, listing_id)
    before = photos_of(website, listing_id)
    place = {photo_id: at for at, photo_id in reversed(list(enumerate(photo_ids)))}
    after = sorted(before, key=lambda photo: place.get(photo.id, len(place) + len(photo_ids)))
    for position, photo in enumerate(after, 1):
        photo.position = position
    if after != before:
        _record(website, actor, Action.PHOTOS_REORDERED, after[0], reference, {})
    db.session.commit()
    return after


def move_photo(
    website: Website, actor: User | None, listing_id: int, photo_id: int, steps: int
) -> list[PropertyPhoto]:
    """Move a photo by so many places, as far as there are places; raises NotFound."""
    ids = [photo.id for photo in photos_of(website, listing_id)]
    if photo_id not in ids:
        raise NotFound("This listing has no such photo.", resolution="It may have been deleted.")
    place = min(max(ids.index(photo_id) + steps, 0), len(ids) - 1)
    ids.remove(photo_id)
    ids.insert(place, photo_id)
    return reorder(website, actor, listing_id, ids)


def set_alt_text(
    website: Website,
    actor: User | None,
    listing_id: int,
    photo_id: int,
    text: str,
    request_id: int | None = None,
) -> PropertyPhoto:
    """Save what a photo shows in words; `request_id` names the generation that the text came from.

    Raises InvalidInput naming `alt_text`, and NotFound.
    """
    photo = get_photo(website, listing_id, photo_id)
    wanted = one_line(text)
    if len(wanted) > ALT_LENGTH:
        message = f"An alt text has at most {ALT_LENGTH} characters; this one has {len(wanted)}."
        raise InvalidInput(message, fields={"alt_text": [message]})
    if wanted != photo.alt_text:
        change = {"alt_text": (photo.alt_text, wanted)}
        photo.alt_text = wanted
        photo.alt_origin = _origin(website, photo, wanted, request_id)
        reference = find(Property, website, listing_id).reference
        _record(website, actor, Action.PHOTO_DESCRIBED, photo, reference, change)
        db.session.commit()
    return photo


def _origin(website: Website, photo: PropertyPhoto, text: str, request_id: int | None) -> str:
    """ "generated" only for the words of that very generation, unchanged."""
    if not text:
        return ""
    query = scoped(GenerationRequest, website).where(
        GenerationRequest.id == (request_id or 0),
        GenerationRequest.request_type == ALT_TEXT,
        GenerationRequest.property_id == photo.property_id,
    )
    row = db.session.scalar(query)
    own = row is not None and (row.output_data or {}).get("alt_text") == text
    return "generated" if own else "written"


def storage_keys(website: Website, listing_id: int) -> list[str]:
    """The files of the listing's photos, to be removed once the listing is."""
    query = select(PropertyPhoto.storage_key).where(
        PropertyPhoto.website_id == website.id, PropertyPhoto.property_id == listing_id
    )
    return list(db.session.scalars(query))


def remove_files(keys: Iterable[str]) -> None:
    """Remove files whose rows are gone."""
    for key in keys:
        storage().delete(key)


def count_of(website: Website, listing_id: int) -> int:
    """How many photos the listing has."""
    query = select(func.count(PropertyPhoto.id)).where(
        PropertyPhoto.website_id == website.id, PropertyPhoto.property_id == listing_id
    )
    return db.session.scalar(query) or 0


def _record(
    website: Website,
    actor: User | None,
    action: Action,
    photo: PropertyPhoto,
    reference: str,
    changes: Mapping[str, audit.Change],
) -> None:
    audit.record(
        website,
        actor,
        action,
        object_type="photo",
        object_id=photo.id,
        label=reference,
        changes=changes,
    )


def _short(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:40]}…{name[-18:]}"


def _refuse(message: str) -> NoReturn:
    raise InvalidInput(message, fields={"photos": [message]})
