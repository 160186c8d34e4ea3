"""Pages of the agency's own administration: dashboard, properties, people, settings."""

from flask import Blueprint

bp = Blueprint("site_admin", __name__, url_prefix="/site_admin")

from pwb.site_admin import (  # noqa: E402, F401 - routes register on bp
    api_tokens,
    audit_log,
    dashboard,
    people,
    photos,
    properties,
    property_exports,
    settings,
)
