"""A mail server on loopback that keeps what it is sent, and can fail in known ways."""

from __future__ import annotations

import datetime as dt
import email
import io
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from email.policy import default as default_policy
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.waiting import PATIENCE, PEER_HANGS


class Mailbox(socketserver.ThreadingTCPServer):
    """`fault` is one of: "" (works), recipient, sender, sign_in, full, silent."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, fault: str = "", certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.fault, self.certificate = fault, certificate
        self.letters: list[Message] = []
        self.signed_in_with: list[str] = []
        self.arrived = threading.Condition()
        self.over = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def settings(self, **values: object) -> dict[str, object]:
        """What the portal's settings need to mail here."""
        own = {
            "smtp_host": "127.0.0.1",
            "smtp_port": self.port,
            "smtp_from": "portal@agency.test",
            "smtp_starttls": False,
        }
        return own | values

    def wait_for(self, count: int, seconds: float = PATIENCE) -> list[Message]:
        """The letters once there are `count`; fails where they do not come."""
        deadline = time.monotonic() + seconds
        with self.arrived:
            while len(self.letters) < count:
                left = deadline - time.monotonic()
                assert left > 0, f"{len(self.letters)} of {count} letters came"
                self.arrived.wait(left)
        return self.letters


class _Conversation(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        if self.server.fault == "silent":
            self.server.over.wait(PEER_HANGS)
            return
        self._say("220 mailbox.test")
        while line := self.rfile.readline():
            verb = line.decode().strip().upper()
            if verb == "QUIT":
                self._say("221 bye")
                return
            self._answer(verb, line)

    def _answer(self, verb: str, line: bytes) -> None:
        fault = self.server.fault
        if verb.startswith("EHLO"):
            tls = "250-STARTTLS\r\n" if self.server.certificate else ""
            self._say(f"250-mailbox.test\r\n{tls}250 AUTH PLAIN")
        elif verb == "STARTTLS":
            self._say("220 go on")
            self._start_tls()
        elif verb.startswith("AUTH"):
            self.server.signed_in_with.append(line.decode().split()[-1])
            self._say("535 wrong" if fault == "sign_in" else "235 welcome")
        elif verb.startswith("MAIL"):
            self._say("550 not from here" if fault == "sender" else "250 ok")
        elif verb.startswith("RCPT"):
            self._say("550 unknown" if fault == "recipient" else "250 ok")
        elif verb == "DATA":
            self._take_letter()
        else:
            self._say("250 ok")

    def _take_letter(self) -> None:
        self._say("354 go on")
        lines = iter(self.rfile.readline, b".\r\n")
        body = b"".join(lines)
        if self.server.fault == "full":
            self._say("452 no room")
            return
        with self.server.arrived:
            self.server.letters.append(email.message_from_bytes(body, policy=default_policy))
            self.server.arrived.notify_all()
        self._say("250 taken")

    def _start_tls(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(self.server.certificate))
        try:
            self.connection = context.wrap_socket(self.connection, server_side=True)
        except OSError:  # The client does not trust us and leaves.
            self.rfile = io.BytesIO()
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def running_mailbox(fault: str = "", certificate: Path | None = None) -> Iterator[Mailbox]:
    """A mail server on a free port."""
    mailbox = Mailbox(fault, certificate)
    thread = threading.Thread(target=mailbox.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield mailbox
    finally:
        mailbox.over.set()
        mailbox.shutdown()
        mailbox.server_close()
        thread.join()


def self_signed_certificate(folder: Path) -> Path:
    """A certificate for localhost that nobody has reason to trust, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mailbox.test")])
    today = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mailbox.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
