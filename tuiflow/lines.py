"""Lines of a text file, which may grow, by number and without holding the file."""

from __future__ import annotations

import os
import re
import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tuiflow import text

STRIDE = 64
"""Every how many lines a place in the file is remembered."""
MAX_LINE = 4096
"""Bytes after which a line is broken, so that no read is longer than STRIDE * MAX_LINE."""
CHUNK = 1 << 20
_KEPT_BLOCKS = 32

# Colours and the like (ECMA-48, select graphic rendition) say nothing here.
_SGR = re.compile("\x1b\\[[0-9;:]*m")


class LineIndex:
    """The lines of `path` as far as `scan` has seen them; follows a file that grows.

    Memory: 8 bytes per STRIDE lines, and a few blocks of text. One thread may scan while another
    one reads.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        """Finished lines; `total` counts an unfinished one, too."""
        self._marks = array("Q", [0])
        self._end = 0
        self._line_start = 0
        self._inode: int | None = None
        self._blocks: OrderedDict[int, list[str]] = OrderedDict()
        self._lock = threading.Lock()

    def scan(self) -> bool:
        """Take in one more chunk; True while there is more to take in.

        Raises FileNotFoundError where there is no file (yet).
        """
        with self.path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_size < self._end or (self._inode not in (None, status.st_ino)):
                self._restart()
            self._inode = status.st_ino
            file.seek(self._end)
            chunk = file.read(CHUNK)
        self._take(chunk)
        return len(chunk) == CHUNK

    def _restart(self) -> None:
        with self._lock:
            self.count = self._end = self._line_start = 0
            self._marks = array("Q", [0])
            self._blocks.clear()

    def _take(self, chunk: bytes) -> None:
        with self._lock:
            base, at = self._end, 0
            # The block of the unfinished line, and all after it, are about to change.
            first = self.count // STRIDE
            for key in [key for key in self._blocks if key >= first]:
                del self._blocks[key]
            while True:
                newline = chunk.find(b"\n", at)
                end = base + (newline if newline >= 0 else len(chunk))
                while end - self._line_start > MAX_LINE:
                    self._begin(self._line_start + MAX_LINE)
                if newline < 0:
                    break
                self._begin(end + 1)
                at = newline + 1
            self._end = base + len(chunk)

    def _begin(self, start: int) -> None:
        self._line_start = start
        self.count += 1
        if self.count % STRIDE == 0:
            self._marks.append(start)

    @property
    def total(self) -> int:
        """Number of lines, the unfinished last one included."""
        return self.count + (1 if self._line_start < self._end else 0)

    def line(self, number: int) -> str:
        """Line `number` (from 0) as harmless text; empty beyond the end.

        Raises OSError where the file can't be read any more.
        """
        if not 0 <= number < self.total:
            return ""
        block = self._block(number // STRIDE)
        place = number % STRIDE
        return block[place] if place < len(block) else ""

    def _block(self, index: int) -> list[str]:
        with self._lock:
            block = self._blocks.get(index)
            if block is None:
                start = self._marks[index]
                stop = self._marks[index + 1] if index + 1 < len(self._marks) else self._end
                with self.path.open("rb") as file:
                    file.seek(start)
                    data = file.read(stop - start)
                block = self._blocks[index] = [_readable(part) for part in _split(data)]
                if len(self._blocks) > _KEPT_BLOCKS:
                    self._blocks.popitem(last=False)
            self._blocks.move_to_end(index)
            return block


def _split(data: bytes) -> list[bytes]:
    parts = []
    for line in data.split(b"\n"):
        starts = range(0, max(len(line), 1), MAX_LINE)
        parts += [line[start : start + MAX_LINE] for start in starts]
    return parts


def _readable(line: bytes) -> str:
    """What a terminal would be left showing: the text after the last carriage return."""
    content = line.decode("utf-8", errors="replace").rstrip("\r").rsplit("\r", 1)[-1]
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
                    yield from map(_readable, _split(line))
                if len(self._rest) > MAX_LINE:
                    *long, self._rest = _split(self._rest)
                    yield from map(_readable, long)
        if last and self._rest:
            yield _readable(self._rest)
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
