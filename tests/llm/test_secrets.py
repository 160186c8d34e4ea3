"""The key goes to the provider and nowhere else; each call carries its own."""

import copy
import logging
import pickle
import threading
import traceback
from dataclasses import replace

import pytest

from pwb.llm.calls import Call
from pwb.llm.client import check_key, complete, stream, try_connection
from pwb.llm.errors import LLMError
from pwb.llm.types import Endpoint, Limits
from tests.llm.conftest import KEY
from tests.llm.upstream import (
    CLOSE,
    DONE,
    HANG,
    RESET,
    completion,
    delta,
    error_body,
    event,
    head,
    json_reply,
    reply,
    stream_reply,
)
from tests.waiting import START

ECHO = f"Incorrect API key provided: {KEY}."
REPLIES = {
    "rejected": json_reply(error_body(401, ECHO), 401),
    "bad request": json_reply(error_body(400, ECHO, raw=ECHO, reasons=[KEY]), 400),
    "blocked": json_reply(error_body(403, ECHO, reasons=[KEY]), 403),
    "in the answer": json_reply({"error": ECHO}),
    "in the stream": stream_reply(event(error_body(502, ECHO))),
    "as a refusal": json_reply(completion(None, choices=[{"message": {"refusal": ECHO}}])),
    "as a web page": reply(ECHO.encode(), 502, Content_Type="text/html"),
    "as a header": reply(b"", 307, Location=f"http://evil.example/{KEY}"),
    "lost": [CLOSE],
    "reset": [RESET],
    "half an answer": [head(200, Content_Length="99"), CLOSE],
    "hung": [HANG],
    "flood": [b"X" * 70_000],
}


def everything_about(error: BaseException) -> str:
    """All that a log, a page or an error tracker could make of an exception."""
    seen: list[str] = [*traceback.format_exception(error)]
    link: BaseException | None = error
    while link is not None:
        seen += [repr(link), str(vars(link)), repr(link.args)]
        request = getattr(link, "request", None)
        seen.append(str(getattr(request, "headers", "")))
        link = link.__context__ or link.__cause__
    return "\n".join(seen) + repr(pickle.dumps(error))


@pytest.mark.parametrize("name", REPLIES)
def test_no_failure_tells_the_key(upstream, endpoint, ask, caplog, name):
    caplog.set_level(logging.DEBUG)
    at = endpoint(total=0.3, max_attempts=2)
    for run in (
        lambda: complete(at, ask()),
        lambda: list(stream(at, ask())),
        lambda: check_key(at),
    ):
        upstream.enqueue(REPLIES[name], REPLIES[name])
        upstream.default = lambda _: REPLIES[name]
        with pytest.raises(LLMError) as caught:
            run()
        assert KEY not in everything_about(caught.value)
        assert caught.value.__context__ is None
    assert KEY not in caplog.text
    assert all(request.headers["authorization"] == f"Bearer {KEY}" for request in upstream.received)


def test_a_key_handed_back_in_a_good_answer_is_not_passed_on(upstream, endpoint, ask):
    upstream.enqueue(json_reply(completion(f"A flat, {KEY}.", model=KEY, provider=f"for {KEY}")))
    done = complete(endpoint(), ask())
    assert (done.text, done.model, done.upstream_provider) == (
        "A flat, [key].",
        "[key]",
        "for [key]",
    )
    upstream.enqueue(stream_reply(delta(KEY), delta(KEY[:9]), delta(KEY[9:], "stop"), DONE))
    pieces = stream(endpoint(), ask())
    assert next(pieces) == "[key]"
    assert list(pieces) and pieces.completion.text == "[key][key]"


def test_no_connection_tells_no_key_either(ask, caplog):
    caplog.set_level(logging.DEBUG)
    for base_url in ("http://127.0.0.1:1", "https://127.0.0.1:1", "http://no-such-host.invalid"):
        at = Endpoint(base_url=base_url, api_key=KEY, limits=Limits(max_attempts=1))
        with pytest.raises(LLMError) as caught:
            try_connection(at)
        assert KEY not in everything_about(caught.value)
    assert KEY not in caplog.text


@pytest.mark.parametrize("key", [f"{KEY}\n", f"{KEY}é", f" {KEY}"])
def test_a_malformed_key_is_not_told_either(endpoint, ask, key):
    with pytest.raises(LLMError) as caught:
        complete(endpoint(api_key=key), ask())
    assert KEY not in everything_about(caught.value)


def test_an_endpoint_shows_no_key_and_cannot_be_written_down(endpoint):
    at = endpoint()
    assert KEY not in f"{at!r} {at}"
    for write_down in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            write_down(at)


def test_nothing_of_a_call_outlives_it_in_the_connection_pool(upstream, endpoint, ask):
    upstream.enqueue(json_reply(completion(), Set_Cookie="session=abc; Path=/"))
    upstream.default = lambda _: json_reply(completion())
    complete(endpoint(), ask())
    complete(endpoint("openai_compatible", api_key=""), ask())
    second = upstream.received[1]
    assert second.connection == 1
    assert not {"authorization", "cookie"} & set(second.headers)


def test_an_ambient_netrc_does_not_change_who_is_asking(
    upstream, endpoint, ask, monkeypatch, tmp_path
):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    upstream.default = lambda _: json_reply(completion())
    complete(endpoint("openai_compatible", api_key=""), ask())
    assert "authorization" not in upstream.received[0].headers


def test_an_ambient_proxy_does_not_see_what_is_meant_for_this_machine(
    upstream, endpoint, ask, monkeypatch
):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    upstream.default = lambda _: json_reply(completion())
    complete(endpoint(), ask())
    assert upstream.received[0].path == "/api/v1/chat/completions"


def test_an_ambient_proxy_is_used_for_everything_else(upstream, ask, monkeypatch):
    proxy = upstream.base_url.removesuffix("/api/v1")
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    upstream.enqueue(json_reply(completion("Through the proxy.")), [HANG])
    at = Endpoint(base_url="http://far.example/v1", api_key=KEY)
    assert complete(at, ask()).text == "Through the proxy."
    assert upstream.received[0].path == "http://far.example/v1/chat/completions"
    with pytest.raises(LLMError):
        complete(replace(at, limits=Limits(total=0.4)), ask())


def test_a_hundred_calls_at_once_each_carry_their_own_key(upstream, ask):
    def answer(request):
        # Its end only: a key that came back whole would be hidden.
        mine = request.headers["authorization"].removeprefix("Bearer sk-or-v1-")
        if request.json["stream"]:
            return [0.2, *stream_reply(delta(mine), delta("", "stop"), DONE)]
        return [0.2, *json_reply(completion(mine))]

    upstream.default = answer
    wrong: list[str] = []

    def call(number: int) -> None:
        key = f"sk-or-v1-website-{number}"
        at = Endpoint(base_url=upstream.base_url, api_key=key, limits=Limits(total=START))
        for _ in range(2):
            text = (
                complete(at, ask()).text if number % 2 else "".join(stream(at, ask(), call=Call()))
            )
            if text != f"website-{number}":
                wrong.append(text)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(START)
    assert wrong == []
    assert len(upstream.received) == 200
    assert upstream.connections <= 100
