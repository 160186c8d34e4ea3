"""AI services a website is connected to: configuring, choosing, switching and removing them.

Other modules of the same subject: `connections` (what a generation calls with),
`connection_tests`, `integration_health`, `integration_cards`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from pwb.errors import EditConflict, InvalidInput, NotFound
from pwb.extensions import db
from pwb.llm.providers.base import Provider
from pwb.llm.registry import all_providers
from pwb.models import Action, User, Website, WebsiteIntegration
from pwb.services import audit
from pwb.services.connection_tests import test_provider
from pwb.services.connections import (
    AI,
    AIState,
    ai_state,
    integration_in_use,
    is_offered,
    list_integrations,
    masked_key,
    own_integration,
    place_of,
)
from pwb.services.credentials import vault
from pwb.services.integration_health import (
    forget_error,
    forget_health,
)
from pwb.services.integration_settings import (
    Fields,
    clean_credentials,
    clean_settings,
    refuse,
    starting_settings,
)
from pwb.services.tenancy import find

__all__ = [
    "AI",
    "AIState",
    "AlreadyConfigured",
    "ai_state",
    "list_integrations",
    "masked_key",
    "own_integration",
    "test_provider",
]

Changes = dict[str, tuple[Any, Any]]
CONFLICT_CURE = "Look at what changed, then save again to put your values in its place."


class AlreadyConfigured(InvalidInput):
    """The website has an integration with this provider; `integration_id` is the one it has."""

    def __init__(self, provider: Provider, integration_id: int) -> None:
        super().__init__(
            f"{provider.label} is already configured for this website.",
            resolution="Change the one that is there.",
        )
        self.integration_id = integration_id


def offered_provider(category: str, provider_id: str) -> Provider:
    """The provider that websites can connect to; raises InvalidInput."""
    provider = all_providers().get(provider_id)
    if category != AI or provider is None or not is_offered(provider):
        raise InvalidInput(
            f"There is no {category[:40]!r} provider called {provider_id[:40]!r} here.",
            resolution="Choose one of those listed under Integrations.",
        )
    return provider


def save_integration(
    website: Website,
    actor: User | None,
    provider: str,
    *,
    api_key: str | None = None,
    changes: Mapping[str, Any],
) -> WebsiteIntegration:
    """Create or change the website's integration with a provider; raises InvalidInput.

    A blank `api_key` keeps the stored one; settings that `changes` does not name, or names with
    None, stay.
    """
    keys = {"api_key": api_key}
    row = own_integration(website, offered_provider(AI, provider).id)
    if row is None:
        try:
            return create_integration(website, actor, AI, provider, keys, changes)
        except AlreadyConfigured as existing:
            return change_integration(website, actor, existing.integration_id, keys, changes)
    return change_integration(website, actor, row.id, keys, changes)


def create_integration(
    website: Website,
    actor: User | None,
    category: str,
    provider_id: str,
    credentials: Mapping[str, str | None],
    changes: Mapping[str, Any],
) -> WebsiteIntegration:
    """Connect the website to a provider; the first one is the one that writes.

    Raises InvalidInput naming every field that will not do, and AlreadyConfigured.
    """
    provider = offered_provider(category, provider_id)
    _refuse_second(website, provider)
    checked, keys = _checked(
        provider, {**starting_settings(provider), **_named(changes)}, credentials
    )
    row = WebsiteIntegration(
        website_id=website.id, category=AI, provider=provider.id, settings=_set_only(checked)
    )
    row.credentials = vault().encrypt(keys, place_of(row))
    try:
        _insert(website, actor, row)
    except IntegrityError:
        db.session.rollback()
        _refuse_second(website, provider)
        raise
    return row


def _insert(website: Website, actor: User | None, row: WebsiteIntegration) -> None:
    in_use = integration_in_use(website)
    db.session.add(row)
    db.session.flush()
    changes: Changes = {name: (None, value) for name, value in row.settings.items()}
    changes["api_key"] = (None, "set")
    _record(website, actor, Action.INTEGRATION_CREATED, row, changes)
    if website.ai_provider is None:
        # Pinned, so that another one configured later does not take over by itself.
        website.ai_provider = in_use.provider if in_use else row.provider
    db.session.commit()


def _refuse_second(website: Website, provider: Provider) -> None:
    existing = own_integration(website, provider.id)
    if existing is not None:
        raise AlreadyConfigured(provider, existing.id)


def change_integration(
    website: Website,
    actor: User | None,
    integration_id: int,
    credentials: Mapping[str, str | None],
    changes: Mapping[str, Any],
    *,
    seen_version: int | None = None,
) -> WebsiteIntegration:
    """Change key or settings; blank credentials and settings not named stay as they are.

    Raises InvalidInput naming every field that will not do, NotFound, and EditConflict where
    somebody saved since `seen_version` (None: whatever was there before).
    """
    row = find(WebsiteIntegration, website, integration_id)
    if seen_version is not None and row.lock_version != seen_version:
        raise _conflict(website, row, seen_version)
    provider = offered_provider(row.category, row.provider)
    stored = masked_key(row) is not None
    checked, keys = _checked(provider, _named(changes), credentials, stored=stored)
    seen = row.lock_version
    try:
        _write(website, actor, row, checked, keys)
    except StaleDataError:
        db.session.rollback()
        raise _conflict(website, find(WebsiteIntegration, website, integration_id), seen) from None
    return row


def _named(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if value is not None}


def _checked(
    provider: Provider,
    changes: Mapping[str, Any],
    credentials: Mapping[str, str | None],
    *,
    stored: bool = False,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Settings and credentials ready to store; raises InvalidInput with all that will not do."""
    problems: Fields = {}
    keys = clean_credentials(provider, credentials, problems, stored=stored)
    checked = clean_settings(provider, changes, problems)
    refuse(problems)
    return checked, keys


def _set_only(values: Mapping[str, Any]) -> dict[str, Any]:
    """Only settings that say something; what is off or cleared is not kept."""
    return {name: value for name, value in values.items() if value not in (None, False, [], "")}


def _write(
    website: Website,
    actor: User | None,
    row: WebsiteIntegration,
    checked: dict[str, Any],
    keys: dict[str, str],
) -> None:
    before = dict(row.settings or {})
    after = _set_only(before | checked)
    changes: Changes = {
        name: (before.get(name), after.get(name))
        for name in before | after
        if before.get(name) != after.get(name)
    }
    if changes:
        row.settings = after
        if row.last_error_code == "model_not_found":
            forget_error(row)
    if keys:
        row.credentials = vault().encrypt(keys, place_of(row))
        forget_health(row)
        changes["api_key"] = ("set", "replaced")
    db.session.flush()
    if changes:
        _record(website, actor, Action.INTEGRATION_CHANGED, row, changes)
    db.session.commit()


def _conflict(website: Website, row: WebsiteIntegration, seen: int) -> EditConflict:
    """What somebody else saved meanwhile, in words."""
    events = audit.changes_since(website, "integration", row.id, seen)
    who = next((e.actor.name or e.actor.email for e in reversed(events) if e.actor), "Somebody")
    fields = sorted({name for event in events for name in event.changes})
    labels = {field.name: field.label for field in _declared(row.provider)}
    what = ", ".join(labels.get(name, name) for name in fields)
    return EditConflict(
        f"{who} saved this meanwhile{f' and changed: {what}' if what else ''}. "
        "Nothing of yours was saved yet.",
        resolution=CONFLICT_CURE,
    )


def _declared(provider_id: str) -> tuple[Any, ...]:
    provider = all_providers().get(provider_id)
    return (*provider.credential_fields, *provider.setting_fields) if provider else ()


def toggle_integration(
    website: Website, actor: User | None, integration_id: int, enabled: bool | None = None
) -> WebsiteIntegration:
    """Switch an integration on or off (`enabled` None: to the other state); raises NotFound."""
    row = find(WebsiteIntegration, website, integration_id)
    wanted = not row.enabled if enabled is None else enabled
    if row.enabled != wanted and _switch(row, wanted):
        action = Action.INTEGRATION_ENABLED if wanted else Action.INTEGRATION_DISABLED
        _record(website, actor, action, row)
    db.session.commit()
    return row


def _switch(row: WebsiteIntegration, wanted: bool) -> bool:
    """Whether it was this call that switched it: of two at once, one does."""
    mine = (WebsiteIntegration.id == row.id, WebsiteIntegration.enabled != wanted)
    changed = db.session.execute(update(WebsiteIntegration).where(*mine).values(enabled=wanted))
    return bool(changed.rowcount)  # type: ignore[attr-defined] # a cursor result has it


def activate_integration(
    website: Website, actor: User | None, integration_id: int
) -> WebsiteIntegration:
    """Have this provider write from now on; raises NotFound, InvalidInput for one switched off."""
    row = find(WebsiteIntegration, website, integration_id)
    if not row.enabled:
        raise InvalidInput("This integration is switched off.", resolution="Switch it on first.")
    before = integration_in_use(website)
    if before is not row or website.ai_provider != row.provider:
        website.ai_provider = row.provider
        changes: Changes = {"in_use": (before.provider if before else None, row.provider)}
        _record(website, actor, Action.INTEGRATION_ACTIVATED, row, changes)
    db.session.commit()
    return row


def remove_integration(website: Website, actor: User | None, integration_id: int) -> str:
    """Forget an integration with its key, and return the provider's name; raises NotFound."""
    row = find(WebsiteIntegration, website, integration_id)
    removed = db.session.execute(
        delete(WebsiteIntegration)
        .where(WebsiteIntegration.id == row.id)
        .execution_options(synchronize_session=False)
    )
    if not removed.rowcount:  # type: ignore[attr-defined] # a cursor result has it
        db.session.rollback()
        raise NotFound("This integration was removed already.")
    _record(website, actor, Action.INTEGRATION_REMOVED, row)
    db.session.expunge(row)
    if website.ai_provider == row.provider:
        website.ai_provider = None
    db.session.commit()
    return label_of(row)


def label_of(row: WebsiteIntegration) -> str:
    """The provider's name as people know it."""
    provider = all_providers().get(row.provider)
    return provider.label if provider else row.provider


def _record(
    website: Website,
    actor: User | None,
    action: Action,
    row: WebsiteIntegration,
    changes: Changes | None = None,
) -> None:
    audit.record(
        website,
        actor,
        action,
        object_type="integration",
        object_id=row.id,
        label=label_of(row),
        version=row.lock_version,
        changes=changes,
    )
