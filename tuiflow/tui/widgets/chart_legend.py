"""The words of a chart: which curve is which, and what is read off under the crosshair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tuiflow.tui.cells import cut_middle

SHORTEST_NAME = 4
_LONGEST_NAME = 28
_GAP = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One curve: a piece of its line, its name (clean text) and the value that is read off."""

    sample: str
    name: str
    style: Style
    value: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Styles of what is written around the curves."""

    label: Style
    dim: Style
    live: Style
    ground: Style
    box: Style


def legend(
    entries: Sequence[Entry],
    words: Words,
    width: int,
    *,
    reading: str = "",
    modes: str = "",
    live: bool = False,
    most_lines: int = 1,
) -> list[Strip]:
    """The lines above a chart, at least one. `reading` says where the crosshair is.

    Names are cut where there is one line only; what does not fit into `most_lines` is counted.
    """
    tail = [
        Segment(modes, words.dim),
        Segment(" ⏵ live" if live else "", words.live),
        Segment(" ", words.ground),
    ]
    gap = 1 if modes else 0
    first = max(width - gap - sum(part.cell_length for part in tail), 0)
    head = [Segment(f"{reading}  ", words.dim)] if reading else []
    names = _name_room(entries, first - sum(part.cell_length for part in head))
    longest = min(max((cell_len(entry.name) for entry in entries), default=0), _LONGEST_NAME)
    if names >= longest or reading:
        most_lines = 1
    elif most_lines > 1:
        names = _LONGEST_NAME
    lines: list[list[Segment]] = [head]
    room = [first] + [width] * (most_lines - 1)
    for number, entry in enumerate(entries):
        parts = _parts(entry, words, names)
        need = sum(part.cell_length for part in parts) - _GAP
        used = sum(part.cell_length for part in lines[-1])
        if used + need > room[len(lines) - 1] and used:
            if len(lines) == most_lines:
                _count_rest(lines, len(entries) - number, room[-1], words)
                break
            lines.append([])
        lines[-1] += parts
    strips = []
    for index, segments in enumerate(lines):
        taken = room[index] + (0 if index else gap)
        strip = Strip(segments).adjust_cell_length(taken, words.ground)
        strips.append(Strip([*strip, *tail]) if index == 0 else strip)
    return [strip.adjust_cell_length(width, words.ground) for strip in strips]


def fits(entries: Sequence[Entry], width: int, reading: str) -> bool:
    """Whether names and values stand legibly in one line."""
    return _name_room(entries, width - cell_len(reading) - 3) >= SHORTEST_NAME


def _name_room(entries: Sequence[Entry], room: int) -> int:
    """How long names may be for all entries to stand in one line."""
    if not entries:
        return _LONGEST_NAME
    fixed = sum(cell_len(entry.value) + bool(entry.value) + 3 + _GAP for entry in entries) - _GAP
    left = room - fixed
    lengths = sorted(cell_len(entry.name) for entry in entries)
    # Short names leave their room to the long ones.
    for index, length in enumerate(lengths):
        share = left // (len(lengths) - index)
        if length > share:
            return max(share, 0)
        left -= length
    return max(lengths[-1], SHORTEST_NAME)


def _parts(entry: Entry, words: Words, names: int) -> list[Segment]:
    name = cut_middle(entry.name, names) if names >= 3 else ""
    return [
        Segment(f"{entry.sample} ", entry.style),
        Segment(name, words.label),
        Segment(f" {entry.value}" if entry.value else "", entry.style),
        Segment(" " * _GAP, words.label),
    ]


def _count_rest(lines: list[list[Segment]], left: int, room: int, words: Words) -> None:
    """Say how many entries are left out, in place of the last ones where there is no room."""
    line = lines[-1]
    while len(line) > 4 and sum(part.cell_length for part in line) + len(f"+{left}") > room:
        del line[-4:]
        left += 1
    line.append(Segment(f"+{left}", words.dim))


def readout(
    entries: Sequence[Entry], words: Words, reading: str, width: int, height: int
) -> list[Strip]:
    """A box that reads every curve off, a line each, at most `width` × `height`."""
    shown = list(entries[: height - 1])
    if len(shown) < len(entries):
        shown = shown[:-1]
    values = max((cell_len(entry.value) for entry in shown), default=0)
    names = min(max((cell_len(entry.name) for entry in shown), default=0), width - values - 6)
    names = max(names, 0)
    inner = max(names + values + 4, min(cell_len(reading), width - 2))
    names = inner - values - 4
    lines = [[Segment(reading, words.dim + words.box)]]
    for entry in shown:
        name = cut_middle(entry.name, names) if names >= 3 else ""
        pad = names - cell_len(name) + 1 + values - cell_len(entry.value)
        lines.append(
            [
                Segment(f"{entry.sample} ", entry.style + words.box),
                Segment(name, words.label + words.box),
                Segment(" " * pad, words.box),
                Segment(entry.value, entry.style + words.box),
            ]
        )
    if len(shown) < len(entries):
        lines.append([Segment(f"+{len(entries) - len(shown)} more", words.dim + words.box)])
    side = Segment(" ", words.box)
    return [
        Strip([side, *Strip(line).adjust_cell_length(inner, words.box), side]) for line in lines
    ]
