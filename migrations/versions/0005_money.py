"""money

Revision ID: 0005
Revises: 0004
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SUMS = (
    "requests",
    "completed",
    "failed",
    "free_failures",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "exact_units",
    "estimated_units",
    "held_units",
    "pending_count",
    "unknown_count",
    "duration_ms",
    "duration_count",
)
BIG = ("_tokens", "_units", "_ms")
READ = sa.text(
    "SELECT created_at, status, request_type, ai_model, user_id, property_id, locale, error_code,"
    " input_tokens, output_tokens, cached_tokens, reasoning_tokens, cost_cents, cost_state,"
    " reserved_cents, duration_ms FROM pwb_ai_generation_requests"
    " WHERE website_id = :website AND status IN ('completed', 'failed')"
).columns(created_at=sa.DateTime(timezone=True))
Key = tuple[str, date, str]


def upgrade() -> None:
    daily, monthly = _make_sums("daily", "day"), _make_sums("monthly", "month")
    with op.batch_alter_table("pwb_websites", schema=None) as batch_op:
        batch_op.add_column(sa.Column("budget_warned_month", sa.String(length=7), nullable=True))
        batch_op.add_column(sa.Column("plan_warned_month", sa.String(length=7), nullable=True))
    with op.batch_alter_table("pwb_memberships", schema=None) as batch_op:
        batch_op.add_column(sa.Column("monthly_budget_cents", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("budget_warned_month", sa.String(length=7), nullable=True))
    with op.batch_alter_table("pwb_ai_generation_requests", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
    # Of the requests that are open now nobody wrote down whether they had left.
    op.execute(
        "UPDATE pwb_ai_generation_requests SET sent_at = created_at"
        " WHERE status IN ('pending', 'processing')"
    )
    op.create_index(
        "ix_pwb_ai_generation_requests_website_id_status",
        "pwb_ai_generation_requests",
        ["website_id", "status", "created_at"],
    )
    op.create_index(
        "ix_pwb_text_approvals_website_id_created_at",
        "pwb_text_approvals",
        ["website_id", "created_at"],
    )
    _sum_up(daily, monthly)


def _make_sums(name: str, span: str) -> sa.Table:
    """The table of the sums by day, or by month."""
    table = f"pwb_ai_usage_{name}"
    return op.create_table(
        table,
        sa.Column("website_id", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.String(length=10), nullable=False),
        sa.Column(span, sa.Date(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        *(
            sa.Column(name, sa.BigInteger() if name.endswith(BIG) else sa.Integer(), nullable=False)
            for name in SUMS
        ),
        sa.ForeignKeyConstraint(
            ["website_id"], ["pwb_websites.id"], name=op.f(f"fk_{table}_website_id")
        ),
        sa.PrimaryKeyConstraint("website_id", "dimension", span, "key", name=op.f(f"pk_{table}")),
        sqlite_with_rowid=False,
    )


def _sum_up(daily: sa.Table, monthly: sa.Table) -> None:
    """Write the sums of the requests that there are."""
    connection = op.get_bind()
    websites = connection.execute(sa.text("SELECT id, time_zone FROM pwb_websites")).all()
    for website_id, time_zone in websites:
        zone, days = ZoneInfo(time_zone), defaultdict[Key, Counter[str]](Counter)
        for row in connection.execute(READ, {"website": website_id}):
            for key in _keys(row, zone):
                days[key].update(_measures(row))
        months = defaultdict[Key, Counter[str]](Counter)
        for (dimension, day, key), sums in days.items():
            months[dimension, day.replace(day=1), key].update(sums)
        _write(daily, "day", website_id, days)
        _write(monthly, "month", website_id, months)


def _write(table: sa.Table, span: str, website_id: int, sums: dict[Key, Counter[str]]) -> None:
    rows = [
        {"website_id": website_id, "dimension": dimension, span: day, "key": key}
        | {name: counted[name] for name in SUMS}
        for (dimension, day, key), counted in sums.items()
    ]
    if rows:
        op.bulk_insert(table, rows)


def _keys(row: Any, zone: ZoneInfo) -> Iterator[Key]:
    day = _aware(row.created_at).astimezone(zone).date()
    yield "total", day, ""
    yield "model", day, row.ai_model
    yield "task", day, row.request_type
    yield "person", day, str(row.user_id or "")
    yield "listing", day, str(row.property_id or "")
    yield "locale", day, row.locale
    if row.status == "failed":
        yield "error", day, row.error_code or ""


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _measures(row: Any) -> dict[str, int]:
    completed, known = row.status == "completed", row.cost_cents is not None
    exact, pending = row.cost_state == "exact", row.cost_state == "pending"
    cost = _units(row.cost_cents)
    timed = completed and row.duration_ms is not None
    return {
        "requests": 1,
        "completed": int(completed),
        "failed": int(not completed),
        "free_failures": int(not completed and known and cost == 0),
        "input_tokens": row.input_tokens or 0,
        "output_tokens": row.output_tokens or 0,
        "cached_tokens": row.cached_tokens or 0,
        "reasoning_tokens": row.reasoning_tokens or 0,
        "exact_units": cost if exact else 0,
        "estimated_units": 0 if exact else cost,
        "held_units": 0 if known else _units(row.reserved_cents),
        "pending_count": int(not known and pending),
        "unknown_count": int(not known and not pending),
        "duration_ms": row.duration_ms if timed else 0,
        "duration_count": int(timed),
    }


def _units(cents: float | Decimal | None) -> int:
    """Whole units of 1e-8 cents; SQLite hands out a double, whose shortest form is the value."""
    return 0 if cents is None else round(Decimal(str(cents)).scaleb(8))


def downgrade() -> None:
    op.drop_index("ix_pwb_text_approvals_website_id_created_at", table_name="pwb_text_approvals")
    op.drop_index(
        "ix_pwb_ai_generation_requests_website_id_status", table_name="pwb_ai_generation_requests"
    )
    with op.batch_alter_table("pwb_ai_generation_requests", schema=None) as batch_op:
        batch_op.drop_column("sent_at")
    with op.batch_alter_table("pwb_memberships", schema=None) as batch_op:
        batch_op.drop_column("budget_warned_month")
        batch_op.drop_column("monthly_budget_cents")
    with op.batch_alter_table("pwb_websites", schema=None) as batch_op:
        batch_op.drop_column("plan_warned_month")
        batch_op.drop_column("budget_warned_month")
    op.drop_table("pwb_ai_usage_monthly")
    op.drop_table("pwb_ai_usage_daily")
