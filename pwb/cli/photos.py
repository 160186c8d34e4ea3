"""`flask photos sweep`: files that no photo of the database has."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from pwb.cli import speaks_plainly
from pwb.services import photo_sweep

photos = AppGroup("photos", help="Photos of listings.")


@photos.command("sweep")
@click.option("--delete", is_flag=True, help="Remove them; without it they are only counted.")
@speaks_plainly
def sweep(delete: bool) -> None:
    """Find files older than a day that a killed process left without a photo."""
    if delete:
        click.echo(f"Stray photos whose files were removed: {photo_sweep.sweep()}.")
    else:
        count = len(photo_sweep.strays())
        advice = " `flask photos sweep --delete` removes their files." if count else ""
        click.echo(f"Stray photos: {count}.{advice}")
