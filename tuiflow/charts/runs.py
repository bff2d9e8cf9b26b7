"""Runs as points and as bars: what a scatter plot and a histogram of a filtered set draw."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tuiflow.charts.export import COLOURS, drawn, label
from tuiflow.filters.tree import Key, Kind
from tuiflow.plot.histogram import Bin, bins, usual_bins
from tuiflow.plot.ticks import power
from tuiflow.store.export import csv_writer
from tuiflow.text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tuiflow.protocols import RunQuery
    from tuiflow.store import Store
    from tuiflow.store.export import Sink
    from tuiflow.store.run_columns import Value

MOST_NAMES = 30
"""Texts that an x axis can hold; the most frequent ones."""


def title(key: Key) -> str:
    """What a key is called on an axis."""
    return f"{key.name} [s]" if key == _DURATION else key.name


_DURATION = Key(Kind.ATTRIBUTE, "duration")


@dataclass(frozen=True, slots=True)
class Scatter:
    """Runs by two columns: `keys` are row keys, `xs` and `ys` finite and as the axes have them:
    powers of ten where an axis is logarithmic, places among `names` where x is a text.

    `left_out` of the runs have no such point: a value is missing, not finite, or has no logarithm.
    """

    x: Key
    y: Key
    keys: array[int]
    xs: array[float]
    ys: array[float]
    names: tuple[str, ...] = ()
    left_out: int = 0
    log_x: bool = False
    log_y: bool = False

    def x_text(self, index: int) -> str:
        """The x of a point as a person reads it."""
        x = self.xs[index]
        return self.names[int(x)] if self.names else number(power(x) if self.log_x else x)

    def y_text(self, index: int) -> str:
        y = self.ys[index]
        return number(power(y) if self.log_y else y)

    def draw(self, axes: Axes) -> None:
        xs, ys = drawn(self.xs, self.log_x), drawn(self.ys, self.log_y)
        few = len(xs) <= 400
        axes.scatter(xs, ys, s=18 if few else 5, c=COLOURS[0], alpha=0.8 if few else 0.4, lw=0)
        if self.names:
            turn = 30 if sum(map(len, self.names)) > 60 else 0
            names = [label(name, 24) for name in self.names]
            axes.set_xticks(
                range(len(names)), names, rotation=turn, ha="right" if turn else "center"
            )
        if self.log_x:
            axes.set_xscale("log")
        if self.log_y:
            axes.set_yscale("log")
        axes.set_xlabel(label(title(self.x)))
        axes.set_ylabel(label(title(self.y)))

    def write_csv(self, stream: Sink) -> None:
        """A row for each point: the two values."""
        writer = csv_writer(stream)
        writer.writerow((str(self.x), str(self.y)))
        for x, y in zip(self.xs, self.ys, strict=True):
            there = self.names[int(x)] if self.names else power(x) if self.log_x else x
            writer.writerow((there, power(y) if self.log_y else y))


def suits_log(values: Sequence[Value]) -> bool:
    """Whether a logarithmic axis spreads numbers better: all are positive, over two decades or
    more, and half of them lie in a tenth of the linear axis."""
    numbers = sorted(v for v in values if isinstance(v, int | float) and math.isfinite(v))
    if not numbers or numbers[0] <= 0 or numbers[-1] < 100 * numbers[0]:
        return False
    return numbers[len(numbers) // 2] - numbers[0] < (numbers[-1] - numbers[0]) / 10


def read_scatter(
    store: Store,
    query: RunQuery,
    x: Key,
    y: Key,
    *,
    log_x: bool | None = False,
    log_y: bool | None = False,
) -> Scatter:
    """The runs of a query as points. An x of which any is a text is an axis of names.

    A scale of which None is asked is logarithmic where that suits the values.
    """
    rows, (x_values, y_values) = store.run_columns(query, (x, y))
    x_values, y_values = _in_seconds(x, x_values), _in_seconds(y, y_values)
    names: tuple[str, ...] = ()
    log_y = suits_log(y_values) if log_y is None else log_y
    drawn = [v for v, y_value in zip(x_values, y_values, strict=True) if _has_place(y_value, log_y)]
    if any(isinstance(value, str) for value in drawn):
        names = _names(drawn)
        places = {name: float(place) for place, name in enumerate(names)}
        x_values = [None if v is None else places.get(_written(v)) for v in x_values]
        log_x = False
    log_x = suits_log(x_values) if log_x is None else log_x
    found = Scatter(x, y, array("q"), array("d"), array("d"), names, 0, log_x, log_y)
    for row, x_value, y_value in zip(rows, x_values, y_values, strict=True):
        x_there, y_there = _place(x_value, log_x), _place(y_value, log_y)
        if x_there is not None and y_there is not None:
            found.keys.append(row)
            found.xs.append(x_there)
            found.ys.append(y_there)
    return replace(found, left_out=len(rows) - len(found.keys))


def _in_seconds(key: Key, values: list[Value]) -> list[Value]:
    if key != _DURATION:
        return values
    return [v / 1000 if isinstance(v, int | float) else v for v in values]


def _place(value: Value, log: bool) -> float | None:
    if value is None or isinstance(value, str) or not math.isfinite(value):
        return None
    if log:
        return math.log10(value) if value > 0 else None
    return float(value)


def _has_place(value: Value, log: bool) -> bool:
    return _place(value, log) is not None


def _names(values: Sequence[Value]) -> tuple[str, ...]:
    """The most frequent values as texts: numbers by size, then texts by name."""
    counts = Counter(value for value in values if value is not None)
    kept = [value for value, _ in counts.most_common(MOST_NAMES)]
    kept.sort(key=lambda v: (1, 0.0, v) if isinstance(v, str) else (0, v, ""))
    return tuple(dict.fromkeys(map(_written, kept)))


def _written(value: float | str) -> str:
    return value if isinstance(value, str) else number(value)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often each value of a column occurs: `numbers` (finite, sorted; powers of ten with
    `log`) fall into bins, `texts` are counted, the most frequent first.

    `missing` runs have no value; `odd` have NaN, an infinity or, with `log`, zero or less.
    """

    key: Key
    numbers: array[float]
    texts: tuple[tuple[str, int], ...] = ()
    missing: int = 0
    odd: int = 0
    log: bool = False
    count: int | None = None
    """How many bins there should be, None for what suits the numbers."""

    @property
    def bins(self) -> list[Bin]:
        return bins(self.numbers, self.count or usual_bins(self.numbers))

    @property
    def by_name(self) -> bool:
        """Whether bars stand for texts: where any value is one."""
        return bool(self.texts)

    @property
    def total(self) -> int:
        return len(self.numbers) + sum(count for _, count in self.texts)

    def rows(self) -> list[tuple[float | str, float | str, int]]:
        """From, to (the text itself twice) and how many, as values were logged."""
        if self.by_name:
            return [(name, name, count) for name, count in self.texts]
        return [
            (power(b.low), power(b.high), b.count) if self.log else (b.low, b.high, b.count)
            for b in self.bins
        ]

    def draw(self, axes: Axes) -> None:
        if self.by_name:
            shown = self.texts[:MOST_NAMES]
            axes.barh(range(len(shown)), [count for _, count in shown], color=COLOURS[0])
            axes.set_yticks(range(len(shown)), [label(name, 30) for name, _ in shown])
            axes.invert_yaxis()
            axes.set_xlabel("runs")
            axes.set_ylabel(label(title(self.key)))
            return
        numbers = self.numbers if self.log else array("d", drawn(self.numbers, False))
        shown_bins = replace(self, numbers=numbers).bins
        lows = drawn([b.low for b in shown_bins], self.log)
        highs = drawn([b.high for b in shown_bins], self.log)
        widths = [high - low or 1.0 for low, high in zip(lows, highs, strict=True)]
        axes.bar(
            lows,
            [b.count for b in shown_bins],
            widths,
            align="edge",
            color=COLOURS[0],
            ec="white",
            lw=0.6,
        )
        if self.log:
            axes.set_xscale("log")
        axes.set_xlabel(label(title(self.key)))
        axes.set_ylabel("runs")

    def write_csv(self, stream: Sink) -> None:
        writer = csv_writer(stream)
        if self.by_name:
            writer.writerow((str(self.key), "runs"))
            writer.writerows((name, count) for name, count in self.texts)
            return
        writer.writerow(("from", "to", "runs"))
        writer.writerows(self.rows())


def read_histogram(
    store: Store, query: RunQuery, key: Key, *, log: bool | None = False, count: int | None = None
) -> Histogram:
    """The values of a column over the runs of a query. With `log` None its axis is logarithmic
    where that suits them."""
    _, (values,) = store.run_columns(query, (key,))
    values = _in_seconds(key, values)
    there = [value for value in values if value is not None]
    missing = len(values) - len(there)
    if any(isinstance(value, str) for value in there):
        counts = Counter(map(_written, there))
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return Histogram(key, array("d"), tuple(ranked), missing)
    log = suits_log(there) if log is None else log
    places = [place for value in there if (place := _place(value, log)) is not None]
    odd = len(there) - len(places)
    return Histogram(key, array("d", sorted(places)), (), missing, odd, log, count)
