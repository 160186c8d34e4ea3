"""Every fault of the table shows what its row says."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
import requests

from pwb.simulator import faults
from pwb.simulator.testing import RunningSimulator, running_simulator
from tests.simulator.conftest import KEY, Caller, bearer, data_events, document, messages
from tests.waiting import PATIENCE, SOON

REFUSALS = [fault for fault in faults.FAULTS.values() if fault.refuses]
SHAPE = ("fenced-json", "wrapped-json", "broken-json", "not-json")


def content_of(answer: requests.Response) -> str:
    text: str = answer.json()["choices"][0]["message"]["content"]
    return text


def test_the_module_documents_every_fault() -> None:
    named = set(re.findall(r"``([a-z0-9-]+)``", faults.__doc__ or ""))
    assert set(faults.FAULTS) <= named


def test_faults_are_listed(simulator: RunningSimulator) -> None:
    rows = requests.get(f"{simulator.url}/faults", timeout=PATIENCE).json()["data"]
    assert {row["name"] for row in rows} == set(faults.FAULTS)
    assert all(row["summary"] for row in rows)


@pytest.mark.parametrize("fault", REFUSALS, ids=lambda fault: fault.name)
def test_a_refusal_has_its_status_message_and_type(caller: Caller, fault: faults.Fault) -> None:
    answer = caller.chat(model=f"acme/fault-{fault.name}", stream=True)
    error = answer.json()["error"]
    assert answer.status_code == error["code"] == fault.status
    assert error["message"] == fault.message
    kind = error.get("error_type") or error.get("metadata", {}).get("error_type")
    assert kind == fault.error_type
    expected = None if fault.retry_after is None else str(fault.retry_after)
    assert answer.headers.get("Retry-After") == expected


def test_a_fault_can_be_asked_for_in_three_ways(
    caller: Caller, simulator: RunningSimulator
) -> None:
    simulator.enqueue("503", times=2)
    asked = [
        caller.chat(fault="401"),
        caller.chat(),
        caller.chat(),
        caller.chat(model="x/fault-429"),
    ]
    assert [answer.status_code for answer in asked] == [401, 503, 503, 429]
    assert caller.chat().status_code == 200


def test_an_unknown_fault_is_named(caller: Caller, simulator: RunningSimulator) -> None:
    assert "no-fault" in caller.chat(fault="no-fault").json()["error"]["message"]
    with pytest.raises(KeyError):
        simulator.enqueue("no-fault")


@pytest.mark.parametrize("path", ["/key", "/models", "/generation"])
def test_other_paths_can_fail_too(caller: Caller, simulator: RunningSimulator, path: str) -> None:
    simulator.enqueue("500", path=path)
    simulator.enqueue("html", path=path)
    assert caller.get(path).status_code == 500
    assert caller.get(path).headers["Content-Type"].startswith("text/html")


def test_the_daily_cap_tells_when_it_ends_in_epoch_milliseconds(caller: Caller) -> None:
    answer = caller.chat(fault="429-daily")
    reset = int(answer.headers["X-RateLimit-Reset"])
    assert 0 < reset / 1000 - time.time() <= 86400 * 1.01
    assert "free-models-per-day" in answer.json()["error"]["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_may_come_inside_http_200(caller: Caller, stream: bool) -> None:
    whole = caller.chat(fault="error-in-200", stream=stream)
    assert whole.status_code == 200
    assert whole.json()["error"]["code"] == 502
    choice = caller.chat(fault="choices-error", stream=stream).json()["choices"][0]
    assert choice["error"]["code"] == 502
    assert choice["finish_reason"] == "error"


@pytest.mark.parametrize(
    ("fault", "usage"), [("stream-error-midway", False), ("stream-error-midway-usage", True)]
)
def test_a_stream_may_break_with_an_error_event(caller: Caller, fault: str, usage: bool) -> None:
    last = data_events(caller.chat(fault=fault, stream=True).content)[-1]
    assert last["error"]["metadata"]["error_type"] == "provider_unavailable"
    assert last["choices"][0]["finish_reason"] == "error"
    assert ("usage" in last) is usage


@pytest.mark.parametrize("stream", [False, True])
def test_a_connection_may_close_in_mid_answer(caller: Caller, stream: bool) -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        caller.chat(fault="stream-cut", stream=stream)


def test_a_stream_may_end_without_its_mark(caller: Caller) -> None:
    body = caller.chat(fault="stream-no-done", stream=True).content
    assert b"[DONE]" not in body
    assert "usage" in data_events(body)[-1]


def test_an_answer_may_be_empty_or_only_reasoning(caller: Caller) -> None:
    assert content_of(caller.chat(fault="empty")) == ""
    reply = caller.chat(fault="reasoning-only").json()
    message = reply["choices"][0]["message"]
    assert (message["content"], bool(message["reasoning"])) == ("", True)


@pytest.mark.parametrize(
    ("fault", "reason"), [("length", "length"), ("content-filter", "content_filter")]
)
def test_an_answer_may_be_cut(caller: Caller, fault: str, reason: str) -> None:
    reply = caller.chat(fault=fault).json()
    assert reply["choices"][0]["finish_reason"] == reason
    with pytest.raises(ValueError, match=r"."):
        json.loads(reply["choices"][0]["message"]["content"])


def test_usage_may_be_missing(caller: Caller) -> None:
    assert "usage" not in caller.chat(fault="no-usage").json()
    events = data_events(caller.chat(fault="no-usage", stream=True).content)
    assert not any("usage" in event for event in events)


def test_json_may_come_in_a_shape_that_needs_care(caller: Caller) -> None:
    texts = {name: content_of(caller.chat(fault=name)) for name in SHAPE}
    assert "```json" in texts["fenced-json"]
    assert set(json.loads(texts["wrapped-json"])) == {"result"}
    assert texts["broken-json"].endswith(",")
    assert "{" not in texts["not-json"]


@pytest.mark.parametrize("task", ["listing_description", "social_posts"])
def test_a_text_may_say_what_it_should_not(caller: Caller, task: str) -> None:
    asked = messages(document(task=task, platforms=["facebook"]))
    assert "Perfect for young families." in content_of(
        caller.chat(fault="violation", messages=asked)
    )
    assert "swimming pool" in content_of(caller.chat(fault="extra-claims", messages=asked))


def test_a_pool_is_invented_in_the_language_of_the_text(caller: Caller) -> None:
    asked = messages(document(locale="de"))
    assert "beheizter Pool" in content_of(caller.chat(fault="extra-claims", messages=asked))


@pytest.mark.parametrize(("fault", "status"), [("html", 502), ("html-200", 200)])
def test_a_proxy_may_answer_with_a_page(caller: Caller, fault: str, status: int) -> None:
    answer = caller.chat(fault=fault)
    assert answer.status_code == status
    assert answer.text.startswith("<html>")


@pytest.mark.parametrize("fault", ["hang", "hang-midway"])
def test_a_server_may_fall_silent(caller: Caller, fault: str) -> None:
    with pytest.raises((requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError)):
        caller.chat(fault=fault, stream=True, timeout=0.3)


def test_headers_may_come_byte_by_byte(simulator: RunningSimulator) -> None:
    simulator.settings.drip_delay = 0.01
    received = _raw_bytes(simulator, "slow-headers", lambda got: got.count(b"a") > 5)
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in received


def test_a_body_may_come_byte_by_byte(simulator: RunningSimulator) -> None:
    simulator.settings.drip_delay = 0.01
    assert _raw_bytes(simulator, "drip", lambda got: got.count(b"\r\n1\r\n") > 5)


def test_a_line_may_have_no_end(simulator: RunningSimulator, caller: Caller) -> None:
    url = f"{simulator.base_url}/chat/completions"
    headers = bearer(KEY) | {"X-Simulate-Fault": "flood"}
    body = {"model": "openai/gpt-4o", "messages": messages(document()), "stream": True}
    with caller.session.post(
        url, json=body, headers=headers, stream=True, timeout=PATIENCE
    ) as answer:
        received = b"".join(islice(answer.iter_content(1 << 16), 20))
    assert len(received) > 1 << 20
    assert b"\n" not in received


def test_a_simulator_stops_at_once_whatever_hangs() -> None:
    with running_simulator() as simulator, requests.Session() as session:
        url = f"{simulator.base_url}/chat/completions"
        body = {"model": "x/fault-hang-midway", "messages": messages(document()), "stream": True}
        answer = session.post(url, json=body, headers=bearer(KEY), stream=True, timeout=PATIENCE)
        assert answer.raw.readline()
        ended = time.monotonic()
    assert time.monotonic() - ended < SOON


def _raw_bytes(
    simulator: RunningSimulator, fault: str, is_enough: Callable[[bytes], bool]
) -> bytes:
    """What comes over the socket until it is enough."""
    host, port = simulator.url.removeprefix("http://").split(":")
    body = json.dumps(
        {"model": f"x/fault-{fault}", "messages": messages(document()), "stream": True}
    )
    head: dict[str, Any] = {"Host": host, "Content-Length": len(body), **bearer(KEY)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    start = "POST /api/v1/chat/completions HTTP/1.1\r\nContent-Type: application/json\r\n"
    received = b""
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(f"{start}{lines}\r\n{body}".encode())
        while not is_enough(received):
            more = connection.recv(4096)
            assert more, received
            received += more
    return received
