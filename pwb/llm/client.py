"""The client: complete, stream, and what may be asked besides.

Every function takes the endpoint, key included, as an argument; nothing of it is kept. Every
failure is an error of `pwb.llm.errors`. Each call is held to `endpoint.limits`, retries included.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from urllib.parse import urlencode

from pwb.llm.answers import Answer
from pwb.llm.calls import Call
from pwb.llm.errors import GenerationNotFound, InvalidApiKey, LLMError, ProviderError
from pwb.llm.exchange import Exchange
from pwb.llm.registry import get_provider
from pwb.llm.retry import with_retries
from pwb.llm.streaming import CompletionStream
from pwb.llm.types import (
    Completion,
    CompletionRequest,
    ConnectionReport,
    Endpoint,
    GenerationRecord,
    KeyInfo,
    ModelInfo,
)

T = TypeVar("T")


def complete(
    endpoint: Endpoint, request: CompletionRequest, *, call: Call | None = None
) -> Completion:
    """The whole answer at once. Raises an LLMError for anything but a usable text."""
    call = call or Call()
    started = time.monotonic()
    with call.running(endpoint.limits.total):
        exchange = Exchange(endpoint, call, model=request.model, billable=True)
        answer = with_retries(lambda: _attempt(exchange, request), call, endpoint.limits)
    return answer.completion(request, call.attempts, started)


def stream(
    endpoint: Endpoint,
    request: CompletionRequest,
    *,
    call: Call | None = None,
    tick: float | None = None,
) -> CompletionStream:
    """The answer as it is written: iterate its pieces of text, then read `.completion`.

    Nothing is sent before the first iteration, and nothing is repeated after the first byte of
    an answer. With `tick`, an empty piece comes whenever the answer pauses for that many seconds,
    so that a caller can keep its own reader alive. Close it to end the call early.
    """
    return CompletionStream(endpoint, request, call or Call(), tick)


def list_models(endpoint: Endpoint, *, call: Call | None = None) -> list[ModelInfo]:
    """The provider's models. At OpenRouter this is public and proves nothing about the key."""
    return _look_up(endpoint, call, lambda e: e.provider.read_models(e.get(e.provider.models_path)))


def list_own_models(endpoint: Endpoint, *, call: Call | None = None) -> list[ModelInfo]:
    """The models that this key's privacy settings leave; only where the provider tells
    (`own_models_path`)."""
    return _look_up(
        endpoint, call, lambda e: e.provider.read_models(e.get(e.provider.own_models_path))
    )


def check_key(endpoint: Endpoint, *, call: Call | None = None) -> KeyInfo:
    """What the provider tells about the key; InvalidApiKey for a bad one."""
    return _look_up(endpoint, call, lambda e: e.provider.read_key(e.get(e.provider.key_path)))


def lookup_generation(
    endpoint: Endpoint, generation_id: str, *, call: Call | None = None
) -> GenerationRecord:
    """A past generation by its id. GenerationNotFound is normal for some seconds after a call."""
    query = urlencode({"id": generation_id})

    def ask(exchange: Exchange) -> GenerationRecord:
        provider = exchange.provider
        return provider.read_generation(exchange.get(f"{provider.generation_path}?{query}"))

    try:
        return _look_up(endpoint, call, ask)
    except ProviderError as error:
        if error.status != 404:
            raise
        missing = GenerationNotFound(
            f"{get_provider(endpoint.provider).label} does not know this generation (yet).",
            status=404,
            generation_id=generation_id,
            attempts=error.attempts,
        )
    raise missing


def try_connection(endpoint: Endpoint, *, call: Call | None = None) -> ConnectionReport:
    """Ask for the models and prove the key, both within `limits.total`; says what was found.

    Raises what was wrong: a bad key, a key that cannot generate, an address that does not answer.
    """
    give_up = time.monotonic() + endpoint.limits.total
    models = tuple(list_models(endpoint, call=call))
    capabilities = get_provider(endpoint.provider).capabilities
    if not capabilities.key_info:
        return ConnectionReport(models, None, proves_key=capabilities.models_prove_key)
    left = replace(endpoint.limits, total=max(0.0, give_up - time.monotonic()))
    key = check_key(replace(endpoint, limits=left), call=call)
    if key.is_management_key:
        raise InvalidApiKey("This is a management key, which cannot generate text.")
    return ConnectionReport(models, key, proves_key=True)


def _look_up(endpoint: Endpoint, call: Call | None, ask: Callable[[Exchange], T]) -> T:
    call = call or Call()
    with call.running(endpoint.limits.total):
        exchange = Exchange(endpoint, call)

        def attempt() -> T:
            exchange.begin_attempt()
            return ask(exchange)

        return with_retries(attempt, call, endpoint.limits)


def _attempt(exchange: Exchange, request: CompletionRequest) -> Answer:
    answer = Answer(secret=exchange.endpoint.api_key)
    exchange.begin_attempt()
    try:
        response = exchange.post(exchange.provider.body(request, stream=False), stream=False)
        document = exchange.read_json(response)
        exchange.provider.read_answer(document, answer, exchange.context)
        answer.judge(request, exchange.endpoint.api_key)
    except LLMError as error:
        exchange.note_generation(answer.generation_id)
        exchange.fail(error, answer)
        raise
    exchange.note_generation(answer.generation_id)
    answer.generation_id = exchange.call.generation_id
    return answer
