"""Settings from the environment, each declared once with its default.

A setting that is wrong stops the start with a sentence that names it. `instance/secrets.env`
(made by `make secrets` and by `make demo`) is read too; the environment wins over it.
"""

from __future__ import annotations

import base64
import binascii
import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import click
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent.parent
# Where the SQLite file and local secrets live; moved as a whole by PWB_INSTANCE.
INSTANCE = Path(os.environ.get("PWB_INSTANCE") or ROOT / "instance").absolute()
SECRETS_FILE = INSTANCE / "secrets.env"

OPEN_ROUTER_BASE = "https://openrouter.ai/api/v1"
DEFAULT_MODEL = "anthropic/claude-3.5-sonnet"


_NO_DATABASE = (
    "must be a database URL such as postgresql://user@host/name or sqlite:////path/to/a/file"
)


class ConfigurationError(click.ClickException):
    """A setting is missing or wrong; the message names it and says how to mend it.

    The `flask` command prints it as it is and ends with its exit status.
    """

    exit_code = 2


class Settings(BaseSettings):
    """Every setting of the portal. Field names are the environment's names in lower case."""

    model_config = SettingsConfigDict(
        env_file=SECRETS_FILE, env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    secret_key: SecretStr = Field(min_length=16)
    credentials_keys: Annotated[list[SecretStr], NoDecode] = Field(min_length=1)
    database_url: str = f"sqlite:///{INSTANCE / 'portal.sqlite3'}"
    # Photos of listings, and what is made of them.
    uploads_dir: Path = INSTANCE / "uploads"
    open_router_api_key: SecretStr | None = None
    open_router_default_model: str = DEFAULT_MODEL
    open_router_api_base: str = OPEN_ROUTER_BASE
    # Addresses that only the operator names; the last one has no default and is offered once set.
    openai_api_base: str | None = None
    anthropic_api_base: str | None = None
    openai_compatible_api_base: str | None = None
    portal_domain: str | None = None
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    redis_url: str | None = None
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: str | None = None
    smtp_starttls: bool = True
    # Time limits of one generation at the provider, in seconds.
    ai_connect_timeout: float = Field(default=5, gt=0, le=60)
    ai_idle_timeout: float = Field(default=30, gt=0, le=300)
    ai_total_timeout: float = Field(default=120, gt=0, le=600)
    # Before a second try where the provider names no pause; doubled for the third.
    ai_retry_pause: float = Field(default=0.5, gt=0, le=10)
    # Whether pages have the list of models fetched when it is older than an hour.
    ai_catalogue_refresh: bool = True
    # How many generations may run at once.
    ai_in_flight_per_person: int = Field(default=10, ge=1, le=1000)
    ai_in_flight_per_website: int = Field(default=40, ge=1, le=1000)
    # What a model without a known price is taken to cost when money is set aside for a call, in
    # USD per million tokens: the dearest model recommended, so that a budget holds.
    ai_unknown_price_prompt: Decimal = Field(default=Decimal(15), ge=0, le=10_000)
    ai_unknown_price_completion: Decimal = Field(default=Decimal(75), ge=0, le=10_000)

    @field_validator("credentials_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("credentials_keys")
    @classmethod
    def _keys_are_32_bytes(cls, keys: list[SecretStr]) -> list[SecretStr]:
        for position, key in enumerate(keys, 1):
            decode_credentials_key(key.get_secret_value(), position)
        return keys

    @field_validator("database_url")
    @classmethod
    def _name_the_driver(cls, url: str) -> str:
        """`postgres://` and `postgresql://`, with whatever driver, mean psycopg 3 here."""
        scheme, separator, rest = url.partition("://")
        kind = scheme.partition("+")[0]
        if not separator or kind not in {"postgres", "postgresql", "sqlite"}:
            raise ValueError(_NO_DATABASE)
        named = url if kind == "sqlite" else f"postgresql+psycopg://{rest}"
        try:
            make_url(named)
        except (ArgumentError, ValueError):
            raise ValueError(_NO_DATABASE) from None
        return named

    @field_validator(
        "open_router_api_base",
        "openai_api_base",
        "anthropic_api_base",
        "openai_compatible_api_base",
    )
    @classmethod
    def _base_is_http(cls, base: str | None) -> str | None:
        if base is not None and not base.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return base.rstrip("/") if base else base

    @field_validator("portal_domain")
    @classmethod
    def _plain_domain(cls, domain: str | None) -> str | None:
        return domain.strip().strip(".").lower() if domain else None

    @property
    def mail_enabled(self) -> bool:
        """Whether links can be mailed; otherwise the admin passes them on."""
        return bool(self.smtp_host and self.smtp_from)


def decode_credentials_key(key: str, position: int = 1) -> bytes:
    """The 32 bytes of one entry of CREDENTIALS_KEYS; raises ValueError naming its position."""
    try:
        raw = base64.b64decode(key.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    if len(raw) != 32:  # AES-256
        raise ValueError(f"key {position} is not 32 bytes as URL-safe base64")
    return raw


_CURES = {
    "secret_key": "Set SECRET_KEY to a long random string.",
    "credentials_keys": "Set CREDENTIALS_KEYS to one or more keys of 32 bytes as URL-safe base64, "
    "comma-separated.",
}


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment; raises ConfigurationError naming every wrong one."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type] # pydantic validates what it is given
    except ValidationError as error:
        raise ConfigurationError(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    """One line a problem, without the values: some of them are secrets."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        missing = problem["type"] == "missing"
        reason = "is not set" if missing else problem["msg"].removeprefix("Value error, ")
        lines.append(f"{name.upper()}: {reason}. {_CURES.get(name, '')}".strip())
    return "\n".join([*lines, "`make secrets` makes both secrets in instance/secrets.env."])
