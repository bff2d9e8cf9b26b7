"""Changes of many runs, and what a script that logs meanwhile waits: `python -m benchmarks.changes
FOLDER`. The store in the folder is copied first, and the copy changed.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from benchmarks.data import experiment_names
from tuiflow.entities import Metric
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, many, open_store

RUNS = 100_000
_PAUSE = 0.001
"""Seconds between two points of the script that logs meanwhile."""


@dataclass(frozen=True, slots=True)
class Change:
    """How long it took, and the milliseconds that a call of log_metric took meanwhile: the median,
    the 99th hundredth and the longest."""

    what: str
    seconds: float
    median: float
    most: float
    longest: float


def measure(folder: Path) -> Iterator[Change]:
    with tempfile.TemporaryDirectory(dir=folder.parent) as copy:
        shutil.copyfile(folder / "tuiflow.db", Path(copy) / "tuiflow.db")
        with (Path(copy) / "tuiflow.db").open("rb") as file:
            os.fsync(file.fileno())  # else the first commit waits for all of it
        store = open_store(copy, create=False)
        yield from _changes(store, Path(copy))
        store.close()


def _changes(store: Store, folder: Path) -> Iterator[Change]:
    keys = sorted(store.search_keys(RunQuery()))[:RUNS]
    some = f"{len(keys):,} runs"
    last = store.get_experiment_by_name(experiment_names()[-1])
    counts = store.experiment_counts()
    largest = max(counts, key=lambda experiment: counts[experiment].active)
    of_largest = f"an experiment of {counts[largest].active:,} runs"
    assert last is not None
    changed: list[many.Was[Any]] = []

    def change(what: many.Change[Any]) -> Callable[[], None]:
        def carry_out() -> None:
            changed[:] = []
            for _, done in store.change_runs(what, keys):
                changed.extend(done)

        return carry_out

    def undo(what: many.Change[Any]) -> Callable[[], None]:
        def take_back() -> None:
            for _ in store.take_back(what, changed[::-1]):
                pass

        return take_back

    move = many.Move(last.experiment_id)
    actions: dict[str, Callable[[], object]] = {
        f"delete {some}": change(many.Delete()),
        f"restore {some}": change(many.Restore()),
        f"tag {some}": change(many.SetTags.to({"looked at": "yes"})),
        f"move {some}": change(move),
        "undo of that": undo(move),
        f"delete {of_largest}": lambda: store.delete_experiment(largest),
        "restore it": lambda: store.restore_experiment(largest),
        "db backup": lambda: store.upkeep.backup(folder / "backup.db"),
        "db check": store.upkeep.check,
        "db optimize": store.upkeep.optimize,
    }
    for what, action in actions.items():
        yield _timed(store, what, action)
    change(many.Delete())()
    yield _timed(store, f"gc of {some}", lambda: store.upkeep.collect_garbage(0))
    yield _timed(store, "db vacuum after it", store.upkeep.vacuum)


def _timed(store: Store, what: str, action: Callable[[], object]) -> Change:
    with _logging(store) as waits:
        start = perf_counter()
        action()
        seconds = perf_counter() - start
    waits.sort()
    of = [1000 * waits[min(int(share * len(waits)), len(waits) - 1)] for share in (0.5, 0.99, 1)]
    return Change(what, seconds, *of)


@contextlib.contextmanager
def _logging(store: Store) -> Iterator[list[float]]:
    """A process that logs meanwhile; the seconds of its calls are in the list when it has ended."""
    spent: list[float] = []
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.changes", "--log", str(store.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[1],
    )
    assert process.stdout is not None
    with process:
        process.stdout.readline()
        yield spent
        out, _ = process.communicate("stop\n")
        spent += json.loads(out)


def _log(folder: str) -> None:
    store = open_store(folder, create=False)
    run_id = store.create_run("0", "meanwhile").info.run_id
    spent: list[float] = []
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        start = perf_counter()
        store.log_batch(run_id, [Metric("loss", 1.0, 1, len(spent))], in_order=True)
        spent.append(perf_counter() - start)
        sleep(_PAUSE)
    store.finish_run(run_id, "FINISHED")
    print(json.dumps(spent))


def show(row: Change) -> str:
    return (
        f"{row.seconds:9.1f} s  {row.median:7.2f} {row.most:7.1f} {row.longest:7.1f}   {row.what}"
    )


if __name__ == "__main__":
    if sys.argv[1] == "--log":
        _log(sys.argv[2])
    else:
        print("     took     log_metric meanwhile: median, p99, longest (ms)")
        for change in measure(Path(sys.argv[1])):
            print(show(change), flush=True)
