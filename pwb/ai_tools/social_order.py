"""`/site_admin/properties/<id>/social_posts`: posts of a listing, as a page, JSON or events."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from flask import Response, g, jsonify, render_template, request
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from pwb.ai_tools import bp, events
from pwb.ai_tools.descriptions import answer_kind, as_json
from pwb.ai_tools.events import WAITING, event_line
from pwb.ai_tools.models import ai_model_choices
from pwb.ai_tools.social_forms import PostsForm, posts_form
from pwb.ai_tools.social_looks import cards_of
from pwb.content.platforms import PLATFORMS
from pwb.errors import InvalidInput
from pwb.models import Property
from pwb.security import agent, ids_in
from pwb.services import integrations, social_generation, social_lists
from pwb.services.generation_errors import GenerationFailed
from pwb.services.post_results import SocialResult
from pwb.services.properties import get_property
from pwb.services.runs import Start
from pwb.services.social_calls import Progress
from pwb.services.tenancy import find
from pwb.site_admin import property_views

Answer = str | BaseResponse | tuple[str, int] | tuple[Response, int]
PAGE = "/properties/<int:property_id>/social_posts"
SHOWN = 12


@bp.get(PAGE)
@agent
def property_posts(property_id: int) -> Answer:
    """Order posts of a listing; those it has are below, or the ones that `posts` names."""
    return order_page(property_id, order_form(), ids_in(request.args.getlist("posts")))


@bp.post(PAGE)
@agent
def write_property_posts(property_id: int) -> Answer:
    """Write the posts that were ordered, and answer as the client asked for it."""
    form, kind = order_form(), answer_kind()
    try:
        ticket = begin(find(Property, g.website, property_id), form)
        if kind == "events":
            return stream(ticket)
        result = social_generation.finish(ticket)
    except (InvalidInput, GenerationFailed) as failure:
        return not_written(property_id, form, failure, kind)
    if kind == "json":
        return jsonify(result.as_json())
    form.idempotency_key.data = uuid.uuid4().hex
    named = [draft.post.id for draft in result.posts]
    return order_page(property_id, form, named, failed=result.failures)


def order_form() -> PostsForm:
    """The form, holding what was posted, be it as a form or as a JSON object."""
    models = {choice.id: choice.name for choice in ai_model_choices()}
    return posts_form(g.website, models, **posted_json())


def posted_json() -> dict[str, Any]:
    """A JSON object's fields in place of a form's; nothing where a form was sent."""
    if not request.is_json:
        return {}
    document = request.get_json(silent=True)
    if not isinstance(document, dict):
        raise InvalidInput("What was sent is not a JSON object.")
    fields: MultiDict[str, str] = MultiDict()
    for name, value in document.items():
        values = value if isinstance(value, list) else [value]
        fields.setlist(name, [str(each) for each in values if each is not None])
    return {"formdata": fields}


def begin(listing: Property, form: PostsForm) -> social_generation.PostsTicket:
    """Open what was ordered; raises InvalidInput and GenerationFailed."""
    if not form.validate():
        raise InvalidInput(" ".join(form.complaints()))
    actor = current_user._get_current_object()
    return social_generation.begin_posts(g.website, actor, listing, form.spec())


def not_written(
    property_id: int, form: PostsForm, failure: InvalidInput | GenerationFailed, kind: str
) -> Answer:
    """What went wrong: in the order's page, which keeps all that was typed, or as JSON."""
    if kind != "html":
        if isinstance(failure, InvalidInput):
            failure = GenerationFailed(
                "invalid_input", failure.message, resolution=failure.resolution
            )
        return as_json(failure)
    form.idempotency_key.data = uuid.uuid4().hex
    if isinstance(failure, InvalidInput):
        if not form.errors:
            form.refuse(failure)
        return order_page(property_id, form, status=422)
    return order_page(property_id, form, failure=failure, status=failure.status)


def order_page(
    property_id: int,
    form: PostsForm,
    named: Collection[int] = (),
    *,
    failure: GenerationFailed | None = None,
    failed: Mapping[str, GenerationFailed] = MappingProxyType({}),
    status: int = 200,
) -> tuple[str, int]:
    """The order and the listing's posts: the latest, or the named ones. `failure` is of the whole
    order, `failed` of single platforms."""
    listing = get_property(g.website, property_id)
    posts = social_lists.posts_of(g.website, listing, named, most=SHOWN)
    page = render_template(
        "social/write.html",
        listing=listing,
        form=form,
        platforms=PLATFORMS.values(),
        cards=cards_of(g.website, posts),
        are_new=bool(named),
        failure=failure,
        failed={PLATFORMS[name].label: each for name, each in failed.items()},
        ai=integrations.ai_state(g.website),
        view=property_views,
    )
    return page, status


def stream(ticket: social_generation.PostsTicket) -> Response:
    """The generation as server-sent events."""
    return events.stream(social_generation.run(ticket), _line_of, ticket.first.request_id)


def _line_of(event: social_generation.Event) -> str:
    if isinstance(event, Start):
        return event_line("start", {"request_id": event.request_id})
    if isinstance(event, Progress):
        return event_line("progress", event.as_json())
    if isinstance(event, SocialResult):
        return event_line("done", event.as_json())
    return WAITING
