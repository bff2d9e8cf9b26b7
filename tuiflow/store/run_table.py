"""Runs as a table: a column of each attribute, metric, param and tag."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tuiflow.entities import Run


@dataclass(frozen=True, slots=True)
class RunTable:
    """Columns of the same length, a place for each run.

    `metrics`, `params` and `tags` have the keys that any of the runs has, in the order in which the
    runs have them first; NaN or None stands where a run has none. Times are epoch ms.
    """

    run_ids: Sequence[str]
    experiment_ids: Sequence[str]
    statuses: Sequence[str]
    artifact_uris: Sequence[str]
    start_times: Sequence[int]
    end_times: Sequence[int | None]
    metrics: Mapping[str, Sequence[float]]
    params: Mapping[str, Sequence[str | None]]
    tags: Mapping[str, Sequence[str | None]]


def table_of(runs: Sequence[Run]) -> RunTable:
    """The table of runs that have been loaded."""
    data = [run.data for run in runs]
    metrics = [item.metrics for item in data]
    return RunTable(
        [run.info.run_id for run in runs],
        [run.info.experiment_id for run in runs],
        [run.info.status for run in runs],
        [run.info.artifact_uri for run in runs],
        [run.info.start_time for run in runs],
        [run.info.end_time for run in runs],
        {name: [row.get(name, math.nan) for row in metrics] for name in _names(metrics)},
        _texts([item.params for item in data]),
        _texts([item.tags for item in data]),
    )


def _texts(rows: Sequence[Mapping[str, str]]) -> dict[str, Sequence[str | None]]:
    return {name: [row.get(name) for row in rows] for name in _names(rows)}


def _names(rows: Sequence[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))
