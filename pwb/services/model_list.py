"""The page of models: one row a model with its price, narrowed, sorted and cut into pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pwb.extensions import db
from pwb.llm.types import ModelInfo
from pwb.models import Website
from pwb.services import catalogue
from pwb.services.allowed_models import Allowed, allowed_models
from pwb.services.catalogue import Status
from pwb.services.chosen_models import Chosen, chosen_models
from pwb.services.description_sizes import measured_sizes
from pwb.services.model_prices import (
    TYPICAL,
    DescriptionSize,
    cost_of_description,
    is_free,
    per_million,
)

PER_PAGE = 50
# Somebody is waiting: how long the very first list may take before the page says so.
FIRST_FETCH_SECONDS = 4.0


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to and how it is ordered. `max_cents` is US cents a description."""

    search: str = ""
    structured: bool = False
    images: bool = False
    shortlist: bool = False
    allowed: bool = False
    min_context: int | None = None
    max_cents: Decimal | None = None
    sort: str = "name"
    direction: str = "asc"

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        chosen = (self.search, self.structured, self.images, self.shortlist, self.allowed)
        return any(chosen) or self.min_context is not None or self.max_cents is not None


@dataclass(frozen=True)
class Row:
    """One model. Prices are USD per million tokens, `cost_cents` US cents for one description of
    `size`; None is unknown. `fallback` counts from 1; `allowed` None: the provider does not tell.
    """

    model: ModelInfo
    size: DescriptionSize
    cost_cents: Decimal | None
    price_in: Decimal | None
    price_out: Decimal | None
    is_free: bool
    starred: bool
    is_default: bool
    fallback: int | None
    allowed: bool | None
    listed: bool = True


@dataclass(frozen=True)
class ModelPage:
    """A page of rows: `total` fit what is wanted, of `everything` there is."""

    rows: list[Row]
    page: int
    pages: int
    total: int
    everything: int
    status: Status
    chosen: Chosen | None
    privacy_known: bool
    default_row: Row | None

    @property
    def has_prev(self) -> bool:
        return self.page > 1

    @property
    def has_next(self) -> bool:
        return self.page < self.pages

    def iter_pages(self) -> list[int | None]:
        """The numbers to show, None for a gap."""
        near = {1, self.page - 1, self.page, self.page + 1, self.pages}
        numbers: list[int | None] = []
        for number in sorted(n for n in near if 1 <= n <= self.pages):
            if numbers and numbers[-1] is not None and number > numbers[-1] + 1:
                numbers.append(None)
            numbers.append(number)
        return numbers


def model_page(website: Website, provider_id: str, wanted: Wanted, page: int) -> ModelPage:
    """The rows to show. The very first list is waited for a little; later ones never."""
    status = _status(provider_id)
    chosen = chosen_models(website, provider_id)
    # Asked before the list is read: no connection is held meanwhile.
    allowed = allowed_models(website, provider_id) if status.fetched_at else None
    models = catalogue.models(provider_id)
    rows = _rows(website, provider_id, models, chosen, allowed)
    fitting = _sorted([row for row in rows if _fits(row, wanted)], wanted)
    pages = max(1, -(-len(fitting) // PER_PAGE))
    page = min(max(1, page), pages)
    return ModelPage(
        rows=fitting[(page - 1) * PER_PAGE : page * PER_PAGE],
        page=page,
        pages=pages,
        total=len(fitting),
        everything=len(rows),
        status=status,
        chosen=chosen,
        privacy_known=allowed is not None,
        default_row=next((row for row in rows if row.is_default), None),
    )


def _status(provider_id: str) -> Status:
    status = catalogue.status(provider_id)
    if status.fetched_at is None and status.fetching:
        db.session.commit()  # Gives the connection back while the provider is asked.
        catalogue.wait_for_refresh(FIRST_FETCH_SECONDS)
        status = catalogue.status(provider_id)
    return status


def _rows(
    website: Website,
    provider_id: str,
    models: list[ModelInfo],
    chosen: Chosen | None,
    allowed: Allowed,
) -> list[Row]:
    starred = set(catalogue.shortlisted(website, provider_id))
    sizes = measured_sizes(website, provider_id)
    used = chosen.models if chosen else ()
    names = _listed_names(provider_id, used)

    def row(model: ModelInfo, listed: bool = True) -> Row:
        size = sizes.get(model.id, TYPICAL)
        asked = names.get(model.id, model.id)
        place = used.index(asked) if asked in used else None
        return Row(
            model=model,
            size=size,
            cost_cents=cost_of_description(model.pricing, size),
            price_in=per_million(model.pricing.prompt),
            price_out=per_million(model.pricing.completion),
            is_free=is_free(model.pricing),
            starred=model.id in starred,
            is_default=place == 0,
            fallback=place or None,
            allowed=None if allowed is None or not listed else model.id in allowed,
            listed=listed,
        )

    unlisted = _unlisted(provider_id, models, used, starred, set(names.values()))
    return [row(model) for model in models] + [row(model, listed=False) for model in unlisted]


def _listed_names(provider_id: str, used: tuple[str, ...]) -> dict[str, str]:
    """The ids in the list of the models in use, to the ids that the settings have."""
    found = catalogue.find_models(provider_id, used)
    return {model.id: asked for asked, model in reversed(found.items())}


def _unlisted(
    provider_id: str,
    models: list[ModelInfo],
    used: tuple[str, ...],
    starred: set[str],
    found: set[str],
) -> list[ModelInfo]:
    """Models in use or starred that the list lacks, as last seen."""
    if not models:
        return []
    listed = {model.id for model in models} | found
    missing = sorted(name for name in {*used, *starred} if name not in listed)
    known = catalogue.last_known(provider_id, missing) if missing else {}
    return [
        known[name].model if name in known else ModelInfo(id=name, name=name) for name in missing
    ]


def _fits(row: Row, wanted: Wanted) -> bool:
    model = row.model
    words = wanted.search.lower().split()
    text = f"{model.name} {model.id}".lower()
    return (
        all(word in text for word in words)
        and (not wanted.structured or model.structured_outputs)
        and (not wanted.images or model.reads_images)
        and (not wanted.shortlist or row.starred)
        and (not wanted.allowed or row.allowed is not False)
        and (wanted.min_context is None or (model.context_length or 0) >= wanted.min_context)
        and (wanted.max_cents is None or _at_most(row.cost_cents, wanted.max_cents))
    )


def _at_most(cost: Decimal | None, most: Decimal) -> bool:
    return cost is not None and cost <= most


SortValue = Decimal | int | date | str | None
SORTS: dict[str, Callable[[Row], SortValue]] = {
    "name": lambda row: row.model.name.lower(),
    "context": lambda row: row.model.context_length,
    "in": lambda row: row.price_in,
    "out": lambda row: row.price_out,
    "cost": lambda row: row.cost_cents,
    "expiry": lambda row: row.model.expiration_date,
}


def _sorted(rows: list[Row], wanted: Wanted) -> list[Row]:
    """By the wanted column; what is not known comes last in either direction."""
    value = SORTS.get(wanted.sort, SORTS["name"])
    by_name = sorted(rows, key=lambda row: (row.model.name.lower(), row.model.id))
    known = [row for row in by_name if value(row) is not None]
    known.sort(key=value, reverse=wanted.direction == "desc")  # type: ignore[arg-type] # one type a column
    return known + [row for row in by_name if value(row) is None]
