"""How fast runs are logged: `python -m benchmarks.writing [STORE]`.

Prints, for one process, the median, mean, 99th hundredth and greatest of microseconds a call:
log_metric, log_param, set_tag, log_metrics of 1,000 metrics, log_batch of 1,000 points of one
metric and of 100,000. Then, for eight processes that log into the store for 30 s while another one
reads it: calls or points a second together, the longest call, the longest read and the greatest
size of the write-ahead log, once with single points and once with batches of 100; and fails where
a point is missing or a call raised.

STORE is a folder, a new temporary one where it is left out; the runs that this makes stay in it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic, perf_counter

import tuiflow
from tuiflow.entities import Metric
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, open_store
from tuiflow.tracking import MlflowClient

BATCH = 100
EPOCH = 1_700_000_000_000
_READ_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class Together:
    """What several processes logged at once: points a second, the longest call and the longest read
    meanwhile in seconds, the greatest size of the write-ahead log in bytes."""

    processes: int
    batch: int
    rate: float
    longest: float
    read: float
    log: float

    def __str__(self) -> str:
        return (
            f"{self.processes} processes, {self.batch} point{'s' if self.batch > 1 else ''} a call:"
            f" {self.rate:,.0f} points/s, longest call {self.longest * 1000:,.0f} ms, longest read"
            f" {self.read * 1000:,.0f} ms, write-ahead log {self.log / 1e6:,.0f} MB"
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.writing", description=__doc__)
    parser.add_argument("store", type=Path, nargs="?")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--worker", metavar="RUN")
    parser.add_argument("--batch", type=int, default=1)
    options = parser.parse_args()
    if options.worker:
        work(options.store, options.worker, options.seconds, options.batch)
        return
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(options.store or Path(folder) / "store")
        tuiflow.set_tracking_uri(store.root)
        single(store)
        for batch in (1, BATCH):
            print(together(store, options.processes, options.seconds, batch), flush=True)
        store.close()


def single(store: Store) -> None:
    """One process."""
    client = MlflowClient()
    print(f"{'microseconds a call':24}{'median':>10}{'mean':>10}{'p99':>10}{'max':>12}")

    def show(name: str, repeats: int, call: Callable[[int], object]) -> None:
        spent = []
        for number in range(repeats):
            start = perf_counter()
            call(number)
            spent.append((perf_counter() - start) * 1e6)
        spent.sort()
        mean = sum(spent) / repeats
        shown = spent[repeats // 2], mean, spent[repeats * 99 // 100], spent[-1]
        print(f"{name:24}" + "".join(f"{value:>10,.0f}" for value in shown), flush=True)

    with tuiflow.start_run(run_name="writing") as run:
        run_id = run.info.run_id
        show("log_metric", 20_000, lambda i: tuiflow.log_metric("loss", 1 / (i + 1), step=i))
        show("log_param", 1_000, lambda i: tuiflow.log_param(f"param {i}", i))
        show("set_tag", 1_000, lambda i: tuiflow.set_tag(f"tag {i % 20}", i))
        many = {f"metric {number}": float(number) for number in range(1_000)}
        show("log_metrics of 1,000", 20, lambda i: tuiflow.log_metrics(many, step=i))
        for size, repeats in ((1_000, 100), (100_000, 5)):
            batches = [points("batch", i * size, size) for i in range(repeats)]
            turns = iter(batches)
            show(f"log_batch of {size:,}", repeats, partial(log_next, client, run_id, turns))


def log_next(client: MlflowClient, run_id: str, turns: Iterator[list[Metric]], _: int) -> None:
    client.log_batch(run_id, next(turns))


def points(key: str, start: int, count: int) -> list[Metric]:
    return [Metric(key, step * 0.5, EPOCH + step, step) for step in range(start, start + count)]


def measure(folder: Path, processes: int = 8, seconds: float = 30.0) -> Iterator[Together]:
    """Points one by one, then in batches, into a new store in the folder."""
    with tempfile.TemporaryDirectory(dir=folder) as new:
        store = open_store(new)
        for batch in (1, BATCH):
            yield together(store, processes, seconds, batch)
        store.close()


def together(store: Store, processes: int, seconds: float, batch: int) -> Together:
    """Several processes, each with a run of its own, and a reader."""
    runs = [store.create_run("0", f"writer {number}").info.run_id for number in range(processes)]
    stop = threading.Event()
    watched = {"read": 0.0, "log": 0.0}
    reader = threading.Thread(target=watch, args=(store, runs[0], watched, stop))
    reader.start()
    command = [sys.executable, "-m", "benchmarks.writing", str(store.root)]
    command += ["--seconds", str(seconds), "--batch", str(batch), "--worker"]
    started = [
        subprocess.Popen([*command, run], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for run in runs
    ]
    for child in started:
        assert child.stdout is not None
        child.stdout.readline()  # it is ready
    for child in started:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    results = [json.loads(child.communicate()[0]) for child in started]
    stop.set()
    reader.join()
    for run, result in zip(runs, results, strict=True):
        history = store.metric_history(run, "m")
        if list(history.steps) != list(range(result["points"])):
            raise SystemExit(f"run {run} has {len(history.steps)} points of {result['points']}")
        store.finish_run(run, "FINISHED")
    total = sum(result["points"] for result in results)
    longest = max(result["longest"] for result in results)
    return Together(processes, batch, total / seconds, longest, watched["read"], watched["log"])


def watch(store: Store, run: str, watched: dict[str, float], stop: threading.Event) -> None:
    """Read twenty times a second, as ten apps would, and note the longest read and the greatest
    log."""
    log = Path(f"{store.database}-wal")
    seen: dict[str, int] = {}
    while not stop.wait(_READ_EVERY):
        start = perf_counter()
        store.load_runs(store.search_keys(RunQuery(), 50))
        seen = store.points_since(run, seen).counts
        watched["read"] = max(watched["read"], perf_counter() - start)
        watched["log"] = max(watched["log"], log.stat().st_size)


def work(folder: Path, run: str, seconds: float, batch: int) -> None:
    """What one process logs; prints how many points, and its longest call."""
    store = open_store(folder)
    print("ready", flush=True)
    sys.stdin.readline()
    longest, step, end = 0.0, 0, monotonic() + seconds
    while monotonic() < end:
        new = points("m", step, batch)
        start = perf_counter()
        store.log_batch(run, new, in_order=True)
        longest = max(longest, perf_counter() - start)
        step += batch
    print(json.dumps({"points": step, "longest": longest}))


if __name__ == "__main__":
    main()
