"""Searches of scripts: filter texts in, runs, experiments or a DataFrame out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tuiflow.config import MAX_SEARCH_RESULTS
from tuiflow.entities import Experiment, Run, ViewType
from tuiflow.errors import InvalidInput
from tuiflow.filters import parse_filter, parse_order
from tuiflow.protocols import RunQuery
from tuiflow.store import Store

if TYPE_CHECKING:
    import pandas


def run_query(
    experiment_ids: Sequence[str] | None,
    filter_string: str | None,
    view: ViewType,
    order_by: Sequence[str] | None,
) -> RunQuery:
    """Raises FilterError for a mistake in the filter or the order."""
    if isinstance(experiment_ids, str):
        raise InvalidInput(f"experiment_ids is a list of ids, not the text {experiment_ids!r}.")
    return RunQuery(
        None if experiment_ids is None else tuple(map(str, experiment_ids)),
        parse_filter(filter_string or ""),
        parse_order(list(order_by or ())),
        view,
    )


def search_runs(
    store: Store,
    experiment_ids: Sequence[str] | None,
    filter_string: str | None,
    view: ViewType,
    max_results: int,
    order_by: Sequence[str] | None,
    offset: int = 0,
) -> list[Run]:
    """At most `max_results` runs. Raises FilterError, InvalidInput."""
    if not 0 <= max_results <= MAX_SEARCH_RESULTS:
        raise InvalidInput(f"max_results is between 0 and {MAX_SEARCH_RESULTS}, not {max_results}.")
    query = run_query(experiment_ids, filter_string, view, order_by)
    return store.search_runs(query, max_results, offset)


def search_experiments(
    store: Store,
    view: ViewType,
    max_results: int | None,
    filter_string: str | None,
    order_by: Sequence[str] | None,
) -> list[Experiment]:
    """Raises InvalidInput for a filter or order, which are not served yet."""
    if filter_string or order_by:
        raise InvalidInput(
            "search_experiments takes no filter_string or order_by yet;"
            " choose from the list it returns."
        )
    return store.list_experiments(view)[:max_results]


def to_frame(runs: Sequence[Run]) -> pandas.DataFrame:
    """One row a run: its attributes, then `metrics.*`, `params.*` and `tags.*`."""
    import pandas

    columns: dict[str, Any] = {
        "run_id": [run.info.run_id for run in runs],
        "experiment_id": [run.info.experiment_id for run in runs],
        "status": [run.info.status for run in runs],
        "artifact_uri": [run.info.artifact_uri for run in runs],
        "start_time": _times([run.info.start_time for run in runs]),
        "end_time": _times([run.info.end_time for run in runs]),
    }
    for prefix, values in (
        ("metrics", [run.data.metrics for run in runs]),
        ("params", [run.data.params for run in runs]),
        ("tags", [run.data.tags for run in runs]),
    ):
        names = dict.fromkeys(name for row in values for name in row)
        missing = float("nan") if prefix == "metrics" else None
        for name in names:
            columns[f"{prefix}.{name}"] = [row.get(name, missing) for row in values]
    return pandas.DataFrame(columns)


def _times(values: Sequence[int | None]) -> Any:
    import pandas

    return pandas.to_datetime(pandas.array(list(values), dtype="Int64"), unit="ms", utc=True)
