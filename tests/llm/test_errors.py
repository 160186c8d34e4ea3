"""What each failure of a provider becomes: the whole table, both body shapes, and in-band."""

import pickle
from decimal import Decimal

import pytest

from pwb.llm import errors
from pwb.llm.client import complete, stream
from pwb.llm.errors import LLMError
from tests.llm.conftest import KEY
from tests.llm.upstream import (
    DONE,
    HANG,
    USAGE,
    completion,
    delta,
    error_body,
    event,
    head,
    json_reply,
    reply,
    stream_reply,
)

TABLE = [
    # status, error_type, class, retried
    (400, "invalid_request", errors.ProviderError, False),
    (400, "context_length_exceeded", errors.ProviderError, False),
    (400, "max_tokens_exceeded", errors.ProviderError, False),
    (400, "content_policy_violation", errors.ContentBlocked, False),
    (400, "refusal", errors.ContentBlocked, False),
    (401, "authentication", errors.InvalidApiKey, False),
    (402, "payment_required", errors.InsufficientCredits, False),
    (403, "permission_denied", errors.ContentBlocked, False),
    (404, "not_found", errors.ModelNotFound, False),
    (408, "timeout", errors.LLMTimeout, True),
    (413, "payload_too_large", errors.ProviderError, False),
    (422, "unprocessable", errors.ProviderError, False),
    (429, "rate_limit_exceeded", errors.RateLimited, True),
    (500, "server", errors.ProviderError, True),
    (502, "provider_unavailable", errors.ProviderError, True),
    (503, "provider_overloaded", errors.ModelUnavailable, True),
    (504, "timeout", errors.LLMTimeout, True),
    (524, "timeout", errors.LLMTimeout, False),
    (529, "provider_overloaded", errors.ModelUnavailable, True),
    (418, "unmapped", errors.ProviderError, False),
]
CODES = {
    errors.InvalidApiKey: "invalid_api_key",
    errors.InsufficientCredits: "insufficient_credits",
    errors.ContentBlocked: "content_blocked",
    errors.ModelNotFound: "model_not_found",
    errors.RateLimited: "rate_limited",
    errors.ModelUnavailable: "model_unavailable",
    errors.LLMTimeout: "timeout",
    errors.ProviderError: "provider_error",
    errors.InvalidResponse: "invalid_response",
    errors.Cancelled: "cancelled",
}


def first_shape(status, kind, **availability):
    extra = {"availability": availability} if availability else {}
    return {
        "error": {"code": status, "message": "It broke", "metadata": {"error_type": kind}}
    } | extra


def second_shape(status, kind, **availability):
    error = {"error_type": kind, "http_status": status, "message": "It broke"}
    return {"error": error | ({"availability": availability} if availability else {})}


def failure(run) -> LLMError:
    with pytest.raises(LLMError) as caught:
        run()
    return caught.value


@pytest.mark.parametrize("shape", [first_shape, second_shape])
@pytest.mark.parametrize(("status", "kind", "error", "retried"), TABLE)
def test_a_status_becomes_its_error_and_only_what_can_succeed_is_retried(
    upstream, endpoint, ask, shape, status, kind, error, retried
):
    upstream.default = lambda _: json_reply(shape(status, kind), status)
    caught = failure(lambda: complete(endpoint(), ask()))
    assert type(caught) is error
    assert caught.code == CODES[error]
    assert (caught.status, caught.retryable) == (status, retried)
    assert caught.attempts == len(upstream.received) == (3 if retried else 1)
    assert caught.billed == ("maybe" if status == 524 else "no")
    assert caught.message.endswith((".", "It broke"))


@pytest.mark.parametrize("shape", [first_shape, second_shape])
@pytest.mark.parametrize(("status", "kind", "error", "retried"), TABLE)
def test_the_same_error_inside_http_200_is_the_same_error(
    upstream, endpoint, ask, shape, status, kind, error, retried
):
    upstream.default = lambda _: json_reply(shape(status, kind))
    caught = failure(lambda: complete(endpoint(), ask()))
    assert type(caught) is error
    assert len(upstream.received) == (3 if retried else 1)


@pytest.mark.parametrize(("status", "kind", "error", "retried"), TABLE)
def test_the_same_error_in_a_stream_is_the_same_error_and_never_retried(
    upstream, endpoint, ask, status, kind, error, retried
):
    upstream.enqueue(stream_reply(delta("Half a"), event(first_shape(status, kind))))
    pieces = stream(endpoint(), ask())
    assert next(pieces) == "Half a"
    caught = failure(lambda: next(pieces))
    assert type(caught) is error
    assert (caught.partial_text, caught.generation_id) == ("Half a", "gen-1")
    assert caught.billed == "maybe"
    assert not caught.retryable
    assert len(upstream.received) == 1


@pytest.mark.parametrize(
    "document",
    [
        completion("Half", "error"),
        completion("Half", "stop", error={"code": 502, "message": "gone"}),
        completion(
            "Half", choices=[{"finish_reason": "error", "error": {"code": 502, "message": "x"}}]
        ),
    ],
    ids=["finish reason alone", "beside a text", "in the choice"],
)
def test_an_error_beside_an_answer_keeps_the_usage_that_was_reported(
    upstream, endpoint, ask, document
):
    upstream.enqueue(json_reply(document))
    caught = failure(lambda: complete(endpoint(), ask()))
    assert type(caught) is errors.ProviderError
    assert caught.usage.cost_usd == Decimal("0.00333825")
    assert caught.billed == "yes"
    assert len(upstream.received) == 1


def test_an_answer_that_ended_in_error_without_cost_is_not_billed(upstream, endpoint, ask):
    upstream.default = lambda _: json_reply(completion("Half", "error", usage=None))
    assert failure(lambda: complete(endpoint(), ask())).billed == "no"


def test_an_error_event_in_the_stream_may_come_with_usage(upstream, endpoint, ask):
    broken = error_body(502, error_type="provider_unavailable")
    last = delta("", "error", **broken, usage=USAGE)
    upstream.enqueue(stream_reply(delta("Half"), last, DONE))
    caught = failure(lambda: list(stream(endpoint(), ask())))
    assert type(caught) is errors.ProviderError
    assert caught.usage.output_tokens == 187
    assert caught.billed == "yes"


def test_a_model_that_is_gone_is_named_with_its_successors(upstream, endpoint, ask):
    body = second_shape(
        404, "not_found", code="model_deprecated", fallback_models=["openai/gpt-5", "openai/gpt-6"]
    )
    upstream.enqueue(json_reply(body, 404))
    caught = failure(lambda: complete(endpoint(), ask()))
    assert "openai/gpt-4o" in caught.message
    assert caught.successors == ("openai/gpt-5", "openai/gpt-6")


def test_a_bad_request_that_says_model_not_found_is_a_missing_model(upstream, endpoint, ask):
    upstream.enqueue(json_reply(second_shape(400, "invalid_request", code="model_not_found"), 400))
    assert type(failure(lambda: complete(endpoint(), ask()))) is errors.ModelNotFound


def test_a_model_excluded_by_the_settings_says_that_it_is_the_settings(upstream, endpoint, ask):
    upstream.enqueue(json_reply(second_shape(404, "not_found", excluded_by=["zdr"]), 404))
    assert "privacy or price settings" in failure(lambda: complete(endpoint(), ask())).message


@pytest.mark.parametrize("retryable", [True, False])
def test_availability_is_trusted_over_the_status(upstream, endpoint, ask, retryable):
    status = 404 if retryable else 503
    upstream.default = lambda _: json_reply(second_shape(status, "x", retryable=retryable), status)
    caught = failure(lambda: complete(endpoint(), ask()))
    assert caught.retryable is retryable
    assert len(upstream.received) == (3 if retryable else 1)


def test_credit_for_fewer_tokens_offers_that_number_and_is_never_retried(upstream, endpoint, ask):
    message = "You requested up to 4096 tokens, but can only afford 1,204. Add more credits."
    body = error_body(402, message, availability={"retryable": True})
    upstream.enqueue(json_reply(body, 402, Retry_After="0"))
    caught = failure(lambda: complete(endpoint(), ask()))
    assert caught.affordable_tokens == 1204
    assert "1204" in str(caught)
    assert len(upstream.received) == 1


def test_a_moderated_text_names_the_reasons(upstream, endpoint, ask):
    body = error_body(403, "Flagged", reasons=["harassment"], flagged_input="…")
    upstream.enqueue(json_reply(body, 403))
    assert "harassment" in failure(lambda: complete(endpoint(), ask())).message


@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503])
def test_a_web_page_of_a_proxy_is_read_by_its_status_and_not_shown(upstream, endpoint, ask, status):
    page = b"<!DOCTYPE html><html><script>alert(1)</script>" + b"x" * 5000
    upstream.default = lambda _: reply(page, status, Content_Type="text/html")
    caught = failure(lambda: complete(endpoint(max_attempts=1), ask()))
    assert "<" not in str(caught) + str(caught.detail)
    assert caught.status == status


@pytest.mark.parametrize("kind", ["text/html", "application/json", "text/plain"])
@pytest.mark.parametrize(
    "body", [b"<html>Sign in to the Wi-Fi</html>", b"", b"[]", b"null", b'{"a":']
)
def test_a_good_status_with_a_body_that_makes_no_sense_may_have_been_billed(
    upstream, endpoint, ask, body, kind
):
    upstream.enqueue(reply(body, Content_Type=kind), reply(body, Content_Type=kind))
    for run in (lambda: complete(endpoint(), ask()), lambda: list(stream(endpoint(), ask()))):
        caught = failure(run)
        assert type(caught) is errors.InvalidResponse
        assert caught.billed == "maybe"
    assert len(upstream.received) == 2


def test_a_redirect_is_not_followed_so_that_the_key_stays_here(upstream, endpoint, ask):
    elsewhere = upstream.base_url.replace("/v1", "/v2")
    upstream.enqueue(reply(b"", 307, Location=elsewhere))
    caught = failure(lambda: complete(endpoint(), ask()))
    assert type(caught) is errors.ProviderError
    assert "redirect" in caught.message
    assert len(upstream.received) == 1


def test_an_error_status_counts_although_its_body_hangs(upstream, endpoint, ask):
    upstream.enqueue([head(503, Content_Length="50"), HANG], json_reply(completion("Here.")))
    assert complete(endpoint(idle=1), ask()).text == "Here."


@pytest.mark.parametrize("status", [201, 204, 103])
def test_an_odd_good_status_without_an_answer_may_have_been_billed(upstream, endpoint, ask, status):
    upstream.enqueue(reply(b"", status))
    caught = failure(lambda: complete(endpoint(), ask()))
    assert type(caught) is errors.InvalidResponse
    assert caught.billed == "maybe"


def test_an_answer_cut_off_by_the_limit_says_to_raise_it_with_the_number(upstream, endpoint, ask):
    upstream.enqueue(json_reply(completion('{"title": "A bri', "length")))
    caught = failure(lambda: complete(endpoint(), ask()))
    assert type(caught) is errors.CutOff
    assert "321" in caught.message
    assert "Max Tokens" in caught.message
    assert caught.partial_text == '{"title": "A bri'
    assert caught.usage.output_tokens == 187
    assert caught.billed == "yes"


def test_a_stream_cut_off_by_the_limit_says_the_same_after_its_text(upstream, endpoint, ask):
    upstream.enqueue(stream_reply(delta("A bri"), delta("", "length", usage=USAGE), DONE))
    pieces = stream(endpoint(), ask())
    assert next(pieces) == "A bri"
    caught = failure(lambda: next(pieces))
    assert "321" in caught.message
    assert caught.partial_text == "A bri"


@pytest.mark.parametrize(
    ("message", "finish", "error", "words"),
    [
        ({"content": ""}, "stop", errors.InvalidResponse, "empty"),
        ({"content": " \n"}, "stop", errors.InvalidResponse, "empty"),
        ({"content": None, "reasoning": "Hm"}, "stop", errors.InvalidResponse, "thought"),
        ({"content": "", "reasoning_content": "Hm"}, "stop", errors.InvalidResponse, "thought"),
        ({"content": None, "refusal": "I will not"}, "stop", errors.ContentBlocked, "refused"),
        ({"content": "Some"}, "content_filter", errors.ContentBlocked, "refused"),
        ({}, "tool_calls", errors.InvalidResponse, "empty"),
    ],
)
def test_an_answer_without_a_usable_text_is_an_error_streamed_or_not(
    upstream, endpoint, ask, message, finish, error, words
):
    choice = {"finish_reason": finish, "message": message, "delta": message}
    document = completion(choices=[choice])
    upstream.enqueue(json_reply(document), stream_reply(event(document), DONE))
    for run in (lambda: complete(endpoint(), ask()), lambda: list(stream(endpoint(), ask()))):
        caught = failure(run)
        assert type(caught) is error
        assert words in caught.message
        assert caught.billed == "yes"
        assert caught.usage.input_tokens == 687


def test_no_tokens_and_a_blank_finish_reason_are_not_billed(upstream, endpoint, ask):
    usage = {"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9}
    upstream.enqueue(json_reply(completion("", None, usage=usage)))
    assert failure(lambda: complete(endpoint(), ask())).billed == "no"


def test_an_error_survives_pickling_with_all_that_it_knows():
    error = errors.InsufficientCredits("No credit.", status=402, affordable_tokens=7)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes.
    assert type(again) is errors.InsufficientCredits
    assert (str(again), again.affordable_tokens, again.code) == (
        "No credit.",
        7,
        "insufficient_credits",
    )


def test_the_provider_s_words_are_one_short_line_without_the_key(upstream, endpoint, ask):
    message = f"Bad\n\n\x00 key {KEY} or sk-proj-abcdefgh12345678 " + "blah " * 500
    upstream.enqueue(json_reply(error_body(400, message), 400))
    caught = failure(lambda: complete(endpoint(), ask()))
    assert caught.detail.startswith("Bad key [key] or [key] blah")
    assert len(caught.detail) <= 300
    assert len(caught.message) <= 300
