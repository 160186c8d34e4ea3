"""What changed between two texts, word by word."""

import random

import pytest

from pwb.content.worddiff import Piece, diff_words
from tests.growth import growth

PAIRS = [
    ("", ""),
    ("", "A villa."),
    ("A villa.", ""),
    ("  ", ""),
    ("A three-bedroom villa.", "A four-bedroom villa with a pool."),
    ("One\n\ntwo  three", " One two\nthree "),
    ("海を望む家です。", "海を望む大きい家。"),
    ("Чудовий вид", "Чудесный вид!"),
    ("naïve cafe\u0301", "naïve café"),
]


def joined(pieces, *kinds):
    return "".join(piece.text for piece in pieces if piece.kind in kinds)


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_the_pieces_join_to_both_texts(old, new):
    pieces = diff_words(old, new)
    assert joined(pieces, "same", "removed") == old
    assert joined(pieces, "same", "added") == new


def test_equal_texts_are_one_piece():
    assert diff_words("A villa, near the sea.", "A villa, near the sea.") == [
        Piece("same", "A villa, near the sea.")
    ]


def test_whole_words_are_taken_out_and_put_in():
    assert diff_words("A big villa.", "A bright villa.") == [
        Piece("same", "A "),
        Piece("removed", "big "),
        Piece("added", "bright "),
        Piece("same", "villa."),
    ]


def test_words_that_stay_are_kept_where_only_the_space_after_them_changed():
    assert diff_words("Villa with pool", "Villa with pool in Marbella") == [
        Piece("same", "Villa with pool"),
        Piece("added", " in Marbella"),
    ]


def test_japanese_is_compared_by_character():
    assert Piece("added", "大きい") in diff_words("海の家", "海の大きい家")


def texts_of(words):
    """Two texts of so many words that share all of them in another order."""
    known = ["the", "sea", "and", "a", "view", "of", "old", "house", "garden", "with", "pool"]
    return [" ".join(random.Random(seed).choices(known, k=words)) for seed in (1, 2)]


def compare(texts):
    return diff_words(*texts)


def test_the_longest_texts_join_to_both_texts():
    for words in (4_000, 32_000):
        old, new = texts_of(words)
        pieces = diff_words(old, new)
        assert joined(pieces, "same", "removed") == old
        assert joined(pieces, "same", "added") == new


def test_the_work_grows_with_the_square_of_the_length_at_most():
    # 16 times for the square, 64 for the cube.
    assert growth(compare, texts_of(1_000), texts_of(4_000)) < 40


def test_the_longest_texts_are_no_more_work_than_those_at_the_limit_of_full_care():
    assert growth(compare, texts_of(4_000), texts_of(32_000)) < 1
