"""Liveness and readiness, for whatever watches the portal."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from pwb.extensions import db
from pwb.security import public

bp = Blueprint("health", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/healthz")
@public
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
@public
def readyz() -> Response | tuple[Response, int]:
    """The database answers and has its tables."""
    try:
        db.session.execute(text("SELECT id FROM pwb_websites LIMIT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return jsonify(status="unavailable", database="does not answer or is not migrated"), 503
    return jsonify(status="ok", database="ok")
