"""A scripted upstream on a raw socket: it drips, hangs, lies and breaks off as told.

A reply is a list of steps, done in order: bytes are sent as they are, a number is a pause in
seconds, `CLOSE` ends the connection and `RESET` breaks it. Without those two the connection
stays open for the next request.
"""

import json
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.waiting import PEER_HANGS

CLOSE, RESET = object(), object()
HANG = PEER_HANGS
Steps = Iterable[Any]


@dataclass(frozen=True)
class Received:
    """A request as it arrived; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Upstream:
    """Answers with what is enqueued, then with `default`; remembers what it received."""

    default: Callable[[Received], Steps] = field(default=lambda _: json_reply({}, status=500))
    received: list[Received] = field(default_factory=list)
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        self._script: deque[Steps] = deque()
        self._over = threading.Event()
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    @property
    def base_url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}/api/v1"

    @property
    def connections(self) -> int:
        """How many connections were made."""
        return len(self._connections)

    def enqueue(self, *replies: Steps) -> None:
        self._script.extend(replies)

    def __enter__(self) -> "Upstream":
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        socket.create_connection(self._listener.getsockname()).close()
        for connection in self._connections:
            _shut(connection)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._over.is_set():
                connection.close()
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = self._secured(connection)
            self._connections.append(connection)
            self._start(self._serve, connection, len(self._connections))

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self.tls is None:
            return connection
        return self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, connection.makefile("rb") as reader:
            try:
                while (request := _read_request(reader, number)) is not None:
                    self.received.append(request)
                    reply = self._script.popleft() if self._script else self.default(request)
                    if not self._play(connection, reply):
                        return
            except OSError:
                return  # The client went away, as some tests want it to.

    def _play(self, connection: socket.socket, reply: Steps) -> bool:
        for step in reply:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif isinstance(step, (int, float)):
                if self._over.wait(step):
                    return False
            else:
                if step is RESET:
                    now = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
                return False
        return True


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # It may be over already.
        connection.shutdown(socket.SHUT_RDWR)


def _read_request(reader: Any, number: int) -> Received | None:
    first = reader.readline().decode("latin-1").split()
    if len(first) != 3:
        return None
    headers = {}
    while line := reader.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", 0)))
    return Received(first[0], first[1], headers, body, number)


def head(status: int = 200, **headers: str) -> bytes:
    """Status line and headers; underscores in names become dashes."""
    lines = [f"HTTP/1.1 {status} Whatever"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def reply(body: bytes, status: int = 200, **headers: str) -> list[Any]:
    """A plain answer with its length."""
    return [head(status, Content_Length=str(len(body)), **headers) + body]


def json_reply(document: Any, status: int = 200, **headers: str) -> list[Any]:
    return reply(json.dumps(document).encode(), status, Content_Type="application/json", **headers)


def chunk(data: bytes) -> bytes:
    """One chunk of chunked transfer coding; of nothing, the end."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream_head(**headers: str) -> bytes:
    given = {"Content_Type": "text/event-stream", "Transfer_Encoding": "chunked"} | headers
    return head(200, **given)


def stream_reply(*steps: Any, end: bool = True) -> list[Any]:
    """An event stream: bytes go out as one chunk each, other steps as they are."""
    coded = [chunk(step) if isinstance(step, bytes) else step for step in steps]
    return [stream_head(), *coded, *([chunk(b"")] if end else [])]


def event(document: Any) -> bytes:
    data = document if isinstance(document, str) else json.dumps(document)
    return f"data: {data}\n\n".encode()


DONE = event("[DONE]")
USAGE = {
    "prompt_tokens": 687,
    "completion_tokens": 187,
    "total_tokens": 874,
    "cost": 0.00333825,
    "is_byok": False,
    "prompt_tokens_details": {"cached_tokens": 679},
    "completion_tokens_details": {"reasoning_tokens": 118},
    "cost_details": {"upstream_inference_cost": 0.00333825},
}


def completion(text: Any = "A bright flat.", finish: str | None = "stop", **extra: Any) -> dict:
    """OpenRouter's answer without streaming."""
    return {
        "id": "gen-1",
        "provider": "Upstream",
        "model": "openai/gpt-4o-2024-08-06",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"content": text}}],
        "usage": USAGE,
    } | extra


def delta(text: Any = "", finish: str | None = None, **extra: Any) -> bytes:
    """One event of OpenRouter's stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    about = {"id": "gen-1", "provider": "Upstream", "model": "openai/gpt-4o-2024-08-06"}
    return event(about | {"choices": [choice]} | extra)


def error_body(status: Any, message: str = "It broke", **metadata: Any) -> dict[str, Any]:
    """OpenRouter's first error shape."""
    return {"error": {"code": status, "message": message, "metadata": metadata}}
