"""Columns over time, measured for the SVG in templates/components/charts.html.

Across, everything is in per cent of the plot, so that a chart fits any width without a script;
downwards it is in pixels, as is the writing, so that words stay as large as on the page around.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

PLOT_TOP, PLOT_HEIGHT, FOOT = 18, 168, 26
MOST_TICKS = 5
# The widest column, and how much of its place one fills, in per cent.
WIDEST, FILLED = Decimal(7), Decimal("0.78")
# As many words as fit beneath a plot: on a desk, and on a phone where every other one is hidden.
MOST_LABELS, SHORT_LABEL = 12, 6
STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True)
class Column:
    """What stands above one place: `values` from the ground up, one a series.

    `label` is short and may be written beneath; `when` is the place's full name and `title` says
    the whole in words; `open_costs` counts what has no known cost and is marked above the column.
    """

    label: str
    when: str
    title: str
    values: tuple[Decimal, ...]
    open_costs: int = 0

    @property
    def total(self) -> Decimal:
        return sum(self.values, Decimal(0))


@dataclass(frozen=True)
class Block:
    """One drawn piece of a column; `x` and `width` in per cent, the rest in pixels."""

    series: int
    x: Decimal
    width: Decimal
    y: Decimal
    height: Decimal


@dataclass(frozen=True)
class Tick:
    """A line across, or a word beneath; `minor` ones are left out on narrow screens.

    `anchor` is the part of the word that stands at `x`, as SVG names it.
    """

    label: str
    x: Decimal = Decimal(0)
    y: Decimal = Decimal(0)
    minor: bool = False
    anchor: str = "middle"


@dataclass(frozen=True)
class Chart:
    """A chart as its macro draws it, and the words of the table behind it."""

    name: str
    title: str
    summary: str
    place: str
    series: tuple[str, ...]
    columns: tuple[Column, ...]
    scale: tuple[Decimal, ...]
    write: Callable[[Decimal, Decimal], str]
    tell: Callable[[Decimal], str]

    @property
    def height(self) -> int:
        return PLOT_TOP + PLOT_HEIGHT + FOOT

    @property
    def ground(self) -> int:
        return PLOT_TOP + PLOT_HEIGHT

    def lines(self) -> Iterator[Tick]:
        """The scale, from the ground up."""
        step = self.scale[1]
        for value in self.scale:
            yield Tick(self.write(value, step), y=self._y(value))

    def margin(self) -> int:
        """Letters in the longest word of the scale, for which the plot leaves room."""
        return max(len(tick.label) for tick in self.lines())

    def words(self) -> Iterator[Tick]:
        """The labels beneath, as many as fit: the first and then every so many."""
        widest = max(len(column.label) for column in self.columns)
        most = MOST_LABELS if widest <= SHORT_LABEL else MOST_LABELS // 2
        every = -(-len(self.columns) // most)
        crowded = len(self.columns) > most // 2
        for number, position in enumerate(range(0, len(self.columns), every)):
            yield self._word(position, minor=crowded and number % 2 == 1)

    def _word(self, position: int, minor: bool) -> Tick:
        """In the middle of its place, but the first one never beyond the plot's edge."""
        label = self.columns[position].label
        if position == 0 and len(label) > SHORT_LABEL and len(self.columns) > MOST_LABELS // 2:
            return Tick(label, anchor="start")
        return Tick(label, x=self.middle(position), minor=minor)

    def blocks(self, position: int) -> Iterator[Block]:
        """The pieces of the column at this position; nothing is drawn for nothing."""
        width = min(self._slot * FILLED, WIDEST)
        x = self.middle(position) - width / 2
        below = Decimal(0)
        for series, value in enumerate(self.columns[position].values):
            if value:
                top = self._y(below + value)
                height = max(self._y(below) - top, Decimal(1))
                yield Block(series, _short(x), _short(width), top, height)
            below += value

    def top(self, position: int) -> Decimal:
        """Where the column at this position ends, in pixels from above."""
        return self._y(self.columns[position].total)

    def middle(self, position: int) -> Decimal:
        """The middle of the place at this position, in per cent."""
        return _short(self._slot * (position + Decimal("0.5")))

    def place_of(self, position: int) -> tuple[Decimal, Decimal]:
        """Where the place at this position begins and how wide it is, in per cent."""
        return _short(self._slot * position), _short(self._slot)

    @property
    def _slot(self) -> Decimal:
        return Decimal(100) / len(self.columns)

    def _y(self, value: Decimal) -> Decimal:
        return _short(self.ground - PLOT_HEIGHT * value / self.scale[-1])


def scale_to(largest: Decimal, smallest_step: Decimal) -> tuple[Decimal, ...]:
    """Round numbers from 0 to at least `largest`, in at most four steps of 1, 2, 2.5 or 5.

    A step is never finer than `smallest_step`: there are no half generations. Where there is
    nothing to show, the scale ends at 1.
    """
    if not largest:
        return Decimal(0), Decimal(1)
    rough = max(largest / (MOST_TICKS - 1), smallest_step)
    power = Decimal(1).scaleb(rough.adjusted())
    steps = (step * power for step in STEPS if step * power >= rough)
    step = next(step for step in steps if step % smallest_step == 0)
    count = int((largest / step).to_integral_value(ROUND_CEILING))
    return tuple(step * number for number in range(count + 1))


def largest_of(columns: Sequence[Column]) -> Decimal:
    """The height of the highest column."""
    return max((column.total for column in columns), default=Decimal(0))


def _short(value: Decimal) -> Decimal:
    """Two decimals are finer than any screen."""
    return round(value, 2)
