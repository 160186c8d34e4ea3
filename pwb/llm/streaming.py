"""An answer as it is written: pieces of text to iterate, the whole at the end."""

import os
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from itertools import chain
from types import TracebackType

import requests

from pwb.llm.answers import Answer
from pwb.llm.calls import Call
from pwb.llm.errors import LLMError, ProviderError
from pwb.llm.exchange import Exchange
from pwb.llm.http import settle
from pwb.llm.retry import with_retries
from pwb.llm.sse import Event, SSEDecoder
from pwb.llm.types import Completion, CompletionRequest, Endpoint

MOST_WAITERS = 512


@cache
def waiters() -> ThreadPoolExecutor:
    """The threads of this process that wait for headers."""
    return ThreadPoolExecutor(MOST_WAITERS, "pwb-llm-headers")


# A fork takes the pool along but none of its threads.
os.register_at_fork(after_in_child=waiters.cache_clear)


class CompletionStream:
    """Iterate it for the text; errors come out of the iteration. See `pwb.llm.client.stream`."""

    def __init__(
        self, endpoint: Endpoint, request: CompletionRequest, call: Call, tick: float | None = None
    ) -> None:
        self.call = call
        self._endpoint = endpoint
        self._request = request
        self._tick = tick
        self._answer = Answer(secret=endpoint.api_key)
        self._first_piece_at: float | None = None
        self._completion: Completion | None = None
        self._pieces = self._run()

    @property
    def completion(self) -> Completion:
        """The whole answer, once the iteration has come to its end."""
        if self._completion is None:
            raise RuntimeError("the stream has not come to its end")
        return self._completion

    @property
    def text(self) -> str:
        """The text so far."""
        return self._answer.text

    def __iter__(self) -> Iterator[str]:
        return self._pieces

    def __next__(self) -> str:
        return next(self._pieces)

    def __enter__(self) -> "CompletionStream":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the call and close its connection; harmless when it is over."""
        self._pieces.close()

    def _run(self) -> Generator[str, None, None]:
        started = time.monotonic()
        limits = self._endpoint.limits
        with self.call.running(limits.total):
            exchange = Exchange(self._endpoint, self.call, model=self._request.model, billable=True)
            try:
                pieces = yield from self._opened(exchange)
                yield from pieces
                self._answer.judge(self._request, self._endpoint.api_key)
            except LLMError as error:
                exchange.fail(error, self._answer)
                raise
            self._answer.generation_id = self.call.generation_id
        self._completion = self._answer.completion(
            self._request, self.call.attempts, started, self._first_piece_at
        )

    def _opened(self, exchange: Exchange) -> Generator[str, None, Generator[str, None, None]]:
        """The answer's pieces once its headers are in.

        A thread waits for those where a tick is wanted: `requests` cannot be interrupted. The
        threads are kept, because starting one costs more than the rest of a call.
        """

        def open_it() -> Generator[str, None, None]:
            return with_retries(lambda: self._open(exchange), self.call, exchange.limits)

        if self._tick is None:
            return open_it()
        opening = waiters().submit(open_it)
        try:
            while not wait([opening], self._tick).done:
                yield ""
        except GeneratorExit:
            self.call.cancel()
            raise
        return opening.result()

    def _open(self, exchange: Exchange) -> Generator[str, None, None]:
        exchange.begin_attempt()
        self._answer = Answer(secret=self._endpoint.api_key)
        response = exchange.post(exchange.provider.body(self._request, stream=True), stream=True)
        try:
            return self._begin(exchange, response)
        except LLMError:
            response.close()
            raise

    def _begin(self, exchange: Exchange, response: requests.Response) -> Generator[str, None, None]:
        kind = response.headers.get("Content-Type", "").lower()
        chunks = exchange.chunks(response, self._tick)
        if "event-stream" in kind:
            return self._events(exchange, response, chunks)
        if "html" in kind:
            raise exchange.unreadable("sent a web page in place of an answer")
        start = _first_of(chunks)
        if start.startswith(b"{"):
            return self._whole(exchange, start + b"".join(chunks))
        return self._events(exchange, response, chain([start], chunks))

    def _whole(self, exchange: Exchange, data: bytes) -> Generator[str, None, None]:
        # Some servers ignore `stream`, and an error before the first event is plain JSON too.
        document = exchange.json_object(data)
        exchange.provider.read_answer(document, self._answer, exchange.context)
        exchange.note_generation(self._answer.generation_id)
        return self._given(self._answer.text)

    def _given(self, text: str) -> Generator[str, None, None]:
        self._first_piece_at = time.monotonic()
        yield text

    def _events(
        self, exchange: Exchange, response: requests.Response, chunks: Iterable[bytes]
    ) -> Generator[str, None, None]:
        decoder = SSEDecoder(exchange.limits.max_event_bytes)
        try:
            for chunk in chunks:
                if not chunk:
                    yield ""
                yield from self._read(exchange, decoder.feed(chunk))
                if self._answer.done:
                    settle(response)
                    return
            yield from self._read(exchange, decoder.finish())
        finally:
            response.close()
        self._require_end(exchange)

    def _read(self, exchange: Exchange, events: list[Event]) -> Generator[str, None, None]:
        provider, answer, context = exchange.provider, self._answer, exchange.context
        for event in events:
            piece = provider.read_event(event, answer, context)
            if self.call.generation_id is None or answer.done:
                exchange.note_generation(answer.generation_id)
            if piece:
                if self._first_piece_at is None:
                    self._first_piece_at = time.monotonic()
                yield piece
            if answer.done:
                return

    def _require_end(self, exchange: Exchange) -> None:
        answer = self._answer
        if answer.complete or answer.usage is not None:
            return
        label = exchange.context.label
        if not answer.pieces and answer.generation_id is None:
            raise exchange.unreadable("sent no event stream")
        raise ProviderError(f"The stream of {label} broke off before its end.", billed="maybe")


def _first_of(chunks: Iterable[bytes]) -> bytes:
    """The first bytes that are more than blanks."""
    for chunk in chunks:
        start = chunk.lstrip()
        if start:
            return start
    return b""
