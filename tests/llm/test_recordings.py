"""Real exchanges, replayed over real HTTP."""

import json
import re
from decimal import Decimal

import pytest

from pwb.llm.client import complete, stream
from pwb.llm.errors import RateLimited
from pwb.llm.sse import SSEDecoder
from tests.llm.published import needs_published_facts, recordings
from tests.llm.upstream import json_reply, stream_reply

needs_published_facts()

ALL = recordings()
STREAMS = [(name, each) for name, each in ALL if "body" in each["response"]]
PLAIN = [(name, each) for name, each in ALL if each["response"]["status"]["code"] == 200]
PLAIN = [(name, each) for name, each in PLAIN if "parsed_body" in each["response"]]
ERRORS = [(name, each) for name, each in ALL if each["response"]["status"]["code"] != 200]

STREAM_FACTS = {
    "stream_with_native_options-0": ("I'm Grok", "xAI", "x-ai/grok-4", "0.00333825", 187, 118),
    "streaming_reasoning-0": (
        "2 + 2 = 4",
        "Google",
        "anthropic/claude-sonnet-4.5",
        "0.000669",
        36,
        13,
    ),
}


def bytes_of(exchange) -> bytes:
    return exchange["response"]["body"]["string"].encode()


@pytest.mark.parametrize(("name", "exchange"), STREAMS, ids=[name for name, _ in STREAMS])
def test_a_recorded_stream_gives_its_text_model_and_cost(upstream, endpoint, ask, name, exchange):
    start, provider, model, cost, tokens, reasoning = STREAM_FACTS[name]
    upstream.enqueue(stream_reply(*bytes_of(exchange).splitlines(keepends=True)))
    pieces = stream(endpoint(), ask())
    text = "".join(pieces)
    done = pieces.completion
    assert text.startswith(start)
    assert done.text == text
    assert (done.upstream_provider, done.model) == (provider, model)
    assert done.generation_id.startswith("gen-17")
    assert done.finish_reason == "stop"
    assert done.usage.cost_usd == Decimal(cost)
    assert (done.usage.output_tokens, done.usage.reasoning_tokens) == (tokens, reasoning)


@pytest.mark.parametrize(("name", "exchange"), STREAMS, ids=[name for name, _ in STREAMS])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_the_decoder_reads_every_recording_the_same_at_every_split(name, exchange, line_end):
    """Within a line every place is like the next, but inside a character of several bytes."""
    data = bytes_of(exchange).replace(b"\n", line_end)
    whole = SSEDecoder()
    expected = whole.feed(data) + whole.finish()
    assert expected[-1].data == b"[DONE]"
    assert all(json.loads(event.data) for event in expected[:-1])
    places = re.finditer(rb"\n|[\x80-\xff]", data)
    cuts = {found.start() + offset for found in places for offset in range(-4, 5)}
    for cut in sorted(cuts | set(range(2_000))):
        decoder = SSEDecoder()
        assert decoder.feed(data[:cut]) + decoder.feed(data[cut:]) == expected, cut


@pytest.mark.parametrize(("name", "exchange"), PLAIN, ids=[name for name, _ in PLAIN])
def test_a_recorded_answer_gives_its_text_model_and_cost(upstream, endpoint, ask, name, exchange):
    body = exchange["response"]["parsed_body"]
    upstream.enqueue(json_reply(body))
    done = complete(endpoint(), ask())
    assert done.text == body["choices"][0]["message"]["content"]
    assert done.model == body["model"]
    assert done.generation_id == body["id"]
    assert done.usage.input_tokens == body["usage"]["prompt_tokens"]
    cost = body["usage"].get("cost")
    assert done.usage.cost_usd == (None if cost is None else Decimal(str(cost)))


@pytest.mark.parametrize(("name", "exchange"), ERRORS, ids=[name for name, _ in ERRORS])
def test_a_recorded_refusal_is_the_right_error(upstream, endpoint, ask, name, exchange):
    upstream.enqueue(json_reply(exchange["response"]["parsed_body"], 429))
    with pytest.raises(RateLimited) as caught:
        complete(endpoint(max_attempts=1), ask())
    assert "temporarily rate-limited upstream" in caught.value.detail
