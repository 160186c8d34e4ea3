"""Bodies in chunks: cut anywhere, broken, and what becomes of their connection."""

import http.client
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import ProtocolError

from pwb.llm import client
from pwb.llm.bodies import LONGEST_LINE, ChunkDecoder
from pwb.llm.errors import ProviderError
from tests.llm.upstream import CLOSE, DONE, Upstream, chunk, delta, stream_head, stream_reply

CODED = (
    b"5;name=value\r\nhello\r\n1F\r\n" + b"\r\n" * 15 + b"x\r\n2\nhi\r\n0\r\nX-Trailer: 1\r\n\r\n"
)
PLAIN = b"hello" + b"\r\n" * 15 + b"xhi"


def decoded(*pieces: bytes) -> tuple[bytes, bool]:
    decoder = ChunkDecoder()
    return b"".join(decoder.feed(piece) for piece in pieces), decoder.done


@pytest.mark.parametrize("cut", range(len(CODED) + 1))
def test_a_body_reads_the_same_wherever_it_is_cut(cut):
    assert decoded(CODED[:cut], CODED[cut:]) == (PLAIN, True)


def test_a_body_reads_the_same_byte_by_byte():
    assert decoded(*(CODED[i : i + 1] for i in range(len(CODED)))) == (PLAIN, True)


def test_a_body_is_not_done_before_its_end_mark():
    assert decoded(CODED[: CODED.index(b"0\r\nX")]) == (PLAIN, False)


@pytest.mark.parametrize(
    "broken",
    [b"hello\r\n", b"-1\r\n", b"0x5\r\nhello", b"\r\n", b"2\r\nhello\r\n", b"1" * 20 + b"\r\n"],
)
def test_what_is_no_chunk_is_refused(broken):
    with pytest.raises(ProtocolError):
        decoded(broken)


def test_an_endless_line_is_refused_and_not_kept():
    with pytest.raises(ProtocolError, match="too long"):
        decoded(*[b"1"] * (LONGEST_LINE + 2))


class _Wire:
    """A socket that `http.client` can read from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


@given(st.lists(st.binary(min_size=1, max_size=40)), st.integers(min_value=1, max_value=50))
def test_it_agrees_with_the_standard_library(payloads, size):
    coded = b"".join(map(chunk, payloads)) + chunk(b"")
    response = http.client.HTTPResponse(_Wire(stream_head() + coded))
    response.begin()
    pieces = (coded[i : i + size] for i in range(0, len(coded), size))
    assert decoded(*pieces) == (response.read(), True)


def read(endpoint, request) -> str:
    with client.stream(endpoint, request) as pieces:
        return "".join(pieces)


END = chunk(b"")


@pytest.mark.parametrize(
    "steps",
    [
        [chunk(DONE) + END],
        [chunk(DONE), END],
        [chunk(DONE), 0.005, END],
        [chunk(DONE)[:-2], 0.005, b"\r\n" + END],
        [chunk(DONE) + END[:3], 0.005, END[3:]],
    ],
    ids=["with it", "after it", "late", "after a late line end", "in two parts"],
)
def test_wherever_the_end_mark_comes_the_next_answer_is_right(upstream, endpoint, ask, steps):
    head = stream_head() + chunk(delta("One.")) + chunk(delta("", "stop"))
    upstream.enqueue([head, *steps], stream_reply(delta("Two."), DONE))
    assert read(endpoint(), ask()) == "One."
    assert read(endpoint(), ask()) == "Two."
    assert upstream.connections in {1, 2}


def test_a_connection_is_used_again_after_a_stream(upstream, endpoint, ask):
    upstream.default = lambda _: stream_reply(delta("Text."), delta("", "stop"), DONE)
    for _ in range(5):
        assert read(endpoint(), ask()) == "Text."
    assert upstream.connections == 1


def test_a_stream_on_a_connection_that_is_not_kept_is_read_whole(upstream, endpoint, ask):
    body = chunk(delta("Te")) + chunk(delta("xt.")) + chunk(delta("", "stop")) + chunk(DONE)
    upstream.enqueue([stream_head(Connection="close") + body + END, CLOSE])
    assert read(endpoint(), ask()) == "Text."


def test_what_follows_the_end_mark_never_reaches_the_next_answer(upstream, endpoint, ask):
    surplus = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    upstream.enqueue(
        [stream_head() + chunk(delta("One.", "stop")) + chunk(DONE) + END + surplus],
        stream_reply(delta("Two.", "stop"), DONE),
    )
    assert read(endpoint(), ask()) == "One."
    assert read(endpoint(), ask()) == "Two."


def test_a_broken_chunk_in_the_middle_is_a_lost_connection(upstream: Upstream, endpoint, ask):
    upstream.enqueue([stream_head() + chunk(delta("Half")) + b"nonsense\r\n"])
    with pytest.raises(ProviderError, match="lost before the answer was complete") as raised:
        read(endpoint(), ask())
    assert raised.value.billed == "maybe"
    assert raised.value.partial_text in {"", "Half"}


def test_the_socket_waits_its_usual_time_again_after_a_pause(upstream, endpoint, ask):
    pieces = [step for _ in range(4) for step in (0.6, delta("a"))]
    upstream.enqueue(stream_reply(*pieces, delta("", "stop"), DONE))
    with client.stream(endpoint(idle=2), ask(), tick=0.1) as stream:
        got = list(stream)
    assert "".join(got) == "aaaa"
    assert got.count("") >= 4
