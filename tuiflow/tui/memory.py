"""Give the memory of large arrays back to the system as soon as they are let go."""

from __future__ import annotations

import contextlib
import sys

_M_MMAP_THRESHOLD = -3  # malloc.h of glibc
_THRESHOLD = 1 << 20
"""Bytes from which on an array has pages of its own. By itself glibc raises this to the size of
what was freed (mallopt(3)), up to 32 MiB, and then keeps columns that are long gone."""


def give_back_large_arrays() -> None:
    """Ask the C library for it, where it is one that can be asked."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    with contextlib.suppress(AttributeError, OSError):  # musl has no mallopt
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _THRESHOLD)
