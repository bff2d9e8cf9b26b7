"""Points of one metric as bytes: whole numbers by their narrow differences, values as they are.

A chunk holds points in the order in which they arrived. Its form, little-endian throughout:

    u8 form (1) · u8 1 where the points are in order of (step, timestamp)
    u8 width of the steps · u8 width of the timestamps
    i64 first step · i64 base of the steps · i64 first timestamp · i64 base of the timestamps
    the steps · the timestamps · f64 values

A column of width 0, 1, 2 or 4 holds count - 1 unsigned numbers of so many bytes, each a difference
of neighbours less the base; of width 8, count numbers as they are (i64).
"""

from __future__ import annotations

import math
import struct
import sys
from array import array
from collections.abc import Sequence
from itertools import accumulate, chain, repeat
from operator import add, le, sub
from typing import TYPE_CHECKING, NamedTuple

from tuiflow.errors import StoreError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIZE = 4096
"""Points in a chunk."""

_HEAD = struct.Struct("<BBBBqqqq")
_FORM = 1
_RAW = 8
_CODES = {1: "B", 2: "H", 4: "I"}
_WIDTHS = ((0, 0), (0xFF, 1), (0xFFFF, 2), (0xFFFF_FFFF, 4))
_LEAST, _GREATEST = -(2**63), 2**63 - 1


Row = tuple[int, int, float | None]
"""Step, timestamp and value of a point, None for NaN."""


class Chunk(NamedTuple):
    """Points as they are stored: `size` of them, the first being the `start`-th to arrive."""

    start: int
    size: int
    data: bytes


def is_due(before: int, after: int) -> bool:
    """Whether points should be sealed of a metric that has grown from `before` to `after`."""
    return after >= 2 * SIZE and after // SIZE > before // SIZE


def encode(steps: Sequence[int], timestamps: Sequence[int], values: array[float]) -> bytes:
    """The bytes of points in order of arrival, of which there must be one at least; steps and
    timestamps are of 64 bits."""
    step_width, step_base, step_bytes = _packed(steps)
    time_width, time_base, time_bytes = _packed(timestamps)
    rising = step_width < _RAW and step_base > 0
    head = _HEAD.pack(
        _FORM,
        rising or in_order(steps, timestamps),
        step_width,
        time_width,
        steps[0],
        step_base,
        timestamps[0],
        time_base,
    )
    return b"".join((head, step_bytes, time_bytes, _bytes(values)))


def in_order(steps: Sequence[int], timestamps: Sequence[int]) -> bool:
    """Whether points are sorted by (step, timestamp)."""
    keys = list(zip(steps, timestamps, strict=True))
    return all(map(le, keys, keys[1:]))


def _packed(numbers: Sequence[int]) -> tuple[int, int, bytes]:
    """Width, base and bytes of a column."""
    steps = list(map(sub, numbers[1:], numbers))
    base, highest = (min(steps), max(steps)) if steps else (0, 0)
    if base >= _LEAST and highest <= _GREATEST:
        for limit, width in _WIDTHS:
            if highest - base <= limit:
                if not width:
                    return 0, base, b""
                if base:
                    steps = list(map(sub, steps, repeat(base)))
                return width, base, _bytes(array(_CODES[width], steps))
    return _RAW, 0, _bytes(array("q", numbers))


def _bytes(numbers: array[int] | array[float]) -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


class Columns(NamedTuple):
    """Points in order of arrival, and whether that is the order of (step, timestamp) too."""

    steps: array[int]
    timestamps: array[int]
    values: array[float]
    in_order: bool


def columns(rows: Sequence[Row]) -> Columns:
    """Rows as columns, in the order that they have."""
    if not rows:
        return Columns(array("q"), array("q"), array("d"), True)
    steps, timestamps, values = zip(*rows, strict=True)
    return Columns(
        array("q", steps), array("q", timestamps), floats(values), in_order(steps, timestamps)
    )


def floats(values: Sequence[float | None]) -> array[float]:
    """Values of rows, where None is NaN."""
    nan = math.nan
    return array("d", [nan if value is None else value for value in values])


def decode(chunk: Chunk) -> Columns:
    """The points of a chunk. Raises StoreError where the bytes are not as `encode` makes them."""
    form = _Form.read(chunk)
    parts = form.parts(chunk)
    return Columns(
        _unpacked(parts[0], chunk.size, form.step_width, form.step, form.step_base),
        _unpacked(parts[1], chunk.size, form.time_width, form.time, form.time_base),
        _floats(parts[2]),
        bool(form.in_order),
    )


def decode_into(
    chunk: Chunk,
    steps: NDArray[np.int64],
    timestamps: NDArray[np.int64],
    values: NDArray[np.float64],
) -> bool:
    """As `decode`, into parts of NumPy arrays, each as long as the chunk; returns whether the
    points are in order."""
    import numpy as np

    form = _Form.read(chunk)
    parts = form.parts(chunk)
    _unpack_into(steps, parts[0], form.step_width, form.step, form.step_base)
    _unpack_into(timestamps, parts[1], form.time_width, form.time, form.time_base)
    values[:] = np.frombuffer(parts[2], "<f8")
    return bool(form.in_order)


class _Form(NamedTuple):
    form: int
    in_order: int
    step_width: int
    time_width: int
    step: int
    step_base: int
    time: int
    time_base: int

    @classmethod
    def read(cls, chunk: Chunk) -> _Form:
        if len(chunk.data) < _HEAD.size or chunk.data[0] != _FORM:
            raise StoreError(_DAMAGED)
        form = cls(*_HEAD.unpack_from(chunk.data))
        if len(chunk.data) != form.places(chunk.size)[-1]:
            raise StoreError(_DAMAGED)
        return form

    def places(self, count: int) -> tuple[int, int, int, int]:
        """Where the columns begin, and where the last one ends."""
        steps = _HEAD.size
        times = steps + _size(self.step_width, count)
        values = times + _size(self.time_width, count)
        return steps, times, values, values + 8 * count

    def parts(self, chunk: Chunk) -> tuple[memoryview, memoryview, memoryview]:
        steps, times, values, end = self.places(chunk.size)
        data = memoryview(chunk.data)
        return data[steps:times], data[times:values], data[values:end]


_DAMAGED = (
    "Sealed points of a metric are not as tuiflow writes them; see `tuiflow db check`, and restore"
    " the store from a backup."
)


def _size(width: int, count: int) -> int:
    return _RAW * count if width == _RAW else width * (count - 1)


def _integers(code: str, data: memoryview) -> array[int]:
    numbers: array[int] = array(code)
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _floats(data: memoryview) -> array[float]:
    numbers = array("d")
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _unpacked(data: memoryview, count: int, width: int, first: int, base: int) -> array[int]:
    if width == _RAW:
        return _integers("q", data)
    if not width:
        if not base:
            return array("q", [first]) * count
        return array("q", range(first, first + base * count, base))
    steps = _integers(_CODES[width], data)
    return array("q", accumulate(chain((first,), map(add, steps, repeat(base)) if base else steps)))


def _unpack_into(
    target: NDArray[np.int64], data: memoryview, width: int, first: int, base: int
) -> None:
    import numpy as np

    if width == _RAW:
        target[:] = np.frombuffer(data, "<i8")
    elif not width:
        np.multiply(np.arange(len(target)), base, out=target)
        np.add(target, first, out=target)
    else:
        target[0] = first
        target[1:] = np.frombuffer(data, f"<u{width}")
        np.add(target[1:], base, out=target[1:])
        np.cumsum(target, out=target)
