"""Servers that drip, flood or hang cost one clear error: no memory, no stuck thread."""

import gc
import os
import threading
import weakref

import pytest

from pwb.llm.calls import Call
from pwb.llm.client import complete, list_models, stream
from pwb.llm.errors import Cancelled, InvalidResponse, LLMTimeout, ProviderError
from pwb.llm.types import Endpoint, Limits
from tests.llm.upstream import (
    DONE,
    HANG,
    chunk,
    completion,
    delta,
    head,
    json_reply,
    reply,
    stream_head,
    stream_reply,
)
from tests.waiting import ends_soon


def drip(data: bytes, pause: float = 0.02):
    """The bytes one by one."""
    for byte in data:
        yield bytes([byte])
        yield pause


def timed_out(run, seconds: float) -> LLMTimeout:
    with ends_soon(after=seconds * 0.8), pytest.raises(LLMTimeout) as caught:
        run()
    return caught.value


def both(endpoint, request):
    return [lambda: complete(endpoint, request), lambda: list(stream(endpoint, request))]


def test_a_host_that_never_answers_ends_with_the_total_time(upstream, endpoint, ask):
    upstream.default = lambda _: [HANG]
    for run in both(endpoint(total=0.4), ask()):
        assert timed_out(run, 0.4).billed == "maybe"
    assert len(upstream.received) == 2


def test_a_host_that_never_answers_ends_with_the_idle_time_if_that_is_shorter(
    upstream, endpoint, ask
):
    upstream.default = lambda _: [HANG]
    for run in both(endpoint(idle=0.3), ask()):
        caught = timed_out(run, 0.3)
        assert "silent for 0.3 s" in caught.message
        assert caught.billed == "maybe"


def test_a_provider_that_is_silent_while_it_works_gets_the_total_time(upstream, endpoint, ask):
    upstream.default = lambda _: [0.5, *json_reply(completion())]
    assert complete(endpoint("openai", idle=0.2), ask()).text
    timed_out(lambda: complete(endpoint(idle=0.2), ask()), 0.2)


def test_dripped_headers_end_with_the_total_time(upstream, endpoint, ask):
    upstream.default = lambda _: drip(head(200, X_Long="x" * 5000))
    for run in both(endpoint(total=0.4), ask()):
        timed_out(run, 0.4)


def test_headers_without_end_are_refused(upstream, endpoint, ask):
    upstream.enqueue([b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 200])
    with pytest.raises(ProviderError):
        complete(endpoint(), ask())


@pytest.mark.parametrize(
    "steps",
    [
        [stream_head(), *drip(chunk(delta("a" * 2000)))],
        [stream_head(), *drip(b"0" * 5000)],
        [stream_head(), *[chunk(b": still here\n\n"), 0.05] * 1000],
        [head(200, Content_Type="text/event-stream"), *drip(delta("a" * 2000))],
    ],
    ids=["body", "chunk length", "comments", "without any framing"],
)
def test_a_dripped_stream_ends_with_the_total_time(upstream, endpoint, ask, steps):
    upstream.enqueue(steps)
    timed_out(lambda: list(stream(endpoint(total=0.4), ask())), 0.4)


def test_a_dripped_plain_answer_ends_with_the_total_time(upstream, endpoint, ask):
    upstream.enqueue([head(200, Content_Length="5000"), *drip(b" " * 5000)])
    timed_out(lambda: complete(endpoint(total=0.4), ask()), 0.4)


def test_a_dripped_error_ends_with_the_total_time_too(upstream, endpoint, ask):
    upstream.enqueue([head(503, Content_Length="5000"), *drip(b" " * 5000)])
    timed_out(lambda: complete(endpoint(total=0.4), ask()), 0.4)


def test_silence_in_a_stream_ends_it_and_keeps_the_text_so_far(upstream, endpoint, ask):
    upstream.enqueue(stream_reply(delta("A"), 0.05, delta(" bright"), HANG))
    caught = timed_out(lambda: list(stream(endpoint(idle=1), ask())), 1.05)
    assert caught.partial_text == "A bright"
    assert caught.generation_id == "gen-1"
    assert caught.billed == "maybe"


def test_comments_count_as_life(upstream, endpoint, ask):
    waiting = [b": OPENROUTER PROCESSING\n\n", 0.2] * 9
    upstream.enqueue(stream_reply(*waiting, delta("Here."), delta("", "stop"), DONE))
    assert list(stream(endpoint(idle=1.5), ask())) == ["Here."]


def test_an_event_without_end_is_cut_off_at_the_limit(upstream, endpoint, ask):
    upstream.enqueue(stream_reply(b"data: ", *[b"x" * 1000] * 100))
    with pytest.raises(InvalidResponse, match="larger than 5000 bytes"):
        list(stream(endpoint(max_event_bytes=5000), ask()))


def test_a_flood_is_cut_off_at_the_limit_streamed_or_not(upstream, endpoint, ask):
    flood = [delta("x" * 900)] * 100
    upstream.enqueue(stream_reply(*flood), [head(200), *[b" " * 1000] * 100])
    for run in reversed(both(endpoint(max_total_bytes=20_000), ask())):
        with pytest.raises(InvalidResponse, match="more than 20000 bytes") as caught:
            run()
        assert caught.value.billed == "maybe"


def test_a_small_body_that_unpacks_to_a_flood_is_cut_off_too(upstream, endpoint):
    import gzip

    bomb = gzip.compress(b" " * 5_000_000)
    upstream.enqueue(reply(bomb, Content_Encoding="gzip", Content_Type="application/json"))
    with pytest.raises(InvalidResponse, match="more than 20000 bytes"):
        list_models(endpoint(max_total_bytes=20_000))


def test_a_body_that_does_not_unpack_is_an_error_of_the_tree(upstream, endpoint, ask):
    upstream.enqueue(reply(b"not gzip", Content_Encoding="gzip"))
    with pytest.raises(InvalidResponse):
        complete(endpoint(), ask())


def test_a_cancel_from_another_thread_takes_effect_at_once(upstream, endpoint, ask):
    replies = {
        "before the answer": [HANG],
        "in the headers": [head(200)[:9], HANG],
        "in the stream": stream_reply(delta("A"), HANG),
    }
    for where, steps in replies.items():
        upstream.enqueue(steps)
        call = Call()
        threading.Timer(0.15, call.cancel).start()
        with ends_soon(), pytest.raises(Cancelled) as caught:
            list(stream(endpoint(), ask(), call=call))
        assert caught.value.billed == "maybe", where
        assert call.cancelled


def test_a_cancelled_stream_keeps_what_is_needed_to_look_it_up(upstream, endpoint, ask):
    upstream.enqueue(stream_reply(delta("A bright"), HANG))
    call = Call()
    pieces = stream(endpoint(), ask(), call=call)
    assert next(pieces) == "A bright"
    assert (call.generation_id, call.sent, call.attempts) == ("gen-1", True, 1)
    call.cancel()
    with pytest.raises(Cancelled) as caught:
        next(pieces)
    assert caught.value.generation_id == "gen-1"
    assert caught.value.partial_text == "A bright"


def test_the_generation_id_is_known_from_the_headers_before_the_first_event(
    upstream, endpoint, ask
):
    upstream.enqueue([stream_head(X_Generation_Id="gen-7"), HANG])
    call = Call()
    threading.Timer(0.15, call.cancel).start()
    with pytest.raises(Cancelled) as caught:
        list(stream(endpoint(), ask(), call=call))
    assert call.generation_id == "gen-7"
    assert caught.value.generation_id == "gen-7"


def test_closing_a_stream_hangs_up(upstream, endpoint, ask):
    upstream.enqueue(stream_reply(delta("A"), HANG), json_reply(completion()))
    with stream(endpoint(), ask()) as pieces:
        assert next(pieces) == "A"
    complete(endpoint(), ask())
    assert upstream.received[1].connection == 2


def test_ticks_come_while_the_answer_pauses_and_silence_still_ends_it(upstream, endpoint, ask):
    upstream.enqueue(stream_reply(delta("A"), 1.0, delta("B"), HANG))
    pieces = stream(endpoint(idle=2), ask(), tick=0.1)
    seen = []
    with pytest.raises(LLMTimeout):
        seen += iter(pieces)
    assert [piece for piece in seen if piece] == ["A", "B"]
    assert seen[: seen.index("B")].count("") >= 2


def test_ticks_come_before_the_headers_do(upstream, endpoint, ask):
    upstream.enqueue([1.0, *stream_reply(delta("A"), delta("", "stop"), DONE)])
    seen = list(stream(endpoint(), ask(), tick=0.1))
    assert [piece for piece in seen if piece] == ["A"]
    assert seen.index("A") >= 2


def test_closing_while_the_headers_are_waited_for_ends_the_call(upstream, endpoint, ask):
    upstream.enqueue([HANG])
    call = Call()
    pieces = stream(endpoint(), ask(), call=call, tick=0.05)
    assert next(pieces) == ""
    with ends_soon():
        pieces.close()
    assert call.cancelled


def test_an_old_call_cannot_touch_a_connection_that_went_back_to_the_pool(upstream, endpoint, ask):
    upstream.default = lambda _: json_reply(completion())
    old = Call()
    complete(endpoint(), ask(), call=old)
    upstream.enqueue([0.3, *json_reply(completion("Later."))])
    threading.Timer(0.1, old.cancel).start()
    threading.Timer(0.15, old.expire).start()
    assert complete(endpoint(), ask()).text == "Later."
    assert upstream.connections == 1


def test_connections_are_used_again_streamed_or_not(upstream, endpoint, ask):
    upstream.default = lambda request: (
        stream_reply(delta("A"), delta("", "stop"), DONE)
        if request.json["stream"]
        else json_reply(completion())
    )
    for _ in range(3):
        for run in both(endpoint(), ask()):
            run()
    assert upstream.connections == 1


def test_a_stream_whose_end_mark_never_comes_is_complete_at_once(upstream, endpoint, ask):
    upstream.enqueue(stream_reply(delta("A"), delta("", "stop"), DONE, HANG))
    with ends_soon():
        assert list(stream(endpoint(), ask())) == ["A"]


def test_the_first_piece_is_passed_on_at_once(upstream, endpoint, ask):
    taken = threading.Event()

    def replies():
        yield from stream_reply(delta("A"), end=False)
        taken.wait(HANG)
        yield 0.3
        yield from map(chunk, (delta("B", "stop"), DONE, b""))

    upstream.enqueue(replies())
    pieces = stream(endpoint(), ask())
    assert next(pieces) == "A"
    taken.set()
    assert list(pieces) == ["B"]
    assert pieces.completion.first_token_ms + 250 <= pieces.completion.duration_ms


def test_no_thread_is_left_stuck_and_none_is_started_per_call(upstream, endpoint, ask):
    upstream.default = lambda _: json_reply(completion())
    complete(endpoint(), ask())
    before = {thread.name for thread in threading.enumerate() if "serve" not in thread.name}
    upstream.default = lambda _: [HANG]
    for _ in range(3):
        with pytest.raises(LLMTimeout):
            complete(endpoint(total=0.1), ask())
    after = {thread.name for thread in threading.enumerate() if "serve" not in thread.name}
    assert after - before == set()


def test_finished_calls_are_forgotten(upstream, endpoint, ask):
    upstream.default = lambda _: json_reply(completion())
    calls = [Call() for _ in range(5)]
    for call in calls:
        complete(endpoint(total=60), ask(), call=call)
    remembered = [weakref.ref(call) for call in calls]
    del call, calls
    gc.collect()
    assert [reference() for reference in remembered] == [None] * 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_worker_has_its_own_connections_and_time_limits(upstream, endpoint, ask):
    upstream.default = lambda _: json_reply(completion())
    complete(endpoint(), ask())
    upstream.enqueue([0.1, *json_reply(completion())], [HANG])
    child = os.fork()
    if child == 0:
        status = 1
        try:
            complete(endpoint(), ask())
            complete(endpoint(total=0.3), ask())
        except LLMTimeout:
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [request.connection for request in upstream.received][1] == 2


def test_an_address_that_takes_no_connection_is_a_timeout_that_costs_nothing(ask):
    # 192.0.2.0/24 is reserved for documentation: nobody answers, or the network says so at once.
    nowhere = Endpoint(
        base_url="http://192.0.2.1/api/v1",
        api_key="sk-or-x",
        limits=Limits(connect=0.2, max_attempts=1),
    )
    with ends_soon(), pytest.raises((LLMTimeout, ProviderError)) as caught:
        complete(nowhere, ask())
    assert caught.value.billed == "no"
