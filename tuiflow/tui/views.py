"""How an experiment's runs were last looked at, and what was filtered by: kept in the store."""

from __future__ import annotations

from tuiflow.store import Store
from tuiflow.store.views import View, from_json, to_json

__all__ = [
    "View",
    "add_to_history",
    "last_experiment",
    "load_columns",
    "load_history",
    "load_view",
    "save_columns",
    "save_last_experiment",
    "save_view",
]

LAST = "runs.last"
HISTORY = "runs.filters"
MOST_FILTERS = 200


def load_view(store: Store, experiment_id: str | None) -> View:
    """The view of an experiment, of all together where None; a damaged one counts as none."""
    return from_json(store.get_state(_name("view", experiment_id)))


def save_view(store: Store, experiment_id: str | None, view: View) -> None:
    """Remember the view of an experiment."""
    store.put_state(_name("view", experiment_id), to_json(view))


def load_columns(store: Store, experiment_id: str | None) -> tuple[str, ...]:
    """The columns that were the default ones when last looked at, to show before they are known."""
    return _texts(store.get_state(_name("columns", experiment_id)))


def save_columns(store: Store, experiment_id: str | None, columns: tuple[str, ...]) -> None:
    store.put_state(_name("columns", experiment_id), list(columns))


def _name(what: str, experiment_id: str | None) -> str:
    return f"runs.{what}.{experiment_id or 'all'}"


def _texts(state: object) -> tuple[str, ...]:
    return tuple(map(str, state)) if isinstance(state, list) else ()


def last_experiment(store: Store) -> str | None:
    """The experiment looked at last; None for all together."""
    state = store.get_state(LAST)
    return state if isinstance(state, str) and state else None


def save_last_experiment(store: Store, experiment_id: str | None) -> None:
    store.put_state(LAST, experiment_id or "")


def load_history(store: Store) -> list[str]:
    """The filters of this store, the newest first."""
    return list(_texts(store.get_state(HISTORY)))


def add_to_history(store: Store, text: str) -> list[str]:
    """Put a filter on top of those that were, once; gives all of them."""
    old = load_history(store)
    new = [text, *(item for item in old if item != text)][:MOST_FILTERS]
    if new != old:
        store.put_state(HISTORY, new)
    return new
