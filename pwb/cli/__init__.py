"""The `flask` commands: each reads its words, calls one service and prints.

Exit status: 0 done; 2 wrong usage, among it an unknown listing, website, locale or a malformed key;
3 AI is not configured; 4 a failure at the provider. With `--json` standard output holds exactly
one JSON object; the clear sentence goes to standard error.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy.exc import OperationalError, ProgrammingError

from pwb.errors import InvalidInput, PortalError
from pwb.services import (
    accounts,
    approval_chain,
    credentials,
    exports,
    imports,
    integrations,
    ledger,
    plans,
    reconciliation,
)
from pwb.services import websites as website_service
from pwb.services.generation_errors import GenerationFailed
from pwb.services.tenancy import website_by_subdomain

USAGE, NOT_CONFIGURED, PROVIDER = 2, 3, 4
USAGE_CODES = {"invalid_input"}
NO_DATABASE = "The database does not answer or is not migrated: `make migrate`."

Command = TypeVar("Command", bound=Callable[..., Any])

websites = AppGroup("websites", help="Agencies' websites.")
users = AppGroup("users", help="People.")
properties = AppGroup("properties", help="Listings.")
integrations_group = AppGroup("integrations", help="AI services.")
ai = AppGroup("ai", help="Writing with AI.")
credentials_group = AppGroup("credentials", help="The encryption of keys.")
simulator = AppGroup("simulator", help="The simulator of OpenRouter, for demo and tests.")

website_option = click.option("--website", required=True, help="The website's subdomain.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object, no words.")


def init_app(app: Flask) -> None:
    """Register the commands, those of the other files of this package too."""
    from pwb.cli import retention, writing  # noqa: F401 - they add to `ai` and `users`
    from pwb.cli.photos import photos
    from pwb.cli.usage import usage

    for group in (
        websites,
        users,
        properties,
        integrations_group,
        ai,
        credentials_group,
        simulator,
        usage,
        photos,
    ):
        app.cli.add_command(group)


def exit_status(error: PortalError) -> int:
    """The exit status that the error's kind has."""
    if not isinstance(error, GenerationFailed) or error.code in USAGE_CODES:
        return USAGE
    return NOT_CONFIGURED if error.code == "not_configured" else PROVIDER


class JsonCommand(click.Command):
    """A command whose standard output is one JSON object under `--json`, on wrong usage too."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        words = list(args[1] if len(args) > 1 else kwargs["args"])
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            if "--json" in words:
                say_json(GenerationFailed("invalid_input", error.format_message()))
            raise


def say_json(failure: GenerationFailed) -> None:
    """The contract's object on standard output."""
    click.echo(json.dumps(failure.as_json(), ensure_ascii=False))


def fail(error: PortalError, as_json: bool = False) -> NoReturn:
    """One clear line on standard error, and the contract's object where it was asked for."""
    if as_json:
        say_json(error if isinstance(error, GenerationFailed) else _as_failure(error))
    click.echo(error.sentence(), err=True)
    sys.exit(exit_status(error))


def _as_failure(error: PortalError) -> GenerationFailed:
    return GenerationFailed("invalid_input", error.message, resolution=error.resolution)


def speaks_plainly(command: Command) -> Command:
    """Turn the portal's errors, and a database that is not there, into one line and a status."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            refuse_broken_words(kwargs)
            return command(*args, **kwargs)
        except PortalError as error:
            fail(error, kwargs.get("as_json", False))
        except (OperationalError, ProgrammingError):
            current_app.logger.debug("database error", exc_info=True)
            if kwargs.get("as_json"):
                say_json(GenerationFailed("internal_error", NO_DATABASE))
            click.echo(NO_DATABASE, err=True)
            sys.exit(1)

    return wrapped  # type: ignore[return-value] # same signature


def refuse_broken_words(words: dict[str, Any]) -> None:
    """Raises InvalidInput for an argument whose bytes are no text, which no database can hold."""
    for name, word in words.items():
        if isinstance(word, str) and any("\ud800" <= letter <= "\udfff" for letter in word):
            raise InvalidInput(f"{name.upper()} is not text in UTF-8.")


def secret_from_stdin(what: str) -> str:
    """A secret from a prompt or from standard input; never an argument that `ps` would show."""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True, err=True))
    try:
        return sys.stdin.buffer.readline().decode("utf-8").strip("\r\n")
    except UnicodeDecodeError:
        raise InvalidInput(
            "What came from standard input is not text in UTF-8.",
            resolution="Nothing was changed.",
        ) from None


@websites.command("create")
@click.argument("subdomain")
@click.option("--name", required=True)
@click.option("--locale", default="en", show_default=True)
@click.option("--currency", default="EUR", show_default=True)
@click.option("--plan", default="professional", show_default=True)
@speaks_plainly
def create_website(subdomain: str, name: str, locale: str, currency: str, plan: str) -> None:
    """Make a website."""
    website = website_service.create_website(subdomain, name, locale, currency, plan)
    click.echo(f"Website {website.name} is ready under the subdomain {website.subdomain}.")


@websites.command("set-plan")
@click.argument("subdomain")
@click.argument("plan")
@speaks_plainly
def set_plan(subdomain: str, plan: str) -> None:
    """Give a website another plan: free, starter, professional or enterprise."""
    site = website_by_subdomain(subdomain)
    plans.change_plan(site, plan)
    limit = plans.PLAN_GENERATIONS[plan]
    texts = "any number of texts" if limit is None else f"{limit} texts"
    click.echo(f"{site.name} has the plan {plan} now: {texts} a month.")


@users.command("create")
@click.argument("email")
@website_option
@click.option("--role", required=True, type=click.Choice(["admin", "agent"]))
@speaks_plainly
def create_user(email: str, website: str, role: str) -> None:
    """Make a person; the password comes from standard input."""
    site = website_by_subdomain(website)
    user = accounts.create_user(site, email, role, secret_from_stdin("Password"))
    click.echo(f"{user.email} is {role} of {site.name}.")


@users.command("set-password")
@click.argument("email")
@speaks_plainly
def set_password(email: str) -> None:
    """Give a person a new password, from standard input, and end their sessions."""
    accounts.set_password(email, secret_from_stdin("New password"))
    click.echo(f"{email} has a new password; every session was signed out.")


@properties.command("import")
@click.argument("file", type=click.File("rb"))
@website_option
@speaks_plainly
def import_properties(file: Any, website: str) -> None:
    """Import listings from a CSV file; bad rows are reported, good ones imported."""
    site = website_by_subdomain(website)
    for event in imports.import_listings(site, None, file, filename=file.name):
        if isinstance(event, imports.RowProblem):
            where = f", column {event.column}" if event.column else ""
            click.echo(f"line {event.line}{where}: {event.reason}", err=True)
        elif isinstance(event, imports.Summary):
            click.echo(event.sentence())


@properties.command("export")
@website_option
@click.option("--approved-only", is_flag=True, help="Only approved texts, and who approved them.")
@speaks_plainly
def export_properties(website: str, approved_only: bool) -> None:
    """Print the listings as CSV in the import's columns."""
    site = website_by_subdomain(website)
    for part in exports.export_listings(site, approved_only=approved_only):
        click.echo(part, nl=False)


@integrations_group.command("set-key")
@click.argument("provider")
@website_option
@click.option("--default-model")
@click.option("--max-tokens", type=int)
@speaks_plainly
def set_key(provider: str, website: str, default_model: str | None, max_tokens: int | None) -> None:
    """Store a provider's key, read from standard input. No provider is called."""
    site = website_by_subdomain(website)
    changes = {"default_model": default_model, "max_tokens": max_tokens}
    api_key = secret_from_stdin("API key")
    if not api_key and not any(changes.values()):
        raise InvalidInput(
            "No API key came from standard input.", resolution="Nothing was changed."
        )
    row = integrations.save_integration(site, None, provider, api_key=api_key, changes=changes)
    click.echo(f"{provider} is configured for {site.name} ({integrations.masked_key(row)}).")


@integrations_group.command("test")
@click.argument("provider")
@website_option
@speaks_plainly
def test_integration(provider: str, website: str) -> None:
    """Test the connection and the key."""
    report = integrations.test_provider(website_by_subdomain(website), provider)
    click.echo(report.sentence())


@ai.command("verify-approvals")
@website_option
@speaks_plainly
def verify_approvals(website: str) -> None:
    """Read every approval of a website again: none was changed, taken out or put in."""
    report = approval_chain.verify_chain(website_by_subdomain(website))
    for problem in report.problems:
        click.echo(problem, err=True)
    click.echo(report.sentence())
    sys.exit(0 if report.intact else 1)


@ai.command("settle")
@speaks_plainly
def settle() -> None:
    """Settle generations that were cut off by a stop of the portal."""
    click.echo(f"{ledger.settle_overdue()} settled.")


@ai.command("reconcile")
@click.option("--website", help="Only this website's, by its subdomain.")
@speaks_plainly
def reconcile(website: str | None) -> None:
    """Ask the providers for costs that were not known when a generation ended."""
    report = reconciliation.reconcile(website_by_subdomain(website) if website else None)
    for problem in report.problems:
        click.echo(problem, err=True)
    click.echo(report.sentence())
    sys.exit(PROVIDER if report.failed else 0)


@credentials_group.command("rotate")
@speaks_plainly
def rotate() -> None:
    """Encrypt every stored key under the first of CREDENTIALS_KEYS."""
    report = credentials.rotate()
    click.echo(report.sentence())
    sys.exit(0 if not report.failed else 1)


@simulator.command("run")
@click.option("--port", type=click.IntRange(1, 65535), default=5001, show_default=True)
@click.option("--delay", type=float, default=0.02, show_default=True, help="Seconds a piece.")
@click.option("--seed", type=int, default=0, show_default=True)
def run_simulator(port: int, delay: float, seed: int) -> None:
    """Serve the simulator on 127.0.0.1. It is not an AI model."""
    from pwb.simulator import server

    try:
        server.run(port, delay=delay, seed=seed)
    except server.SimulatorPortBusy as busy:
        click.echo(str(busy), err=True)
        sys.exit(1)
