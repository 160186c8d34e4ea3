"""The wire client beside the `openai` and `openrouter` packages, in one run.

All three talk to one upstream on this machine: a process of its own that answers at once and
keeps connections open. They take turns (A B C A B C), so that what else the machine does hits
all of them, and medians are compared. Aims: a call of ours is not slower than either package's,
and a stream of ours takes at most a third of either's processor time.
"""

from __future__ import annotations

import gc
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median
from typing import Any

MODEL = "anthropic/claude-sonnet-4.5"
KEY = "sk-or-v1-benchmark-0123456789"
HEARTBEAT_SECONDS = 15.0  # As the portal asks for it: a sign of life between the pieces.
WARM_UP, CALLS, STREAMS, IMPORTS = 30, 300, 9, 9
EVENTS_A_STREAM = 1000
PACE_SECONDS = 0.0003
LEAST_GAIN = 3.0

WORDS = "Bright apartment near the sea with two terraces, a heated pool and room for guests. "
TEXT = (WORDS * 50)[: EVENTS_A_STREAM * 4]
PIECES = [TEXT[i : i + 4] for i in range(0, len(TEXT), 4)]
SCHEMA = {
    "type": "object",
    "properties": {
        name: {"type": "string"} for name in ("title", "description", "meta_description")
    },
    "required": ["title", "description", "meta_description"],
    "additionalProperties": False,
}
MESSAGES = [
    {"role": "system", "content": "You write descriptions of properties. " * 40},
    {"role": "user", "content": json.dumps({"task": "listing_description", "facts": "x" * 600})},
]
USAGE = {
    "prompt_tokens": 687,
    "completion_tokens": 1000,
    "total_tokens": 1687,
    "cost": 0.01706100,
    "is_byok": False,
    "prompt_tokens_details": {"cached_tokens": 0},
    "cost_details": {"upstream_inference_cost": None},
    "completion_tokens_details": {"reasoning_tokens": 0},
}
ABOUT = {"id": "gen-1762064096-benchmark00000000", "provider": "Anthropic", "model": MODEL}


# -- The upstream --


def serve() -> None:
    """Print the port, then answer until the process is ended."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    whole, burst, paced = _whole_reply(), b"".join(_stream_reply()), list(_stream_reply())
    with connection, connection.makefile("rb") as reader:
        while (request := _read_request(reader)) is not None:
            path, body = request
            if b'"stream":true' not in body.replace(b" ", b""):
                connection.sendall(whole)
            elif b"/paced/" in path:
                _send_paced(connection, paced)
            else:
                connection.sendall(burst)


def _send_paced(connection: socket.socket, parts: list[bytes]) -> None:
    for part in parts:
        connection.sendall(part)
        time.sleep(PACE_SECONDS)


def _read_request(reader: Any) -> tuple[bytes, bytes] | None:
    first, length = reader.readline().split(), 0
    while line := reader.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return (first[1], reader.read(length)) if len(first) == 3 else None


def _whole_reply() -> bytes:
    message = {"role": "assistant", "content": TEXT[:1200], "refusal": None, "reasoning": None}
    choice = {"index": 0, "finish_reason": "stop", "native_finish_reason": "end_turn"}
    choice |= {"logprobs": None, "message": message}
    about = ABOUT | {"object": "chat.completion", "created": 1762064097}
    document = about | {"choices": [choice], "system_fingerprint": None}
    body = json.dumps(document | {"usage": USAGE}).encode()
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _stream_reply() -> Iterator[bytes]:
    """The head, then a chunk an event, in the form and size of OpenRouter's own."""
    yield (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    yield _chunk(b": OPENROUTER PROCESSING\n\n") * 3
    for piece in PIECES:
        yield _chunk(_event(piece, None))
    yield _chunk(_event("", "stop"))
    yield _chunk(_event("", None, usage=USAGE))
    yield _chunk(b"data: [DONE]\n\n") + _chunk(b"")


def _event(text: str, finish: str | None, **extra: Any) -> bytes:
    choice: dict[str, Any] = {"index": 0, "delta": {"role": "assistant", "content": text}}
    choice |= {"finish_reason": finish, "native_finish_reason": finish, "logprobs": None}
    about = ABOUT | {"object": "chat.completion.chunk", "created": 1762064097}
    document = json.dumps(about | {"choices": [choice]} | extra, separators=(",", ":"))
    return f"data: {document}\n\n".encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@contextmanager
def upstream() -> Iterator[str]:
    """The address of a running upstream."""
    command = [sys.executable, __file__, "upstream"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


# -- The contenders --


@dataclass(frozen=True)
class Contender:
    """One client: how to call, how to stream, and what a program must import to be ready."""

    name: str
    call: Callable[[], str]
    stream: Callable[[str], str]
    ready: str


def ours(base: str) -> Contender:
    """The portal's own client, used as the portal does."""
    from pwb.llm import client
    from pwb.llm.types import CompletionRequest, Endpoint, Message, OutputSchema

    messages = tuple(Message(m["role"], m["content"]) for m in MESSAGES)
    order = CompletionRequest(
        MODEL, messages, 4096, OutputSchema("listing_description", SCHEMA), user="someone"
    )

    def at(path: str) -> Endpoint:
        return Endpoint("open_router", base + path, KEY)

    def stream(path: str) -> str:
        with client.stream(at(path), order, tick=HEARTBEAT_SECONDS) as pieces:
            return "".join(pieces)

    return Contender(
        "pwb.llm.client",
        lambda: client.complete(at("/burst/v1"), order).text,
        stream,
        "from pwb.llm import client, registry; registry.all_providers()",
    )


def openai_package(base: str) -> Contender:
    """The `openai` package, aimed at the same address."""
    from openai import OpenAI

    order = _order() | {"model": MODEL}
    clients = {p: OpenAI(base_url=base + p, api_key=KEY) for p in ("/burst/v1", "/paced/v1")}

    def call() -> str:
        answer = clients["/burst/v1"].chat.completions.create(**order)
        return answer.choices[0].message.content

    def stream(path: str) -> str:
        events = clients[path].chat.completions.create(**order, stream=True)
        return "".join(e.choices[0].delta.content or "" for e in events if e.choices)

    ready = "from openai import OpenAI; OpenAI(api_key='k').chat.completions.create"
    return Contender(f"openai {version('openai')}", call, stream, ready)


def openrouter_package(base: str) -> Contender:
    """The `openrouter` package, aimed at the same address."""
    from openrouter import OpenRouter

    order = _order() | {"model": MODEL}
    clients = {p: OpenRouter(server_url=base + p, api_key=KEY) for p in ("/burst/v1", "/paced/v1")}

    def call() -> str:
        return clients["/burst/v1"].chat.send(**order).choices[0].message.content

    def stream(path: str) -> str:
        with clients[path].chat.send(**order, stream=True) as events:
            return "".join(e.choices[0].delta.content or "" for e in events if e.choices)

    ready = "from openrouter import OpenRouter; OpenRouter(api_key='k').chat.send"
    return Contender(f"openrouter {version('openrouter')}", call, stream, ready)


def _order() -> dict[str, Any]:
    schema = {"name": "listing_description", "strict": True, "schema": SCHEMA}
    return {
        "messages": MESSAGES,
        "max_tokens": 4096,
        "user": "someone",
        "response_format": {"type": "json_schema", "json_schema": schema},
    }


# -- The measuring --


def in_turns(actions: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """The median of each action's figures, taken in turns."""
    figures: list[list[float]] = [[] for _ in actions]
    for number in range(rounds):
        for offset in range(len(actions)):
            # Each begins a round as often as the others.
            which = (number + offset) % len(actions)
            figures[which].append(actions[which]())
    return [median(found) for found in figures]


def seconds_of(action: Callable[[], object]) -> float:
    """Time on the clock."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def cpu_of_stream(contender: Contender, path: str) -> float:
    """Processor time for one chunk of a stream that is read to its end."""
    gc.collect()
    started = time.process_time()
    text = contender.stream(path)
    spent = time.process_time() - started
    assert text == TEXT, f"{contender.name} lost text"
    return spent / EVENTS_A_STREAM


def import_seconds(statement: str) -> float:
    """A fresh interpreter that gets ready for its first call, and nothing else."""
    return seconds_of(lambda: subprocess.run([sys.executable, "-c", statement], check=True))


def measure(contenders: list[Contender]) -> list[tuple[str, str, float, list[float]]]:
    """Rows of the table: what, in which unit, the least ratio that is aimed at, the medians."""
    for contender in contenders:
        for _ in range(WARM_UP):
            assert contender.call() == TEXT[:1200], f"{contender.name} lost text"
        cpu_of_stream(contender, "/burst/v1")
    calls = in_turns([lambda c=c: seconds_of(c.call) for c in contenders], CALLS)
    rows = [("time per call", "ms", 1.0, [s * 1e3 for s in calls])]
    for what, path in (("written bit by bit", "/paced/v1"), ("all at once", "/burst/v1")):
        found = in_turns([lambda c=c, p=path: cpu_of_stream(c, p) for c in contenders], STREAMS)
        rows.append((f"CPU per chunk, {what}", "µs", LEAST_GAIN, [s * 1e6 for s in found]))
    imports = [lambda c=c: import_seconds(c.ready) for c in contenders]
    in_turns(imports, 1)
    found = in_turns(imports, IMPORTS)
    return [*rows, ("import, until ready to call", "ms", 0.0, [s * 1e3 for s in found])]


def report(names: list[str], rows: list[tuple[str, str, float, list[float]]]) -> bool:
    """Print the table; whether every aim is met."""
    others = names[1:]
    print(f"{'medians':<38}{''.join(f'{n:>18}' for n in names)}", end="")
    print("".join(f"{f'{n.split()[0]} / ours':>20}" for n in others) + f"{'aim':>8}")
    met = True
    for what, unit, aim, figures in rows:
        ratios = [figure / figures[0] for figure in figures[1:]]
        met = met and min(ratios) >= aim
        print(f"{what + ', ' + unit:<38}{''.join(f'{f:>18.2f}' for f in figures)}", end="")
        aimed = f"≥ {aim:g}×" if aim else "–"
        print("".join(f"{f'{r:.2f}×':>20}" for r in ratios) + f"{aimed:>8}")
    return met


def main() -> int:
    with upstream() as base:
        contenders = [make(base) for make in (ours, openai_package, openrouter_package)]
        rows = measure(contenders)
    return 0 if report([contender.name for contender in contenders], rows) else 1


if __name__ == "__main__":
    sys.exit(serve() if sys.argv[1:] == ["upstream"] else main())
