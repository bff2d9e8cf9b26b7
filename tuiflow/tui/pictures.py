"""Images as coloured half blocks, or as what Kitty's and Sixel terminals draw. No framework.

An image is decoded by Pillow, of known formats only and only where its header promises a size
that fits into memory; what is written to a terminal is made anew from its pixels.
"""

from __future__ import annotations

import base64
import fcntl
import io
import os
import re
import struct
import sys
import termios
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES = 64 << 20
MAX_PIXELS = 40_000_000
"""More are not decoded: they would take more than 160 MB."""
KEPT = 1600
"""Pixels of the longer side that are kept of a larger image."""
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
ENV_IMAGES = "TUIFLOW_IMAGES"

Way = Literal["kitty", "sixel", "blocks"]
Colour = tuple[int, int, int]


class NoPicture(Exception):
    """An image can't be shown; the message says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Of a picture in cells."""

    columns: int
    rows: int


def read_picture(path: Path) -> Image:
    """The first frame of an image, on black where it is transparent, no larger than KEPT.

    Raises NoPicture.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise NoPicture("Images are drawn with Pillow: pip install 'tuiflow[image]'") from None
    try:
        if path.stat().st_size > MAX_BYTES:
            raise NoPicture(f"Images of more than {MAX_BYTES >> 20} MB are not drawn.")
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise NoPicture(f"Images of {width:,} × {height:,} pixels are not drawn.")
            image.draft("RGB", (KEPT, KEPT))  # a JPEG is read smaller at once
            image.thumbnail((KEPT, KEPT))
            shown = image.convert("RGBA")
        ground = Image.new("RGBA", shown.size, (0, 0, 0, 255))
        return Image.alpha_composite(ground, shown).convert("RGB")
    except NoPicture:
        raise
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, struct.error):
        raise NoPicture("This image is damaged, or of a kind that is not drawn.") from None
    except (Image.DecompressionBombError, MemoryError):
        raise NoPicture("This image is too large to be drawn.") from None


def fit(image: Image, columns: int, rows: int, cell: tuple[int, int] = (1, 2)) -> Cells:
    """The largest size in cells that has the image's proportions; `cell` is that of one.

    Small images are enlarged no more than eight times.
    """
    width, height = image.size
    scale = min(columns * cell[0] / width, rows * cell[1] / height, 8)
    return Cells(
        min(max(round(width * scale / cell[0]), 1), columns),
        min(max(round(height * scale / cell[1]), 1), rows),
    )


def half_blocks(image: Image, size: Cells) -> list[list[tuple[int, Colour, Colour]]]:
    """Rows of (number of cells, upper colour, lower colour), for the character ▀."""
    small = _resized(image, size.columns, size.rows * 2)
    data = small.tobytes()
    pixels = [(data[i], data[i + 1], data[i + 2]) for i in range(0, len(data), 3)]
    rows = []
    for row in range(size.rows):
        upper = pixels[2 * row * size.columns : (2 * row + 1) * size.columns]
        lower = pixels[(2 * row + 1) * size.columns : (2 * row + 2) * size.columns]
        runs: list[tuple[int, Colour, Colour]] = []
        for top, bottom in zip(upper, lower, strict=True):
            if runs and runs[-1][1:] == (top, bottom):
                runs[-1] = (runs[-1][0] + 1, top, bottom)
            else:
                runs.append((1, top, bottom))
        rows.append(runs)
    return rows


def _resized(image: Image, width: int, height: int) -> Image:
    from PIL.Image import Resampling

    larger = width > image.width and height > image.height
    return image.resize((width, height), Resampling.NEAREST if larger else Resampling.BOX)


# what a terminal can do


def way(environment: Mapping[str, str]) -> Way:
    """How this terminal shows images: as TUIFLOW_IMAGES says, else as what it is known for.

    A terminal that is not known, or is behind tmux or screen, gets half blocks: asking it would
    cost the keys that are typed meanwhile.
    """
    named = environment.get(ENV_IMAGES, "").strip().lower()
    if named in ("kitty", "sixel", "blocks"):
        return named  # type: ignore[return-value]
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or term.startswith(("tmux", "screen")):
        return "blocks"
    if term in ("xterm-kitty", "xterm-ghostty") or environment.get("KITTY_WINDOW_ID"):
        return "kitty"
    if term.startswith(("foot", "mlterm", "contour", "yaft")):
        return "sixel"
    return "sixel" if program in ("iTerm.app", "WezTerm", "mintty", "contour") else "blocks"


def cell_pixels() -> tuple[int, int] | None:
    """Width and height of a cell in pixels; None where the terminal doesn't tell."""
    try:
        packed = fcntl.ioctl(sys.__stdout__ or 1, termios.TIOCGWINSZ, b"\0" * 8)
    except (OSError, ValueError):
        return None
    rows, columns, width, height = struct.unpack("HHHH", packed)
    if not all((rows, columns, width, height)):
        return None
    return width // columns, height // rows


# Kitty: https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders

PLACEHOLDER = "\U0010eeee"
_CHUNK = 4096
# The beginning of kitty's table of row and column diacritics (gen/rowcolumn-diacritics.txt).
_DIACRITICS = "".join(
    map(
        chr,
        (
            *(0x305, 0x30D, 0x30E, 0x310, 0x312, 0x33D, 0x33E, 0x33F, 0x346, 0x34A, 0x34B, 0x34C),
            *(0x350, 0x351, 0x352, 0x357, 0x35B, *range(0x363, 0x370), 0x483, 0x484, 0x485, 0x486),
            *(0x487, 0x592, 0x593, 0x594, 0x595, 0x597, 0x598, 0x599, 0x59C, 0x59D, 0x59E, 0x59F),
            *(0x5A0, 0x5A1, 0x5A8, 0x5A9, 0x5AB, 0x5AC, 0x5AF, 0x5C4, 0x610, 0x611, 0x612, 0x613),
            *(0x614, 0x615, 0x616, 0x617, 0x657, 0x658, 0x659, 0x65A, 0x65B, 0x65D, 0x65E, 0x6D6),
            *(0x6D7, 0x6D8, 0x6D9, 0x6DA, 0x6DB, 0x6DC, 0x6DF, 0x6E0, 0x6E1, 0x6E2, 0x6E4, 0x6E7),
        ),
    )
)
KITTY_ROWS = len(_DIACRITICS)
"""Rows that a picture may have."""


def kitty_image(image: Image, size: Cells, number: int, cell: tuple[int, int]) -> str:
    """What sends the image to the terminal under a number (24 bits), to be shown in `size`
    cells wherever its placeholders stand."""
    most = (size.columns * cell[0], size.rows * cell[1])
    if image.width > most[0] or image.height > most[1]:
        image = image.copy()
        image.thumbnail(most)
    file = io.BytesIO()
    image.save(file, "PNG")
    data = base64.standard_b64encode(file.getvalue()).decode("ascii")
    chunks = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
    first = f"a=T,U=1,f=100,q=2,i={number},c={size.columns},r={size.rows},"
    return "".join(
        f"\x1b_G{first if place == 0 else ''}m={int(place < len(chunks) - 1)};{chunk}\x1b\\"
        for place, chunk in enumerate(chunks)
    )


def kitty_placeholders(size: Cells) -> list[str]:
    """A line of text for each row; its colour must be the image's number."""
    return [
        PLACEHOLDER + _DIACRITICS[row] + _DIACRITICS[0] + PLACEHOLDER * (size.columns - 1)
        for row in range(size.rows)
    ]


def kitty_forget(number: int) -> str:
    """What has the terminal free an image."""
    return f"\x1b_Ga=d,d=I,q=2,i={number}\x1b\\"


# Sixel: VT330/VT340 Programmer Reference Manual, volume 2, chapter 14

_RUN = re.compile(r"(.)\1{3,}", re.DOTALL)


def sixel_image(image: Image, size: Cells, cell: tuple[int, int], colours: int = 200) -> str:
    """What draws the image from the cursor on, in `size` cells."""
    import numpy

    # Whole bands of six pixels, so that nothing is drawn below the last row.
    height = size.rows * cell[1] // 6 * 6
    small = _resized(image, size.columns * cell[0], height).quantize(colours)
    palette: list[int] = list(small.getpalette() or ())
    pixels: Any = numpy.asarray(small)
    used = sorted(int(colour) for colour in numpy.unique(pixels))
    parts = [f'\x1bP0;1q"1;1;{pixels.shape[1]};{pixels.shape[0]}']
    for colour in used:
        red, green, blue = (round(part * 100 / 255) for part in palette[3 * colour :][:3])
        parts.append(f"#{colour};2;{red};{green};{blue}")
    weights = (1 << numpy.arange(6))[:, None]
    for top in range(0, pixels.shape[0], 6):
        band = pixels[top : top + 6]
        lines = []
        for colour in sorted(int(colour) for colour in numpy.unique(band)):
            bits = ((band == colour) * weights).sum(axis=0) + 63
            line = bits.astype(numpy.uint8).tobytes().decode("ascii").rstrip("?")
            lines.append(f"#{colour}" + _RUN.sub(_shorter, line))
        parts.append("$".join(lines) + "-")
    return "".join(parts) + "\x1b\\"


def _shorter(run: re.Match[str]) -> str:
    return f"!{len(run[0])}{run[1]}"


def terminal_way() -> Way:
    """`way` of the terminal the app is on."""
    found = way(os.environ)
    return "blocks" if found != "blocks" and cell_pixels() is None else found
