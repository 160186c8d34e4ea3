"""Picture files for tests: sound ones, and those that somebody made to do harm."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw

PNG_START = b"\x89PNG\r\n\x1a\n"


def picture(width: int = 320, height: int = 240, shade: int = 0, mode: str = "RGB") -> Image.Image:
    """A picture with a red left half; pictures of different shades are different photos."""
    image = Image.new("RGB", (width, height), (40, 90 + shade * 7 % 160, 200))
    ImageDraw.Draw(image).rectangle((0, 0, width // 2 - 1, height), fill=(220, 30, 30))
    return image.convert(mode)


def encoded(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def jpeg(shade: int = 0, width: int = 320, height: int = 240, **options: Any) -> bytes:
    """A sound photo."""
    return encoded(picture(width, height, shade), quality=90, **options)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG file with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(side: int = 50_000) -> bytes:
    """A few kilobytes that say they are a picture of side by side pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000), 9)
    return (
        PNG_START
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", pixels)
        + png_chunk(b"IEND", b"")
    )


def jpeg_segment(marker: int, body: bytes) -> bytes:
    """One segment of a JPEG file."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def with_segment(data: bytes, marker: int, body: bytes) -> bytes:
    """A JPEG with one more segment at its beginning."""
    return data[:2] + jpeg_segment(marker, body) + data[2:]


def with_place(orientation: int = 1) -> bytes:
    """A photo whose EXIF tells the place, the camera and how it was held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Spy Camera Works"
    exif.get_ifd(0x8825)[2] = (36.0, 30.0, 15.0)
    return encoded(picture(), exif=exif, comment=b"home of the owner")


def parted(data: bytes, at: int, part: bytes) -> bytes:
    """The file with tens of thousands of the same small part in it."""
    return data[:at] + part * 41_000 + data[at:]


def riff(data: bytes) -> bytes:
    """A WebP file with its length as it is."""
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(document.cookie)</script>"
ZIP = b"PK\x03\x04" + bytes(26) + b"PK\x05\x06" + bytes(18)


def hostile() -> dict[str, bytes]:
    """Files that must be refused, by what is wrong with them."""
    sound = jpeg(width=640, height=480)
    animation = [picture(shade=n) for n in range(3)]
    scan = jpeg_segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x00"
    return {
        "empty": b"",
        "text": b"just words",
        "svg_with_script": SVG,
        "svg_with_xml_declaration": b'<?xml version="1.0"?>' + SVG,
        "web_page": HTML,
        "gif": encoded(picture(), "GIF"),
        "gifar": encoded(picture(), "GIF") + ZIP,
        "bmp": encoded(picture(), "BMP"),
        "tiff": encoded(picture(), "TIFF"),
        "jpeg_then_web_page": sound + HTML,
        "jpeg_then_archive": sound + ZIP,
        "jpeg_with_script_in_comment": with_segment(sound, 0xFE, HTML),
        "jpeg_with_php_in_exif": with_segment(sound, 0xE1, b"Exif\0\0<?php system($_GET[0]) ?>"),
        "jpeg_with_document": with_segment(sound, 0xFE, b"%PDF-1.7 1 0 obj"),
        "png_then_web_page": encoded(picture(), "PNG") + HTML,
        "png_with_script_in_text": PNG_START
        + encoded(picture(), "PNG")[8:33]
        + png_chunk(b"tEXt", b"Comment\0" + HTML)
        + encoded(picture(), "PNG")[33:],
        "webp_then_archive": encoded(picture(), "WEBP") + ZIP,
        "png_bomb": png_bomb(),
        "wide_png": encoded(Image.new("1", (20_001, 2)), "PNG"),
        "truncated_jpeg": sound[: len(sound) // 2],
        "jpeg_without_end": sound[:-2],
        "truncated_png": encoded(picture(), "PNG")[:-40],
        "truncated_webp": encoded(picture(), "WEBP")[:-40],
        "only_a_jpeg_start": b"\xff\xd8\xff\xe0",
        "only_a_png_start": PNG_START,
        "jpeg_of_many_scans": sound[:-2] + scan * 80 + b"\xff\xd9",
        "jpeg_of_many_segments": sound[:2] + jpeg_segment(0xFE, b"") * 41_000 + sound[2:],
        "png_of_many_chunks": parted(encoded(picture(), "PNG"), 33, png_chunk(b"abCd", b"")),
        "webp_of_many_chunks": riff(parted(encoded(picture(), "WEBP"), 12, b"abcd" + bytes(4))),
        "large_webp": encoded(Image.new("L", (8_000, 4_001)), "WEBP", method=0),
        "animated_webp": encoded(
            animation[0], "WEBP", save_all=True, append_images=animation[1:], duration=100
        ),
        "animated_png": encoded(
            animation[0], "PNG", save_all=True, append_images=animation[1:], duration=100
        ),
    }
