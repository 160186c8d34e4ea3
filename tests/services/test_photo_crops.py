"""A post packed to be taken to its platform: its texts, and its pictures at the right size."""

from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image

from pwb.content.platforms import PLATFORMS, as_posted
from pwb.errors import NotFound
from pwb.extensions import db
from pwb.models import Property
from pwb.services import photo_crops, photos
from pwb.services.storage import MissingFile, storage
from tests import factories
from tests.factories import Agency


@pytest.fixture
def listing(agency: Agency) -> Property:
    return factories.create_property(agency.website)


def packed(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_post_is_packed_with_its_texts_and_its_pictures_in_their_order(
    agency: Agency, listing: Property
) -> None:
    first, second = (factories.create_photo(listing, shade) for shade in range(2))
    photos.set_alt_text(agency.website, None, listing.id, second.id, "A terrace")
    post = factories.create_post(
        listing,
        platform="facebook",
        caption="Große Villa, 日本",
        link="https://costa.test/es-1",
        photos=[second.id, first.id, 999_999],
    )
    found = packed(photo_crops.post_zip(agency.website, post))
    assert list(found) == [
        *("caption.txt", "hashtags.txt", "link.txt", "post.txt", "alt-texts.txt"),
        *("images/01.jpg", "images/02.jpg"),
    ]
    assert found["caption.txt"].decode() == "Große Villa, 日本\n"
    assert found["hashtags.txt"].decode() == "#Marbella #NewListing\n"
    posted = as_posted(PLATFORMS["facebook"], post.caption, post.hashtags, post.link)
    assert found["post.txt"].decode() == posted + "\n"
    assert found["alt-texts.txt"].decode().splitlines() == ["01.jpg: A terrace", "02.jpg: "]
    wanted = photo_crops.format_of("facebook", "feed")
    for name in ("images/01.jpg", "images/02.jpg"):
        assert Image.open(io.BytesIO(found[name])).size == (wanted.width, wanted.height)
    assert found["images/01.jpg"] == photo_crops.post_image(agency.website, post, second.id)
    again = photo_crops.post_zip(agency.website, post)
    assert packed(again) == found and again == photo_crops.post_zip(agency.website, post)


def test_what_a_post_lacks_is_not_packed(agency: Agency, listing: Property) -> None:
    post = factories.create_post(listing, hashtags=[])
    assert list(packed(photo_crops.post_zip(agency.website, post))) == ["caption.txt", "post.txt"]


def test_a_format_that_the_platform_lacks_falls_back_to_its_usual_one() -> None:
    for platform in PLATFORMS.values():
        first = next(iter(platform.formats.values()))
        assert photo_crops.format_of(platform.id, "hologram") == first


def test_only_photos_of_the_posts_own_listing_are_shown(agency: Agency, listing: Property) -> None:
    other = factories.create_photo(factories.create_property(agency.website), 4)
    post = factories.create_post(listing, photos=[other.id])
    with pytest.raises(NotFound):
        photo_crops.post_image(agency.website, post, other.id)
    assert "images/01.jpg" not in packed(photo_crops.post_zip(agency.website, post))


def test_a_photo_whose_file_is_missing_is_not_left_out_silently(
    agency: Agency, listing: Property
) -> None:
    photo = factories.create_photo(listing)
    post = factories.create_post(listing, photos=[photo.id])
    db.session.refresh(photo)
    storage().delete(photo.storage_key)
    with pytest.raises(MissingFile):
        photo_crops.post_zip(agency.website, post)
