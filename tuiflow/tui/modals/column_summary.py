"""What a column holds: how many, how great, how often."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult

from tuiflow.plot import ticks
from tuiflow.store.column_values import ColumnSummary, Numbers
from tuiflow.text import clean, duration, moment, number
from tuiflow.tui.cells import cut, pad
from tuiflow.tui.modals.base import Modal
from tuiflow.tui.widgets.columns import Column
from tuiflow.tui.widgets.lines import FixedLines, LinesView

WIDTH = 58
_BAR = 24
_EIGHTHS = "▏▎▍▌▋▊▉█"


class ColumnSummaryModal(Modal[None]):
    """Shows a column's summary; scrolls."""

    keys = "{lists.down} {lists.up} scroll · {dialog.cancel} close"

    def __init__(self, column: Column, summary: ColumnSummary, of: str) -> None:
        super().__init__()
        self.heading = f"{cut(clean(column.title), 30)} of {of}"
        self._lines = summary_lines(column, summary)

    def compose_body(self) -> ComposeResult:
        yield LinesView(id="column-summary")

    def on_mount(self) -> None:
        lines = self.query_one(LinesView)
        lines.show(FixedLines(self._lines))
        lines.styles.height = len(self._lines)
        lines.focus()


def summary_lines(column: Column, summary: ColumnSummary) -> list[str]:
    """The summary as text, `WIDTH` cells wide."""
    there = summary.runs - summary.missing
    counts = [f"n {there:,}", f"missing {summary.missing:,}"]
    if column.id == "model":
        return [f"{there:,} with a model, {summary.missing:,} without"]
    if summary.nan:
        counts.append(f"NaN {summary.nan:,}")
    if summary.infinite:
        counts.append(f"infinite {summary.infinite:,}")
    if summary.texts:
        counts.append(f"distinct texts {summary.distinct:,}")
    lines = ["   ".join(counts)]
    if summary.numbers is not None:
        lines += ["", *_number_lines(column, summary.numbers)]
    if summary.texts:
        if summary.numbers is not None:
            lines += ["", f"and texts in {sum(count for _, count in summary.texts):,} runs"]
        bars = _bars([(clean(text, 60) or "(empty)", count) for text, count in summary.texts])
        lines += ["", *bars]
        if summary.distinct > len(summary.texts):
            lines.append(f"… {summary.distinct - len(summary.texts):,} more")
    return lines


def _number_lines(column: Column, found: Numbers) -> list[str]:
    write = _writer(column, found)
    low, middle, high = found.quartiles
    facts = [
        ("min", found.minimum), ("quartile 1", low), ("median", middle),
        ("max", found.maximum), ("quartile 3", high), ("mean", found.mean),
    ]  # fmt: skip
    texts = [f"{name} {write(value)}" for name, value in facts]
    if column.key.name != "start_time" and column.key.name != "end_time":
        texts += [f"deviation {write(found.deviation)}"]
    width = WIDTH // 3
    rows = [
        "".join(pad(text, width - 1) + " " for text in texts[start : start + 3]).rstrip()
        for start in range(0, len(texts), 3)
    ]
    if any(len(text) >= width for text in texts):
        rows = texts
    return [*rows, "", *_histogram(found, write)]


def _histogram(found: Numbers, write: Callable[[float], str]) -> list[str]:
    bins = found.bins
    places = [bins[0].low, *(item.high for item in bins)]
    if write is number:
        edges = ticks.labels(places)
    elif write is _milliseconds and len(bins) > 1:
        edges = [f"{text} ms" for text in ticks.labels(places)]
    else:
        edges = [write(place) for place in places]
    if len(bins) == 1:
        return _bars([(edges[0], found.count)])
    names = [f"{edges[i]} – {edges[i + 1]}" for i in range(len(bins))]
    return _bars([(name, item.count) for name, item in zip(names, bins, strict=True)], right=True)


def _writer(column: Column, found: Numbers) -> Callable[[float], str]:
    if column.key.name == "duration":
        if _is_short(found):
            return _milliseconds
        return lambda value: duration(round(value))
    if column.key.name in ("start_time", "end_time"):
        return lambda value: moment(round(value))
    return number


def _is_short(found: Numbers) -> bool:
    """Whether durations are too short, or too much alike, for tenths of seconds."""
    width = found.bins[0].high - found.bins[0].low
    return found.maximum < 1000 or (found.maximum < 10_000 and 0 < width < 100)


def _milliseconds(value: float) -> str:
    return f"{number(value)} ms"


def _bars(rows: Sequence[tuple[str, int]], right: bool = False) -> list[str]:
    """A line for each name: how many, as a bar and as a number."""
    width = min(max(len(name) for name, _ in rows), WIDTH - _BAR - 9)
    most = max(count for _, count in rows) or 1
    lines = []
    for name, count in rows:
        full, part = divmod(max(round(8 * _BAR * count / most), 1) if count else 0, 8)
        bar = "█" * full + (_EIGHTHS[part - 1] if part else "")
        lines.append(f"{pad(name, width, right)}  {bar}{' ' if bar else ''}{count:,}")
    return lines
