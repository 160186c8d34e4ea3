"""What the simulator does of the tasks beside a new text."""

from __future__ import annotations

import re

import pytest

from tests.simulator.conftest import LISTING, Caller, document

GERMAN = ("5 Schlafzimmer", "Meerblick", "1.250.000 €")


def written(caller: Caller, **parts: object) -> dict[str, str]:
    return caller.text(document(words=150, **parts))


def refined(caller: Caller, wish: str, locale: str = "en", **parts: object) -> tuple[str, str]:
    """The description before and after a wish."""
    text = written(caller, locale=locale)
    asked = document(
        task="listing_refinement", locale=locale, instruction=wish, current_text=text, **parts
    )
    again = caller.text(asked)
    assert (again["title"], again["meta_description"]) == (
        text["title"],
        text["meta_description"],
    )
    return text["description"], again["description"]


@pytest.mark.parametrize(
    ("locale", "wish"),
    [
        ("en", "shorter"),
        ("en", "Please make it more concise."),
        ("de", "kürzer"),
        ("es", "más corto"),
        ("fr", "plus court"),
        ("ru", "короче"),
        ("zh", "短一点"),
    ],
)
def test_shorter_leaves_sentences_out_and_keeps_the_facts(
    caller: Caller, locale: str, wish: str
) -> None:
    before, after = refined(caller, wish, locale)
    assert len(after) < 0.9 * len(before)
    assert "350" in after and "Marbella" in after
    for sentence in re.split(r"(?<=[.。])\s*", after):
        assert sentence in before


@pytest.mark.parametrize(
    ("locale", "wish", "word"),
    [
        ("en", "mention the terrace first", "terrace"),
        ("de", "mention the terrace first", "Terrasse"),
        ("de", "Beginne mit der Terrasse, zuerst die Terrasse", "Terrasse"),
        ("en", "Start with the price", "€1,250,000"),
        ("en", "the bedrooms first", "bedrooms"),
    ],
)
def test_what_is_wanted_first_comes_first(
    caller: Caller, locale: str, wish: str, word: str
) -> None:
    before, after = refined(caller, wish, locale)
    assert word in after.split(". ")[0]
    assert sorted(before.split()) == sorted(after.split())


def test_both_wishes_are_followed_at_once(caller: Caller) -> None:
    before, after = refined(caller, "Shorter, and mention the terrace first")
    assert "terrace" in after.split(". ")[0]
    assert len(after) < 0.9 * len(before)


def test_a_wish_for_what_the_text_does_not_have_changes_nothing(caller: Caller) -> None:
    before, after = refined(caller, "mention the wine cellar first")
    assert before == after


@pytest.mark.parametrize("wish", ["longer", "more poetic, please", "{np} {}"])
def test_other_wishes_get_a_text_from_the_facts(caller: Caller, wish: str) -> None:
    current = {"title": "T", "description": "An old text. " * 10, "meta_description": "M"}
    asked = document(task="listing_refinement", instruction=wish, current_text=current)
    description = caller.text(asked)["description"]
    assert "An old text" not in description and "5 bedrooms" in description


@pytest.mark.parametrize("current", [None, "text", {}, {"description": None}, {"description": ""}])
def test_a_refinement_without_a_text_is_written_anew(caller: Caller, current: object) -> None:
    asked = document(task="listing_refinement", instruction="shorter", current_text=current)
    assert "5 bedrooms" in caller.text(asked)["description"]


def test_a_translation_tells_the_facts_in_the_language_asked_for(caller: Caller) -> None:
    current = written(caller)
    asked = document(
        task="listing_translation", locale="de", source_locale="en", current_text=current
    )
    description = caller.text(asked)["description"]
    for words in GERMAN:
        assert words in description


def test_a_refreshed_text_tells_the_new_facts(caller: Caller) -> None:
    current = written(caller)
    listing = {**LISTING, "sale_price": "1190000", "bedrooms": 4}
    asked = document(task="listing_refresh", current_text=current, listing=listing)
    description = caller.text(asked)["description"]
    assert "€1,190,000" in description and "4 bedrooms" in description
    assert "1,250,000" not in description


@pytest.mark.parametrize("locale", ["en", "de", "ja"])
def test_four_variants_are_four_texts(caller: Caller, locale: str) -> None:
    numbers = ({}, {"variant": 1}, {"variant": 2}, {"variant": 3})
    texts = {written(caller, locale=locale, **number)["description"] for number in numbers}
    assert len(texts) == 4


def test_the_same_variant_is_the_same_text(caller: Caller) -> None:
    assert written(caller, variant=2) == written(caller, variant=2)


def test_a_call_to_action_can_be_left_out(caller: Caller) -> None:
    listing = {"city": "Faro"}
    plain = written(caller, call_to_action=False, listing=listing)["description"]
    usual = written(caller, call_to_action=True, listing=listing)["description"]
    endings = ("Contact us to arrange a viewing.", "We would be glad to show you")
    assert any(ending in usual for ending in endings)
    assert not any(ending in plain for ending in endings)
