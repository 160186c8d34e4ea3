"""`flask ai purge` and `flask users erase`: what is removed for good."""

from __future__ import annotations

import sys

import click

from pwb.cli import ai, speaks_plainly, users
from pwb.services import retention
from pwb.services.tenancy import website_by_subdomain


@ai.command("purge")
@click.option("--older-than", required=True, help="In days, as 400d.")
@click.option("--website", help="Only this website's, by its subdomain.")
@speaks_plainly
def purge(older_than: str, website: str | None) -> None:
    """Remove old prompts and outputs; who asked for what, when, at which cost stays."""
    age = retention.parse_age(older_than)
    count = retention.purge(age, website_by_subdomain(website) if website else None)
    click.echo(f"Requests whose prompts and outputs were removed: {count}. Their costs stay.")


@users.command("erase")
@click.argument("email")
@speaks_plainly
def erase(email: str) -> None:
    """Remove a person's data for good; what they spent stays in the sums."""
    if sys.stdin.isatty():
        click.confirm(f"Remove {email} from every website for good?", abort=True, err=True)
    erasure = retention.erase_person(email)
    for subdomain in erasure.without_admin:
        advice = f"flask users create EMAIL --website {subdomain} --role admin"
        click.echo(f"{subdomain} has no admin any more: {advice}", err=True)
    click.echo(erasure.sentence())
