"""A grid of braille cells, two dots wide and four high each."""

from __future__ import annotations

BRAILLE = 0x2800
FAINT = 64
"""Tones from here on are those of lines that stay in the background."""
# The bit of each dot by (row in cell, column in cell), Unicode block U+2800.
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
# By column in cell, first and last row: the bits of a vertical stretch within one cell.
_STRETCH = [
    [[sum(_BITS[row][side] for row in range(top, end + 1)) for end in range(4)] for top in range(4)]
    for side in range(2)
]
# By column in cell: every value of a cell with that whole column set.
_FILL = [bytes(dots | _STRETCH[side][0][3] for dots in range(256)) for side in range(2)]
_CHARS = {0: " ", **{dots: chr(BRAILLE + dots) for dots in range(1, 256)}}


def dashed(x: int, dash: int) -> bool:
    """Whether a dashed line shows in the dot column `x`: in 3 of 4 columns, in runs by `dash`."""
    return x % (2 * dash) * 2 < 3 * dash


class Canvas:
    """`width` × `height` cells, hence 2·width × 4·height dots; dot (0, 0) is the upper left one.

    A cell shows the dots of everything drawn in it, in the tone of what was drawn last; but faint
    tones show only where nothing else is.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        # Column by column, as lines mostly go up and down. One plane for faint tones, one for the
        # others; of each the dots and the tones.
        self._back = bytearray(width * height), bytearray(width * height)
        self._front = bytearray(width * height), bytearray(width * height)
        self._marks: dict[int, str] = {}

    def column(self, x: int, top: int, bottom: int, tone: int) -> None:
        """A vertical stretch in the dot column `x`, both ends included; what lies outside of the
        canvas is left out."""
        top, bottom = max(top, 0), min(bottom, 4 * self.height - 1)
        if top > bottom or not 0 <= x < 2 * self.width:
            return
        dots, tones = self._back if tone >= FAINT else self._front
        side = x & 1
        first, last = (x >> 1) * self.height + (top >> 2), (x >> 1) * self.height + (bottom >> 2)
        if first == last:
            dots[first] |= _STRETCH[side][top & 3][bottom & 3]
            tones[first] = tone
            return
        dots[first] |= _STRETCH[side][top & 3][3]
        dots[last] |= _STRETCH[side][0][bottom & 3]
        if last - first > 1:
            dots[first + 1 : last] = dots[first + 1 : last].translate(_FILL[side])
        tones[first : last + 1] = bytes((tone,)) * (last + 1 - first)

    def dot(self, x: int, y: int, tone: int) -> None:
        """Set one dot; outside of the canvas nothing happens."""
        self.column(x, y, y, tone)

    def mark(self, column: int, row: int, char: str, tone: int) -> None:
        """Put a character of its own over a cell."""
        if 0 <= column < self.width and 0 <= row < self.height:
            cell = column * self.height + row
            self._marks[cell] = char
            self._front[1][cell] = tone

    def rows(self) -> list[tuple[str, bytes]]:
        """Each row's characters and their tones (0 where nothing is drawn)."""
        dots, tones = map(bytes, self._front)
        if any(self._back[0]):
            back_dots, back_tones = self._back
            taken = list(map(bool, tones))
            dots = bytes(d if t else b for d, t, b in zip(dots, taken, back_dots, strict=True))
            tones = bytes(d if t else b for d, t, b in zip(tones, taken, back_tones, strict=True))
        chars = dots.decode("latin-1").translate(_CHARS)
        if self._marks:
            cells = list(chars)
            for cell, char in self._marks.items():
                cells[cell] = char
            chars = "".join(cells)
        return [
            (chars[row :: self.height], tones[row :: self.height]) for row in range(self.height)
        ]
