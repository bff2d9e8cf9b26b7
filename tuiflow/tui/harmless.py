"""The last guard before the terminal: text fields show what they hold as it is, others might."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_HARMFUL = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_JOINERS = frozenset("\u200c\u200d")  # part of words and of emoji; they act on nothing else


class Harmless(LineFilter):
    """Takes everything out of a line that could act on the terminal, in as many cells as it had."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [
            segment if segment.text.isprintable() else segment._replace(text=_shown(segment.text))
            for segment in segments
        ]


def _shown(text: str) -> str:
    return "".join(map(_shown_char, text))


@lru_cache(1024)
def _shown_char(char: str) -> str:
    if char in _JOINERS or unicodedata.category(char) not in _HARMFUL:
        return char
    return "�" * get_character_cell_size(char)
