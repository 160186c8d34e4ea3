"""Addresses as people write them, from files that shout them."""

import re

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_ORDINAL = re.compile(r"[0-9]+(?:ST|ND|RD|TH)")
_MC = re.compile(r"MC[A-Z]{3,}")
# Directions, numbered highways and Roman numerals are written in capitals.
_STAYS = frozenset(
    (
        *("NE", "NW", "SE", "SW", "US", "IH", "FM", "RM", "RR", "CR", "SR", "SH", "PO"),
        *("II", "III", "IV", "VI", "VII", "VIII", "XI", "XII"),
    )
)


def in_title_case(address: str) -> str:
    """An address in capitals as people write it: "3526 HIGH ST" is "3526 High St".

    Words that have small letters already stay as they are, and so does an address that is not
    mainly in capitals.
    """
    capitals = sum(letter.isupper() for letter in address)
    small = sum(letter.islower() for letter in address)
    if capitals <= small:
        return address
    return _WORD.sub(lambda match: _word(match.group()), address)


def _word(word: str) -> str:
    if _ORDINAL.fullmatch(word):
        return word.lower()
    has_digit = any(letter.isdigit() for letter in word)
    if len(word) == 1 or has_digit or word in _STAYS or not word.isupper():
        return word
    if _MC.fullmatch(word):
        return "Mc" + word[2:].capitalize()
    first, mark, rest = word.partition("'")
    if mark and len(first) == 1:
        return first + mark + rest.capitalize()
    return word.capitalize()
