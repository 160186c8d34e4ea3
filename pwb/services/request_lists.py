"""The ledger, read: lists of requests, and one request."""

from __future__ import annotations

from dataclasses import dataclass

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, String, cast, false, func, select
from sqlalchemy.orm import joinedload

from pwb.errors import InvalidInput
from pwb.extensions import db
from pwb.models import GenerationRequest, Website
from pwb.models.generations import STATUSES
from pwb.services import ledger
from pwb.services.tenancy import find, scoped

PER_PAGE = 25
LAST_PAGE = 1_000_000
_MAX_ID = 2**31 - 1  # The databases' INTEGER.


@dataclass(frozen=True)
class Filters:
    """What a list of requests is narrowed to; None means all."""

    status: str | None = None
    model: str | None = None
    user_id: int | None = None
    property_id: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Raises InvalidInput for an unknown status."""
        if self.status is not None and self.status not in STATUSES:
            raise InvalidInput(f"{self.status[:20]!r} is not a status of a request.")
        wanted = {
            GenerationRequest.status: self.status,
            GenerationRequest.ai_model: self.model,
            GenerationRequest.user_id: self.user_id,
            GenerationRequest.property_id: self.property_id,
        }
        if any(isinstance(value, int) and abs(value) > _MAX_ID for value in wanted.values()):
            return [false()]  # Nothing has such an id.
        return [column == value for column, value in wanted.items() if value is not None]


def list_requests(website: Website, filters: Filters, page: int) -> Pagination:
    """A page of the website's requests, newest first; raises InvalidInput."""
    ledger.settle_overdue(website)
    query = (
        scoped(GenerationRequest, website)
        .where(*filters.conditions())
        .options(joinedload(GenerationRequest.user), joinedload(GenerationRequest.property))
        .order_by(GenerationRequest.id.desc())
    )
    page = min(max(page, 1), LAST_PAGE)
    return db.paginate(query, page=page, per_page=PER_PAGE, error_out=False)


def request_detail(website: Website, request_id: int) -> GenerationRequest:
    """One request with its person and listing; raises NotFound."""
    ledger.settle_overdue(website)
    person, listing = joinedload(GenerationRequest.user), joinedload(GenerationRequest.property)
    return find(GenerationRequest, website, request_id, person, listing)


def has_output() -> ColumnElement[bool]:
    """Whether a row has an answer, or a part of one; a purge takes it away."""
    return func.coalesce(cast(GenerationRequest.output_data, String), "null") != "null"


def models_used(website: Website) -> list[str]:
    """The models that this website's requests asked for."""
    query = select(GenerationRequest.ai_model).where(GenerationRequest.website_id == website.id)
    return sorted(db.session.scalars(query.distinct()))
