"""Runs written to files: whole, as CSV, JSON or Markdown, with or without their artifacts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from tuiflow.entities import Run
from tuiflow.errors import TuiflowError
from tuiflow.store.export import Sink, full_record, new_file, write_csv_steps
from tuiflow.store.run_report import write_report

if TYPE_CHECKING:
    from tuiflow.store.store import Store

_PIECE = 100


class RunFormat(StrEnum):
    """JSON holds attributes, params, tags, all points of the metrics and the list of artifacts; CSV
    the latest value of each metric, one row a run; Markdown a report of each run."""

    CSV = "csv"
    JSON = "json"
    MD = "md"


def write_runs(store: Store, keys: Sequence[int], form: RunFormat, stream: Sink) -> Iterator[int]:
    """Write the runs of these row keys; yields, now and then, how many are written."""
    if form is RunFormat.CSV:
        yield from write_csv_steps(store, keys, stream)
        return
    write = _write_record if form is RunFormat.JSON else _write_report
    count = 0
    for run in _runs(store, keys):
        write(store, run, count == 0, stream)
        count += 1
        yield count
    if form is RunFormat.JSON:
        stream.write("\n]\n" if count else "[]\n")


def _write_record(store: Store, run: Run, first: bool, stream: Sink) -> None:
    record = json.dumps(full_record(store, run), ensure_ascii=False, allow_nan=False)
    stream.write(("[\n" if first else ",\n") + record)


def _write_report(store: Store, run: Run, first: bool, stream: Sink) -> None:
    stream.write("" if first else "\n")
    write_report(store, run, stream)


def export_runs(
    store: Store,
    keys: Sequence[int],
    path: Path,
    form: RunFormat,
    artifacts: Path | None = None,
    replace: bool = False,
) -> Iterator[int]:
    """Write the runs of these row keys to a file, which takes its place when all are written, and
    then copy their artifacts to `artifacts`/RUN_ID each. What is there already is kept as it is,
    unless it is to be replaced.

    Yields how much is done: up to the number of runs, and as much again with artifacts. Raises
    InvalidInput where something can't be written.
    """
    with new_file(path) as stream:
        yield from write_runs(store, keys, form, stream)
    if artifacts is None:
        return
    for count, run in enumerate(_runs(store, keys), 1):
        run_id = run.info.run_id
        target = artifacts / run_id
        if store.list_artifacts(run_id) and (replace or not _is_there(target)):
            store.copy_artifact_out(run_id, "", target, replace=replace)
        yield len(keys) + count


def copied_before(store: Store, keys: Sequence[int], artifacts: Path) -> int:
    """How many of these runs have a folder, or anything of that name, in `artifacts`."""
    try:
        names = [path.name for path in artifacts.iterdir()]
    except OSError:  # there is no such folder
        return 0
    return len(set(keys).intersection(filter(None, (_key(store, name) for name in names))))


def _key(store: Store, name: str) -> int | None:
    try:
        return store.row_key(name)
    except TuiflowError:  # not a run's
        return None


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _runs(store: Store, keys: Sequence[int]) -> Iterator[Run]:
    for start in range(0, len(keys), _PIECE):
        yield from store.load_runs(keys[start : start + _PIECE])
