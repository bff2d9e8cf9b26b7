"""The home screen: experiments beside runs, a preview below."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from tuiflow.entities import Experiment, ExperimentCounts, ViewType
from tuiflow.errors import NotFound, TuiflowError
from tuiflow.filters import Key
from tuiflow.filters.writing import both
from tuiflow.protocols import RunQuery
from tuiflow.text import clean
from tuiflow.tui.actions import bindings
from tuiflow.tui.found_runs import Found, find_runs, newest, newest_live
from tuiflow.tui.reader import SPINNER_SECONDS, StoreChanged
from tuiflow.tui.runs_view import RunsView, ignore
from tuiflow.tui.views import last_experiment, load_view, save_last_experiment
from tuiflow.tui.widgets.columns import sort_title
from tuiflow.tui.widgets.experiments import Experiments
from tuiflow.tui.widgets.filter_bar import FilterBar
from tuiflow.tui.widgets.pages import PAGE
from tuiflow.tui.widgets.preview import Preview
from tuiflow.tui.widgets.run_table import RunTable

REST_SECONDS = 0.12
"""How long the cursor must rest before what depends on its run is brought up to date."""
TICKS_TO_AGE = 10
"""Every how many seconds ages go on and runs are looked at that nobody writes to any more."""
ALL = "all experiments"
FILTER_HINTS = (
    ("{field.submit}", "to the runs"),
    ("{filter.complete}", "complete"),
    ("{field.previous} {field.next}", "earlier"),
    ("{filter.clear}", "clear"),
)


class RunsScreen(RunsView):
    """The runs of one experiment or of all, filtered and sorted."""

    HINTS: ClassVar[tuple[str, ...]] = (
        *("lists.open", "lists.mark", "runs.diff", "runs.serve", "lists.filter", "lists.sort"),
        *(
            "lists.columns",
            "lists.views",
            "runs.tags",
            "runs.note",
            "runs.charts",
            "runs.export",
            "runs.delete",
            "runs.why",
        ),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("runs")]
    AUTO_FOCUS = "RunTable"

    def __init__(self) -> None:
        super().__init__()
        self._deleted = False
        self._names: list[Experiment] = []
        self._counts: dict[str, ExperimentCounts] = {}
        self._ticks = 0
        self._following = False

    def hints(self) -> Sequence[str | tuple[str, str]]:
        if self.filter_bar.is_typing:
            return FILTER_HINTS
        if self.query_one(Experiments).has_focus:
            return ("lists.open", "app.next_pane", "runs.experiments", "app.servers", "app.palette")
        return ("runs.restore", *self.HINTS) if self._deleted else self.HINTS

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="runs-body"):
            yield Experiments()
            with Vertical(id="runs-centre"):
                yield RunTable()
                yield Preview()
        yield FilterBar()

    def on_mount(self) -> None:
        try:
            self._open_last()
        except TuiflowError as error:
            self.app.fail(error)
        self.set_interval(1.0, self._tick)
        self._rest = self.set_interval(REST_SECONDS, self._rested, pause=True)
        self._ask_experiments()

    # which runs

    def _open_last(self) -> None:
        experiment_id = last_experiment(self.store)
        found = None
        with suppress(NotFound):
            found = self.store.get_experiment(experiment_id) if experiment_id else None
        self._show_experiment(found)

    def open_experiment(self, experiment: Experiment | None) -> None:
        """Show the runs of this experiment, or of all, as they were last looked at."""
        if _id(experiment) != _id(self._experiment) or self._deleted:
            self._deleted = False
            self._show_experiment(experiment)
            save = partial(save_last_experiment, self.store, _id(experiment))
            self.ask("remember-last", save, ignore)

    def _show_experiment(self, experiment: Experiment | None) -> None:
        self._experiment = experiment
        self._following = False
        self.forget_folds()
        self.take_view(load_view(self.store, _id(experiment)))
        self.load_defaults()
        at_once = self.filter_bar.node is None
        if at_once:
            # Nothing to search for: the first page can be had before anything else.
            pins = self._view.pinned_runs
            found = find_runs(self.store, self.query_now(), pins, PAGE, self.folding())
            self._found(found, stay=False)
        self.search(stay=at_once)
        self.ask_usage()

    def query_now(self) -> RunQuery:
        return RunQuery(
            None if self._experiment is None else (self._experiment.experiment_id,),
            self.filter_bar.node,
            self._view.order,
            ViewType.DELETED_ONLY if self._deleted else ViewType.ACTIVE_ONLY,
        )

    def export_name(self) -> str:
        return "runs" if self._experiment is None else self._experiment.name

    def search(self, *, stay: bool = True) -> None:
        """Ask for all the row keys; the old rows stay until they are there."""
        query, store, pins = self.query_now(), self.store, self._view.pinned_runs
        question = partial(find_runs, store, query, pins, None, self.folding())
        self.ask("runs", question, partial(self._found, stay=stay))
        self.set_timer(SPINNER_SECONDS, self._show_crumbs)

    def _found(self, found: Found, *, stay: bool) -> None:
        table = self.table
        new = self._newly_started(found) if self._following and stay else None
        table.set_notice(*self._notice(found))
        table.show(found, stay=stay)
        self.choose_columns()
        if new is not None:
            table.go_to(new)
        self._show_crumbs()
        self.refresh_hints()

    def _notice(self, found: Found) -> tuple[str, ...]:
        if self._deleted:
            return (self.app.keyed("No deleted runs here. {app.back} goes back."),)
        if self.filter_bar.text:
            return (self.app.keyed("No run matches the filter. {app.back} clears it."),)
        where = self.app.store_label if self._experiment is None else self._experiment.name
        if found.deleted:
            shows = self.app.keyed("  {runs.deleted}  shows them")
            return (f"All runs in {clean(where, 60)} are deleted.", "", shows)
        return (
            f"No runs yet in {clean(where, 60)}.",
            "",
            "  tuiflow demo                  real runs in a store of its own, to look at",
            "  tuiflow run . -P alpha=0.5    runs the project in this folder, recorded",
        )

    # what frames them

    @property
    def _place_shown(self) -> str:
        """What the experiment, or all of them, is called on screens."""
        return ALL if self._experiment is None else clean(self._experiment.name, 40)

    def _show_crumbs(self) -> None:
        table = self.table
        parts = [self._place_shown, self._count_text()]
        if self._view.order:
            parts.append(", ".join(map(sort_title, self._view.order)))
        if table.found.line:
            parts.append(table.found.line)
        right = ["following"] if self._following else []
        if self.waiting("runs"):
            right.append("searching …")
        if table.marks:
            drawing = "marking, v ends · " if table.marks.in_range else ""
            right.append(f"{drawing}{len(table.marks):,} marked")
        running = sum(count.running for count in self._chosen_counts())
        if running:
            right.append(f"⏵ {running:,} live")
        self.crumbs.show(*parts, right=" · ".join(right))

    def _count_text(self) -> str:
        found = self.table.found.count
        noun = "run" if found == 1 else "runs"
        if self._deleted:
            return f"{found:,} deleted {noun}"
        total = sum(count.active for count in self._chosen_counts())
        if self.filter_bar.node is not None and self._counts:
            return f"{found:,} of {total:,} runs"
        return f"{max(found, total):,} {noun if total <= found else 'runs'}"

    def _chosen_counts(self) -> list[ExperimentCounts]:
        if self._experiment is None:
            return list(self._counts.values())
        counts = self._counts.get(self._experiment.experiment_id)
        return [] if counts is None else [counts]

    def _ask_experiments(self) -> None:
        store = self.store
        self.ask(
            "experiments",
            lambda: (store.list_experiments(), store.experiment_counts()),
            self._experiments_found,
        )

    def _experiments_found(
        self, found: tuple[list[Experiment], dict[str, ExperimentCounts]]
    ) -> None:
        names, self._counts = found
        self._names = [
            item
            for item in names
            if item.experiment_id != "0" or self._counts.get("0", _NONE).active
        ]
        self.query_one(Experiments).show_experiments(
            self._names, self._counts, _id(self._experiment)
        )
        self._show_crumbs()

    def _tick(self) -> None:
        if not self.is_active:
            return
        self._ticks += 1
        if self._ticks % TICKS_TO_AGE == 0:
            self.table.reload()
            # A process that was killed writes nothing: only looking tells that its run is stale.
            self._ask_experiments()
        else:
            self.table.tick()

    def on_store_changed(self, message: StoreChanged) -> None:
        self.table.reload()
        self.query_one(Preview).show(self.table.run, at_once=True)
        self.keep_up("experiments", self._ask_experiments)
        self.keep_up("usage", self.ask_usage)
        self.keep_up("runs", self.search)

    # moving

    def on_run_table_moved(self) -> None:
        self.query_one(Preview).show(self.table.run)
        # A move itself repaints two lines; what else depends on the run follows when it rests.
        self._rest.reset()
        self._rest.resume()

    def _rested(self) -> None:
        self._rest.pause()
        self.refresh_hints()

    def on_run_table_marked(self) -> None:
        self._show_crumbs()
        self.refresh_hints()

    def on_run_table_opened(self) -> None:
        from tuiflow.tui.screens.run import RunScreen

        run = self.table.run
        if run is not None:
            self.app.push_screen(RunScreen(run.info.run_id))

    def on_run_table_title_clicked(self) -> None:
        self.action_sort()

    @on(Experiments.Chosen)
    def _experiment_chosen(self, event: Experiments.Chosen) -> None:
        chosen = [item for item in self._names if item.experiment_id == event.experiment_id]
        self.open_experiment(chosen[0] if chosen else None)
        if event.leave:
            self._focus_table()

    def _focus_table(self) -> None:
        self.query_one(Experiments).remove_class("-over")
        self.table.focus()

    def action_next_pane(self) -> None:
        pane = self.query_one(Experiments)
        if pane.has_focus:
            self._focus_table()
        else:
            pane.add_class("-over")
            pane.remove_class("-hidden")
            pane.focus()

    def action_experiments(self) -> None:
        pane = self.query_one(Experiments)
        if self.has_class("-narrow"):
            self.action_next_pane()  # there it lies over the table while it has the focus
            return
        pane.toggle_class("-hidden")
        if pane.has_class("-hidden"):
            self._focus_table()

    def action_preview(self) -> None:
        preview = self.query_one(Preview)
        shown = preview.display
        preview.set_class(shown, "-hidden")
        preview.set_class(not shown, "-over")
        self.call_after_refresh(preview.show, self.table.run, at_once=True)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.query_one(Preview).show, self.table.run, at_once=True)

    def clear_something(self) -> bool:
        if self.query_one(Experiments).has_focus:
            self._focus_table()
            return True
        if self.table.marks.end_range():
            self._show_crumbs()
            return True
        if self.filter_bar.clear():
            return True
        if self._deleted:
            self.action_deleted()
            return True
        if self._following:
            self.action_follow()
            return True
        return False

    # following live runs

    def action_follow(self) -> None:
        """Go to the newest run that is running, and to every one that starts, until told again."""
        self._following = not self._following
        self._show_crumbs()
        if self._following:
            query, store = self.query_now(), self.store
            self.ask("follow", lambda: newest_live(store, query), self._follow)

    def _follow(self, key: int | None) -> None:
        if key is None:
            self.app.say("No run is live here; the next one that starts is gone to")
        else:
            self.table.go_to(key)

    def _newly_started(self, found: Found) -> int | None:
        """The row key of the newest run that was not shown before; keys grow with time."""
        key = newest(found.keys)
        return key if key > newest(self.table.keys) else None

    # what is done with runs

    def action_charts(self) -> None:
        """Draw the matching runs, by the columns of the table."""
        from tuiflow.tui.screens.runs_chart import RunsChartScreen

        self.app.push_screen(RunsChartScreen(*self._looked_at()))

    def action_why(self) -> None:
        """List the params that go with a metric of the matching runs."""
        from tuiflow.tui.screens.why import WhyScreen

        self.app.push_screen(WhyScreen(*self._looked_at()))

    def _looked_at(self) -> tuple[RunQuery, str, list[Key]]:
        """The matching runs, what they are called, and the columns, that of the cursor first."""
        here, columns = self.table.column, [column.key for column in self.table.columns]
        first = [] if here is None else [here.key]
        return self.query_now(), self._place_shown, [*first, *columns]

    def action_group(self) -> None:
        """Group the matching runs by the column under the cursor, or one that is chosen."""
        from tuiflow.tui.screens.groups import ask_key, can_group

        here = self.table.column
        if here is not None and can_group(here.key) and here.id != "name":
            self._group_by(here.key)
            return
        store, ids = self.store, self.query_now().experiment_ids
        ask = partial(ask_key, self, here=None, then=self._group_by)
        self.ask("keys", lambda: store.key_names(ids), ask)

    def _group_by(self, key: Key) -> None:
        from tuiflow.tui.screens.groups import GroupsScreen

        columns = [column.key for column in self.table.columns]
        sorted_by = [item.key for item in self._view.order if isinstance(item.key, Key)]
        self.app.push_screen(
            GroupsScreen(
                self.query_now(), key, self._place_shown, [*sorted_by, *columns], self._show_only
            )
        )

    def _show_only(self, condition: str) -> None:
        """Narrow the filter by one more condition."""
        self.filter_bar.set_text(both(self.filter_bar.text, condition))
        self.on_filter_bar_changed()

    def action_deleted(self) -> None:
        self._deleted = not self._deleted
        self.table.marks.clear()
        self.search(stay=False)


_NONE = ExperimentCounts(0, 0)


def _id(experiment: Experiment | None) -> str | None:
    return None if experiment is None else experiment.experiment_id
