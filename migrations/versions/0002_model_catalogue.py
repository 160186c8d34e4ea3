"""the model catalogue

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pwb_ai_models",
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("model_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("canonical_slug", sa.String(length=200), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("context_length", sa.BigInteger(), nullable=True),
        sa.Column("max_completion_tokens", sa.BigInteger(), nullable=True),
        sa.Column("input_modalities", sa.JSON(), nullable=False),
        sa.Column("supported_parameters", sa.JSON(), nullable=False),
        sa.Column("pricing", sa.JSON(), nullable=False),
        sa.Column("expiration_date", sa.Date(), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_ai_models")),
        sa.UniqueConstraint(
            "provider", "model_id", name=op.f("uq_pwb_ai_models_provider_model_id")
        ),
    )
    with op.batch_alter_table("pwb_ai_models", schema=None) as batch_op:
        batch_op.create_index(
            "ix_pwb_ai_models_provider_canonical_slug",
            ["provider", "canonical_slug"],
            unique=False,
        )
    op.create_table(
        "pwb_ai_catalogues",
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("provider", "address_hash", name=op.f("pk_pwb_ai_catalogues")),
    )
    with op.batch_alter_table("pwb_websites", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ai_shortlist", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("pwb_websites", schema=None) as batch_op:
        batch_op.drop_column("ai_shortlist")
    op.drop_table("pwb_ai_catalogues")
    with op.batch_alter_table("pwb_ai_models", schema=None) as batch_op:
        batch_op.drop_index("ix_pwb_ai_models_provider_canonical_slug")
    op.drop_table("pwb_ai_models")
