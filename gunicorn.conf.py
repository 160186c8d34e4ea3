"""How gunicorn serves the portal, sized by the environment; see docs/operations.md.

Only the environment is read here, and nothing of `pwb` is imported but inside a worker: the
master process then holds none of the portal's code, so that a reload (SIGHUP) starts workers on
the new one.
"""

import gc
import ipaddress
import logging
import os
import re
import signal
import sys
import threading
from pathlib import Path
from urllib.parse import quote

from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker


def _number(name, default, lowest, highest):
    """A whole number from the environment, or a sentence that names what is wrong."""
    text = os.environ.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,6}", text) or not lowest <= int(text) <= highest:
        sys.exit(f"{name}: must be a whole number from {lowest} to {highest}.")
    return int(text)


def _seconds(name, default):
    """Seconds from the environment; what is wrong there is the portal's own to say."""
    try:
        return float(os.environ.get(name) or default)
    except ValueError:
        return default


_host = os.environ.get("HOST") or "127.0.0.1"
_port = _number("PORT", 5000, 1, 65_535)
_proxies = _number("TRUSTED_PROXIES", 0, 0, 10)

chdir = str(Path(__file__).resolve().parent)
wsgi_app = "app:app"
bind = f"[{_host}]:{_port}" if ":" in _host else f"{_host}:{_port}"

workers = _number("WEB_CONCURRENCY", max(2, min(os.cpu_count() or 1, 4)), 1, 64)
# A generation holds a thread for as long as its provider takes. New connections are not spread
# evenly over the workers: one of them alone should have threads for a busy moment.
threads = _number("WEB_THREADS", 120, 1, 1_000)
# The worker's main loop reports every second, whatever its threads do; this ends a hung one.
timeout = 60
# A stopping worker lets running generations come to their end, which is at most their total
# time limit away; systemd and the like should wait as long (TimeoutStopSec).
graceful_timeout = int(min(_seconds("AI_TOTAL_TIMEOUT", 120) + 10, 310))
# Longer than the 60 s that nginx keeps idle connections: the closing side should be nginx.
keepalive = 75
# Its heartbeat file is touched every second; a disk that stalls must not end the worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - no data is kept there
# Two portals of one person would otherwise share a control socket in the home directory.
control_socket_disable = True
# TRUSTED_PROXIES alone decides whose forwarding headers count; see pwb/security.py.
secure_scheme_headers = {}


def _ends_already(_signal, _frame):
    """The second signal to end at once changes nothing."""


def _let_it_end():
    """From here on no signal interrupts the end: Ctrl-C reaches a worker twice, from the terminal
    and from the master."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, _ends_already)


class worker_class(ThreadWorker):  # noqa: N801 - the setting's name
    """A threaded worker that always comes to its end when it is told to."""

    hurried = False

    def handle_quit(self, sig, frame):
        """End at once. gunicorn's own shuts the pool of threads down, here in the middle of
        whatever the main thread does; it may hold the pool's lock, and then waits for itself."""
        _let_it_end()
        self.hurried = True
        super(ThreadWorker, self).handle_quit(sig, frame)


def _patience_of_a_worker(patience):
    """The master kills whatever still runs when its patience ends. A worker that waits a little
    less has the time to cancel its generations and settle their rows."""
    return max(patience - 3, patience // 2)


def post_worker_init(worker):
    """A worker is ready. The first one of a server looks after what an earlier server left."""
    # What is loaded by now stays: it need not be looked through for garbage during requests.
    gc.collect()
    gc.freeze()
    worker.cfg.set("graceful_timeout", _patience_of_a_worker(worker.cfg.graceful_timeout))
    from pwb import lifecycle

    if worker.age == 1:
        lifecycle.server_started(worker.wsgi)
    lifecycle.worker_started(worker.wsgi)


def worker_exit(server, worker):
    """A worker ends, whatever the reason: after SIGTERM and its patience, at once after Ctrl-C
    (SIGINT, SIGQUIT), or hung (SIGABRT)."""
    # The master calls this too, for a worker that it finds gone; it has no app to look after.
    app = getattr(worker, "wsgi", None)
    if app is not None and worker.booted:
        from pwb import lifecycle

        _let_it_end()
        lifecycle.process_ends(app)
        if getattr(worker, "hurried", False):
            _end_without_the_threads()


def _end_without_the_threads():
    """Python waits for threads at its end, and one may wait for a visitor who takes
    nothing in."""
    deadline = threading.Timer(0.4, os._exit, (0,))
    deadline.daemon = True
    deadline.start()


accesslog = "-"
errorlog = "-"
access_log_format = '%(t)s %(h)s "%(m)s %(U)s" %(s)s %(B)s %(M)sms'

# Whoever has one of these links may set a password with it.
_ONE_TIME_LINK = re.compile(r"(/(?:invitations|password)/)[^/\s\"'?]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _without_token(text):
    return _ONE_TIME_LINK.sub(r"\1[hidden]", text)


def _client(environ):
    """The visitor's address: the peer's, or what the trusted proxies say it is."""
    peer = environ.get("REMOTE_ADDR") or "-"
    hops = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if not _proxies or len(hops) < _proxies:
        return peer
    try:
        return str(ipaddress.ip_address(hops[-_proxies].strip()))
    except ValueError:
        return peer


class _Tidy(logging.Filter):
    """Keeps one-time links and control characters out of gunicorn's own messages."""

    def filter(self, record):
        message = _without_token(record.getMessage())
        record.msg, record.args = _CONTROL.sub(lambda hit: f"\\x{ord(hit[0]):02x}", message), ()
        return True


class logger_class(Logger):  # noqa: N801 - the setting's name
    """An access log without queries, referrers, one-time links or control characters."""

    def setup(self, cfg):
        super().setup(cfg)
        if not any(isinstance(known, _Tidy) for known in self.error_log.filters):
            self.error_log.addFilter(_Tidy())

    def atoms(self, resp, req, environ, request_time):
        values = super().atoms(resp, req, environ, request_time)
        path = _without_token(environ.get("PATH_INFO") or "-")
        # WSGI hands over the path's bytes as Latin-1 characters.
        shown = quote(path.encode("latin-1", "replace"), safe="/-._~!$&'()*+,;=:@[]")
        return values | {"h": _client(environ), "U": shown}
