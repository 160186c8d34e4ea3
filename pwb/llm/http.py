"""HTTP under limits: pooled connections that a `Call` can interrupt, and bodies read with bounds.

`requests` bounds neither the total time nor a server that drips its headers, so every socket is
made known to its call (see `pwb.llm.calls`) for as long as the call uses it, and not a moment
longer. No key, cookie or redirect survives a request.
"""

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any, cast
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.wait import wait_for_read

from pwb.llm.bodies import READ_SIZE, is_direct, read_chunked
from pwb.llm.calls import Call

POOL_SIZE = 128
MAX_IDLE_SECONDS = 30.0
LOOPBACK = {"localhost", "127.0.0.1", "::1"}

_current = threading.local()


@contextmanager
def sending_for(call: Call) -> Iterator[None]:
    """Sockets that this thread opens or reuses meanwhile belong to this call."""
    _current.call = call
    try:
        yield
    finally:
        _current.call = None


class _CallAware:
    """Mixed into urllib3's connections: tells the current call which socket it waits on."""

    call: Call | None = None
    rested_since: float | None = None

    def _new_conn(self) -> socket.socket:
        this = cast(HTTPConnection, self)
        call: Call | None = getattr(_current, "call", None)
        try:
            return _connect(this, call)
        except TimeoutError as error:
            raise ConnectTimeoutError(this, "connecting took too long") from error
        except socket.gaierror as error:
            raise NameResolutionError(this.host, this, error) from error
        except OSError as error:
            raise NewConnectionError(this, "no connection") from error

    def request(self, *args: Any, **kwargs: Any) -> None:
        this = cast(HTTPConnection, self)
        call: Call | None = getattr(_current, "call", None)
        self.call, self.rested_since = call, None
        if call is not None:
            if this.sock is None:
                this.connect()
            call.attach(cast(socket.socket, this.sock))
            call.leave()
        super().request(*args, **kwargs)  # type: ignore[misc]  # urllib3's, by the mixin's order.
        if call is not None:
            call.sent = True
            call.touch()

    @property
    def is_connected(self) -> bool:
        """A connection that rested for long may be closed by the server any moment: not used."""
        rested = self.rested_since
        if rested is not None and time.monotonic() - rested > MAX_IDLE_SECONDS:
            return False
        return bool(super().is_connected)  # type: ignore[misc]  # urllib3's, as above.

    def let_go(self) -> None:
        """Back to the pool: from here on no old call may touch the socket."""
        if self.call is not None:
            self.call.detach()
        self.call, self.rested_since = None, time.monotonic()


class _Connection(_CallAware, HTTPConnection):
    pass


class _TLSConnection(_CallAware, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.let_go()
        super()._put_conn(conn)


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.let_go()
        super()._put_conn(conn)


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
        return manager


def _connect(conn: HTTPConnection, call: Call | None) -> socket.socket:
    """A connected socket. The addresses of a host share one time limit in equal parts."""
    give_up = time.monotonic() + float(cast(float, conn.timeout))
    addresses = socket.getaddrinfo(conn._dns_host, conn.port, type=socket.SOCK_STREAM)
    failure: OSError = OSError("no address")
    for left, found in zip(range(len(addresses), 0, -1), addresses, strict=True):
        seconds = max(0.001, give_up - time.monotonic()) / left
        try:
            return _open_socket(found, seconds, call)
        except OSError as error:
            failure = error
    raise failure


def _open_socket(found: Any, seconds: float, call: Call | None) -> socket.socket:
    family, kind, protocol, _, address = found
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(seconds)
        if call is not None:
            call.attach(sock)
        sock.connect(address)
    except BaseException:  # Whatever ends this thread's wait: the socket is nobody else's yet.
        sock.close()
        raise
    return sock


def _new_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # Neither ~/.netrc nor an ambient proxy decides where a key goes.
    session.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(pool_connections=32, pool_maxsize=POOL_SIZE)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


_session: requests.Session | None = None
_session_lock = threading.Lock()


def _shared_session() -> requests.Session:
    global _session  # noqa: PLW0603 - one set of pools a process; they hold no credentials.
    if _session is None:
        with _session_lock:
            _session = _session or _new_session()
    return _session


def _after_fork() -> None:
    # A connection shared by two processes would mix their answers.
    global _session, _session_lock
    _session, _session_lock = None, threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


def send(
    call: Call,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None,
    timeout: tuple[float, float],
) -> requests.Response:
    """Send one request; the answer's headers are read, its body is not.

    `timeout` is seconds to connect and of silence. Raises what `requests` and urllib3 raise.
    """
    prepared = requests.Request(method, url, headers=dict(headers), data=body).prepare()
    with sending_for(call):
        return _shared_session().send(
            prepared,
            stream=True,
            allow_redirects=False,
            timeout=timeout,
            verify=os.environ.get("REQUESTS_CA_BUNDLE") or True,
            proxies=_proxies(url),
        )


def chunks(
    response: requests.Response,
    call: Call,
    *,
    max_bytes: int,
    idle: float,
    tick: float | None = None,
) -> Iterator[bytes]:
    """The body, decompressed, each piece as soon as it is there; with `tick` empty ones between.

    Silence of `idle` seconds raises TimeoutError or urllib3's ReadTimeoutError, more than
    `max_bytes` OverflowError.
    """
    raw = cast(urllib3.HTTPResponse, response.raw)
    total = 0
    for data in read_chunked(raw, idle, tick) if is_direct(raw) else _read(raw, idle, tick):
        if data:
            call.touch()
            total += len(data)
            if total > max_bytes:
                raise OverflowError(f"more than {max_bytes} bytes")
        yield data


def _read(raw: urllib3.HTTPResponse, idle: float, tick: float | None) -> Iterator[bytes]:
    while True:
        if tick is not None:
            yield from _ticks(raw, tick, idle)
        data = raw.read1(READ_SIZE, decode_content=True)
        if not data:
            return
        yield data


def _ticks(raw: urllib3.HTTPResponse, tick: float, idle: float) -> Iterator[bytes]:
    give_up = time.monotonic() + idle
    while not _readable(raw, min(tick, give_up - time.monotonic())):
        if time.monotonic() >= give_up:
            raise TimeoutError("silence")
        yield b""


def _readable(raw: urllib3.HTTPResponse, seconds: float) -> bool:
    """Whether a read would find data (or the end) within so many seconds, buffers included."""
    reader = getattr(getattr(raw, "_fp", None), "fp", None)
    sock = getattr(getattr(reader, "raw", None), "_sock", None)
    if reader is None or sock is None:
        return True
    timeout = sock.gettimeout()
    sock.settimeout(0)
    try:
        with suppress(BlockingIOError, ssl.SSLWantReadError):  # Nothing there yet.
            if not _is_chunk_end(raw, reader.peek(1)):
                return True
    finally:
        sock.settimeout(timeout)
    return bool(wait_for_read(sock, max(0.0, seconds)))


def _is_chunk_end(raw: urllib3.HTTPResponse, buffered: bytes) -> bool:
    # The line end after a chunk stays in the buffer until the next chunk is read.
    at_end = getattr(getattr(raw, "_fp", None), "chunk_left", None) == 0
    return not buffered or (at_end and buffered in (b"\r", b"\r\n"))


def settle(response: requests.Response, patience: float = 0.05) -> None:
    """Make the connection reusable if the rest of the body is just an end mark; else close it."""
    raw = cast(urllib3.HTTPResponse, response.raw)
    conn = getattr(raw, "connection", None)
    try:
        # What goes wrong here costs the connection, which is not reusable then, and no more.
        with suppress(urllib3.exceptions.HTTPError, OSError, ValueError):
            if conn is not None and conn.sock is not None:
                conn.sock.settimeout(patience)
                raw.read1(1)
    finally:
        response.close()


def _proxies(url: str) -> dict[str, str]:
    if urlsplit(url).hostname in LOOPBACK:
        return {}
    return requests.utils.get_environ_proxies(url, no_proxy=None)
