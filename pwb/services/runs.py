"""The way of one call, whatever is written: its row is opened and committed, the connection given
back, the provider streamed, the answer read, the row settled.

What an order is for comes in as two functions of its ticket: `read` makes the row's output of a
whole answer, `feed` makes the pieces that a reader may see of the pieces that come. Whatever
happens, the row ends in a final state.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pwb.extensions import db
from pwb.llm import client
from pwb.llm.calls import Call
from pwb.llm.errors import Cancelled, InvalidResponse, LLMError
from pwb.llm.types import (
    Completion,
    CompletionRequest,
    Endpoint,
    Message,
    ModelInfo,
    OutputSchema,
    Structured,
)
from pwb.models import GenerationRequest, User, Website
from pwb.services import ledger, live
from pwb.services.catalogue import find_models, structured_of
from pwb.services.connections import Connection, settings
from pwb.services.generation_errors import GenerationFailed, from_llm
from pwb.services.new_requests import NewRequest
from pwb.services.tenancy import find

HEARTBEAT_SECONDS = 15.0
Pieces = Iterable[tuple[str, str]]
Feed = Callable[[str], Pieces]


@dataclass(frozen=True)
class Start:
    """The row exists; the provider is being called."""

    request_id: int


@dataclass(frozen=True)
class Delta:
    """A piece of one field's text."""

    field: str
    text: str


@dataclass(frozen=True)
class Waiting:
    """Nothing new for HEARTBEAT_SECONDS, but the call lives."""


@dataclass(frozen=True)
class Done:
    """The row in its final state."""

    row: GenerationRequest


Event = Start | Delta | Waiting | Done


@dataclass(frozen=True)
class Order:
    """What is asked of a model, and what its row keeps of that."""

    request_type: str
    property_id: int | None
    locale: str
    messages: tuple[Message, ...]
    schema: OutputSchema
    options: dict[str, Any]
    input_digest: str
    idempotency_key: str | None = None
    # What the row keeps of the pictures in the messages, one entry each.
    photos: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Ticket:
    """A generation that may begin: all that it needs, read before the connection is given back.

    `read` raises UnreadableAnswer where there is nothing in the answer; `feed` makes a new reader
    of the pieces of one answer.
    """

    request_id: int
    is_new: bool
    website: Website
    endpoint: Endpoint
    request: CompletionRequest
    integration_id: int | None
    used_lately: bool
    read: Callable[[Completion], dict[str, Any]]
    feed: Callable[[], Feed]


class UnreadableAnswer(ValueError):
    """The answer holds nothing of what was asked for; its text says so as a sentence."""


def no_pieces() -> Feed:
    """For an answer of which no piece is shown before its end."""
    return lambda _piece: ()


def open_ticket(
    website: Website,
    actor: User | None,
    connection: Connection,
    order: Order,
    read: Callable[[Completion], dict[str, Any]],
    feed: Callable[[], Feed] = no_pieces,
) -> Ticket:
    """Open the order's row, and give the connection back.

    Raises GenerationFailed `invalid_input` and `busy`, with nothing written.
    """
    known = find_models(connection.provider, (connection.model, *connection.fallback_models))
    structured = structured_of(known.get(connection.model))
    request = _completion_request(connection, order, structured, _pseudonym(website, actor))
    new = _new_request(connection, order, known)
    request_id, is_new = ledger.open_request(website, actor, new)
    db.session.close()
    return Ticket(
        request_id=request_id,
        is_new=is_new,
        website=website,
        endpoint=connection.endpoint(settings()),
        request=request,
        integration_id=connection.integration_id,
        used_lately=connection.used_lately,
        read=read,
        feed=feed,
    )


def _new_request(
    connection: Connection, order: Order, known: Mapping[str, ModelInfo]
) -> NewRequest:
    messages = [{"role": m.role, "content": m.content} for m in order.messages]
    photos = {"photos": list(order.photos)} if order.photos else {}
    return NewRequest(
        request_type=order.request_type,
        property_id=order.property_id,
        locale=order.locale,
        provider=connection.provider,
        model=connection.model,
        input_data={"messages": messages, **photos},
        options=order.options | {"max_tokens": connection.max_tokens},
        input_digest=order.input_digest,
        idempotency_key=order.idempotency_key,
        total_seconds=settings().ai_total_timeout,
        fallback_models=connection.fallback_models,
        known_models=known,
    )


def _completion_request(
    connection: Connection, order: Order, structured: Structured, user: str
) -> CompletionRequest:
    return CompletionRequest(
        model=connection.model,
        messages=order.messages,
        max_tokens=connection.max_tokens,
        output_schema=order.schema,
        structured=structured,
        fallback_models=connection.fallback_models,
        routing=connection.routing,
        user=user,
    )


def _pseudonym(website: Website, actor: User | None) -> str:
    """A stable name for the person that tells the provider nothing of them."""
    who = f"{website.id}:{actor.id if actor else 0}".encode()
    secret = settings().secret_key.get_secret_value().encode()
    return hmac.new(secret, b"provider user " + who, hashlib.sha256).hexdigest()[:32]


def run(ticket: Ticket) -> Generator[Event]:
    """Call the provider, settle the row, and say what happens: the start, every piece of text,
    `Waiting` after each HEARTBEAT_SECONDS of silence, and last the row.

    Raises GenerationFailed. Closing the iterator (a closed browser) cancels the generation. The
    ticket of a resent form waits for the first one's end; its row may have failed.
    """
    if not ticket.is_new:
        yield Start(ticket.request_id)
        yield from _first_ones_end(ticket)
        return
    with live.running().call(ticket.request_id) as call:
        yield from _run_call(ticket, call)


def finish(ticket: Ticket) -> GenerationRequest:
    """Run the generation to its end and return its row; raises GenerationFailed."""
    *_, last = run(ticket)
    if not isinstance(last, Done):
        raise TypeError(f"a generation ended with {type(last).__name__}")
    return last.row


def give_up(ticket: Ticket) -> None:
    """Settle a generation as cancelled whose call nobody waits for, before it has begun."""
    if ticket.is_new:
        events = run(ticket)
        next(events)
        events.close()


def failure_of(row: GenerationRequest) -> GenerationFailed:
    """The failure that a row ended with."""
    return GenerationFailed(
        row.error_code or "provider_error",
        row.error_message or "The generation failed.",
        request_id=row.id,
        retry_after=row.retry_after,
    )


def no_longer_kept(row: GenerationRequest) -> GenerationFailed:
    """What is told of a completed row whose prompt and answer were purged."""
    return GenerationFailed(
        "invalid_input",
        "What this request wrote is no longer kept.",
        request_id=row.id,
        resolution="Reload the page, then generate again.",
    )


def _first_ones_end(ticket: Ticket) -> Iterator[Event]:
    while True:
        row = ledger.await_final(ticket.website, ticket.request_id, HEARTBEAT_SECONDS)
        if row is not None:
            yield Done(row)
            return
        yield Waiting()


def _run_call(ticket: Ticket, call: Call) -> Iterator[Event]:
    started = time.monotonic()
    failure: LLMError | None = None
    output: dict[str, Any] | None = None
    try:
        # Here and not before: whoever leaves at the very start leaves a settled row.
        yield Start(ticket.request_id)
        completion = yield from _stream(ticket, call)
        output = _read(ticket, completion)
    except LLMError as error:
        failure = live.running().explain(error)
        raise from_llm(error, ticket.request_id) from None
    except GeneratorExit:
        failure = _cut_off(call, "The page was closed before the text was finished.")
        raise
    finally:
        # Also when the server's stop or Ctrl-C ends this thread's work: the row is settled.
        if failure is None and output is None:
            failure = _cut_off(call, ledger.ABANDONED)
        if failure is not None:
            elapsed = round((time.monotonic() - started) * 1000)
            ledger.settle_failed(ticket.request_id, failure, ticket.integration_id, elapsed)
            db.session.close()
    unnoted = None if ticket.used_lately else ticket.integration_id
    done = ledger.settle_completed(ticket.request_id, completion, output, unnoted)
    row = done or find(GenerationRequest, ticket.website, ticket.request_id)
    db.session.close()
    yield Done(row)


def _cut_off(call: Call, message: str) -> Cancelled:
    """What the row says where nobody is left to hear how the call ended."""
    return Cancelled(
        message,
        generation_id=call.generation_id,
        billed="maybe" if call.sent else "no",
        attempts=call.attempts,
    )


def _read(ticket: Ticket, completion: Completion) -> dict[str, Any]:
    try:
        return ticket.read(completion)
    except UnreadableAnswer as unreadable:
        raise InvalidResponse(
            str(unreadable),
            usage=completion.usage,
            generation_id=completion.generation_id,
            billed="yes",
            partial_text=completion.text,
            attempts=completion.attempts,
        ) from None


def _stream(ticket: Ticket, call: Call) -> Generator[Event, None, Completion]:
    feed = ticket.feed()
    with client.stream(
        ticket.endpoint, ticket.request, call=call, tick=HEARTBEAT_SECONDS
    ) as pieces:
        for piece in pieces:
            if not piece:
                yield Waiting()
            for field, text in feed(piece):
                yield Delta(field, text)
        return pieces.completion
