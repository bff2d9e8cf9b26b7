"""What can be done with runs chosen from a table: compare them, write them to a file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tuiflow.entities import Run
from tuiflow.filters import Kind, OrderKey
from tuiflow.protocols import RunQuery
from tuiflow.tui.bulk import Progress, plural
from tuiflow.tui.run_actions import RunActions
from tuiflow.tui.widgets.run_table import RunTable

if TYPE_CHECKING:
    from tuiflow.tui.modals.export_runs import ExportRunsModal

MOST_COMPARED = 20
"""More columns than that can't be read side by side."""


class ManyRuns(RunActions):
    """A screen with a RunTable: its marked runs are the chosen ones, else the cursor's."""

    @property
    def table(self) -> RunTable:
        return self.query_one(RunTable)

    def query_now(self) -> RunQuery:
        """The query whose runs the table shows."""
        raise NotImplementedError

    def export_name(self) -> str:
        """A name for a file of these runs, without its ending."""
        raise NotImplementedError

    def current_run(self) -> Run | None:
        return self.table.run

    def chosen_keys(self) -> Sequence[int]:
        table = self.table
        return list(table.marks) or ([] if table.run_key is None else [table.run_key])

    def forget_chosen(self) -> None:
        self.table.action_unmark()

    def why_not(self, action_id: str) -> str | None:
        if action_id == "runs.diff":
            return self._why_no_diff()
        if action_id == "runs.export" and not self.table.keys:
            return "There is nothing to export"
        return super().why_not(action_id)

    def _why_no_diff(self) -> str | None:
        marks, key = self.table.marks, self.table.run_key
        if len(marks) > MOST_COMPARED:
            return f"Up to {MOST_COMPARED} runs can be compared; {len(marks):,} are marked"
        if len(marks) >= 2:
            return None
        if not marks:
            return "Mark two or more runs with space; d then compares them"
        if key is None or key in marks:
            return "Move to another run: d compares it with the marked one"
        return None

    def action_diff(self) -> None:
        table = self.table
        keys = list(table.marks)
        if len(keys) == 1 and table.run_key is not None:
            keys.append(table.run_key)
        store = self.store
        self.ask("chosen", lambda: store.load_runs(keys), self._compare)

    def _compare(self, runs: list[Run]) -> None:
        from tuiflow.tui.screens.compare import CompareScreen

        order: OrderKey | None = self.table.order
        metric = order.key.name if order is not None and order.key.kind is Kind.METRIC else None
        self.app.push_screen(CompareScreen([run.info.run_id for run in runs], metric))

    def action_export(self) -> None:
        from tuiflow.store.run_files import copied_before
        from tuiflow.tui.modals.export_runs import ExportRunsModal

        marks, store = list(self.table.marks), self.store
        keys = marks or self.table.keys
        heading = f"Write {plural(len(keys), 'marked run' if marks else 'run')}"
        modal = ExportRunsModal(
            heading,
            f"{_file_name(self.export_name())}.csv",
            lambda folder: copied_before(store, keys, folder),
        )
        self.app.push_screen(modal, partial(self._export, marks, modal))

    def _export(self, marks: list[int], modal: ExportRunsModal, path: Path | None) -> None:
        form = modal.form()
        if path is None or form is None:
            return
        from tuiflow.store.run_files import export_runs

        keys = marks or list(self.table.keys)
        store, artifacts, replace = self.store, modal.artifacts, modal.replaces
        total = len(keys) * (1 if artifacts is None else 2)
        progress = Progress(f"Writing {plural(len(keys), 'run')}", total, 1)
        self.carry_out(
            progress,
            lambda: export_runs(store, keys, path, form, artifacts, replace),
            lambda progress: self._exported(progress, len(keys), path, artifacts, modal.kept),
        )

    def _exported(
        self, progress: Progress, count: int, path: Path, artifacts: Path | None, kept: int
    ) -> None:
        if progress.error is not None:
            return
        if progress.cancelled:
            copying = progress.done > count
            said = "the file is there, not all artifacts are" if copying else "nothing was written"
            self.app.say(f"Stopped: {said}")
            return
        copies = "" if artifacts is None else f", their artifacts to {artifacts}/"
        copies += f" ({plural(kept, 'folder')} kept as it was)" if kept else ""
        self.app.say(f"Wrote {plural(count, 'run')} to {path}{copies} · no undo: remove the file")


def _file_name(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "-" for char in name)[:60] or "runs"
