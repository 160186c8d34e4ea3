"""Sending mail by SMTP, where the operator has set it up."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from flask import Flask, current_app

from pwb.config import Settings
from pwb.errors import PortalError

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
_IMPLICIT_TLS_PORT = 465
# Few letters go out, and none may hold up a page; the threads start with the first letter.
_outbox = ThreadPoolExecutor(max_workers=2, thread_name_prefix="mail")
_under_way: set[Future[None]] = set()


class MailFailed(PortalError):
    """The mail server did not take the letter."""

    code = "mail_failed"
    status = 502


def enabled() -> bool:
    """Whether the operator has set up mail."""
    return _settings().mail_enabled


def _settings() -> Settings:
    settings: Settings = current_app.config["PWB"]
    return settings


def send(to: str, subject: str, text: str) -> None:
    """Send one plain-text letter now; raises MailFailed with the cause and its cure."""
    settings = _settings()
    letter = _letter(settings.smtp_from or "", to, subject, text)
    try:
        with _connect(settings) as server:
            if settings.smtp_username and settings.smtp_password:
                server.login(settings.smtp_username, settings.smtp_password.get_secret_value())
            server.send_message(letter)
    except (OSError, UnicodeError) as error:  # SMTPException, SSLError and timeouts are OSErrors.
        log.warning("mail was not sent: %s", type(error).__name__)
        raise _explained(error, settings) from None


def _letter(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"] = sender, to
    letter["Subject"] = " ".join(subject.split())
    letter["Date"] = formatdate()
    letter["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].strip("> ") or None)
    letter.set_content(text)
    return letter


def _connect(settings: Settings) -> smtplib.SMTP:
    host, port = settings.smtp_host or "", settings.smtp_port
    context = ssl.create_default_context()
    if port == _IMPLICIT_TLS_PORT:
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
    server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    if settings.smtp_starttls:
        try:
            server.starttls(context=context)
        except OSError:
            server.close()
            raise
    return server


def _explained(error: OSError | UnicodeError, settings: Settings) -> MailFailed:
    place = f"{settings.smtp_host}:{settings.smtp_port}"
    for kind, cause, cure in _CAUSES:
        if isinstance(error, kind):
            return MailFailed(cause.format(place=place), resolution=cure)
    return MailFailed(
        f"The mail server at {place} could not be reached.",
        resolution="The portal's operator checks SMTP_HOST and SMTP_PORT.",
    )


# The first that fits; SMTPNotSupportedError comes from STARTTLS and from non-ASCII addresses.
_CAUSES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str], ...] = (
    (
        smtplib.SMTPAuthenticationError,
        "The mail server at {place} rejected the portal's user name or password.",
        "The portal's operator checks SMTP_USERNAME and SMTP_PASSWORD.",
    ),
    (
        smtplib.SMTPRecipientsRefused,
        "The mail server at {place} refused the recipient's address.",
        "Check the address.",
    ),
    (
        smtplib.SMTPSenderRefused,
        "The mail server at {place} refused the portal's own address.",
        "The portal's operator checks SMTP_FROM.",
    ),
    (
        smtplib.SMTPNotSupportedError,
        "The mail server at {place} lacks something this letter needs, such as encryption.",
        "The portal's operator checks SMTP_PORT and SMTP_STARTTLS.",
    ),
    (
        ssl.SSLError,
        "No safe connection to the mail server at {place} could be made.",
        "The portal's operator checks its certificate, SMTP_PORT and SMTP_STARTTLS.",
    ),
    (
        (TimeoutError, smtplib.SMTPServerDisconnected),
        "The mail server at {place} did not answer in time, or hung up.",
        "Try again; if it goes on, the portal's operator checks SMTP_HOST and SMTP_PORT.",
    ),
    (
        smtplib.SMTPResponseException,
        "The mail server at {place} did not take the letter.",
        "Try again later; if it goes on, the portal's operator looks into the mail server.",
    ),
    (
        UnicodeError,
        "The recipient's address cannot be mailed to.",
        "Check the address.",
    ),
)


def in_background(job: Callable[[], None]) -> Future[None]:
    """Run `job` in an app context after the answer, so that its time tells the asker nothing.

    What goes wrong is logged; a process that stops may lose the job, and the person asks again.
    """
    future = _outbox.submit(_run, current_app._get_current_object(), job)  # type: ignore[attr-defined] # Werkzeug's documented way out of the proxy
    _under_way.add(future)
    future.add_done_callback(_under_way.discard)
    return future


def drain(seconds: float) -> bool:
    """Wait for the letters under way; False where some are not done by then."""
    return not wait(set(_under_way), seconds).not_done


def _run(app: Flask, job: Callable[[], None]) -> None:
    with app.app_context():
        try:
            job()
        except PortalError as error:
            log.warning("a letter was not sent: %s", error.sentence())
            raise
        except Exception:  # Nobody waits for the job: the log is the only place to learn of it.
            log.exception("a background letter failed")
            raise
