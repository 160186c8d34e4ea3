"""The read API for public sites: JSON, bearer tokens, no sessions."""

from flask import Blueprint

bp = Blueprint("api", __name__, url_prefix="/api/v1")

from pwb.api import properties  # noqa: E402, F401 - routes register on bp
