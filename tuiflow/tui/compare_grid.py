"""The lines of the Compare table: which texts stand where, and how wide. No framework.

A grid has a lead column and a head that stay, and columns and lines that scroll. Normally runs are
columns; transposed, they are lines. Pieces are only made for what is drawn: there may be thousands
of rows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, partial
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
    folded,
    why_lines,
)
from tuiflow.tui.cells import cut_middle, pad
from tuiflow.tui.compare_words import WORDS, Parts, Worded, WordedRow, told_apart

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
    """One line: `lead` and `cells`, from a column to another one, make what is filled up to the
    widths of the grid.

    A line without `cells` says something across all columns. `name` tells it again after the grid
    was built anew; `different` is where `n` stops.
    """

    name: str
    lead: Callable[[], Pieces]
    cells: Callable[[int, int], list[Pieces]] | None = None
    different: bool = False


def _banner(name: str, *pieces: Piece) -> Line:
    return Line(name, lambda: pieces)


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


def build(worded: Worded, width: int, *, fold: bool, transposed: bool) -> Grid:
    """Lay a comparison out for a view of `width` cells."""
    return (_transposed if transposed else _runs_as_columns)(worded, width, fold)


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
        lines.append(_banner("why", Piece(heading, Look.SECTION)))
        for number, words in enumerate(why_lines(comparison.why)):
            lines.append(_banner(f"why/{number}", Piece("  " + words, Look.PLAIN)))
    if not comparison.complete:
        words = "  reading code, environment, models and artifacts…"
        lines.append(_banner("reading", Piece(words, Look.DIM)))
    return lines


def _row_name(section: Section, row: Row) -> str:
    return f"{section.name}/{row.key}"


def _runs_as_columns(worded: Worded, width: int, fold: bool) -> Grid:
    comparison = worded.comparison
    shown = worded.shown(fold)
    # Long names, of artifacts mostly, leave the room to the runs.
    most = max(min(_LEAD[1], width * 3 // 10), 20)
    widest = max((row.label_width + 3 for rows in shown for row in rows), default=0)
    lead = _between(widest, (_LEAD[0], most))
    needed = worded.widths(fold)
    parts = needed.parts()
    widths = _fitted(needed.texts, parts, worded.heads, width - lead)
    lines: list[Line] = []
    for section, rows in zip(comparison.sections, shown, strict=True):
        heading = Piece(f"── {_title(comparison, section)} ", Look.SECTION)
        if not rows:
            same = Piece(f"── {folded(section)[1:-1]} ", Look.DIM)
            lines.append(_banner(section.name, heading, same))
            continue
        lines.append(_banner(section.name, heading))
        for row in rows:
            key = partial(_key, row, lead)
            cells = partial(_cells, row, widths, parts)
            lines.append(Line(_row_name(section, row.row), key, cells, row.row.differs))
        if fold and section.equal:
            lines.append(_banner(section.name + "/", Piece("  " + folded(section), Look.DIM)))
    lines += _below(comparison)

    def over(first: int, last: int) -> list[Pieces]:
        places = range(len(widths))[first : last + 1]
        return [_head(worded.heads[place], widths[place], not place) for place in places]

    names = tuple(run.run_id for run in comparison.runs)
    head = Line("", partial(_blank, lead), over)
    return Grid(lead, tuple(widths), (head,), tuple(lines), names, (False,) * len(names))


def _blank(width: int) -> Pieces:
    return (Piece(" " * width),)


def _key(worded: WordedRow, width: int) -> Pieces:
    return (Piece(pad("  " + cut_middle(worded.label, width - 3), width), Look.KEY),)


def _cells(
    worded: WordedRow, widths: Sequence[int], parts: Sequence[Parts], first: int, last: int
) -> list[Pieces]:
    """The cells of a row, from the column `first` to `last`."""
    told = told_apart(worded.row, worded.cells, widths)
    return [
        _pieces(worded.row, place, told[place], widths[place], parts[place])
        for place in range(len(told))[first : last + 1]
    ]


def _fitted(
    longest: Sequence[int], parts: Sequence[Parts], heads: Sequence[str], width: int
) -> list[int]:
    """Widths of the runs' columns."""
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
    return [size + 1 for size in _widened(least, wanted, room)]


def _transposed(worded: Worded, width: int, fold: bool) -> Grid:
    comparison, runs = worded.comparison, worded.heads
    lead = _between(max(cell_len(head) for head in runs) + 6, (_LEAD[0], max(width // 3, _LEAD[0])))
    columns: list[_Column] = []
    for section, rows in zip(comparison.sections, worded.shown(fold), strict=True):
        above = f"── {_title(comparison, section)} "
        for row in rows:
            columns.append(_column(section, row, above))
            above = ""
        if fold and section.equal:
            words = f"({len(section.equal)} equal)"
            columns.append(_Column(section.name + "/", above, words, len(words) + 2, None))

    def over(first: int, last: int) -> list[Pieces]:
        return [(Piece(pad(c.section, c.width), Look.SECTION),) for c in columns[first : last + 1]]

    def keys(first: int, last: int) -> list[Pieces]:
        return [
            (Piece(pad(" " + cut_middle(c.key, c.width - 2), c.width), Look.KEY),)
            for c in columns[first : last + 1]
        ]

    def cells(place: int, first: int, last: int) -> list[Pieces]:
        return [column.cell(place) for column in columns[first : last + 1]]

    blank = partial(_blank, lead)
    lines = tuple(
        Line(run.run_id, partial(_head, head, lead, not index), partial(cells, index))
        for index, (run, head) in enumerate(zip(comparison.runs, runs, strict=True))
    )
    return Grid(
        lead,
        tuple(column.width for column in columns),
        (Line("", blank, over), Line("", blank, keys)),
        (*lines, *_below(comparison)),
        tuple(column.name for column in columns),
        tuple(column.worded is not None and column.worded.row.differs for column in columns),
    )


@dataclass(frozen=True, slots=True)
class _Column:
    """A row of the comparison, lying down; `worded` None where it stands for folded ones."""

    name: str
    section: str
    key: str
    width: int
    worded: WordedRow | None

    def cell(self, place: int) -> Pieces:
        """What it says of a run."""
        worded = self.worded
        if worded is None:
            return _blank(self.width)
        count = len(worded.cells)
        return _cells(worded, [self.width] * count, [worded.parts] * count, place, place)[0]


def _column(section: Section, worded: WordedRow, above: str) -> _Column:
    wanted = max(worded.longest, worded.label_width + 1, cell_len(above))
    width = max(_between(wanted, _COLUMN), worded.parts.width) + 1
    return _Column(_row_name(section, worded.row), above, worded.label, width, worded)


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


_LOOKS = {
    Verdict.BETTER: Look.BETTER,
    Verdict.WORSE: Look.WORSE,
    Verdict.EQUAL: Look.PLAIN,
}


def _pieces(row: Row, index: int, cell: CellText, width: int, parts: Parts) -> Pieces:
    original = row.cells[index]
    verdict = original.verdict
    look = Look.PLAIN
    if verdict is not None and row.kind is not Kind.MOMENT:
        look = _LOOKS.get(verdict, Look.DIFFERENT)
    plain = Look.DIM if original.value is None or not row.differs else Look.PLAIN
    mark = Piece(f" {cell.mark or ' '}", look)
    if row.kind in WORDS:
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
