"""The simulator answers in the shapes of OpenRouter's own wire."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import jsonschema
import pytest
import requests
import yaml

from pwb.simulator.testing import Reply, RunningSimulator, running_simulator
from tests.conftest import SHARED, skip_or_fail
from tests.simulator.conftest import KEY, Caller, bearer, data_events, document, streamed_text
from tests.waiting import PATIENCE, ends_soon, wait_until

OPENAPI = SHARED / "openrouter" / "openapi.yaml"
RECOMMENDED = (
    "anthropic/claude-3.5-sonnet",
    "anthropic/claude-3-opus",
    "openai/gpt-4o",
    "openai/gpt-4o-mini",
    "google/gemini-pro-1.5",
    "meta-llama/llama-3.1-70b-instruct",
    "mistralai/mistral-large",
)


@pytest.fixture(scope="session")
def openapi() -> dict[str, Any]:
    if not OPENAPI.exists():
        skip_or_fail("openrouter", f"{OPENAPI.name} is not beside this project")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = yaml.load(OPENAPI.read_text("utf-8"), Loader=loader)  # noqa: S506 - a safe loader
    return found


def assert_published(openapi: dict[str, Any], path: str, method: str, body: object) -> None:
    answer = openapi["paths"][path][method]["responses"]["200"]
    schema = {
        **answer["content"]["application/json"]["schema"],
        "components": openapi["components"],
    }
    jsonschema.Draft202012Validator(schema).validate(body)


@pytest.mark.parametrize("path", ["/models", "/models/user", "/key"])
def test_lists_and_the_key_have_the_published_form(
    caller: Caller, openapi: dict[str, Any], path: str
) -> None:
    assert_published(openapi, path, "get", caller.get(path).json())


def test_a_completion_and_its_record_have_the_published_form(
    caller: Caller, openapi: dict[str, Any]
) -> None:
    reply = caller.chat().json()
    assert_published(openapi, "/chat/completions", "post", reply)
    record = caller.get("/generation", params={"id": reply["id"]}).json()
    assert_published(openapi, "/generation", "get", record)


def test_each_stream_event_has_the_published_form(caller: Caller, openapi: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/ChatStreamChunk", "components": openapi["components"]}
    validator = jsonschema.Draft202012Validator(schema)
    for event in data_events(caller.chat(stream=True).content):
        validator.validate(event)


def test_every_answer_says_that_it_is_simulated(caller: Caller) -> None:
    answers = [caller.get("/models"), caller.get("/nowhere"), caller.chat(), caller.chat(key=None)]
    answers += [caller.chat(stream=True), caller.chat(fault="html")]
    assert {answer.headers["X-PWB-Simulator"] for answer in answers} == {"1"}


def test_the_front_page_says_plainly_what_it_is(simulator: RunningSimulator) -> None:
    page = requests.get(simulator.url + "/", timeout=PATIENCE).text
    assert "This is not OpenRouter and no AI model answers here." in page


def test_models_are_public_and_say_that_they_are_simulated(caller: Caller) -> None:
    models = caller.get("/models", key=None).json()["data"]
    assert len(models) >= 12
    assert all(model["id"].startswith("simulator/") for model in models)
    assert all("simulated" in model["description"] for model in models)


def test_the_catalogue_holds_each_kind_that_a_client_must_cope_with(caller: Caller) -> None:
    models = caller.get("/models").json()["data"]
    prices = [model["pricing"] for model in models]
    assert any(model["id"].endswith(":free") for model in models)
    assert any(price["prompt"] == "-1" for price in prices)
    assert any(len(price.get("overrides", [])) > 1 for price in prices)
    assert any("request" in price for price in prices)
    assert any(model["expiration_date"] for model in models)
    assert any("structured_outputs" not in model["supported_parameters"] for model in models)
    assert any("image" in model["architecture"]["input_modalities"] for model in models)
    sonnet = next(m for m in models if m["id"] == "simulator/claude-3.5-sonnet")
    assert Decimal(sonnet["pricing"]["prompt"]) == Decimal("0.000003")


def test_the_catalogue_is_paged_only_when_asked(caller: Caller) -> None:
    whole = caller.get("/models").json()
    page = caller.get("/models?limit=5&offset=5").json()
    assert page["data"] == whole["data"][5:10]
    assert page["links"]["next"] == "/api/v1/models?offset=10&limit=5"
    assert page["total_count"] == len(whole["data"])
    assert caller.get("/models?limit=x").status_code == 400


def test_models_of_a_key_leave_out_what_its_privacy_forbids(caller: Caller) -> None:
    allowed = caller.get("/models/user").json()["data"]
    assert not any(model["id"].endswith(":free") for model in allowed)
    assert caller.get("/models/user", key=None).status_code == 401


@pytest.mark.parametrize(
    "key", [None, "sk-ant-1", "sk-or-invalid", "sk-or-v1-bad-one", "sk-or-expired"]
)
def test_a_missing_or_unknown_key_is_401(caller: Caller, key: str | None) -> None:
    for answer in (caller.get("/key", key=key), caller.chat(key=key)):
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == 401


def test_a_key_is_shown_masked_with_what_it_has_used(caller: Caller) -> None:
    cost = caller.chat().json()["usage"]["cost"]
    shown = caller.get("/key").json()["data"]
    assert shown["label"] == "sk-or-v1-012...def"
    assert shown["usage"] == cost > 0
    assert shown["limit_remaining"] == pytest.approx(shown["limit"] - cost)
    assert caller.get("/key", key="sk-or-v1-another").json()["data"]["usage"] == 0


def test_ordinary_keys_may_not_see_the_credits(caller: Caller) -> None:
    assert caller.get("/credits").status_code == 403
    assert caller.get("/credits", key="sk-or-management").json()["data"]["total_credits"] == 100


def test_a_management_key_cannot_generate(caller: Caller) -> None:
    assert caller.get("/key", key="sk-or-management").json()["data"]["is_management_key"] is True
    assert caller.chat(key="sk-or-management").status_code == 403


def test_head_answers_as_get_without_a_body(simulator: RunningSimulator) -> None:
    answer = requests.head(f"{simulator.base_url}/models", timeout=PATIENCE)
    assert answer.status_code == 200
    assert answer.content == b""


@pytest.mark.parametrize("model", RECOMMENDED)
def test_a_recommended_model_is_answered_by_its_namesake(caller: Caller, model: str) -> None:
    assert caller.chat(model=model).json()["model"] == "simulator/" + model.split("/")[1]


def test_any_other_well_formed_id_is_answered_too(caller: Caller) -> None:
    assert (
        caller.chat(model="acme/fine-writer-9:nitro").json()["model"]
        == "simulator/fine-writer-9:nitro"
    )


@pytest.mark.parametrize("model", ["acme/no-such-model", "ill formed", "nomaker", "a/b/c"])
def test_an_unknown_or_ill_formed_model_is_400_with_availability(
    caller: Caller, model: str
) -> None:
    answer = caller.chat(model=model)
    error = answer.json()["error"]
    assert answer.status_code == error["http_status"] == 400
    assert error["availability"]["code"] == "model_not_found"
    assert error["availability"]["requested_models"] == [model]


def test_a_missing_model_is_404_and_a_retired_one_names_successors(caller: Caller) -> None:
    missing = caller.chat(model="acme/missing-one")
    assert missing.status_code == 404
    assert missing.json()["error"]["metadata"]["error_type"] == "not_found"
    retired = caller.chat(model="acme/retired-one").json()["error"]
    assert "simulator/gpt-4o" in retired["availability"]["fallback_models"]


def test_fallback_models_serve_in_order(caller: Caller) -> None:
    listed = ["acme/fault-503", "acme/no-such", "mistralai/mistral-large"]
    assert (
        caller.chat(model=listed[0], models=listed[1:]).json()["model"] == "simulator/mistral-large"
    )
    assert caller.chat(model="acme/no-such", models=["acme/missing"]).status_code == 404
    assert caller.chat(model="acme/fault-402", models=listed).status_code == 402


@pytest.mark.parametrize(
    "body",
    [
        {"messages": []},
        {"messages": "hello"},
        {"messages": [1]},
        {"model": None},
        {"model": 5},
        {"max_tokens": 0},
        {"max_tokens": "many"},
        {"provider": "cheap"},
        {"provider": {"max_price": {"prompt": "cheap"}}},
    ],
)
def test_a_request_that_makes_no_sense_is_400(caller: Caller, body: dict[str, Any]) -> None:
    assert caller.chat(**body).status_code == 400


def test_a_body_that_is_not_json_is_400(simulator: RunningSimulator) -> None:
    url = f"{simulator.base_url}/chat/completions"
    assert requests.post(url, data=b"{", headers=bearer(KEY), timeout=PATIENCE).status_code == 400


def test_routing_settings_rule_models_out(caller: Caller) -> None:
    free = "meta-llama/llama-3.2-3b-instruct:free"
    assert caller.chat(model=free).status_code == 200
    assert caller.chat(model=free, provider={"data_collection": "deny"}).status_code == 404
    dear = {"max_price": {"prompt": 1}}
    assert caller.chat(model="anthropic/claude-3-opus", provider=dear).status_code == 404
    assert caller.chat(model="openai/gpt-4o-mini", provider=dear).status_code == 200
    plain = {"model": "mistralai/mixtral-8x7b-instruct", "response_format": {"type": "json_object"}}
    assert caller.chat(**plain, provider={"require_parameters": True}).status_code == 404


def test_usage_is_priced_from_the_catalogue(caller: Caller) -> None:
    usage = caller.chat(model="openai/gpt-4o").json()["usage"]
    cost = (
        Decimal(usage["prompt_tokens"]) * 25 / 10**7 + Decimal(usage["completion_tokens"]) / 10**5
    )
    assert usage["cost"] == pytest.approx(float(cost))
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_key_without_credit_is_402_and_a_small_one_names_what_it_affords(caller: Caller) -> None:
    assert caller.chat(key="sk-or-empty").status_code == 402
    refused = caller.chat(key="sk-or-limited", max_tokens=4096)
    assert refused.status_code == 402
    assert "can only afford 2000" in refused.json()["error"]["message"]
    assert caller.chat(key="sk-or-limited", max_tokens=1000).status_code == 200


def test_a_prompt_beyond_the_context_is_400(caller: Caller) -> None:
    long = [{"role": "user", "content": "word " * 40000}]
    answer = caller.chat(model="mistralai/mixtral-8x7b-instruct", messages=long)
    assert answer.json()["error"]["metadata"]["error_type"] == "context_length_exceeded"


def test_max_tokens_cuts_the_text(caller: Caller) -> None:
    for body in ({"max_tokens": 20}, {"max_completion_tokens": 20}):
        reply = caller.chat(**body).json()
        assert reply["choices"][0]["finish_reason"] == "length"
        assert reply["usage"]["completion_tokens"] == 20


def test_a_stream_brings_comments_pieces_usage_and_the_end_mark(caller: Caller) -> None:
    answer = caller.chat(stream=True)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.content.startswith(b": OPENROUTER PROCESSING\n\n")
    assert answer.content.endswith(b"data: [DONE]\n\n")
    events = data_events(answer.content)
    assert events[-1]["choices"] == []
    assert events[-1]["usage"]["completion_tokens"] > 0
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert len(events) > 50


def test_the_stream_and_the_whole_answer_carry_the_same_text(caller: Caller) -> None:
    whole = caller.chat().json()["choices"][0]["message"]["content"]
    assert streamed_text(caller.chat(stream=True).content) == whole


def test_pieces_come_one_by_one_after_the_first_delay() -> None:
    with (
        running_simulator(delay=0.005, first_delay=0.1) as slow,
        requests.Session() as session,
        ends_soon(after=0.1 + 0.005 * 20),
    ):
        Caller(slow, session).chat(stream=True, max_tokens=40)


def test_a_reasoning_model_reasons_before_it_answers(caller: Caller) -> None:
    reply = caller.chat(model="deepseek/deepseek-r1").json()
    assert reply["choices"][0]["message"]["reasoning"]
    assert reply["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0


def test_a_generation_can_be_looked_up_a_while_later_by_its_own_key() -> None:
    with running_simulator(generation_delay=1.5) as late, requests.Session() as session:
        caller = Caller(late, session)
        reply = caller.chat(user="person-1").json()
        where = {"params": {"id": reply["id"]}}
        assert caller.get("/generation", **where).status_code == 404
        wait_until(lambda: caller.get("/generation", **where).status_code == 200)
        record = caller.get("/generation", **where).json()["data"]
        assert record["total_cost"] == reply["usage"]["cost"]
        assert record["external_user"] == "person-1"
        assert caller.get("/generation", key="sk-or-v1-other", **where).status_code == 404


@pytest.mark.parametrize(
    ("model", "billed_whole"), [("openai/gpt-4o", False), ("mistralai/mistral-large", True)]
)
def test_a_stream_that_the_client_closes_is_cancelled_or_billed_whole(
    model: str, billed_whole: bool
) -> None:
    with running_simulator(delay=0.3) as slow, requests.Session() as session:
        caller = Caller(slow, session)
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "{}"}]}
        url = f"{slow.base_url}/chat/completions"
        with session.post(
            url, json=body, headers=bearer(KEY), stream=True, timeout=PATIENCE
        ) as answer:
            next(answer.iter_content(64))
            generation = answer.headers["X-Generation-Id"]
        record = _await_record(caller, generation)
    assert record["cancelled"] is True
    assert (record["tokens_completion"] >= 18) is billed_whole


def _await_record(caller: Caller, generation: str) -> dict[str, Any]:
    where = {"params": {"id": generation}}
    wait_until(lambda: caller.get("/generation", **where).status_code == 200)
    found: dict[str, Any] = caller.get("/generation", **where).json()["data"]
    return found


def test_requests_are_remembered_and_forgotten(caller: Caller, simulator: RunningSimulator) -> None:
    caller.chat(temperature=0.5)
    (request,) = simulator.completions
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.json["temperature"] == 0.5
    simulator.reset()
    assert simulator.requests == []


def test_one_connection_serves_many_calls(caller: Caller) -> None:
    caller.chat()
    caller.get("/nowhere")
    assert caller.chat(stream=True).headers.get("Connection") != "close"
    pools = caller.session.get_adapter("http://").poolmanager.pools
    (pool,) = map(pools.get, pools.keys())
    assert pool.num_connections == 1


def test_a_scripted_reply_replaces_parts_or_the_whole(
    caller: Caller, simulator: RunningSimulator
) -> None:
    simulator.enqueue(Reply(content="Hello", finish_reason="length", model="acme/one", usage={}))
    reply = caller.chat().json()
    assert reply["choices"][0]["message"]["content"] == "Hello"
    assert (reply["model"], reply["choices"][0]["finish_reason"]) == ("acme/one", "length")
    assert "usage" not in reply
    simulator.enqueue(Reply(status=418, body={"error": "teapot"}, headers={"X-Tea": "yes"}))
    teapot = caller.chat()
    assert (teapot.status_code, teapot.headers["X-Tea"]) == (418, "yes")
    assert caller.chat().status_code == 200


def test_another_document_gives_another_text_and_the_same_one_the_same(caller: Caller) -> None:
    one = caller.text(document(tone="warm"))
    assert one == caller.text(document(tone="warm"))
    assert one != caller.text(document(tone="luxury"))
