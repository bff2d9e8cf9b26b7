"""Runs as data for other programs: one JSON object a run, or a CSV of many."""

from __future__ import annotations

import csv
import math
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from tuiflow.entities import Experiment, ExperimentCounts, Run
from tuiflow.errors import InvalidInput
from tuiflow.protocols import TrackingStore

if TYPE_CHECKING:
    from _csv import Writer

    from tuiflow.store.store import Store

_PAGE = 500
_ATTRIBUTES = (
    "run_id",
    "run_name",
    "experiment_id",
    "experiment_name",
    "status",
    "start_time",
    "end_time",
    "lifecycle_stage",
    "artifact_uri",
)


class Sink(Protocol):
    """What a writer of text needs of a stream."""

    def write(self, text: str, /) -> object: ...


CSV_END = "\r\n"
"""How a csv.writer is to end rows, so that it quotes a value with either of the two."""


class CsvLines:
    """What a csv.writer writes to: rows that end in `CSV_END` reach the stream with a line feed.

    Told to end rows with a line feed alone, Python 3.11 leaves a carriage return in a value
    unquoted, and readers take it for the end of the row.
    """

    def __init__(self, stream: Sink) -> None:
        self._stream = stream

    def write(self, row: str, /) -> object:
        return self._stream.write(row.removesuffix(CSV_END) + "\n")


def csv_writer(stream: Sink) -> Writer:
    """What writes rows of CSV that end in a line feed, whatever their values hold."""
    return csv.writer(CsvLines(stream), lineterminator=CSV_END)


def run_record(run: Run) -> dict[str, Any]:
    """A run as JSON data, everywhere in the same shape.

    Times are epoch ms, `status` is STALE for a run whose process is gone, and metrics that are no
    finite number are the texts `NaN`, `Infinity` and `-Infinity`, as in MLflow's REST answers.
    """
    info, data = run.info, run.data
    return {
        "run_id": info.run_id,
        "run_name": info.run_name,
        "experiment_id": info.experiment_id,
        "experiment_name": info.experiment_name,
        "status": info.shown_status,
        "start_time": info.start_time,
        "end_time": info.end_time,
        "lifecycle_stage": info.lifecycle_stage,
        "artifact_uri": info.artifact_uri,
        "params": dict(data.params),
        "metrics": {key: json_number(value) for key, value in data.metrics.items()},
        "tags": dict(data.tags),
        "inputs": [
            {
                "name": item.dataset.name,
                "digest": item.dataset.digest,
                "source_type": item.dataset.source_type,
                "source": item.dataset.source,
                "context": item.context,
            }
            for item in run.inputs.dataset_inputs
        ],
    }


def full_record(store: Store, run: Run) -> dict[str, Any]:
    """A run as JSON data with all that is known of it: `run_record`, and the points of its metrics
    as columns, and its files."""
    history = {}
    for name in run.data.metrics:
        points = store.metric_history(run.info.run_id, name)
        history[name] = {
            "step": list(points.steps),
            "timestamp": list(points.timestamps),
            "value": [json_number(value) for value in points.values],
        }
    files = [
        {"path": item.path, "size": item.file_size}
        for item in store.walk_artifacts(run.info.run_id)
        if not item.is_dir
    ]
    return {**run_record(run), "history": history, "artifacts": files}


def experiment_record(experiment: Experiment, counts: ExperimentCounts) -> dict[str, Any]:
    """An experiment as JSON data, with its active runs and how many of them are running."""
    return {
        "experiment_id": experiment.experiment_id,
        "name": experiment.name,
        "runs": counts.active,
        "running": counts.running,
        "creation_time": experiment.creation_time,
        "last_update_time": experiment.last_update_time,
        "artifact_location": experiment.artifact_location,
    }


def json_number(value: float) -> float | str:
    """A number as JSON can hold it (proto3 JSON mapping)."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def json_value(value: object) -> object:
    """A value as JSON can hold it, be it a number or another."""
    return json_number(value) if isinstance(value, float) else value


def write_csv(store: TrackingStore, keys: Sequence[int], stream: Sink) -> int:
    """Write the runs of these row keys as CSV and return how many there were.

    Columns are the attributes, then `metrics.*`, `params.*` and `tags.*` of any of the runs; times
    are ISO 8601 in UTC.
    """
    count = 0
    for count in write_csv_steps(store, keys, stream):  # noqa: B007
        pass
    return count


def write_csv_steps(store: TrackingStore, keys: Sequence[int], stream: Sink) -> Iterator[int]:
    """As `write_csv`, but yields how many runs have been written: 0 while columns are collected."""
    names: dict[str, dict[str, None]] = {"metrics": {}, "params": {}, "tags": {}}
    for page in _pages(store, keys):
        for run in page:
            for kind, used in names.items():
                used.update(dict.fromkeys(_data(run, kind)))
        yield 0
    columns = [(kind, name) for kind, used in names.items() for name in sorted(used)]
    writer = csv_writer(stream)
    writer.writerow([*_ATTRIBUTES, *(f"{kind}.{name}" for kind, name in columns)])
    count = 0
    for page in _pages(store, keys):
        for run in page:
            attributes = [_cell(run, name) for name in _ATTRIBUTES]
            values = (_data(run, kind).get(name, "") for kind, name in columns)
            writer.writerow([*attributes, *values])
        count += len(page)
        yield count


def _pages(store: TrackingStore, keys: Sequence[int]) -> Iterator[list[Run]]:
    for start in range(0, len(keys), _PAGE):
        yield store.load_runs(keys[start : start + _PAGE])


def _data(run: Run, kind: str) -> Mapping[str, float | str]:
    values: Mapping[str, float | str] = getattr(run.data, kind)
    return values


def _cell(run: Run, name: str) -> str:
    if name == "status":
        return run.info.shown_status
    value = getattr(run.info, name)
    if name in ("start_time", "end_time"):
        return "" if value is None else iso(value)
    return str(value)


def iso(then_ms: int) -> str:
    """Epoch ms as ISO 8601 in UTC, to the millisecond: `2026-11-24T08:23:20.989Z`."""
    moment = datetime.fromtimestamp(then_ms / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{then_ms % 1000:03d}Z"


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """A text file to fill, which takes its place when the block ends well, with the permissions of
    the one that was there. Where a link leads, there it is; what is a pipe or a device is written
    to as it is.

    Raises InvalidInput where it can't be written.
    """
    part: Path | None = None
    try:
        straight = _opened_as_it_is(path)
        if straight is not None:
            with os.fdopen(straight, "w", encoding="utf-8", newline="") as stream:
                yield stream
            return
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise InvalidInput(f"{str(path)!r} is a folder; name a file.")
        part = target.with_name(f".{target.name}.part")
        with part.open("w", encoding="utf-8", newline="") as stream:
            if target.exists():
                os.fchmod(stream.fileno(), target.stat().st_mode & 0o777)
            yield stream
        part.replace(target)
        part = None
    except OSError as error:
        raise InvalidInput(f"Can't write {str(path)!r}: {error.strerror}.") from error
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink(missing_ok=True)


_DESCRIPTOR = re.compile(r"/dev/(?:fd/(\d+)|(stdout)|(stderr))")


def _opened_as_it_is(path: Path) -> int | None:
    """A descriptor of what a path names where that is no regular file or folder, such as a pipe or
    a device; or of what this process has open."""
    if found := _DESCRIPTOR.fullmatch(str(path)):
        # Opened anew by its name, a file would be cut off, and its other writers lose their place.
        return os.dup(int(found[1] or (1 if found[2] else 2)))
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    return None if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else os.open(path, os.O_WRONLY)
