"""Which columns of a table stand where, how wide, and the lines of text they make. No framework."""

from __future__ import annotations

from collections.abc import Sequence

from tuiflow.entities import Run
from tuiflow.filters import Kind
from tuiflow.tui.cells import pad
from tuiflow.tui.widgets import columns as cols
from tuiflow.tui.widgets.columns import Column

GAP = 2
"""Cells between columns."""


class Sheet:
    """Columns with a cursor on one of them; the first stays when the others are scrolled."""

    def __init__(self) -> None:
        self.columns: tuple[Column, ...] = ()
        self.place = 0
        """The cursor's column, from 0."""
        self.first = 1
        """The first scrolled column that is shown."""
        self._widths: dict[str, int] = {}
        self._right: dict[str, bool] = {}

    @property
    def column(self) -> Column | None:
        """The column under the cursor."""
        return self.columns[self.place] if self.place < len(self.columns) else None

    def width(self, col: Column) -> int:
        return self._widths[col.id]

    def is_right(self, col: Column) -> bool:
        """Whether its cells are set to the right."""
        return self._right[col.id]

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Take other columns; the cursor stays on its own, if that is still there."""
        here = self.column
        self.columns = tuple(columns)
        self.place = self.columns.index(here) if here in self.columns else 0
        self.first = 1

    def forget_widths(self) -> None:
        self._widths.clear()

    def measure(self, runs: Sequence[Run], now_ms: int) -> None:
        """Take widths from these runs, but never less than before: columns must not jump."""
        for col in self.columns:
            texts = cols.cells(col, runs, now_ms)
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
        """Choose `first` so that the cursor's column can be seen whole; True where it changed."""
        if not self.columns:
            return False
        old = self.first
        room -= self.width(self.columns[0])
        self.first = max(min(self.first, max(self.place, 1)), 1)
        while self.first < self.place:
            shown = self.columns[self.first : self.place + 1]
            if sum(self.width(col) + GAP for col in shown) <= room:
                break
            self.first += 1
        return self.first != old

    def shown(self, room: int) -> list[Column]:
        """The columns that fit whole into `room` cells."""
        found: list[Column] = []
        for col in [*self.columns[:1], *self.columns[max(self.first, 1) :]]:
            room -= self.width(col)
            if room < 0 and len(found) > 1:
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

    def lines(self, runs: Sequence[Run], room: int, now_ms: int) -> list[str]:
        """The cells of these runs, a line each."""
        table = [
            [
                pad(text, self.width(col), self.is_right(col))
                for text in cols.cells(col, runs, now_ms)
            ]
            for col in self.shown(room)
        ]
        return [(" " * GAP).join(texts[row] for texts in table) for row in range(len(runs))]
