"""social

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pwb_property_photos",
        sa.Column("website_id", sa.Integer(), nullable=False),
        sa.Column("property_id", sa.Integer(), nullable=False),
        sa.Column("storage_key", sa.String(length=200), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("content_type", sa.String(length=40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("alt_text", sa.String(length=300), nullable=False),
        sa.Column("alt_origin", sa.String(length=12), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["pwb_users.id"], name=op.f("fk_pwb_property_photos_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["pwb_properties.id"],
            name=op.f("fk_pwb_property_photos_property_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["website_id"], ["pwb_websites.id"], name=op.f("fk_pwb_property_photos_website_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_property_photos")),
        sa.UniqueConstraint("storage_key", name=op.f("uq_pwb_property_photos_storage_key")),
    )
    with op.batch_alter_table("pwb_property_photos", schema=None) as batch_op:
        batch_op.create_index(
            "ix_pwb_property_photos_order", ["property_id", "position"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_pwb_property_photos_website_id"), ["website_id"], unique=False
        )

    op.create_table(
        "pwb_social_media_posts",
        sa.Column("website_id", sa.Integer(), nullable=False),
        sa.Column("property_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("platform", sa.String(length=12), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("caption", sa.Text(), nullable=False),
        sa.Column("hashtags", sa.JSON(), nullable=False),
        sa.Column("link", sa.String(length=320), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("photos", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("origin", sa.String(length=12), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("approval_id", sa.Integer(), nullable=True),
        sa.Column("stale_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stale_fields", sa.JSON(), nullable=False),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_id"],
            ["pwb_text_approvals.id"],
            name=op.f("fk_pwb_social_media_posts_approval_id"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["pwb_users.id"],
            name=op.f("fk_pwb_social_media_posts_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["pwb_properties.id"],
            name=op.f("fk_pwb_social_media_posts_property_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["pwb_ai_generation_requests.id"],
            name=op.f("fk_pwb_social_media_posts_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["pwb_users.id"],
            name=op.f("fk_pwb_social_media_posts_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["website_id"], ["pwb_websites.id"], name=op.f("fk_pwb_social_media_posts_website_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_social_media_posts")),
        sa.UniqueConstraint(
            "request_id", "platform", name="uq_pwb_social_media_posts_request_id_platform"
        ),
    )
    with op.batch_alter_table("pwb_social_media_posts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_pwb_social_media_posts_list", ["website_id", "status", "updated_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_pwb_social_media_posts_property_id"), ["property_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_pwb_social_media_posts_website_id"), ["website_id"], unique=False
        )

    # Not as a batch: a batch may copy the table, and the copy would lack the triggers that keep
    # approvals as they were signed.
    op.add_column("pwb_text_approvals", sa.Column("post_id", sa.Integer(), nullable=True))
    op.add_column("pwb_text_approvals", sa.Column("platform", sa.String(length=12), nullable=True))


def downgrade() -> None:
    op.drop_column("pwb_text_approvals", "platform")
    op.drop_column("pwb_text_approvals", "post_id")

    with op.batch_alter_table("pwb_social_media_posts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pwb_social_media_posts_website_id"))
        batch_op.drop_index(batch_op.f("ix_pwb_social_media_posts_property_id"))
        batch_op.drop_index("ix_pwb_social_media_posts_list")

    op.drop_table("pwb_social_media_posts")
    with op.batch_alter_table("pwb_property_photos", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pwb_property_photos_website_id"))
        batch_op.drop_index("ix_pwb_property_photos_order")

    op.drop_table("pwb_property_photos")
