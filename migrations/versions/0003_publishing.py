"""publishing

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


# A signature is never changed and never taken back, whoever asks; only the table's own migration
# goes past these.
SQLITE_GUARDS = [
    f"""
    CREATE TRIGGER pwb_text_approvals_no_{verb} BEFORE {verb} ON pwb_text_approvals
    BEGIN SELECT RAISE(ABORT, 'an approval cannot be changed'); END
    """
    for verb in ("update", "delete")
]
POSTGRES_GUARDS = [
    """
    CREATE FUNCTION pwb_refuse_approval_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'an approval cannot be changed'
        USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER pwb_text_approvals_are_final BEFORE UPDATE OR DELETE ON pwb_text_approvals
    FOR EACH ROW EXECUTE FUNCTION pwb_refuse_approval_change()
    """,
]


def _on_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def upgrade() -> None:
    op.create_table(
        "pwb_ai_writing_rules",
        sa.Column("website_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["website_id"], ["pwb_websites.id"], name=op.f("fk_pwb_ai_writing_rules_website_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_ai_writing_rules")),
    )
    with op.batch_alter_table("pwb_ai_writing_rules", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pwb_ai_writing_rules_website_id"), ["website_id"], unique=False
        )

    op.create_table(
        "pwb_api_tokens",
        sa.Column("website_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=8), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["pwb_users.id"], name=op.f("fk_pwb_api_tokens_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["website_id"], ["pwb_websites.id"], name=op.f("fk_pwb_api_tokens_website_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_pwb_api_tokens_token_hash")),
    )
    with op.batch_alter_table("pwb_api_tokens", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pwb_api_tokens_website_id"), ["website_id"], unique=False
        )

    op.create_table(
        "pwb_text_approvals",
        sa.Column("website_id", sa.Integer(), nullable=False),
        sa.Column("property_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("meta_description", sa.String(length=320), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=12), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("overrides", sa.JSON(), nullable=False),
        sa.Column("relies_on", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_by_name", sa.String(length=254), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("record_hash", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["pwb_users.id"], name=op.f("fk_pwb_text_approvals_approved_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["website_id"], ["pwb_websites.id"], name=op.f("fk_pwb_text_approvals_website_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_text_approvals")),
    )
    with op.batch_alter_table("pwb_text_approvals", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pwb_text_approvals_property_id"), ["property_id"], unique=False
        )
        batch_op.create_index(
            "ix_pwb_text_approvals_text", ["property_id", "locale", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_pwb_text_approvals_website_id"), ["website_id"], unique=False
        )

    for guard in POSTGRES_GUARDS if _on_postgres() else SQLITE_GUARDS:
        op.execute(guard)

    op.create_table(
        "pwb_property_text_versions",
        sa.Column("website_id", sa.Integer(), nullable=False),
        sa.Column("property_id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("meta_description", sa.String(length=320), nullable=False),
        sa.Column("origin", sa.String(length=12), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("generation_request_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["generation_request_id"],
            ["pwb_ai_generation_requests.id"],
            name=op.f("fk_pwb_property_text_versions_generation_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["pwb_properties.id"],
            name=op.f("fk_pwb_property_text_versions_property_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["pwb_users.id"], name=op.f("fk_pwb_property_text_versions_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["website_id"],
            ["pwb_websites.id"],
            name=op.f("fk_pwb_property_text_versions_website_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_property_text_versions")),
    )
    with op.batch_alter_table("pwb_property_text_versions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pwb_property_text_versions_property_id"), ["property_id"], unique=False
        )
        batch_op.create_index(
            "ix_pwb_property_text_versions_text", ["property_id", "locale", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_pwb_property_text_versions_website_id"), ["website_id"], unique=False
        )

    with op.batch_alter_table("pwb_property_texts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("status", sa.String(length=10), nullable=False, server_default="draft")
        )
        batch_op.add_column(sa.Column("approval_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("stale_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("stale_fields", sa.JSON(), nullable=False, server_default="[]")
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_pwb_property_texts_approval_id"),
            "pwb_text_approvals",
            ["approval_id"],
            ["id"],
        )

    with op.batch_alter_table("pwb_websites", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "agents_may_override", sa.Boolean(), nullable=False, server_default=sa.false()
            )
        )
        batch_op.add_column(
            sa.Column("ai_disclosure", sa.String(length=500), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("jurisdictions", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("pwb_websites", schema=None) as batch_op:
        batch_op.drop_column("jurisdictions")
        batch_op.drop_column("ai_disclosure")
        batch_op.drop_column("agents_may_override")

    with op.batch_alter_table("pwb_property_texts", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_pwb_property_texts_approval_id"), type_="foreignkey"
        )
        batch_op.drop_column("stale_fields")
        batch_op.drop_column("stale_at")
        batch_op.drop_column("approval_id")
        batch_op.drop_column("status")

    with op.batch_alter_table("pwb_property_text_versions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pwb_property_text_versions_website_id"))
        batch_op.drop_index("ix_pwb_property_text_versions_text")
        batch_op.drop_index(batch_op.f("ix_pwb_property_text_versions_property_id"))

    op.drop_table("pwb_property_text_versions")
    with op.batch_alter_table("pwb_text_approvals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pwb_text_approvals_website_id"))
        batch_op.drop_index("ix_pwb_text_approvals_text")
        batch_op.drop_index(batch_op.f("ix_pwb_text_approvals_property_id"))

    op.drop_table("pwb_text_approvals")
    if _on_postgres():
        op.execute("DROP FUNCTION pwb_refuse_approval_change()")
    with op.batch_alter_table("pwb_api_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pwb_api_tokens_website_id"))

    op.drop_table("pwb_api_tokens")
    with op.batch_alter_table("pwb_ai_writing_rules", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pwb_ai_writing_rules_website_id"))

    op.drop_table("pwb_ai_writing_rules")
