"""Encryption of what websites entrust to the portal, and replacing its keys."""

from __future__ import annotations

import base64
import os

import pytest
from flask import Flask
from sqlalchemy import select, update

from pwb.extensions import db
from pwb.models import AuditEvent, WebsiteIntegration
from pwb.services import credentials
from pwb.services.credentials import Place, UndecryptableCredentials, Vault, init_app_vault
from tests import factories

OLD, NEW = (base64.urlsafe_b64encode(bytes([n]) * 32).decode() for n in (1, 2))
HERE = Place(1, "ai", "open_router")


def test_what_was_encrypted_comes_back_at_its_own_place() -> None:
    box = init_app_vault([OLD])
    assert box.decrypt(box.encrypt({"api_key": "sk-or-v1-ä"}, HERE), HERE) == {
        "api_key": "sk-or-v1-ä"
    }


@pytest.mark.parametrize(
    "elsewhere",
    [Place(2, "ai", "open_router"), Place(1, "mail", "open_router"), Place(1, "ai", "openai")],
)
def test_a_value_copied_to_another_website_category_or_provider_does_not_decrypt(
    elsewhere: Place,
) -> None:
    box = init_app_vault([OLD])
    token = box.encrypt({"api_key": "sk-or-v1-secret"}, HERE)
    with pytest.raises(UndecryptableCredentials):
        box.decrypt(token, elsewhere)


def test_equal_keys_look_different_each_time() -> None:
    box = init_app_vault([OLD])
    assert box.encrypt({"api_key": "same"}, HERE) != box.encrypt({"api_key": "same"}, HERE)


def test_every_configured_key_decrypts_and_the_first_one_encrypts() -> None:
    token = init_app_vault([OLD]).encrypt({"api_key": "x"}, HERE)
    both = init_app_vault([NEW, OLD])
    assert both.decrypt(token, HERE) == {"api_key": "x"}
    assert not both.is_newest(token)
    assert both.is_newest(both.encrypt({"api_key": "x"}, HERE))
    with pytest.raises(UndecryptableCredentials):
        init_app_vault([NEW]).decrypt(token, HERE)


@pytest.mark.parametrize("token", ["", "v1.", "v1.x", "v2.AAAA", "v1.ünsinn", "v1.AAAAAAAAAAAA"])
def test_junk_is_undecryptable_and_nothing_worse(token: str) -> None:
    with pytest.raises(UndecryptableCredentials):
        init_app_vault([OLD]).decrypt(token, HERE)


def test_every_flipped_or_cut_byte_is_noticed() -> None:
    box = init_app_vault([OLD])
    raw = base64.urlsafe_b64decode(box.encrypt({"api_key": "abc"}, HERE).removeprefix("v1."))
    for position in range(len(raw)):
        flipped = raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]
        for changed in (flipped, raw[:position]):
            token = "v1." + base64.urlsafe_b64encode(changed).decode()
            with pytest.raises(UndecryptableCredentials):
                box.decrypt(token, HERE)


def under(app: Flask, *keys: str) -> Vault:
    """Give the app other CREDENTIALS_KEYS, as a restart would."""
    app.extensions["pwb_vault"] = init_app_vault(list(keys))
    return app.extensions["pwb_vault"]


def stored() -> dict[int, str]:
    db.session.rollback()
    query = select(WebsiteIntegration.id, WebsiteIntegration.credentials)
    return dict(db.session.execute(query).all())  # type: ignore[arg-type] # rows are pairs


def test_rotation_puts_every_row_under_the_newest_key_and_says_so(app: Flask) -> None:
    under(app, OLD)
    rows = [
        factories.create_integration(factories.create_website(), api_key=f"sk-or-v1-number-{n}")
        for n in range(3)
    ]
    under(app, NEW, OLD)
    report = credentials.rotate()
    assert (report.rotated, report.already, report.failed) == (3, 0, ())
    alone = under(app, NEW)
    for number, row in enumerate(rows):
        place = Place(row.website_id, "ai", "open_router")
        assert alone.decrypt(stored()[row.id], place) == {"api_key": f"sk-or-v1-number-{number}"}
    actions = set(db.session.scalars(select(AuditEvent.action)))
    assert actions == {"integration.reencrypted"}


def test_a_rotation_run_again_leaves_finished_rows_alone(app: Flask) -> None:
    under(app, OLD)
    factories.create_integration(factories.create_website())
    box = under(app, NEW, OLD)
    factories.create_integration(factories.create_website())
    assert box.is_newest(max(stored().items())[1])
    assert (credentials.rotate().rotated, before := stored()) == (1, stored())
    again = credentials.rotate()
    assert (again.rotated, again.already) == (0, 2)
    assert stored() == before


def test_rotation_reports_rows_that_cannot_be_read_and_goes_on(app: Flask) -> None:
    under(app, base64.urlsafe_b64encode(os.urandom(32)).decode())
    lost = factories.create_integration(factories.create_website(subdomain="lost"))
    under(app, OLD)
    broken = factories.create_integration(factories.create_website(subdomain="broken"))
    broken.credentials = "v1.nothing"
    factories.create_integration(factories.create_website(subdomain="fine"))
    under(app, NEW, OLD)
    report = credentials.rotate()
    assert report.rotated == 1
    assert [failure.integration_id for failure in report.failed] == [lost.id, broken.id]
    assert "lost, open_router: its key is not among CREDENTIALS_KEYS." in report.sentence()
    assert stored()[broken.id] == "v1.nothing"


def test_a_row_moved_from_another_website_is_reported_not_rewritten(app: Flask) -> None:
    under(app, OLD)
    first = factories.create_integration(factories.create_website())
    second = factories.create_integration(factories.create_website())
    db.session.execute(
        update(WebsiteIntegration)
        .where(WebsiteIntegration.id == second.id)
        .values(credentials=first.credentials)
    )
    db.session.commit()
    under(app, NEW, OLD)
    report = credentials.rotate()
    assert (report.rotated, len(report.failed)) == (1, 1)


class MeddlingVault(Vault):
    """Stores another value for the row while the rotation is between reading and writing."""

    meddle_with: WebsiteIntegration | None = None

    def encrypt(self, values: dict[str, str], place: Place) -> str:
        row, self.meddle_with = self.meddle_with, None
        if row is not None:
            theirs = super().encrypt({"api_key": "sk-or-v1-entered-meanwhile"}, place)
            same = WebsiteIntegration.id == row.id
            statement = update(WebsiteIntegration).where(same).values(credentials=theirs)
            with db.engine.begin() as connection:
                connection.execute(statement)
        return super().encrypt(values, place)


def test_a_key_entered_during_the_rotation_is_not_overwritten(app: Flask) -> None:
    under(app, OLD)
    row = factories.create_integration(factories.create_website())
    db.session.commit()
    box = MeddlingVault([base64.urlsafe_b64decode(key) for key in (NEW, OLD)])
    app.extensions["pwb_vault"] = box
    box.meddle_with = row
    report = credentials.rotate()
    assert (report.rotated, report.already) == (0, 1)
    place = Place(row.website_id, "ai", "open_router")
    assert box.decrypt(stored()[row.id], place)["api_key"] == "sk-or-v1-entered-meanwhile"
