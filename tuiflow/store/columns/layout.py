"""How a block's column is written as a blob, little-endian.

A segment is a header of 16 bytes (`_HEADER`), its items, and where they are: of runs one after
another nothing more than the first slot (the row key within the block), otherwise a bitmap of the
block's 4,096 slots (512 bytes, lowest bit first) or, where that is shorter, the slots (uint16).

- Numbers: an item is a float64, or an int64 of an experiment, 16 bytes of a run's id, nothing of
  what is only there or not.
- Texts: an item is the place in the block's list of distinct texts, in as many bytes as that takes
  (none where all are one text; `_OWN_PLACE` where each run has its own, in order). Before them are
  the float64 numbers that the list's texts read as, but for its first `words`, which read as none.

The list itself is apart from its segment, so that numbers load without it: a byte of flags, then
the texts in UTF-8 with NUL between them, or, where one has a NUL, their lengths in bytes (uint32)
and then they.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tuiflow.store.columns.column import BLOCK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tuiflow.store.columns.arrays import Floats, Ints

_HEADER = struct.Struct("<BBHHHH6x")
"""How slots are given, bytes of an item, first slot, items, texts, words among them."""
_RANGE, _BITMAP, _LIST = range(3)
_BITMAP_BYTES = BLOCK // 8
_OWN_PLACE = 255
_SORTED = 512
"""Short lists are sorted, so that those of other blocks are often the same."""

HAS_NUL = 1
HAS_CAPITALS = 2
"""Flags: a text has a NUL; lower() of the bytes would change them."""

Where = slice | np.ndarray[Any, np.dtype[Any]]


class Segment(NamedTuple):
    """Which slots have a value, and the values (for texts: places in the block's list)."""

    where: Where
    values: NDArray[Any]


def encode_numbers(slots: Ints, values: NDArray[Any]) -> bytes:
    """The segment of numbers at ascending, distinct slots; there is at least one."""
    kind, first, place = _place(slots)
    header = _HEADER.pack(kind, values.itemsize, first, len(slots), 0, 0)
    return b"".join((header, values.tobytes(), place))


def encode_flags(slots: Ints) -> bytes:
    """The segment of what is only there or not."""
    kind, first, place = _place(slots)
    return _HEADER.pack(kind, 0, first, len(slots), 0, 0) + place


def decode_numbers(data: bytes, dtype: Any) -> Segment:
    kind, size, first, count, _, _ = _HEADER.unpack_from(data)
    start = _HEADER.size
    values = np.frombuffer(data, dtype, count, start) if size else np.ones(count, np.bool_)
    return Segment(_where(data, kind, first, count, start + size * count), values)


def encode_texts(
    slots: Ints, texts: Sequence[str], numbers: Sequence[float | None]
) -> tuple[bytes, bytes]:
    """The segment of texts at ascending, distinct slots, at least one, and their list.

    `numbers` are what each reads as, None where it doesn't: the same for the same text.
    """
    read = dict(zip(texts, numbers, strict=True))
    if len(read) <= _SORTED:
        read = dict(sorted(read.items()))
    words = [text for text, number in read.items() if number is None]
    listed = words + [text for text, number in read.items() if number is not None]
    known = np.array([read[text] for text in listed[len(words) :]], dtype=np.float64)
    width, codes = _codes(texts, listed)
    kind, first, place = _place(slots)
    header = _HEADER.pack(kind, width, first, len(slots), len(listed), len(words))
    return b"".join((header, known.tobytes(), codes, place)), _encode_list(listed)


def _codes(texts: Sequence[str], listed: list[str]) -> tuple[int, bytes]:
    if len(listed) == 1:
        return 0, b""
    if len(listed) == len(texts) and listed == list(texts):
        return _OWN_PLACE, b""
    place = {text: code for code, text in enumerate(listed)}
    width = 1 if len(listed) <= 256 else 2
    codes = np.array([place[text] for text in texts], dtype=f"<u{width}")
    return width, codes.tobytes()


def decode_codes(data: bytes) -> tuple[Segment, Floats]:
    """Places in the block's list of texts, and the number that each of that reads as, or NaN."""
    kind, width, first, count, texts, words = _HEADER.unpack_from(data)
    numbers = np.full(texts, np.nan)
    numbers[words:] = np.frombuffer(data, "<f8", texts - words, _HEADER.size)
    start = _HEADER.size + 8 * (texts - words)
    codes: NDArray[Any]
    if width == _OWN_PLACE:
        codes, width = np.arange(count), 0
    elif width == 0:
        codes = np.zeros(count, dtype=np.uint8)
    else:
        codes = np.frombuffer(data, f"<u{width}", count, start)
    return Segment(_where(data, kind, first, count, start + width * count), codes), numbers


def _encode_list(texts: list[str]) -> bytes:
    encoded = [text.encode() for text in texts]
    body = b"\0".join(encoded)
    flags = HAS_CAPITALS if body.lower() != body else 0
    if body.count(b"\0") == len(texts) - 1:
        return bytes((flags,)) + body
    lengths = np.array([len(text) for text in encoded], dtype="<u4").tobytes()
    return bytes((flags | HAS_NUL,)) + lengths + b"".join(encoded)


def decode_list(data: bytes, count: int) -> list[str]:
    """The texts of a list of `count`."""
    if not data[0] & HAS_NUL:
        return data[1:].decode().split("\0")
    ends = np.cumsum(np.frombuffer(data, "<u4", count, 1)) + (1 + 4 * count)
    starts = [1 + 4 * count, *ends.tolist()]
    return [data[a:b].decode() for a, b in zip(starts, ends.tolist(), strict=False)]


def _place(slots: Ints) -> tuple[int, int, bytes]:
    first = int(slots[0])
    if int(slots[-1]) - first + 1 == len(slots):
        return _RANGE, first, b""
    if 2 * len(slots) < _BITMAP_BYTES:
        return _LIST, first, slots.astype("<u2").tobytes()
    there = np.zeros(BLOCK, dtype=np.bool_)
    there[slots] = True
    return _BITMAP, first, np.packbits(there, bitorder="little").tobytes()


def _where(data: bytes, kind: int, first: int, count: int, offset: int) -> Where:
    if kind == _RANGE:
        return slice(first, first + count)
    if kind == _LIST:
        return np.frombuffer(data, "<u2", count, offset)
    bitmap = np.frombuffer(data, np.uint8, _BITMAP_BYTES, offset)
    return np.unpackbits(bitmap, bitorder="little").view(np.bool_)
