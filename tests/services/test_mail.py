"""Mail over real sockets: what arrives, and what each failure says."""

from __future__ import annotations

import base64
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pwb import create_app
from pwb.services import mail
from tests.conftest import make_settings
from tests.mailbox import running_mailbox, self_signed_certificate
from tests.waiting import ends_soon

SECRET = "canary-smtp-password"


@contextmanager
def portal(**settings: object) -> Iterator[None]:
    """An app that mails as `settings` say; mail needs no database."""
    with create_app(make_settings(database_url="sqlite://", **settings)).app_context():
        yield


def test_a_letter_arrives_with_its_subject_text_and_sender() -> None:
    with running_mailbox() as mailbox, portal(**mailbox.settings()):
        mail.send("ana@agency.test", "Bcc: me@evil.test\r\nHello  Ána", "Grüße\n\nhttps://x.test\n")
        letter = mailbox.wait_for(1)[0]
    assert letter["To"] == "ana@agency.test"
    assert letter["From"] == "portal@agency.test"
    assert letter["Subject"] == "Bcc: me@evil.test Hello Ána"
    assert letter["Bcc"] is None
    assert letter["Date"] and letter["Message-ID"].endswith("@agency.test>")
    assert letter.get_content().replace("\r\n", "\n") == "Grüße\n\nhttps://x.test\n"


def test_the_portal_signs_in_where_it_has_a_name_and_password() -> None:
    with running_mailbox() as mailbox:
        own = mailbox.settings(smtp_username="portal", smtp_password=SECRET)
        with portal(**own):
            mail.send("ana@agency.test", "Hello", "Text")
        assert base64.b64decode(mailbox.signed_in_with[0]).split(b"\0")[1:] == [
            b"portal",
            SECRET.encode(),
        ]


@pytest.mark.parametrize(
    ("fault", "cause", "cure"),
    [
        ("recipient", "refused the recipient", "Check the address"),
        ("sender", "refused the portal's own address", "SMTP_FROM"),
        ("sign_in", "rejected the portal's user name or password", "SMTP_PASSWORD"),
        ("full", "did not take the letter", "Try again later"),
    ],
)
def test_each_refusal_says_its_cause_and_cure_and_no_secret(
    fault: str, cause: str, cure: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with running_mailbox(fault) as mailbox:
        own = mailbox.settings(smtp_username="portal", smtp_password=SECRET)
        with portal(**own), pytest.raises(mail.MailFailed) as failed:
            mail.send("ana@agency.test", "Hello", "Text with a-secret-token")
    assert cause in failed.value.message
    assert cure in failed.value.resolution
    assert failed.value.__cause__ is None
    assert SECRET not in caplog.text and "a-secret-token" not in caplog.text


def test_a_host_that_is_away_is_named() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    away = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_from": "p@agency.test"}
    with portal(**away), pytest.raises(mail.MailFailed, match=f"127.0.0.1:{port}"):
        mail.send("ana@agency.test", "Hello", "Text")


def test_a_host_that_keeps_silent_does_not_hold_up_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT_SECONDS", 0.3)
    with (
        ends_soon(),
        running_mailbox("silent") as mailbox,
        portal(**mailbox.settings()),
        pytest.raises(mail.MailFailed, match="in time"),
    ):
        mail.send("ana@agency.test", "Hello", "Text")


def test_without_the_encryption_asked_for_nothing_is_sent() -> None:
    with running_mailbox() as mailbox:
        with (
            portal(**mailbox.settings(smtp_starttls=True)),
            pytest.raises(mail.MailFailed, match="encryption"),
        ):
            mail.send("ana@agency.test", "Hello", "Text")
        assert mailbox.letters == []


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    certificate = self_signed_certificate(tmp_path)
    with running_mailbox(certificate=certificate) as mailbox:
        with (
            portal(**mailbox.settings(smtp_starttls=True)),
            pytest.raises(mail.MailFailed, match="No safe connection"),
        ):
            mail.send("ana@agency.test", "Hello", "Text")
        assert mailbox.letters == []


def test_encryption_is_used_where_the_certificate_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running_mailbox(certificate=certificate) as mailbox:
        own = mailbox.settings(smtp_starttls=True, smtp_host="localhost")
        with portal(**own):
            mail.send("ana@agency.test", "Hello", "Text")
        assert len(mailbox.wait_for(1)) == 1


@pytest.mark.parametrize("to", ["ána@agency.test", "a" * 70 + "@" + "ü" * 80 + ".test"])
def test_an_address_that_mail_cannot_carry_is_a_clear_failure(to: str) -> None:
    with (
        running_mailbox() as mailbox,
        portal(**mailbox.settings()),
        pytest.raises(mail.MailFailed),
    ):
        mail.send(to, "Hello", "Text")


def test_what_fails_in_the_background_is_logged_without_a_traceback_for_known_causes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running_mailbox("recipient") as mailbox, portal(**mailbox.settings()):
        future = mail.in_background(lambda: mail.send("ana@agency.test", "Hello", "Text"))
        assert isinstance(future.exception(10), mail.MailFailed)
        with portal():
            broken = mail.in_background(lambda: {}[0])
            assert isinstance(broken.exception(10), KeyError)
    assert "refused the recipient" in caplog.text
    assert "a background letter failed" in caplog.text
