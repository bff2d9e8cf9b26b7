"""A grid of braille cells, two dots wide and four high each."""

from __future__ import annotations

BRAILLE = 0x2800
FAINT = 64
"""Tones from here on are those of lines that stay in the background."""
# The bit of each dot by (row in cell, column in cell), Unicode block U+2800.
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def dashed(x: int, dash: int) -> bool:
    """Whether a dashed line shows in the dot column `x`: in 3 of 4 columns, in runs by `dash`."""
    return x % (2 * dash) * 2 < 3 * dash


class Canvas:
    """`width` × `height` cells, hence 2·width × 4·height dots; dot (0, 0) is the upper left one.

    A cell shows the dots of everything drawn in it, in the tone of what was drawn last; but what
    is drawn over a faint tone takes its place.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.dots = bytearray(width * height)
        self.tones = bytearray(width * height)
        self.marks: dict[int, str] = {}

    def dot(self, x: int, y: int, tone: int) -> None:
        """Set one dot; outside of the canvas nothing happens."""
        if 0 <= x < 2 * self.width and 0 <= y < 4 * self.height:
            cell = (y >> 2) * self.width + (x >> 1)
            if self.tones[cell] >= FAINT > tone:
                self.dots[cell] = 0
            self.dots[cell] |= _BITS[y & 3][x & 1]
            self.tones[cell] = tone

    def column(self, x: int, y0: int, y1: int, tone: int) -> None:
        """A vertical line in the dot column `x`, both ends included."""
        for y in range(min(y0, y1), max(y0, y1) + 1):
            self.dot(x, y, tone)

    def line(self, x0: int, y0: int, x1: int, y1: int, tone: int, dash: int = 0) -> None:
        """A straight line, left to right (Bresenham); `dash` as in `dashed`."""
        dx, dy = x1 - x0, -abs(y1 - y0)
        step = 1 if y1 > y0 else -1
        error = dx + dy
        while True:
            if not dash or dashed(x0, dash):
                self.dot(x0, y0, tone)
            if x0 == x1 and y0 == y1:
                return
            twice = 2 * error
            if twice >= dy:
                error += dy
                x0 += 1
            if twice <= dx:
                error += dx
                y0 += step

    def mark(self, column: int, row: int, char: str, tone: int) -> None:
        """Put a character of its own over a cell."""
        if 0 <= column < self.width and 0 <= row < self.height:
            cell = row * self.width + column
            self.marks[cell] = char
            self.tones[cell] = tone

    def rows(self) -> list[tuple[str, bytes]]:
        """Each row's characters and their tones (0 where nothing is drawn)."""
        marks = self.marks
        chars = [
            marks.get(i) or (chr(BRAILLE + dots) if dots else " ")
            for i, dots in enumerate(self.dots)
        ]
        return [
            ("".join(chars[start : start + self.width]), bytes(self.tones[start:][: self.width]))
            for start in range(0, self.width * self.height, self.width)
        ]
