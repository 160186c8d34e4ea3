"""The first page after signing in."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, render_template

from pwb.security import agent
from pwb.services import dashboard as dashboard_service
from pwb.services import people as people_service
from pwb.site_admin import bp, property_views


@dataclass(frozen=True)
class StepWords:
    """How the page puts one of the first steps; no endpoint where the role opens none."""

    title: str
    text: str
    endpoint: str | None = None
    action: str = ""


@bp.get("/")
@agent
def dashboard() -> str:
    """What needs attention, recent listings, and this month in four figures."""
    is_admin: bool = g.membership.is_admin
    return render_template(
        "site_admin/dashboard.html",
        overview=dashboard_service.overview(g.website),
        is_admin=is_admin,
        admins=[] if is_admin else people_service.admin_names(g.website),
        steps=_steps(is_admin),
        view=property_views,
    )


def _steps(is_admin: bool) -> dict[str, StepWords]:
    listing = "Import your listings from a CSV file, or add one by hand."
    generate = "Open a listing, choose a tone, and press Generate description."
    return {
        "connect": _for_admins(
            is_admin,
            "Connect an AI service",
            "Enter your OpenRouter key and test the connection.",
            "integrations.index",
            "Configure",
        ),
        "add_listing": StepWords(
            "Add listings", listing, "site_admin.property_import", "Import CSV"
        ),
        "generate": StepWords(
            "Write the first description", generate, "site_admin.properties", "Open properties"
        ),
        "invite": _for_admins(
            is_admin,
            "Invite your colleagues",
            "Each gets an account of their own.",
            "site_admin.people",
            "Invite",
        ),
    }


def _for_admins(is_admin: bool, title: str, text: str, endpoint: str, action: str) -> StepWords:
    if is_admin:
        return StepWords(title, text, endpoint, action)
    return StepWords(title, "An admin of this website does this.")
