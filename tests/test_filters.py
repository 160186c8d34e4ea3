"""Numbers, money and dates as a website's language writes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from babel import numbers
from flask import Flask, g
from hypothesis import given
from hypothesis import strategies as st

from pwb import filters
from pwb.content.locales import LOCALES
from pwb.models import Website

LOCALE = st.sampled_from(sorted(LOCALES))


@pytest.fixture(scope="module", autouse=True)
def app_context() -> Iterator[None]:
    """Where filters find the website; no database is asked."""
    with Flask("filters").app_context():
        yield


def written_in(language: str) -> None:
    g.website = Website(default_locale=language, time_zone="Europe/Madrid")


@given(language=LOCALE, value=st.integers(-(10**12), 10**12))
def test_a_whole_number_reads_as_babel_writes_it(language: str, value: int) -> None:
    written_in(language)
    assert filters.number(value) == numbers.format_decimal(value, locale=language)


@given(language=LOCALE, cents=st.decimals(100, 10**12, places=8))
def test_dollars_read_as_babel_writes_them(language: str, cents: Decimal) -> None:
    written_in(language)
    assert filters.cents(cents) == numbers.format_currency(cents / 100, "USD", locale=language)


@given(language=LOCALE, cents=st.decimals("0.00000001", "99.99999999", places=8))
def test_no_cost_is_ever_rounded_to_nothing(language: str, cents: Decimal) -> None:
    written_in(language)
    assert set(filters.cents(cents)) & set("123456789")
    assert set(filters.cents_beside(cents, Decimal(100))) & set("123456789")


@pytest.mark.parametrize(
    ("cents", "beside", "written"),
    [
        ("0.03", "99", "0.03 ¢"),
        ("0.03", "100", "$0.00030"),
        ("94.78", "2940", "$0.95"),
        ("0", "2940", "$0.00"),
        ("-250", "2940", "-$2.50"),
    ],
)
def test_costs_in_a_column_share_the_unit_of_the_largest(
    cents: str, beside: str, written: str
) -> None:
    written_in("en")
    assert filters.cents_beside(Decimal(cents), Decimal(beside)) == written


@given(cents=st.decimals(0, 10**9, places=8))
def test_an_unrounded_cost_keeps_every_decimal(cents: Decimal) -> None:
    written_in("en")
    written = filters.unrounded_cents(cents).removesuffix(" ¢").replace(",", "")
    assert Decimal(written) == cents


@pytest.mark.parametrize(
    ("ratio", "written"), [("0.9999", "99.9%"), ("1", "100%"), ("0.986", "98.6%"), ("0", "0%")]
)
def test_only_all_is_a_hundred_per_cent(ratio: str, written: str) -> None:
    written_in("en")
    assert filters.share(Decimal(ratio)) == written


@pytest.mark.parametrize(
    ("first", "last", "written"),
    [
        (date(2026, 11, 1), date(2026, 11, 30), "November 2026"),
        (date(2026, 1, 1), date(2026, 12, 31), "2026"),
        (date(2026, 11, 20), date(2026, 11, 20), "November 20, 2026"),
        (date(2026, 11, 1), date(2026, 11, 22), "Nov 1\u2009–\u200922, 2026"),
        (date(2999, 12, 1), date(2999, 12, 31), "December 2999"),
    ],
)
def test_a_whole_month_or_year_is_called_by_its_name(first: date, last: date, written: str) -> None:
    written_in("en")
    assert filters.span(first, last) == written


def test_without_a_website_numbers_are_written_in_english() -> None:
    g.pop("website", None)
    assert filters.number(1234567) == "1,234,567"
