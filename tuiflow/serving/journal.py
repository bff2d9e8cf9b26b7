"""A server's log: plain lines in a file that doesn't grow for ever."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import traceback

from tuiflow.text import clean, clean_block

LIMIT = 8 * 1024 * 1024
_KEPT = 1024 * 1024


class Journal:
    """Writes lines to a descriptor opened for reading and appending, with the time in front.

    A regular file is cut to its last `_KEPT` bytes, in place, once it is larger than `LIMIT`: the
    process's own output and its followers keep their descriptors.
    """

    def __init__(self, descriptor: int, limit: int = LIMIT) -> None:
        self._descriptor = descriptor
        self._limit = limit
        self._lock = threading.Lock()
        self._room = 0

    def line(self, text: str) -> None:
        """Write one line; control characters in `text` are shown as symbols."""
        self._write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {clean(text)}\n")

    def trace(self) -> None:
        """Write the traceback of the exception that is being handled."""
        self._write(clean_block(traceback.format_exc()))

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        # A full disk, or a terminal that is gone, must not turn answers into errors.
        with self._lock, contextlib.suppress(OSError):
            self._room -= len(data)
            if self._room < 0:
                self._make_room(len(data))
            os.write(self._descriptor, data)

    def _make_room(self, needed: int) -> None:
        size = os.fstat(self._descriptor).st_size
        if size + needed > self._limit:
            tail = min(_KEPT, self._limit // 2)
            kept = os.pread(self._descriptor, tail, max(size - tail, 0))
            kept = kept[kept.find(b"\n") + 1 :]
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, kept)
            size = len(kept)
        # Output that doesn't come through here is noticed at the next look.
        self._room = (self._limit - size) // 2
