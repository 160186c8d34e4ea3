"""Spans of whole days in a website's time zone: presets, free dates, and what came before."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pwb.errors import InvalidInput
from pwb.models import Website
from pwb.models.base import utcnow

EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True)
class Period:
    """Whole days, both included, in the website's time zone."""

    first: date
    last: date
    zone: ZoneInfo

    def bounds(self) -> tuple[datetime, datetime]:
        """From the first moment, to the first moment after."""
        start = datetime.combine(self.first, time.min, self.zone)
        end = datetime.combine(self.last + timedelta(days=1), time.min, self.zone)
        return start, end

    @property
    def days(self) -> int:
        """How many there are."""
        return (self.last - self.first).days + 1

    def whole_months(self) -> tuple[date, date] | None:
        """The first day of its first whole month, and the last day of its last one."""
        start = self.first.replace(day=1)
        if start < self.first:
            start = last_of_month(start) + timedelta(days=1)
        end = last_of_month(self.last)
        if end > self.last:
            end = self.last.replace(day=1) - timedelta(days=1)
        return (start, end) if start <= end else None

    def previous(self) -> Period:
        """What this period is held against.

        For a month or the beginning of one, the same days of the month before; for a year
        likewise; else as many days, up to the day before.
        """
        if self.first.day == 1 and _month(self.first) == _month(self.last):
            first = _month_before(self.first)
            return Period(first, _same_part(self.last, first.year, first.month), self.zone)
        if (self.first.month, self.first.day) == (1, 1) and self.first.year == self.last.year:
            year = self.first.year - 1
            return Period(date(year, 1, 1), _same_part(self.last, year, self.last.month), self.zone)
        before = timedelta(days=self.days)
        return Period(self.first - before, self.last - before, self.zone)


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month


def _month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def last_of_month(day: date) -> date:
    """The last day of the month of `day`."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def _same_part(last: date, year: int, month: int) -> date:
    """The day of another month that `last` answers to; a month's end answers to the end."""
    length = monthrange(year, month)[1]
    at_end = last == last_of_month(last)
    return date(year, month, length if at_end else min(last.day, length))


def today(website: Website) -> date:
    """The website's own."""
    return utcnow().astimezone(ZoneInfo(website.time_zone)).date()


def asked(website: Website, first: str | None, last: str | None) -> Period:
    """The asked days, or this month so far; raises InvalidInput for dates that are none."""
    now = today(website)
    start = _day("from", first) or now.replace(day=1)
    end = _day("to", last) or max(now, start)
    if end < start:
        message = "The period ends before it begins."
        raise InvalidInput(message, fields={"to": [message]})
    return Period(start, end, ZoneInfo(website.time_zone))


def month(website: Website, text: str) -> Period:
    """The whole month named as YYYY-MM; raises InvalidInput."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        first = date.min
    if len(text) != 7 or not EARLIEST <= first <= LATEST:
        message = f"{text[:20]!r} is not a month such as 2026-11."
        cure = f"Write it as YYYY-MM, from {EARLIEST:%Y-%m} to {LATEST:%Y-%m}."
        raise InvalidInput(message, resolution=cure, fields={"month": [message]})
    return Period(first, last_of_month(first), ZoneInfo(website.time_zone))


def _day(field: str, text: str | None) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        message = f"{text[:20]!r} is not a date such as 2026-11-30."
        raise InvalidInput(message, fields={field: [message]}) from None
    if not EARLIEST <= day <= LATEST:
        message = f"A date is between {EARLIEST} and {LATEST}."
        raise InvalidInput(message, fields={field: [message]})
    return day


@dataclass(frozen=True)
class Preset:
    """A period to pick with one click."""

    id: str
    label: str
    period: Period


def presets(website: Website, first_use: date | None = None) -> list[Preset]:
    """The periods to pick from, as of today; "All" begins with the first use."""
    zone, now = ZoneInfo(website.time_zone), today(website)
    this_month = now.replace(day=1)
    last_month = _month_before(this_month)
    spans = [
        ("today", "Today", now, now),
        ("this_month", "This month", this_month, now),
        ("last_month", "Last month", last_month, last_of_month(last_month)),
        ("last_30_days", "Last 30 days", now - timedelta(days=29), now),
        ("this_year", "This year", now.replace(month=1, day=1), now),
        ("all", "All", min(first_use or now, now), now),
    ]
    return [Preset(id_, label, Period(first, last, zone)) for id_, label, first, last in spans]
