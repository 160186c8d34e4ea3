"""Findings that are kept: never checked twice, never out of date, never too many."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from pwb.content.listing import ListingFacts
from pwb.services.checks import CheckRules, Findings
from pwb.services.findings_kept import KeptFindings
from pwb.services.post_checks import check_words

FACTS = ListingFacts("ES-1", "villa", bedrooms=3)
CAPTION = "A villa with three bedrooms, perfect for young families."


def findings(number: int) -> Findings:
    items = tuple({"id": str(at)} for at in range(number))
    return Findings((), (), items, (), ())


def test_the_same_post_is_checked_once() -> None:
    first = check_words(CheckRules(), FACTS, "en", CAPTION, ["#Villa"])
    assert first.blocking
    assert check_words(CheckRules(), FACTS, "en", CAPTION, ["#Villa"]) is first


def test_whatever_a_check_depends_on_makes_it_a_new_one() -> None:
    first = check_words(CheckRules(), FACTS, "en", CAPTION, [])
    others = [
        check_words(CheckRules(), replace(FACTS, bedrooms=4), "en", CAPTION, []),
        check_words(CheckRules(avoided=("villa",)), FACTS, "en", CAPTION, []),
        check_words(CheckRules(jurisdictions=("uk",)), FACTS, "en", CAPTION, []),
        check_words(CheckRules(), FACTS, "es", CAPTION, []),
        check_words(CheckRules(), FACTS, "en", f"{CAPTION} ", []),
        check_words(CheckRules(), FACTS, "en", CAPTION, ["#Villa"]),
        check_words(CheckRules(), FACTS, "en", CAPTION, [], Decimal(700_000)),
    ]
    assert all(other is not first for other in others)
    assert len(others[0].blocking) > len(first.blocking), "the record says four by now"


def test_what_was_asked_for_longest_ago_makes_room() -> None:
    kept = KeptFindings(most=10)
    first, second = findings(3), findings(3)
    assert kept.of("first", lambda: first) is first
    assert kept.of("second", lambda: second) is second
    kept.of("first", lambda: findings(3))
    kept.of("third", lambda: findings(4))
    assert kept.of("first", lambda: findings(3)) is first
    assert kept.of("second", lambda: findings(3)) is not second


def test_more_findings_than_there_is_room_for_are_not_kept() -> None:
    kept = KeptFindings(most=10)
    far_too_many = findings(11)
    assert kept.of("long", lambda: far_too_many) is far_too_many
    assert kept.of("long", lambda: findings(1)) is not far_too_many
