"""Signing in and out, switching websites, invitations and passwords."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from pwb import tenant_context
from pwb.auth.forms import (
    AcceptInvitationForm,
    ForgotPasswordForm,
    InvitationOfKnownForm,
    LoginForm,
    NewPasswordForm,
)
from pwb.auth.resume import HELD_ACTION, carried_fields, safe_path
from pwb.errors import InvalidInput, PortalError, Throttled
from pwb.models import AccountLink
from pwb.security import public, signed_in
from pwb.services import accounts, people

bp = Blueprint("auth", __name__)

Page = str | tuple[str, int] | tuple[str, int, dict[str, str]] | Response


@bp.get("/")
@public
def root() -> Response:
    """The portal begins at its dashboard."""
    return redirect(url_for("site_admin.dashboard"))


@bp.route("/login", methods=["GET", "POST"])
@public
def login() -> Page:
    """Sign in; a held form is offered again afterwards."""
    if request.method == "GET" and current_user.is_authenticated:
        return redirect(url_for("site_admin.dashboard"))
    form = LoginForm(data={"next": request.args.get("next", "")})
    if not form.validate_on_submit():
        return render_login(form, 422 if form.is_submitted() else 200)
    try:
        user = accounts.authenticate(
            form.email.data or "", form.password.data or "", _address(), g.host_website
        )
    except (InvalidInput, Throttled) as error:
        return render_login(form, error.status, error)
    begin_session(user)
    held_action = safe_path(request.form.get(HELD_ACTION))
    if held_action:
        return render_resume(held_action, carried_fields())
    return redirect(safe_path(form.next.data) or url_for("site_admin.dashboard"))


def begin_session(user: Any) -> None:
    """A fresh session for the person: nothing of the one before survives."""
    website_id = session.get("website_id")
    session.clear()
    # Flask-WTF remembers the ended session's token for the rest of the request.
    g.pop("csrf_token", None)
    session.permanent = True
    if website_id:
        session["website_id"] = website_id
    login_user(user)


def _address() -> str:
    """Where the request comes from, as the throttle counts it."""
    return request.remote_addr or "unknown"


def render_login(form: LoginForm, status: int, error: PortalError | None = None) -> Page:
    """The sign-in page, still holding what it held."""
    held_action = safe_path(request.form.get(HELD_ACTION))
    page = render_template(
        "auth/session_expired.html" if held_action else "auth/login.html",
        form=form,
        error=error,
        held_action=held_action,
        held_fields=carried_fields(),
        mail_enabled=current_app.config["PWB"].mail_enabled,
    )
    return page, status, _retry_after(error)


def _retry_after(error: PortalError | None) -> dict[str, str]:
    return {"Retry-After": str(error.retry_after)} if error and error.retry_after else {}


def render_resume(action: str, fields: list[tuple[str, str]]) -> str:
    """The page that sends a held form on."""
    return render_template("auth/resume.html", held_action=action, held_fields=fields)


def render_session_expired(action: str, fields: list[tuple[str, str]]) -> str:
    """The sign-in page for somebody whose session ended in mid-edit."""
    return render_template(
        "auth/session_expired.html",
        form=LoginForm(formdata=None),
        error=None,
        held_action=action,
        held_fields=fields,
        mail_enabled=current_app.config["PWB"].mail_enabled,
    )


@bp.post("/logout")
@public
def logout() -> Response:
    """Sign out, also twice; the person's other sessions end as well."""
    if current_user.is_authenticated:
        accounts.end_sessions(current_user)
    logout_user()
    session.clear()
    return redirect(url_for("auth.login"))


@bp.post("/switch_website")
@signed_in
def switch_website() -> Response:
    """Work on another of the person's websites from now on."""
    chosen = request.form.get("website_id", type=int)
    if g.host_website is not None or chosen not in {m.website_id for m in g.memberships}:
        abort(404)
    session["website_id"] = chosen
    return redirect(url_for("site_admin.dashboard"))


@bp.route("/invitations/<token>", methods=["GET", "POST"])
@public
def accept_invitation(token: str) -> Page:
    """Join a website by the link a site admin made."""
    link = accounts.open_link(token, "invite", g.host_website)
    known = accounts.invited_user_exists(link)
    form = InvitationOfKnownForm() if known else AcceptInvitationForm()
    error = None
    if form.validate_on_submit():
        try:
            return _join(token, link.website_id, form)
        except (InvalidInput, Throttled) as problem:
            error = problem
    return _render_invitation(form, link, known, error)


def _join(token: str, website_id: int, form: FlaskForm) -> Response:
    name = form.name.data if "name" in form else ""
    begin_session(accounts.accept_invitation(token, name, form.password.data, _address()))
    session["website_id"] = website_id
    flash("Welcome. Your account is ready.", "success")
    return redirect(url_for("site_admin.dashboard"))


def _render_invitation(
    form: FlaskForm, link: AccountLink, known: bool, error: PortalError | None
) -> Page:
    if error is not None:
        form.password.errors = [error.sentence()]
    page = render_template(
        "auth/accept_invitation.html",
        form=form,
        link=link,
        website=accounts.link_website(link),
        account_exists=known,
    )
    status = error.status if error else 422 if form.is_submitted() else 200
    return page, status, _retry_after(error)


@bp.route("/password", methods=["GET", "POST"])
@public
def forgot_password() -> Page:
    """Ask for a new password link by mail, where the operator has set up mail."""
    if not current_app.config["PWB"].mail_enabled:
        abort(404)
    form, error = ForgotPasswordForm(), None
    if form.validate_on_submit():
        try:
            make_url = tenant_context.links_to("auth.reset_password")
            people.mail_password_link(form.email.data or "", _address(), g.host_website, make_url)
            flash("If that address has an account, a link is on its way.", "success")
            return redirect(url_for("auth.login"))
        except Throttled as throttled:
            error = throttled
            form.email.errors = [throttled.sentence()]
    page = render_template("auth/forgot_password.html", form=form)
    status = error.status if error else 422 if form.is_submitted() else 200
    return page, status, _retry_after(error)


@bp.route("/password/<token>", methods=["GET", "POST"])
@public
def reset_password(token: str) -> Page:
    """Choose a new password by a one-time link."""
    link = accounts.open_link(token, "reset", g.host_website)
    email, website_id = link.email, link.website_id
    form = NewPasswordForm()
    if form.validate_on_submit():
        begin_session(accounts.reset_password(token, form.password.data or ""))
        session["website_id"] = website_id
        flash("Your new password is set. Other sessions were signed out.", "success")
        return redirect(url_for("site_admin.dashboard"))
    page = render_template("auth/reset_password.html", form=form, email=email)
    return page, 422 if form.is_submitted() else 200
