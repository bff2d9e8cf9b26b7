"""Train the demo's runs, all with fixed seeds, and log them through the public API."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tuiflow.config import (
    ENV_EXPERIMENT,
    ENV_EXPERIMENT_ID_OF_MLFLOW,
    ENV_EXPERIMENT_OF_MLFLOW,
    ENV_RUN_ID,
    ENV_RUN_ID_OF_MLFLOW,
)

RUNS = 40


def fill(database: Path, done: Callable[[], None]) -> None:
    """Fill the store `database` with `RUNS` runs in three experiments; `done` follows each run.

    The process logs to that store from then on.
    """
    from threadpoolctl import threadpool_limits

    from tuiflow import set_tracking_uri
    from tuiflow.demo import diabetes, digits, search

    for name in (
        ENV_RUN_ID,
        ENV_RUN_ID_OF_MLFLOW,
        ENV_EXPERIMENT,
        ENV_EXPERIMENT_OF_MLFLOW,
        ENV_EXPERIMENT_ID_OF_MLFLOW,
    ):  # of a run that this is started from
        os.environ.pop(name, None)
    set_tracking_uri(database)
    with threadpool_limits(1):  # on tables this small, threads wait for one another
        for experiment in (search, digits, diabetes):
            experiment.fill(done)
