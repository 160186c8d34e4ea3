"""Photos cut as a platform shows them, and a post packed to be taken there."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from pwb.content.platforms import PLATFORMS, Format, as_posted
from pwb.models import PropertyPhoto, SocialMediaPost, Website
from pwb.services import photo_files
from pwb.services.photos import chosen_photos, get_photo

# The time of every file in an archive: the same post makes the same bytes.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def format_of(platform_id: str, format_id: str) -> Format:
    """The platform's format, its usual one where it has none of that name."""
    formats = PLATFORMS[platform_id].formats
    return formats.get(format_id) or next(iter(formats.values()))


def crop(photo: PropertyPhoto, platform_id: str, format_id: str) -> bytes:
    """The photo as a JPEG of exactly the size that the platform's format asks for."""
    wanted = format_of(platform_id, format_id)
    return photo_files.cropped(photo, wanted.width, wanted.height)


def post_image(
    website: Website, post: SocialMediaPost, photo_id: int, format_id: str = ""
) -> bytes:
    """A photo of the post's listing, chosen for it or not yet, as the post shows it in its own
    format or in another one; raises NotFound."""
    photo = get_photo(website, post.property_id, photo_id)
    return crop(photo, post.platform, format_id or post.format)


def post_zip(website: Website, post: SocialMediaPost) -> bytes:
    """The post as a ZIP archive: its texts, each in a file of its own and as they are posted, and
    its pictures in their order. Raises MissingFile."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in _files(website, post):
            entry = zipfile.ZipInfo(name, _NO_TIME)
            # A JPEG gets no smaller by packing it.
            packed = zipfile.ZIP_STORED if name.endswith(".jpg") else zipfile.ZIP_DEFLATED
            archive.writestr(entry, data, packed)
    return out.getvalue()


def _files(website: Website, post: SocialMediaPost) -> Iterator[tuple[str, bytes]]:
    platform = PLATFORMS[post.platform]
    photos = chosen_photos(website, post.property_id, post.photos)
    alt_texts = [f"{at:02}.jpg: {photo.alt_text}" for at, photo in enumerate(photos, 1)]
    texts = {
        "caption.txt": post.caption,
        "hashtags.txt": " ".join(post.hashtags),
        "link.txt": post.link,
        "post.txt": as_posted(platform, post.caption, post.hashtags, post.link),
        "alt-texts.txt": "\n".join(alt_texts) if any(p.alt_text for p in photos) else "",
    }
    for name, text in texts.items():
        if text:
            yield name, f"{text}\n".encode()
    for at, photo in enumerate(photos, 1):
        yield f"images/{at:02}.jpg", crop(photo, post.platform, post.format)
