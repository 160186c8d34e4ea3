"""`flask ai describe`, `social` and `check`: texts written, and texts read by the checks."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from decimal import Decimal, InvalidOperation

import click

from pwb.cli import USAGE, JsonCommand, ai, json_option, speaks_plainly, website_option
from pwb.errors import InvalidInput
from pwb.services import generations, social_posts
from pwb.services import properties as property_service
from pwb.services.generation_errors import GenerationFailed
from pwb.services.line_checks import LineChecker
from pwb.services.tenancy import website_by_subdomain


@ai.command("describe", cls=JsonCommand)
@click.argument("reference")
@website_option
@click.option("--locale", help="Default: the website's own.")
@click.option("--tone", default="professional", show_default=True)
@click.option("--model", help="Default: the integration's.")
@click.option("--stream", is_flag=True, help="Print the text as it comes.")
@json_option
@speaks_plainly
def describe(
    reference: str,
    website: str,
    locale: str | None,
    tone: str,
    model: str | None,
    stream: bool,
    as_json: bool,
) -> None:
    """Write a listing's description; nothing is saved on the listing."""
    site = website_by_subdomain(website)
    listing = property_service.by_reference(site, reference)
    spec = generations.DescriptionSpec(locale or site.default_locale, tone, model)
    ticket = generations.begin_description(site, None, listing, spec)
    result = run_printing(ticket, stream and not as_json)
    if as_json:
        click.echo(json.dumps(result.as_json(), ensure_ascii=False))
    elif not stream:
        text = result.text
        click.echo(f"{text.title}\n\n{text.description}\n\n{text.meta_description}")


def run_printing(ticket: generations.Ticket, aloud: bool) -> generations.GenerationResult:
    """Run the generation, printing each field as it comes where that is wanted."""
    field = ""
    for event in generations.run(ticket):
        if isinstance(event, generations.GenerationResult):
            return event
        if aloud and isinstance(event, generations.Delta):
            click.echo("\n\n" * bool(field and event.field != field), nl=False)
            click.echo(event.text, nl=False)
            field = event.field
    raise GenerationFailed("provider_error", "The generation ended without a text.")


@ai.command("social", cls=JsonCommand)
@click.argument("reference")
@website_option
@click.option("--platform", "platforms", multiple=True, required=True, help="May be repeated.")
@click.option("--category", required=True)
@click.option("--locale", help="Default: the website's own.")
@click.option("--model", help="Default: the integration's.")
@click.option("--old-price", help="Of a price drop; the new price is the listing's.")
@click.option("--event-at", help="Of an open house: 2026-12-05T11:00, in the website's time zone.")
@json_option
@speaks_plainly
def social(
    reference: str,
    website: str,
    platforms: tuple[str, ...],
    category: str,
    locale: str | None,
    model: str | None,
    old_price: str | None,
    event_at: str | None,
    as_json: bool,
) -> None:
    """Write a listing's posts and save them as drafts."""
    site = website_by_subdomain(website)
    listing = property_service.by_reference(site, reference)
    spec = social_posts.SocialSpec(
        platforms=platforms,
        category=category,
        locale=locale or site.default_locale,
        old_price=amount("--old-price", old_price),
        event_at=moment("--event-at", event_at),
        model=model,
    )
    result = social_posts.generate_posts(site, None, listing, spec)
    for name, failure in result.failures.items():
        click.echo(f"{name}: {failure.sentence()}", err=True)
    if as_json:
        click.echo(json.dumps(result.as_json(), ensure_ascii=False))
    else:
        click.echo("\n\n".join(draft.in_words() for draft in result.posts))


def amount(option: str, text: str | None) -> Decimal | None:
    """A price as typed; raises InvalidInput."""
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        raise InvalidInput(f"{option} is a number such as 680000.") from None


def moment(option: str, text: str | None) -> datetime | None:
    """A date with its time as typed; raises InvalidInput."""
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{option} is a date and time such as 2026-12-05T11:00.") from None


@ai.command("check")
@click.option("--jsonl", is_flag=True, required=True, help="One JSON object a line, in and out.")
@speaks_plainly
def check(jsonl: bool) -> None:
    """Check texts from standard input: Fair Housing, and claims against a listing.

    A line is {"text", "locale", "reference"?, "website"?}; its answer comes at once. Without a
    website all jurisdictions apply; without a reference there is nothing to hold claims against.
    """
    checker = LineChecker()
    for answer in checker.answers(sys.stdin.buffer):
        click.echo(json.dumps(answer, ensure_ascii=False))
    sys.exit(USAGE if checker.bad_lines else 0)
