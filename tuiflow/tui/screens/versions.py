"""The versions of a registered model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from tuiflow.entities import STAGES, ModelVersion, RegisteredModel
from tuiflow.errors import FilterError, NotFound, TuiflowError
from tuiflow.text import ago, clean, number_column
from tuiflow.tui.actions import bindings
from tuiflow.tui.bulk import plural
from tuiflow.tui.model_actions import ModelActions
from tuiflow.tui.reader import StoreChanged
from tuiflow.tui.registered import VersionRow, Versions, list_versions, matching_versions
from tuiflow.tui.widgets.field import Field
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView

MOST_COMPARED = 20
TYPING_SECONDS = 0.15
"""How long typing must pause before the filter is applied."""


class VersionsScreen(ModelActions):
    """The versions of one registered model, the newest first, with metrics of their runs."""

    HELP = (
        "The versions of a registered model. {lists.filter} shows those that have a word in their "
        "number, alias, run, tags or text, or whose run passes a filter such as metrics.rmse < 0.8."
    )
    HINTS: ClassVar[tuple[str, ...]] = (
        *("lists.open", "lists.mark", "models.diff", "models.serve", "models.promote"),
        "lists.filter",
        *("models.retrain", "models.tags", "models.describe", "models.delete", "app.back"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("models", "lists.mark", "lists.mark_all", "lists.unmark", "lists.filter")
    ]
    AUTO_FOCUS = "#versions"

    def __init__(self, name: str) -> None:
        super().__init__()
        self._model_name = name
        self._versions: Versions | None = None
        self._marks: dict[str, None] = {}
        self._passing: frozenset[int] | None = None
        """The versions that pass the filter, None where there is none."""
        self._mistake = ""

    def compose_body(self) -> ComposeResult:
        yield RowsView(_columns(None), id="versions")
        yield Static(id="versions-description")
        yield Field(placeholder="/ filter", id="versions-search")

    def hints(self) -> Sequence[str | tuple[str, str]]:
        if isinstance(self.focused, Input):
            return (("{field.submit}", "to the list"), ("{app.back}", "clear the filter"))
        return self.HINTS

    def on_mount(self) -> None:
        self._search.display = False
        self._look_again()

    @property
    def _search(self) -> Input:
        return self.query_one("#versions-search", Input)

    @property
    def _rows(self) -> RowsView:
        return self.query_one("#versions", RowsView)

    @property
    def current_model(self) -> RegisteredModel | None:
        return None if self._versions is None else self._versions.model

    @property
    def _current(self) -> VersionRow | None:
        key = self._rows.key
        return next((row for row in self._found if str(row.version.version) == key), None)

    @property
    def _found(self) -> Sequence[VersionRow]:
        """The versions that are shown."""
        rows = () if self._versions is None else self._versions.rows
        passing = self._passing
        return [row for row in rows if passing is None or row.version.version in passing]

    @property
    def current_version(self) -> ModelVersion | None:
        return None if self._current is None else self._current.version

    # looking

    def on_store_changed(self, message: StoreChanged) -> None:
        self._look_again()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        # Ages, and what has been sorted by in Runs meanwhile.
        self._look_again()

    def _look_again(self) -> None:
        store, name = self.store, self._model_name
        self.ask("versions", lambda: list_versions(store, name), self._looked, failed=self._gone)

    def _gone(self, error: TuiflowError) -> None:
        if not isinstance(error, NotFound):
            self.app.fail(error)
            return
        self._versions = None
        self._rows.show(
            (), note=self.app.keyed("This model is not registered any more. {app.back} goes back.")
        )
        self.refresh_hints()

    def _looked(self, versions: Versions) -> None:
        self._versions = versions
        present = {str(row.version.version) for row in versions.rows}
        self._marks = {key: None for key in self._marks if key in present}
        if self._search.value.strip():
            self._filter()
        else:
            self._show()

    def _show(self) -> None:
        versions = self._versions
        if versions is None:
            return
        self._rows.set_columns(_columns(versions))
        found = self._found
        none = "It has no versions: {runs.register} in Runs registers a model."
        note = (
            self.app.keyed("No version matches the filter. {app.back} clears it.")
            if versions.rows
            else none
        )
        rows = _version_rows(versions, found, self._marks, self.app.clock())
        self._rows.show(rows, note=self.app.keyed(note))
        total = plural(len(versions.rows), "version")
        counted = total if self._passing is None else f"{len(found):,} of {total}"
        marked = f"{len(self._marks)} marked" if self._marks else ""
        self.crumbs.show("models", self._model_name, counted, right=marked)
        self._describe_current()

    def _describe_current(self) -> None:
        """What is said of the version under the cursor, else of the model; while the filter is
        wrong, what is wrong in it."""
        current, model = self._current, self.current_model
        note = "" if current is None else _note(current)
        description = note or (model.description if model is not None else "") or ""
        said = self.query_one("#versions-description", Static)
        said.display = bool(description or self._mistake)
        said.update(
            Content.styled(clean(self._mistake, 400), "$error")
            if self._mistake
            else Content(clean(description, 400))
        )
        self.refresh_hints()

    # filtering

    def action_filter(self) -> None:
        self._search.display = True
        self._search.focus()

    @on(Input.Changed, "#versions-search")
    def _filter(self) -> None:
        """Show the versions that pass what is written; the last good ones while it is wrong."""
        text, versions, store = self._search.value.strip(), self._versions, self.store
        if not text or versions is None:
            self.forget("filter")
            self._passed(None)
            return
        now = self.app.clock()
        self.ask(
            "filter",
            lambda: matching_versions(store, versions, text, now),
            self._passed,
            failed=self._mistaken,
            delay=TYPING_SECONDS,
        )

    def _passed(self, passing: frozenset[int] | None) -> None:
        self._passing, self._mistake = passing, ""
        self._show()

    def _mistaken(self, error: TuiflowError) -> None:
        self._mistake = error.reason if isinstance(error, FilterError) else error.message
        self._show()

    @on(Input.Submitted, "#versions-search")
    def _entered(self) -> None:
        self._search.display = bool(self._search.value.strip())
        self._rows.focus()

    # acting

    def why_not(self, action_id: str) -> str | None:
        reason = super().why_not(action_id)
        if reason is not None:
            return reason
        if action_id == "models.diff":
            return self._why_no_diff()
        if action_id in ("lists.open", "lists.mark", "lists.mark_all") and self._current is None:
            return "There is no version here"
        return None

    def _why_no_diff(self) -> str | None:
        runs = self._chosen_runs()
        if len(runs) > MOST_COMPARED:
            return f"Up to {MOST_COMPARED} runs can be compared; {len(runs):,} are marked"
        if len(runs) < 2:
            return "Mark two or more versions of different runs with space; d then compares them"
        return None

    def _chosen_runs(self) -> list[str]:
        """The runs of the marked versions, and of the current one where only one is marked."""
        rows = () if self._versions is None else self._versions.rows
        by_key = {str(row.version.version): row.run for row in rows}
        keys = list(self._marks)
        if len(keys) == 1 and self._rows.key is not None:
            keys.append(self._rows.key)
        runs = [by_key.get(key) for key in keys]
        return list(dict.fromkeys(run.info.run_id for run in runs if run is not None))

    def action_diff(self) -> None:
        from tuiflow.tui.screens.compare import CompareScreen

        metrics = self._versions.metrics if self._versions is not None else ()
        self.app.push_screen(CompareScreen(self._chosen_runs(), next(iter(metrics), None)))

    def action_mark(self) -> None:
        key = self._rows.key
        if key is not None:
            if key in self._marks:
                del self._marks[key]
            else:
                self._marks[key] = None
            self._show()
            self._rows.action_down()

    def action_mark_all(self) -> None:
        self._marks |= {str(row.version.version): None for row in self._found}
        self._show()

    def action_unmark(self) -> None:
        self._marks.clear()
        self._show()

    @on(RowsView.Moved)
    def _moved(self) -> None:
        self._describe_current()

    @on(RowsView.Opened, "#versions")
    def _opened(self) -> None:
        from tuiflow.tui.screens.run import RunScreen

        self.with_run(lambda run: self.app.push_screen(RunScreen(run.info.run_id)))

    def clear_something(self) -> bool:
        search = self._search
        if search.value or search.has_focus:
            search.value = ""
            self._entered()
            return True
        marked = bool(self._marks)
        if marked:
            self.action_unmark()
        return marked


def _columns(versions: Versions | None) -> list[Column]:
    metrics = () if versions is None else versions.metrics
    return [
        Column(""),
        Column("version", right=True),
        Column("aliases", flexible=True, most=40),
        *([Column("stage")] if versions is not None and versions.staged else []),
        Column("run", flexible=True, most=40),
        *(Column(clean(name, 20), right=True) for name in metrics),
        Column("age", right=True),
        Column("note", flexible=True, optional=True, fills=True, most=200),
    ]


def _version_rows(
    versions: Versions, found: Sequence[VersionRow], marks: dict[str, None], now: int
) -> list[Row]:
    values = [
        number_column(
            [None if row.run is None else row.run.data.metrics.get(name) for row in found]
        )
        for name in versions.metrics
    ]
    rows = []
    for place, row in enumerate(found):
        version, run = row.version, row.run
        key = str(version.version)
        stage = version.current_stage
        rows.append(
            Row(
                key,
                (
                    Cell("◆" if key in marks else " ", "warn"),
                    Cell(key, "name"),
                    Cell(" ".join(f"@{alias}" for alias in version.aliases), "good"),
                    *([stage if stage != STAGES[0] else ""] if versions.staged else []),
                    Cell(version.source, "dim") if run is None else run.info.run_name,
                    *(column[place] for column in values),
                    Cell(ago(version.creation_timestamp, now), "dim"),
                    Cell(_note(row), "dim"),
                ),
            )
        )
    return rows


def _note(row: VersionRow) -> str:
    """The description of a version, else the note of its run."""
    return row.version.description or ("" if row.run is None else row.run.note)
