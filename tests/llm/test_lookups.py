"""Models, prices, keys, past generations and the connection test."""

import json
import time
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pwb.llm.client import check_key, list_models, lookup_generation, try_connection
from pwb.llm.errors import (
    GenerationNotFound,
    InvalidApiKey,
    InvalidResponse,
    LLMError,
    LLMTimeout,
    ProviderError,
)
from pwb.llm.pricing import PriceTier, Pricing
from tests.llm.upstream import HANG, json_reply, reply

GOOD_KEY = {"label": "sk-or-v1-au7...890", "limit": 100, "limit_remaining": 74.5, "usage": 25.5}


def model(**changes):
    return {"id": "a/b", "pricing": {"prompt": "0.000003", "completion": "0.000015"}} | changes


def listed(upstream, endpoint, *entries):
    upstream.enqueue(json_reply({"data": list(entries)}))
    return list_models(endpoint())


def test_prices_are_exact_decimals_and_unknown_ones_are_none(upstream, endpoint):
    pricing = {"prompt": "0.0000004", "completion": "-1", "request": "0", "image": "much"}
    (found,) = listed(upstream, endpoint, model(pricing=pricing))
    assert found.pricing.prompt == Decimal("0.0000004")
    assert found.pricing.request == 0
    assert found.pricing.completion is found.pricing.image is found.pricing.web_search is None
    assert not found.pricing.known
    assert found.pricing.estimate(10, 10) is None


def test_what_a_model_can_do_is_read(upstream, endpoint):
    (found,) = listed(
        upstream,
        endpoint,
        model(
            canonical_slug="a/b-20250522",
            name="A: B",
            context_length=1_000_000,
            architecture={"input_modalities": ["image", "text"]},
            supported_parameters=["structured_outputs", "max_tokens"],
            top_provider={"max_completion_tokens": 64_000, "is_moderated": True},
            expiration_date="2026-12-31",
        ),
    )
    assert found.reads_images
    assert found.structured_outputs
    assert (found.context_length, found.max_completion_tokens) == (1_000_000, 64_000)
    assert (found.canonical_slug, found.name) == ("a/b-20250522", "A: B")
    assert found.expiration_date == date(2026, 12, 31)


def test_a_time_limit_that_is_over_is_told_in_round_figures(upstream, endpoint):
    upstream.enqueue([HANG])
    with pytest.raises(LLMTimeout, match=r"was not done within 0\.123 s\."):
        list_models(endpoint(total=0.1234567))


def test_an_error_inside_a_good_status_is_what_it_says_it_is(upstream, endpoint):
    refused = {"error": {"code": 401, "message": "No auth credentials found"}}
    upstream.enqueue(json_reply({"data": []}), json_reply(refused))
    with pytest.raises(InvalidApiKey):
        try_connection(endpoint())
    upstream.enqueue(json_reply({"error": {"code": 404, "message": "Not found"}}))
    with pytest.raises(GenerationNotFound):
        lookup_generation(endpoint(), "gen-1")


def test_entries_without_an_id_are_skipped_and_wrong_types_are_unknown(upstream, endpoint):
    odd = model(
        id="odd",
        name=7,
        context_length="much",
        architecture=[],
        top_provider="x",
        supported_parameters={"a": 1},
        pricing="free",
        expiration_date="soon",
    )
    (found,) = listed(upstream, endpoint, {}, None, "x", model(id=""), model(id=5), odd)
    assert (found.id, found.name, found.context_length) == ("odd", "odd", None)
    assert found.pricing == Pricing()


def test_the_highest_tier_that_the_prompt_reaches_replaces_the_prices_it_names():
    pricing = Pricing(
        prompt=Decimal(1),
        completion=Decimal(2),
        tiers=(
            PriceTier(400, {"prompt": Decimal(30), "completion": None}),
            PriceTier(200, {"prompt": Decimal(10), "completion": Decimal(20)}),
        ),
    )
    assert pricing.for_prompt(199).prompt == 1
    assert pricing.for_prompt(200) == Pricing(prompt=Decimal(10), completion=Decimal(20))
    assert pricing.for_prompt(400).prompt == 30
    assert pricing.estimate(300, 1) == 3020
    assert pricing.estimate(400, 1) is None


def test_a_price_window_counts_only_at_its_time_even_past_midnight():
    night = PriceTier(0, {"prompt": Decimal(1)}, utc_start=2300, utc_end=400)
    pricing = Pricing(prompt=Decimal(5), completion=Decimal(5), tiers=(night,))
    at = [datetime(2026, 1, 1, hour, 30, tzinfo=UTC) for hour in (23, 3, 4, 12)]
    assert [pricing.for_prompt(1, when).prompt for when in at] == [1, 1, 5, 5]
    assert pricing.for_prompt(1).prompt == 5


def test_an_estimate_adds_what_the_call_and_its_pictures_cost():
    pricing = Pricing(
        Decimal("0.001"), Decimal("0.002"), request=Decimal("0.5"), image=Decimal("0.1")
    )
    assert pricing.estimate(100, 50, images=2) == Decimal("0.9")


def test_tiers_come_from_the_overrides_of_the_list(upstream, endpoint):
    override = {"min_prompt_tokens": 200000, "prompt": "0.000006", "completion": "-1"}
    pricing = {"prompt": "0.000003", "completion": "0.000015", "overrides": [override, 3, {}]}
    (found,) = listed(upstream, endpoint, model(pricing=pricing))
    assert found.pricing.for_prompt(200_000).prompt == Decimal("0.000006")
    assert found.pricing.for_prompt(200_000).completion is None
    assert len(found.pricing.tiers) == 1


def test_the_real_models_list_is_read(upstream, endpoint):
    from tests.llm.published import FOLDER

    if not FOLDER.is_dir():
        pytest.skip("the folder ../shared/openrouter with the published facts is not here")
    upstream.enqueue(reply((FOLDER / "models.json").read_bytes(), Content_Type="application/json"))
    sonnet, mini, gpt4o, old = list_models(endpoint())
    assert sonnet.id == "anthropic/claude-sonnet-4"
    assert sonnet.pricing.for_prompt(200_000).completion == Decimal("0.0000225")
    assert sonnet.pricing.for_prompt(1000).completion == Decimal("0.000015")
    assert (mini.structured_outputs, sonnet.structured_outputs) == (True, False)
    assert (gpt4o.reads_images, old.reads_images) == (True, False)
    assert old.max_completion_tokens == 4096


def test_a_connection_test_proves_the_key_and_counts_the_models(upstream, endpoint):
    upstream.enqueue(json_reply({"data": [model()]}), json_reply({"data": GOOD_KEY}))
    report = try_connection(endpoint())
    assert [each.id for each in report.models] == ["a/b"]
    assert report.key.limit_remaining == Decimal("74.5")
    assert report.proves_key
    assert [each.path for each in upstream.received] == ["/api/v1/models", "/api/v1/key"]


def test_a_junk_key_fails_although_the_models_are_public(upstream, endpoint):
    refusal = json_reply({"error": {"code": 401, "message": "User not found."}}, 401)
    upstream.enqueue(json_reply({"data": [model()]}), refusal)
    with pytest.raises(InvalidApiKey):
        try_connection(endpoint())


def test_a_management_key_fails_because_it_cannot_generate(upstream, endpoint):
    key = GOOD_KEY | {"is_management_key": True}
    upstream.enqueue(json_reply({"data": [model()]}), json_reply({"data": key}))
    with pytest.raises(InvalidApiKey, match="management"):
        try_connection(endpoint())


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_where_the_models_need_the_key_they_prove_it(upstream, endpoint, provider):
    upstream.enqueue(json_reply({"data": [{"id": "m-1", "display_name": "M One"}]}))
    report = try_connection(endpoint(provider))
    assert (report.key, report.proves_key) == (None, True)
    assert report.models[0].name == "M One"


def test_a_connection_test_holds_both_questions_to_one_time_limit(upstream, endpoint):
    # With a limit for each question it would take 4.5 s.
    upstream.enqueue([2.0, *json_reply({"data": [model()]})], [HANG])
    began = time.monotonic()
    with pytest.raises(LLMTimeout) as caught:
        try_connection(endpoint(total=2.5))
    assert 2.5 * 0.8 <= time.monotonic() - began < 4.5
    assert caught.value.billed == "no"


JUNK = [b"", b"<html>", b"[]", b"7", b'{"data": 5}', b'{"data": {}}', b"\xff\xfe", b'{"data": "x"}']


@pytest.mark.parametrize("body", JUNK, ids=repr)
def test_junk_in_place_of_an_answer_is_an_error_that_costs_nothing(upstream, endpoint, body):
    upstream.default = lambda _: reply(body)
    questions = [list_models, check_key, lambda at: lookup_generation(at, "gen-1")]
    for question in questions:
        with pytest.raises(InvalidResponse) as caught:
            question(endpoint())
        assert caught.value.billed == "no"


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refused_question_blames_neither_text_nor_model(upstream, endpoint, status):
    upstream.enqueue(json_reply({"error": {"code": status, "message": "No"}}, status))
    with pytest.raises(LLMError) as caught:
        list_models(endpoint())
    assert type(caught.value) is ProviderError
    assert caught.value.status == status


def test_an_edge_time_out_of_a_question_is_tried_again(upstream, endpoint):
    upstream.enqueue(reply(b"<html>", 524), json_reply({"data": [model()]}))
    assert list_models(endpoint())


def test_a_generation_that_is_not_known_yet_is_its_own_error(upstream, endpoint):
    upstream.enqueue(json_reply({"error": {"code": 404, "message": "Not found"}}, 404))
    with pytest.raises(GenerationNotFound) as caught:
        lookup_generation(endpoint(), "gen-1")
    assert caught.value.code == "provider_error"
    assert len(upstream.received) == 1


def test_the_id_of_a_generation_cannot_change_the_question(upstream, endpoint):
    upstream.enqueue(json_reply({"data": {"id": "gen-1"}}))
    lookup_generation(endpoint(), "gen-1&admin=1 #x")
    assert upstream.received[0].path == "/api/v1/generation?id=gen-1%26admin%3D1+%23x"


def test_the_charge_of_an_own_key_is_added_to_a_generation_s_cost(upstream, endpoint):
    data = {"id": "g", "total_cost": 0.001, "upstream_inference_cost": 0.02, "is_byok": True}
    upstream.enqueue(json_reply({"data": data}), json_reply({"data": data | {"is_byok": False}}))
    costs = [lookup_generation(endpoint(), "g").cost_usd for _ in range(2)]
    assert costs == [Decimal("0.021"), Decimal("0.001")]


def test_amounts_of_a_key_are_exact_and_may_be_negative(upstream, endpoint):
    text = json.dumps({"data": GOOD_KEY | {"limit": None, "limit_remaining": -0.1}})
    upstream.enqueue(reply(text.encode()))
    key = check_key(endpoint())
    assert (key.limit, key.limit_remaining) == (None, Decimal("-0.1"))
