"""A generation as server-sent events, which end with `done` or `error` whatever happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any, TypeVar

from flask import Response, stream_with_context

from pwb.services.generation_errors import GenerationFailed

EVENT_STREAM = "text/event-stream"
# What keeps a silent stream alive: a comment, which no client reads.
WAITING = ": waiting\n\n"
Event = TypeVar("Event")


def event_line(name: str, data: dict[str, Any]) -> str:
    """One event as it goes over the wire."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def stream(events: Generator[Event], line_of: Callable[[Event], str], request_id: int) -> Response:
    """The answer that tells `events` as they come; `request_id` is that of the row behind them."""
    return Response(
        stream_with_context(_lines(events, line_of, request_id)),
        mimetype=EVENT_STREAM,
        headers={"X-Accel-Buffering": "no"},
    )


def _lines(
    events: Generator[Event], line_of: Callable[[Event], str], request_id: int
) -> Iterator[str]:
    told = False
    try:
        with closing(events):
            for event in events:
                yield line_of(event)
        told = True
    except GenerationFailed as failure:
        told = True
        yield event_line("error", failure.as_json())
    except GeneratorExit:
        told = True  # The browser is gone: nobody is left to tell.
        raise
    finally:
        if not told:
            # An error of the portal's own goes on to the server's log, once the page knows of it.
            yield event_line("error", _own_error(request_id).as_json())


def _own_error(request_id: int) -> GenerationFailed:
    return GenerationFailed(
        "provider_error",
        "An error of the portal's own ended this text.",
        request_id=request_id,
        resolution="Try again; if it keeps happening, tell a site admin: the log has the cause.",
    )
