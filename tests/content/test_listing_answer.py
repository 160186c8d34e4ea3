"""A listing's text out of whatever a model answers."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwb.content.listing import LIMITS, FieldStream, ListingText, UnreadableText, parse_listing
from pwb.content.parsing import raw_fields

GOOD = {"title": "Villa by the sea", "description": "First.\n\nSecond.", "meta_description": "M."}
NOISE = st.text(st.sampled_from("{}[]\":,\\untdeilsrcpo \n'`<>&;/#*0"), max_size=200)
any_text = st.text(max_size=60)


def objects_of(inner):
    names = st.sampled_from([*GOOD, "listing", "metaDescription", "Headline", "notes"]) | any_text
    return st.dictionaries(names, inner, max_size=5)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | any_text,
    lambda inner: st.lists(inner, max_size=3) | objects_of(inner),
    max_leaves=8,
)


listings = st.fixed_dictionaries(dict.fromkeys(GOOD, any_text))
wrapped = listings | listings.map(lambda listing: {"listing": listing}) | objects_of(values)


def streamed(pieces):
    whole: dict[str, str] = {}
    stream = FieldStream()
    for piece in pieces:
        for field, text in stream.feed(piece):
            whole[field] = whole.get(field, "") + text
    return whole


@pytest.mark.parametrize(
    "wrap",
    [
        "{}",
        "```json\n{}\n```",
        "Of course! Here is {{your}} listing:\n\n{}\n\nShall I shorten it?",
        '{{"listing": {}}}',
        '{{"result": {{"listings": [{}]}}, "done": true}}',
        "\ufeff  {}",
    ],
)
def test_the_text_is_found_whatever_is_around_it(wrap):
    assert parse_listing(wrap.format(json.dumps(GOOD))) == ListingText(**GOOD)


@pytest.mark.parametrize(
    "broken",
    [
        '{"title": "Villa", "description": "First.\n\nSecond.", "meta_description": "M.",}',
        "{'title': 'Villa', 'description': 'First.\\n\\nSecond.', 'meta_description': 'M.'}",
        '{title: "Villa", description: "First.\\n\\nSecond.", meta_description: "M."}',
        '{"title": "Villa" "description": "First.\\n\\nSecond." "meta_description": "M."',
    ],
)
def test_broken_json_is_mended(broken):
    assert parse_listing(broken) == ListingText("Villa", "First.\n\nSecond.", "M.")


def test_unescaped_quotation_marks_do_not_end_the_text():
    answer = '{"title": "The "Old Mill" house", "description": "D.", "meta_description": "M."}'
    assert parse_listing(answer).title == 'The "Old Mill" house'


def test_an_object_sent_as_a_string_is_read():
    assert parse_listing(json.dumps(json.dumps(GOOD))) == ListingText(**GOOD)


@pytest.mark.parametrize(
    "answer",
    [
        *("", "null", "[]", "I cannot help with that.", '{"title": "T"}', '{"description": 5}'),
        *('{"description": " <p> "}', '{"description": ["a"]}', "{", "[" * 100_000),
        '{"a":' * 20_000,
    ],
)
def test_an_answer_without_a_description_is_refused(answer):
    with pytest.raises(UnreadableText):
        parse_listing(answer)


def test_missing_parts_are_noted():
    text = parse_listing('{"description": "A house. It has a garden."}')
    assert text.title == ""
    assert text.meta_description == "A house. It has a garden."
    assert [note.split(":")[0] for note in text.notes] == [
        "The model gave no title.",
        "The model gave no meta description",
    ]


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("<p>One &amp; two.</p><p>Three<br>four</p>", "One & two.\n\nThree\nfour"),
        ("A &lt;b&gt; stays &amp;amp; readable", "A <b> stays &amp; readable"),
        ("Less < more, 3 > 2, I <3 it", "Less < more, 3 > 2, I <3 it"),
        ("a<script>alert(1)</script>b<!-- <b>c</b> -->d", "abd"),
        ('<a href="javascript:x">link</a>', "link"),
        ("**Bold** words\n# Heading\ntext", "Bold words\nHeading\ntext"),
        ("gar\u202eden\x00\x07 \u200bview&#8238;&#0;", "garden view\ufffd"),
        ("one\u2028two\r\nthree\n\n\n\nfour   five\u00a0six", "one\ntwo\nthree\n\nfour five six"),
    ],
)
def test_the_description_is_plain_text(raw, plain):
    assert parse_listing(json.dumps({"description": raw})).description == plain


def test_a_title_is_one_line_without_quotation_marks_around_it():
    answer = json.dumps(GOOD | {"title": "“<b>Villa</b>\nby the sea”"})
    assert parse_listing(answer).title == "Villa by the sea"


def test_a_description_that_is_too_long_ends_with_a_sentence():
    text = parse_listing(json.dumps(GOOD | {"description": "It has a garden. " * 300}))
    assert len(text.description) <= LIMITS["description"]
    assert text.description.endswith("It has a garden.")
    assert text.notes == (
        "The description was longer than 2000 characters and was cut after a whole sentence.",
    )


def test_a_japanese_description_is_cut_at_its_own_full_stop():
    text = parse_listing(json.dumps(GOOD | {"description": "広い庭があります。" * 400}))
    assert text.description.endswith("。")
    assert 1900 < len(text.description) <= 2000


@pytest.mark.parametrize("field", ["title", "meta_description"])
def test_lines_that_are_too_long_end_with_a_word_and_no_dangling_mark(field):
    long = "Bright villa, with a garden – and (for once) a pool (heated, salt water), " * 4
    cut = getattr(parse_listing(json.dumps(GOOD | {field: long})), field)
    assert 20 < len(cut) <= LIMITS[field]
    assert long.startswith(cut)
    assert cut[-1].isalpha() or cut.endswith(")")
    assert cut.count("(") == cut.count(")")


def test_no_character_is_cut_in_two():
    family = "👩\u200d👩\u200d👧"
    cut = parse_listing(json.dumps(GOOD | {"title": family * 40})).title
    assert set(cut.split(family)) <= {"", "👩"} or cut.replace(family, "") == ""


@settings(deadline=None)
@given(st.text(max_size=300) | NOISE)
def test_no_input_gives_anything_but_a_text_or_a_refusal(answer):
    try:
        text = parse_listing(answer)
    except UnreadableText:
        return
    assert text.description
    assert all(len(getattr(text, field)) <= limit for field, limit in LIMITS.items())


@settings(deadline=None)
@given(st.text(max_size=300) | NOISE, st.integers(1, 7))
def test_the_stream_never_raises_and_does_not_mind_how_it_is_cut(answer, size):
    whole = streamed([answer])
    assert streamed(answer) == whole
    assert streamed(answer[i : i + size] for i in range(0, len(answer), size)) == whole


@settings(deadline=None)
@given(wrapped, st.booleans(), st.integers(0, 3))
def test_the_stream_gives_what_the_parser_reads(document, ascii_only, indent):
    answer = json.dumps(document, ensure_ascii=ascii_only, indent=indent or None)
    assert {k: v for k, v in streamed(answer).items() if v} == {
        field: text for field, text in raw_fields(answer).items() if text
    }


def test_a_character_written_as_two_escapes_survives_any_cut():
    answer = '{"title": "\\ud83c\\udfe1\\u00e9\\"\\n\\/", "description": "\\ud83c x \\udfe1\\uZZ"}'
    expected = {"title": '🏡é"\n/', "description": "\ufffd x \ufffd\ufffdZZ"}
    for cut in range(len(answer)):
        assert streamed([answer[:cut], answer[cut:]]) == expected


def test_text_comes_as_soon_as_it_is_there():
    stream = FieldStream()
    assert stream.feed('Here:\n```json\n{"listing": {"ti') == []
    assert stream.feed('tle": "Vil') == [("title", "Vil")]
    assert stream.feed('la", "rooms": [1, "x"], "description": "A') == [
        ("title", "la"),
        ("description", "A"),
    ]
    assert stream.feed(' b"}, "title": "later"}') == [("description", " b")]


def test_the_stream_takes_a_long_answer_character_by_character():
    """A quadratic stream would not come to an end here."""
    stream = FieldStream()
    given = []
    for character in '{"description": "' + "a\\n" * 150_000:
        given += stream.feed(character)
    assert "".join(text for _, text in given) == "a\n" * 150_000


@pytest.mark.parametrize("unit", ["{", '{"', "[", "}\\", '{"description": "', "<!--", "<script>"])
def test_hostile_answers_come_to_an_end(unit):
    for answer in (unit * 20_000, '{"description": "x' + unit * 20_000 + '"}'):
        try:
            assert parse_listing(answer).description
        except UnreadableText:
            continue
