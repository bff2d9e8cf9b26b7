"""The least and the greatest of any stretch of many numbers, without looking at all of them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TypeAlias

from tuiflow.plot import arrays

FAN = 32
"""So many numbers, or buckets of the level below, make one bucket."""

Level: TypeAlias = "tuple[array[float], array[float]]"


class Peaks:
    """Min/max buckets over an array of numbers without NaN; a bucket holds 32, 1,024, … of them.

    Kept beside the array, not with it; `grown` makes those of a longer one that begins alike.
    """

    __slots__ = ("levels",)

    def __init__(self, levels: Sequence[Level] = ()) -> None:
        self.levels = tuple(levels)

    def grown(self, numbers: array[float]) -> Peaks:
        """Buckets of `numbers`, which begin with those that these buckets were made of."""
        levels: list[Level] = []
        lows = highs = numbers
        while len(lows) >= FAN:
            known: Level = (array("d"), array("d"))
            if len(levels) < len(self.levels):
                known = self.levels[len(levels)]
            start = len(known[0])
            if arrays.are_long(len(lows) - start * FAN):
                new = arrays.buckets(lows, highs, start, FAN)
            else:
                starts = range(start * FAN, len(lows) - FAN + 1, FAN)
                new = (
                    array("d", [min(lows[i : i + FAN]) for i in starts]),
                    array("d", [max(highs[i : i + FAN]) for i in starts]),
                )
            level = (known[0] + new[0], known[1] + new[1])
            levels.append(level)
            lows, highs = level
        return Peaks(levels)

    def span(self, numbers: array[float], start: int, end: int) -> tuple[float, float]:
        """Least and greatest of `numbers[start:end]`, of which there must be one at least."""
        if end - start < 2 * FAN:
            part = numbers[start:end]
            return min(part), max(part)
        if not (start % FAN or end % FAN) and end - start < FAN * FAN:
            lows, highs = self.levels[0]
            first, last = start // FAN, end // FAN
            return min(lows[first:last]), max(highs[first:last])
        lows = highs = numbers
        low, high = numbers[start], numbers[start]
        for level in self.levels:
            first, last = -(-start // FAN), end // FAN
            if first >= last:
                break
            for edge, stop in ((start, first * FAN), (last * FAN, end)):
                if edge < stop:
                    low = min(low, min(lows[edge:stop]))
                    high = max(high, max(highs[edge:stop]))
            start, end = first, last
            lows, highs = level
            if end - start < 2 * FAN:
                break
        if start < end:
            low, high = min(low, min(lows[start:end])), max(high, max(highs[start:end]))
        return low, high
