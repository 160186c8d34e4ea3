"""Connecting AI services."""

from flask import Blueprint

bp = Blueprint("integrations", __name__, url_prefix="/site_admin/integrations")

from pwb.integrations import routes  # noqa: E402, F401 - routes register on bp
