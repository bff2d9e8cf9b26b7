"""The runs of a filter by what they have of one key: how many, and the spread of their metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from tuiflow.directions import direction
from tuiflow.filters import Key, Kind
from tuiflow.filters.writing import condition
from tuiflow.protocols import KeyNames, RunQuery
from tuiflow.store.groups import MOST_GROUPS, Group, Grouping, Spread
from tuiflow.text import clean, exact, number_column
from tuiflow.tui.actions import bindings
from tuiflow.tui.cells import cut_middle
from tuiflow.tui.reader import SPINNER_SECONDS, StoreChanged
from tuiflow.tui.screens.base import StoreScreen
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView

_ATTRIBUTES = ("status", "experiment", "user_id", "parent", "run_name")
_NUMBERS: tuple[Callable[[Spread], float], ...] = (
    attrgetter("mean"),
    attrgetter("minimum"),
    attrgetter("maximum"),
)
MOST_METRICS = 4
"""Metrics whose spread is shown."""


def can_group(key: Key) -> bool:
    """Whether several runs can be expected to have the same of it."""
    if key.kind is Kind.ATTRIBUTE:
        return key.name in _ATTRIBUTES
    return key.kind in (Kind.PARAM, Kind.TAG)


class GroupsScreen(StoreScreen):
    """`query` says which runs, `place` what they are called. `columns` are those of the table: the
    first metrics among them are summed up. `choose` gets the filter text of the group opened."""

    HELP = (
        "One row for each value. Mean, least and greatest are of the last values of a metric, NaN "
        "left out. enter shows the runs of a group."
    )
    HINTS: ClassVar[tuple[str, ...]] = ("lists.open", "groups.sort", "groups.key", "app.back")
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("groups", "lists.open")]
    AUTO_FOCUS = "RowsView"

    def __init__(
        self,
        query: RunQuery,
        key: Key,
        place: str,
        columns: Sequence[Key],
        choose: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._query = query
        self._key = key
        self._place = place
        metrics = [column for column in columns if column.kind is Kind.METRIC]
        self._metrics = tuple(dict.fromkeys(metrics))[:MOST_METRICS]
        self._choose = choose
        self._grouping: Grouping | None = None
        self._sort = 0
        """What is sorted by: 0 the value, 1 the number of runs, then the metrics' means."""

    def compose_body(self) -> ComposeResult:
        yield RowsView([Column("")], id="groups")

    @property
    def _rows(self) -> RowsView:
        return self.query_one(RowsView)

    def on_mount(self) -> None:
        self._show_crumbs()
        self._read()
        self.set_timer(SPINNER_SECONDS, self._show_crumbs)

    def on_store_changed(self, message: StoreChanged) -> None:
        super().on_store_changed(message)
        self.keep_up("groups", self._read)

    def _read(self) -> None:
        store, query, key, metrics = self.store, self._query, self._key, self._metrics

        def question() -> tuple[Grouping, dict[str, bool]]:
            return store.group_runs(query, key, metrics), store.metric_directions()

        self.ask("groups", question, self._show)

    def _show(self, found: tuple[Grouping, dict[str, bool]]) -> None:
        self._grouping, self._directions = found
        self._show_rows()

    def _show_rows(self) -> None:
        if self._grouping is None:
            return
        groups = self._sorted(self._grouping.groups)
        spreads = [
            column for place, key in enumerate(self._metrics) for column in _columns(key, place)
        ]
        key = clean(self._key.name, 40)
        self._rows.set_columns([Column(key, flexible=True), Column("runs", right=True), *spreads])
        self._rows.show(self._made(groups), note="No runs to group.")
        self._show_crumbs()
        self.refresh_hints()

    def _made(self, groups: Sequence[Group]) -> list[Row]:
        columns: list[list[str | Cell]] = [[f"{group.runs:,}" for group in groups]]
        for place in range(len(self._metrics)):
            spreads = [group.spreads[place] for group in groups]
            means, *ends = (
                number_column([None if spread is None else of(spread) for spread in spreads])
                for of in _NUMBERS
            )
            columns.append([*means])
            columns += [[Cell(text, "dim") for text in texts] for texts in ends]
        return [
            Row(condition(self._key, group.value), (_value(group), *cells))
            for group, *cells in zip(groups, *columns, strict=True)
        ]

    def _sorted(self, groups: Sequence[Group]) -> list[Group]:
        if self._sort == 0:
            return list(groups)
        if self._sort == 1:
            return sorted(groups, key=lambda group: -group.runs)
        place = self._sort - 2
        sign = -1 if direction(self._metrics[place].name, self._directions) is False else 1

        def rank(group: Group) -> tuple[bool, float]:
            spread = group.spreads[place]
            return spread is None, 0.0 if spread is None else sign * spread.mean

        return sorted(groups, key=rank)

    def _show_crumbs(self) -> None:
        grouping = self._grouping
        parts = [self._place, f"by {clean(str(self._key), 40)}"]
        if grouping is not None:
            count = f"{grouping.distinct:,} group{'' if grouping.distinct == 1 else 's'}"
            if grouping.distinct > len(grouping.groups):
                count += f", the {MOST_GROUPS:,} largest"
            parts.append(count)
        names = ["value", "runs", *(f"{clean(key.name, 30)} mean" for key in self._metrics)]
        right = "grouping …" if self.waiting("groups") else f"sorted by {names[self._sort]}"
        self.crumbs.show(*parts, right=right)

    # what is done

    def why_not(self, action_id: str) -> str | None:
        if action_id == "lists.open" and self._rows.key is None:
            return "There is no group here"
        return super().why_not(action_id)

    def on_rows_view_opened(self, event: RowsView.Opened) -> None:
        self.app.pop_screen()
        self._choose(event.key)

    def action_sort(self) -> None:
        self._sort = (self._sort + 1) % (2 + len(self._metrics))
        self._show_rows()
        self._rows.action_top()

    def action_key(self) -> None:
        store, ids = self.store, self._query.experiment_ids
        self.ask("keys", partial(store.key_names, ids), self._ask_key)

    def _ask_key(self, names: KeyNames) -> None:
        ask_key(self, names, self._key, self._group_by)

    def _group_by(self, key: Key) -> None:
        self._key, self._grouping = key, None
        self._read()
        self._show_crumbs()


def ask_key(
    screen: StoreScreen, names: KeyNames, here: Key | None, then: Callable[[Key], None]
) -> None:
    """Let the user choose a key that runs can be grouped by."""
    from tuiflow.tui.modals.choose_key import ChooseKeyModal

    keys = list(filter(can_group, names.keys()))
    keys += [Key(Kind.ATTRIBUTE, name) for name in _ATTRIBUTES]
    named = {str(key): key for key in keys}

    def chosen(name: str | None) -> None:
        if name is not None:
            then(named[name])

    modal = ChooseKeyModal("Group by", list(named), None if here is None else str(here))
    screen.app.push_screen(modal, chosen)


def _columns(metric: Key, place: int) -> tuple[Column, ...]:
    """Those of a spread: all or none where they don't fit, but of the first metric the mean."""
    mean = f"{cut_middle(clean(metric.name), 20)} mean"
    return (
        Column(mean, right=True, optional=True),
        Column("min", right=True, optional=True, joins=place > 0),
        Column("max", right=True, optional=True, joins=True),
    )


def _value(group: Group) -> str | Cell:
    if group.value is None:
        return Cell("(none)", "dim")
    if isinstance(group.value, str):
        return clean(group.value, 200) if group.value else Cell("(empty)", "dim")
    return exact(group.value)
