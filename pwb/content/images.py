"""Photos as strangers send them, made into pictures that are safe to keep and to show.

What is kept is never what was sent: the pixels are read, turned as the camera says, brought to
sRGB and written anew as a JPEG, so that neither a place nor a payload travels along.
"""

from __future__ import annotations

import io
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from pwb.content.image_parts import BrokenFile, outside_the_pixels

CONTENT_TYPE = "image/jpeg"
MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 64_000_000
_MOST_PIXELS_OF = {"WEBP": 32_000_000}  # Its reader holds the pixels four times over.
LONGEST_SIDE = 20_000
KEPT_SIDE = 2560
"""The longest side of a kept picture, in pixels: twice what any platform shows."""

_QUALITY = 88
_FORMATS = ("JPEG", "PNG", "WEBP")
# Everything that Pillow's readers raise on files that were made to break them.
_UNREADABLE = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, OverflowError),
    *(struct.error, zlib.error, MemoryError, BrokenFile),
)
_TOO_MANY_PIXELS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
# A picture takes up to 600 MB while it is read: two at a time, others wait.
_turns = threading.BoundedSemaphore(2)
_BAND = 256  # lines of the picture as it is kept


class UnusablePicture(ValueError):
    """The file is no photo to keep; the message says why and what would do."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG without any metadata, and its size in pixels."""

    data: bytes
    width: int
    height: int


def clean(data: bytes) -> Picture:
    """The picture in a JPEG, PNG or WebP file, written anew; raises UnusablePicture."""
    _check_size(data)
    with _turns, _reading():
        # Before any reader sees it: theirs take their time over what is made to waste it.
        _check_parts(data)
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _check_image(image)
            image.draft("RGB", (KEPT_SIDE, KEPT_SIDE))
            image.load()
            return _written(_upright(_near_kept_size(image)), (KEPT_SIDE, KEPT_SIDE))


def scaled(data: bytes, longest: int, quality: int = _QUALITY) -> bytes:
    """A kept picture no larger than `longest` pixels a side, as a JPEG."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        image.draft("RGB", (longest, longest))
        return _written(image.convert("RGB"), (longest, longest), quality).data


def cropped(data: bytes, width: int, height: int) -> bytes:
    """A kept picture cut about its middle to a ratio and brought to exactly this size."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        fitted = ImageOps.fit(image.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
        return _written(fitted, (width, height)).data


def _check_size(data: bytes) -> None:
    if not data:
        raise UnusablePicture("The file is empty.")
    if len(data) > MOST_BYTES:
        most = MOST_BYTES // (1024 * 1024)
        raise UnusablePicture(f"The file is larger than {most} MB. Save it smaller and try again.")


@contextmanager
def _reading() -> Iterator[None]:
    """Whatever a reader raises is the file's fault, and said as such."""
    try:
        yield
    except UnusablePicture:
        raise
    except _TOO_MANY_PIXELS:
        raise _too_large() from None
    except UnidentifiedImageError:
        raise UnusablePicture(
            "This is no JPEG, PNG or WebP picture, whatever its name says."
        ) from None
    except _UNREADABLE:
        raise UnusablePicture(
            "The picture is damaged or cut short. Save it anew from the original and try again."
        ) from None


def _too_large(most_pixels: int = MOST_PIXELS) -> UnusablePicture:
    most = most_pixels // 1_000_000
    return UnusablePicture(
        f"The picture has more than {most} million pixels or a side of more than"
        f" {LONGEST_SIDE:,} pixels. Save it smaller and try again."
    )


def _check_image(image: Image.Image) -> None:
    """What the header tells, before any pixel is read."""
    width, height = image.size
    most = _MOST_PIXELS_OF.get(image.format or "", MOST_PIXELS)
    if width * height > most or max(width, height) > LONGEST_SIDE:
        raise _too_large(most)
    # A JPEG of several pictures (MPO) is how some phones save depth beside the photo.
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise UnusablePicture("This is an animation. Save one of its pictures as a photo instead.")


def _check_parts(data: bytes) -> None:
    if outside_the_pixels(data).has_active_content:
        raise UnusablePicture(
            "Something that is no picture, such as a web page, a program or an archive, is hidden"
            " in this file. Save the photo anew from the original."
        )


def _near_kept_size(image: Image.Image) -> Image.Image:
    """The picture in plain RGB, whole times smaller but no smaller than it is kept. It is done band
    by band: a file of 7 KB may be 64 million pixels, and each copy of these takes 256 MB."""
    factor = max(1, max(image.size) // KEPT_SIDE)
    width, height = image.size
    near = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, _BAND * factor):
        band = image.crop((0, top, width, min(top + _BAND * factor, height)))
        near.paste(_flat(band).reduce(factor), (0, top // factor))
    near.info = dict(image.info)  # Says how the camera was held.
    return near


def _flat(image: Image.Image) -> Image.Image:
    """The picture in sRGB without transparency: clear parts become white."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode == "CMYK" or image.info.get("icc_profile"):
        image = _in_srgb(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return image.convert("RGB")


def _in_srgb(image: Image.Image) -> Image.Image:
    """Colours as the file's own profile means them; without a sound one, as they stand."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK", "L"):
        return image
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(
            image, own, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return turned or image


def _upright(image: Image.Image) -> Image.Image:
    """Turned as the camera was held; unreadable EXIF says nothing."""
    try:
        return ImageOps.exif_transpose(image)
    except _UNREADABLE:
        return image


def _written(image: Image.Image, box: tuple[int, int], quality: int = _QUALITY) -> Picture:
    if image.width > box[0] or image.height > box[1]:
        image.thumbnail(box, Image.Resampling.LANCZOS)
    # Pasted onto a new one: what else the file said of its picture stays behind.
    bare = Image.new("RGB", image.size)
    bare.paste(image)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return Picture(out.getvalue(), *bare.size)
