"""The ways to read a text: as it stands, and as somebody reads it who looks past a disguise.

Every reading is as long as the text, so that a finding in it points at the same place: what a
reader does not see becomes zero-width spaces, which are no part of any word.
"""

import re
from collections.abc import Iterator

from pwb.content.fair_housing_tokens import Tokens, tokens_of
from pwb.content.look_alikes import in_latin

_BROKEN_WORD = re.compile(r"(?<=[^\W\d_])-[ \t]*\r?\n[ \t]*(?=[^\W\d_])")
_SPACED_OUT = re.compile(r"(?<!\w)[^\W\d_](?:[ .*_-][^\W\d_]){3,}(?!\w)")
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W_])[ .*_-](?=[^\W_])")
_DIGIT_IN_WORD = re.compile(r"(?<=[A-Za-z])[01345$@](?=[A-Za-z])|(?<=\b[Nn])0\b")
_DIGITS = (str.maketrans("01345$@", "oieassa"), str.maketrans("01345$@", "oleassa"))
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>|&(?:shy|zwn?j|#173|#820[3-5]);")
_SPACE_ENTITY = re.compile(r"&(?:nbsp|ensp|emsp|thinsp|#160);")


def readings(text: str) -> Iterator[Tokens]:
    """The tokens of the text in each of its readings; one for a text without disguise."""
    plain = in_latin(text)
    yield tokens_of(plain)
    for disguised in dict.fromkeys(_undisguised(plain)):
        if disguised != plain:
            yield tokens_of(disguised)


def _undisguised(text: str) -> Iterator[str]:
    yield _BROKEN_WORD.sub(_hidden, text)
    yield _SPACED_OUT.sub(lambda found: _BETWEEN_LETTERS.sub(_hidden, found[0]), text)
    yield _SPACE_ENTITY.sub(_blank, _TAG.sub(_hidden, text))
    yield _DIGIT_IN_WORD.sub(lambda found: found[0].translate(_DIGITS[0]), text)
    yield _DIGIT_IN_WORD.sub(lambda found: found[0].translate(_DIGITS[1]), text)


def _hidden(found: re.Match[str]) -> str:
    return "\u200b" * len(found[0])


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])
