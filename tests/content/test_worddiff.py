"""What changed between two texts, word by word."""

import random
import time

import pytest

from pwb.content.worddiff import Piece, diff_words

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


def test_the_longest_texts_take_no_time():
    words = ["the", "sea", "and", "a", "view", "of", "old", "house", "garden", "with", "pool"]
    old, new = (" ".join(random.Random(seed).choices(words, k=4_000)) for seed in (1, 2))
    started = time.perf_counter()
    pieces = diff_words(old, new)
    assert time.perf_counter() - started < 2
    assert joined(pieces, "same", "added") == new
