"""The providers: what they declare, what they send and how they read what comes back."""

import json

import pytest

from pwb.llm import errors
from pwb.llm.client import complete, list_models, stream
from pwb.llm.errors import InvalidApiKey, LLMError
from pwb.llm.registry import all_providers, get_provider
from pwb.llm.types import Endpoint, Message, OutputSchema, Routing
from tests.llm.upstream import (
    DONE,
    completion,
    delta,
    event,
    json_reply,
    reply,
    stream_reply,
)

SCHEMA = OutputSchema("listing", {"type": "object", "required": ["title"]})
PICTURE = "data:image/webp;base64,UklGRg=="


def sent(upstream, endpoint, request, answer=None):
    upstream.enqueue(json_reply(answer or completion()))
    complete(endpoint, request)
    return upstream.received[-1]


def test_the_four_providers_are_found_in_the_order_of_the_form():
    assert list(all_providers()) == ["open_router", "openai", "anthropic", "openai_compatible"]


def test_an_unknown_provider_is_a_lookup_error():
    with pytest.raises(LookupError, match="acme"):
        get_provider("acme")


@pytest.mark.parametrize("provider", all_providers().values(), ids=all_providers())
def test_every_declaration_is_whole(provider):
    names = [field.name for field in provider.credential_fields + provider.setting_fields]
    assert len(names) == len(set(names))
    assert [field.kind for field in provider.credential_fields] == ["secret"]
    assert {"default_model", "max_tokens"} <= set(names)
    assert provider.label
    assert "prompt" in provider.capabilities.structured
    assert provider.base_url.startswith("https://") or provider.base_url_variable
    assert all(provider.model_problem(model.id) is None for model in provider.recommended_models)
    needs_key = provider.credential_fields[0].required
    assert needs_key is provider.key_required is (provider.key_problem("") is not None)


def test_max_tokens_goes_from_one_to_two_hundred_thousand():
    fields = {field.name: field for field in get_provider("open_router").setting_fields}
    limits = fields["max_tokens"]
    assert (limits.minimum, limits.maximum, limits.default) == (1, 200_000, 4096)


@pytest.mark.parametrize(
    ("provider", "key", "words"),
    [
        ("open_router", "sk-or-v1-abc", None),
        ("open_router", "sk-abc", "starts with sk-or-"),
        ("openai", "abc", "starts with sk-"),
        ("anthropic", "sk-abc", "starts with sk-ant-"),
        ("openai", "sk-a b", "spaces"),
        ("openai", "sk-ключ", "spaces"),
        ("open_router", "sk-or-a\r\nX-Evil: 1", "spaces"),
        ("open_router", "", "needs"),
        ("openai_compatible", "", None),
        ("openai_compatible", "anything", None),
    ],
)
def test_the_form_of_a_key_is_checked(provider, key, words):
    problem = get_provider(provider).key_problem(key)
    assert problem is None if words is None else words in problem


@pytest.mark.parametrize(
    ("provider", "model", "good"),
    [
        ("open_router", "openai/gpt-4o", True),
        ("open_router", "~openai/gpt-latest", True),
        ("open_router", "meta-llama/llama-3.1-70b-instruct:free", True),
        ("open_router", "gpt-4o", False),
        ("open_router", "openai/gpt 4o", False),
        ("open_router", "openai//gpt", False),
        ("open_router", "a/" + "b" * 300, False),
        ("openai", "gpt-4o", True),
        ("openai", "<script>", False),
        ("openai_compatible", "llama3.1:8b", True),
        ("openai_compatible", "", False),
    ],
)
def test_the_form_of_a_model_id_is_checked(provider, model, good):
    assert (get_provider(provider).model_problem(model) is None) is good


@pytest.mark.parametrize("key", ["", "sk-or-ключ", "sk-or-x\r\nX-Evil: 1", "sk-or-\x00", "a b"])
def test_a_key_that_cannot_travel_is_refused_before_anything_is_sent(upstream, endpoint, ask, key):
    with pytest.raises(InvalidApiKey) as caught:
        complete(endpoint(api_key=key), ask())
    assert caught.value.billed == "no"
    assert not upstream.received


def test_openrouter_gets_fallbacks_routing_user_and_attribution(upstream, endpoint, ask):
    at = endpoint()
    at = Endpoint(
        at.provider, at.base_url, at.api_key, at.limits, "https://a.example/\r\nX: 1", "Größe Ü"
    )
    request = ask(
        fallback_models=("x/y", "openai/gpt-4o", "x/z", "x/y"),
        routing=Routing(zdr=True, sort="price"),
        user="u1",
        output_schema=SCHEMA,
        temperature=0.2,
    )
    received = sent(upstream, at, request)
    assert received.headers["authorization"] == f"Bearer {at.api_key}"
    assert received.headers["http-referer"] == "https://a.example/ X: 1"
    assert received.headers["x-openrouter-title"] == "Gre"
    assert received.json == {
        "model": "openai/gpt-4o",
        "models": ["x/y", "x/z"],
        "messages": [
            {"role": "system", "content": "Write."},
            {"role": "user", "content": "{}"},
        ],
        "max_tokens": 321,
        "stream": False,
        "temperature": 0.2,
        "user": "u1",
        "provider": {"zdr": True, "sort": "price"},
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "listing", "strict": True, "schema": dict(SCHEMA.schema)},
        },
    }


def test_nothing_that_was_not_asked_for_is_sent(upstream, endpoint, ask):
    received = sent(upstream, endpoint(), ask(routing=Routing()))
    assert set(received.json) == {"model", "messages", "max_tokens", "stream"}
    assert "cookie" not in received.headers


@pytest.mark.parametrize("structured", ["json_object", "prompt"])
def test_where_the_wire_carries_no_schema_the_prompt_does(upstream, endpoint, ask, structured):
    request = ask(output_schema=SCHEMA, structured=structured)
    body = sent(upstream, endpoint(), request).json
    assert json.dumps(SCHEMA.schema) in body["messages"][0]["content"]
    assert body.get("response_format") == (
        {"type": "json_object"} if structured == "json_object" else None
    )
    alone = ask(output_schema=SCHEMA, structured=structured, messages=(Message("user", "x"),))
    body = sent(upstream, endpoint(), alone).json
    assert [message["role"] for message in body["messages"]] == ["system", "user"]


def test_pictures_come_after_the_text(upstream, endpoint, ask):
    body = sent(upstream, endpoint(), ask(messages=(Message("user", "Look", (PICTURE,)),))).json
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": PICTURE}},
    ]


def test_openai_gets_max_completion_tokens_and_is_asked_for_usage(upstream, endpoint, ask):
    upstream.enqueue(stream_reply(delta("A", "stop"), DONE))
    list(stream(endpoint("openai"), ask(fallback_models=("x/y",), routing=Routing(zdr=True))))
    body = upstream.received[0].json
    assert body["max_completion_tokens"] == 321
    assert body["stream_options"] == {"include_usage": True}
    assert not {"max_tokens", "models", "provider"} & set(body)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, {"code": "invalid_api_key", "type": "invalid_request_error"}, errors.InvalidApiKey),
        (429, {"code": "insufficient_quota"}, errors.InsufficientCredits),
        (429, {"code": "rate_limit_exceeded", "type": "tokens"}, errors.RateLimited),
        (404, {"code": "model_not_found"}, errors.ModelNotFound),
        (400, {"code": "context_length_exceeded", "param": None}, errors.ProviderError),
        (400, {"code": "content_filter"}, errors.ContentBlocked),
    ],
)
def test_openai_s_own_error_names_are_understood(upstream, endpoint, ask, status, error, kind):
    upstream.enqueue(json_reply({"error": {"message": "No."} | error}, status))
    with pytest.raises(LLMError) as caught:
        complete(endpoint("openai", max_attempts=1), ask())
    assert type(caught.value) is kind


def test_a_server_without_a_key_gets_none_and_may_report_nothing(upstream, endpoint, ask):
    bare = {"choices": [{"message": {"content": "Local."}}]}
    upstream.enqueue(json_reply(bare), stream_reply(delta("Local.", "stop", id=None)))
    done = complete(endpoint("openai_compatible", api_key=""), ask())
    assert (done.text, done.usage, done.model, done.generation_id) == ("Local.", None, None, None)
    assert "authorization" not in upstream.received[0].headers
    assert list(stream(endpoint("openai_compatible", api_key=""), ask())) == ["Local."]


def test_a_server_of_no_known_address_is_refused(ask):
    with pytest.raises(LLMError, match="address"):
        complete(Endpoint("openai_compatible"), ask())


CLAUDE = {
    "id": "msg_1",
    "type": "message",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "A flat."}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 10, "cache_read_input_tokens": 4, "output_tokens": 5},
}


def claude_events(*middle, stop="end_turn"):
    start = CLAUDE | {"content": [], "usage": {"input_tokens": 10, "output_tokens": 1}}
    about = {"delta": {"stop_reason": stop}, "usage": {"output_tokens": 5}}
    return [
        claude_event("message_start", message=start),
        claude_event("ping"),
        claude_event("content_block_start", content_block={"type": "text", "text": ""}),
        *middle,
        claude_event("message_delta", **about),
        claude_event("message_stop"),
    ]


def claude_event(kind, **data):
    return f"event: {kind}\n".encode() + event({"type": kind} | data)


def claude_text(text):
    return claude_event("content_block_delta", delta={"type": "text_delta", "text": text})


def test_anthropic_gets_its_own_wire(upstream, endpoint, ask):
    request = ask(
        messages=(Message("system", "Write."), Message("user", "Look", (PICTURE,))),
        output_schema=SCHEMA,
        temperature=0.5,
        user="u1",
    )
    received = sent(upstream, endpoint("anthropic", api_key="sk-ant-1"), request, CLAUDE)
    assert received.path == "/api/v1/messages"
    assert received.headers["x-api-key"] == "sk-ant-1"
    assert received.headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in received.headers
    body = received.json
    assert body.pop("system").startswith("Write.\n\nAnswer with exactly one JSON object")
    assert body == {
        "model": "openai/gpt-4o",
        "max_tokens": 321,
        "stream": False,
        "temperature": 0.5,
        "metadata": {"user_id": "u1"},
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look"},
                    {
                        "type": "image",
                        "source": {
                            "type": "base64",
                            "media_type": "image/webp",
                            "data": "UklGRg==",
                        },
                    },
                ],
            }
        ],
    }


def test_anthropic_s_answer_counts_cached_tokens_as_read(upstream, endpoint, ask):
    upstream.enqueue(json_reply(CLAUDE))
    done = complete(endpoint("anthropic"), ask())
    assert (done.text, done.finish_reason, done.generation_id) == ("A flat.", "stop", "msg_1")
    usage = done.usage
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens) == (14, 4, 5)
    assert usage.cost_usd is None


def test_anthropic_s_typed_events_become_one_answer(upstream, endpoint, ask):
    thought = claude_event(
        "content_block_delta", delta={"type": "thinking_delta", "thinking": "Hm"}
    )
    middle = [thought, claude_text("A "), claude_event("news"), claude_text("flat.")]
    upstream.enqueue(stream_reply(*claude_events(*middle)))
    pieces = stream(endpoint("anthropic"), ask())
    assert list(pieces) == ["A ", "flat."]
    done = pieces.completion
    assert (done.model, done.finish_reason) == ("claude-sonnet-4-5-20250929", "stop")
    assert (done.usage.input_tokens, done.usage.output_tokens) == (10, 5)


@pytest.mark.parametrize(
    ("stop", "kind", "words"),
    [
        ("max_tokens", errors.InvalidResponse, "321"),
        ("refusal", errors.ContentBlocked, "refused"),
    ],
)
def test_anthropic_s_stop_reasons_are_understood(upstream, endpoint, ask, stop, kind, words):
    upstream.enqueue(
        json_reply(CLAUDE | {"stop_reason": stop}),
        stream_reply(*claude_events(claude_text("A"), stop=stop)),
    )
    at = endpoint("anthropic")
    for run in (lambda: complete(at, ask()), lambda: list(stream(at, ask()))):
        with pytest.raises(kind, match=words) as caught:
            run()
        assert caught.value.billed == "yes"


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (401, "authentication_error", errors.InvalidApiKey),
        (404, "not_found_error", errors.ModelNotFound),
        (429, "rate_limit_error", errors.RateLimited),
        (500, "api_error", errors.ProviderError),
        (529, "overloaded_error", errors.ModelUnavailable),
    ],
)
def test_anthropic_s_errors_are_understood_before_and_in_the_stream(
    upstream, endpoint, ask, status, kind, error
):
    body = {"type": "error", "error": {"type": kind, "message": "No."}}
    upstream.enqueue(
        json_reply(body, status), stream_reply(*claude_events(claude_event("error", **body)))
    )
    for _ in range(2):
        with pytest.raises(LLMError) as caught:
            list(stream(endpoint("anthropic", max_attempts=1), ask()))
        assert type(caught.value) is error
        assert caught.value.retryable is (status >= 429)


def test_too_little_credit_at_anthropic_is_missing_credit(upstream, endpoint, ask):
    words = "Your credit balance is too low to access the Anthropic API."
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": words}}
    upstream.enqueue(json_reply(body, 400))
    with pytest.raises(errors.InsufficientCredits):
        complete(endpoint("anthropic"), ask())


def test_anthropic_s_models_are_asked_for_all_at_once(upstream, endpoint):
    upstream.enqueue(reply(b'{"data": [{"id": "claude-x", "display_name": "Claude X"}]}'))
    assert list_models(endpoint("anthropic"))[0].name == "Claude X"
    assert upstream.received[0].path == "/api/v1/models?limit=1000"
