"""Settings from the environment and the file of secrets."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from pwb.config import ROOT, ConfigurationError, Settings, load_settings
from pwb.secrets_file import ensure_secrets
from tests.conftest import KEYS

GOOD = {"secret_key": "a secret for tests only", "credentials_keys": KEYS}


def load(**values: object) -> Settings:
    """Settings of these values alone."""
    return load_settings(_env_file=None, **GOOD | values)


def complaint(**values: object) -> str:
    """The sentences that these values are refused with."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings(_env_file=None, **values)
    return str(caught.value)


def test_missing_secrets_are_all_named_at_once_with_the_way_to_make_them() -> None:
    text = complaint()
    assert "SECRET_KEY: is not set." in text
    assert "CREDENTIALS_KEYS: is not set." in text
    assert "make secrets" in text


def test_a_secret_that_is_refused_is_not_repeated() -> None:
    assert "tooshort" not in complaint(secret_key="tooshort", credentials_keys=KEYS)
    assert "notakey" not in complaint(**GOOD | {"credentials_keys": "notakey"})


def test_a_malformed_key_is_named_by_its_place() -> None:
    assert "key 2 is not 32 bytes" in complaint(**GOOD | {"credentials_keys": f"{KEYS},c2hvcnQ="})


def test_several_keys_may_have_spaces_between_them() -> None:
    assert len(load(credentials_keys=f"{KEYS} , {KEYS},").credentials_keys) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "portal.sqlite3"),
        ("database_url", "mysql://portal@db.example/portal"),
        ("database_url", "postgresql://portal@db.example:port/portal"),
        ("open_router_api_base", "openrouter.ai/api/v1"),
        ("trusted_proxies", "many"),
        ("trusted_proxies", "-1"),
        ("ai_total_timeout", "0"),
        ("smtp_port", "70000"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    assert complaint(**GOOD | {name: value}).startswith(f"{name.upper()}: ")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_postgresql_address_means_the_driver_that_is_installed(scheme: str) -> None:
    settings = load(database_url=f"{scheme}://portal@db.example/portal")
    assert settings.database_url == "postgresql+psycopg://portal@db.example/portal"


def test_the_environment_is_read_and_an_empty_variable_counts_as_not_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORTAL_DOMAIN", " Portal.Example. ")
    monkeypatch.setenv("OPEN_ROUTER_API_KEY", "")
    settings = load()
    assert settings.portal_domain == "portal.example"
    assert settings.open_router_api_key is None


def test_secrets_do_not_show_when_the_settings_are_printed() -> None:
    settings = load(open_router_api_key="sk-or-v1-canary", smtp_password="canary-mail")
    assert "canary" not in repr(settings)
    assert GOOD["secret_key"] not in repr(settings)


def test_the_instance_directory_moves_as_a_whole(tmp_path: Path) -> None:
    code = (
        "from pwb.config import INSTANCE, SECRETS_FILE, Settings\n"
        "print(INSTANCE, SECRETS_FILE, Settings.model_fields['database_url'].default, sep='\\n')"
    )
    environment = os.environ | {"PWB_INSTANCE": str(tmp_path)}
    printed = subprocess.check_output(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, text=True
    )
    assert printed.splitlines() == [
        str(tmp_path),
        str(tmp_path / "secrets.env"),
        f"sqlite:///{tmp_path / 'portal.sqlite3'}",
    ]


def test_every_setting_is_in_the_example_file() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"{name.upper()}=" not in example]
    assert missing == []


def test_the_example_file_shows_the_defaults_that_the_code_has() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    shown = dict(line.removeprefix("# ").split("=", 1) for line in text.splitlines() if "=" in line)
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
            assert float(shown[name.upper()]) == field.default, name


class TestTheFileOfSecrets:
    def test_is_made_with_what_is_missing_and_only_its_owner_reads_it(self, tmp_path: Path) -> None:
        path = tmp_path / "new" / "secrets.env"
        assert ensure_secrets(path, {}) == ["SECRET_KEY", "CREDENTIALS_KEYS"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        settings = load_settings(_env_file=path)
        assert len(settings.credentials_keys) == 1
        assert len(settings.secret_key.get_secret_value()) >= 48
        assert [entry.name for entry in path.parent.iterdir()] == ["secrets.env"]

    def test_is_left_as_it_is_the_second_time(self, tmp_path: Path) -> None:
        path = tmp_path / "secrets.env"
        ensure_secrets(path, {})
        before = path.read_bytes()
        assert ensure_secrets(path, {}) == []
        assert path.read_bytes() == before

    def test_keeps_what_somebody_wrote_and_gains_only_the_rest(self, tmp_path: Path) -> None:
        path = tmp_path / "secrets.env"
        path.write_text("PORTAL_DOMAIN=portal.example\nsecret_key=mine and nobody else's")
        assert ensure_secrets(path, {}) == ["CREDENTIALS_KEYS"]
        values = dotenv_values(path)
        assert values["PORTAL_DOMAIN"] == "portal.example"
        assert values["secret_key"] == "mine and nobody else's"
        assert "SECRET_KEY" not in values

    def test_gets_nothing_that_the_environment_gives(self, tmp_path: Path) -> None:
        path = tmp_path / "secrets.env"
        environment = {"SECRET_KEY": "given", "CREDENTIALS_KEYS": KEYS}
        assert ensure_secrets(path, environment) == []
        assert not path.exists()
        assert ensure_secrets(path, environment | {"SECRET_KEY": ""}) == ["SECRET_KEY"]

    def test_is_closed_to_others_where_it_stood_open(self, tmp_path: Path) -> None:
        path = tmp_path / "secrets.env"
        ensure_secrets(path, {})
        path.chmod(0o644)
        ensure_secrets(path, {})
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
