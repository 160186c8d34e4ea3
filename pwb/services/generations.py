"""Writing a listing's description: what is ordered becomes a call, its row becomes the text.

The way of a call itself is in `runs`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import joinedload

from pwb.content.listing import (
    DESCRIPTION,
    OUTPUT_SCHEMA,
    SCHEMA_WITH_PHOTOS,
    FieldStream,
    ListingText,
    UnreadableText,
    build_messages,
    parse_listing,
)
from pwb.content.photo_words import parse_seen
from pwb.content.tasks import NO_LISTING_TEXTS
from pwb.errors import NotFound
from pwb.extensions import db
from pwb.llm.types import Completion, OutputSchema
from pwb.models import GenerationRequest, Property, User, Website
from pwb.services import checks, ledger, runs, sent_photos
from pwb.services.connections import connection_for
from pwb.services.description_orders import (
    NO_TRIAL,
    DescriptionSpec,
    Trial,
    brief_for,
    prompts_for,
)
from pwb.services.runs import Delta, Start, Ticket, Waiting
from pwb.services.social_generation import SocialPostGenerator
from pwb.services.tenancy import find

__all__ = [
    "NO_TRIAL",
    "Delta",
    "DescriptionSpec",
    "Event",
    "GenerationResult",
    "ListingDescriptionGenerator",
    "SocialPostGenerator",
    "Start",
    "Ticket",
    "Trial",
    "Waiting",
    "begin_description",
    "completed_result",
    "finish",
    "generate_description",
    "prompts_for",
    "run",
    "stored_result",
]


@dataclass(frozen=True)
class GenerationResult:
    """A finished text with what it took; costs are in US cents, None where unknown."""

    request_id: int
    text: ListingText
    model: str | None
    model_asked: str
    input_tokens: int | None
    output_tokens: int | None
    cost_cents: Decimal | None
    cost_state: str
    duration_ms: int | None
    findings: Mapping[str, Any] | None = None
    # What the text owes to photos, where some went along.
    seen_in_photos: tuple[str, ...] | None = None

    def as_json(self) -> dict[str, Any]:
        """The result as the JSON endpoint and `--json` answer it."""
        return {
            "success": True,
            "request_id": self.request_id,
            "title": self.text.title,
            "description": self.text.description,
            "meta_description": self.text.meta_description,
            "notes": list(self.text.notes),
            **(self.findings or checks.NOT_CHECKED),
            **self._seen_json(),
            "model": self.model or self.model_asked,
            "model_asked": self.model_asked,
            "usage": {
                "input_tokens": self.input_tokens,
                "output_tokens": self.output_tokens,
                "cost_cents": None if self.cost_cents is None else format(self.cost_cents, "f"),
                "cost_state": self.cost_state,
            },
            "duration_ms": self.duration_ms,
        }

    def _seen_json(self) -> dict[str, Any]:
        seen = self.seen_in_photos
        return {} if seen is None else {"seen_in_photos": list(seen)}


Event = Start | Delta | Waiting | GenerationResult


def begin_description(
    website: Website,
    actor: User | None,
    listing: Property,
    spec: DescriptionSpec,
    trial: Trial = NO_TRIAL,
) -> Ticket:
    """Check the order and open its row.

    Raises InvalidInput naming the field that won't do, and GenerationFailed (`not_configured`,
    `invalid_input`) where no call can be made.
    """
    ledger.settle_overdue(website)
    brief = brief_for(website, listing, spec, trial)
    connection = connection_for(website, spec.model)
    photos = sent_photos.to_send(website, listing, connection, spec.photos) if spec.photos else ()
    order = runs.Order(
        request_type=trial.request_type or spec.task,
        property_id=listing.id,
        locale=spec.locale,
        messages=sent_photos.messages(build_messages(brief), photos),
        schema=OutputSchema(DESCRIPTION, SCHEMA_WITH_PHOTOS if photos else OUTPUT_SCHEMA),
        options=spec.options() | ({"trial": trial.of} if trial.of else {}),
        input_digest=spec.digest(listing, trial),
        idempotency_key=spec.idempotency_key,
        photos=sent_photos.kept(photos),
    )
    check = checks.checker(checks.rules_with(website, brief.avoid), brief.facts, spec.locale)
    return runs.open_ticket(
        website,
        actor,
        connection,
        order,
        read=_reader(check, with_photos=bool(photos)),
        feed=lambda: FieldStream().feed,
    )


def _reader(
    check: checks.Check, *, with_photos: bool = False
) -> Callable[[Completion], dict[str, Any]]:
    def read(completion: Completion) -> dict[str, Any]:
        try:
            text = parse_listing(completion.text)
        except UnreadableText:
            message = "The model's answer could not be read as a listing text."
            raise runs.UnreadableAnswer(message) from None
        if not with_photos:
            return asdict(text) | {"findings": check(text)}
        seen = list(parse_seen(completion.text))
        return asdict(text) | {"seen_in_photos": seen, "findings": check(text, seen)}

    return read


def run(ticket: Ticket) -> Generator[Event]:
    """What happens while the text is written, as `runs.run` tells it, and last the result."""
    with closing(runs.run(ticket)) as events:
        for event in events:
            yield stored_result(event.row) if isinstance(event, runs.Done) else event


def finish(ticket: Ticket) -> GenerationResult:
    """Run the generation to its end and return the text; raises GenerationFailed."""
    *_, last = run(ticket)
    if not isinstance(last, GenerationResult):
        raise TypeError(f"a generation ended with {type(last).__name__}")
    return last


def generate_description(
    website: Website, actor: User | None, listing: Property, spec: DescriptionSpec
) -> GenerationResult:
    """Write one description and return it; raises InvalidInput and GenerationFailed."""
    return finish(begin_description(website, actor, listing, spec))


def stored_result(row: GenerationRequest) -> GenerationResult:
    """A final row as the result it was; raises the GenerationFailed it ended with, or
    `invalid_input` where its text was purged."""
    if row.status != "completed":
        raise runs.failure_of(row)
    if row.output_data is None:
        raise runs.no_longer_kept(row)
    output = row.output_data
    return GenerationResult(
        request_id=row.id,
        text=ListingText(
            title=output.get("title", ""),
            description=output.get("description", ""),
            meta_description=output.get("meta_description", ""),
            notes=tuple(output.get("notes", ())),
        ),
        model=row.served_model,
        model_asked=row.ai_model,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost_cents=row.cost_cents,
        cost_state=row.cost_state,
        duration_ms=row.duration_ms,
        findings=output.get("findings"),
        seen_in_photos=tuple(output["seen_in_photos"]) if "seen_in_photos" in output else None,
    )


def completed_result(website: Website, listing: Property, request_id: int) -> GenerationResult:
    """An earlier text of this listing; raises NotFound."""
    row = find(GenerationRequest, website, request_id, joinedload(GenerationRequest.user))
    is_text = row.request_type not in NO_LISTING_TEXTS and row.output_data is not None
    if row.property_id != listing.id or row.status != "completed" or not is_text:
        raise NotFound("There is no such text for this listing.")
    return stored_result(row)


class ListingDescriptionGenerator:
    """The service as developers call it::

    ListingDescriptionGenerator(property=prop, locale="en", tone="professional").generate()
    """

    def __init__(
        self,
        *,
        property: Property,
        locale: str | None = None,
        tone: str = "professional",
        model: str | None = None,
        actor: User | None = None,
        photos: Sequence[int] = (),
    ) -> None:
        self.property = property
        self.website = db.session.get_one(Website, property.website_id)
        self.actor = actor
        locale = locale or self.website.default_locale
        self.spec = DescriptionSpec(locale, tone, model, photos=tuple(photos))

    def generate(self) -> GenerationResult:
        """Write the text; raises InvalidInput and GenerationFailed."""
        return generate_description(self.website, self.actor, self.property, self.spec)

    def stream(self) -> Iterator[Event]:
        """The same, piece by piece, ending with the result."""
        return run(begin_description(self.website, self.actor, self.property, self.spec))
