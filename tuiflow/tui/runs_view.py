"""How runs are looked at — filter, order, columns, pins — and the keys that change it.

Every change is remembered for the experiment; a view may also be kept by a name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from tuiflow.directions import direction
from tuiflow.entities import Experiment, Run
from tuiflow.filters import Kind, OrderKey
from tuiflow.protocols import KeyNames
from tuiflow.store.column_values import ColumnSummary
from tuiflow.store.usage import KeyUsage, usage_of
from tuiflow.store.views import View
from tuiflow.text import clean
from tuiflow.tui.many_runs import ManyRuns
from tuiflow.tui.modals.views import Deed, ViewNameModal, ViewsModal
from tuiflow.tui.views import load_columns, save_columns, save_view
from tuiflow.tui.widgets.columns import Column, default_columns
from tuiflow.tui.widgets.filter_bar import FilterBar
from tuiflow.tui.widgets.sheet import NARROWEST, WIDEST

MOST_PINNED = 10
_WIDTH_STEP = 2


class RunsView(ManyRuns):
    """A screen of runs with a filter bar, whose view is changed by keys and remembered."""

    def __init__(self) -> None:
        super().__init__()
        self._experiment: Experiment | None = None
        self._view = View()
        self._defaults: tuple[str, ...] = ()
        self._usage: KeyUsage | None = None
        self._view_name = ""
        """The saved view that was shown or saved last."""
        self._turned: frozenset[int] = frozenset()
        """Row keys of the parents that are folded where the others aren't, or the other way."""

    @property
    def filter_bar(self) -> FilterBar:
        return self.query_one(FilterBar)

    @property
    def experiment_id(self) -> str | None:
        """The id of the experiment whose runs are shown; None for all together."""
        return None if self._experiment is None else self._experiment.experiment_id

    def why_not(self, action_id: str) -> str | None:
        if action_id == "runs.pin" and self.table.run is None:
            return "There is no run here"
        if action_id == "lists.mark_all" and self.table.found.partial:
            return "Still searching: all will be known in a moment"
        return super().why_not(action_id)

    def search(self, *, stay: bool = True) -> None:
        """Find the runs of the view again; without `stay`, start over at the top."""
        raise NotImplementedError

    def take_view(self, view: View) -> None:
        """Look at the runs in this way from now on; `search` finds them."""
        self._view = view
        self.filter_bar.set_text(view.filter)
        self.table.set_order(view.order)
        self.table.set_widths(view.widths)

    def change_view(self, **changes: object) -> None:
        """Change the view, and keep it for the experiment."""
        self._view = replace(self._view, **changes)  # type: ignore[arg-type]
        experiment_id = self.experiment_id
        save = partial(save_view, self.store, experiment_id, self._view)
        self.ask(f"remember-{experiment_id}", save, ignore)

    # filter and order

    def action_filter(self) -> None:
        self.filter_bar.open(self.query_now().experiment_ids)

    def on_filter_bar_changed(self) -> None:
        self.change_view(filter=self.filter_bar.text)
        self.search()

    def on_filter_bar_left(self) -> None:
        self.table.focus()

    def action_sort(self) -> None:
        column = self.table.column
        if column is not None:
            again = [item for item in self._view.order if item.key == column.key]
            alone = len(self._view.order) == 1
            self._sort((_turned(again[0]) if again and alone else self._best_first(column),))

    def action_sort_more(self) -> None:
        column = self.table.column
        if column is None:
            return
        order = self._view.order
        if any(item.key == column.key for item in order):
            self._sort(tuple(_turned(i) if i.key == column.key else i for i in order))
        else:
            self._sort((*order, self._best_first(column)))

    def _best_first(self, column: Column) -> OrderKey:
        """The order that a column begins with: of a metric the best on top."""
        if column.key.kind is not Kind.METRIC:
            return OrderKey(column.key, column.backwards)
        lower = direction(column.key.name, self.store.metric_directions())
        return OrderKey(column.key, lower is False)

    def _sort(self, order: tuple[OrderKey, ...]) -> None:
        self.table.set_order(order)
        self.change_view(order=order)
        self.search()

    # children under their parents

    @property
    def _nesting(self) -> str:
        return self._view.nesting or ("flat" if self._view.order else "open")

    def folding(self) -> Callable[[int], bool] | None:
        """Says of a parent's row key whether its children are folded away; None: no nesting."""
        if self._nesting == "flat":
            return None
        folded, turned = self._nesting == "folded", self._turned
        return lambda key: folded != (key in turned)

    def forget_folds(self) -> None:
        self._turned = frozenset()

    def action_fold(self) -> None:
        parent = self.table.branch
        if parent is None:
            flat = self._nesting == "flat" and "Z puts children under their parents"
            self.app.say(flat or "There are no children here")
            return
        self._turned ^= {parent}
        self.table.go_to(parent)
        self.search()

    def action_nest(self) -> None:
        chosen = {"open": "folded", "folded": "flat", "flat": "open"}[self._nesting]
        self.forget_folds()
        self.change_view(nesting=chosen)
        words = {
            "open": "Children stand under their parents",
            "folded": "Children are folded away; = unfolds those of a run",
            "flat": "All runs are in one list",
        }
        self.app.say(words[chosen])
        self.search()

    # columns

    def choose_columns(self) -> None:
        """Show the columns of the view, else the most used keys, as far as they are known."""
        chosen = self._view.columns
        if chosen is None:
            chosen = self._defaults or self._default_columns(usage_of(self.table.first_page()))
        self.table.set_columns(chosen, self._view.pinned_columns)

    def _default_columns(self, usage: KeyUsage, shown: tuple[str, ...] = ()) -> tuple[str, ...]:
        return tuple(default_columns(usage, shown, experiment=self._experiment is None))

    def load_defaults(self) -> None:
        """Take the default columns as they were; `ask_usage` brings them up to date."""
        self._usage = None
        self._defaults = load_columns(self.store, self.experiment_id)

    def ask_usage(self) -> None:
        """Find out which keys are the most used, where that decides about the columns."""
        if self._view.columns is None:
            store, ids = self.store, self.query_now().experiment_ids
            self.ask("usage", lambda: store.key_usage(ids), self._usage_found)

    def _usage_found(self, usage: KeyUsage) -> None:
        # Columns that are shown stay while runs are logging; they are chosen anew on coming back.
        shown = () if self._usage is None else self._defaults
        self._usage = usage
        defaults = self._default_columns(usage, shown)
        if defaults != self._defaults:
            self._defaults = defaults
            save = partial(save_columns, self.store, self.experiment_id, defaults)
            self.ask("columns-seen", save, ignore)
        self.choose_columns()

    def action_columns(self) -> None:
        store, ids = self.store, self.query_now().experiment_ids
        self.ask("columns", lambda: store.key_names(ids), self._ask_columns)

    def _ask_columns(self, names: KeyNames) -> None:
        from tuiflow.tui.modals.columns import ColumnsModal

        shown = [column.id for column in self.table.columns]
        self.app.push_screen(ColumnsModal(shown, names), self._columns_chosen)

    def _columns_chosen(self, chosen: list[str] | None) -> None:
        if chosen is None:
            return
        pinned = [item for item in self._view.pinned_columns if item in chosen]
        # Those that stay on the left come in the order they were given here.
        pinned.sort(key=chosen.index)
        self.change_view(columns=tuple(chosen) or None, pinned_columns=tuple(pinned))
        self.choose_columns()
        self.ask_usage()

    def action_wider(self) -> None:
        self._widen(_WIDTH_STEP)

    def action_narrower(self) -> None:
        self._widen(-_WIDTH_STEP)

    def _widen(self, step: int) -> None:
        column = self.table.column
        if column is not None:
            width = min(max(self.table.width_of(column) + step, NARROWEST), WIDEST)
            self.change_view(widths={**self._view.widths, column.id: width})
            self.table.set_widths(self._view.widths)

    def action_pin_column(self) -> None:
        column = self.table.column
        if column is None:
            return
        if column is self.table.columns[0]:
            self.app.say("The first column always stays; move to another one")
            return
        pinned = self._view.pinned_columns
        if column.id in pinned:
            pinned = tuple(item for item in pinned if item != column.id)
        else:
            pinned = (*pinned, column.id)
        self.change_view(pinned_columns=pinned)
        self.choose_columns()

    def action_summary(self) -> None:
        column = self.table.column
        if column is not None:
            store, query = self.store, self.query_now()
            question = partial(store.column_summary, query, column.key)
            self.ask("summary", question, partial(self._show_summary, column))

    def _show_summary(self, column: Column, summary: ColumnSummary) -> None:
        from tuiflow.tui.modals.column_summary import ColumnSummaryModal

        of = f"{summary.runs:,} run{'' if summary.runs == 1 else 's'}"
        if self.filter_bar.text:
            of += f" · {self.filter_bar.text}"
        self.app.push_screen(ColumnSummaryModal(column, summary, clean(of, 200)))

    # pinned runs

    def action_pin(self) -> None:
        run, pins = self.table.run, self._view.pinned_runs
        assert run is not None  # or `why_not` has said so
        run_id = run.info.run_id
        if run_id in pins:
            pins = tuple(item for item in pins if item != run_id)
        elif len(pins) >= MOST_PINNED:
            self.app.say(f"Up to {MOST_PINNED} runs can be pinned", severity="warning")
            return
        else:
            pins = (*pins, run_id)
        self.change_view(pinned_runs=pins)
        self.search()

    # views with a name

    def action_views(self) -> None:
        self.ask("views", self.store.views.list, self._list_views)

    def _list_views(self, views: dict[str, View]) -> None:
        self.app.push_screen(ViewsModal(views), partial(self._view_chosen, views))

    def _view_chosen(self, views: dict[str, View], answer: tuple[Deed, str] | None) -> None:
        match answer:
            case ("show", name):
                self._view_name = name
                self._show_view(views[name])
            case ("rename", name):
                others = [item for item in views if item != name]
                heading = f"Rename the view {clean(name, 40)}"
                modal = ViewNameModal(heading, name, others, overwrite=False)
                self.app.push_screen(modal, partial(self._rename_view, name))
            case ("delete", name):
                self._ask_delete_view(name)
            case ("save", _):
                self.action_save_view()

    def _show_view(self, view: View) -> None:
        self.take_view(replace(view, pinned_runs=view.pinned_runs or self._view.pinned_runs))
        self.change_view()
        self.choose_columns()
        self.search(stay=False)
        self.ask_usage()

    def _rename_view(self, name: str, new: str | None) -> None:
        if new is not None and new != name:
            rename = partial(self.store.views.rename, name, new)
            self.ask("rename-view", rename, lambda _: self.action_views())

    def _ask_delete_view(self, name: str) -> None:
        from tuiflow.tui.modals.confirm import ConfirmModal

        self.app.push_screen(
            ConfirmModal(f"Delete the view {clean(name, 40)}?", [], "Delete", "The runs stay"),
            lambda yes: self._delete_view(name) if yes else self.action_views(),
        )

    def _delete_view(self, name: str) -> None:
        from tuiflow.tui.undo import Undo

        views = self.store.views
        view = views.list().get(name)
        if view is None:
            return
        shown = clean(name, 40)
        undo = Undo(
            f"Deleted the view {shown}",
            partial(views.save, name, view, replace=True),
            f"Restored the view {shown}",
        )
        self.change(partial(views.delete, name), undo)

    def action_save_view(self) -> None:
        self.ask("views", self.store.views.list, self._ask_view_name)

    def _ask_view_name(self, views: dict[str, View]) -> None:
        modal = ViewNameModal("Save this view as", self._view_name, list(views))
        self.app.push_screen(modal, self._save_view)

    def _save_view(self, name: str | None) -> None:
        if name is None:
            return
        self._view_name = name
        view = replace(self._view, filter=self.filter_bar.text)
        save = partial(self.store.views.save, name, view, replace=True)
        lists = self.app.keyed("{lists.views} lists the views")
        said = f"Saved the view {clean(name, 40)} · {lists}"
        self.ask("save-view", save, lambda _: self.app.say(said))

    # copying

    def action_copy(self) -> None:
        from tuiflow.tui.copying import copies
        from tuiflow.tui.modals.choose import ChooseModal

        run: Run | None = self.table.run
        name = None if self._experiment is None else self._experiment.name
        view = replace(self._view, filter=self.filter_bar.text)
        options = copies(run, self.table.column, name, view, self.app.clock())
        texts = dict(options)

        def copy(name: str | None) -> None:
            if name is not None:
                self.app.copy(texts[name], name[:1].upper() + name[1:])

        self.app.push_screen(ChooseModal("Copy", options), copy)


def _turned(order: OrderKey) -> OrderKey:
    return OrderKey(order.key, not order.descending)


def ignore(answer: object) -> None:
    """The answer of a worker that had only to do something."""
