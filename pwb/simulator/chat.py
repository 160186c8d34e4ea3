"""One chat completion, from the request's body to an `Answer`, or a refusal."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from pwb.simulator import catalogue, faults, keys, tokens
from pwb.simulator.documents import plain_text
from pwb.simulator.effects import write
from pwb.simulator.faults import Fault, named
from pwb.simulator.sights import TOKENS_A_PICTURE, pictures
from pwb.simulator.state import Reply, Simulator
from pwb.simulator.wire import Answer

# Errors of the account are the same for every model, so a fallback model would not help.
_OF_THE_ACCOUNT = (400, 401, 402, 413)
_TOKENS_UNLESS_ASKED = 4096


class Refused(Exception):
    """The request is answered by an error status."""

    def __init__(self, fault: Fault, requested: list[str] | None = None) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.requested = requested or []


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """The parts of a request's body that the simulator looks at."""

    models: list[str]
    messages: list[Mapping[str, Any]]
    max_tokens: int | None
    stream: bool
    response_format: Mapping[str, Any]
    routing: Mapping[str, Any]
    user: str | None

    @property
    def prompt(self) -> str:
        """All messages as one text."""
        return "\n".join(plain_text(message) for message in self.messages)

    @property
    def images(self) -> int:
        """How many pictures the messages bring."""
        return len(pictures(self.messages))


def parse(body: object) -> ChatRequest:
    """A body's parts; `Refused` where the real service would not understand it."""
    if not isinstance(body, dict):
        raise _invalid("The body must be a JSON object")
    return ChatRequest(
        models=_models(body),
        messages=_messages(body.get("messages")),
        max_tokens=_max_tokens(body),
        stream=body.get("stream") is True,
        response_format=_object(body, "response_format"),
        routing=_object(body, "provider"),
        user=body.get("user"),
    )


def answer(
    simulator: Simulator, key: str, request: ChatRequest, forced: Fault | Reply | None
) -> Answer:
    """The answer to a request that the key may make; `Refused` otherwise."""
    if isinstance(forced, Fault) and forced.refuses:
        raise Refused(forced, request.models)
    model_id, model = _serving_model(request)
    _check_credit(simulator, key, request, model)
    fault = forced if isinstance(forced, Fault) else faults.in_model(model_id)
    found = _composed(simulator, request, model, fault)
    return _scripted(found, forced) if isinstance(forced, Reply) else found


def _composed(
    simulator: Simulator, request: ChatRequest, model: catalogue.Model, fault: Fault | None
) -> Answer:
    settings, number = simulator.settings, simulator.next_call()
    effect = fault.effect if fault else ""
    draft = Answer(
        generation_id=_generation_id(settings.seed, number),
        created=int(time.time()),
        model=model,
        shown_model=model.id,
        provider=model.provider,
        content=write(request.messages, settings.seed, model, effect, request.response_format),
        prompt_tokens=_prompt_tokens(request, model),
        images=request.images,
        fault=fault,
        delay=settings.delay,
        first_delay=settings.first_delay,
        streamed=request.stream,
        user=request.user,
    )
    return _finish(draft, effect, request.max_tokens)


def _prompt_tokens(request: ChatRequest, model: catalogue.Model) -> int:
    """Tokens of the text, and of the pictures where they have no price of their own."""
    seen = 0 if model.image_price else TOKENS_A_PICTURE * request.images
    return tokens.count(request.prompt) + 4 * len(request.messages) + seen


def _finish(draft: Answer, effect: str, max_tokens: int | None) -> Answer:
    if draft.model.reasoning or effect == "reasoning-only":
        draft = replace(
            draft, reasoning="The facts are sorted: place first, then rooms, then features."
        )
    if effect in ("empty", "reasoning-only"):
        return replace(draft, content="")
    if effect == "no-usage":
        return replace(draft, usage={})
    if effect in ("length", "content-filter"):
        half = tokens.cut(draft.content, tokens.count(draft.content) // 2)
        return replace(draft, content=half, finish_reason=effect.replace("-", "_"))
    return _within(draft, max_tokens)


def _within(draft: Answer, max_tokens: int | None) -> Answer:
    room = (max_tokens or _TOKENS_UNLESS_ASKED) - tokens.count(draft.reasoning)
    if tokens.count(draft.content) <= room:
        return draft
    return replace(draft, content=tokens.cut(draft.content, max(room, 0)), finish_reason="length")


def _scripted(draft: Answer, reply: Reply) -> Answer:
    parts = {
        "content": reply.content,
        "reasoning": reply.reasoning,
        "finish_reason": reply.finish_reason,
        "usage": reply.usage,
        "shown_model": reply.model,
        "provider": reply.provider,
        "delay": reply.delay,
        "first_delay": reply.first_delay,
    }
    given: dict[str, Any] = {name: part for name, part in parts.items() if part is not None}
    # A scripted content is sent whole: what cut the composed text short does not apply to it.
    whole = {"finish_reason": "stop"} if reply.content is not None else {}
    return replace(draft, **{**whole, **given})


def _generation_id(seed: int, number: int) -> str:
    digest = hashlib.sha256(f"{seed}:{number}:{time.time_ns()}".encode()).hexdigest()
    return f"gen-{int(time.time())}-sim{digest[:17]}"


def _serving_model(request: ChatRequest) -> tuple[str, catalogue.Model]:
    """The first model of the list that can serve; the last one's refusal where none can."""
    refusal = None
    for model_id in request.models:
        refusal, model = _try_model(model_id, request)
        if model is not None:
            return model_id, model
        if refusal.status in _OF_THE_ACCOUNT and refusal.availability is None:
            break
    if refusal is None:
        raise _invalid("No models provided")
    raise Refused(refusal, request.models)


def _try_model(model_id: str, request: ChatRequest) -> tuple[Fault, catalogue.Model | None]:
    fault = faults.in_model(model_id)
    if fault and fault.refuses:
        return fault, None
    model = catalogue.find(model_id)
    if model is None:
        return _not_found(model_id), None
    reason = _unfit(model, request)
    return (Fault("404", "", 404, reason, "not_found"), None) if reason else (named("404"), model)


def _not_found(model_id: str) -> Fault:
    if "missing" in model_id:
        return replace(named("404"), message=f"No endpoints found for {model_id}.")
    if "retired" in model_id:
        return replace(named("404-retired"), message=f"{model_id} has been retired.")
    return replace(named("400-model-not-found"), message=f"{model_id} is not a valid model ID")


def _unfit(model: catalogue.Model, request: ChatRequest) -> str | None:
    """Why a model cannot take a request under its routing settings, or None."""
    routing = request.routing
    private = routing.get("zdr") is True or routing.get("data_collection") == "deny"
    if private and model.trains_on_data:
        return named("404").message
    if request.images and not model.images:
        return "No endpoints found that support image input"
    if (
        routing.get("require_parameters") is True
        and request.response_format
        and not model.structured
    ):
        return "No endpoints found that can handle the requested parameters."
    if _too_dear(model, routing.get("max_price")):
        return "No endpoints found that satisfy the max_price of this request."
    return None


def _too_dear(model: catalogue.Model, most: object) -> bool:
    if not isinstance(most, dict):
        return False
    prices = {"prompt": model.prompt, "completion": model.completion, "request": model.request}
    return any(_above(prices.get(part), limit) for part, limit in most.items())


def _above(price: str | None, limit: object) -> bool:
    try:
        return price is not None and Decimal(price) > Decimal(str(limit))
    except InvalidOperation as error:
        raise _invalid("provider.max_price must hold numbers") from error


def _check_credit(
    simulator: Simulator, key: str, request: ChatRequest, model: catalogue.Model
) -> None:
    if tokens.count(request.prompt) > model.context:
        raise Refused(_context_fault(model, request), request.models)
    limit = keys.limit(key)
    if limit is None:
        return
    left = limit - simulator.spent(key)
    if left <= 0:
        raise Refused(named("402"))
    wanted, affordable = request.max_tokens, catalogue.affordable_tokens(model, left)
    if wanted and wanted > affordable:
        text = named("402-afford").message
        text = text.replace("up to 4096", f"up to {wanted}").replace("812", str(affordable))
        raise Refused(replace(named("402-afford"), message=text))


def _context_fault(model: catalogue.Model, request: ChatRequest) -> Fault:
    used = tokens.count(request.prompt)
    text = (
        f"This endpoint's maximum context length is {model.context} tokens. However, you requested"
        f" about {used} tokens of text input. Please reduce the length of the input."
    )
    return replace(named("400-context"), message=text)


def _models(body: Mapping[str, Any]) -> list[str]:
    listed = body.get("models") or []
    first = [body["model"]] if body.get("model") else []
    if not isinstance(listed, list) or not all(isinstance(m, str) for m in [*first, *listed]):
        raise _invalid("model must be a string and models a list of strings")
    return list(dict.fromkeys([*first, *listed]))


def _messages(messages: object) -> list[Mapping[str, Any]]:
    good = isinstance(messages, list) and messages
    if not good or not all(isinstance(m, dict) and "role" in m for m in _listed(messages)):
        raise _invalid('Input required: specify "messages"')
    return _listed(messages)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _max_tokens(body: Mapping[str, Any]) -> int | None:
    wanted = body.get("max_completion_tokens", body.get("max_tokens"))
    if wanted is not None and (
        not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 1
    ):
        raise _invalid("max_tokens must be a whole number of at least 1")
    return wanted


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise _invalid(f"{name} must be an object")
    return value


def _invalid(message: str) -> Refused:
    return Refused(replace(named("400"), message=message))
