"""Pictures for terminals that know no braille: the same characters in ASCII."""

from __future__ import annotations

from tuiflow.plot.canvas import BRAILLE

# The dots of a braille cell by row: bits of its two columns (see `canvas`).
_ROWS = (0x01 | 0x08, 0x02 | 0x10, 0x04 | 0x20, 0x40 | 0x80)
_ONE_ROW = "'--."


def _cell(dots: int) -> str:
    rows = [bool(dots & row) for row in _ROWS]
    if not any(rows):
        return " "
    if sum(rows) == 1:
        return _ONE_ROW[rows.index(True)]
    left, right = dots & 0x47, dots & 0xB8
    if not left or not right:
        return "|"
    first = [index for index, row in enumerate(_ROWS) if dots & row & 0x47]
    second = [index for index, row in enumerate(_ROWS) if dots & row & 0xB8]
    if sum(first) * len(second) < sum(second) * len(first):
        return "\\"
    if sum(first) * len(second) > sum(second) * len(first):
        return "/"
    return "|" if sum(rows) > 2 else "-"


_ASCII = {BRAILLE + dots: _cell(dots) for dots in range(256)}
_ASCII.update((ord(char), plain) for char, plain in zip("┤│└─┬┼×▲▼•", "+|+-++x^v*", strict=True))


def to_ascii(text: str) -> str:
    """A row of a picture in ASCII, character by character."""
    return text.translate(_ASCII)
