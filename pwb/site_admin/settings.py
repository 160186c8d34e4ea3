"""The website's own settings."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from pwb.content.fair_housing import JURISDICTIONS
from pwb.errors import InvalidInput
from pwb.security import admin
from pwb.services import websites
from pwb.services.websites import SettingsConflict, WebsiteSettings
from pwb.site_admin import bp
from pwb.site_admin.admin_forms import SettingsForm, put_beside_fields
from pwb.site_admin.audit_log import readable_changes

Page = str | tuple[str, int] | Response


@bp.route("/settings", methods=["GET", "POST"])
@admin
def settings() -> Page:
    """Name, languages, time zone, currency, domain, and the rules of publishing."""
    form = SettingsForm(obj=g.website, version=websites.version_of(g.website))
    form.offer(g.website)
    if not form.is_submitted() and form.jurisdictions.data is None:
        form.jurisdictions.data = list(JURISDICTIONS)
    if not form.validate_on_submit():
        return _render(form, 422 if form.is_submitted() else 200)
    try:
        changes = websites.update_settings(
            g.website, current_user, _wanted(form), form.version.data or ""
        )
    except SettingsConflict as conflict:
        return _render(form, conflict.status, conflict)
    except InvalidInput as error:
        put_beside_fields(form, error)
        return _render(form, error.status)
    flash("Settings saved." if changes else "Nothing was changed.", "success")
    return redirect(url_for("site_admin.settings"))


def _wanted(form: SettingsForm) -> WebsiteSettings:
    return WebsiteSettings(
        name=form.name.data or "",
        supported_locales=form.supported_locales.data or [],
        default_locale=form.default_locale.data,
        time_zone=form.time_zone.data,
        currency=form.currency.data,
        custom_domain=form.custom_domain.data or None,
        agents_may_override=form.agents_may_override.data,
        ai_disclosure=form.ai_disclosure.data or "",
        jurisdictions=form.jurisdictions.data or None,
        monthly_budget_cents=form.monthly_budget_cents.cents,
    )


def _render(form: SettingsForm, status: int, conflict: SettingsConflict | None = None) -> Page:
    """The page; after a conflict the form stands on the newest version, with what was typed."""
    if conflict is not None:
        form.version.data = websites.version_of(g.website)
    page = render_template(
        "site_admin/settings.html", form=form, conflict=conflict, changes=readable_changes
    )
    return page, status
