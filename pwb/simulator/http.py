"""The simulator's HTTP server: threads, kept connections, and a stop that leaves nothing behind."""

import io
import socket
import sys
import threading
from collections.abc import Iterable
from contextlib import closing
from typing import Any, BinaryIO, cast

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from pwb.simulator.state import Simulator, simulator_of

_BACKLOG = 256
_MAX_BODY = 128 << 20


class SimulatorPortBusy(OSError):
    """Another program listens on the port that was asked for; its text is one clear sentence."""

    def __str__(self) -> str:
        return str(self.strerror)


class _Handler(WSGIRequestHandler):
    """Werkzeug's handler closes every connection; this one keeps them, as
    the real service does, so that a client's pooling can be seen."""

    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self._request_body(environ["wsgi.input"]))
        environ["wsgi.input_terminated"] = True
        started: list[Any] = []

        def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
            started[:] = [status, headers]
            return self.wfile.write

        try:
            body = self.server.app(environ, start_response)
            self._send(started, body)
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _request_body(self, source: BinaryIO) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            return source.read(_MAX_BODY)
        return source.read(min(int(length), _MAX_BODY)) if length.isdigit() else b""

    def _send(self, started: list[Any], body: Iterable[bytes]) -> None:
        with closing(cast("Any", body)) if hasattr(body, "close") else _nothing():
            pieces = iter(body)
            # Headers wait for the first piece: a fault may take the socket over instead.
            first = next(pieces, b"")
            sized = self._send_head(*started)
            self._send_piece(first, sized)
            for piece in pieces:
                self._send_piece(piece, sized)
            if not sized:
                self.wfile.write(b"0\r\n\r\n")

    def _send_head(self, status: str, headers: list[tuple[str, str]]) -> bool:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        sized = self.command == "HEAD" or any(n.lower() == "content-length" for n, _ in headers)
        if not sized:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        return sized

    def _send_piece(self, piece: bytes, sized: bool) -> None:
        if piece and self.command != "HEAD":
            self.wfile.write(piece if sized else b"%x\r\n%b\r\n" % (len(piece), piece))

    def log_request(self, *args: object) -> None:
        """Nothing: the access log of a stand-in is noise."""

    def log_error(self, *args: object) -> None:
        """Nothing, for the same reason."""


def _nothing() -> Any:
    return closing(io.BytesIO())


class SimulatorServer(ThreadedWSGIServer):
    """A listening server; `start` serves in a thread, `stop` ends it and every open connection."""

    daemon_threads = False

    def __init__(self, app: Flask, host: str, port: int) -> None:
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._serving: threading.Thread | None = None
        self.simulator: Simulator = simulator_of(app)
        with _listening(host, port) as listener:
            super().__init__(host, port, app, handler=_Handler, fd=listener.fileno())

    @property
    def url(self) -> str:
        """The root address, without a slash at the end."""
        return f"http://{self.host}:{self.server_address[1]}"

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._serving = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, name="pwb-simulator"
        )
        self._serving.start()

    def stop(self) -> None:
        """Close the listener and every connection, and wait for the threads."""
        self.simulator.stopping.set()
        self.shutdown()
        # Before the join: Werkzeug's loop waits at its end for the threads of idle connections.
        with self._guard:
            for connection in self._open:
                _hang_up(connection)
        if self._serving:
            self._serving.join()
        self.server_close()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._guard:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is everyday; anything else is a fault of ours and is shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def _listening(host: str, port: int) -> socket.socket:
    # Werkzeug ends the process itself when its bind fails, so the binding is done here.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        message = f"The simulator cannot listen on {host}:{port}: {error.strerror}."
        raise SimulatorPortBusy(error.errno, message) from error
    return listener


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # It was closed by the other side already.
