"""What the terminal shows, and the least to send to it so that it shows something else.

Textual sends every line of what is to be painted anew, also where it looks as before: opening one
line at the foot of a screen lays it all out again and sends it all. Over a slow line that is felt.
Here every cell of the terminal is known, and only those go out that look different.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import is_not, ne, or_

from rich.cells import split_graphemes
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from tuiflow.tui.looks import PLAIN, RESET, Look, change, look_of, of_blank

_STRETCH = re.compile(rb"\x01+(?:\x00{1,4}\x01+)*")
"""Cells that differ. Up to four that don't are sent between them: skipping those costs more."""

Piece = tuple[int, Strip]
"""The cell where it begins, and what stands there."""


@dataclass(slots=True)
class _Line:
    """A line of cells: the characters in each (none in the second cell of a wide one; None where it
    isn't known) and how they look."""

    chars: list[str | None]
    looks: list[Look]
    odd: bool = False
    """Whether characters are in it that terminals may not agree on how wide they are."""


class Wire:
    """Knows the cells of one terminal, and writes updates of them as short as it can."""

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._size = (0, 0)

    def forget(self) -> None:
        """Send whole lines again: somebody else may have written to the terminal."""
        self._size = (0, 0)

    def least(self, update: CompositorUpdate, size: tuple[int, int]) -> CompositorUpdate:
        """The same update of a terminal of that size, as short as it can be said."""
        if isinstance(update, (LayoutUpdate, ChopsUpdate)):
            return _Least(self, update, size)
        self.forget()
        return update

    def write(
        self,
        lines: Iterable[tuple[int, list[Piece]]],
        size: tuple[int, int],
        colours: ColorSystem,
    ) -> str:
        """What to send so that these lines have these pieces; empty where they have them."""
        if size != self._size:
            width, height = self._size = size
            self._lines = [_Line([None] * width, [PLAIN] * width) for _ in range(height)]
        pen = _Pen()
        for y, pieces in lines:
            if y < len(self._lines):
                _write_line(self._lines[y], y, pieces, colours, pen)
        return pen.written()


def _write_line(line: _Line, y: int, pieces: list[Piece], colours: ColorSystem, pen: _Pen) -> None:
    was_odd = line.odd
    odd = False
    changed: list[tuple[int, int, list[tuple[int, int]]]] = []
    for x, strip in pieces:
        if any(control for _, _, control in strip):
            pen.raw(x, y, strip, colours)
            _put(line, x, [None] * strip.cell_length, [PLAIN] * strip.cell_length)
            continue
        chars, looks, strange = _cells(strip, colours, max(len(line.chars) - x, 0))
        odd = odd or strange
        end = x + len(chars)
        if line.chars[x:end] != chars or line.looks[x:end] != looks:
            changed.append((x, end, _differing(line, x, chars, looks)))
            _put(line, x, chars, looks)
    if was_odd or odd:
        line.odd = any(char is not None and len(char) != 1 for char in line.chars)
    for x, end, spans in changed:
        for start, stop in [(x, end)] if was_odd or odd else spans:
            pen.cells(line, y, start, stop)


def _put(line: _Line, x: int, chars: list[str | None], looks: list[Look]) -> None:
    end = min(x + len(chars), len(line.chars))
    line.chars[x:end] = chars[: end - x]
    line.looks[x:end] = looks[: end - x]


def _differing(
    line: _Line, x: int, chars: list[str | None], looks: list[Look]
) -> list[tuple[int, int]]:
    """The stretches that look different, those joined that are near each other."""
    differs = bytes(map(or_, map(ne, chars, line.chars[x:]), map(is_not, looks, line.looks[x:])))
    return [(x + found.start(), x + found.end()) for found in _STRETCH.finditer(differs)]


def _cells(
    strip: Strip, colours: ColorSystem, room: int
) -> tuple[list[str | None], list[Look], bool]:
    """The cells of a strip, `room` at most, and whether their widths may be disputed."""
    chars: list[str | None] = []
    looks: list[Look] = []
    odd = False
    for text, style, _ in strip:
        look = look_of(style, colours)
        if _is_plain(text):
            chars.extend(text)
        else:
            odd = True
            chars.extend(_graphemes(text))
        blank = of_blank(look)
        if blank is look or " " not in text:
            looks.extend([look] * (len(chars) - len(looks)))
        else:
            looks.extend(blank if char == " " else look for char in chars[len(looks) :])
    return chars[:room], looks[:room], odd


def _is_plain(text: str) -> bool:
    return text.isascii() or _ONE_CELL.issuperset(text)


_ONE_CELL = frozenset(
    [
        *map(chr, (*range(0x20, 0x7F), *range(0xA0, 0xAD), *range(0xAE, 0x300))),
        *map(chr, (*range(0x370, 0x483), *range(0x2010, 0x2016), *range(0x2500, 0x25FD))),
        *map(chr, (*range(0x2190, 0x2194), *range(0x2200, 0x2300), *range(0x2800, 0x2900))),
        *map(chr, range(0x2400, 0x2427)),
        *"…‘’“”•′″€⏵✓✗",
    ]
)
"""Characters that take one cell, on every terminal; many others do, too."""


def _graphemes(text: str) -> Iterator[str]:
    """What stands in each cell: a character with all that combines with it, or nothing."""
    held = ""
    for start, end, width in split_graphemes(text)[0]:
        if not width:  # at the very start: it combines with nothing
            held += text[start:end]
            continue
        yield held + text[start:end]
        held = ""
        yield from [""] * (width - 1)


@dataclass(slots=True)
class _Pen:
    """Writes cells, knowing where the cursor is and in which look it writes."""

    out: list[str] = field(default_factory=list)
    at: tuple[int, int] | None = None
    look: Look = PLAIN

    def cells(self, line: _Line, y: int, start: int, end: int) -> None:
        self._go(start, y)
        place = start
        for _, alike in groupby(line.looks[start:end], id):
            looks = list(alike)
            look, after = looks[0], place + len(looks)
            text = "".join(filter(None, line.chars[place:after]))
            if look is not of_blank(self.look) or not text.isspace():
                self.turn(look)
            self.out.append(text)
            place = after
        # After the last cell of a line terminals don't agree on where the cursor is.
        self.at = (end, y) if end < len(line.chars) else None

    def raw(self, x: int, y: int, strip: Strip, colours: ColorSystem) -> None:
        """Write what acts on the terminal by itself, such as a picture."""
        self._go(x, y)
        for text, style, control in strip:
            self.turn(PLAIN if control else look_of(style, colours))
            self.out.append(text)
        self.at = None

    def turn(self, look: Look) -> None:
        """Write in this look from now on."""
        if look is not self.look:
            self.out.append(change(self.look, look))
            self.look = look

    def _go(self, x: int, y: int) -> None:
        if self.at == (x, y):
            return
        if self.at is not None and self.at[1] == y and x > self.at[0]:
            self.out.append(f"\x1b[{x - self.at[0]}C")
        else:
            self.out.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")

    def written(self) -> str:
        if self.look is not PLAIN:
            self.out.append(_end(self.look))
        return "".join(self.out)


def _end(look: Look) -> str:
    return ("\x1b]8;;\x1b\\" if look.link else "") + (RESET if look.codes else "")


class _Least(CompositorUpdate):
    """Worked out when it is sent, and not before: it may never be."""

    def __init__(
        self, wire: Wire, update: LayoutUpdate | ChopsUpdate, size: tuple[int, int]
    ) -> None:
        self._wire = wire
        self._update = update
        self._size = size

    def render_segments(self, console: Console) -> str:
        colours = console._color_system or ColorSystem.TRUECOLOR
        return self._wire.write(_lines(self._update), self._size, colours)

    def __rich_console__(self, console: Console, options: object) -> Iterator[Segment]:
        yield Segment(self.render_segments(console), None, [])


def _lines(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, list[Piece]]]:
    """The lines of an update and the pieces of each."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            pieces = []
            x = update.region.x
            for strip in strips:
                pieces.append((x, strip))
                x += strip.cell_length
            yield y, pieces
        return
    line: tuple[int, list[Piece]] | None = None
    for y, x1, x2 in update.spans:
        if line is None or line[0] != y:
            if line is not None:
                yield line
            line = (y, [])
        for end, (x, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if chop is not None and x < x2 and end > x1:
                first, last = max(x, x1), min(end, x2)
                whole = (first, last) == (x, end)
                line[1].append((first, chop if whole else chop.crop(first - x, last - x)))
    if line is not None:
        yield line
