"""The decoder of server-sent events, from bytes cut anywhere."""

import pytest

from pwb.llm.errors import InvalidResponse
from pwb.llm.sse import Event, SSEDecoder

TRICKY = (
    "\ufeff: OPENROUTER PROCESSING\r\n\r\n"
    "data: Wohnung in Köln\u2028am Rhein 🏡\r\n\r\n"
    "event: note\rdata:first\rdata: second\r\r"
    "id: 7\nretry: 10\nnonsense\ndata\n\n"
    "event: alone\n\n"
    "data:  two spaces\n\n"
    "data: [DONE]\n\n"
).encode()
EXPECTED = [
    Event("", "Wohnung in Köln\u2028am Rhein 🏡".encode()),
    Event("note", b"first\nsecond"),
    Event("", b""),
    Event("", b" two spaces"),
    Event("", b"[DONE]"),
]


def decode(*chunks: bytes, limit: int = 1 << 20) -> list[Event]:
    decoder = SSEDecoder(limit)
    return [event for part in chunks for event in decoder.feed(part)] + decoder.finish()


def test_every_kind_of_line_is_read_as_the_standard_says():
    assert decode(TRICKY) == EXPECTED


def test_a_cut_at_any_byte_changes_nothing():
    for cut in range(len(TRICKY) + 1):
        assert decode(TRICKY[:cut], TRICKY[cut:]) == EXPECTED, cut


def test_two_cuts_anywhere_change_nothing():
    for first in range(0, len(TRICKY), 3):
        for second in range(first, len(TRICKY), 5):
            parts = TRICKY[:first], TRICKY[first:second], TRICKY[second:]
            assert decode(*parts) == EXPECTED, (first, second)


def test_single_bytes_with_empty_reads_between_change_nothing():
    parts = [part for byte in TRICKY for part in (bytes([byte]), b"")]
    assert decode(*parts) == EXPECTED


def test_an_event_comes_out_with_its_last_byte_even_when_that_is_a_carriage_return():
    decoder = SSEDecoder()
    assert decoder.feed(b"data: now\r\n\r") == [Event("", b"now")]
    assert decoder.feed(b"\ndata: next\r\n\r\n") == [Event("", b"next")]


def test_an_event_without_its_blank_line_comes_out_at_the_end():
    assert decode(b"data: [DONE]") == [Event("", b"[DONE]")]
    assert decode(b"data: [DONE]\n") == [Event("", b"[DONE]")]


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: " + b"x" * 200],
        [b"data: " + b"x" * 50 + b"\n"] * 4,
        [b"x"] * 200,
        [b"data\n" * 200],
        [b": " + b"x" * 200],
    ],
    ids=["long line", "many lines", "bytes without end", "empty lines", "long comment"],
)
def test_an_event_larger_than_the_limit_is_one_clear_error(chunks):
    with pytest.raises(InvalidResponse, match="larger than 100 bytes"):
        decode(*chunks, limit=100)


def test_half_a_million_single_bytes_make_one_event():
    """A quadratic decoder would not come to an end here."""
    decoder = SSEDecoder(1 << 22)
    for _ in range(6):
        decoder.feed(b"data: "[_ : _ + 1])
    for _ in range(500_000):
        assert decoder.feed(b"x") == []
    assert decoder.feed(b"\n\n") == [Event("", b"x" * 500_000)]
