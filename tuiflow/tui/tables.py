"""Rows of CSV and Parquet files in aligned columns, of files of any size. No framework."""

from __future__ import annotations

import csv
from pathlib import Path

from tuiflow.text import clean
from tuiflow.tui.cells import pad
from tuiflow.tui.file_lines import FileLines

SAMPLE = 200
"""Rows that tell how wide the columns are."""
CELL_WIDTH = 40
MAX_ROW = 64 * 1024
"""Bytes of a row that are looked at."""
PARQUET_ROWS = 1000
PARQUET_COLUMNS = 100
MAX_PARQUET_GROUP = 512 << 20
"""Bytes, unpacked, of a row group that is still read: it is read as a whole."""


class CsvLines(FileLines):
    """A file whose every line is a row, the first of which heads the columns."""

    def __init__(self, path: Path, delimiter: str) -> None:
        super().__init__(path, MAX_ROW)
        self._delimiter = delimiter
        self._widths: list[int] = []
        self._right: list[bool] = []

    def scan(self) -> bool:
        more = super().scan()
        if not self._widths and self.total:
            self._measure()
        return more

    def _measure(self) -> None:
        from rich.cells import cell_len

        rows = range(self.total)
        sample = [self._cells(n) for n in {*rows[:SAMPLE], *rows[-SAMPLE:]} if n != self.gap_row]
        count = max(map(len, sample))
        columns = [[row[i] if i < len(row) else "" for row in sample] for i in range(count)]
        self._widths = [max(map(cell_len, column)) for column in columns]
        self._right = [all(map(is_number, column[1:])) for column in columns]

    def _cells(self, row: int) -> list[str]:
        line = self.raw(row).decode("utf-8-sig", errors="replace")
        try:
            cells = next(csv.reader([line], delimiter=self._delimiter), [])
        except csv.Error:
            cells = [line]
        return [clean(cell.strip("\r\n"), CELL_WIDTH) for cell in cells]

    def line(self, row: int) -> str:
        if row == self.gap_row:
            return super().line(row)
        cells = self._cells(row)
        known = zip(cells, self._widths, self._right, strict=False)
        return "  ".join([pad(cell, width, right) for cell, width, right in known]).rstrip()


def is_number(cell: str) -> bool:
    """Whether a cell reads as a number, or is empty."""
    if not cell.strip():
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return True


def read_parquet(path: Path) -> tuple[list[list[str]], str, str]:
    """The first rows of a Parquet file, under their heading; what the file holds; and what is
    not shown. Raises ImportError without pyarrow, ValueError where it can't be read."""
    import pyarrow
    import pyarrow.parquet as parquet

    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            about = file.metadata
            names = list(file.schema_arrow.names)
            facts = f"{about.num_rows:,} rows × {len(names):,} columns"
            if about.num_row_groups and about.row_group(0).total_byte_size > MAX_PARQUET_GROUP:
                return [], facts, "no row, as its groups of rows are too large to be read"
            chosen = names[:PARQUET_COLUMNS]
            batches = file.iter_batches(batch_size=PARQUET_ROWS, columns=chosen)
            first = next(iter(batches), None)
            columns = [] if first is None else [column.to_pylist() for column in first.columns]
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(str(error)) from error
    rows = [[clean(name, CELL_WIDTH) for name in chosen]]
    rows += [[_cell(value) for value in row] for row in zip(*columns, strict=True)]
    left = []
    if len(rows) - 1 < about.num_rows:
        left.append(f"the first {len(rows) - 1:,} rows")
    if len(chosen) < len(names):
        left.append(f"{len(chosen)} columns")
    return rows, facts, ", ".join(left)


def _cell(value: object) -> str:
    if value is None:
        return ""
    shown = f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)[:1000]
    return clean(shown, CELL_WIDTH)
