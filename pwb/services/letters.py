"""The words of the portal's mail: plain text, one purpose a letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pwb.models import Website
from pwb.services.accounts import INVITE_LIFE, RESET_LIFE

MakeUrl = Callable[[Website, str], str]
"""The address of a website's page for a token, as a browser opens it."""


@dataclass(frozen=True)
class Letter:
    """Subject and text."""

    subject: str
    text: str


def invitation(website_name: str, inviter: str, url: str) -> Letter:
    """To somebody who is to join a website."""
    return Letter(
        f"Your invitation to {website_name}",
        f"{inviter} invites you to work on {website_name}.\n\n"
        f"Open this link to join:\n\n{url}\n\n"
        f"It works once, for {INVITE_LIFE.days} days. If you expected no invitation, "
        "leave this letter be: nothing happens.\n",
    )


def new_password(website_name: str, url: str) -> Letter:
    """To somebody who gets a link to choose a new password."""
    hours = int(RESET_LIFE.total_seconds() // 3600)
    return Letter(
        f"Your new password for {website_name}",
        f"Open this link to choose a new password for {website_name}:\n\n{url}\n\n"
        f"It works once, for {hours} hours. If you did not ask for it, "
        "leave this letter be: your password stays as it is.\n",
    )
