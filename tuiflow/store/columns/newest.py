"""All runs in the order that ends every sort: newest first, then by id."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tuiflow.store.columns import rows, sorting
from tuiflow.store.columns.column import BLOCK, UUID
from tuiflow.store.columns.held import HeldNumbers
from tuiflow.store.columns.sorting import number_codes

if TYPE_CHECKING:
    from tuiflow.store.columns.arrays import Codes, Floats, Ints
    from tuiflow.store.columns.held import Held

_MOVED = 20_000
"""Where more runs may have moved than this, or so many ids are to be looked up, all are sorted."""


class Newest:
    """The order, brought up to date when it is asked for."""

    def __init__(self) -> None:
        self._order: Codes | None = None
        self._changed: list[tuple[Ints, Floats]] = []

    @property
    def is_there(self) -> bool:
        return self._order is not None

    def forget(self) -> None:
        self._order = None
        self._changed = []

    def changing(self, blocks: Sequence[int], runs: Ints, start: Held | None) -> None:
        """Be told, before start times are changed, of which blocks and runs they may be."""
        if self._order is None or not isinstance(start, HeldNumbers):
            self.forget()
            return
        inside = [np.arange(block * BLOCK, block * BLOCK + BLOCK) for block in blocks]
        runs = np.unique(np.concatenate([runs, *inside]))
        before = np.full(len(runs), np.nan)
        known = runs < len(start.values)
        before[known] = start.values[runs[known]]
        self._changed.append((runs, before))
        if sum(len(changed) for changed, _ in self._changed) > _MOVED:
            self.forget()

    def order(self, conn: sqlite3.Connection, start: HeldNumbers, marked: Ints, size: int) -> Codes:
        """Row keys of all runs (int32); `start` is their start times, up to date."""
        if self._order is not None and self._changed:
            self._order = self._moved(conn, self._order, start.values, size)
        if self._order is None:
            self._order = _sorted(conn, start, marked, size)
        self._changed = []
        return self._order

    def _moved(
        self, conn: sqlite3.Connection, order: Codes, start: Floats, size: int
    ) -> Codes | None:
        """The order after the changes; None where sorting all anew costs less."""
        runs, index = np.unique(np.concatenate([r for r, _ in self._changed]), return_index=True)
        before = np.concatenate([b for _, b in self._changed])[index]
        before, runs = before[runs < len(start)], runs[runs < len(start)]
        now = start[runs]
        there = runs[~np.isnan(now)]
        if np.array_equal(before, now, equal_nan=True):
            low, high = _bounds(start, order, start[there])
            there = runs = there[high - low > 1]  # a row key may be another run's now
            if not len(runs):
                return order
        gone = np.zeros(len(start), dtype=np.bool_)
        gone[runs] = True
        kept = order[~gone[order]]
        id_of = rows.uuids(conn, there, size)
        there = np.array(sorted(there.tolist(), key=lambda run: (-start[run], id_of[run])), "i4")
        low, high = _bounds(start, kept, start[there])
        tied = np.flatnonzero(high > low)
        if np.sum(np.ceil(np.log2(high[tied] - low[tied] + 1))) > _MOVED:
            return None
        for place in tied.tolist():
            uuid = id_of[int(there[place])]
            low[place] = _by_id(conn, kept, int(low[place]), int(high[place]), uuid)
        return np.insert(kept, low, there)


def _bounds(start: Floats, order: Codes, wanted: Floats) -> tuple[Ints, Ints]:
    """Where in `order`, newest first, the runs that started at the wanted times begin and end."""
    bounds = []
    for beyond in (np.greater, np.greater_equal):
        low = np.zeros(len(wanted), dtype=np.int64)
        high = np.full(len(wanted), len(order), dtype=np.int64)
        while np.any(low < high):
            middle = (low + high) // 2
            open_ = low < high
            later = open_ & beyond(start[order[np.minimum(middle, len(order) - 1)]], wanted)
            low = np.where(later, middle + 1, low)
            high = np.where(open_ & ~later, middle, high)
        bounds.append(low)
    return bounds[0], bounds[1]


def _by_id(conn: sqlite3.Connection, order: Codes, low: int, high: int, uuid: bytes) -> int:
    """Where between `low` and `high`, which started at one time, a run with this id belongs."""
    while low < high:
        middle = (low + high) // 2
        other = conn.execute(
            "SELECT uuid FROM runs WHERE id = ?", (int(order[middle]),)
        ).fetchone()[0]
        low, high = (middle + 1, high) if other < uuid else (low, middle)
    return low


def _sorted(conn: sqlite3.Connection, start: HeldNumbers, marked: Ints, size: int) -> Codes:
    order = np.flatnonzero(start.present[:size]).astype(np.int32)
    times = start.values[order]
    if np.all(times[1:] >= times[:-1]):  # row keys usually follow the time
        order, times = order[::-1].copy(), times[::-1]
    else:
        codes, most = number_codes(times, np.isnan(times), descending=True)
        index = _sorting(sorting.Codes(codes, most.bit_length()))
        order, times = order[index], times[index]
    same = times[1:] == times[:-1]
    tied = np.zeros(len(order), dtype=np.bool_)
    tied[1:] = same
    tied[:-1] |= same
    places = np.flatnonzero(tied)
    if len(places):
        runs = order[places]
        uuids = HeldNumbers(UUID, len(start.values))
        uuids.load(conn, marked, size)
        ids = uuids.values[runs].view(">u8").reshape(-1, 2)
        groups = np.cumsum(~np.concatenate([[False], same])[places]).astype(np.uint64)
        order[places] = runs[_by_group_and_id(groups, ids)]
    return order


def _by_group_and_id(groups: NDArray[np.uint64], ids: NDArray[Any]) -> Ints:
    """Indexes that sort by ascending groups and, in each, by the two halves of ids."""
    bits = np.uint64(int(groups[-1]).bit_length())
    high = ids[:, 0].astype(np.uint64)
    both = groups << np.uint64(64 - bits) | high >> bits
    index = _sorting(sorting.Codes(both, 64))
    again = both[index]
    if np.any(again[1:] == again[:-1]):  # ids that hardly differ
        return np.lexsort((ids[:, 1], high, groups))
    return index


def _sorting(codes: sorting.Codes) -> Ints:
    count = len(codes.values)
    return sorting.placed(
        codes, np.arange(count, dtype=np.uint64), max(count.bit_length(), 1)
    ).view(np.int64)
