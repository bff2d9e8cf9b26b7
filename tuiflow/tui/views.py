"""How an experiment's runs were last looked at, remembered in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tuiflow.filters import Key, Kind, OrderKey
from tuiflow.store import Store

LAST = "runs.last"


@dataclass(frozen=True, slots=True)
class View:
    """`columns` None means the default ones, `order` None newest first."""

    columns: tuple[str, ...] | None = None
    order: OrderKey | None = None
    filter: str = ""


def load_view(store: Store, experiment_id: str | None) -> View:
    """The view of an experiment, of all together where None; a damaged one counts as none."""
    state = store.get_state(_name(experiment_id))
    if not isinstance(state, Mapping):
        return View()
    columns, text = state.get("columns"), state.get("filter")
    return View(
        tuple(map(str, columns)) if isinstance(columns, list) else None,
        _order(state.get("order")),
        text if isinstance(text, str) else "",
    )


def save_view(store: Store, experiment_id: str | None, view: View) -> None:
    """Remember the view of an experiment, and that it was the last one looked at."""
    order = view.order
    store.put_state(
        _name(experiment_id),
        {
            "columns": None if view.columns is None else list(view.columns),
            "order": order and [order.key.kind.value, order.key.name, order.descending],
            "filter": view.filter,
        },
    )


def _name(experiment_id: str | None) -> str:
    return f"runs.view.{experiment_id or 'all'}"


def _order(state: object) -> OrderKey | None:
    match state:
        case [str(kind), str(name), bool(descending)] if kind in list(Kind):
            return OrderKey(Key(Kind(kind), name), descending)
        case _:
            return None


def last_experiment(store: Store) -> str | None:
    """The experiment looked at last; None for all together."""
    state = store.get_state(LAST)
    return state if isinstance(state, str) and state else None


def save_last_experiment(store: Store, experiment_id: str | None) -> None:
    store.put_state(LAST, experiment_id or "")
