"""The calls that write posts: one for all platforms, or one each side by side in threads of their
own, each with its own app context and its own row."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask, current_app

from pwb.content.platforms import PLATFORMS
from pwb.content.social import (
    PostText,
    SocialBrief,
    UnreadablePosts,
    build_messages,
    output_schema,
    parse_posts,
)
from pwb.llm.types import Completion, Message, OutputSchema
from pwb.models import GenerationRequest, User, Website
from pwb.services import live, runs
from pwb.services.connections import Connection, settings
from pwb.services.generation_errors import GenerationFailed
from pwb.services.runs import HEARTBEAT_SECONDS, Waiting
from pwb.services.social_orders import SocialSpec

Platforms = tuple[str, ...]
_NAMED = re.compile(r'"platform"\s*:\s*"(\w{1,20})"')
_PAUSE_WHERE_BUSY = 0.5
_PAUSE_BETWEEN_CANCELS = 0.05
MISSING = "The model's answer has no post for this platform."


@dataclass(frozen=True)
class Progress:
    """How far one platform is: `writing`, `written`, `shortening` or `failed`."""

    platform: str
    state: str

    def as_json(self) -> dict[str, str]:
        """As the stream of events tells it."""
        label = PLATFORMS[self.platform].label
        return {"platform": self.platform, "label": label, "state": self.state}


@dataclass(frozen=True)
class Calls:
    """What every call of an order is made with. `one_call` tells whether one may write for all."""

    website: Website
    actor: User | None
    listing_id: int
    connection: Connection
    one_call: bool
    spec: SocialSpec

    def groups(self, brief: SocialBrief) -> list[Platforms]:
        """The platforms of each call."""
        if self.one_call:
            return [brief.platforms]
        return [(name,) for name in brief.platforms]


@dataclass(frozen=True)
class Outcome:
    """What the calls brought, by platform; `later_rows` are those of a second ask."""

    posts: dict[str, PostText]
    failures: dict[str, GenerationFailed]
    rows: dict[str, GenerationRequest]
    later_rows: dict[str, GenerationRequest] = field(default_factory=dict)


Events = Generator[Progress | Waiting, None, Outcome]


def open_first(calls: Calls, brief: SocialBrief, seed: object) -> runs.Ticket:
    """Open the row of the first call. `seed` stands for the order in the rows' digests.

    Raises GenerationFailed `invalid_input` and `busy`, with nothing written.
    """
    return _open(calls, brief, calls.groups(brief)[0], seed)


def _open(calls: Calls, brief: SocialBrief, platforms: Platforms, seed: object) -> runs.Ticket:
    own = replace(
        brief,
        platforms=platforms,
        current={name: post for name, post in brief.current.items() if name in platforms},
    )
    digest = hashlib.sha256(f"{own.task}|{platforms}|{seed}".encode()).hexdigest()
    order = runs.Order(
        request_type=own.task,
        property_id=calls.listing_id,
        locale=own.locale,
        messages=tuple(Message(prompt.role, prompt.content) for prompt in build_messages(own)),
        schema=OutputSchema(own.task, output_schema(platforms)),
        options=calls.spec.options() | {"platforms": list(platforms)},
        input_digest=digest,
        idempotency_key=None if own.current else calls.spec.key_for(platforms),
    )
    read = _reader(platforms)
    return runs.open_ticket(calls.website, calls.actor, calls.connection, order, read, _feed)


def _reader(platforms: Platforms) -> Callable[[Completion], dict[str, Any]]:
    def read(completion: Completion) -> dict[str, Any]:
        try:
            posts = parse_posts(completion.text, platforms)
        except UnreadablePosts:
            message = "The model's answer could not be read as social posts."
            raise runs.UnreadableAnswer(message) from None
        return {
            "posts": [
                {"platform": name, "caption": post.caption, "hashtags": list(post.hashtags)}
                for name, post in posts.items()
            ]
        }

    return read


def _feed() -> runs.Feed:
    """Tells of each platform as soon as the answer names it."""
    answer, told = "", set[str]()

    def feed(piece: str) -> Iterator[tuple[str, str]]:
        nonlocal answer
        answer += piece
        for name in _NAMED.findall(answer):
            if name in PLATFORMS and name not in told:
                told.add(name)
                yield "platform", name

    return feed


def posts_in(row: GenerationRequest) -> dict[str, PostText]:
    """The posts that a completed row holds, by platform."""
    posts = (row.output_data or {}).get("posts", ())
    return {post["platform"]: PostText(post["caption"], tuple(post["hashtags"])) for post in posts}


def write(calls: Calls, brief: SocialBrief, first: runs.Ticket, seed: object) -> Events:
    """Make the calls of a brief, of which the first is open already.

    Raises GenerationFailed where all is one call and it fails; of several calls each may fail
    alone. Closing the iterator cancels those that still run.
    """
    groups = calls.groups(brief)
    if len(groups) == 1:
        row = yield from _alone(first)
        rows, failures = dict.fromkeys(groups[0], row), {}
    else:
        rows, failures = yield from _SideBySide(calls, brief, first, seed).run(groups)
    return outcome_of(brief.platforms, rows, failures)


def outcome_of(
    platforms: Platforms,
    rows: dict[str, GenerationRequest],
    failures: dict[str, GenerationFailed],
) -> Outcome:
    """The outcome that rows in their final state stand for."""
    found = {name: posts_in(row)[name] for name, row in rows.items() if name in posts_in(row)}
    missing = {name: _missing(row) for name, row in rows.items() if name not in found}
    posts = {name: found[name] for name in platforms if name in found}
    return Outcome(posts, failures | missing, rows)


def _missing(row: GenerationRequest) -> GenerationFailed:
    if row.output_data is None:
        return runs.no_longer_kept(row)
    return GenerationFailed("invalid_response", MISSING, request_id=row.id)


def _alone(ticket: runs.Ticket) -> Generator[Progress | Waiting, None, GenerationRequest]:
    with closing(runs.run(ticket)) as events:
        for event in events:
            if isinstance(event, runs.Done):
                return event.row
            if isinstance(event, runs.Delta):
                yield Progress(event.text, "writing")
            elif isinstance(event, Waiting):
                yield event
    raise TypeError("a generation ended without its row")


class _SideBySide:
    """One call a platform, as many at once as one person may have running."""

    def __init__(self, calls: Calls, brief: SocialBrief, first: runs.Ticket, seed: object) -> None:
        self._calls, self._brief, self._first, self._seed = calls, brief, first, seed
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # a proxy
        self._stopped = threading.Event()
        self._opened = [first.request_id]
        self._give_up = time.monotonic() + settings().ai_total_timeout

    def run(self, groups: list[Platforms]) -> Generator[Any, None, Any]:
        """Yield Progress and Waiting; return rows and failures by platform."""
        rows: dict[str, GenerationRequest] = {}
        failures: dict[str, GenerationFailed] = {}
        with ThreadPoolExecutor(min(len(groups), settings().ai_in_flight_per_person)) as pool:
            futures = {pool.submit(self._one, group): group[0] for group in groups}
            try:
                yield from (Progress(name, "writing") for name in futures.values())
                for future in _as_completed(futures):
                    if future is None:
                        yield Waiting()
                        continue
                    name = futures[future]
                    try:
                        rows[name] = future.result()
                    except GenerationFailed as failure:
                        failures[name] = failure
                    yield Progress(name, "failed" if name in failures else "written")
            finally:
                self._end(futures)
        return rows, failures

    def _end(self, futures: Iterable[Future[GenerationRequest]]) -> None:
        """After an end before time, whatever its reason, nobody waits for the others: they are
        cancelled, again and again, for a call is reached only once its thread has begun it."""
        self._stopped.set()
        running = live.running()
        while wait(futures, 0).not_done:
            for request_id in list(self._opened):
                running.cancel(request_id)
            wait(futures, _PAUSE_BETWEEN_CANCELS)

    def _one(self, platforms: Platforms) -> GenerationRequest:
        with self._app.app_context():
            row = runs.finish(self._ticket(platforms))
            if row.status != "completed":
                raise runs.failure_of(row)
            return row

    def _ticket(self, platforms: Platforms) -> runs.Ticket:
        """The call's ticket; where too many run, it waits for its turn."""
        if platforms[0] == self._brief.platforms[0]:
            return self._first
        while not self._stopped.is_set():
            try:
                ticket = _open(self._calls, self._brief, platforms, self._seed)
            except GenerationFailed as failure:
                if failure.code != "busy" or time.monotonic() > self._give_up:
                    raise
                self._stopped.wait(_PAUSE_WHERE_BUSY)
                continue
            self._opened.append(ticket.request_id)
            return ticket
        raise GenerationFailed("cancelled", "The page was closed before the post was begun.")


def _as_completed(
    futures: dict[Future[GenerationRequest], str],
) -> Iterator[Future[GenerationRequest] | None]:
    """The futures as they are done; None after each HEARTBEAT_SECONDS of nothing."""
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, HEARTBEAT_SECONDS, FIRST_COMPLETED)
        yield from done or (None,)
