"""What a picture file holds beside its pixels: the place where other files hide.

A file may be a JPEG to one program and a web page or an archive to another. Readers of pictures
skip what they don't know, so the parts are walked through here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Long enough that chance does not make them: cameras leave megabytes of film after a photo.
_MARKUP = re.compile(
    rb"<(?:(?:script|html|body|iframe|object|embed|svg|img)[\s>/]|!doctype\s|\?php\s)",
    re.IGNORECASE,
)
_DOCUMENT = b"%PDF-"
_ARCHIVE_END = b"PK\x05\x06"
_PROGRAMS = (b"\x7fELF", b"MZ\x90\x00", b"#!/", b"PK\x03\x04", b"Rar!\x1a", b"7z\xbc\xaf")
# An archive's end mark is at most so far from the end of the file.
_ARCHIVE_TAIL = 66_000
MOST_SCANS = 64
"""A JPEG of thousands of scans is small to send and takes hours to read."""
MOST_PARTS = 40_000
"""A file of millions of empty parts keeps its readers busy for long; encoders make parts of a
kilobyte at least."""

_PNG_START = b"\x89PNG\r\n\x1a\n"
_WEBP_PIXELS = frozenset((b"VP8 ", b"VP8L", b"ALPH"))
# Within the pixels a 0xFF is followed by 0, by another one, or by a marker that stands alone.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])", re.DOTALL)


class BrokenFile(ValueError):
    """The file's parts do not add up."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The bytes of a file's metadata, one after the other, and what follows its picture."""

    metadata: bytes
    trailer: bytes

    @property
    def has_active_content(self) -> bool:
        """Whether a web page, a program or an archive is among them."""
        for part in (self.metadata, self.trailer):
            if _MARKUP.search(part) or _DOCUMENT in part or _ARCHIVE_END in part[-_ARCHIVE_TAIL:]:
                return True
        return self.trailer.lstrip(b"\x00\r\n ").startswith(_PROGRAMS)


def outside_the_pixels(data: bytes) -> Parts:
    """The parts of a JPEG, PNG or WebP file that are no pixels, of another file none; raises
    BrokenFile. Linear in the file's length, however it is made."""
    if data.startswith(b"\xff\xd8"):
        return _of_jpeg(data)
    if data.startswith(_PNG_START):
        return _of_png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _of_webp(data)
    return Parts(b"", b"")


def _of_jpeg(data: bytes) -> Parts:
    metadata: list[bytes] = []
    scans, at = 0, 2
    for _ in range(MOST_PARTS):
        found = _MARKER.search(data, at)
        if found is None:
            raise BrokenFile("the picture has no end")
        marker = found[1][0]
        if marker == 0xD9:
            return Parts(b"\n".join(metadata), data[found.end() :])
        scans += marker == 0xDA
        if scans > MOST_SCANS:
            raise BrokenFile("the picture has too many scans")
        at = _end_of_segment(data, found.start())
        if 0xE0 <= marker <= 0xEF or marker == 0xFE:
            metadata.append(data[found.end() + 2 : at])
    raise _too_many_parts()


def _too_many_parts() -> BrokenFile:
    return BrokenFile("the picture is made of too many parts")


def _end_of_segment(data: bytes, at: int) -> int:
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    end = at + 2 + length
    if length < 2 or end > len(data):
        raise BrokenFile("a segment runs over the end")
    return end


def _of_png(data: bytes) -> Parts:
    metadata: list[bytes] = []
    at = len(_PNG_START)
    for _ in range(MOST_PARTS):
        kind, body, after = _png_chunk(data, at)
        if kind != b"IDAT":
            metadata.append(body)
        if kind == b"IEND":
            return Parts(b"\n".join(metadata), data[after:])
        at = after
    raise _too_many_parts()


def _of_webp(data: bytes) -> Parts:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise BrokenFile("no whole WebP file")
    metadata = [body for kind, body in _webp_chunks(data[:end]) if kind not in _WEBP_PIXELS]
    return Parts(b"\n".join(metadata), data[end:])


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    for _ in range(MOST_PARTS):
        if at >= len(data):
            return
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        kind, body = data[at : at + 4], data[at + 8 : at + 8 + size]
        if len(body) < size:
            raise BrokenFile("a chunk runs over the end")
        yield kind, body
        at += 8 + size + size % 2
    raise _too_many_parts()


def _png_chunk(data: bytes, at: int) -> tuple[bytes, bytes, int]:
    """A chunk's kind and body, and where the next one begins: after four bytes of checksum."""
    size = int.from_bytes(data[at : at + 4], "big")
    after = at + 8 + size + 4
    if after > len(data):
        raise BrokenFile("a chunk runs over the end")
    return data[at + 4 : at + 8], data[at + 8 : at + 8 + size], after
