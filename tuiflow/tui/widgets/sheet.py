"""Which columns of a table stand where, how wide, and the lines of text they make. No framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tuiflow.entities import Run
from tuiflow.filters import Kind
from tuiflow.tui.cells import pad
from tuiflow.tui.widgets import columns as cols
from tuiflow.tui.widgets.columns import Column

GAP = 2
"""Cells between columns."""
NARROWEST, WIDEST = 3, 80
"""Cells that somebody can give a column."""


class Sheet:
    """Columns with a cursor on one of them; the first, and those pinned to it, stay when the others
    are scrolled."""

    def __init__(self) -> None:
        self.columns: tuple[Column, ...] = ()
        self.place = 0
        """The cursor's column, from 0."""
        self.first = 1
        """The first scrolled column that is shown."""
        self._pinned = 1
        self._chosen: Mapping[str, int] = {}
        self._widths: dict[str, int] = {}
        self._right: dict[str, bool] = {}

    @property
    def column(self) -> Column | None:
        """The column under the cursor."""
        return self.columns[self.place] if self.place < len(self.columns) else None

    def width(self, col: Column) -> int:
        return self._chosen.get(col.id) or self._widths[col.id]

    def is_right(self, col: Column) -> bool:
        """Whether its cells are set to the right."""
        return self._right[col.id]

    def set_columns(self, columns: Sequence[Column], pinned: int = 1) -> None:
        """Take other columns, of which so many stay on the left; the cursor stays on its own, if
        that is still there."""
        here = self.column and self.column.id
        self.columns = tuple(columns)
        self._pinned = max(pinned, 1)
        self.place = next((i for i, col in enumerate(self.columns) if col.id == here), 0)
        self.first = 1

    def set_widths(self, widths: Mapping[str, int]) -> None:
        """Take these widths, by column id, in the place of what the cells need."""
        self._chosen = widths

    def fixed(self, room: int) -> int:
        """How many columns stay: the pinned ones, as far as they leave a third of the room."""
        count = min(self._pinned, len(self.columns))
        while count > 1 and self._cells(0, count) > room * 2 // 3:
            count -= 1
        return count

    def _cells(self, start: int, end: int) -> int:
        """Cells of some neighbouring columns and the gaps between them."""
        return sum(self.width(col) + GAP for col in self.columns[start:end]) - GAP

    def forget_widths(self) -> None:
        self._widths.clear()

    def measure(self, runs: Sequence[Run], now_ms: int, names: Mapping[str, str]) -> None:
        """Take widths from these runs, but never less than before: columns must not jump."""
        for col in self.columns:
            texts = _cells(col, runs, now_ms, names)
            self._widths[col.id] = max(cols.width(col, texts), self._widths.get(col.id, 0))
            self._right[col.id] = col.right or (
                col.key.kind is not Kind.ATTRIBUTE and cols.is_numeric(texts)
            )

    def move(self, step: int) -> bool:
        """Move the cursor by so many columns; False where it stayed."""
        old = self.place
        self.place = max(min(self.place + step, len(self.columns) - 1), 0)
        return self.place != old

    def scroll(self, room: int) -> bool:
        """Choose `first` so that the cursor's column can be seen whole, and no room is left over
        while columns are hidden; True where it changed."""
        if not self.columns:
            return False
        old, fixed = self.first, self.fixed(room)
        room -= self._cells(0, fixed) + GAP
        self.first = max(min(self.first, max(self.place, fixed)), fixed)
        while self.first < self.place and self._cells(self.first, self.place + 1) > room:
            self.first += 1
        while self.first > fixed and self._cells(self.first - 1, len(self.columns)) <= room:
            self.first -= 1
        return self.first != old

    def shown(self, room: int) -> list[Column]:
        """The columns that fit whole into `room` cells."""
        found: list[Column] = []
        fixed = self.fixed(room)
        for col in [*self.columns[:fixed], *self.columns[max(self.first, fixed) :]]:
            room -= self.width(col)
            if room < 0 and len(found) > fixed:
                break
            found.append(col)
            room -= GAP
        return found

    def at(self, x: int, room: int) -> int | None:
        """The place of the column at cell `x`."""
        right = 0
        for col in self.shown(room):
            right += self.width(col) + GAP
            if x < right:
                return self.columns.index(col)
        return None

    def lines(
        self, runs: Sequence[Run], room: int, now_ms: int, names: Mapping[str, str]
    ) -> list[str]:
        """The cells of these runs, a line each; `names` (by run id) take the place of theirs."""
        table = [
            [
                pad(text, self.width(col), self.is_right(col))
                for text in _cells(col, runs, now_ms, names)
            ]
            for col in self.shown(room)
        ]
        return [(" " * GAP).join(texts[row] for texts in table) for row in range(len(runs))]


def _cells(col: Column, runs: Sequence[Run], now_ms: int, names: Mapping[str, str]) -> list[str]:
    texts = cols.cells(col, runs, now_ms)
    if col.id != "name" or not names:
        return texts
    return [names.get(run.info.run_id, text) for run, text in zip(runs, texts, strict=True)]
