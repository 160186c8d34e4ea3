"""Generating texts, and what was generated."""

from flask import Blueprint

bp = Blueprint("ai_tools", __name__, url_prefix="/site_admin")

from pwb.ai_tools import (  # noqa: E402, F401 - routes register on bp
    approvals,
    checking,
    descriptions,
    drafts,
    marks,
    models,
    panel,
    requests,
    social_edit,
    social_order,
    text_history,
    trial,
    usage,
    usage_csv,
    usage_reconciliation,
    writing_rules,
)
