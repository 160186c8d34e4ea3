"""Jinja filters: money, numbers, dates and tokens in the website's format and time zone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, dates, numbers
from flask import Flask, g, has_app_context

from pwb.content import features, kinds, tasks
from pwb.content.locales import LOCALES

UNKNOWN = "unknown"


def init_app(app: Flask) -> None:
    """Register every filter under its function's name."""
    for filter_ in (
        money,
        cents,
        cents_beside,
        unrounded_cents,
        share,
        number,
        moment,
        day,
        span,
        ago,
        duration,
        language,
        feature_label,
        type_label,
        state_label,
        status_label,
        task_label,
        origin,
        pretty_json,
    ):
        app.add_template_filter(filter_)


def locale() -> str:
    """The language in which the website writes numbers and dates."""
    website = g.get("website") if has_app_context() else None
    return website.default_locale if website else "en"


def _zone() -> ZoneInfo:
    website = g.get("website") if has_app_context() else None
    try:
        return ZoneInfo(website.time_zone if website else "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def money(amount: Decimal | None, currency: str) -> str:
    """A price: whole units without decimals, others with the currency's own."""
    if amount is None:
        return UNKNOWN
    whole = amount == amount.to_integral_value()
    return numbers.format_currency(
        amount,
        currency,
        format="¤#,##0" if whole else None,
        currency_digits=not whole,
        locale=locale(),
    )


def cents(amount: Decimal | None) -> str:
    """A cost in US cents, as dollars from one dollar on; never rounded to nothing."""
    if amount is None:
        return UNKNOWN
    if abs(amount) >= 100:
        return _in_dollars(amount / 100, 2)
    return f"{_significant(amount)} ¢"


def cents_beside(amount: Decimal, largest: Decimal) -> str:
    """A cost in a column: in dollars where the largest one is, so that all have one unit, and with
    idle zeros, so that their points stand one above the other."""
    if abs(largest) < 100:
        return f"{_significant(amount, idle_zeros=True)} ¢"
    dollars = amount / 100
    places = 2 if not dollars or abs(dollars) >= Decimal("0.01") else 1 - dollars.adjusted()
    return _in_dollars(round(dollars, places), places)


def _in_dollars(dollars: Decimal, places: int) -> str:
    before, after = _around_dollars(locale())
    sign = "-" if dollars < 0 else ""
    return f"{sign}{before}{_grouped(abs(dollars), places)}{after}"


@cache
def _around_dollars(language: str) -> tuple[str, str]:
    """What a language writes before and after an amount of US dollars."""
    before, _, after = numbers.format_currency(
        Decimal(1), "USD", format=_pattern(language), currency_digits=False, locale=language
    ).partition("1")
    return before, after


def _pattern(language: str) -> str:
    pattern: str = Locale.parse(language).currency_formats["standard"].pattern
    return pattern.replace(".00", "")


def _grouped(value: Decimal | int, places: int, *, idle_zeros: bool = True) -> str:
    """A number with this many decimals and the language's separators.

    What Babel writes, in a twentieth of the time: a usage report has a thousand numbers.
    """
    text = f"{value:,.{places}f}"
    if places and not idle_zeros:
        text = text.rstrip("0").rstrip(".")
    return text.translate(_separators(locale()))


@cache
def _separators(language: str) -> Mapping[int, str]:
    group, point = numbers.get_group_symbol(language), numbers.get_decimal_symbol(language)
    return {ord(","): group, ord("."): point}


def unrounded_cents(amount: Decimal) -> str:
    """A cost in US cents with every decimal that is kept."""
    return f"{number(amount.normalize() if amount else 0)} ¢"


def cents_on_scale(amount: Decimal, step: Decimal) -> str:
    """A mark on a scale of US cents, with as many decimals as its steps need; wide steps read as
    dollars."""
    if step < 25:
        places = max(0, -int(step.normalize().as_tuple().exponent))
        return f"{_grouped(amount, places)} ¢"
    return _in_dollars(amount / 100, 0 if step % 100 == 0 else 2)


def share(ratio: Decimal | None) -> str:
    """A ratio from 0 to 1 in per cent with at most one decimal; only all is 100 %."""
    if ratio is None:
        return "–"
    rounded = round(ratio, 3)
    if ratio < 1 and rounded == 1:
        rounded = Decimal("0.999")
    pattern = Locale.parse(locale()).percent_formats[None].pattern
    with_decimal = pattern.replace("#,##0", "#,##0.#")
    return numbers.format_percent(rounded, format=with_decimal, locale=locale())


def _significant(amount: Decimal, *, idle_zeros: bool = False) -> str:
    """Two digits that matter, however small: 0.0031, 0.42, 12.5."""
    if not amount:
        return "0"
    if abs(amount) < Decimal("0.1"):
        return _grouped(amount, 1 - amount.adjusted(), idle_zeros=False)
    return _grouped(amount, 2, idle_zeros=idle_zeros)


def number(value: Decimal | int | None) -> str:
    """A number with the language's separators, without idle zeros."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return _grouped(value, 0)
    return numbers.format_decimal(value, locale=locale(), decimal_quantization=False)


def moment(value: datetime | None) -> str:
    """A date and time in the website's time zone."""
    if value is None:
        return "–"
    return dates.format_datetime(value, "medium", tzinfo=_zone(), locale=locale())


def day(value: datetime | None) -> str:
    """A date in the website's time zone."""
    if value is None:
        return "–"
    local = value.astimezone(_zone()) if isinstance(value, datetime) else value
    return dates.format_date(local, "medium", locale=locale())


def span(first: date, last: date) -> str:
    """Some days in words: one day, a month or a year by its name, or from one day to another."""
    if first == last:
        return dates.format_date(first, "long", locale=locale())
    whole = (first.day, (last + timedelta(days=1)).day) == (1, 1)
    if whole and (first.year, first.month) == (last.year, last.month):
        return dates.format_skeleton("yMMMM", first, locale=locale())
    if whole and first.year == last.year and (first.month, last.month) == (1, 12):
        return dates.format_skeleton("y", first, locale=locale())
    return dates.format_interval(first, last, "yMMMMd", locale=locale())


def ago(value: datetime | None) -> str:
    """How long ago, in words."""
    if value is None:
        return "never"
    from pwb.models.base import utcnow

    return dates.format_timedelta(value - utcnow(), add_direction=True, locale="en")


def duration(milliseconds: int | None) -> str:
    """A duration in seconds with one decimal."""
    if milliseconds is None:
        return "–"
    return f"{numbers.format_decimal(round(milliseconds / 1000, 1), locale=locale())} s"


def language(code: str) -> str:
    """A language's own name with its capital: Español."""
    if code not in LOCALES:
        return code
    name = Locale.parse(code).get_display_name(code) or code
    return name[:1].upper() + name[1:]


def feature_label(key: str) -> str:
    """A feature's name in English."""
    return features.feature_label(key)


def type_label(key: str | None) -> str:
    """A property type's name in English."""
    return kinds.type_label(key) if key else "–"


def state_label(key: str | None) -> str:
    """The name of a property's condition in English."""
    return kinds.state_label(key) if key else "–"


def status_label(key: str | None) -> str:
    """A listing status's name in English."""
    return kinds.status_label(key) if key else "–"


def task_label(key: str) -> str:
    """The name of what a model was asked for in English."""
    return tasks.task_label(key)


def origin(code: str) -> str:
    """Who wrote a text, by one of TEXT_ORIGINS: "Written by AI, edited by a person"."""
    return _ORIGINS.get(code, code)


_ORIGINS = {
    "generated": "Written by AI",
    "edited": "Written by AI, edited by a person",
    "written": "Written by a person",
    "imported": "Imported",
}


def pretty_json(text: str) -> str:
    """A JSON document with its structure in sight; any other text as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
