"""An import told while it runs: as server-sent events, or as a page that grows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from io import BytesIO
from typing import Any, BinaryIO

from flask import Response, get_template_attribute, render_template, request, stream_with_context
from werkzeug.datastructures import FileStorage

from pwb.services.imports import ImportStopped, Progress, RowProblem, Summary

EVENT_STREAM = "text/event-stream"
HERE = "<!-- the import goes on here -->"
SECONDS_BETWEEN_LINES = 1.0
ROWS = "site_admin/properties/_import_rows.html"

Event = Progress | RowProblem | Summary


def wants_events() -> bool:
    """Whether the client is the page's script rather than a browser's plain form."""
    return request.accept_mimetypes.best_match(["text/html", EVENT_STREAM]) == EVENT_STREAM


def take_over(upload: FileStorage) -> BinaryIO:
    """The upload's file, which the end of the request would close while we still read it."""
    stream: BinaryIO = upload.stream  # type: ignore[assignment] # the same but for its name
    upload.stream = BytesIO()
    return stream


def answer(events: Iterator[Event], filename: str, stream: BinaryIO) -> Response:
    """The streamed answer, which closes `stream`. The view's transaction ends before it begins."""
    if wants_events():
        parts, kind = _event_lines(events), EVENT_STREAM
    else:
        page = render_template("site_admin/properties/importing.html", filename=filename, here=HERE)
        parts, kind = _page(events, page.split(HERE)), "text/html"
    return Response(
        stream_with_context(_closing(stream, parts)),
        mimetype=kind,
        headers={"X-Accel-Buffering": "no"},
    )


def _closing(stream: BinaryIO, parts: Iterator[str]) -> Iterator[str]:
    with stream:
        yield from parts


def _event_lines(events: Iterator[Event]) -> Iterator[str]:
    try:
        for event in events:
            yield _event(event)
    except ImportStopped as stopped:
        yield _lines("error", {"message": stopped.message, "resolution": stopped.resolution})


def _event(event: Event) -> str:
    if isinstance(event, Summary):
        return _lines("done", asdict(event) | {"sentence": event.sentence()})
    return _lines("progress" if isinstance(event, Progress) else "problem", asdict(event))


def _lines(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _page(events: Iterator[Event], pieces: list[str]) -> Iterator[str]:
    """The page up to where the rows go, the rows as they come, how it ended, the page's end."""
    start, middle, end = pieces
    yield start
    outcome: Summary | ImportStopped | None = None
    try:
        for event in _less_often(events):
            if isinstance(event, Summary):
                outcome = event
            else:
                yield _row(event)
    except ImportStopped as stopped:
        outcome = stopped
    yield middle
    yield get_template_attribute(ROWS, "outcome")(outcome)
    yield end


def _row(event: Progress | RowProblem) -> str:
    macro = "problem_row" if isinstance(event, RowProblem) else "progress_row"
    return str(get_template_attribute(ROWS, macro)(event))


def _less_often(events: Iterator[Event]) -> Iterator[Event]:
    """The events with at most one progress a second: a page keeps every line it is sent."""
    last = time.monotonic()
    for event in events:
        now = time.monotonic()
        if isinstance(event, Progress) and now - last < SECONDS_BETWEEN_LINES:
            continue
        last = now if isinstance(event, Progress) else last
        yield event
