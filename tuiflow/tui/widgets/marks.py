"""Which runs are marked, by row key, in the order they were marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class Marks:
    """A set of row keys that remembers order; the first marked is a comparison's baseline."""

    def __init__(self) -> None:
        self._keys: dict[int, None] = {}
        self._anchor: int | None = None
        self._before: dict[int, None] = {}

    def __contains__(self, key: int) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[int]:
        return iter(self._keys)

    @property
    def in_range(self) -> bool:
        """Whether a range is being drawn with the cursor."""
        return self._anchor is not None

    def toggle(self, key: int) -> None:
        if key in self._keys:
            del self._keys[key]
        else:
            self._keys[key] = None

    def add(self, keys: Sequence[int]) -> None:
        self._keys.update(dict.fromkeys(keys))

    def discard(self, keys: Sequence[int]) -> None:
        for key in keys:
            self._keys.pop(key, None)

    def clear(self) -> None:
        self._keys.clear()
        self._anchor = None

    def start_or_end_range(self, keys: Sequence[int], row: int) -> None:
        """Start a range in this row, or end the one that is being drawn and keep its marks."""
        if self._anchor is not None:
            self._anchor = None
            return
        self._anchor = keys[row]
        self._before = dict(self._keys)
        self._keys[keys[row]] = None

    def end_range(self) -> bool:
        """Keep what the range has marked; False where none was being drawn."""
        drawing, self._anchor = self._anchor is not None, None
        return drawing

    def extend(self, keys: Sequence[int], row: int) -> bool:
        """Draw the range to this row; False where no range is being drawn."""
        if self._anchor is None:
            return False
        if self._anchor not in keys:
            self._anchor = None
            return False
        start = keys.index(self._anchor)
        step = 1 if row >= start else -1
        drawn = (keys[place] for place in range(start, row + step, step))
        self._keys = self._before | dict.fromkeys(drawn)
        return True
