"""What a scatter plot of runs begins with, read in a worker, and what is remembered of it. No
framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuiflow.diff import associations
from tuiflow.filters import Key, Kind
from tuiflow.filters.tree import Measure
from tuiflow.protocols import KeyNames, RunQuery

if TYPE_CHECKING:
    from tuiflow.store import Store

MOST_RUNS = 2000
"""So many runs tell which param goes with a metric."""

_FEW = 20
_DURATION = Key(Kind.ATTRIBUTE, "duration")


@dataclass(frozen=True, slots=True)
class Axes:
    """The columns of a scatter plot, `y` None where no metric is there. A scale is logarithmic or
    not, or as suits the values where None."""

    x: Key
    y: Key | None
    log_x: bool | None = None
    log_y: bool | None = None


def load_axes(store: Store, experiment_id: str | None, keys: Sequence[Key]) -> Axes | None:
    """The axes that were chosen for an experiment, as far as they are among `keys`."""
    state = store.get_state(_name(experiment_id))
    if not isinstance(state, Mapping):
        return None
    known = {str(key): key for key in keys}
    x, y = known.get(str(state.get("x"))), known.get(str(state.get("y")))
    log_x, log_y = (_scale(state.get(name)) for name in ("log_x", "log_y"))
    return Axes(x, y, log_x, log_y) if x is not None and y is not None else None


def save_axes(store: Store, experiment_id: str | None, axes: Axes) -> None:
    state = {"x": str(axes.x), "y": str(axes.y), "log_x": axes.log_x, "log_y": axes.log_y}
    store.put_state(_name(experiment_id), state)


def _name(experiment_id: str | None) -> str:
    return f"runs.axes.{experiment_id or 'all'}"


def _scale(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def usual_metric(query: RunQuery, names: KeyNames, columns: Sequence[Key]) -> Key | None:
    """The metric to look at: the one under the cursor of a table with these columns (the first is
    under it), else the one that is sorted by, else the first column that is one."""
    metrics = [Key(Kind.METRIC, name) for name in names.metrics]
    chosen = [*columns[:1], *_sorted_by(query), *columns]
    known = set(metrics)
    return next((key for key in [*chosen, *metrics] if key in known), None)


def usual_axes(store: Store, query: RunQuery, names: KeyNames, columns: Sequence[Key]) -> Axes:
    """Axes that tell something of the runs of a query; `columns` as in `usual_metric`, which y is.

    x is the param under the cursor or that is sorted by, else the one that goes with y most, a
    number rather than a text, else the first that differs between runs, else another metric.
    """
    metrics = [Key(Kind.METRIC, name) for name in names.metrics]
    params = [Key(Kind.PARAM, name) for name in names.params]
    there = {*metrics, *params}
    shown = [key for key in columns if key in there]
    y = usual_metric(query, names, columns)
    x = _first([key for key in (*columns[:1], *_sorted_by(query)) if key in there], Kind.PARAM)
    if x is None and params:
        shown_params = [key for key in shown if key.kind is Kind.PARAM]
        x = _telling(store, query, y, list(dict.fromkeys([*shown_params, *params])))
    others = (key for key in [*shown, *metrics] if key.kind is Kind.METRIC and key != y)
    return Axes(x or next(others, _DURATION), y)


def _sorted_by(query: RunQuery) -> list[Key]:
    keys = [order.key for order in query.order_by]
    return [key.key if isinstance(key, Measure) else key for key in keys]


def _telling(store: Store, query: RunQuery, y: Key | None, params: Sequence[Key]) -> Key:
    """The param that goes with y most, else the first that differs."""
    if y is not None:
        found = associations(store, query, y.name, limit=None, most=MOST_RUNS).items
        numbers = [item.param for item in found if item.rho is not None]
        if found:
            return Key(Kind.PARAM, (numbers or [found[0].param])[0])
    runs = store.load_runs(store.search_keys(query)[:MOST_RUNS])
    values = {key: {run.data.params.get(key.name) for run in runs} - {None} for key in params}
    differing = [key for key in params if len(values[key]) > 1]
    numeric = [key for key in differing if all(_is_number(text) for text in values[key])]
    few = [key for key in differing if len(values[key]) <= _FEW]
    return next(iter([*numeric, *few, *differing, *params]))


def _is_number(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True


def _first(keys: Sequence[Key], kind: Kind) -> Key | None:
    return next((key for key in keys if key.kind is kind), None)
