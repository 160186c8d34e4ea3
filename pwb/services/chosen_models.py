"""The models that a website writes with, and changing them: default, fallbacks, shortlist."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import update

from pwb.errors import InvalidInput
from pwb.extensions import db
from pwb.llm.registry import all_providers, get_provider
from pwb.models import Action, User, Website
from pwb.services import audit
from pwb.services.catalogue import shortlisted
from pwb.services.connections import (
    check_model,
    default_model,
    fallbacks_of,
    integration_in_use,
    list_integrations,
    operator_provider,
    own_integration,
)
from pwb.services.integrations import save_integration

SHORTLIST_MOST = 40


@dataclass(frozen=True)
class Chosen:
    """What texts are written with. `own` tells whether the website's admins can change it: it is
    their integration, not the operator's key. `active` is False while it is switched off."""

    provider: str
    default: str
    fallbacks: tuple[str, ...] = ()
    own: bool = False
    active: bool = True

    @property
    def models(self) -> tuple[str, ...]:
        """All of them, the default first."""
        return tuple(dict.fromkeys(filter(None, (self.default, *self.fallbacks))))


def chosen_models(website: Website, provider_id: str | None = None) -> Chosen | None:
    """What the website writes with, or would write with over this provider; None for nothing."""
    row = own_integration(website, provider_id) if provider_id else integration_in_use(website)
    if row is not None and row.provider in all_providers():
        provider, settings = get_provider(row.provider), row.settings or {}
        default = settings.get("default_model") or default_model(provider)
        fallbacks = fallbacks_of(provider, settings)
        return Chosen(provider.id, default, fallbacks, own=True, active=row.enabled)
    operators = operator_provider()
    if operators is None or provider_id not in {None, operators.id}:
        return None
    return Chosen(operators.id, default_model(operators))


def providers_of(website: Website) -> list[str]:
    """The providers whose models concern the website: its own and the one that writes, else the
    first there is."""
    own = [row.provider for row in list_integrations(website) if row.provider in all_providers()]
    chosen = chosen_models(website)
    if chosen is not None and chosen.provider not in own:
        own.append(chosen.provider)
    known = own or [next(iter(all_providers()))]
    return [name for name in all_providers() if name in known]


def make_default(website: Website, actor: User | None, provider_id: str, model: str) -> None:
    """Write with this model from now on; raises InvalidInput where the website has no integration
    of its own with the provider, or for what cannot be a model id."""
    model = check_model(model, provider_id, "model")
    if own_integration(website, provider_id) is None:
        label = get_provider(provider_id).label
        raise InvalidInput(
            f"The default model of {label} is the operator's choice here.",
            resolution="Set up a key of your own under Integrations to choose another one.",
        )
    save_integration(website, actor, provider_id, changes={"default_model": model})


def replace_model(
    website: Website, actor: User | None, provider_id: str, old: str, new: str
) -> bool:
    """Put `new` in the place of `old`, as default and among the fallbacks; False where somebody
    has changed that already. Raises InvalidInput as `make_default` does."""
    chosen = chosen_models(website, provider_id)
    if chosen is None or not chosen.own or old == chosen.default:
        make_default(website, actor, provider_id, new)
        return True
    if old not in chosen.fallbacks:
        return False
    new = check_model(new, provider_id, "model")
    fallbacks = list(dict.fromkeys(new if name == old else name for name in chosen.fallbacks))
    save_integration(website, actor, provider_id, changes={"fallback_models": fallbacks})
    return True


def set_shortlisted(
    website: Website, actor: User | None, provider_id: str, model: str, wanted: bool | None = None
) -> bool:
    """Put a model on the website's shortlist or take it off (`wanted` None: the other way round);
    whether it is on it now. Raises InvalidInput."""
    model = check_model(model, provider_id, "model")
    # Locks the row, so that of two people's changes none is lost.
    db.session.execute(
        update(Website).where(Website.id == website.id).values(ai_shortlist=Website.ai_shortlist)
    )
    row = db.session.get_one(Website, website.id, populate_existing=True)
    before = shortlisted(row, provider_id)
    wanted = model not in before if wanted is None else wanted
    if (model in before) != wanted:
        _write(row, actor, provider_id, model, wanted)
    db.session.commit()
    return wanted


def _write(
    website: Website, actor: User | None, provider_id: str, model: str, wanted: bool
) -> None:
    entry = {"provider": provider_id, "model": model}
    before = list(website.ai_shortlist or ())
    after = [*before, entry] if wanted else [other for other in before if other != entry]
    if len(after) > SHORTLIST_MOST:
        db.session.rollback()
        raise InvalidInput(
            f"The shortlist holds at most {SHORTLIST_MOST} models.",
            resolution="Take one off it first.",
        )
    website.ai_shortlist = after or None
    names = [[each["model"] for each in entries] for entries in (before, after)]
    audit.record(
        website,
        actor,
        Action.WEBSITE_CHANGED,
        object_type="website",
        object_id=website.id,
        label=website.name,
        changes={"model_shortlist": (names[0], names[1])},
    )
