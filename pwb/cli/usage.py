"""`flask usage`: an agency's report, the operator's view, and making the sums anew."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from pwb import filters
from pwb.cli import JsonCommand, json_option, speaks_plainly, website_option
from pwb.errors import InvalidInput
from pwb.extensions import db
from pwb.models import Website
from pwb.services import ledger, operator_view, periods, rollups
from pwb.services import usage as usage_service
from pwb.services.exports import plain_number
from pwb.services.tenancy import website_by_subdomain
from pwb.services.usage_report import Sums, UsageReport

usage = AppGroup("usage", help="What was used, and what it cost.")


@usage.command("report", cls=JsonCommand)
@website_option
@click.option("--month", required=True, help="As YYYY-MM, in the website's own time zone.")
@json_option
@click.option("--pdf", type=click.Path(dir_okay=False, path_type=Path), help="Write it here.")
@click.option("--paper", type=click.Choice(["A4", "Letter"]), default="A4", show_default=True)
@speaks_plainly
def report(website: str, month: str, as_json: bool, pdf: Path | None, paper: str) -> None:
    """A website's usage of one month."""
    if as_json and pdf:
        raise InvalidInput("Choose --json or --pdf, not both.")
    site = website_by_subdomain(website)
    period = periods.month(site, month)
    ledger.settle_overdue(site)
    found = usage_service.report(site, period)
    if pdf:
        _write_pdf(site, found, paper, pdf)
    else:
        click.echo(json.dumps(_as_json(found.totals)) if as_json else _in_words(site, found))


def _as_json(sums: Sums) -> dict[str, Any]:
    return {
        "requests": sums.requests,
        "completed": sums.completed,
        "failed": sums.failed,
        "input_tokens": sums.input_tokens,
        "output_tokens": sums.output_tokens,
        "cost_cents": _exactly(sums.cost_cents),
        "unknown_costs": sums.without_cost,
    }


def _exactly(cents: Decimal) -> str:
    """To the last decimal, as the CSV has it."""
    return plain_number(cents)


def _write_pdf(site: Website, found: UsageReport, paper: str, path: Path) -> None:
    from pwb.ai_tools.usage_pdf import usage_pdf

    written = usage_pdf(site, found, paper)
    try:
        path.write_bytes(written)
    except OSError as problem:
        raise InvalidInput(f"{path} could not be written: {problem.strerror}.") from None
    click.echo(f"{path}: the usage of {site.name}, {found.period.first:%Y-%m}.")


def _in_words(site: Website, found: UsageReport) -> str:
    sums = found.totals
    counts = f"{sums.completed} completed, {sums.failed} failed"
    if found.running:
        counts += f", {found.running} more still running"
    open_costs = f"{sums.pending} pending, {sums.unknown} unknown"
    lines = [
        f"{site.name}, {found.period.first:%Y-%m}, days of {found.period.zone}",
        f"Generations    {sums.requests} ({counts})",
        f"Tokens         {sums.input_tokens} in, {sums.output_tokens} out",
        f"Spend          {_known(sums, ' US cents')}",
        f"  exact        {_exactly(sums.exact_cents)}",
        f"  estimated    {_exactly(sums.estimated_cents)}",
        f"Without cost   {sums.without_cost} ({open_costs}; "
        f"{_exactly(sums.held_cents)} US cents held for them)",
    ]
    for line in found.by_model:
        lines.append(f"{line.label}: {line.sums.requests}, {_known(line.sums)}{_open(line.sums)}")
    return "\n".join(lines)


def _known(sums: Sums, unit: str = "") -> str:
    return "not known" if sums.known_cents is None else f"{_exactly(sums.known_cents)}{unit}"


def _open(sums: Sums) -> str:
    """How many of a line's requests are not in its sum."""
    return f" ({sums.without_cost} without cost)" if sums.without_cost else ""


@usage.command("overview", cls=JsonCommand)
@click.option("--month", help="As YYYY-MM; default: this month.")
@json_option
@speaks_plainly
def overview(month: str | None, as_json: bool) -> None:
    """All websites: spend, the dearest models, failures. For the operator."""
    utc = Website(time_zone="UTC")
    period = periods.month(utc, month or f"{periods.today(utc):%Y-%m}")
    ledger.settle_overdue()
    view = operator_view.operator_view(period.first, period.last)
    if as_json:
        click.echo(json.dumps(_view_as_json(view), ensure_ascii=False))
        return
    click.echo(f"{period.first:%Y-%m}, each website's days in its own time zone")
    for head, rows in _tables(view):
        click.echo("\n" + _table(head, rows))


def _view_as_json(view: operator_view.OperatorView) -> dict[str, Any]:
    return {
        "month": f"{view.first:%Y-%m}",
        "totals": _as_json(view.totals),
        "websites": [
            {
                "website": website.subdomain,
                "plan": website.plan,
                "budget_cents": website.budget_cents,
                **_as_json(website.sums),
            }
            for website in view.websites
        ],
        "models": [
            {"model": model.model, "websites": model.websites, **_as_json(model.sums)}
            for model in view.models
        ],
        "errors": [{"code": failure.code, "count": failure.count} for failure in view.failures],
    }


Cells = tuple[str, ...]
Table = tuple[Cells, list[Cells]]
_COUNTED = ("Generations", "Failed", "Without cost", "Spend")


def _tables(view: operator_view.OperatorView) -> list[Table]:
    websites: list[Cells] = [
        (site.subdomain, site.plan, *_counted(site.sums), _share_of_budget(site))
        for site in view.websites
    ]
    together = ("All", "", *_counted(view.totals), "")
    models: list[Cells] = [
        (model.model, str(model.websites), *_counted(model.sums)) for model in view.models
    ]
    failures: list[Cells] = [
        (failure.cause, failure.code, str(failure.count)) for failure in view.failures
    ]
    return [
        (("Website", "Plan", *_COUNTED, "Budget"), [*websites, together]),
        (("Model", "Websites", *_COUNTED), models),
        (("Failure", "Code", "Count"), failures),
    ]


def _counted(sums: Sums) -> Cells:
    counts = (sums.requests, sums.failed, sums.without_cost)
    return (*map(str, counts), filters.cents(sums.known_cents))


def _share_of_budget(site: operator_view.WebsiteUsage) -> str:
    if not site.budget_cents:
        return ""
    used = site.sums.cost_cents + site.sums.held_cents
    return f"{used * 100 / site.budget_cents:.0f}% of {filters.cents(Decimal(site.budget_cents))}"


def _table(head: Cells, rows: list[Cells]) -> str:
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]
    return "\n".join(lines)


@usage.command("rebuild")
@click.option("--website", help="Only this website's, by its subdomain.")
@speaks_plainly
def rebuild(website: str | None) -> None:
    """Make the daily sums anew from the ledger's requests."""
    if website is None:
        click.echo(f"The sums of {rollups.rebuild_all()} websites were made anew.")
        return
    site = website_by_subdomain(website)
    rollups.rebuild(site)
    db.session.commit()
    click.echo(f"The sums of {site.name} were made anew.")
