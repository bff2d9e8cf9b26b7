"""One side of the comparison: `python -m benchmarks.side MODULE URI` for logging and searching,
with a RUN after it for the history of its metric `loss`.

MODULE is `tuiflow` or `mlflow`, run by an interpreter that has it; the calls are the same. Prints
a JSON object a line: what was done, and the seconds that each call took.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from time import perf_counter, time_ns
from typing import Any

from benchmarks.timing import timed

WHOLE_RUN = "a run, started and ended"
LOG_METRIC = "log_metric"
LOG_PARAM = "log_param"
LOG_BATCH = "log_batch of 1,000 points"
NEWEST = "the newest 100 runs"
SEARCH = "100 runs by two predicates and a sort"
DATA_FRAME = "all runs, 100,000 at most, to a DataFrame"
HISTORY = "get_metric_history of 1,000,000 points"

PAGE = 100
FRAME = 100_000
FILTER = "metrics.`val/accuracy` > 0.9 AND params.optimizer = 'adam'"
ORDER = ["metrics.`val/loss` ASC"]
BATCH = 1000


def say(what: str, spent: list[float]) -> None:
    print(json.dumps({"what": what, "seconds": spent}), flush=True)


def each(call: Callable[..., object], *args: object, **named: object) -> float:
    """Seconds that one call takes."""
    start = perf_counter()
    call(*args, **named)
    return perf_counter() - start


def log(mlflow: Any, client: Any) -> None:
    """What a training script does."""

    def whole_run() -> None:
        with mlflow.start_run():
            pass

    mlflow.set_experiment("benchmark")
    say(WHOLE_RUN, timed(whole_run, 20))
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 1.0, step=0)
        say(LOG_METRIC, [each(mlflow.log_metric, "loss", 1 / n, step=n) for n in range(1, 1001)])
        say(LOG_PARAM, [each(mlflow.log_param, f"param_{n}", n) for n in range(90)])
        entity = importlib.import_module(f"{mlflow.__name__}.entities").Metric
        spent = []
        for first in range(0, 20 * BATCH, BATCH):
            now = time_ns() // 1_000_000
            points = [entity("batch", n / 7, now, n) for n in range(first, first + BATCH)]
            spent.append(each(client.log_batch, run.info.run_id, metrics=points))
        say(LOG_BATCH, spent)


def search(mlflow: Any, client: Any) -> None:
    ids = [found.experiment_id for found in client.search_experiments()]

    def frame() -> None:
        found = mlflow.search_runs(ids, max_results=FRAME)
        assert {"params.lr", "metrics.val/loss", "tags.team"} <= set(found.columns)

    say(NEWEST, timed(lambda: client.search_runs(ids, max_results=PAGE)))
    say(SEARCH, timed(lambda: client.search_runs(ids, FILTER, 1, PAGE, ORDER), budget=10))
    say(DATA_FRAME, timed(frame, 3, budget=20, warm=False))


def history(client: Any, run_id: str) -> None:
    def read() -> None:
        points = client.get_metric_history(run_id, "loss")
        assert points[7].step == 7

    say(HISTORY, timed(read, 3, budget=20, warm=False))


def main(module: str, uri: str, run_id: str = "") -> None:
    mlflow = importlib.import_module(module)
    mlflow.set_tracking_uri(uri)
    client = mlflow.MlflowClient()
    if run_id:
        history(client, run_id)
    else:
        log(mlflow, client)
        search(mlflow, client)


if __name__ == "__main__":
    main(*sys.argv[1:])
