"""Whatever comes, the outcome is a result or an error of the tree, and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pwb.llm.client import check_key, complete, list_models, lookup_generation, stream
from pwb.llm.errors import InvalidResponse, LLMError
from pwb.llm.sse import SSEDecoder
from pwb.llm.types import Completion
from tests.llm.upstream import CLOSE, completion, delta, head, json_reply, reply, stream_reply

FAST = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
WORDS = """
id model provider choices message delta content finish_reason usage error code type data metadata
error_type http_status availability retry_after retryable cost pricing prompt_tokens text
completion_tokens is_byok cost_details reasoning refusal overrides
"""
NAMES = st.sampled_from(WORDS.split())
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        [-1, 10**400, 402, "429", "1e999999999999999999999", "gen-1", "stop", "error"]
    )
    | st.text(st.characters(codec=None), max_size=20)
)
ANY_JSON = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)
PROVIDERS = st.sampled_from(["open_router", "openai", "anthropic", "openai_compatible"])


def likeness(base: Any) -> st.SearchStrategy[Any]:
    """Like this document, with some values replaced by anything."""
    if isinstance(base, dict):
        parts = {key: likeness(value) for key, value in base.items()}
        return st.fixed_dictionaries(parts) | ANY_JSON
    if isinstance(base, list):
        return st.lists(likeness(base[0]), max_size=2) | ANY_JSON
    return st.just(base) | ANY_JSON


ANSWERS = likeness(completion() | {"error": {"code": 502, "metadata": {"error_type": "server"}}})
CLAUDES = likeness(
    {
        "type": "content_block_delta",
        "content": [{"type": "text", "text": "A"}],
        "delta": {"type": "text_delta", "text": "A", "stop_reason": "end_turn"},
        "message": {"id": "m", "model": "c", "usage": {"input_tokens": 1}},
        "usage": {"output_tokens": 1},
    }
)
MODELS = likeness(
    {
        "data": [
            {
                "id": "a/b",
                "pricing": {"prompt": "1", "overrides": [{"min_prompt_tokens": 1, "prompt": "2"}]},
                "architecture": {"input_modalities": ["text"]},
                "expiration_date": "2026-01-01",
            }
        ]
    }
)


def outcome(run) -> None:
    """A result or an error of the tree, whose text any page and database can take."""
    try:
        result = run()
    except LLMError as error:
        text = f"{error.message} {error.detail} {error.partial_text} {error.generation_id}"
        assert error.billed in ("no", "maybe", "yes")
    else:
        text = str(result)
        if isinstance(result, Completion):
            assert result.text.strip()
    text.encode()
    assert "\x00" not in text


def all_runs(at, ask):
    def streamed():
        pieces = stream(at, ask())
        "".join(pieces).encode()
        return pieces.completion

    return [lambda: complete(at, ask()), streamed]


@FAST
@given(
    document=ANSWERS | CLAUDES,
    provider=PROVIDERS,
    status=st.sampled_from([200, 200, 400, 429, 503]),
)
def test_any_document_in_place_of_an_answer(upstream, endpoint, ask, document, provider, status):
    upstream.default = lambda _: json_reply(document, status)
    for run in all_runs(endpoint(provider, max_attempts=1), ask):
        outcome(run)


@FAST
@given(documents=st.lists(ANSWERS | CLAUDES, max_size=4), provider=PROVIDERS)
def test_any_documents_in_a_stream(upstream, endpoint, ask, documents, provider):
    events = [b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents]
    upstream.default = lambda _: stream_reply(*events)
    outcome(all_runs(endpoint(provider), ask)[1])


@FAST
@given(document=MODELS)
def test_any_document_in_place_of_models_key_or_generation(upstream, endpoint, document):
    upstream.default = lambda _: json_reply(document)
    at = endpoint(max_attempts=1)
    for run in (list_models, check_key, lambda at: lookup_generation(at, "gen-1")):
        outcome(lambda run=run: run(at))


@FAST
@given(body=st.binary(max_size=200), coded=st.booleans())
@example(body=b"[" * 100_000, coded=False)
@example(body=b'{"a":' * 50_000, coded=False)
@example(body=b'{"usage": {"cost": 1e99999999999999999999}}', coded=False)
@example(body=b"9" * 5000, coded=False)
def test_any_bytes_in_place_of_an_answer(upstream, endpoint, ask, body, coded):
    kinds = {"Content_Type": "application/json"} | ({"Content_Encoding": "gzip"} if coded else {})
    upstream.default = lambda _: reply(body, **kinds)
    for run in all_runs(endpoint(), ask):
        outcome(run)


@FAST
@given(parts=st.lists(st.binary(min_size=1, max_size=40), max_size=6))
def test_any_bytes_in_place_of_a_stream(upstream, endpoint, ask, parts):
    upstream.default = lambda _: stream_reply(delta("A"), *parts)
    outcome(all_runs(endpoint(), ask)[1])


@FAST
@given(
    start=st.sampled_from(
        [b"", b"HTTP/1.1 200 OK\r\n", head(), head(200, Transfer_Encoding="chunked")]
    ),
    junk=st.binary(max_size=120),
)
@example(start=head(200, Content_Length="-5"), junk=b"{}")
@example(start=head(200, Content_Length="5, 6"), junk=b"{}")
@example(start=head(200, Content_Length="x"), junk=b"{}")
@example(start=head(99), junk=b"")
@example(start=head(100) * 500, junk=b"")
@example(start=head(204), junk=b"{}")
@example(start=head(304), junk=b"{}")
@example(start=head(200, Transfer_Encoding="chunked"), junk=b"-5\r\nabc\r\n")
@example(start=head(200, Transfer_Encoding="chunked"), junk=b"F" * 70_000)
@example(start=head(200, Transfer_Encoding="chunked"), junk=b"0\r\n" + b"a: b\r\n" * 500)
def test_any_bytes_in_place_of_http(upstream, endpoint, ask, start, junk):
    upstream.default = lambda _: [start + junk, CLOSE]
    for run in all_runs(endpoint(max_attempts=1), ask):
        outcome(run)


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=5))
def test_the_decoder_never_fails_and_never_minds_the_cuts(data, cuts):
    whole = SSEDecoder()
    expected = whole.feed(data) + whole.finish()
    cut, found, start = SSEDecoder(), [], 0
    for end in [*sorted(cuts), len(data)]:
        found += cut.feed(data[start:end])
        start = max(start, end)
    assert found + cut.finish() == expected


@settings(max_examples=100, deadline=None)
@given(
    parts=st.lists(
        st.sampled_from([b"data: x\n", b"data", b"\r", b"\n", b":", b"xyz"]), max_size=80
    )
)
def test_the_decoder_never_holds_more_than_its_limit(parts):
    decoder = SSEDecoder(20)
    try:
        for part in parts:
            assert all(len(event.data) <= 20 for event in decoder.feed(part))
    except InvalidResponse as error:
        assert error.billed == "maybe"
    else:
        return
    with pytest.raises(InvalidResponse):
        decoder.feed(b"data: " + b"x" * 30)
