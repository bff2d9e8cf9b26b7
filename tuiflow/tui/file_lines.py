"""The lines of a file of any size, its beginning and its end at once: what lies between is read
when it is come to. No framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuiflow import text
from tuiflow.lines import LineIndex

SMALL = 4 << 20
"""Bytes up to which a file is taken in whole."""
PART = 1 << 20
"""Bytes of a larger file that are taken in at a time."""

Spans = Sequence[tuple[int, int, str]]
"""Parts of a line that look different: first character, the one after the last, tone."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A text that is searched for; small letters stand for capitals, too."""

    text: str

    @property
    def ignores_case(self) -> bool:
        return self.text == self.text.lower()

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where it stands in a line."""
        if not self.text:
            return []
        line = line.lower() if self.ignores_case and len(line.lower()) == len(line) else line
        found, at = [], 0
        while (at := line.find(self.text, at)) >= 0:
            found.append((at, at + len(self.text)))
            at += len(self.text)
        return found

    def is_in(self, line: str) -> bool:
        return self.text in (line.lower() if self.ignores_case else line)

    def may_be_in(self, data: bytes) -> bool:
        """False where it surely stands in no line of these bytes of a file."""
        if not self.text.isascii() or b"\x1b" in data or b"\t" in data or "␛" in self.text:
            return True
        return self.text.encode() in (data.lower() if self.ignores_case else data)


@dataclass(frozen=True, slots=True)
class Found:
    """`row` counts as if `parts`, which were read on the way, had been joined `before` the gap or
    after it."""

    row: int
    parts: tuple[LineIndex, ...] = ()


class FileLines:
    """Lines by number. Those of a large file are the first ones, one row that stands for the gap,
    and the last ones; `join` narrows the gap.

    What is named a worker's may run in a thread, one at a time; the rest belongs to the screen.
    """

    def __init__(self, path: Path, max_line: int | None = None) -> None:
        self.path = path
        self._max_line = max_line
        self._head: list[LineIndex] = []
        self._tail: list[LineIndex] = []
        self._open()

    def _open(self) -> None:
        """A worker's. Raises OSError where there is no file."""
        size = self.path.stat().st_size
        if size <= SMALL:
            self._tail = [self._index(0, None)]
            return
        self._head = [self._part(0, min(PART, size))]
        start = self._head[0].end
        self._tail = [self._index(max(self._line_after(size - PART), start), None)]

    def _index(self, start: int, stop: int | None) -> LineIndex:
        return LineIndex(self.path, start, stop, self._max_line)

    def _part(self, start: int, stop: int) -> LineIndex:
        """The lines that begin in this part of the file, but for one that has no end in it."""
        with self.path.open("rb") as file:
            file.seek(start)
            data = file.read(stop - start)
        whole = data.rfind(b"\n") + 1 or len(data)
        part = self._index(start, start + whole)
        while part.scan():
            pass
        return part

    def _line_after(self, place: int) -> int:
        """Where the first line after a place begins, or the place itself, in the middle of a
        line that is very long."""
        with self.path.open("rb") as file:
            file.seek(place)
            return place + file.read(PART).find(b"\n") + 1

    def scan(self) -> bool:
        """A worker's: take in what the file has grown by; True while there is more.

        Raises OSError, also where the file is another one by now.
        """
        last = self._tail[-1]
        with self.path.open("rb") as file:
            if last.has_changed(file):
                raise FileReplaced(f"{self.path.name} was written anew")
        return last.scan()

    # lines

    @property
    def gap(self) -> tuple[int, int] | None:
        """The bytes, from and to, that were not taken in yet; None where there are none."""
        if not self._head or self._head[-1].end >= self._tail[0].start:
            return None
        return self._head[-1].end, self._tail[0].start

    @property
    def gap_row(self) -> int | None:
        """The row that stands for the gap."""
        return sum(part.total for part in self._head) if self.gap else None

    @property
    def end(self) -> int:
        """The size in bytes, as far as it was taken in."""
        return self._tail[-1].end

    @property
    def total(self) -> int:
        parts = (*self._head, *self._tail)
        return sum(part.total for part in parts) + (1 if self.gap else 0)

    @property
    def line_count(self) -> int:
        """How many lines the file has, each counted once though it be shown in pieces."""
        parts = (*self._head, *self._tail)
        lines = sum(part.total - part.broken for part in parts)
        # A very long line may go on from one part into the next.
        return lines - sum(part.is_unfinished for part in parts[:-1])

    def raw(self, row: int) -> bytes:
        """The bytes of a line. Raises OSError where the file can't be read any more."""
        place = self._place(row)
        return place[0].raw(place[1]) if place else b""

    def line(self, row: int) -> str:
        """Raises OSError like `raw`."""
        if self.gap and row == self.gap_row:
            first, last = self.gap
            return f"… {text.size(last - first)} not read yet; they are when you come to them …"
        place = self._place(row)
        return place[0].line(place[1]) if place else ""

    def spans(self, row: int) -> Spans:
        return [(0, 80, "note")] if row == self.gap_row else ()

    def _place(self, row: int) -> tuple[LineIndex, int] | None:
        for part in self._head:
            if row < part.total:
                return part, row
            row -= part.total
        if self.gap:
            if row == 0:
                return None
            row -= 1
        for part in self._tail:
            if row < part.total:
                return part, row
            row -= part.total
        return None

    # the gap

    def read_part(self, after_head: bool) -> LineIndex | None:
        """A worker's: the part next to the gap's beginning or its end; None without a gap."""
        if self.gap is None:
            return None
        first, last = self.gap
        if after_head:
            return self._part(first, min(first + PART, last))
        start = last - PART
        begin = first if start <= first else self._line_after(start)
        part = self._index(begin if begin < last else max(start, first), last)
        while part.scan():
            pass
        return part

    def join(self, part: LineIndex) -> int:
        """Take a part that was read into the lines; returns by how many rows the lines after the
        gap have moved down."""
        gap = self.gap
        if gap is None or (part.start != gap[0] and part.end != gap[1]):
            return 0
        before = self.total
        if part.start == gap[0]:
            self._head.append(part)
        else:
            self._tail.insert(0, part)
        return self.total - before

    # searching

    def find(
        self, wanted: Wanted, row: int, step: int, cancelled: Callable[[], bool]
    ) -> Found | None:
        """A worker's: the next row from `row` on that has the text, backwards with `step` -1.

        The gap is read on the way. Raises OSError.
        """
        view = self._copy()
        read: list[LineIndex] = []
        while 0 <= row < view.total and not cancelled():
            place = view._place(row)
            if place is None:
                part = view.read_part(after_head=step > 0)
                if part is None:
                    break
                read.append(part)
                view.join(part)
                if step < 0:
                    row += part.total if view.gap else part.total - 1
                continue
            index, number = place
            found = index.find(wanted.is_in, wanted.may_be_in, number, step)
            if found is not None:
                return Found(row - number + found, tuple(read))
            row += index.total - number if step > 0 else -number - 1
        return None

    def _copy(self) -> FileLines:
        copied = object.__new__(FileLines)
        copied.path, copied._max_line = self.path, self._max_line
        copied._head, copied._tail = list(self._head), list(self._tail)
        return copied


class FileReplaced(OSError):
    """The file is not the one that was opened: it was cut or replaced."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.strerror = message
