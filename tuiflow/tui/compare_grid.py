"""The lines of the Compare table: which texts stand where, and how wide. No framework.

A grid has a lead column and a head that stay, and columns and lines that scroll. Normally runs are
columns; transposed, they are lines.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import accumulate

from rich.cells import cell_len

from tuiflow import text
from tuiflow.diff import (
    CellText,
    Comparison,
    Kind,
    Measure,
    Row,
    Section,
    Verdict,
    column_names,
    folded,
    label,
    row_texts,
    why_lines,
)
from tuiflow.tui.cells import cut_middle, pad

TEXT_LIMIT = 1000
"""Characters of a value that are looked at; a column is never so wide."""

_WORDS = (Kind.TEXT, Kind.MOMENT, Kind.CHANGE)
_LEAD = (12, 32)
_COLUMN = (10, 21)
_SHRINKING = ((20, 21), (20, 14), (14, 14))


class Look(Enum):
    """What a piece of text is, for its colour."""

    PLAIN = "plain"
    DIM = "dim"
    BETTER = "better"
    WORSE = "worse"
    DIFFERENT = "different"
    SECTION = "section"
    KEY = "key"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    look: Look = Look.PLAIN


Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `lead` and `cells` are filled up to the widths of the grid.

    A line without `cells` says something across all columns. `name` tells it again after the grid
    was built anew; `different` is where `n` stops.
    """

    name: str
    lead: Pieces
    cells: tuple[Pieces, ...] = ()
    different: bool = False


@dataclass(frozen=True)
class Grid:
    """`head` are the lines on top; `different` tells the columns where `n` stops."""

    lead_width: int
    widths: tuple[int, ...]
    head: tuple[Line, ...]
    lines: tuple[Line, ...]
    names: tuple[str, ...]
    different: tuple[bool, ...]

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each column begins, a divider before it included, and where the last one ends."""
        return tuple(accumulate((width + 1 for width in self.widths), initial=0))

    def column_at(self, place: int) -> int:
        """The column that covers this place, the last one beyond the end."""
        return max(min(bisect_right(self.starts, place), len(self.widths)) - 1, 0)

    def start_showing(self, column: int, left: int, room: int) -> int:
        """Where to scroll to from `left` so that `room` cells show a column whole.

        Always where a column begins, so that nothing of another is seen beside the lead.
        """
        if not self.widths:
            return 0
        start, end = self.starts[column], self.starts[column + 1]
        if start < left:
            return start
        return min(self.starts[bisect_left(self.starts, max(left, end - room))], start)

    def hidden(self, left: int, room: int) -> tuple[int, int]:
        """How many columns are not, or not wholly, seen on the left and on the right."""
        before = bisect_right(self.starts, left) - 1
        after = len(self.starts) - bisect_right(self.starts, left + room + 1)
        return max(before, 0), after


def build(comparison: Comparison, width: int, *, fold: bool, transposed: bool) -> Grid:
    """Lay the comparison out for a view of `width` cells."""
    if transposed:
        return _transposed(comparison, width, fold)
    return _runs_as_columns(comparison, width, fold)


def run_heads(comparison: Comparison) -> list[str]:
    """Status and name of each run."""
    return [
        f"{text.STATUS_GLYPHS.get(run.status, '?')} {name}"
        for run, name in zip(comparison.runs, column_names(comparison.runs), strict=True)
    ]


def _head(head: str, width: int, baseline: bool) -> Pieces:
    mark = " (b)" if baseline else ""
    shown = cut_middle(head, width - 1 - cell_len(mark)) + mark
    return (Piece(pad(" " + shown, width), Look.RUN),)


def _title(comparison: Comparison, section: Section) -> str:
    if section.name == "metrics" and comparison.measure is not Measure.LAST:
        return f"metrics · {comparison.measure} value"
    return section.name


def _below(comparison: Comparison) -> list[Line]:
    """What is said of all runs together: which params go with the metric."""
    lines = []
    if comparison.why is not None:
        heading = f"── what goes with {text.clean(comparison.why.metric, 40)} "
        lines.append(Line("why", (Piece(heading, Look.SECTION),)))
        for number, words in enumerate(why_lines(comparison.why)):
            lines.append(Line(f"why/{number}", (Piece("  " + words, Look.PLAIN),)))
    if not comparison.complete:
        words = "  reading code, environment, models and artifacts…"
        lines.append(Line("reading", (Piece(words, Look.DIM),)))
    return lines


def _row_name(section: Section, row: Row) -> str:
    return f"{section.name}/{row.key}"


@dataclass(frozen=True, slots=True)
class _Parts:
    """Widths of the parts of the numbers in a column."""

    value: int = 0
    delta: int = 0
    relative: int = 0

    def widened(self, cell: CellText) -> _Parts:
        return _Parts(
            max(self.value, cell_len(cell.value)),
            max(self.delta, cell_len(cell.delta)),
            max(self.relative, cell_len(cell.relative)),
        )

    @property
    def width(self) -> int:
        return 2 + self.value + sum(1 + part for part in (self.delta, self.relative) if part)


_Worded = list[tuple[Row, list[CellText]]]


def _runs_as_columns(comparison: Comparison, width: int, fold: bool) -> Grid:
    worded = [
        [(row, row_texts(row, TEXT_LIMIT)) for row in (section.different if fold else section.rows)]
        for section in comparison.sections
    ]
    heads = run_heads(comparison)
    labels = [label(row.key) for rows in worded for row, _ in rows]
    # Long names, of artifacts mostly, leave the room to the runs.
    most = max(min(_LEAD[1], width * 3 // 10), 20)
    lead = _between(max((cell_len(key) + 3 for key in labels), default=0), (_LEAD[0], most))
    widths, parts = _measure(worded, heads, width - lead)
    lines: list[Line] = []
    for section, rows in zip(comparison.sections, worded, strict=True):
        heading = Piece(f"── {_title(comparison, section)} ", Look.SECTION)
        if not rows:
            same = Piece(f"── {folded(section)[1:-1]} ", Look.DIM)
            lines.append(Line(section.name, (heading, same)))
            continue
        lines.append(Line(section.name, (heading,)))
        for row, cells in rows:
            key = pad("  " + cut_middle(label(row.key), lead - 3), lead)
            filled = tuple(
                _pieces(row, index, cell, widths[index], parts[index])
                for index, cell in enumerate(_told_apart(row, cells, widths))
            )
            name = _row_name(section, row)
            lines.append(Line(name, (Piece(key, Look.KEY),), filled, row.differs))
        if fold and section.equal:
            lines.append(Line(section.name + "/", (Piece("  " + folded(section), Look.DIM),)))
    lines += _below(comparison)
    over = tuple(
        _head(head, size, not index)
        for index, (head, size) in enumerate(zip(heads, widths, strict=True))
    )
    names = tuple(run.run_id for run in comparison.runs)
    head_line = Line("", (Piece(" " * lead),), over)
    return Grid(lead, tuple(widths), (head_line,), tuple(lines), names, (False,) * len(names))


def _measure(
    worded: Sequence[_Worded], heads: Sequence[str], width: int
) -> tuple[list[int], list[_Parts]]:
    """Widths of the runs' columns, and of the parts of the numbers in each."""
    parts = [_Parts()] * len(heads)
    longest = [0] * len(heads)
    for row, cells in (pair for rows in worded for pair in rows):
        for column, cell in enumerate(cells):
            if row.kind in _WORDS:
                longest[column] = max(longest[column], 2 + cell_len(cell.value))
            else:
                parts[column] = parts[column].widened(cell)
    names = [cell_len(head) + (0 if index else 4) for index, head in enumerate(heads)]
    wanted = [max(pair) for pair in zip(names, longest, strict=True)]
    # Texts give way first, then names; where even that is too much, the table scrolls.
    for name_width, text_width in (*_SHRINKING, _SHRINKING[0]):
        least = [
            max(_COLUMN[0], min(name, name_width), min(size, text_width), part.width)
            for name, size, part in zip(names, longest, parts, strict=True)
        ]
        room = width - sum(size + 2 for size in least)
        if room >= 0:
            break
    return [size + 1 for size in _widened(least, wanted, room)], parts


def _transposed(comparison: Comparison, width: int, fold: bool) -> Grid:
    runs = run_heads(comparison)
    lead = _between(max(cell_len(head) for head in runs) + 6, (_LEAD[0], max(width // 3, _LEAD[0])))
    columns: list[_Column] = []
    for section in comparison.sections:
        above = f"── {_title(comparison, section)} "
        for row in section.different if fold else section.rows:
            columns.append(_column(section, row, above))
            above = ""
        if fold and section.equal:
            words = f"({len(section.equal)} equal)"
            blank = ((),) * len(runs)
            columns.append(_Column(section.name + "/", above, words, len(words) + 2, blank, False))
    over = [(Piece(pad(column.section, column.width), Look.SECTION),) for column in columns]
    keys = [
        (Piece(pad(" " + cut_middle(column.key, column.width - 2), column.width), Look.KEY),)
        for column in columns
    ]
    blank_lead = (Piece(" " * lead),)
    lines = tuple(
        Line(
            run.run_id,
            _head(head, lead, not index),
            tuple(column.cells[index] or (Piece(" " * column.width),) for column in columns),
        )
        for index, (run, head) in enumerate(zip(comparison.runs, runs, strict=True))
    )
    return Grid(
        lead,
        tuple(column.width for column in columns),
        (Line("", blank_lead, tuple(over)), Line("", blank_lead, tuple(keys))),
        (*lines, *_below(comparison)),
        tuple(column.name for column in columns),
        tuple(column.different for column in columns),
    )


@dataclass(frozen=True, slots=True)
class _Column:
    """A row of the comparison, lying down."""

    name: str
    section: str
    key: str
    width: int
    cells: tuple[Pieces, ...]
    different: bool


def _column(section: Section, row: Row, above: str) -> _Column:
    cells = row_texts(row, TEXT_LIMIT)
    parts = _Parts()
    longest = 0
    for cell in cells:
        if row.kind in _WORDS:
            longest = max(longest, 2 + cell_len(cell.value))
        else:
            parts = parts.widened(cell)
    key = label(row.key)
    wanted = max(longest, cell_len(key) + 1, cell_len(above))
    width = max(_between(wanted, _COLUMN), parts.width) + 1
    filled = tuple(
        _pieces(row, index, cell, width, parts)
        for index, cell in enumerate(_told_apart(row, cells, [width] * len(cells)))
    )
    return _Column(_row_name(section, row), above, key, width, filled, row.differs)


def _between(value: int, limits: tuple[int, int]) -> int:
    return max(limits[0], min(value, limits[1]))


def _widened(least: Sequence[int], wanted: Sequence[int], room: int) -> list[int]:
    """Share `room` among the columns that want more than their least, narrow ones first."""
    widths = list(least)
    hungry = sorted(
        (index for index in range(len(widths)) if wanted[index] > widths[index]),
        key=lambda index: wanted[index] - widths[index],
    )
    for place, index in enumerate(hungry):
        given = min(max(room, 0) // (len(hungry) - place), wanted[index] - widths[index])
        widths[index] += given
        room -= given
    return widths


def _told_apart(row: Row, cells: Sequence[CellText], widths: Sequence[int]) -> Iterable[CellText]:
    """Where texts that differ would be cut before they do, leave out what they have in common."""
    if row.kind not in _WORDS or not row.differs:
        return cells
    room = min(widths) - 3
    if row.kind is Kind.MOMENT:
        return [_short_moment(cell, room) for cell in cells]
    present = [
        cell.value
        for cell, original in zip(cells, row.cells, strict=True)
        if original.value is not None
    ]
    common = _common_start(present)
    if len(present) < 2 or common < room - 4 or all(cell_len(v) <= room for v in present):
        return cells
    skip = max(common - room // 3, 0)
    return [
        cell if original.value is None else CellText("…" + cell.value[skip:], cell.mark)
        for cell, original in zip(cells, row.cells, strict=True)
    ]


def _short_moment(cell: CellText, room: int) -> CellText:
    """`2026-11-24 14:02:00` without the year where it is too long, then without the seconds."""
    shown = cell.value
    if len(shown) > room:
        shown = shown[5:] if len(shown) - 5 <= room else shown[5:-3]
    return CellText(shown)


def _common_start(texts: Sequence[str]) -> int:
    """How many characters all texts begin with alike."""
    first, last = min(texts, default=""), max(texts, default="")
    pairs = zip(first, last, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(first), len(last)))


_LOOKS = {
    Verdict.BETTER: Look.BETTER,
    Verdict.WORSE: Look.WORSE,
    Verdict.EQUAL: Look.PLAIN,
}


def _pieces(row: Row, index: int, cell: CellText, width: int, parts: _Parts) -> Pieces:
    original = row.cells[index]
    verdict = original.verdict
    look = Look.PLAIN
    if verdict is not None and row.kind is not Kind.MOMENT:
        look = _LOOKS.get(verdict, Look.DIFFERENT)
    plain = Look.DIM if original.value is None or not row.differs else Look.PLAIN
    mark = Piece(f" {cell.mark or ' '}", look)
    if row.kind in _WORDS:
        shown = look if look is Look.DIFFERENT and original.value is not None else plain
        return (Piece(mark.text + " " + pad(cell.value, width - 3), shown),)
    change = ""
    if parts.delta:
        change += " " + pad(cell.delta, parts.delta, right=True)
    if parts.relative:
        change += " " + pad(cell.relative, parts.relative, right=True)
    value = " " + pad(cell.value, parts.value, right=True)
    rest = width - cell_len(mark.text) - cell_len(value)
    return (mark, Piece(value, plain), Piece(pad(change, rest), look))
