"""The claims check and the Fair Housing check of a text of 2,000 characters, in every locale.

The texts are the tests' own corpora strung together, which is harder than any listing: every
sentence makes claims, and in the second column every other one describes wanted people. A check
is timed in processor time and the fastest of many runs counts, since other work on the machine
can only make a run slower. Aim: both checks together stay under 20 ms on listing text. Chinese
has half as long again: 2,000 characters of it say about three times as much.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain, cycle, islice

from pwb.content.claims import check_claims
from pwb.content.fair_housing import check
from pwb.content.listing import LOCALES
from tests.content.claims_corpus import records, samples
from tests.content.fair_housing_corpus import sentences

CHARACTERS, RUNS = 2_000, 40
AIM_MS = 20.0
DENSE_SCRIPTS = {"zh": 1.5}
RECORD = records()["villa"]


def main() -> int:
    """Prints a line a locale; status 1 where a listing text takes longer than its aim."""
    print("locale   claims   fair housing   both   of a mixed text   aim   (ms)")
    missed = sum(_missed(locale) for locale in LOCALES)
    return 1 if missed else 0


def _missed(locale: str) -> bool:
    listing = _text(_claiming(locale))
    mixed = _text(chain.from_iterable(zip(_claiming(locale), _judged(locale), strict=False)))
    claims = _fastest_ms(lambda: check_claims(listing, RECORD, locale))
    fair = _fastest_ms(lambda: check(listing, locale))
    both = _fastest_ms(lambda: (check_claims(mixed, RECORD, locale), check(mixed, locale)))
    aim = AIM_MS * DENSE_SCRIPTS.get(locale, 1)
    missed = claims + fair > aim
    print(
        f"{locale:6} {claims:8.1f} {fair:14.1f} {claims + fair:6.1f} {both:17.1f} {aim:5.0f}"
        f"{'   missed' if missed else ''}"
    )
    return missed


def _claiming(locale: str) -> Iterator[str]:
    return cycle([sample.text for sample in samples() if sample.locale == locale])


def _judged(locale: str) -> Iterator[str]:
    return cycle([sentence.text for sentence in sentences() if sentence.locale == locale])


def _text(pieces: Iterator[str]) -> str:
    return " ".join(islice(pieces, CHARACTERS))[:CHARACTERS]


def _fastest_ms(work: Callable[[], object]) -> float:
    return min(_milliseconds(work) for _ in range(RUNS))


def _milliseconds(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return (time.process_time() - before) * 1000


if __name__ == "__main__":
    sys.exit(main())
