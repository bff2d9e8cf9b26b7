"""A comparison in words for the Compare table, and how wide they are. No framework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from tuiflow import text
from tuiflow.diff import CellText, Comparison, Kind, Row, column_names, label, row_texts

TEXT_LIMIT = 1000
"""Characters of a value that are looked at; a column is never so wide."""

WORDS = (Kind.TEXT, Kind.MOMENT, Kind.CHANGE)
"""Rows of these are words; those of others are numbers."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Widths of the parts of the numbers in a column."""

    value: int = 0
    delta: int = 0
    relative: int = 0

    @property
    def width(self) -> int:
        return 2 + self.value + sum(1 + part for part in (self.delta, self.relative) if part)


@dataclass(frozen=True, slots=True)
class _Widths:
    """The widths of a row's, or of many rows', texts and parts of numbers, by run."""

    texts: list[int]
    values: list[int]
    deltas: list[int]
    relatives: list[int]

    def widen(self, other: _Widths) -> None:
        for mine, others in (
            (self.texts, other.texts),
            (self.values, other.values),
            (self.deltas, other.deltas),
            (self.relatives, other.relatives),
        ):
            if others:
                mine[:] = map(max, mine, others)

    def parts(self) -> list[Parts]:
        return list(map(Parts, self.values, self.deltas, self.relatives))


@dataclass(frozen=True, slots=True)
class WordedRow:
    row: Row
    label: str
    label_width: int
    cells: list[CellText]
    longest: int
    """What the longest text of its cells takes, 0 where they are numbers."""
    parts: Parts


class Worded:
    """A comparison in words, and how wide they are: made once, in a thread where there may be much
    of it, and laid out as often as one likes."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.heads = run_heads(comparison)
        self._different, self._equal = self._nothing(), self._nothing()
        self._sections = [list(map(self._word, section.rows)) for section in comparison.sections]

    def _nothing(self) -> _Widths:
        zeros = [0] * len(self.heads)
        return _Widths(zeros, zeros[:], zeros[:], zeros[:])

    def _word(self, row: Row) -> WordedRow:
        cells = row_texts(row, TEXT_LIMIT)
        values = [cell_len(cell.value) for cell in cells]
        if row.kind in WORDS:
            widths = _Widths([2 + width for width in values], [], [], [])
            longest, parts = max(widths.texts, default=0), Parts()
        else:
            deltas = [cell_len(cell.delta) if cell.delta else 0 for cell in cells]
            relatives = [cell_len(cell.relative) if cell.relative else 0 for cell in cells]
            widths = _Widths([], values, deltas, relatives)
            longest, parts = 0, Parts(*(max(w, default=0) for w in (values, deltas, relatives)))
        (self._different if row.differs else self._equal).widen(widths)
        key = label(row.key)
        return WordedRow(row, key, cell_len(key), cells, longest, parts)

    def shown(self, fold: bool) -> list[list[WordedRow]]:
        """The rows of each section; with `fold` those that differ."""
        if not fold:
            return self._sections
        return [[worded for worded in rows if worded.row.differs] for rows in self._sections]

    def widths(self, fold: bool) -> _Widths:
        """How wide it is by run, of what is shown."""
        found = self._nothing()
        for some in (self._different,) if fold else (self._different, self._equal):
            found.widen(some)
        return found


def run_heads(comparison: Comparison) -> list[str]:
    """Status and name of each run."""
    return [
        f"{text.STATUS_GLYPHS.get(run.status, '?')} {name}"
        for run, name in zip(comparison.runs, column_names(comparison.runs), strict=True)
    ]


def told_apart(row: Row, cells: Sequence[CellText], widths: Sequence[int]) -> Sequence[CellText]:
    """Where texts that differ would be cut before they do, leave out what they have in common."""
    if row.kind not in WORDS or not row.differs:
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
