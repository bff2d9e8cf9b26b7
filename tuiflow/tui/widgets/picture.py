"""An image, drawn as the terminal can."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import ControlType, Segment
from rich.style import Style
from textual import events
from textual.strip import Strip

from tuiflow.tui import pictures
from tuiflow.tui.pictures import Cells, Colour, Way
from tuiflow.tui.reader import Asks

if TYPE_CHECKING:
    from PIL.Image import Image

_RAW = [(ControlType.CURSOR_FORWARD, 0)]
"""Marks what goes to the terminal as it is and takes no room."""
_numbers = count(1 + (id(object()) >> 4) % 0xFFFF00)


class PictureView(Asks):
    """Shows one image, as large as it fits, in the upper left corner."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._image: Image | None = None
        self._way: Way = "blocks"
        self._cells = Cells(0, 0)
        self._blocks: list[list[tuple[int, Colour, Colour]]] = []
        self._sixel = ""
        self._number: int | None = None

    def show(self, image: Image) -> None:
        self._image = image
        self._way = pictures.terminal_way()
        self._draw()

    def clear(self) -> None:
        """Show nothing, and have the terminal forget what it was sent."""
        self._image = None
        self.forget("picture")
        self._drop()

    def _drop(self) -> None:
        if self._number is not None:
            self._send(pictures.kitty_forget(self._number))
        self._number, self._blocks, self._sixel = None, [], ""
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def on_unmount(self) -> None:
        self.clear()

    def _draw(self) -> None:
        image, columns, rows = self._image, self.size.width, self.size.height
        if image is None or columns < 2 or rows < 1:
            return
        way, cell = self._way, pictures.cell_pixels() or (1, 2)

        def question() -> tuple[Cells, list[list[tuple[int, Colour, Colour]]], str, int | None]:
            if way == "kitty":
                size = pictures.fit(image, columns, min(rows, pictures.KITTY_ROWS), cell)
                number = next(_numbers) & 0xFFFFFF
                return size, [], pictures.kitty_image(image, size, number, cell), number
            if way == "sixel":
                size = pictures.fit(image, columns, rows, cell)
                return size, [], pictures.sixel_image(image, size, cell), None
            size = pictures.fit(image, columns, rows)
            return size, pictures.half_blocks(image, size), "", None

        self.ask("picture", question, self._drawn)

    def _drawn(
        self, answer: tuple[Cells, list[list[tuple[int, Colour, Colour]]], str, int | None]
    ) -> None:
        self._drop()
        self._cells, self._blocks, sequence, self._number = answer
        if self._number is not None:
            self._send(sequence)
        else:
            self._sixel = sequence
        self.refresh()

    def _send(self, sequence: str) -> None:
        driver = self.app._driver
        if driver is not None:
            driver.write(sequence)

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        if y >= self._cells.rows:
            return Strip.blank(width, base)
        if self._number is not None:
            colour = Color.from_rgb(*self._number.to_bytes(3, "big"))
            line = pictures.kitty_placeholders(self._cells)[y]
            strip = Strip([Segment(line, base + Style(color=colour))], self._cells.columns)
            rest = Segment(" " * (width - self._cells.columns), base)
            return Strip([*strip, rest], width)
        if self._sixel:
            return self._sixel_strip(y, width, base)
        if y < len(self._blocks):
            segments = [
                Segment(
                    "▀" * cells,
                    base + Style(color=Color.from_rgb(*top), bgcolor=Color.from_rgb(*bottom)),
                )
                for cells, top, bottom in self._blocks[y]
            ]
            return Strip(segments).adjust_cell_length(width, base)
        return Strip.blank(width, base)

    def _sixel_strip(self, y: int, width: int, base: Style) -> Strip:
        """All is drawn with the last row, after the blanks of the rows above. Those are blanks of
        another kind: where the picture goes, they are not taken for what is to be there."""
        if y < self._cells.rows - 1:
            line = "\xa0" * self._cells.columns + " " * (width - self._cells.columns)
            return Strip([Segment(line, base)], width)
        up = f"\x1b[{self._cells.rows - 1}A" if self._cells.rows > 1 else ""
        drawn = f"\x1b7{up}{self._sixel}\x1b8\x1b[{self._cells.columns}C"
        rest = width - self._cells.columns
        return Strip([Segment(drawn, None, _RAW), Segment(" " * rest, base)], width)
