"""Who did what to which object; old and new values, never a secret."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pwb.models.base import Base, Keyed, UTCDateTime, utcnow
from pwb.models.people import User


class Action(StrEnum):
    """The closed list of what is recorded."""

    WEBSITE_CREATED = "website.created"
    WEBSITE_CHANGED = "website.changed"
    PERSON_INVITED = "person.invited"
    INVITATION_REVOKED = "invitation.revoked"
    PERSON_JOINED = "person.joined"
    PERSON_ROLE_CHANGED = "person.role_changed"
    PERSON_BUDGET_CHANGED = "person.budget_changed"
    PERSON_DEACTIVATED = "person.deactivated"
    PERSON_REACTIVATED = "person.reactivated"
    PERSON_ERASED = "person.erased"
    PASSWORD_LINK_MADE = "person.password_link_made"  # noqa: S105 - an action's name, no password
    PASSWORD_CHANGED = "person.password_changed"  # noqa: S105 - an action's name, no password
    PROPERTY_CREATED = "property.created"
    PROPERTY_CHANGED = "property.changed"
    PROPERTY_DELETED = "property.deleted"
    PROPERTIES_IMPORTED = "properties.imported"
    TEXT_APPROVED = "text.approved"
    TEXT_WITHDRAWN = "text.withdrawn"
    PHOTO_ADDED = "photo.added"
    PHOTO_DELETED = "photo.deleted"
    PHOTO_DESCRIBED = "photo.described"
    PHOTOS_REORDERED = "photo.reordered"
    POST_CREATED = "post.created"
    POST_CHANGED = "post.changed"
    POST_APPROVED = "post.approved"
    POST_ARCHIVED = "post.archived"
    POST_RESTORED = "post.restored"
    INTEGRATION_CREATED = "integration.created"
    INTEGRATION_CHANGED = "integration.changed"
    INTEGRATION_ENABLED = "integration.enabled"
    INTEGRATION_DISABLED = "integration.disabled"
    INTEGRATION_REMOVED = "integration.removed"
    INTEGRATION_ACTIVATED = "integration.activated"
    INTEGRATION_REENCRYPTED = "integration.reencrypted"
    API_TOKEN_CREATED = "api_token.created"  # noqa: S105 - an action's name, no token
    API_TOKEN_REVOKED = "api_token.revoked"  # noqa: S105 - an action's name, no token
    WRITING_RULE_CREATED = "writing_rule.created"
    WRITING_RULE_CHANGED = "writing_rule.changed"
    WRITING_RULE_MOVED = "writing_rule.moved"
    WRITING_RULE_ENABLED = "writing_rule.enabled"
    WRITING_RULE_DISABLED = "writing_rule.disabled"
    WRITING_RULE_DELETED = "writing_rule.deleted"
    WORDS_TO_AVOID_CHANGED = "writing_rule.words_changed"


class AuditEvent(Keyed, Base):
    """One recorded deed. `changes` maps a field to its old and new value."""

    __tablename__ = "pwb_audit_events"
    __table_args__ = (
        Index("ix_pwb_audit_events_object", "website_id", "object_type", "object_id", "id"),
    )

    website_id: Mapped[int] = mapped_column(ForeignKey("pwb_websites.id"), index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("pwb_users.id"))
    action: Mapped[str] = mapped_column(String(40))
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[int | None] = mapped_column(Integer)
    object_label: Mapped[str] = mapped_column(String(255), default="")
    # The version of the object that this deed made, where the object has versions.
    object_version: Mapped[int | None] = mapped_column(Integer)
    changes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    actor: Mapped[User | None] = relationship()
