"""The stream of events, and the ways in which a line between two machines goes wrong."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from pwb.simulator import tokens, wire
from pwb.simulator.wire import Answer

_SLICE = 0.05
_COMMENT_EVERY = 1.0
_LONGEST = 600.0
_FLOOD = b"x" * 65536
_FLOOD_PIECES = 4096


class LineGone(ConnectionAbortedError):
    """The client hung up, the simulator stops, or a fault ends the connection."""


@dataclass(frozen=True, slots=True)
class Line:
    """The connection of one call: waiting on it ends as soon as the other side is gone."""

    connection: socket.socket | None
    stopping: threading.Event

    def wait(self, seconds: float) -> None:
        """Wait so long; `LineGone` when the client leaves or the simulator stops."""
        if seconds <= 0:
            return
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.stopping.wait(min(left, _SLICE)) or self._left():
                raise LineGone

    def send(self, data: bytes) -> None:
        """Write past HTTP, straight to the socket."""
        if self.connection is None:
            raise LineGone
        self.connection.sendall(data)

    def hang_up(self) -> LineGone:
        """Close the connection at once; raise what it gives."""
        if self.connection is not None:
            # The client may have been quicker.
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        return LineGone()

    def _left(self) -> bool:
        if self.connection is None:
            return False
        try:
            return self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


def events(answer: Answer, line: Line, settle: Callable[[str, bool], None]) -> Iterator[bytes]:
    """The stream of one answer; `settle(sent, cancelled)` is called once, however it ends."""
    sent: list[str] = []
    cancelled = True
    try:
        yield from _opening(answer, line)
        yield from _body(answer, line, sent)
        # Settled before the last event, so that a client that has it can ask for the sum.
        cancelled = False
        settle("".join(sent), False)
        yield from _ending(answer, "".join(sent), line)
    finally:
        if cancelled:
            settle("".join(sent), True)


def whole(answer: Answer, line: Line, body: bytes) -> Iterator[bytes]:
    """A body without a stream, sent as the fault asks."""
    effect = answer.fault.effect if answer.fault else ""
    if effect in ("stream-cut", "hang-midway"):
        yield body[: len(body) // 2]
        yield from _stop_short(effect, line)
    elif effect == "drip":
        yield from drip(iter([body]), line, answer)
    else:
        yield body


def drip(source: Iterator[bytes], line: Line, answer: Answer) -> Iterator[bytes]:
    """The same bytes, one at a time."""
    for piece in source:
        for at in range(len(piece)):
            yield piece[at : at + 1]
            line.wait(answer.delay)


def flood(line: Line) -> Iterator[bytes]:
    """One line that does not end, until the client leaves (256 MiB at most)."""
    yield b'data: {"choices":[{"delta":{"content":"'
    for _ in range(_FLOOD_PIECES):
        if line.stopping.is_set():
            raise LineGone
        yield _FLOOD


def hang(line: Line) -> Iterator[bytes]:
    """Nothing, not even a status line."""
    yield from ()
    line.wait(_LONGEST)
    raise line.hang_up()


def slow_headers(line: Line, every: float) -> Iterator[bytes]:
    """A status line and then header bytes one by one."""
    yield from ()
    line.send(b"HTTP/1.1 200 OK\r\nX-PWB-Simulator: 1\r\nX-Slow: ")
    until = time.monotonic() + _LONGEST
    while time.monotonic() < until:
        line.wait(every)
        line.send(b"a")
    raise line.hang_up()


def _opening(answer: Answer, line: Line) -> Iterator[bytes]:
    yield wire.COMMENT
    left = answer.first_delay
    while left > 0:
        line.wait(min(left, _COMMENT_EVERY))
        left -= _COMMENT_EVERY
        yield wire.COMMENT
    yield wire.event(wire.chunk(answer, {}))


def _body(answer: Answer, line: Line, sent: list[str]) -> Iterator[bytes]:
    for piece in tokens.pieces(answer.reasoning):
        line.wait(answer.delay)
        yield wire.event(wire.chunk(answer, {"reasoning": piece}))
    for piece in tokens.pieces(_as_far_as_it_goes(answer)):
        line.wait(answer.delay)
        sent.append(piece)
        yield wire.event(wire.chunk(answer, {"content": piece}))


def _as_far_as_it_goes(answer: Answer) -> str:
    effect = answer.fault.effect if answer.fault else ""
    breaks = effect in ("stream-cut", "hang-midway") or effect.startswith("stream-error")
    return answer.content[: len(answer.content) // 2] if breaks else answer.content


def _ending(answer: Answer, sent: str, line: Line) -> Iterator[bytes]:
    fault = answer.fault
    effect = fault.effect if fault else ""
    yield from _stop_short(effect, line)
    if fault and effect.startswith("stream-error"):
        usage = sent if effect == "stream-error-usage" else None
        yield wire.event(wire.error_chunk(answer, fault, usage))
        return
    yield wire.event(wire.chunk(answer, {}, answer.finish_reason))
    last = wire.usage_chunk(answer, sent)
    if "usage" in last:
        yield wire.event(last)
    if effect != "stream-no-done":
        yield wire.DONE


def _stop_short(effect: str, line: Line) -> Iterator[bytes]:
    if effect == "hang-midway":
        line.wait(_LONGEST)
    if effect in ("stream-cut", "hang-midway"):
        raise line.hang_up()
    yield from ()
