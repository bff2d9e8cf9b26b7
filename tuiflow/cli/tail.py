"""`tuiflow tail`: a run's metrics and log as they come."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Any, TextIO

import typer

from tuiflow.cli import output as out
from tuiflow.cli.options import RunArgument, StoreOption, open_existing
from tuiflow.cli.selecting import title
from tuiflow.config import RUN_LOG
from tuiflow.entities import Metric, Run, RunStatus
from tuiflow.errors import InvalidInput, NotFound
from tuiflow.lines import Follower
from tuiflow.store import Store, now_ms
from tuiflow.store.export import json_number
from tuiflow.text import STATUS_GLYPHS, ago, clean, duration, number

POLL_SECONDS = 0.2
CHECK_SECONDS = 2.0
"""How often a look is taken whether the process of a quiet run still lives."""


class TailFormat(StrEnum):
    """How what comes is printed: for a person, or one JSON object a line."""

    TEXT = "text"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("tail")(tail)


def tail(
    run: RunArgument = "latest",
    lines: Annotated[
        int,
        typer.Option("--lines", "-n", min=0, help="Points, and lines of the log, to begin with."),
    ] = 10,
    metrics: Annotated[bool, typer.Option("--metrics", help="Only the metrics.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Only the log.")] = False,
    output_format: Annotated[
        TailFormat, typer.Option("--format", help="How to print.")
    ] = TailFormat.TEXT,
    store: StoreOption = None,
) -> None:
    """Follow a run until it ends: its metrics as they are logged and what it prints.

    Of a run that has ended, the last lines are printed. ctrl+C leaves, with exit code 130, and
    the run goes on.
    """
    if metrics and log:
        raise InvalidInput("Give --metrics or --log; both are shown without either.")
    opened = open_existing(store)
    run_id = opened.resolve_run(run)
    printer = _Printer(sys.stdout, output_format)
    try:
        printer.begin(opened.get_run(run_id))
        _follow(opened, run_id, min(lines, sys.maxsize), not log, not metrics, printer)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _follow(
    store: Store, run_id: str, lines: int, metrics: bool, log: bool, printer: _Printer
) -> None:
    """Print what there is and what comes, until the run has ended."""
    counts: dict[str, int] = {}
    log_lines = _Log(store, run_id, lines)
    version: int | None = None
    checked = 0.0
    while True:
        # Asked before the points: all that was written before the run's end is read after it.
        now = store.data_version()
        due = time.monotonic() - checked >= CHECK_SECONDS
        if now != version or due:
            run = store.get_run(run_id)
            checked = time.monotonic()
        if metrics and now != version:
            arrived = (
                store.recent_points(run_id, lines)
                if version is None
                else store.points_since(run_id, counts)
            )
            counts = arrived.counts
            printer.points(arrived.points)
        version = now
        ended = RunStatus.is_terminated(run.info.status) or run.info.stale
        if log:
            printer.log(log_lines.new(last=ended))
        printer.flush()
        if ended:
            printer.end(run)
            return
        time.sleep(POLL_SECONDS)


class _Log:
    """The lines of a run's log: the last `lines` at first, then those that come."""

    def __init__(self, store: Store, run_id: str, lines: int) -> None:
        self._store = store
        self._run_id = run_id
        self._lines = lines
        self._follower: Follower | None = None

    def new(self, last: bool) -> Iterator[str]:
        """Whole lines that have come; with `last` also one that has no end."""
        try:
            if self._follower is None:
                path = self._store.artifact_path(self._run_id, RUN_LOG)
                self._follower = Follower(path, self._lines)
            yield from self._follower.new(last)
        except (NotFound, OSError):
            return


class _Printer:
    """Writes points, lines of the log and the run's end."""

    def __init__(self, stream: TextIO, form: TailFormat) -> None:
        self._stream = stream
        self._json = form is TailFormat.JSON
        self._colour = out.is_terminal(stream)

    def begin(self, run: Run) -> None:
        if self._json:
            return
        info = run.info
        since = ago(info.start_time, now_ms())
        typer.echo(
            f"{title(run)} in {clean(info.experiment_name)}, started {since}; ctrl+C leaves",
            err=True,
        )

    def points(self, points: Sequence[Metric]) -> None:
        for point in points:
            if self._json:
                self._object(
                    type="metric",
                    key=point.key,
                    step=point.step,
                    timestamp=point.timestamp,
                    value=json_number(point.value),
                )
                continue
            clock = time.strftime("%H:%M:%S", time.localtime(point.timestamp / 1000))
            line = f"{clock}  {clean(point.key)}  step {point.step}  {number(point.value, 6)}"
            self._write(f"\x1b[36m{line}\x1b[0m" if self._colour else line)

    def log(self, lines: Iterable[str]) -> None:
        for line in lines:
            if self._json:
                self._object(type="log", line=line)
            else:
                self._write(line)

    def end(self, run: Run) -> None:
        info = run.info
        status = info.shown_status
        shown = f"{STATUS_GLYPHS[status]} {status}"
        if self._json:
            self._object(type="end", run_id=info.run_id, status=status, end_time=info.end_time)
        elif info.stale:
            host = f" on {clean(info.process.host)}" if info.process else ""
            self._write(
                f"{STATUS_GLYPHS[status]} {status}: its process{host} is gone: {title(run)}"
            )
        else:
            self._write(f"{shown} after {duration(info.took())}: {title(run)}")
        self.flush()

    def flush(self) -> None:
        self._stream.flush()

    def _object(self, **values: Any) -> None:
        out.write_json_line(values, self._stream)
        self._stream.write("\n")

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
