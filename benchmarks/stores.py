"""Build a store: `python -m benchmarks.stores RUNS FOLDER`."""

from __future__ import annotations

import sys
import time
from itertools import islice
from pathlib import Path

from benchmarks.data import experiment_names, history, runs
from tuiflow.entities import Metric
from tuiflow.store import open_store

_BATCH = 1000


def build(folder: Path, count: int, progress: bool = False) -> dict[str, float]:
    """Make a store of `count` runs in `folder`, columns sealed; seconds of each step."""
    if (folder / "tuiflow.db").exists():
        raise SystemExit(f"There is a store in {folder} already; remove it first.")
    store = open_store(folder)
    ids = [store.create_experiment(name) for name in experiment_names()]
    took = {}
    start = time.perf_counter()
    store.add_runs(runs(count, ids), _say if progress else lambda done: None)
    took["rows"] = time.perf_counter() - start
    start = time.perf_counter()
    store.columns.seal()
    took["columns"] = time.perf_counter() - start
    store.close()
    return took


def build_history(folder: Path, points: int) -> None:
    """Make a store of one run with the metric `loss` of so many points, logged in batches."""
    store = open_store(folder)
    run_id = store.create_run("0", "long").info.run_id
    stream = history(points)
    while batch := list(islice(stream, _BATCH)):
        store.log_batch(run_id, [Metric("loss", value, when, step) for step, when, value in batch])
    store.finish_run(run_id, "FINISHED")
    store.close()


def _say(done: int) -> None:
    if not done % 20_000:
        print(f"\r{done:,} runs", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    count, folder = int(sys.argv[1].replace("_", "")), Path(sys.argv[2])
    for step, seconds in build(folder, count, progress=True).items():
        print(f"{seconds:8.1f} s  {step}")
    print(f"{(folder / 'tuiflow.db').stat().st_size / 1e6:8,.0f} MB")
