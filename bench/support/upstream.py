"""An AI service on OpenRouter's wire with one fixed answer, light enough not to be measured.

A program of its own (`python upstream.py SECONDS`): prints its port, then serves. Each answer
waits so many seconds before its first piece, which carries the moment it was sent at.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress

WORDS = "A bright villa with a pool, a garden and a wide view of the sea. " * 6
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Generation-Id: gen-bench\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
NO_SIMULATOR = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
ENVELOPE = {"id": "gen-bench", "object": "chat.completion.chunk", "model": "bench/fixed"}
USAGE = {"prompt_tokens": 400, "completion_tokens": 120, "total_tokens": 520, "cost": 0.0012}


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _event(choice: dict[str, object] | None, **more: object) -> bytes:
    choices = [] if choice is None else [{"index": 0, **choice}]
    document = ENVELOPE | {"choices": choices} | more
    return _chunk(b"data: " + json.dumps(document).encode() + b"\n\n")


def _piece(text: str) -> bytes:
    return _event({"delta": {"content": text}, "finish_reason": None})


def _rest() -> bytes:
    """Everything after the first piece, made once."""
    text = f'", "description": "{WORDS.strip()}", "meta_description": "A bright villa."}}'
    pieces = [_piece(text[at : at + 12]) for at in range(0, len(text), 12)]
    end = _event({"delta": {}, "finish_reason": "stop"}) + _event(None, usage=USAGE)
    return b"".join(pieces) + end + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


REST = _rest()


async def _serve_one(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float
) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"POST"):
        writer.write(NO_SIMULATOR)
        return
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    writer.write(HEAD)
    if seconds:
        await writer.drain()
        await asyncio.sleep(seconds)
    writer.write(_piece(f'{{"title": "{time.monotonic():.6f}'))
    # As a model does it: the first piece is under way before there is a second.
    await writer.drain()
    await asyncio.sleep(0)
    writer.write(REST)
    await writer.drain()


async def serve(seconds: float) -> None:
    """Serve until the process is ended."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await _serve_one(reader, writer, seconds)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
