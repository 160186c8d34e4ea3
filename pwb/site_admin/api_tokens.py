"""API tokens: who may read the approved texts."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from pwb.errors import InvalidInput
from pwb.security import admin
from pwb.services import api_tokens as tokens
from pwb.services.api_tokens import FreshToken
from pwb.site_admin import bp
from pwb.site_admin.admin_forms import TokenForm, put_beside_fields

Page = str | tuple[str, int] | Response


def tokens_page(form: TokenForm, status: int = 200, fresh: FreshToken | None = None) -> Page:
    """All tokens, and the one just made."""
    rows = tokens.list_tokens(g.website)
    page = render_template(
        "site_admin/api_tokens.html",
        form=form,
        fresh=fresh,
        in_use=[row for row in rows if row.revoked_at is None],
        revoked=[row for row in rows if row.revoked_at is not None],
        address=url_for("api.properties", _external=True),
    )
    return page, status


@bp.get("/api_tokens")
@admin
def api_tokens() -> Page:
    """The website's tokens."""
    return tokens_page(TokenForm(formdata=None))


@bp.post("/api_tokens")
@admin
def create_api_token() -> Page:
    """Make a token; it is shown on this answer and never again."""
    form = TokenForm()
    if not form.validate_on_submit():
        return tokens_page(form, 422)
    try:
        fresh = tokens.create_token(
            g.website, current_user._get_current_object(), form.name.data or ""
        )
    except InvalidInput as error:
        put_beside_fields(form, error)
        return tokens_page(form, error.status)
    return tokens_page(TokenForm(formdata=None), fresh=fresh)


@bp.post("/api_tokens/<int:token_id>/revoke")
@admin
def revoke_api_token(token_id: int) -> Page:
    """End a token."""
    row = tokens.revoke_token(g.website, current_user._get_current_object(), token_id)
    flash(f"{row.name} is revoked: its next request is refused.", "success")
    return redirect(url_for("site_admin.api_tokens"))
