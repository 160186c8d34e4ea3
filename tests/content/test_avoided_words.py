"""Words to avoid in a text: whole words, any case, common endings, exact places."""

from __future__ import annotations

import pytest

from pwb.content.avoided_words import find_avoided
from tests.growth import LINEAR, TIMES_LONGER, growth


def found(text: str, *words: str, locale: str = "en") -> list[str]:
    return [text[hit.start : hit.end] for hit in find_avoided(text, words, locale)]


@pytest.mark.parametrize(
    ("locale", "word", "text", "hits"),
    [
        ("en", "stunning", "STUNNING views, stunningly set.", ["STUNNING", "stunningly"]),
        ("en", "nestle", "Nestled here, nestling there.", ["Nestled", "nestling"]),
        ("en", "gem", "A gem of gems, gemstone.", ["gem"]),
        ("en", "luxury", "Luxuries, not luxury alone.", ["Luxuries", "luxury"]),
        ("de", "traumhaft", "Traumhafte Lage, traumhaft.", ["Traumhafte", "traumhaft"]),
        ("es", "único", "Única casa, únicos baños.", ["Única", "únicos"]),
        ("fr", "luxueux", "Salon luxueux, cuisine luxueuse.", ["luxueux", "luxueuse"]),
        ("it", "bellissimo", "Bellissima villa.", ["Bellissima"]),
        ("pt", "deslumbrante", "Vistas deslumbrantes.", ["deslumbrantes"]),
        ("nl", "prachtig", "Een prachtige tuin.", ["prachtige"]),
        ("ru", "роскошный", "Роскошная вилла с роскошными видами.", ["Роскошная", "роскошными"]),
        ("zh", "梦幻", "这是梦幻般的别墅。", ["梦幻"]),
        ("ja", "夢の", "これは夢の家です。", ["夢の"]),
    ],
)
def test_a_word_is_found_in_its_forms(locale: str, word: str, text: str, hits: list[str]) -> None:
    assert found(text, word, locale=locale) == hits


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("prime", "Primary schools and prim gardens"),
        ("cat", "A category of cats in the catalogue"),
        ("must see", "A muster of seedlings"),
        ("deal", "An ideal flat"),
    ],
)
def test_other_words_are_left_alone(word: str, text: str) -> None:
    assert found(text, word) == []


def test_phrases_are_found_with_hyphens_or_spaces_or_over_a_line_end() -> None:
    text = "State of the art. A must-see, a MUST\nSEE."
    assert found(text, "state-of-the-art", "must see") == [
        "State of the art",
        "must-see",
        "MUST\nSEE",
    ]


def test_accents_and_apostrophes_match_however_they_are_typed() -> None:
    assert found("Increi\u0301ble, don’t", "increíble", "don't") == ["Increi\u0301ble", "don’t"]


def test_each_hit_names_the_word_of_the_list_and_its_place() -> None:
    (first, second) = find_avoided("Gem! Stunning.", ["stunning", "gem"], "en")
    assert (first.start, first.end, first.word) == (0, 3, "gem")
    assert (second.start, second.end, second.word) == (5, 13, "stunning")


def test_the_longer_of_two_phrases_counts() -> None:
    assert [hit.word for hit in find_avoided("a hidden gem", ["gem", "hidden gem"], "en")] == [
        "hidden gem"
    ]


@pytest.mark.parametrize("word", ["C++", "(sic)", "[a-z]*", "\\", "100 %", "VIP"])
def test_any_characters_are_taken_as_they_stand(word: str) -> None:
    assert found(f"Here {word} is.", word) == [word]
    assert found("Here nothing is.", word) == []


def test_nothing_to_avoid_finds_nothing() -> None:
    assert found("Anything", "", "  ") == []
    assert found("Anything") == []


def test_the_work_of_searching_a_full_list_grows_with_the_text() -> None:
    words = [f"word{number}x" for number in range(100)]
    short = "A sentence of the listing with words. " * 55
    grown = growth(lambda text: find_avoided(text, words, "en"), short, short * TIMES_LONGER)
    assert grown < LINEAR
