"""The content of an answer: composed from the document, then bent as a fault asks."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pwb.simulator.catalogue import Model
from pwb.simulator.composing import compose_listing, extra_claim
from pwb.simulator.documents import find_document
from pwb.simulator.posts import compose_posts, shorten_posts
from pwb.simulator.refining import refine_listing
from pwb.simulator.sights import add_seen, describe, pictures

# Translations and refreshed texts are composed anew from the facts, in the language asked for.
_BY_TASK: Mapping[str, Callable[[Mapping[str, Any], str], dict[str, Any]]] = {
    "social_posts": compose_posts,
    "social_shortening": shorten_posts,
    "listing_refinement": refine_listing,
}
VIOLATION = "Perfect for young families."
NO_DOCUMENT = "This is the simulator, not an AI model: it writes only from a listing's facts."
_FENCED = (
    "Here is the text you asked for:\n\n```json\n{}\n```\n\nLet me know if it should be shorter."
)


def write(
    messages: Sequence[Mapping[str, Any]],
    seed: int,
    model: Model,
    effect: str,
    response_format: Mapping[str, Any],
) -> str:
    """An answer's content: JSON where the messages carry a listing, else one plain sentence."""
    document = find_document(messages)
    if document is None:
        return NO_DOCUMENT
    payload = _payload(document, pictures(messages), seed, model)
    if effect in _ON_TEXT:
        payload = _bend_texts(payload, _ON_TEXT[effect], str(document.get("locale", "en")))
    bare = json.dumps(payload, ensure_ascii=False)
    # A model without structured output does what such models do: it adds a fence and talk.
    shape = effect if effect in _ON_JSON else ("" if model.structured else "fenced-json")
    return _ON_JSON[shape](bare) if shape else bare


def _payload(
    document: Mapping[str, Any], sent: list[str], seed: int, model: Model
) -> dict[str, Any]:
    if document.get("task") == "photo_alt_text":
        return describe(document, sent)
    compose = _BY_TASK.get(str(document.get("task")), compose_listing)
    return add_seen(compose(document, f"{seed}|{model.name}"), document, sent)


def _bend_texts(
    payload: dict[str, Any], bend: Callable[[str, str], str], locale: str
) -> dict[str, Any]:
    if "posts" in payload:
        posts = [{**post, "caption": bend(post["caption"], locale)} for post in payload["posts"]]
        return {"posts": posts}
    name = "alt_text" if "alt_text" in payload else "description"
    return {**payload, name: bend(payload[name], locale)}


def _violate(text: str, _locale: str) -> str:
    return f"{text} {VIOLATION}"


def _claim(text: str, locale: str) -> str:
    return f"{text} {extra_claim(locale)}"


_ON_TEXT: Mapping[str, Callable[[str, str], str]] = {"violation": _violate, "extra-claims": _claim}
_ON_JSON: Mapping[str, Callable[[str], str]] = {
    "broken-json": lambda bare: bare.removesuffix("}") + ",",
    "fenced-json": _FENCED.format,
    "wrapped-json": lambda bare: f'{{"result": {bare}}}',
    "not-json": lambda _: "I have written a lovely text about this property for you.",
}
