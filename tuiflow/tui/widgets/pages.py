"""Runs by their place in a vector of row keys, read a page at a time."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence

from tuiflow.entities import Run

PAGE = 100
KEPT = 20


class Pages:
    """The last `KEPT` pages of the runs behind `keys`."""

    def __init__(self, load: Callable[[Sequence[int]], list[Run] | None]) -> None:
        """`load` gives the runs of row keys, None where they can't be read now."""
        self._load = load
        self._pages: OrderedDict[int, list[Run | None]] = OrderedDict()
        self.keys: array[int] = array("q")

    def set_keys(self, keys: array[int]) -> None:
        """Look at other runs from now on."""
        self.keys = keys
        self._pages.clear()

    def forget(self) -> None:
        """Read pages anew when they are asked for: the runs may have changed."""
        self._pages.clear()

    def get(self, row: int) -> Run | None:
        """The run in that row; None where it can't be read or is out of range."""
        if not 0 <= row < len(self.keys):
            return None
        number, place = divmod(row, PAGE)
        page = self._pages.get(number)
        if page is None:
            page = self._read(self.keys[number * PAGE : (number + 1) * PAGE])
            self._pages[number] = page
            while len(self._pages) > KEPT:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(number)
        return page[place]

    def _read(self, keys: Sequence[int]) -> list[Run | None]:
        runs = self._load(keys)
        if runs is None:
            return [None] * len(keys)
        if len(runs) == len(keys):
            return list(runs)
        return [next(iter(self._load([key]) or ()), None) for key in keys]
