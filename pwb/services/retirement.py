"""Watching the models that a website writes with: gone, or about to go, and what could follow.

A model counts as gone only where a fresh list of the provider's own lacks it. A date of
retirement counts whenever it was last heard of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from pwb.llm.types import ModelInfo
from pwb.models import Website
from pwb.models.base import utcnow
from pwb.services import catalogue
from pwb.services.catalogue import Known
from pwb.services.chosen_models import Chosen, chosen_models
from pwb.services.description_sizes import measured_sizes
from pwb.services.model_prices import (
    TYPICAL,
    DescriptionSize,
    cost_of_description,
    difference,
    is_free,
)

AHEAD = timedelta(days=60)
SUCCESSORS = 3
# Words of a model's name that say nothing of its family.
IDLE_WORDS = {"beta", "chat", "exp", "experimental", "instruct", "it", "latest", "preview", "v"}
FAR = Decimal("Infinity")

Reason = Literal["missing", "retires", "retired"]


@dataclass(frozen=True)
class Successor:
    """A model that could follow. Costs are US cents a description; `more_cents` is what it costs
    more than the one that goes; None where unknown."""

    model: ModelInfo
    cost_cents: Decimal | None
    more_cents: Decimal | None


@dataclass(frozen=True)
class Retirement:
    """A chosen model that is gone (`missing`, on the day it was noticed, None where it was never
    listed; `retired`, on its day) or goes (`retires`), with up to three that could follow.

    `can_switch`: the website's admins can change it; otherwise it is the operator's choice.
    """

    provider: str
    model_id: str
    name: str
    role: Literal["default", "fallback"]
    reason: Reason
    day: date | None
    cost_cents: Decimal | None
    successors: tuple[Successor, ...]
    can_switch: bool


def warnings(website: Website) -> list[Retirement]:
    """What to tell the website's admins, the default model first; also has the list refreshed
    beside the page where it is due."""
    chosen = chosen_models(website)
    if chosen is None or not chosen.active or not chosen.models:
        return []
    listed = catalogue.find_models(chosen.provider, chosen.models)
    complete = catalogue.status(chosen.provider).tells_what_exists
    going: dict[str, Known | None] = {}
    for model_id in chosen.models:
        model = listed.get(model_id)
        if model is not None and _ends_soon(model):
            going[model_id] = Known(model, None)
        elif model is None and complete and not model_id.startswith("~"):
            # What an alias such as `~anthropic/claude-sonnet-latest` means is not for us to judge.
            going[model_id] = None
    return _retirements(website, chosen, going) if going else []


def _ends_soon(model: ModelInfo) -> bool:
    return model.expiration_date is not None and model.expiration_date <= _today() + AHEAD


def _today() -> date:
    return utcnow().date()


def _retirements(
    website: Website, chosen: Chosen, going: dict[str, Known | None]
) -> list[Retirement]:
    gone = [model_id for model_id, known in going.items() if known is None]
    remembered = catalogue.last_known(chosen.provider, gone) if gone else {}
    candidates = catalogue.models(chosen.provider)
    sizes = measured_sizes(website, chosen.provider)
    return [
        _retirement(
            chosen,
            model_id,
            known or remembered.get(model_id),
            candidates,
            sizes.get(model_id, TYPICAL),
        )
        for model_id, known in going.items()
    ]


def _retirement(
    chosen: Chosen,
    model_id: str,
    known: Known | None,
    candidates: list[ModelInfo],
    size: DescriptionSize,
) -> Retirement:
    """`known` is the model as last seen; None for one that was never on the list."""
    model = known.model if known else ModelInfo(id=model_id, name=model_id)
    reason, day = _reason(known)
    cost = cost_of_description(model.pricing, size)
    others = [c for c in candidates if c.id not in chosen.models]
    return Retirement(
        provider=chosen.provider,
        model_id=model_id,
        name=model.name,
        role="default" if model_id == chosen.default else "fallback",
        reason=reason,
        day=day,
        cost_cents=cost,
        successors=tuple(_successor(m, cost, size) for m in successors_of(model, others)),
        can_switch=chosen.own,
    )


def _reason(known: Known | None) -> tuple[Reason, date | None]:
    if known is None:
        return "missing", None
    if known.missing_since is not None:
        return "missing", known.missing_since.date()
    day = known.model.expiration_date
    return ("retired" if day is not None and day <= _today() else "retires"), day


def _successor(model: ModelInfo, old_cents: Decimal | None, size: DescriptionSize) -> Successor:
    cost = cost_of_description(model.pricing, size)
    return Successor(model, cost, difference(cost, old_cents))


def successors_of(old: ModelInfo, candidates: Iterable[ModelInfo]) -> list[ModelInfo]:
    """The models that come closest to one that goes, best first: able to follow a schema, free
    only where the old one was, of the same maker and family, newer, of a price near by."""
    fit = [c for c in candidates if c.id != old.id and not _ends_soon(c) and c.pricing.known]
    return sorted(fit, key=lambda candidate: _distance(old, candidate))[:SUCCESSORS]


def _distance(
    old: ModelInfo, new: ModelInfo
) -> tuple[bool, bool, bool, Decimal, bool, Decimal, int, str]:
    """How far apart two models are: the smaller, the closer, part by part."""
    was_free = is_free(old.pricing) or old.id.endswith(":free")
    older = old.created is not None and (new.created or 0) < old.created
    return (
        not new.structured_outputs,
        is_free(new.pricing) != was_free,
        maker_of(new.id) != maker_of(old.id),
        -kinship(old.id, new.id),
        older,
        _price_gap(old, new),
        -(new.created or 0),
        new.id,
    )


def _price_gap(old: ModelInfo, new: ModelInfo) -> Decimal:
    gap = difference(cost_of_description(new.pricing), cost_of_description(old.pricing))
    return FAR if gap is None else abs(gap)


def maker_of(model_id: str) -> str:
    """The part of an id before the slash: who made the model."""
    return model_id.removeprefix("~").partition("/")[0]


def kinship(one: str, other: str) -> Decimal:
    """How much two ids' names have in common, from 0 to 1, versions and sizes aside."""
    first, second = _family_words(one), _family_words(other)
    everything = first | second
    return Decimal(len(first & second)) / len(everything) if everything else Decimal(0)


def _family_words(model_id: str) -> set[str]:
    name = model_id.rpartition("/")[2].partition(":")[0].lower()
    return set(re.findall(r"[a-z]{2,}", name)) - IDLE_WORDS
