"""Bodies in chunks, read straight from the socket.

A stream of text is a thousand small chunks. `http.client` takes each apart with several reads
and `urllib3` adds its bookkeeping to each of them; here everything that has arrived is taken at
once, with one wait and one read.
"""

import re
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any, cast

import urllib3
from urllib3.exceptions import ProtocolError

READ_SIZE = 1 << 16
LONGEST_LINE = 4096
CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r?")


class ChunkDecoder:
    """The payload of HTTP's chunked transfer coding, from bytes cut anywhere.

    `done` once the end mark and the trailers are over. Raises ProtocolError for anything else.
    """

    __slots__ = ("_held", "_in_trailer", "_left", "_line_end_due", "done")

    def __init__(self) -> None:
        self._held = b""
        self._left = 0
        self._line_end_due = False
        self._in_trailer = False
        self.done = False

    def feed(self, data: bytes) -> bytes:
        """The payload in these bytes."""
        if self._held:
            data, self._held = self._held + data, b""
        parts: list[bytes] = []
        at = 0
        while at < len(data) and not self.done:
            at = self._take(data, at, parts) if self._left else self._read_line(data, at)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _take(self, data: bytes, at: int, parts: list[bytes]) -> int:
        part = data[at : at + self._left]
        parts.append(part)
        self._left -= len(part)
        self._line_end_due = not self._left
        return at + len(part)

    def _read_line(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at)
        if end < 0:
            self._held = data[at:]
            end = len(data)
        if end - at > LONGEST_LINE:
            raise ProtocolError("a line between chunks is too long")
        if not self._held:
            self._end_line(data[at:end])
        return end + 1

    def _end_line(self, line: bytes) -> None:
        if self._in_trailer:
            self.done = line in (b"", b"\r")
        elif self._line_end_due:
            if line not in (b"", b"\r"):
                raise ProtocolError("a chunk is longer than its size")
            self._line_end_due = False
        else:
            size = CHUNK_SIZE.fullmatch(line)
            if size is None:
                raise ProtocolError("a chunk has no size")
            self._left = int(size[1], 16)
            self._in_trailer = not self._left

    @property
    def chunk_left(self) -> int | None:
        """Where `http.client` would say that it stands: it may read on from here.

        In the middle of a line it cannot. Then some payload is said to be missing, so that it
        does not take the connection for one that can be used again.
        """
        if self._held or self._in_trailer:
            return 1
        return self._left or (0 if self._line_end_due else None)


def is_direct(raw: urllib3.HTTPResponse) -> bool:
    """Whether this body can be read here: in chunks, not compressed, not over yet."""
    encoding = raw.headers.get("Content-Encoding", "identity").strip().lower()
    response: Any = raw._fp
    if not isinstance(response, HTTPResponse) or response.isclosed():
        return False
    return bool(raw.chunked) and encoding in ("", "identity")


def read_chunked(raw: urllib3.HTTPResponse, idle: float, tick: float | None) -> Iterator[bytes]:
    """The body's payload as it comes; with `tick`, an empty piece for so many seconds without any.

    Silence of `idle` seconds raises TimeoutError, an end before the end mark ProtocolError.
    """
    response = cast(Any, raw._fp)
    decoder = ChunkDecoder()
    for data in _arriving(response.fp, idle, tick):
        payload = decoder.feed(data) if data else b""
        if decoder.done:
            response.close()
            raw.release_conn()
        response.chunk_left = decoder.chunk_left
        if payload or not data:
            yield payload
        if decoder.done:
            return
    raise ProtocolError("the body ended before its last chunk")


def _arriving(reader: Any, idle: float, tick: float | None) -> Iterator[bytes]:
    """What arrives at the reader's socket; an empty piece after each pause, the end at its end."""
    sock = reader.raw._sock
    first = _buffered(reader, sock)
    if first:
        yield first
    usual = pause = idle if tick is None else min(tick, idle)
    sock.settimeout(usual)
    give_up = time.monotonic() + idle
    while True:
        try:
            data = sock.recv(READ_SIZE)
        except TimeoutError:
            pause = min(usual, give_up - time.monotonic())
            if pause <= 0:
                raise
            yield b""
            sock.settimeout(pause)
            continue
        if not data:
            return
        if pause != usual:
            pause = usual
            sock.settimeout(usual)
        yield data
        give_up = time.monotonic() + idle


def _buffered(reader: Any, sock: Any) -> bytes:
    """What was read along with the headers."""
    sock.settimeout(0)
    with suppress(BlockingIOError, ssl.SSLWantReadError):
        found = reader.peek(1)
        if found:
            return cast(bytes, reader.read1(len(found)))
    return b""
