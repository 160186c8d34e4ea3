"""Photos in words: alt texts, and what a text owes to its photos."""

from __future__ import annotations

import json

import pytest

from pwb.content.listing import (
    OUTPUT_SCHEMA,
    REFRESH,
    SCHEMA_WITH_PHOTOS,
    ListingBrief,
    ListingFacts,
    ListingText,
    build_messages,
)
from pwb.content.photo_words import (
    ALT_LENGTH,
    NoAltText,
    alt_text_messages,
    parse_alt_text,
    parse_seen,
    seen_spans,
)

FACTS = ListingFacts(reference="REF-1", city="Delft", property_type="house")


@pytest.mark.parametrize(
    "answer",
    [
        '{"alt_text": "A bright kitchen."}',
        '```json\n{"alt_text": "A bright kitchen."}\n```',
        'Here you are: {"result": {"alt_text": " A <b>bright</b>\\nkitchen. "}}',
        '{"alt_text": "A bright kitchen."',
    ],
)
def test_an_alt_text_is_read_however_it_is_wrapped(answer: str) -> None:
    assert parse_alt_text(answer) == "A bright kitchen."


@pytest.mark.parametrize(
    "answer", ["", "A bright kitchen.", "{}", '{"alt_text": ""}', '{"alt_text": 3}', "[" * 5000]
)
def test_an_answer_without_an_alt_text_is_said_to_have_none(answer: str) -> None:
    with pytest.raises(NoAltText):
        parse_alt_text(answer)


def test_a_long_alt_text_is_cut_at_a_word() -> None:
    text = parse_alt_text(json.dumps({"alt_text": "kitchen " * 100}))
    assert len(text) <= ALT_LENGTH
    assert text.rstrip("…").endswith("kitchen")


def test_halves_of_characters_do_not_come_through() -> None:
    assert parse_alt_text('{"alt_text": "a \\ud800 b"}') == "a \ufffd b"
    assert parse_seen('{"seen_in_photos": ["a \\udfff b"]}') == ("a \ufffd b",)


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        ('{"seen_in_photos": ["a stove", " a  stove ", "", "x", 5]}', ("a stove", "x")),
        ('{"seen_in_photos": []}', ()),
        ('{"seen_in_photos": "a stove"}', ()),
        ('{"seen_in_photos": 7}', ()),
        ('{"title": "t"}', ()),
        ("nothing", ()),
        (json.dumps({"seen_in_photos": ["w" * 500, "ok"]}), ("ok",)),
    ],
)
def test_what_was_seen_is_read_as_a_list_of_wordings(answer: str, seen: tuple[str, ...]) -> None:
    assert parse_seen(answer) == seen
    assert len(parse_seen(json.dumps({"seen_in_photos": [str(n) for n in range(99)]}))) == 40


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("There is a Wood Stove.", "wood stove", ["Wood Stove"]),
        ("A wood\nstove and a wood stove", "wood stove", ["wood\nstove", "wood stove"]),
        ("Stoves are warm", "stove", []),
        ("a (big) room", "(big)", ["(big)"]),
        ("有壁炉和阳台", "壁炉", ["壁炉"]),
        ("anything", "  ", []),
    ],
)
def test_a_wording_is_found_where_it_stands(text: str, phrase: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in seen_spans(text, [phrase])] == found


def test_the_prompt_tells_of_photos_only_where_there_are_some() -> None:
    plain_rules, plain_data = build_messages(ListingBrief(FACTS, "en"))
    rules, data = build_messages(ListingBrief(FACTS, "en", photos=3))
    assert "photo" not in plain_rules.content.lower()
    assert "photos" not in json.loads(plain_data.content)
    assert "3 photos of the property" in rules.content
    assert "seen_in_photos" in rules.content
    assert json.loads(data.content)["photos"] == 3


def test_photos_go_along_with_a_new_text_only() -> None:
    text = ListingText("t", "d", "m")
    with pytest.raises(ValueError, match="photos"):
        ListingBrief(FACTS, "en", task=REFRESH, current_text=text, photos=1)


def test_the_schema_asks_for_what_was_seen_only_where_there_are_photos() -> None:
    assert "seen_in_photos" not in OUTPUT_SCHEMA["properties"]
    assert SCHEMA_WITH_PHOTOS["required"] == list(SCHEMA_WITH_PHOTOS["properties"])
    assert SCHEMA_WITH_PHOTOS["required"][:3] == OUTPUT_SCHEMA["required"]


def test_the_order_of_an_alt_text_holds_the_facts_as_data() -> None:
    rules, data = alt_text_messages(FACTS, "nl")
    assert "(nl)" in rules.content and "Delft" not in rules.content
    assert json.loads(data.content)["listing"]["city"] == "Delft"
