"""the main job

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pwb_throttle_counters",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_pwb_throttle_counters")),
    )
    with op.batch_alter_table("pwb_throttle_counters", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pwb_throttle_counters_expires_at"), ["expires_at"], unique=False
        )

    op.create_table(
        "pwb_users",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.Column("last_signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_users")),
        sa.UniqueConstraint("email", name=op.f("uq_pwb_users_email")),
    )
    op.create_table(
        "pwb_websites",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("subdomain", sa.String(length=63), nullable=False),
        sa.Column("custom_domain", sa.String(length=253), nullable=True),
        sa.Column("default_locale", sa.String(length=8), nullable=False),
        sa.Column("supported_locales", sa.JSON(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.String(length=20), nullable=False),
        sa.Column("monthly_budget_cents", sa.Integer(), nullable=True),
        sa.Column("ai_provider", sa.String(length=40), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_websites")),
        sa.UniqueConstraint("custom_domain", name=op.f("uq_pwb_websites_custom_domain")),
        sa.UniqueConstraint("subdomain", name=op.f("uq_pwb_websites_subdomain")),
    )
    op.create_table(
        "pwb_account_links",
        sa.Column("website_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["pwb_users.id"], name=op.f("fk_pwb_account_links_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["pwb_users.id"], name=op.f("fk_pwb_account_links_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["website_id"], ["pwb_websites.id"], name=op.f("fk_pwb_account_links_website_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_account_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_pwb_account_links_token_hash")),
    )
    with op.batch_alter_table("pwb_account_links", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pwb_account_links_website_id"), ["website_id"], unique=False
        )

    op.create_table(
        "pwb_audit_events",
        sa.Column("website_id", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("object_type", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.Integer(), nullable=True),
        sa.Column("object_label", sa.String(length=255), nullable=False),
        sa.Column("object_version", sa.Integer(), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["pwb_users.id"], name=op.f("fk_pwb_audit_events_actor_id")
        ),
        sa.ForeignKeyConstraint(
            ["website_id"], ["pwb_websites.id"], name=op.f("fk_pwb_audit_events_website_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_audit_events")),
    )
    with op.batch_alter_table("pwb_audit_events", schema=None) as batch_op:
        batch_op.create_index(
            "ix_pwb_audit_events_object",
            ["website_id", "object_type", "object_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_pwb_audit_events_website_id"), ["website_id"], unique=False
        )

    op.create_table(
        "pwb_memberships",
        sa.Column("website_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["pwb_users.id"], name=op.f("fk_pwb_memberships_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["website_id"], ["pwb_websites.id"], name=op.f("fk_pwb_memberships_website_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_memberships")),
        sa.UniqueConstraint(
            "website_id", "user_id", name=op.f("uq_pwb_memberships_website_id_user_id")
        ),
    )
    with op.batch_alter_table("pwb_memberships", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pwb_memberships_user_id"), ["user_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_pwb_memberships_website_id"), ["website_id"], unique=False
        )

    op.create_table(
        "pwb_properties",
        sa.Column("website_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("property_type", sa.String(length=60), nullable=True),
        sa.Column("property_state", sa.String(length=60), nullable=True),
        sa.Column("bedrooms", sa.Integer(), nullable=True),
        sa.Column("bathrooms", sa.Numeric(5, 1), nullable=True),
        sa.Column("toilets", sa.Integer(), nullable=True),
        sa.Column("garages", sa.Integer(), nullable=True),
        sa.Column("constructed_area", sa.Numeric(14, 2), nullable=True),
        sa.Column("plot_area", sa.Numeric(14, 2), nullable=True),
        sa.Column("area_unit", sa.String(length=8), nullable=False),
        sa.Column("year_built", sa.Integer(), nullable=True),
        sa.Column("energy_rating", sa.String(length=10), nullable=True),
        sa.Column("street_address", sa.String(length=200), nullable=True),
        sa.Column("city", sa.String(length=120), nullable=True),
        sa.Column("region", sa.String(length=120), nullable=True),
        sa.Column("postal_code", sa.String(length=20), nullable=True),
        sa.Column("country", sa.String(length=120), nullable=True),
        sa.Column("latitude", sa.Numeric(9, 6), nullable=True),
        sa.Column("longitude", sa.Numeric(9, 6), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("sale_price", sa.Numeric(14, 2), nullable=True),
        sa.Column("rental_price", sa.Numeric(14, 2), nullable=True),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["website_id"], ["pwb_websites.id"], name=op.f("fk_pwb_properties_website_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_properties")),
        sa.UniqueConstraint(
            "website_id", "reference", name=op.f("uq_pwb_properties_website_id_reference")
        ),
    )
    with op.batch_alter_table("pwb_properties", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pwb_properties_website_id"), ["website_id"], unique=False
        )
        batch_op.create_index(
            "ix_pwb_properties_website_id_updated_at", ["website_id", "updated_at"], unique=False
        )

    op.create_table(
        "pwb_website_integrations",
        sa.Column("website_id", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("credentials", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_tested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_test_message", sa.Text(), nullable=True),
        sa.Column("last_test_details", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("last_error_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error_code", sa.String(length=40), nullable=True),
        sa.Column("last_error_message", sa.Text(), nullable=True),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["website_id"], ["pwb_websites.id"], name=op.f("fk_pwb_website_integrations_website_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_website_integrations")),
        sa.UniqueConstraint(
            "website_id",
            "category",
            "provider",
            name=op.f("uq_pwb_website_integrations_website_id_category_provider"),
        ),
    )
    with op.batch_alter_table("pwb_website_integrations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pwb_website_integrations_website_id"), ["website_id"], unique=False
        )

    op.create_table(
        "pwb_ai_generation_requests",
        sa.Column("website_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("property_id", sa.Integer(), nullable=True),
        sa.Column("request_type", sa.String(length=30), nullable=False),
        sa.Column("ai_provider", sa.String(length=40), nullable=False),
        sa.Column("ai_model", sa.String(length=200), nullable=False),
        sa.Column("served_model", sa.String(length=200), nullable=True),
        sa.Column("upstream_provider", sa.String(length=120), nullable=True),
        sa.Column("generation_id", sa.String(length=120), nullable=True),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("input_data", sa.JSON(), nullable=False),
        sa.Column("output_data", sa.JSON(), nullable=True),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("retry_after", sa.Integer(), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("cached_tokens", sa.Integer(), nullable=True),
        sa.Column("reasoning_tokens", sa.Integer(), nullable=True),
        sa.Column("cost_cents", sa.Numeric(20, 8), nullable=True),
        sa.Column("cost_state", sa.String(length=10), nullable=False),
        sa.Column("reserved_cents", sa.Numeric(20, 8), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("first_token_ms", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=100), nullable=True),
        sa.Column("input_digest", sa.String(length=64), nullable=True),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["pwb_properties.id"],
            name=op.f("fk_pwb_ai_generation_requests_property_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["pwb_users.id"], name=op.f("fk_pwb_ai_generation_requests_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["website_id"],
            ["pwb_websites.id"],
            name=op.f("fk_pwb_ai_generation_requests_website_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_ai_generation_requests")),
        sa.UniqueConstraint(
            "website_id", "user_id", "idempotency_key", name="uq_pwb_ai_requests_idempotency_key"
        ),
    )
    with op.batch_alter_table("pwb_ai_generation_requests", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pwb_ai_generation_requests_generation_id"),
            ["generation_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_pwb_ai_generation_requests_property_id"), ["property_id"], unique=False
        )
        batch_op.create_index(
            "ix_pwb_ai_generation_requests_status_deadline_at",
            ["status", "deadline_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_pwb_ai_generation_requests_user_id"), ["user_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_pwb_ai_generation_requests_website_id"), ["website_id"], unique=False
        )
        batch_op.create_index(
            "ix_pwb_ai_generation_requests_website_id_created_at",
            ["website_id", "created_at"],
            unique=False,
        )

    op.create_table(
        "pwb_property_texts",
        sa.Column("website_id", sa.Integer(), nullable=False),
        sa.Column("property_id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("meta_description", sa.String(length=320), nullable=False),
        sa.Column("origin", sa.String(length=12), nullable=False),
        sa.Column("generation_request_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["generation_request_id"],
            ["pwb_ai_generation_requests.id"],
            name=op.f("fk_pwb_property_texts_generation_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["property_id"], ["pwb_properties.id"], name=op.f("fk_pwb_property_texts_property_id")
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["pwb_users.id"], name=op.f("fk_pwb_property_texts_updated_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["website_id"], ["pwb_websites.id"], name=op.f("fk_pwb_property_texts_website_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pwb_property_texts")),
        sa.UniqueConstraint(
            "property_id", "locale", name=op.f("uq_pwb_property_texts_property_id_locale")
        ),
    )
    with op.batch_alter_table("pwb_property_texts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pwb_property_texts_property_id"), ["property_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_pwb_property_texts_website_id"), ["website_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("pwb_property_texts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pwb_property_texts_website_id"))
        batch_op.drop_index(batch_op.f("ix_pwb_property_texts_property_id"))

    op.drop_table("pwb_property_texts")
    with op.batch_alter_table("pwb_ai_generation_requests", schema=None) as batch_op:
        batch_op.drop_index("ix_pwb_ai_generation_requests_website_id_created_at")
        batch_op.drop_index(batch_op.f("ix_pwb_ai_generation_requests_website_id"))
        batch_op.drop_index(batch_op.f("ix_pwb_ai_generation_requests_user_id"))
        batch_op.drop_index("ix_pwb_ai_generation_requests_status_deadline_at")
        batch_op.drop_index(batch_op.f("ix_pwb_ai_generation_requests_property_id"))
        batch_op.drop_index(batch_op.f("ix_pwb_ai_generation_requests_generation_id"))

    op.drop_table("pwb_ai_generation_requests")
    with op.batch_alter_table("pwb_website_integrations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pwb_website_integrations_website_id"))

    op.drop_table("pwb_website_integrations")
    with op.batch_alter_table("pwb_properties", schema=None) as batch_op:
        batch_op.drop_index("ix_pwb_properties_website_id_updated_at")
        batch_op.drop_index(batch_op.f("ix_pwb_properties_website_id"))

    op.drop_table("pwb_properties")
    with op.batch_alter_table("pwb_memberships", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pwb_memberships_website_id"))
        batch_op.drop_index(batch_op.f("ix_pwb_memberships_user_id"))

    op.drop_table("pwb_memberships")
    with op.batch_alter_table("pwb_audit_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pwb_audit_events_website_id"))
        batch_op.drop_index("ix_pwb_audit_events_object")

    op.drop_table("pwb_audit_events")
    with op.batch_alter_table("pwb_account_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pwb_account_links_website_id"))

    op.drop_table("pwb_account_links")
    op.drop_table("pwb_websites")
    op.drop_table("pwb_users")
    with op.batch_alter_table("pwb_throttle_counters", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pwb_throttle_counters_expires_at"))

    op.drop_table("pwb_throttle_counters")
