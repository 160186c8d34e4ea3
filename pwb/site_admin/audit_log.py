"""The audit log: who did what, in sentences."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request
from sqlalchemy import Select

from pwb.extensions import db
from pwb.models import Action, AuditEvent
from pwb.security import MAX_ID, admin
from pwb.services import audit
from pwb.services import people as people_service
from pwb.services.property_changes import label_of
from pwb.site_admin import bp

PER_PAGE = 50
LAST_PAGE = 100_000
VALUE_MAX = 80

# What each deed is called in the filter, and how its sentence goes on after the person's name.
DEEDS: dict[Action, tuple[str, str]] = {
    Action.WEBSITE_CREATED: ("Website made", "made the website {label}"),
    Action.WEBSITE_CHANGED: ("Settings changed", "changed the website's settings"),
    Action.PERSON_INVITED: ("Person invited", "invited {label}"),
    Action.INVITATION_REVOKED: ("Invitation withdrawn", "withdrew the invitation of {label}"),
    Action.PERSON_JOINED: ("Person joined", "added {label} to the website"),
    Action.PERSON_ROLE_CHANGED: ("Role changed", "changed the role of {label}"),
    Action.PERSON_BUDGET_CHANGED: ("Budget changed", "changed the budget of {label}"),
    Action.PERSON_DEACTIVATED: ("Person deactivated", "deactivated {label}"),
    Action.PERSON_REACTIVATED: ("Person reactivated", "reactivated {label}"),
    Action.PERSON_ERASED: ("Person erased", "erased a person’s data for good"),
    Action.PASSWORD_LINK_MADE: ("Password link made", "had a password link made for {label}"),
    Action.PASSWORD_CHANGED: ("Password changed", "changed the password of {label}"),
    Action.PROPERTY_CREATED: ("Listing added", "added the listing {label}"),
    Action.PROPERTY_CHANGED: ("Listing changed", "changed the listing {label}"),
    Action.PROPERTY_DELETED: ("Listing deleted", "deleted the listing {label}"),
    Action.PROPERTIES_IMPORTED: ("Listings imported", "imported {label}"),
    Action.PHOTO_ADDED: ("Photo added", "added a photo to {label}"),
    Action.PHOTO_DELETED: ("Photo deleted", "deleted a photo of {label}"),
    Action.PHOTO_DESCRIBED: ("Photo described", "changed the alt text of a photo of {label}"),
    Action.PHOTOS_REORDERED: ("Photos put in order", "put the photos of {label} in another order"),
    Action.TEXT_APPROVED: ("Text approved", "approved a text of {label}"),
    Action.TEXT_WITHDRAWN: ("Approval withdrawn", "withdrew the approval of a text of {label}"),
    Action.POST_CREATED: ("Post made", "made the post {label}"),
    Action.POST_CHANGED: ("Post changed", "changed the post {label}"),
    Action.POST_APPROVED: ("Post approved", "approved the post {label}"),
    Action.POST_ARCHIVED: ("Post archived", "archived the post {label}"),
    Action.POST_RESTORED: ("Post restored", "restored the post {label}"),
    Action.INTEGRATION_CREATED: ("Integration set up", "set up the integration {label}"),
    Action.INTEGRATION_CHANGED: ("Integration changed", "changed the integration {label}"),
    Action.INTEGRATION_ENABLED: ("Integration enabled", "enabled the integration {label}"),
    Action.INTEGRATION_DISABLED: ("Integration disabled", "disabled the integration {label}"),
    Action.INTEGRATION_ACTIVATED: ("Integration put to use", "put the integration {label} to use"),
    Action.INTEGRATION_REENCRYPTED: ("Key re-encrypted", "re-encrypted the key of {label}"),
    Action.INTEGRATION_REMOVED: ("Integration removed", "removed the integration {label}"),
    Action.API_TOKEN_CREATED: ("API token made", "made the API token {label}"),
    Action.API_TOKEN_REVOKED: ("API token revoked", "revoked the API token {label}"),
    Action.WRITING_RULE_CREATED: ("Writing rule made", "made the writing rule {label}"),
    Action.WRITING_RULE_CHANGED: ("Writing rule changed", "changed the writing rule {label}"),
    Action.WRITING_RULE_MOVED: ("Writing rule moved", "moved the writing rule {label}"),
    Action.WRITING_RULE_ENABLED: ("Writing rule on", "switched on the writing rule {label}"),
    Action.WRITING_RULE_DISABLED: ("Writing rule off", "switched off the writing rule {label}"),
    Action.WRITING_RULE_DELETED: ("Writing rule deleted", "deleted the writing rule {label}"),
    Action.WORDS_TO_AVOID_CHANGED: ("Words to avoid changed", "changed the words to avoid"),
}
# What people do to themselves reads differently.
OWN_DEEDS = {
    Action.PERSON_JOINED: "joined the website",
    Action.PASSWORD_LINK_MADE: "made a password link for themselves",
    Action.PASSWORD_CHANGED: "chose a new password",
}
KINDS = {
    "website": "Website",
    "person": "People",
    "property": "Listings",
    "photo": "Photos",
    "text": "Approvals",
    "post": "Social posts",
    "integration": "Integrations",
    "api_token": "API tokens",
    "writing_rule": "Writing rules",
}

# Settings as their page calls them.
SETTING_LABELS = {
    "supported_locales": "Languages",
    "default_locale": "Main language",
    "custom_domain": "Own domain",
    "agents_may_override": "Agents may override",
    "ai_disclosure": "Disclosure",
    "monthly_budget_cents": "Monthly budget in US cents",
}


def kind_of(action: str) -> str:
    """The group of an action: what stands before the dot, in the singular."""
    prefix = action.partition(".")[0]
    return {"properties": "property", "invitation": "person"}.get(prefix, prefix)


@bp.get("/audit_log")
@admin
def audit_log() -> str:
    """Everything recorded on this website, newest first."""
    person = request.args.get("person", type=int)
    kind = request.args.get("kind", "")
    page = min(request.args.get("page", 1, type=int) or 1, LAST_PAGE)
    query = _narrowed(audit.newest_events(g.website), person, kind)
    events = db.paginate(query, page=max(1, page), per_page=PER_PAGE, error_out=False)
    return render_template(
        "site_admin/audit_log.html",
        page=events,
        sentence=sentence,
        changes=readable_changes,
        members=people_service.list_members(g.website),
        kinds=KINDS,
        actions=_actions_by_kind(),
        person=person,
        kind=kind,
    )


def _narrowed(query: Select[Any], person: int | None, kind: str) -> Select[Any]:
    """The events of one person, of one action or of one group of them."""
    if person is not None and 0 < person <= MAX_ID:
        query = query.where(AuditEvent.actor_id == person)
    wanted = [action.value for action in Action if kind in {action.value, kind_of(action)}]
    return query.where(AuditEvent.action.in_(wanted)) if wanted else query


def _actions_by_kind() -> dict[str, list[tuple[str, str]]]:
    return {
        kind: [(action.value, action_name(action)) for action in Action if kind_of(action) == kind]
        for kind in KINDS
    }


def sentence(event: AuditEvent) -> str:
    """What was done, to go on after the person's name."""
    action = Action(event.action)
    own = event.object_type == "user" and event.object_id == event.actor_id
    if own and event.actor_id is not None and action in OWN_DEEDS:
        return OWN_DEEDS[action]
    words = DEEDS[action][1] if action in DEEDS else f"{action_name(action).lower()}: {{label}}"
    return words.replace("{label}", event.object_label)


def action_name(action: Action) -> str:
    """What an action is called; one that has no words yet reads as it is recorded."""
    plain = action.value.replace(".", " ").replace("_", " ")
    return DEEDS[action][0] if action in DEEDS else plain.capitalize()


def readable_changes(event: AuditEvent) -> list[tuple[str, str, str]]:
    """Each changed field: its name, the old and the new value."""
    return [
        (SETTING_LABELS.get(field) or label_of(field), value_text(old), value_text(new))
        for field, (old, new) in event.changes.items()
    ]


def value_text(value: Any) -> str:
    """A recorded value in a few words."""
    if value is None or value in ("", []):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= VALUE_MAX else f"{text[: VALUE_MAX - 1].rstrip()}…"
