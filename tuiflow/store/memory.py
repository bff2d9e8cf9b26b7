"""Memory that was freed, given back to the system: what the C library can be asked for."""

from __future__ import annotations

import functools
from collections.abc import Callable

_M_MMAP_THRESHOLD = -3  # malloc.h of glibc
_THRESHOLD = 1 << 20
"""Bytes from which on an array has pages of its own."""


def give_back() -> None:
    """Give back what the C library keeps for later: after sorting a million runs, some 50 MB."""
    _of_libc("malloc_trim")(0)


@functools.cache
def give_back_at_once() -> None:
    """From now on, give large arrays back as soon as they are let go. For a process that is ours.

    By itself glibc raises the size from which it does so to that of what was freed (mallopt(3)), up
    to 32 MiB, and then keeps columns that are long gone.
    """
    _of_libc("mallopt")(_M_MMAP_THRESHOLD, _THRESHOLD)


@functools.cache
def _of_libc(name: str) -> Callable[..., object]:
    """A function of glibc; one that does nothing where the C library is another."""
    import ctypes

    try:
        found: Callable[..., object] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return lambda *args: None
    return found
