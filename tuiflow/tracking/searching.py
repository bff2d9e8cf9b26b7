"""Searches of scripts: filter texts in, runs, experiments or a DataFrame out."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from tuiflow.entities import Experiment, Run, ViewType
from tuiflow.errors import FilterError, InvalidInput
from tuiflow.filters import EXPERIMENTS, Key, Kind, Measure, parse_filter, parse_order
from tuiflow.filters.evaluate import matches, sort
from tuiflow.protocols import RunQuery
from tuiflow.store import Store
from tuiflow.store.run_table import RunTable, table_of

if TYPE_CHECKING:
    import pandas

_Parsed = TypeVar("_Parsed")


def search_runs(
    store: Store,
    experiment_ids: Sequence[str] | None,
    filter_string: str | None,
    view: int,
    max_results: int | None,
    order_by: Sequence[str] | None,
    offset: int = 0,
) -> list[Run]:
    """At most `max_results` runs, all of them where it is None. Raises FilterError, InvalidInput.

    `experiment_ids` None means every active experiment; a single id may stand without a list.
    """
    query = run_query(store, experiment_ids, filter_string, view, order_by)
    return store.search_runs(query, row_limit(max_results), offset)


def search_frame(
    store: Store,
    experiment_ids: Sequence[str] | None,
    filter_string: str | None,
    view: int,
    max_results: int | None,
    order_by: Sequence[str] | None,
) -> pandas.DataFrame:
    """What `search_runs` finds, as `to_frame` gives it."""
    query = run_query(store, experiment_ids, filter_string, view, order_by)
    return _frame(store.run_table(query, row_limit(max_results)))


def run_query(
    store: Store,
    experiment_ids: Sequence[str] | None,
    filter_string: str | None,
    view: int,
    order_by: Sequence[str] | None,
) -> RunQuery:
    """A script's search as a query. Raises FilterError, InvalidInput."""
    if isinstance(experiment_ids, str | int):
        experiment_ids = [str(experiment_ids)]
    return RunQuery(
        None if experiment_ids is None else tuple(map(str, experiment_ids)),
        _suggesting(store, partial(parse_filter, filter_text(filter_string))),
        _suggesting(store, partial(parse_order, order_by or ())),
        _view(view),
    )


def _suggesting(store: Store, parse: Callable[..., _Parsed]) -> _Parsed:
    """Parse; the keys in use, among which a mistake finds its suggestion, are read only then."""
    try:
        return parse()
    except FilterError:
        parse(known=store.key_names().keys())
        raise


def ids_of_names(store: Store, names: Sequence[str]) -> list[str]:
    """Experiment ids; a name that no experiment has is left out with a warning."""
    if isinstance(names, str):
        raise InvalidInput(f"experiment_names is a list, not the text {names!r}.")
    ids = []
    for name in names:
        found = store.get_experiment_by_name(name)
        if found is None:
            warnings.warn(f"There is no experiment named {name!r}.", stacklevel=3)
        else:
            ids.append(found.experiment_id)
    return ids


def search_experiments(
    store: Store,
    view: int,
    max_results: int | None,
    filter_string: str | None,
    order_by: Sequence[str] | None,
    offset: int = 0,
) -> list[Experiment]:
    """At most `max_results` experiments, all of them where it is None; newest change first unless
    `order_by` says otherwise. Raises FilterError, InvalidInput."""
    node = parse_filter(filter_text(filter_string), subject=EXPERIMENTS)
    order = parse_order(order_by or (), subject=EXPERIMENTS)
    limit = row_limit(max_results)
    found = [
        experiment
        for experiment in store.list_experiments(_view(view))
        if node is None
        or matches(
            node,
            partial(_value, experiment),
            (experiment.name, *experiment.tags.values()),
        )
    ]
    sort(found, order, _sort_value)
    return found[offset : None if limit is None else offset + limit]


def _value(experiment: Experiment, key: Key | Measure) -> float | str | None:
    if key.kind is Kind.TAG:
        return experiment.tags.get(key.name)
    value: float | str = getattr(experiment, key.name)
    return value


def _sort_value(experiment: Experiment, key: Key | Measure) -> float | str | None:
    value = _value(experiment, key)
    return int(experiment.experiment_id) if key == _EXPERIMENT_ID else value


_EXPERIMENT_ID = Key(Kind.ATTRIBUTE, "experiment_id")


def filter_text(text: object) -> str:
    """A filter as given by a script, where None is empty. Raises InvalidInput."""
    if text is not None and not isinstance(text, str):
        raise InvalidInput(f"A filter is a text, not {text!r}.")
    return text or ""


def _view(view: int) -> ViewType:
    try:
        return ViewType(view)
    except ValueError:
        raise InvalidInput(
            f"A view type is one of ViewType.ACTIVE_ONLY, DELETED_ONLY and ALL, not {view!r}."
        ) from None


def row_limit(max_results: object) -> int | None:
    """`max_results` as given by a script, where None is all. Raises InvalidInput."""
    if max_results is None:
        return None
    if isinstance(max_results, int) and max_results >= 0:
        return min(max_results, sys.maxsize)  # SQLite's own limit, on 64 bits
    raise InvalidInput(f"max_results is a whole number from 0 up, not {max_results!r}.")


def to_frame(runs: Sequence[Run]) -> pandas.DataFrame:
    """One row a run: its attributes, then `metrics.*`, `params.*` and `tags.*`."""
    return _frame(table_of(runs))


def _frame(table: RunTable) -> pandas.DataFrame:
    import pandas

    columns: dict[str, Any] = {
        "run_id": table.run_ids,
        "experiment_id": table.experiment_ids,
        "status": table.statuses,
        "artifact_uri": table.artifact_uris,
        "start_time": _times(table.start_times),
        "end_time": _times(table.end_times),
    }
    for prefix, found in (
        ("metrics", table.metrics),
        ("params", table.params),
        ("tags", table.tags),
    ):
        columns |= {f"{prefix}.{name}": values for name, values in found.items()}
    return pandas.DataFrame(columns)


def _times(values: Sequence[int | None]) -> Any:
    import pandas

    return pandas.to_datetime(pandas.array(list(values), dtype="Int64"), unit="ms", utc=True)
