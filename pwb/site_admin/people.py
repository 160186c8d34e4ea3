"""People: who works on this website, invitations, roles, new passwords."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from pwb import tenant_context
from pwb.errors import InvalidInput
from pwb.models import Membership, User
from pwb.security import admin
from pwb.services import budgets, mail
from pwb.services import people as people_service
from pwb.services.people import FreshLink
from pwb.site_admin import bp
from pwb.site_admin.admin_forms import BudgetForm, InviteForm, RoleForm, put_beside_fields

Page = str | tuple[str, int] | Response


def _actor() -> User:
    user: User = current_user._get_current_object()
    return user


def _render_people(form: InviteForm, status: int = 200, fresh: FreshLink | None = None) -> Page:
    invite_url = tenant_context.links_to("auth.accept_invitation")
    page = render_template(
        "site_admin/people.html",
        form=form,
        members=people_service.list_members(g.website),
        invitations=people_service.open_invitations(g.website),
        fresh=fresh,
        fresh_url=invite_url(g.website, fresh.token) if fresh and fresh.token else None,
        mail_enabled=mail.enabled(),
    )
    return page, status


def _render_person(
    member: Membership, status: int = 200, fresh: FreshLink | None = None, **parts: Any
) -> Page:
    reset_url = tenant_context.links_to("auth.reset_password")
    page = render_template(
        "site_admin/people_person.html",
        member=member,
        form=parts.get("form") or RoleForm(formdata=None, role=member.role),
        budget_form=parts.get("budget_form") or BudgetForm(formdata=None, obj=member),
        budget=budgets.state(g.website, member.user).person,
        is_self=member.user_id == current_user.id,
        elsewhere=people_service.opens_elsewhere(g.website, member),
        problem=parts.get("problem"),
        fresh=fresh,
        fresh_url=reset_url(g.website, fresh.token) if fresh and fresh.token else None,
        mail_enabled=mail.enabled(),
    )
    return page, status


@bp.get("/people")
@admin
def people() -> Page:
    """Everybody with a role here, and who is invited."""
    return _render_people(InviteForm(formdata=None))


@bp.post("/people/invitations")
@admin
def invite_person() -> Page:
    """Make an invitation; its link is shown on this answer and never again."""
    form = InviteForm()
    if not form.validate_on_submit():
        return _render_people(form, 422)
    make_url = tenant_context.links_to("auth.accept_invitation")
    try:
        fresh = people_service.invite_person(
            g.website, _actor(), form.email.data or "", form.role.data, make_url
        )
    except InvalidInput as error:
        put_beside_fields(form, error)
        return _render_people(form, error.status)
    return _render_people(InviteForm(formdata=None), fresh=fresh)


@bp.post("/people/invitations/<int:invitation_id>/revoke")
@admin
def revoke_invitation(invitation_id: int) -> Page:
    """Withdraw an invitation."""
    link = people_service.revoke_invitation(g.website, _actor(), invitation_id)
    flash(f"The invitation of {link.email} is withdrawn: its link no longer works.", "success")
    return redirect(url_for("site_admin.people"))


@bp.get("/people/<int:membership_id>")
@admin
def person(membership_id: int) -> Page:
    """One person, and what an admin can do about them."""
    return _render_person(people_service.get_member(g.website, membership_id))


@bp.post("/people/<int:membership_id>/role")
@admin
def change_role(membership_id: int) -> Page:
    """Give somebody another role."""
    member = people_service.get_member(g.website, membership_id)
    form = RoleForm()
    if not form.validate_on_submit():
        return _render_person(member, 422, form=form)
    try:
        people_service.change_role(g.website, _actor(), membership_id, form.role.data)
    except InvalidInput as error:
        return _render_person(member, error.status, problem=error)
    flash(f"{member.user.display_name} is now an {member.role}.", "success")
    return redirect(url_for("site_admin.person", membership_id=membership_id))


@bp.post("/people/<int:membership_id>/budget")
@admin
def change_budget(membership_id: int) -> Page:
    """Say what somebody may spend a month."""
    member = people_service.get_member(g.website, membership_id)
    form = BudgetForm()
    if not form.validate_on_submit():
        return _render_person(member, 422, budget_form=form)
    cents = form.monthly_budget_cents.cents
    people_service.change_budget(g.website, _actor(), membership_id, cents)
    flash(f"The budget of {member.user.display_name} is saved.", "success")
    return redirect(url_for("site_admin.person", membership_id=membership_id))


@bp.post("/people/<int:membership_id>/deactivate")
@admin
def deactivate_person(membership_id: int) -> Page:
    """End somebody's access from their next request on."""
    member = people_service.get_member(g.website, membership_id)
    try:
        people_service.deactivate_person(g.website, _actor(), membership_id)
    except InvalidInput as error:
        return _render_person(member, error.status, problem=error)
    flash(f"{member.user.display_name} can no longer work on {g.website.name}.", "success")
    return redirect(url_for("site_admin.people"))


@bp.post("/people/<int:membership_id>/reactivate")
@admin
def reactivate_person(membership_id: int) -> Page:
    """Let somebody in again."""
    member = people_service.reactivate_person(g.website, _actor(), membership_id)
    flash(f"{member.user.display_name} can work on {g.website.name} again.", "success")
    return redirect(url_for("site_admin.person", membership_id=membership_id))


@bp.post("/people/<int:membership_id>/password_link")
@admin
def make_password_link(membership_id: int) -> Page:
    """Make a one-time link to a new password; it is shown on this answer and never again."""
    member = people_service.get_member(g.website, membership_id)
    make_url = tenant_context.links_to("auth.reset_password")
    try:
        fresh = people_service.make_password_link(g.website, _actor(), membership_id, make_url)
    except (InvalidInput, mail.MailFailed) as error:
        return _render_person(member, error.status, problem=error)
    return _render_person(member, fresh=fresh)
