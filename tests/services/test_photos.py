"""A listing's photos: what is taken in, in which order, and what goes with them."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from pwb.errors import InvalidInput, NotFound
from pwb.extensions import db
from pwb.models import AuditEvent, GenerationRequest, Property, PropertyPhoto, Website
from pwb.services import photo_files, photos, properties
from pwb.services.storage import MissingFile, storage
from tests import factories, pictures
from tests.factories import Agency

HOSTILE = pictures.hostile()


@pytest.fixture
def listing(agency: Agency) -> Property:
    return factories.create_property(agency.website)


def files(app: Flask) -> list[Path]:
    folder = app.config["PWB"].uploads_dir
    return [path for path in folder.rglob("*") if path.is_file()]


def rows() -> int:
    return db.session.scalar(select(func.count(PropertyPhoto.id))) or 0


def add(agency: Agency, listing: Property, data: bytes, name: str = "photo.jpg") -> PropertyPhoto:
    return photos.add_photo(agency.website, agency.agent, listing, io.BytesIO(data), name)


def ids(website: Website, listing: Property) -> list[int]:
    return [photo.id for photo in photos.photos_of(website, listing.id)]


def test_a_photo_is_kept_with_its_row_and_without_its_place(
    app: Flask, agency: Agency, listing: Property
) -> None:
    photo = add(agency, listing, pictures.with_place(6), "Terrace at noon.JPG")
    kept = Image.open(io.BytesIO(photo_files.original(photo)))
    assert (photo.filename, photo.content_type) == ("Terrace at noon.JPG", "image/jpeg")
    assert (photo.width, photo.height) == kept.size == (240, 320)
    assert photo.size_bytes == len(photo_files.original(photo))
    assert not kept.getexif()
    assert "Terrace" not in photo.storage_key
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "photo.added")).one()
    assert event.object_label == listing.reference


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_of_hostile_files_neither_a_file_nor_a_row_is_kept(
    app: Flask, agency: Agency, listing: Property
) -> None:
    for name, data in HOSTILE.items():
        with pytest.raises(InvalidInput) as refused:
            add(agency, listing, data, "photo.jpg")
        assert refused.value.fields["photos"][0].startswith("photo.jpg: "), name
    with pytest.raises(InvalidInput):
        add(agency, listing, pictures.jpeg(), "../photo.jpg")
    assert files(app) == []
    assert rows() == 0


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/cron.d/photo.jpg",
        "..\\..\\photo.jpg",
        "/etc/photo.jpg",
        "C:\\photo.jpg",
        "..",
        "..jpg",
        "",
        "   ",
        "photo.jpg\x00.php",
        "gpj.\u202ephp.jpg",
        "photo.php",
        "photo.svg",
        "photo.html",
        "photo.gif",
    ],
)
def test_a_name_that_is_a_path_or_no_photos_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        photos.shown_name(name)
    assert "photos" in refused.value.fields


@pytest.mark.parametrize("name", ["holiday", "a.b.jpeg", "Küche, 2. Stock.webp", "日本.png"])
def test_any_other_name_is_shown_as_it_is(name: str) -> None:
    assert photos.shown_name(name) == name


def test_a_very_long_name_is_shown_shortened() -> None:
    assert len(photos.shown_name("x" * 400)) == 200


def test_the_same_photo_is_not_kept_twice(app: Flask, agency: Agency, listing: Property) -> None:
    add(agency, listing, pictures.jpeg())
    with pytest.raises(InvalidInput, match="already"):
        add(agency, listing, pictures.jpeg(), "again.jpg")
    other = factories.create_property(agency.website)
    add(agency, other, pictures.jpeg())
    assert (rows(), len(files(app))) == (2, 2)


def test_a_listing_has_room_for_so_many_and_no_more(
    app: Flask, agency: Agency, listing: Property, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos, "MOST_PHOTOS", 3)
    barrier, refused = threading.Barrier(6), []

    def upload(shade: int) -> None:
        with app.app_context():
            own = db.session.get_one(Property, listing_id)
            website = db.session.get_one(Website, own.website_id)
            barrier.wait()
            try:
                data = io.BytesIO(pictures.jpeg(shade))
                photos.add_photo(website, None, own, data, f"{shade}.jpg")
            except InvalidInput as error:
                refused.append(error.message)
            db.session.remove()

    listing_id = listing.id
    db.session.rollback()
    threads = [threading.Thread(target=upload, args=(shade,)) for shade in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (rows(), len(files(app)), len(refused)) == (3, 3, 3)
    assert "at most 3 photos" in refused[0]
    positions = [photo.position for photo in photos.photos_of(agency.website, listing_id)]
    assert positions == [1, 2, 3]


def test_a_file_that_cannot_be_kept_leaves_no_row(
    app: Flask, agency: Agency, listing: Property, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("pwb.services.storage.LocalStorage.save", no_room)
    with pytest.raises(OSError, match="no space"):
        add(agency, listing, pictures.jpeg())
    assert rows() == 0


def test_a_listing_deleted_meanwhile_leaves_no_file(
    app: Flask, agency: Agency, listing: Property
) -> None:
    add(agency, listing, pictures.jpeg(1))
    kept = files(app)
    db.session.execute(sa.text("DELETE FROM pwb_properties"))
    db.session.commit()
    with pytest.raises(NotFound):
        add(agency, listing, pictures.jpeg(2))
    assert files(app) == kept


def test_photos_are_ordered_moved_and_new_ones_come_last(agency: Agency, listing: Property) -> None:
    website = agency.website
    a, b, c, d = (factories.create_photo(listing, shade).id for shade in range(4))
    photos.reorder(website, agency.agent, listing.id, [c, 999_999, a, c])
    assert ids(website, listing) == [c, a, b, d]
    photos.move_photo(website, agency.agent, listing.id, d, -2)
    assert ids(website, listing) == [c, d, a, b]
    photos.move_photo(website, agency.agent, listing.id, b, 50)
    assert ids(website, listing) == [c, d, a, b]
    chosen = photos.chosen_photos(website, listing.id, [b, 999_999, c, b])
    assert [photo.id for photo in chosen] == [b, c]
    assert factories.create_photo(listing, 9).id == ids(website, listing)[-1]


def test_an_alt_text_is_kept_on_one_line_and_knows_where_it_came_from(
    agency: Agency, listing: Property
) -> None:
    website, photo = agency.website, factories.create_photo(listing)
    row = GenerationRequest(
        website_id=website.id,
        property_id=listing.id,
        request_type=photos.ALT_TEXT,
        ai_provider="open_router",
        ai_model="m",
        locale="en",
        status="completed",
        output_data={"alt_text": "A kitchen."},
    )
    db.session.add(row)
    db.session.commit()

    def save(text: str, request_id: int | None = None) -> tuple[str, str]:
        saved = photos.set_alt_text(website, None, listing.id, photo.id, text, request_id)
        return saved.alt_text, saved.alt_origin

    assert save(" A\nkitchen.\u202e ", row.id) == ("A kitchen.", "generated")
    assert save("A large kitchen.", row.id) == ("A large kitchen.", "written")
    assert save("") == ("", "")
    with pytest.raises(InvalidInput) as refused:
        save("x" * 301)
    assert "alt_text" in refused.value.fields


def test_another_websites_photos_are_out_of_reach(agency: Agency, listing: Property) -> None:
    photo = factories.create_photo(listing)
    stranger = factories.create_website()
    other = factories.create_property(agency.website)
    for website, listing_id in ((stranger, listing.id), (agency.website, other.id)):
        with pytest.raises(NotFound):
            photos.get_photo(website, listing_id, photo.id)
        with pytest.raises(NotFound):
            photos.delete_photo(website, None, listing_id, photo.id)
        with pytest.raises(NotFound):
            photos.set_alt_text(website, None, listing_id, photo.id, "mine")
        assert photos.chosen_photos(website, listing_id, [photo.id]) == []
    with pytest.raises(NotFound):
        photos.reorder(stranger, None, listing.id, [photo.id])
    assert rows() == 1


def test_with_a_photo_go_its_file_all_that_was_made_of_it_and_its_place_in_posts(
    app: Flask, agency: Agency, listing: Property
) -> None:
    from pwb.models import SocialMediaPost

    first, second = (factories.create_photo(listing, shade) for shade in range(2))
    photo_files.thumbnail(first)
    photo_files.cropped(first, 108, 135)
    post = SocialMediaPost(
        website_id=agency.website.id,
        property_id=listing.id,
        platform="instagram",
        category="just_listed",
        locale="en",
        photos=[first.id, second.id],
    )
    db.session.add(post)
    db.session.commit()
    assert len(files(app)) == 4
    photos.delete_photo(agency.website, agency.agent, listing.id, first.id)
    assert (rows(), len(files(app)), post.photos) == (1, 1, [second.id])


def test_with_a_listing_go_the_files_of_its_photos(
    app: Flask, agency: Agency, listing: Property
) -> None:
    other = factories.create_property(agency.website)
    for shade in range(2):
        photo_files.thumbnail(factories.create_photo(listing, shade))
    factories.create_photo(other, 5)
    properties.delete_property(agency.website, agency.agent, listing.id, listing.lock_version)
    assert (rows(), len(files(app))) == (1, 1)


def test_copies_are_made_once_and_a_missing_file_is_said_to_be_missing(
    agency: Agency, listing: Property, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = factories.create_photo(listing)
    first = photo_files.cropped(photo, 108, 135)
    assert Image.open(io.BytesIO(first)).size == (108, 135)
    assert max(Image.open(io.BytesIO(photo_files.thumbnail(photo))).size) == 480
    with monkeypatch.context() as patched:
        patched.setattr(photo_files, "original", lambda photo: pytest.fail("made again"))
        assert photo_files.cropped(photo, 108, 135) == first
    storage().delete(photo.storage_key)
    with pytest.raises(MissingFile):
        photo_files.thumbnail(photo)
