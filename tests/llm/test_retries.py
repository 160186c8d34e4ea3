"""How long the one retry layer waits, and when it does not wait at all."""

import socket
import threading
import time
from email.utils import formatdate

import pytest

from pwb.llm.calls import Call
from pwb.llm.client import complete, list_models, stream
from pwb.llm.errors import (
    Cancelled,
    LLMError,
    LLMTimeout,
    ModelUnavailable,
    ProviderError,
    RateLimited,
)
from pwb.llm.types import Endpoint, Limits
from tests.llm.upstream import (
    CLOSE,
    RESET,
    completion,
    delta,
    error_body,
    event,
    head,
    json_reply,
    stream_head,
    stream_reply,
)
from tests.waiting import ends_soon


def busy(status: int = 429, message: str = "Slow down", **headers: str):
    return json_reply(error_body(status, message), status, **headers)


def test_a_call_succeeds_after_failures_that_pass_and_counts_its_attempts(upstream, endpoint, ask):
    upstream.enqueue(busy(503), busy(502), json_reply(completion("Here.")))
    done = complete(endpoint(), ask())
    assert (done.text, done.attempts) == ("Here.", 3)


def test_a_stream_succeeds_after_failures_that_pass(upstream, endpoint, ask):
    upstream.enqueue(busy(529), stream_reply(delta("Here."), delta("", "stop")))
    pieces = stream(endpoint(), ask())
    assert list(pieces) == ["Here."]
    assert pieces.completion.attempts == 2


@pytest.mark.parametrize(
    "hint",
    [
        {"header": "0.3"},
        {"availability": {"retry_after": 0.3}},
        {"metadata": {"headers": {"Retry-After": "0.3"}}},
    ],
    ids=["header", "availability", "inside the body"],
)
def test_the_server_s_own_pause_is_kept_and_not_shortened(upstream, endpoint, ask, hint):
    body = error_body(429, **hint.get("metadata", {}))
    body["error"]["availability"] = hint.get("availability")
    headers = {"Retry_After": hint["header"]} if "header" in hint else {}
    upstream.enqueue(json_reply(body, 429, **headers), json_reply(completion()))
    with ends_soon(after=0.3):
        complete(endpoint(), ask())


@pytest.mark.parametrize(
    "headers",
    [
        lambda: {"Retry_After": "120"},
        lambda: {"Retry_After": formatdate(time.time() + 120, usegmt=True)},
        lambda: {"X_RateLimit_Reset": str(int((time.time() + 120) * 1000))},
    ],
    ids=["seconds", "date", "reset"],
)
def test_a_pause_beyond_the_cap_fails_at_once_and_says_when_to_come_back(
    upstream, endpoint, ask, headers
):
    upstream.enqueue(busy(429, **headers()))
    with ends_soon(), pytest.raises(RateLimited) as caught:
        complete(endpoint(max_retry_after=20, total=300), ask())
    assert 60 < caught.value.retry_after <= 120
    assert caught.value.retryable


def test_a_pause_longer_than_the_time_left_fails_at_once(upstream, endpoint, ask):
    upstream.enqueue(busy(503, Retry_After="30"))
    with ends_soon(), pytest.raises(ModelUnavailable) as caught:
        complete(endpoint(total=25, max_retry_after=60), ask())
    assert caught.value.retry_after == 30


def test_a_reset_time_is_no_reason_to_wait_while_calls_remain(upstream, endpoint, ask):
    reset = str(int((time.time() + 120) * 1000))
    limited = busy(429, X_RateLimit_Remaining="7", X_RateLimit_Reset=reset)
    upstream.enqueue(limited, json_reply(completion()))
    assert complete(endpoint(), ask()).attempts == 2


@pytest.mark.parametrize("value", ["soon", "-5", "1e99", "NaN", "9" * 400, "Tue, 99 Foo 1 1"])
def test_a_nonsensical_pause_is_no_pause(upstream, endpoint, ask, value):
    upstream.enqueue(busy(429, Retry_After=value), json_reply(completion()))
    assert complete(endpoint(), ask()).attempts == 2


@pytest.mark.parametrize("status", [429, 402])
def test_a_daily_cap_and_missing_credit_are_not_retried(upstream, endpoint, ask, status):
    upstream.enqueue(busy(status, "Rate limit exceeded: free-models-per-day"))
    with pytest.raises(LLMError) as caught:
        complete(endpoint(), ask())
    assert not caught.value.retryable
    assert len(upstream.received) == 1


def test_a_refused_connection_is_tried_again_quickly_and_is_never_billed(ask):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    nobody = Endpoint(
        base_url=f"http://127.0.0.1:{port}", api_key="sk-or-x", limits=Limits(backoff=0.01)
    )
    with ends_soon(), pytest.raises(ProviderError) as caught:
        complete(nobody, ask())
    assert (caught.value.attempts, caught.value.billed) == (3, "no")


@pytest.mark.parametrize("end", [CLOSE, RESET], ids=["closed", "reset"])
@pytest.mark.parametrize(
    "before",
    [[], [head(200)[:7]], [head(200, Content_Length="500") + b'{"id"']],
    ids=["before the answer", "in its headers", "in its body"],
)
def test_a_connection_lost_after_the_request_may_be_billed_and_is_not_retried(
    upstream, endpoint, ask, before, end
):
    upstream.enqueue([*before, end])
    with pytest.raises(ProviderError) as caught:
        complete(endpoint(), ask())
    assert caught.value.billed == "maybe"
    assert len(upstream.received) == 1


def test_a_lost_connection_is_tried_again_where_nothing_can_be_billed(upstream, endpoint):
    upstream.enqueue([CLOSE], json_reply({"data": []}))
    assert list_models(endpoint()) == []


def test_a_stream_is_never_repeated_after_its_first_byte(upstream, endpoint, ask):
    upstream.enqueue([stream_head(), b"12\r\n: OPENROUTER PROC", CLOSE])
    with pytest.raises(ProviderError) as caught:
        list(stream(endpoint(), ask()))
    assert caught.value.billed == "maybe"
    upstream.enqueue(stream_reply(event(error_body(503))))
    with pytest.raises(ModelUnavailable):
        list(stream(endpoint(), ask()))
    assert len(upstream.received) == 2


def test_all_attempts_together_stay_within_the_total_time(upstream, endpoint, ask):
    upstream.default = lambda _: [0.25, *busy(503)]
    with ends_soon(), pytest.raises((ModelUnavailable, LLMTimeout)):
        complete(endpoint(total=0.6, max_attempts=10, backoff=0.05), ask())
    assert 1 <= len(upstream.received) <= 3  # Each takes a quarter of a second at least.


def test_a_cancel_ends_the_pause_between_attempts(upstream, endpoint, ask):
    upstream.enqueue(busy(503, Retry_After="20"))
    call = Call()
    threading.Timer(0.2, call.cancel).start()
    with ends_soon(), pytest.raises(Cancelled) as caught:
        complete(endpoint(), ask(), call=call)
    assert caught.value.billed == "no"


def test_a_call_that_was_cancelled_before_sends_nothing(upstream, endpoint, ask):
    call = Call()
    call.cancel()
    with pytest.raises(Cancelled):
        complete(endpoint(), ask(), call=call)
    assert not upstream.received
