"""How commands print: tables for people, CSV, JSON and Markdown for programs."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

from tuiflow.store.export import Sink, csv_writer, new_file
from tuiflow.store.run_report import write_markdown_table
from tuiflow.text import clean, clean_block, shorten_middle


class Format(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MD = "md"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `style` is Rich's and only used on a terminal.

    A `verbatim` title, such as a run's name, is never written in capitals.
    """

    title: str
    right: bool = False
    style: str = ""
    verbatim: bool = False


def knows(stream: TextIO, text: str) -> bool:
    """Whether a stream's encoding has these characters."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


@contextlib.contextmanager
def output(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that takes its place when the block ends well.

    Raises InvalidInput where the file can't be written.
    """
    if path is None:
        yield sys.stdout
        return
    with new_file(path) as stream:
        yield stream


def write_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], stream: TextIO) -> None:
    """A table for a person: Rich's on a terminal, plain aligned columns when piped."""
    cells = [[clean(cell) for cell in row] for row in rows]
    if is_terminal(stream):
        _rich_table(columns, cells, stream)
        return
    titles = [c.title if c.verbatim else c.title.upper() for c in columns]
    widths = [max(map(_width, texts)) for texts in zip(titles, *cells, strict=True)]
    for row in [titles, *cells]:
        line = "  ".join(
            _pad(cell, width, column.right)
            for cell, width, column in zip(row, widths, columns, strict=True)
        )
        stream.write(line.rstrip() + "\n")


def _width(text: str) -> int:
    from rich.cells import cell_len

    return len(text) if text.isascii() else cell_len(text)


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space


def _rich_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], stream: TextIO) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    shown = columns_that_fit(columns, rows, console.width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns[:shown]:
        table.add_column(
            Text(clean(column.title)),
            justify="right" if column.right else "left",
            style=column.style,
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in rows:
        table.add_row(*(Text(shorten_middle(cell, MAX_CELL)) for cell in row[:shown]))
    console.print(table)
    if shown < len(columns):
        left_out = ", ".join(clean(column.title) for column in columns[shown:])
        console.print(Text(f"not shown in this width: {left_out}", style="dim"))


MAX_CELL = 60
"""Longest cell on a terminal; paths and names are cut in the middle."""

_MIN_COLUMNS = 2


def columns_that_fit(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> int:
    """How many columns, from the left, fit into `width` cells with two between them."""
    used = 0
    for index, column in enumerate(columns):
        texts = [column.title, *(shorten_middle(row[index], MAX_CELL) for row in rows)]
        used += max(map(_width, texts)) + (2 if index else 0)
        if used > width and index >= _MIN_COLUMNS:
            return index
    return len(columns)


class _Cleaned:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str, /) -> object:
        return self._stream.write(clean_block(text))


def as_text(stream: TextIO) -> Sink:
    """A stream to write data to: as it is for programs, but harmless where it is a terminal."""
    return _Cleaned(stream) if stream.isatty() else stream


def write_csv_rows(titles: Sequence[str], rows: Sequence[Sequence[object]], stream: TextIO) -> None:
    writer = csv_writer(as_text(stream))
    writer.writerow(titles)
    writer.writerows(rows)


def write_markdown(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], stream: TextIO
) -> None:
    """A table in GitHub's Markdown."""
    titles, right = [column.title for column in columns], [column.right for column in columns]
    write_markdown_table(titles, right, rows, stream)


def write_json(value: Any, stream: TextIO) -> None:
    """Indented JSON and a line break."""
    import json

    json.dump(value, as_text(stream), indent=2, ensure_ascii=False, allow_nan=False)
    stream.write("\n")


def write_json_line(value: Any, stream: TextIO) -> None:
    """JSON on one line, without a line break after it."""
    import json

    as_text(stream).write(json.dumps(value, ensure_ascii=False, allow_nan=False))
