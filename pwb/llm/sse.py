"""Server-sent events from bytes, as the WHATWG standard reads them, in linear time.

Bytes may be cut anywhere: inside a letter, inside CRLF. Only LF, CR and CRLF end a line; U+2028
is a letter like any other. Comments are skipped here; that they arrived is life enough.
"""

from typing import NamedTuple

from pwb.llm.errors import InvalidResponse

BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event: its type (`""` when the server names none) and its data, lines joined by LF."""

    kind: str
    data: bytes


class SSEDecoder:
    """Feed it bytes as they come; it hands out the events that are complete.

    `max_event_bytes` bounds what is held in memory: the data of one event, its unfinished line
    included. More than that raises InvalidResponse.
    """

    __slots__ = (
        "_at_start",
        "_data",
        "_held",
        "_kind",
        "_limit",
        "_line",
        "_line_size",
        "_skip_lf",
    )

    def __init__(self, max_event_bytes: int = 1 << 20) -> None:
        self._limit = max_event_bytes
        self._line: list[bytes] = []
        self._line_size = 0
        self._data: list[bytes] = []
        self._held = 0
        self._kind = ""
        self._skip_lf = False
        self._at_start = True

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that this chunk completes."""
        if b"\r" in chunk or self._skip_lf:
            chunk = self._only_lf(chunk)
        head, newline, rest = chunk.partition(b"\n")
        if not newline:
            self._hold(head)
            return []
        lines = rest.split(b"\n")
        last = lines.pop()
        events: list[Event] = []
        self._take(self._whole_line(head), events)
        for line in lines:
            self._take(line, events)
        self._hold(last)
        return events

    def finish(self) -> list[Event]:
        """The event that the end of the stream cut before its blank line, if any."""
        events: list[Event] = []
        self._take(self._whole_line(b""), events)
        self._take(b"", events)
        return events

    def _only_lf(self, chunk: bytes) -> bytes:
        # A CR at the end of a chunk ends its line at once: waiting for the LF that may follow
        # would hold the event back until the next one comes.
        if self._skip_lf and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._skip_lf = False
        if chunk.endswith(b"\r"):
            self._skip_lf = True
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _hold(self, piece: bytes) -> None:
        if piece:
            self._line.append(piece)
            self._line_size += len(piece)
            self._check(self._held + self._line_size)

    def _whole_line(self, end: bytes) -> bytes:
        if self._line:
            self._line.append(end)
            end = b"".join(self._line)
            self._line.clear()
            self._line_size = 0
        return end

    def _take(self, line: bytes, events: list[Event]) -> None:
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(BOM)
        if line.startswith(b"data:"):
            self._keep(line[6:] if line[5:6] == b" " else line[5:])
        elif not line:
            self._dispatch(events)
        elif line == b"data":
            self._keep(b"")
        elif line.startswith(b"event:"):
            self._kind = line[6:].removeprefix(b" ").decode("utf-8", "replace")

    def _keep(self, data: bytes) -> None:
        self._data.append(data)
        self._held += len(data) + 1
        self._check(self._held)

    def _dispatch(self, events: list[Event]) -> None:
        if self._data:
            data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
            events.append(Event(self._kind, data))
            self._data.clear()
            self._held = 0
        self._kind = ""

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise InvalidResponse(
                f"One event of the stream is larger than {self._limit} bytes.", billed="maybe"
            )
