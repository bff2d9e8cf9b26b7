"""Lines of a text file, which may grow, by number and without holding the file."""

from __future__ import annotations

import os
import re
import threading
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from tuiflow import text

SPAN = 32 * 1024
"""Every how many bytes, at the next line, a place in the file is remembered."""
MAX_LINE = 4096
"""Bytes after which a line is broken, so that no read is much longer than SPAN + MAX_LINE."""
CHUNK = 1 << 20
_KEPT_BLOCKS = 16

# Colours and the like (ECMA-48, select graphic rendition) say nothing here.
_SGR = re.compile("\x1b\\[[0-9;:]*m")
_ENDS = re.compile(rb"\r*\n|\r+(?=[^\r\n])")


class LineIndex:
    """The lines of `path` from byte `start` as far as `scan` has seen them.

    Without `stop`, the end in bytes, it follows a file that grows. A line is what a terminal
    would be left showing of it: what a carriage return goes back over is no part of it. Memory:
    16 bytes per SPAN bytes of the file, and a few blocks of text. One thread may scan while
    another one reads.
    """

    def __init__(
        self, path: Path, start: int = 0, stop: int | None = None, max_line: int | None = None
    ) -> None:
        self.path = path
        self.start = start
        self.stop = stop
        self.count = 0
        """Finished lines; `total` counts an unfinished one, too."""
        self.broken = 0
        """How many of them are a piece of a line that goes on in the next one."""
        self._max_line = max_line or MAX_LINE
        self._mark_lines = array("Q", [0])
        self._mark_places = array("Q", [start])
        self._end = start
        self._line_start = start
        self._inode: int | None = None
        self._blocks: OrderedDict[int, list[bytes]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def end(self) -> int:
        """The byte up to which the file was taken in."""
        return self._end

    def scan(self) -> bool:
        """Take in one more chunk; True while there is more to take in.

        A file that was cut or replaced is begun anew. Raises FileNotFoundError where there is no
        file (yet).
        """
        with self.path.open("rb") as file:
            if self.has_changed(file):
                self._restart()
            self._inode = os.fstat(file.fileno()).st_ino
            file.seek(self._end)
            size = CHUNK if self.stop is None else min(CHUNK, self.stop - self._end)
            chunk = file.read(size)
        whole = len(chunk)
        if self.stop is None or self._end + whole < self.stop:
            # Whether they are part of a line's end, only the next byte tells.
            chunk = chunk.rstrip(b"\r") or (chunk if whole == size else b"")
        self._take(chunk)
        return bool(whole) and whole == size

    def has_changed(self, file: BinaryIO) -> bool:
        """Whether this is not the file that was taken in, or not any more all of it."""
        status = os.fstat(file.fileno())
        return status.st_size < self._end or self._inode not in (None, status.st_ino)

    def _restart(self) -> None:
        with self._lock:
            self.count = self.broken = 0
            self._end = self._line_start = self.start
            self._mark_lines = array("Q", [0])
            self._mark_places = array("Q", [self.start])
            self._blocks.clear()

    def _take(self, chunk: bytes) -> None:
        with self._lock:
            # The last block is about to change.
            self._blocks.pop(len(self._mark_places) - 1, None)
            at = 0
            while at < len(chunk):
                stop = min(at + SPAN, len(chunk))
                while stop < len(chunk) and chunk[stop - 1] == 13:
                    stop += 1
                if self._is_plain(chunk, at, stop):
                    self.count += chunk.count(b"\n", at, stop)
                    self._begin(self._end + chunk.rfind(b"\n", at, stop) + 1)
                else:
                    self._walk(chunk[at:stop], self._end + at)
                at = stop
            self._end += len(chunk)

    def _is_plain(self, chunk: bytes, at: int, stop: int) -> bool:
        """Whether there are only line feeds there, and surely no line that has to be broken."""
        if chunk.find(b"\r", at, stop) >= 0:
            return False
        first = chunk.find(b"\n", at, stop)
        if first < 0 or self._end + first - self._line_start > self._max_line:
            return False
        half = max(self._max_line // 2, 1)
        starts = range(at, stop - half + 1, half)
        return all(chunk.find(b"\n", start, start + half) >= 0 for start in starts)

    def _walk(self, data: bytes, base: int) -> None:
        for found in _ENDS.finditer(data):
            self._break(base + found.start())
            if data[found.end() - 1] == 10:
                self.count += 1
            self._begin(base + found.end())
        self._break(base + len(data))

    def _break(self, end: int) -> None:
        while end - self._line_start > self._max_line:
            self.count += 1
            self.broken += 1
            self._begin(self._line_start + self._max_line)

    def _begin(self, place: int) -> None:
        self._line_start = place
        if place - self._mark_places[-1] >= SPAN:
            self._mark_lines.append(self.count)
            self._mark_places.append(place)

    @property
    def total(self) -> int:
        """Number of lines, the unfinished last one included."""
        return self.count + self.is_unfinished

    @property
    def is_unfinished(self) -> bool:
        """Whether the last line has no end in what was taken in."""
        return self._line_start < self._end

    def line(self, number: int) -> str:
        """Line `number` (from 0) as harmless text; empty beyond the end.

        Raises OSError where the file can't be read any more.
        """
        return readable(self.raw(number))

    def raw(self, number: int) -> bytes:
        """Line `number` as it is in the file. Raises OSError like `line`."""
        if not 0 <= number < self.total:
            return b""
        with self._lock:
            index = bisect_right(self._mark_lines, number) - 1
            block = self._blocks.get(index)
            if block is None:
                block = self._blocks[index] = self._split(index, self._read(index))
                if len(self._blocks) > _KEPT_BLOCKS:
                    self._blocks.popitem(last=False)
            self._blocks.move_to_end(index)
            place = number - self._mark_lines[index]
        return block[place] if place < len(block) else b""

    def find(
        self,
        has: Callable[[str], bool],
        may_have: Callable[[bytes], bool],
        number: int,
        step: int,
    ) -> int | None:
        """The next line from `number` on, forwards (`step` 1) or backwards (-1), that `has` says
        yes to; blocks of the file that `may_have` says no to are not looked into.

        Raises OSError where the file can't be read any more.
        """
        if not 0 <= number < self.total:
            return None
        index = bisect_right(self._mark_lines, number) - 1
        while 0 <= index < len(self._mark_places):
            with self._lock:
                first, data = self._mark_lines[index], self._read(index)
                lines = self._split(index, data) if may_have(data) else []
            numbers = range(len(lines))[::step]
            for place in numbers:
                beyond = (first + place - number) * step >= 0
                if beyond and has(readable(lines[place])):
                    return first + place
            index += step
        return None

    def _read(self, index: int) -> bytes:
        start = self._mark_places[index]
        last = index + 1 == len(self._mark_places)
        stop = self._end if last else self._mark_places[index + 1]
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(stop - start)

    def _split(self, index: int, data: bytes) -> list[bytes]:
        last = index + 1 == len(self._mark_lines)
        count = (self.total if last else self._mark_lines[index + 1]) - self._mark_lines[index]
        lines = [part for line in data.split(b"\n") for part in pieces(line, self._max_line)]
        return lines[:count]


def pieces(line: bytes, most: int | None = None) -> list[bytes]:
    """What a terminal shows of a line, the bytes between two line ends, in pieces of at most
    `most` bytes. Of what a carriage return goes back over only earlier pieces are left."""
    most = most or MAX_LINE
    found = [b""]
    for part in line.rstrip(b"\r").split(b"\r"):
        found.pop()
        found += [part[start : start + most] for start in range(0, max(len(part), 1), most)]
    return found


def readable(line: bytes) -> str:
    """A line or piece of one as harmless text: no colours, no line end, tabs as spaces."""
    content = line.decode("utf-8", errors="replace").rstrip("\r")
    return text.clean(_SGR.sub("", content).expandtabs(4))


class Follower:
    """The lines of a file as they come, harmless: first the last `lines` of those it has.

    A file of any size is read from its end; one that is begun anew, from its beginning.
    """

    def __init__(self, path: Path, lines: int) -> None:
        self.path = path
        self._lines = lines
        self._position: int | None = None
        self._inode: int | None = None
        self._rest = b""

    def new(self, last: bool = False) -> Iterator[str]:
        """The finished lines since the last call; with `last` also one that has no end.

        Raises OSError where the file can't be read.
        """
        with self.path.open("rb") as file:
            status = os.fstat(file.fileno())
            if self._position is None:
                self._position = _start_of_last(file, status.st_size, self._lines, last)
            elif status.st_size < self._position or status.st_ino != self._inode:
                self._position, self._rest = 0, b""
            self._inode = status.st_ino
            file.seek(self._position)
            while chunk := file.read(CHUNK):
                self._position += len(chunk)
                *whole, self._rest = (self._rest + chunk).split(b"\n")
                for line in whole:
                    yield from map(readable, pieces(line))
                if len(self._rest) > MAX_LINE:
                    *long, self._rest = pieces(self._rest)
                    yield from map(readable, long)
        if last and self._rest:
            yield from map(readable, pieces(self._rest))
            self._rest = b""


def _start_of_last(file: BinaryIO, size: int, lines: int, last: bool) -> int:
    """Where the last `lines` lines of a file begin; an unfinished one counts only with `last`.

    A line that is longer than MAX_LINE may be begun within.
    """
    if not size:
        return 0
    file.seek(size - 1)
    ended = file.read(1) == b"\n"
    missing = lines if last and not ended else lines + 1
    if not missing:
        return size
    position = size
    lowest = max(size - (lines + 1) * MAX_LINE, 0)
    while position > lowest:
        start = max(position - CHUNK, lowest)
        file.seek(start)
        block = file.read(position - start)
        at = len(block)
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            missing -= 1
            if not missing:
                return start + at + 1
        position = start
    return lowest


def is_text(head: bytes) -> bool:
    """Whether a file that begins with these bytes can be read as text."""
    sample = head[:8192]
    if b"\0" in sample:
        return False
    # The sample may end within a character; anything else that is no UTF-8 may be Latin-1 text.
    decoded = sample.decode("utf-8", errors="replace")
    return decoded.count("�") <= max(len(decoded) // 20, 1)
