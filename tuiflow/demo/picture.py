"""Small PNG plots drawn with numpy, so that the demo's runs have pictures without Matplotlib.

PNG: https://www.w3.org/TR/png-3/ (8-bit RGB, filter 0).
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float64]

_INK = (51, 65, 85)
_GRID = (226, 232, 240)
_POINT = np.array((37, 99, 235), dtype=float)
_LINE = (234, 88, 12)
_SIDE = 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 14, 30

# Rows of 3 dots each, as the bits of an octal digit.
_GLYPHS = {
    "0": "75557", "1": "26227", "2": "71747", "3": "71717", "4": "55711", "5": "74717",
    "6": "74757", "7": "71111", "8": "75757", "9": "75717", "-": "00700", ".": "00002",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """An RGB image; `savefig` is what `log_figure` asks of a figure."""

    pixels: Pixels

    def savefig(self, path: str | os.PathLike[str]) -> None:
        """Write it as a PNG file."""
        Path(path).write_bytes(png(self.pixels))


def scatter(x: Numbers, y: Numbers) -> Picture:
    """A square plot of points (x, y), both axes of one scale, with the line where x = y."""
    image = np.full((_SIDE, _SIDE, 3), 255, dtype=np.uint8)
    both = np.concatenate([x, y])
    ticks = _ticks(float(both.min()), float(both.max()))
    low, high = ticks[0], ticks[-1]
    width, height = _SIDE - _LEFT - _RIGHT, _SIDE - _TOP - _BOTTOM

    def columns(values: Numbers) -> Numbers:
        share: Numbers = (values - low) / (high - low)
        return _LEFT + share * (width - 1)

    def rows(values: Numbers) -> Numbers:
        share: Numbers = (high - values) / (high - low)
        return _TOP + share * (height - 1)

    for tick, at_x, at_y in zip(
        ticks, columns(ticks).astype(int), rows(ticks).astype(int), strict=True
    ):
        image[_TOP : _TOP + height, at_x] = _GRID
        image[at_y, _LEFT : _LEFT + width] = _GRID
        text = f"{tick:g}"
        _write(image, at_x - _text_width(text) // 2, _TOP + height + 8, text)
        _write(image, _LEFT - 6 - _text_width(text), at_y - 5, text)
    image[_TOP : _TOP + height, _LEFT] = _INK
    image[_TOP + height - 1, _LEFT : _LEFT + width] = _INK
    line = np.linspace(low, high, 4 * _SIDE)
    image[rows(line).astype(int), columns(line).astype(int)] = _LINE
    _discs(image, columns(x), rows(y), radius=3.2)
    return Picture(image)


def heatmap(counts: NDArray[np.int64]) -> Picture:
    """A square matrix of counts, each cell with its number; rows and columns are numbered."""
    size = len(counts)
    cell = 32
    image = np.full((size * cell + 40, size * cell + 40, 3), 255, dtype=np.uint8)
    share = counts / max(int(counts.max()), 1)
    for i in range(size):
        _write(image, 16, 32 + i * cell + 11, str(i))
        _write(image, 32 + i * cell + 13, 14, str(i))
        for j in range(size):
            colour = 255 - share[i, j] * (255 - _POINT)
            top, left = 32 + i * cell, 32 + j * cell
            image[top : top + cell - 1, left : left + cell - 1] = colour.astype(np.uint8)
            if counts[i, j]:
                text = str(counts[i, j])
                ink = (255, 255, 255) if share[i, j] > 0.5 else _INK
                x = left + (cell - _text_width(text)) // 2
                _write(image, x, top + (cell - 10) // 2, text, ink)
    return Picture(image)


def png(image: Pixels) -> bytes:
    """Encode an image of shape (height, width, 3)."""
    height, width, _ = image.shape
    rows = np.zeros((height, 1 + width * 3), dtype=np.uint8)
    rows[:, 1:] = image.reshape(height, width * 3)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _ticks(low: float, high: float) -> Numbers:
    """Round numbers from at or below `low` to at or above `high`, about five steps apart."""
    rough = max(high - low, 1e-9) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= rough)
    first, last = np.floor(low / step), np.ceil(high / step)
    return np.linspace(first * step, last * step, int(last - first) + 1)


def _discs(image: Pixels, columns: Numbers, rows: Numbers, radius: float) -> None:
    """Blend translucent discs with soft edges into the image."""
    reach = int(radius) + 2
    for x, y in zip(columns, rows, strict=True):
        left, top = max(int(x) - reach, 0), max(int(y) - reach, 0)
        part = image[top : int(y) + reach + 1, left : int(x) + reach + 1]
        ys, xs = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
        cover = np.clip(radius + 0.5 - np.hypot(xs - x, ys - y), 0, 1)[..., None] * 0.55
        part[:] = (part * (1 - cover) + _POINT * cover).astype(np.uint8)


def _text_width(text: str) -> int:
    return 8 * len(text) - 2


def _write(image: Pixels, x: int, y: int, text: str, ink: tuple[int, int, int] = _INK) -> None:
    """Write digits, `-` and `.` in dots of 2 × 2 pixels; (x, y) is the upper left corner."""
    for char in text:
        for row, bits in enumerate(_GLYPHS[char]):
            for column in range(3):
                if int(bits) >> (2 - column) & 1:
                    top, left = y + 2 * row, x + 2 * column
                    image[top : top + 2, left : left + 2] = ink
        x += 8
