"""The catalogue of models as it is stored: lists, lookups, prices and what a model honours.

Reading never waits for a provider: what is stored is returned at once, and a list that is older
than an hour is fetched anew beside the page (`catalogue_refresh`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, or_, select

from pwb.extensions import db
from pwb.llm.pricing import Pricing
from pwb.llm.providers.base import Provider
from pwb.llm.registry import all_providers, get_provider
from pwb.llm.types import ModelInfo, Structured, Usage
from pwb.models import AICatalogue, AIModel, Website
from pwb.models.base import utcnow
from pwb.services import catalogue_refresh, direct_prices, model_prices
from pwb.services.catalogue_refresh import FRESH_FOR, refresh, refresh_if_due, wait_for_refresh
from pwb.services.description_sizes import measured_sizes
from pwb.services.model_prices import TYPICAL, cost_of_description, pricing_from_json

__all__ = [
    "Choice",
    "Known",
    "Status",
    "choices_for",
    "estimate_cost",
    "find_models",
    "last_known",
    "models",
    "pricings",
    "refresh",
    "refresh_if_due",
    "shortlisted",
    "status",
    "structured_for",
    "structured_of",
    "wait_for_refresh",
]


@dataclass(frozen=True)
class Status:
    """How a provider's list stands. `source` names the price list that stands in for the
    provider's own one; `error` is what the last try met, None after a success."""

    fetched_at: datetime | None = None
    fetching: bool = False
    error: str | None = None
    source: str = ""

    @property
    def is_fresh(self) -> bool:
        """Whether the list is not older than an hour."""
        return self.fetched_at is not None and self.fetched_at > utcnow() - FRESH_FOR

    @property
    def tells_what_exists(self) -> bool:
        """Whether a model that is missing from the list is no longer there."""
        return self.is_fresh and not self.source


@dataclass(frozen=True)
class Known:
    """A model as last seen; `missing_since` None while the list has it."""

    model: ModelInfo
    missing_since: datetime | None


@dataclass(frozen=True)
class Choice:
    """A model to choose; `cost_cents` is what one description costs, None where unknown."""

    id: str
    name: str
    cost_cents: Decimal | None
    note: str = ""


def models(provider_id: str) -> list[ModelInfo]:
    """The models as last fetched, by name; a list that is due is fetched beside the page."""
    status(provider_id)
    query = _listed(get_provider(provider_id)).order_by(AIModel.name, AIModel.model_id)
    return [_info(row) for row in db.session.scalars(query)]


def status(provider_id: str) -> Status:
    """How the list stands; one that is due is fetched beside the page."""
    row = catalogue_refresh.stored_row(get_provider(provider_id))
    started = catalogue_refresh.start_if_due(provider_id, row)
    leased = catalogue_refresh.is_leased(row, utcnow())
    if row is None:
        return Status(fetching=started)
    return Status(row.fetched_at, started or leased, row.last_error, row.source)


def find_models(provider_id: str, model_ids: Iterable[str]) -> dict[str, ModelInfo]:
    """The listed models by the ids that were asked for.

    An id may be the dated name that answers carry, a "latest" alias (`~…`), or carry a variant
    (`:free`, `:nitro`, `:floor`, `:thinking`) that the list does not name on its own.
    """
    wanted = {model_id: _names_of(model_id) for model_id in model_ids}
    rows = _rows_named(get_provider(provider_id), wanted)
    found = {}
    for model_id, names in wanted.items():
        best = min(rows, key=lambda row: _rank(row, names), default=None)
        if best is not None and _rank(best, names)[0] < len(names):
            found[model_id] = _info(best)
    return found


def last_known(provider_id: str, model_ids: Iterable[str]) -> dict[str, Known]:
    """Models by their ids, also those that have left the list since they were seen."""
    query = _of_address(get_provider(provider_id)).where(AIModel.model_id.in_(list(model_ids)))
    rows = db.session.scalars(query)
    return {row.model_id: Known(_info(row), row.missing_since) for row in rows}


def structured_for(provider_id: str, model: str) -> Structured:
    """How to ask this model for JSON: by schema unless the catalogue says that it can't."""
    return structured_of(find_models(provider_id, [model]).get(model))


def structured_of(model: ModelInfo | None) -> Structured:
    """The same of a model as the catalogue has it; None where it has not."""
    if model is None or not model.supported_parameters or model.structured_outputs:
        return "json_schema"
    return "json_object" if "response_format" in model.supported_parameters else "prompt"


def estimate_cost(
    provider_id: str, names: Iterable[str | None], usage: Usage, images: int = 0
) -> Decimal | None:
    """USD for what a call with so many pictures used, by the price of the first of the model's
    `names` that is known."""
    wanted = list(filter(None, names))
    known = pricings(provider_id, wanted)
    first = next((known[name] for name in wanted if name in known), None)
    return None if first is None else model_prices.estimate(first, usage, utcnow(), images)


def pricings(
    provider_id: str, model_ids: Iterable[str], known: Mapping[str, ModelInfo] | None = None
) -> dict[str, Pricing]:
    """Today's prices of those models that are known, by the ids that were asked for; `known` is
    what `find_models` says of them, where that was asked before."""
    if not direct_prices.covers(provider_id):
        found = find_models(provider_id, model_ids) if known is None else known
        return {model_id: model.pricing for model_id, model in found.items()}
    listed = {name: direct_prices.pricing_of(provider_id, name) for name in model_ids}
    return {name: pricing for name, pricing in listed.items() if pricing is not None}


def shortlisted(website: Website, provider_id: str) -> tuple[str, ...]:
    """The ids of the provider's models on the website's shortlist, in the order of adding."""
    entries = website.ai_shortlist or ()
    return tuple(entry["model"] for entry in entries if entry["provider"] == provider_id)


def choices_for(website: Website, provider_id: str) -> list[Choice]:
    """The models to offer first, with the price of one description: the website's shortlist,
    else those that the provider's declaration recommends."""
    status(provider_id)
    recommended = {model.id: model.note for model in get_provider(provider_id).recommended_models}
    ids = shortlisted(website, provider_id) or tuple(recommended)
    found, sizes = find_models(provider_id, ids), measured_sizes(website, provider_id)
    choices = []
    for model_id in ids:
        model = found.get(model_id)
        cost = cost_of_description(model.pricing, sizes.get(model_id, TYPICAL)) if model else None
        name = model.name if model else model_id
        choices.append(Choice(model_id, name, cost, recommended.get(model_id, "")))
    return choices


def is_known_provider(provider_id: str | None) -> bool:
    """Whether there is such a provider."""
    return provider_id in all_providers()


def _of_address(provider: Provider) -> Select[AIModel]:
    """The stored models of the provider's present address; none where another's are stored."""
    return _at_address(*catalogue_refresh.key_of(provider))


def _at_address(provider_id: Any, address: Any) -> Select[AIModel]:
    fetched = (
        select(AICatalogue.provider)
        .where(AICatalogue.provider == provider_id, AICatalogue.address_hash == address)
        .where(AICatalogue.fetched_at.is_not(None))
    )
    return select(AIModel).where(AIModel.provider == provider_id, fetched.exists())


def _listed(provider: Provider) -> Select[AIModel]:
    return _of_address(provider).where(AIModel.missing_since.is_(None))


def _rows_named(provider: Provider, wanted: Mapping[str, tuple[str, ...]]) -> list[AIModel]:
    names = sorted({name for each in wanted.values() for name in each})
    if not names:
        return []
    provider_id, address = catalogue_refresh.key_of(provider)
    values = {"provider": provider_id, "address": address, "names": names}
    return list(db.session.scalars(_listed_by_names(), values))


# Built once: it is on the way of every generation.
@cache
def _listed_by_names() -> Select[AIModel]:
    names: BindParameter[str] = bindparam("names", expanding=True)
    named = or_(AIModel.model_id.in_(names), AIModel.canonical_slug.in_(names))
    return _at_address(bindparam("provider"), bindparam("address")).where(
        AIModel.missing_since.is_(None), named
    )


def _names_of(model_id: str) -> tuple[str, ...]:
    """The names under which a list may have the model, best first."""
    plain = model_id.removeprefix("~")
    base = plain.split(":", 1)[0]
    return tuple(dict.fromkeys((model_id, plain, base, f"{plain}:latest")))


def _rank(row: AIModel, names: tuple[str, ...]) -> tuple[int, bool, bool, str]:
    """How well a row fits: the smaller, the better; the first is `len(names)` for not at all."""
    by_id = names.index(row.model_id) if row.model_id in names else len(names)
    slug = row.canonical_slug
    by_slug = names.index(slug) if slug in names else len(names)
    return min(by_id, by_slug), by_slug < by_id, ":" in row.model_id, row.model_id


def _info(row: AIModel) -> ModelInfo:
    return ModelInfo(
        id=row.model_id,
        canonical_slug=row.canonical_slug,
        name=row.name,
        description=row.description,
        created=row.created,
        context_length=row.context_length,
        max_completion_tokens=row.max_completion_tokens,
        input_modalities=tuple(row.input_modalities),
        supported_parameters=tuple(row.supported_parameters),
        pricing=pricing_from_json(row.pricing),
        expiration_date=row.expiration_date,
    )
