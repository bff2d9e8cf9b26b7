"""The registered models, and the versions of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from tuiflow.entities import STAGES, ModelVersion, RegisteredModel
from tuiflow.errors import NotFound, TuiflowError
from tuiflow.text import MISSING, ago, clean, number_column
from tuiflow.tui.actions import bindings
from tuiflow.tui.bulk import plural
from tuiflow.tui.model_actions import ModelActions
from tuiflow.tui.reader import StoreChanged
from tuiflow.tui.registered import ModelRow, VersionRow, Versions, list_models, list_versions
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView

MOST_COMPARED = 20


class ModelsScreen(ModelActions):
    """Every registered model with its newest version and its aliases."""

    HELP = "Registered models, each with its newest version and its aliases."
    HINTS: ClassVar[tuple[str, ...]] = (
        *("lists.open", "models.serve", "models.promote", "lists.filter", "models.tags"),
        *("models.describe", "models.delete", "app.runs"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("models", "lists.filter")]
    AUTO_FOCUS = "#registered"

    def __init__(self) -> None:
        super().__init__()
        self._models: list[ModelRow] = []

    def compose_body(self) -> ComposeResult:
        yield RowsView(
            [
                Column("name", flexible=True),
                Column("versions", right=True),
                Column("newest", right=True),
                Column("aliases", flexible=True),
                Column("changed", right=True),
                Column("description", flexible=True, optional=True, fills=True, most=200),
            ],
            id="registered",
        )
        yield Static(_empty(self.app.keyed("{runs.register}")), id="registered-empty")
        yield Input(placeholder="/ search names", id="registered-search", compact=True)

    def hints(self) -> Sequence[str | tuple[str, str]]:
        if isinstance(self.focused, Input):
            return (("enter", "to the list"), ("esc", "clear the search"))
        return self.HINTS if self._models else ("app.runs", "app.servers", "app.palette")

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False
        self.crumbs.show("models")
        self._look_again()

    @property
    def _rows(self) -> RowsView:
        return self.query_one("#registered", RowsView)

    @property
    def current_model(self) -> RegisteredModel | None:
        key = self._rows.key
        return next((row.model for row in self._models if row.model.name == key), None)

    @property
    def current_version(self) -> ModelVersion | None:
        return None

    def why_not(self, action_id: str) -> str | None:
        reason = super().why_not(action_id)
        if reason is None and action_id == "models.diff":
            return "enter shows the versions: mark two or more with space, then d"
        return reason

    # looking

    def on_store_changed(self, message: StoreChanged) -> None:
        self._look_again()

    def _look_again(self) -> None:
        store = self.store
        self.ask("models", lambda: list_models(store), self._looked)

    def _looked(self, models: list[ModelRow]) -> None:
        self._models = models
        self._rows.display = bool(models)
        self.query_one("#registered-empty").display = not models
        self.query_one("#registered-search").display = bool(models)
        self._show()
        if models and self.focused is None:
            self._rows.focus()

    def _show(self) -> None:
        needle = self.query_one(Input).value.strip().casefold()
        found = [row for row in self._models if needle in row.model.name.casefold()]
        rows = [_model_row(row, self.app.clock()) for row in found]
        self._rows.show(rows, note="No registered model has that in its name. esc clears it.")
        total = plural(len(self._models), "registered model")
        counted = f"{len(found):,} of {total}" if needle else total
        self.crumbs.show("models", *([counted] if self._models else []))
        self.refresh_hints()

    # acting

    @on(RowsView.Moved)
    def _moved(self) -> None:
        self.refresh_hints()

    @on(RowsView.Opened, "#registered")
    def _opened(self) -> None:
        model = self.current_model
        if model is not None:
            self.app.push_screen(VersionsScreen(model.name))

    def action_diff(self) -> None:
        """What is compared are versions; `why_not` says so."""

    def action_filter(self) -> None:
        if self._models:
            self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._show()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self._rows.focus()

    def clear_something(self) -> bool:
        search = self.query_one(Input)
        if search.value or search.has_focus:
            search.value = ""
            self._rows.focus()
            return True
        return False


class VersionsScreen(ModelActions):
    """The versions of one registered model, the newest first, with metrics of their runs."""

    HINTS: ClassVar[tuple[str, ...]] = (
        *("lists.open", "lists.mark", "models.diff", "models.serve", "models.promote"),
        *("models.retrain", "models.tags", "models.describe", "models.delete", "app.back"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("models", "lists.mark", "lists.mark_all", "lists.unmark")
    ]
    AUTO_FOCUS = "#versions"

    def __init__(self, name: str) -> None:
        super().__init__()
        self._model_name = name
        self._versions: Versions | None = None
        self._marks: dict[str, None] = {}

    def compose_body(self) -> ComposeResult:
        yield RowsView(_columns(None), id="versions")
        yield Static(id="versions-description")

    def on_mount(self) -> None:
        self._look_again()

    @property
    def _rows(self) -> RowsView:
        return self.query_one("#versions", RowsView)

    @property
    def current_model(self) -> RegisteredModel | None:
        return None if self._versions is None else self._versions.model

    @property
    def _current(self) -> VersionRow | None:
        rows = () if self._versions is None else self._versions.rows
        return next((row for row in rows if str(row.version.version) == self._rows.key), None)

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
        self._rows.show((), note="This model is not registered any more. esc goes back.")
        self.refresh_hints()

    def _looked(self, versions: Versions) -> None:
        self._versions = versions
        present = {str(row.version.version) for row in versions.rows}
        self._marks = {key: None for key in self._marks if key in present}
        self._show()

    def _show(self) -> None:
        versions = self._versions
        if versions is None:
            return
        self._rows.set_columns(_columns(versions))
        self._rows.show(
            _version_rows(versions, self._marks, self.app.clock()),
            note=self.app.keyed("It has no versions: {runs.register} in Runs registers a model."),
        )
        parts = ["models", self._model_name, plural(len(versions.rows), "version")]
        self.crumbs.show(*parts, right=f"{len(self._marks)} marked" if self._marks else "")
        self._describe_current()

    def _describe_current(self) -> None:
        """What is said of the version under the cursor, else of the model."""
        current, model = self._current, self.current_model
        note = "" if current is None else _note(current)
        description = note or (model.description if model is not None else "") or ""
        said = self.query_one("#versions-description", Static)
        said.display = bool(description)
        said.update(Content(clean(description, 400)))
        self.refresh_hints()

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
        rows = () if self._versions is None else self._versions.rows
        self._marks |= {str(row.version.version): None for row in rows}
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
        marked = bool(self._marks)
        if marked:
            self.action_unmark()
        return marked


def _model_row(row: ModelRow, now: int) -> Row:
    model = row.model
    newest = model.newest_version
    aliases = "  ".join(f"@{alias} {number}" for alias, number in sorted(model.aliases.items()))
    return Row(
        model.name,
        (
            Cell(model.name, "name"),
            f"{row.count:,}",
            MISSING if newest is None else str(newest),
            Cell(aliases, "good"),
            Cell(ago(model.last_change, now), "dim"),
            Cell(model.description or "", "dim"),
        ),
    )


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


def _version_rows(versions: Versions, marks: dict[str, None], now: int) -> list[Row]:
    values = [
        number_column(
            [None if row.run is None else row.run.data.metrics.get(name) for row in versions.rows]
        )
        for name in versions.metrics
    ]
    rows = []
    for place, row in enumerate(versions.rows):
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


def _empty(key: str) -> Content:
    command = "tuiflow models register runs:/latest/model NAME"
    return Content.assemble(
        "No model is registered yet.\n\n",
        (f"  {key}", "bold $primary"),
        (" in Runs registers the model of the run under the cursor. From a shell:\n\n", "$dim"),
        (f"  {command}", "bold $primary"),
    )
