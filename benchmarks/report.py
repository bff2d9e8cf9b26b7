"""The tables of docs/performance.md."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.changes import Change
from benchmarks.searches import Times
from benchmarks.writing import Together

BEGIN, END = "<!-- begin: python -m benchmarks -->", "<!-- end -->"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the comparison in seconds or bytes; None was not measured."""

    what: str
    mlflow: float | None
    ours: float | None
    unit: str = "s"


def seconds(value: float | None) -> str:
    """`32 µs`, `8.1 ms`, `1.3 s`: two figures, three from 100 on."""
    if value is None:
        return "–"
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1 or unit == "µs":
            scaled = value * factor
            return f"{scaled:,.0f} {unit}" if scaled >= 10 else f"{scaled:.1f} {unit}"
    raise AssertionError


def bytes_of(value: float | None) -> str:
    """`141 MB`, `12 bytes`."""
    if value is None:
        return "–"
    return f"{value / 1e6:,.0f} MB" if value >= 1e6 else f"{value:.0f} bytes"


def _head(title: str, *columns: str) -> list[str]:
    """The lines above the rows of a Markdown table, whose first column has no title."""
    return [f"### {title}", "", f"| | {' | '.join(columns)} |", f"|---{'|--:' * len(columns)}|"]


def comparison(title: str, rows: Iterable[Row], versions: tuple[str, str]) -> list[str]:
    """A Markdown table; the ratio is MLflow's figure by ours."""
    lines = _head(title, f"MLflow {versions[0]}", f"tuiflow {versions[1]}", "ratio")
    for row in rows:
        shown = bytes_of if row.unit == "bytes" else seconds
        ratio = "–"
        if row.mlflow is not None and row.ours:
            times = row.mlflow / row.ours
            ratio = f"{times:,.0f} ×" if times >= 10 else f"{times:.1f} ×"
        lines.append(f"| {row.what} | {shown(row.mlflow)} | {shown(row.ours)} | {ratio} |")
    return [*lines, ""]


def searches(
    title: str, rows: Sequence[Times], sums: Iterable[tuple[str, float, float]]
) -> list[str]:
    """A Markdown table in milliseconds."""
    lines = [
        f"### {title}",
        "",
        "| ms | runs found | first page, cold | first page | all in order | count |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        times = " | ".join(f"{t:,.1f}" for t in (row.cold, row.page, row.whole, row.count))
        lines.append(f"| {row.what} | {row.runs:,} | {times} |")
    lines += ["", "| ms | cold | warm |", "|---|--:|--:|"]
    lines += [f"| {what} | {cold:,.1f} | {warm:,.1f} |" for what, cold, warm in sums]
    return [*lines, ""]


def changes(title: str, rows: Iterable[Change]) -> list[str]:
    """A Markdown table: how long changes take, and a script that logs meanwhile waits."""
    lines = _head(title, "took", "`log_metric` meanwhile: median", "p99", "longest")
    for row in rows:
        waits = " | ".join(seconds(wait / 1000) for wait in (row.median, row.most, row.longest))
        lines.append(f"| {row.what} | {seconds(row.seconds)} | {waits} |")
    return [*lines, ""]


def writing(title: str, rows: Iterable[Together]) -> list[str]:
    """A Markdown table: what processes that log at the same time get done, and wait."""
    lines = _head(title, "points a second", "longest call", "longest read")
    for row in rows:
        what = "one point a call" if row.batch == 1 else f"{row.batch} points a call"
        times = f"{seconds(row.longest)} | {seconds(row.read)}"
        lines.append(f"| {row.processes} processes, {what} | {row.rate:,.0f} | {times} |")
    return [*lines, ""]


def machine() -> str:
    """What was measured on, in a sentence."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores of {_processor()}, {memory:.0f} GiB of memory,"
        f" {platform.system()}, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}."
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def put_into(page: Path, lines: Iterable[str]) -> None:
    """Replace what stands between the marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(
        before + BEGIN + "\n" + "\n".join(lines).rstrip() + "\n" + END + after, encoding="utf-8"
    )
