"""Free text over all runs: looked for in the blocks' lists of distinct texts."""

from __future__ import annotations

import re
import sqlite3
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from tuiflow.filters.tree import Text
from tuiflow.store.columns import segments
from tuiflow.store.columns.column import BLOCK, NAME, Column, all_of
from tuiflow.store.columns.layout import HAS_CAPITALS, HAS_NUL, decode_codes, decode_list
from tuiflow.store.columns.rows import as_json
from tuiflow.store.schema import PARAM, TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuiflow.store.columns.arrays import Bools
    from tuiflow.store.columns.cache import Cache
    from tuiflow.store.predicates import Builder

_REMEMBERED = 8
"""Needles of which the blocks' answers are kept."""
_COMPARED = 16
"""Bytes of a needle that are compared at all places of a list at once."""
_ALSO_ASCII = frozenset("İıſ\N{KELVIN SIGN}")
"""What isn't ASCII and yet the same as an ASCII letter when case is ignored."""


class FreeText:
    """Remembers what blocks had for the last needles."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[dict[int, int], bytes]] = OrderedDict()

    def search(self, cache: Cache, builder: Builder, needle: str) -> Bools:
        """Which runs have the text, as `Text` in a filter means it; `builder` is without values."""
        mask = np.zeros(cache.size, dtype=np.bool_)
        condition = builder.condition(Text(needle))
        sql = f"SELECT r.id FROM runs r WHERE {condition}"
        if needle and "\0" not in needle:
            sealed = self._sealed(cache, builder.conn, needle)[: cache.size]
            mask[: len(sealed)] = sealed
            changed = cache.marked[cache.marked < cache.size]
            mask[changed] = False
            sql = (
                "SELECT r.id FROM (SELECT value AS wanted FROM json_each("
                f"{builder.bind(as_json(changed))})) CROSS JOIN runs r ON r.id = wanted"
                f" WHERE {condition}"
            )
        found = builder.conn.execute(sql, builder.values)
        mask[np.fromiter((row[0] for row in found), dtype=np.int64)] = True
        return mask

    def _sealed(self, cache: Cache, conn: sqlite3.Connection, needle: str) -> Bools:
        """By the segments alone."""
        versions = cache.versions
        before, packed = self._known.pop(needle, ({}, b""))
        mask = np.unpackbits(np.frombuffer(packed, np.uint8)).view(np.bool_)
        blocks = [block for block, version in versions.items() if before.get(block) != version]
        if blocks:
            known, mask = mask, np.zeros((max(versions) + 1) * BLOCK, dtype=np.bool_)
            mask[: len(known)] = known[: len(mask)]
            for block in blocks:
                mask[block * BLOCK : (block + 1) * BLOCK] = False
            finder = _Finder(needle)
            wanted = None if len(blocks) == len(versions) else blocks
            for column in all_of(conn):
                if column.kind in (PARAM, TAG) or column == NAME:
                    _look(conn, finder, column, wanted, mask)
        self._known[needle] = (versions, np.packbits(mask).tobytes())
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return mask


def _look(
    conn: sqlite3.Connection,
    finder: _Finder,
    column: Column,
    blocks: Sequence[int] | None,
    mask: Bools,
) -> None:
    """Mark the runs whose text in this column has the needle."""
    for block, listed in segments.lists(conn, column, blocks):
        if finder.may_be_in(listed):
            for _, data, _ in segments.of_numbers(conn, column, [block]):
                (where, places), numbers = decode_codes(data)
                has = finder.which(listed, len(numbers))
                mask[block * BLOCK : (block + 1) * BLOCK][where] |= has[places]


class _Finder:
    """Looks for one needle in lists of texts, ignoring case as SQL's condition does: of ASCII
    letters alone where the needle is ASCII."""

    def __init__(self, needle: str) -> None:
        self._ascii = needle.lower().encode() if needle.isascii() else b""
        self._pattern = re.compile(re.escape(needle), re.IGNORECASE | re.DOTALL)
        self._never_in_ascii = not needle.isascii() and any(
            not char.isascii() and char not in _ALSO_ASCII for char in needle
        )

    def may_be_in(self, listed: bytes) -> bool:
        """Is it worth a closer look?"""
        if self._ascii:
            return self._lowered(listed).find(self._ascii, 1) >= 0
        if self._never_in_ascii and listed.isascii():
            return False
        return bool(listed[0] & HAS_NUL) or self._pattern.search(listed[1:].decode()) is not None

    def which(self, listed: bytes, count: int) -> Bools:
        """Which of a list's texts have it."""
        has = np.zeros(count, dtype=np.bool_)
        if not self._ascii:
            for place, text in enumerate(decode_list(listed, count)):
                has[place] = self._pattern.search(text) is not None
            return has
        lowered = self._lowered(listed)
        if listed[0] & HAS_NUL:  # as LIKE, not beyond it
            for place, text in enumerate(decode_list(listed, count)):
                has[place] = self._ascii in text.partition("\0")[0].encode().lower()
            return has
        array = np.frombuffer(lowered, np.uint8, offset=1)
        starts = len(array) - len(self._ascii) + 1
        here = array[:starts] == self._ascii[0]
        for place, byte in enumerate(self._ascii[1:_COMPARED], 1):
            here &= array[place : place + starts] == byte
        found = np.flatnonzero(here)
        if len(self._ascii) > _COMPARED:
            there = [lowered.startswith(self._ascii, at + 1) for at in found.tolist()]
            found = found[np.array(there, dtype=np.bool_)]
        has[np.searchsorted(np.flatnonzero(array == 0), found)] = True
        return has

    @staticmethod
    def _lowered(listed: bytes) -> bytes:
        return listed.lower() if listed[0] & HAS_CAPITALS else listed
