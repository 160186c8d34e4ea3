"""The published OpenAPI document: what we send is valid, what it shows is understood."""

from decimal import Decimal

import jsonschema
import pytest

from pwb.llm.client import check_key, complete, list_models, lookup_generation, stream
from pwb.llm.errors import LLMError
from pwb.llm.types import Message, OutputSchema, Routing
from tests.llm.published import needs_published_facts, response_examples, strict_schema
from tests.llm.test_errors import TABLE
from tests.llm.upstream import completion, delta, event, json_reply, stream_reply

needs_published_facts()

EXAMPLES = response_examples()
SCHEMA = OutputSchema("listing", {"type": "object", "properties": {"title": {"type": "string"}}})
ERROR_CLASSES = {status: error for status, _, error, _ in reversed(TABLE)}

REQUESTS = {
    "plain": {},
    "schema": {"output_schema": SCHEMA},
    "object": {"output_schema": SCHEMA, "structured": "json_object"},
    "prompt": {"output_schema": SCHEMA, "structured": "prompt"},
    "pictures": {"messages": (Message("user", "{}", ("data:image/png;base64,AAAA",)),)},
    "conversation": {"messages": (Message("user", "a"), Message("assistant", "b"))},
    "everything": {
        "output_schema": SCHEMA,
        "temperature": 0.7,
        "fallback_models": ("anthropic/claude-3-opus", "openai/gpt-4o-mini"),
        "user": "a1b2",
        "routing": Routing(
            zdr=True,
            data_collection="deny",
            sort="price",
            max_price={"prompt": Decimal("3"), "completion": Decimal("0.0000005")},
            require_parameters=True,
        ),
    },
    "latency": {"routing": Routing(data_collection="allow", sort="latency")},
    "throughput": {"routing": Routing(sort="throughput")},
}


@pytest.fixture(scope="module")
def validator():
    return jsonschema.Draft202012Validator(strict_schema("ChatRequest"))


@pytest.mark.parametrize("name", REQUESTS)
def test_every_request_is_valid_and_has_no_unknown_field(upstream, endpoint, ask, validator, name):
    upstream.enqueue(json_reply(completion()), stream_reply(delta("A", "stop")))
    complete(endpoint(), ask(**REQUESTS[name]))
    list(stream(endpoint(), ask(**REQUESTS[name])))
    for received in upstream.received:
        validator.validate(received.json)
        assert received.path == "/api/v1/chat/completions"
        assert received.json["max_tokens"] == 321


def test_the_strict_check_does_notice_a_misspelt_field(validator):
    message = {"role": "user", "content": "x"}
    assert validator.is_valid({"messages": [message], "max_tokens": 1})
    assert not validator.is_valid({"messages": [message], "max_token": 1})


def run_for(path, endpoint, ask):
    return {
        "/chat/completions": lambda: complete(endpoint, ask()),
        "/key": lambda: check_key(endpoint),
        "/generation": lambda: lookup_generation(endpoint, "gen-1"),
    }.get(path, lambda: list_models(endpoint))


ERRORS = [each for each in EXAMPLES if each[1] != "200"]


@pytest.mark.parametrize(
    ("path", "status", "kind", "name", "value"), ERRORS, ids=["-".join(each[:4]) for each in ERRORS]
)
def test_every_error_example_is_the_right_error(
    upstream, endpoint, ask, path, status, kind, name, value
):
    upstream.enqueue(json_reply(value, int(status)))
    with pytest.raises(LLMError) as caught:
        run_for(path, endpoint(max_attempts=1), ask)()
    assert caught.value.status == int(status)
    if path == "/chat/completions":
        assert type(caught.value) is ERROR_CLASSES[int(status)]
        assert caught.value.detail.startswith(value["error"]["message"])


def examples_of(path, kind="application/json"):
    return [each[4] for each in EXAMPLES if each[:3] == (path, "200", kind)]


def test_the_example_of_an_answer_is_read(upstream, endpoint, ask):
    (document,) = examples_of("/chat/completions")
    upstream.enqueue(json_reply(document))
    done = complete(endpoint(), ask())
    assert (done.text, done.model) == ("The capital of France is Paris.", "openai/gpt-4")
    assert (done.usage.input_tokens, done.usage.cost_usd) == (25, None)


def test_the_example_of_an_event_is_read(upstream, endpoint, ask):
    (document,) = examples_of("/chat/completions", "text/event-stream")
    upstream.enqueue(stream_reply(event(document["data"]), b"data: [DONE]\n\n"))
    assert list(stream(endpoint(), ask())) == ["Hello"]


def test_the_example_of_a_key_is_read(upstream, endpoint):
    (document,) = examples_of("/key")
    upstream.enqueue(json_reply(document))
    key = check_key(endpoint())
    assert (key.limit, key.limit_remaining) == (Decimal(100), Decimal("74.5"))
    assert (key.is_management_key, key.expires_at.year) == (False, 2027)


def test_the_example_of_a_generation_is_read(upstream, endpoint):
    (document,) = examples_of("/generation")
    upstream.enqueue(json_reply(document))
    record = lookup_generation(endpoint(), "gen-3bhGkxlo4XFrqiabUM7NDtwDzWwG")
    assert (record.input_tokens, record.output_tokens) == (10, 25)
    assert (record.cost_usd, record.latency_ms) == (Decimal("0.0015"), 1250)
    assert record.cancelled is False
    assert upstream.received[0].path == "/api/v1/generation?id=gen-3bhGkxlo4XFrqiabUM7NDtwDzWwG"


@pytest.mark.parametrize("path", ["/models", "/models/user"])
def test_the_example_of_a_models_list_is_read(upstream, endpoint, path):
    (document,) = examples_of(path)
    upstream.enqueue(json_reply(document))
    models = list_models(endpoint())
    assert [model.id for model in models] == [entry["id"] for entry in document["data"]]
    assert all(model.pricing.known for model in models)


@pytest.mark.parametrize(
    ("path", "value"),
    [(each[0], each[4]) for each in EXAMPLES if each[1] == "200" and "json" in each[2]],
    ids=[each[0] for each in EXAMPLES if each[1] == "200" and "json" in each[2]],
)
def test_no_example_of_another_endpoint_breaks_a_reader(upstream, endpoint, ask, path, value):
    upstream.default = lambda _: json_reply(value)
    for asked in ("/chat/completions", "/key", "/generation", "/models"):
        try:
            assert run_for(asked, endpoint(), ask)() is not None
        except LLMError as error:
            assert error.message
