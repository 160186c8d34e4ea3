"""What a good answer gives, however the server puts it."""

from decimal import Decimal

import pytest
import requests_mock

from pwb.llm.calls import Call
from pwb.llm.client import complete, stream
from pwb.llm.errors import InvalidResponse, LLMError, ProviderError
from pwb.llm.types import Endpoint, Limits
from tests.llm.upstream import (
    CLOSE,
    DONE,
    USAGE,
    completion,
    delta,
    event,
    head,
    json_reply,
    reply,
    stream_reply,
)


def test_an_answer_tells_what_served_it_and_what_it_cost(upstream, endpoint, ask):
    upstream.enqueue(json_reply(completion("A bright flat.")))
    done = complete(endpoint(), ask())
    assert done.text == "A bright flat."
    assert (done.model_asked, done.model) == ("openai/gpt-4o", "openai/gpt-4o-2024-08-06")
    assert (done.upstream_provider, done.generation_id) == ("Upstream", "gen-1")
    assert (done.finish_reason, done.attempts, done.first_token_ms) == ("stop", 1, None)
    assert (done.usage.input_tokens, done.usage.output_tokens) == (687, 187)
    assert (done.usage.cached_tokens, done.usage.reasoning_tokens) == (679, 118)
    assert done.usage.cost_usd == Decimal("0.00333825")


def test_a_stream_gives_the_same_answer_in_pieces(upstream, endpoint, ask):
    usage = event({"id": "gen-1", "choices": [], "usage": USAGE})
    upstream.enqueue(stream_reply(delta("A "), delta("flat."), delta("", "stop"), usage, DONE))
    pieces = stream(endpoint(), ask())
    assert list(pieces) == ["A ", "flat."]
    done = pieces.completion
    assert (done.text, done.finish_reason) == ("A flat.", "stop")
    assert done.usage.cost_usd == Decimal("0.00333825")
    assert 0 <= done.first_token_ms <= done.duration_ms


def test_a_stream_that_has_not_ended_has_no_completion(endpoint, ask):
    with pytest.raises(RuntimeError, match="not come to its end"):
        _ = stream(endpoint(), ask()).completion


def test_nothing_is_sent_before_the_first_piece_is_asked_for(upstream, endpoint, ask):
    with stream(endpoint(), ask()):
        pass
    assert not upstream.received


@pytest.mark.parametrize(
    ("reported", "cost"),
    [
        ({"cost": 0.001, "cost_details": {"upstream_inference_cost": 0.02}}, "0.001"),
        (
            {"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}},
            "0.021",
        ),
        ({"cost": 0}, "0"),
        ({"cost": 4.25e-06}, "0.00000425"),
        ({"cost": "0.5"}, "0.5"),
        ({}, None),
        ({"cost": None}, None),
        ({"cost": -1}, None),
        ({"cost": 1e300}, None),
        ({"cost": float("nan")}, None),
        ({"cost": float("inf")}, None),
        ({"cost": True}, None),
        ({"cost": [1]}, None),
        ({"cost": 0.001, "is_byok": True}, None),
    ],
)
def test_the_cost_is_what_is_charged_and_never_a_guess(upstream, endpoint, ask, reported, cost):
    upstream.enqueue(json_reply(completion(usage={"prompt_tokens": 3} | reported)))
    usage = complete(endpoint(), ask()).usage
    assert usage.input_tokens == 3
    assert usage.cost_usd == (None if cost is None else Decimal(cost))


@pytest.mark.parametrize("usage", [None, {}, [], "none", {"prompt_tokens": -1, "cost": "x"}])
def test_usage_that_is_missing_or_nonsense_is_unknown(upstream, endpoint, ask, usage):
    upstream.enqueue(json_reply(completion(usage=usage)))
    assert complete(endpoint(), ask()).usage is None


def test_more_tokens_than_any_call_takes_are_unknown(upstream, endpoint, ask):
    usage = USAGE | {"prompt_tokens": 10**10, "completion_tokens": 12}
    upstream.enqueue(json_reply(completion("A flat.", usage=usage)))
    done = complete(endpoint(), ask())
    assert (done.usage.input_tokens, done.usage.output_tokens) == (None, 12)


def test_a_text_in_parts_is_one_text(upstream, endpoint, ask):
    parts = [{"type": "text", "text": "A "}, {"type": "x"}, 3, {"type": "text", "text": "flat."}]
    upstream.enqueue(json_reply(completion(parts)))
    assert complete(endpoint(), ask()).text == "A flat."


def test_whitespace_before_a_plain_answer_is_only_its_keep_alive(upstream, endpoint, ask):
    upstream.enqueue(
        reply(b"\n      \n" * 50 + json_reply(completion("Here."))[0].split(b"\r\n\r\n")[1])
    )
    assert complete(endpoint(), ask()).text == "Here."


def test_a_server_that_ignores_streaming_still_gives_its_text(upstream, endpoint, ask):
    upstream.enqueue(json_reply(completion("All at once.")))
    pieces = stream(endpoint(), ask())
    assert list(pieces) == ["All at once."]
    assert pieces.completion.generation_id == "gen-1"


@pytest.mark.parametrize(
    "framing",
    [
        lambda body: reply(body, Content_Type="text/event-stream"),
        lambda body: [head(200, Content_Type="text/event-stream; charset=utf-8") + body, CLOSE],
        lambda body: [head(200) + body, CLOSE],
        lambda body: stream_reply(*[bytes([byte]) for byte in body]),
    ],
    ids=["with its length", "until the connection closes", "without a type", "byte by byte"],
)
@pytest.mark.parametrize("end", [DONE, b"", b"data: [DONE]"], ids=["done", "none", "cut done"])
def test_a_stream_may_be_framed_and_end_as_it_likes(upstream, endpoint, ask, framing, end):
    text = "Köln\u2028🏡"
    upstream.enqueue(framing(delta(text) + delta("", "stop") + end))
    assert list(stream(endpoint(), ask())) == [text]


@pytest.mark.parametrize("end", [b"", b"data: {"], ids=["between events", "inside an event"])
def test_a_stream_that_just_stops_is_broken_and_may_be_billed(upstream, endpoint, ask, end):
    upstream.enqueue(stream_reply(delta("Half a"), *([end] if end else [])))
    with pytest.raises((ProviderError, InvalidResponse)) as caught:
        list(stream(endpoint(), ask()))
    assert caught.value.partial_text == "Half a"
    assert caught.value.billed == "maybe"


def test_unknown_events_and_fields_are_passed_over(upstream, endpoint, ask):
    noise = b"event: weather\ndata: sunny\n\nid: 3\n\nretry: 5\n\nfoo: bar\n\n"
    upstream.enqueue(stream_reply(noise, delta("A", "stop", extra=[1]), noise, DONE))
    assert list(stream(endpoint(), ask())) == ["A"]


@pytest.mark.parametrize("data", ["{", "7", "null", "[]", '"text"'])
def test_data_that_is_no_object_is_an_unusable_answer(upstream, endpoint, ask, data):
    upstream.enqueue(stream_reply(delta("Half a"), event(data)))
    with pytest.raises(InvalidResponse) as caught:
        list(stream(endpoint(), ask()))
    assert caught.value.partial_text == "Half a"


def test_an_emoji_cut_between_two_pieces_comes_out_whole(upstream, endpoint, ask):
    first, second = delta("A \ud83c"), delta("\udfe1 house\x00", "stop")
    upstream.enqueue(stream_reply(first, second, DONE))
    pieces = stream(endpoint(), ask())
    assert list(pieces) == ["A ", "🏡 house"]
    assert pieces.completion.text == "A 🏡 house"


def test_half_an_emoji_does_not_spoil_the_text(upstream, endpoint, ask):
    upstream.enqueue(json_reply(completion("A \udfe1 house")))
    complete(endpoint(), ask()).text.encode()


@pytest.mark.parametrize(
    "base_url",
    [
        "ftp://host/v1",
        "file:///etc/passwd",
        "//host",
        "host",
        "http://",
        "http://user:password@host/v1",
        "http://host/v1?x=1",
        "http://host:99999",
        "http://[::1",
        "http://host:port",
    ],
)
def test_an_address_that_is_not_plain_http_is_refused(ask, base_url):
    with pytest.raises(ProviderError, match="address"):
        complete(Endpoint(base_url=base_url, api_key="sk-or-x"), ask())


def test_an_unknown_host_is_an_error_of_the_tree(ask):
    with pytest.raises(LLMError) as caught:
        at = Endpoint("open_router", "http://no-such-host.invalid", "sk-or-x", Limits(backoff=0.01))
        complete(at, ask())
    assert caught.value.billed == "no"


def test_a_call_tells_how_long_ago_the_last_byte_came(upstream, endpoint, ask):
    upstream.enqueue(json_reply(completion()))
    call = Call()
    complete(endpoint(), ask(), call=call)
    assert 0 <= call.idle_hint < 1
    assert call.sent


def test_the_client_can_be_mocked_where_no_wire_is_wanted(ask):
    url = "http://mocked.example/v1"
    with requests_mock.Mocker() as mocker:
        mocker.post(f"{url}/chat/completions", json=completion("Mocked."))
        at = Endpoint(base_url=url, api_key="sk-or-x")
        assert complete(at, ask()).text == "Mocked."
        assert list(stream(at, ask(), tick=1)) == ["Mocked."]
        body = delta("A") + delta("", "stop") + DONE
        mocker.post(
            f"{url}/chat/completions", content=body, headers={"Content-Type": "text/event-stream"}
        )
        assert list(stream(at, ask(), tick=1)) == ["A"]
