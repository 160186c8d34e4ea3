"""`POST /site_admin/properties/<id>/descriptions`: a page, JSON or a stream of events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response, g, jsonify, request
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from pwb.ai_tools import bp, events
from pwb.ai_tools.events import EVENT_STREAM, WAITING, event_line
from pwb.content.listing import DESCRIPTION
from pwb.errors import InvalidInput
from pwb.extensions import db
from pwb.filters import cents
from pwb.models import Property
from pwb.security import MAX_ID, agent
from pwb.services import generations
from pwb.services.generation_errors import GenerationFailed
from pwb.services.generations import (
    NO_TRIAL,
    Delta,
    DescriptionSpec,
    GenerationResult,
    Start,
    Ticket,
    Trial,
)
from pwb.services.tenancy import find

Answer = BaseResponse | tuple[Response, int]
OFF = ("0", "off", "false", "no")


def answer_kind() -> str:
    """`html`, `json` or `events`, by what the client accepts best."""
    offered = ["text/html", "application/json", EVENT_STREAM]
    best = request.accept_mimetypes.best_match(offered, default="text/html")
    return {"application/json": "json", EVENT_STREAM: "events"}.get(str(best), "html")


def spec_from_form() -> DescriptionSpec:
    """The order as posted. On the page, without JavaScript, each language has its own fields, and
    the button's address says what is wanted beside a new text."""
    sent = sent_fields()
    locale = sent.get("locale", g.website.default_locale)
    # Those fields are sent with every button of the page, and count with their own only.
    refines = "draft_" if request.args.get("task") == "refine" else ""

    def field(name: str) -> str | None:
        value = sent.get(name) or request.args.get(name) or sent.get(f"{name}-{locale}")
        return value.strip() if value and value.strip() else None

    spec = DescriptionSpec(
        locale=locale,
        tone=field("tone") or "professional",
        model=field("model"),
        idempotency_key=field("idempotency_key"),
        length=field("length") or "medium",
        call_to_action=field("call_to_action") not in OFF,
        instruction=field(f"{refines}instruction"),
        refine_request_id=whole_number("refine_request_id", field(f"{refines}refine_request_id")),
        translate_from=field("translate_from"),
        refresh=(field("refresh") or "0") not in OFF,
        variant=whole_number("variant", field("variant")) or 0,
        photos=photo_ids(sent.get("photos")),
    )
    # The page's own box is sent with every button, and counts for a new text only.
    if spec.task == DESCRIPTION and not spec.photos:
        return replace(spec, photos=photo_ids(sent.get(f"photos-{locale}")))
    return spec


def photo_ids(posted: str | None) -> tuple[int, ...]:
    """The ids in "3, 7", or repeated in a form; raises InvalidInput naming `photos`."""
    repeated = request.form.getlist("photos") if posted and not request.is_json else []
    values = ",".join(repeated or [posted or ""]).strip(" []").split(",")
    found = (whole_number("photos", value.strip()) for value in values if value.strip())
    return tuple(dict.fromkeys(each for each in found if each is not None))


def whole_number(name: str, value: str | None) -> int | None:
    """A number as posted, None where none is; raises InvalidInput naming the field."""
    if value is None:
        return None
    digits = value.isascii() and value.isdigit() and len(value) <= len(str(MAX_ID))
    if not digits or int(value) > MAX_ID:
        message = f"{name} is a whole number."
        raise InvalidInput(message, fields={name: [message]})
    return int(value)


def sent_fields() -> Mapping[str, str]:
    """The posted fields, from a form or from a JSON object."""
    if not request.is_json:
        return request.form
    document = request.get_json(silent=True)
    if not isinstance(document, dict):
        raise GenerationFailed("invalid_input", "What was sent is not a JSON object.")
    return {name: str(value) for name, value in document.items() if value is not None}


@bp.post("/properties/<int:property_id>/descriptions/<int:request_id>/use")
@agent
def use_text(property_id: int, request_id: int) -> BaseResponse:
    """The listing's page with a written text in its fields; nothing is saved yet.

    The page's script does the same without a request.
    """
    from pwb.site_admin.properties import render_edit_page

    listing = find(Property, g.website, property_id)
    result = generations.completed_result(g.website, listing, request_id)
    return render_edit_page(property_id, used=result)


@bp.post("/properties/<int:property_id>/descriptions")
@agent
def describe(property_id: int) -> Answer:
    """Write a description of the listing."""
    return answer(find(Property, g.website, property_id), NO_TRIAL)


def answer(listing: Property, trial: Trial) -> Answer:
    """Write what was posted, and answer as the client asked for it."""
    property_id, kind = listing.id, answer_kind()
    try:
        ticket = begin(listing, trial)
        if kind == "events":
            return stream(ticket)
        outcome: GenerationResult | GenerationFailed = generations.finish(ticket)
    except GenerationFailed as failure:
        outcome = failure
    if kind == "html":
        return as_page(property_id, outcome)
    return as_json(outcome)


def begin(listing: Property, trial: Trial) -> Ticket:
    """Open the generation that was posted; input that won't do counts as its failure."""
    actor = current_user._get_current_object()
    try:
        return generations.begin_description(g.website, actor, listing, spec_from_form(), trial)
    except InvalidInput as error:
        failure = GenerationFailed("invalid_input", error.message, resolution=error.resolution)
        raise failure from None


def document(outcome: GenerationResult | GenerationFailed) -> dict[str, Any]:
    """The contract's object, with the cost in words beside the number."""
    data = outcome.as_json()
    if isinstance(outcome, GenerationResult):
        data["usage"]["cost_label"] = cents(outcome.cost_cents)
    return data


def as_json(outcome: GenerationResult | GenerationFailed) -> tuple[Response, int]:
    """The JSON contract's answer."""
    status = outcome.status if isinstance(outcome, GenerationFailed) else 200
    response = jsonify(document(outcome))
    if isinstance(outcome, GenerationFailed) and outcome.retry_after is not None:
        response.headers["Retry-After"] = str(outcome.retry_after)
    return response, status


def as_page(property_id: int, outcome: GenerationResult | GenerationFailed) -> BaseResponse:
    """The listing's page again, with all that was typed and the new text beside it."""
    from pwb.site_admin.properties import render_edit_page

    db.session.rollback()
    return render_edit_page(property_id, outcome=outcome)


def stream(ticket: Ticket) -> Response:
    """The generation as server-sent events."""
    return events.stream(generations.run(ticket), _line_of, ticket.request_id)


def _line_of(event: generations.Event) -> str:
    if isinstance(event, Start):
        return event_line("start", {"request_id": event.request_id})
    if isinstance(event, Delta):
        return event_line("delta", {"field": event.field, "text": event.text})
    if isinstance(event, GenerationResult):
        return event_line("done", document(event))
    return WAITING
