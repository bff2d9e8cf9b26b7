"""Views of the runs that have a name: filter, order, columns, pins. Kept in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tuiflow.entities import ViewType
from tuiflow.errors import AlreadyExists, InvalidInput, NotFound
from tuiflow.filters.parser import parse_filter
from tuiflow.filters.tree import And, Key, Kind, Measure, OrderKey, Stat
from tuiflow.protocols import RunQuery
from tuiflow.store import state
from tuiflow.store.connection import Database
from tuiflow.text import clean, did_you_mean

STATE = "runs.views"
MAX_NAME = 100
NESTINGS = ("", "open", "folded", "flat")
"""Children stand under their parents, or are folded away, or all runs are in one list. By default
they are open while no order is chosen, and flat in any other."""


@dataclass(frozen=True, slots=True)
class View:
    """How runs are looked at. `columns` None means the default ones, no `order` newest first.

    `pinned_columns` stay on the left, `pinned_runs` (ids) on top; `widths` are those that somebody
    chose, in cells. `nesting` is one of `NESTINGS`.
    """

    columns: tuple[str, ...] | None = None
    order: tuple[OrderKey, ...] = ()
    filter: str = ""
    pinned_columns: tuple[str, ...] = ()
    pinned_runs: tuple[str, ...] = ()
    widths: Mapping[str, int] = field(default_factory=dict)
    nesting: str = ""

    @property
    def first_order(self) -> OrderKey | None:
        """What is sorted by first."""
        return self.order[0] if self.order else None


def query_of(
    view: View,
    experiment_ids: tuple[str, ...] | None = None,
    filter_text: str = "",
    order: tuple[OrderKey, ...] = (),
    stage: ViewType = ViewType.ACTIVE_ONLY,
    known: Iterable[Key] = (),
) -> RunQuery:
    """The runs of a view among those of `experiment_ids`: both its filter and `filter_text` hold,
    and `order` comes before its own. Raises FilterError for either filter."""
    known = tuple(known)
    parts = [parse_filter(text, known=known) for text in (view.filter, filter_text)]
    nodes = [part for part in parts if part is not None]
    node = And(tuple(nodes)) if len(nodes) > 1 else nodes[0] if nodes else None
    own = tuple(item for item in view.order if item.key not in {other.key for other in order})
    return RunQuery(experiment_ids, node, (*order, *own), stage)


def to_json(view: View) -> dict[str, object]:
    """The view as JSON values."""
    return {
        "columns": None if view.columns is None else list(view.columns),
        "order": [_order_json(item) for item in view.order],
        "filter": view.filter,
        "pinned_columns": list(view.pinned_columns),
        "pinned_runs": list(view.pinned_runs),
        "widths": dict(view.widths),
        "nesting": view.nesting,
    }


def from_json(value: object) -> View:
    """The view of what `to_json` gave; whatever is damaged counts as not said."""
    if not isinstance(value, Mapping):
        return View()
    columns, text, order = value.get("columns"), value.get("filter"), value.get("order")
    if isinstance(order, list) and order and isinstance(order[0], str):
        order = [order]  # as it was when there was one key
    widths = value.get("widths")
    return View(
        _texts(columns) or None,
        tuple(_orders(order)),
        text if isinstance(text, str) else "",
        _texts(value.get("pinned_columns")),
        _texts(value.get("pinned_runs")),
        {name: width for name, width in widths.items() if isinstance(width, int)}
        if isinstance(widths, Mapping)
        else {},
        nesting if (nesting := value.get("nesting")) in NESTINGS else "",
    )


def _order_json(order: OrderKey) -> list[object]:
    key = order.key
    stat = [key.stat.value] if isinstance(key, Measure) else []
    return [key.kind.value, key.name, order.descending, *stat]


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _orders(value: object) -> list[OrderKey]:
    found = []
    for item in value if isinstance(value, list) else ():
        match item:
            case [str(kind), str(name), bool(descending)] if kind in list(Kind):
                found.append(OrderKey(Key(Kind(kind), name), descending))
            case [Kind.METRIC.value, str(name), bool(descending), str(stat)] if stat in list(Stat):
                found.append(OrderKey(Measure(Key(Kind.METRIC, name), Stat(stat)), descending))
    return found


class Views:
    """The views of a store, by name."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def list(self) -> dict[str, View]:
        """All of them, by name in the order of the alphabet."""
        with self._db.read() as conn:
            found = _read(state.get(conn, STATE))
        return {name: from_json(found[name]) for name in sorted(found, key=str.casefold)}

    def get(self, name: str) -> View:
        """The view of that name. Raises NotFound with the nearest name."""
        found = self.list()
        if name not in found:
            raise NotFound(_missing(name, found))
        return found[name]

    def save(self, name: str, view: View, *, replace: bool = False) -> None:
        """Keep a view. Raises InvalidInput for an empty or very long name, and AlreadyExists
        unless it may `replace` what has that name."""
        name = checked_name(name)
        with self._db.write() as conn:
            found = _read(state.get(conn, STATE))
            if name in found and not replace:
                raise AlreadyExists(f"There is a view {clean(name, 60)!r} already.")
            state.put(conn, STATE, found | {name: to_json(view)})

    def rename(self, name: str, new: str) -> None:
        """Raises NotFound, InvalidInput, and AlreadyExists where `new` is the name of another."""
        new = checked_name(new)
        with self._db.write() as conn:
            found = _read(state.get(conn, STATE))
            if name not in found:
                raise NotFound(_missing(name, found))
            if new in found and new != name:
                raise AlreadyExists(f"There is a view {clean(new, 60)!r} already.")
            found[new] = found.pop(name)
            state.put(conn, STATE, found)

    def delete(self, name: str) -> None:
        """Raises NotFound."""
        with self._db.write() as conn:
            found = _read(state.get(conn, STATE))
            if name not in found:
                raise NotFound(_missing(name, found))
            del found[name]
            state.put(conn, STATE, found)


def _missing(name: str, found: Mapping[str, object]) -> str:
    there = ", ".join(clean(item, 40) for item in sorted(found)[:10])
    hint = f"; there are: {there}." if there else "; w saves one on the app's Runs screen."
    return f"No view {clean(name, 60)!r}{clean(did_you_mean(name, found)) or hint}"


def checked_name(name: str) -> str:
    """The name without spaces around it. Raises InvalidInput."""
    name = name.strip()
    if not name or len(name) > MAX_NAME:
        raise InvalidInput(f"A view needs a name of 1 to {MAX_NAME} characters.")
    return name


def _read(value: object) -> dict[str, object]:
    return {str(name): item for name, item in value.items()} if isinstance(value, Mapping) else {}
