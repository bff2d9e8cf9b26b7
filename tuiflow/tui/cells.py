"""Texts measured in the terminal's cells: a wide character takes two, a combining mark none."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

ELLIPSIS = "…"


def _most(width: int) -> int:
    """More characters than `width` cells hold of any cleaned text: no more are looked at."""
    return 64 + 8 * max(width, 0)


def cut(text: str, width: int) -> str:
    """`text`, or as much of it as fits into `width` cells with `…` at the end."""
    if text.isascii() and text.isprintable():  # no need to measure
        if len(text) <= width:
            return text
        return text[: max(width - 1, 0)].rstrip() + ELLIPSIS if width > 0 else ""
    text = text[: _most(width)]
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + ELLIPSIS if width > 0 else ""


def cut_middle(text: str, width: int) -> str:
    """`text`, or its beginning and end with `…` between them, in `width` cells."""
    if len(text) <= _most(width) and cell_len(text) <= width:
        return text
    if width <= 1:
        return ELLIPSIS[: max(width, 0)]
    head = set_cell_size(text[: _most(width)], (width - 1) // 2).rstrip()
    room = width - 1 - cell_len(head)
    tail = text[-room:]
    while cell_len(tail) > room:
        tail = tail[1:]
    return head + ELLIPSIS + tail


def pad(text: str, width: int, right: bool = False) -> str:
    """`text` cut or filled up to exactly `width` cells; `right` sets it to the right."""
    shown = cut(text, width)
    taken = len(shown) if shown.isascii() and shown.isprintable() else cell_len(shown)
    space = " " * (width - taken)
    return space + shown if right else shown + space
