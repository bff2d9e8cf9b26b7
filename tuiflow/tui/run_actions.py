"""What can be done with runs, wherever some are chosen: the Runs screen and the Run screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tuiflow.entities import TAG_NOTE, LifecycleStage, Run, RunStatus, RunTag, ServerInfo
from tuiflow.text import clean
from tuiflow.tui.screens.base import StoreScreen
from tuiflow.tui.undo import Undo


class RunActions(StoreScreen):
    """A screen on which runs are chosen: one under the cursor, or several that are marked."""

    def current_run(self) -> Run | None:
        """The run under the cursor, or the only one."""
        raise NotImplementedError

    def with_chosen(self, then: Callable[[list[Run]], None]) -> None:
        """Call `then` with the marked runs, or the current one where none is marked."""
        run = self.current_run()
        if run is not None:
            then([run])

    def forget_chosen(self, runs: Sequence[Run]) -> None:
        """These runs are gone: unmark them."""

    def why_not(self, action_id: str) -> str | None:
        run = self.current_run()
        if action_id in _NEEDS_RUN and run is None:
            return "There is no run here"
        if run is None:
            return None
        deleted = run.info.lifecycle_stage == LifecycleStage.DELETED
        name = clean(run.info.run_name, 40)
        if deleted and action_id in _NEEDS_ACTIVE:
            return f"{name} is deleted: U restores it"
        if action_id == "runs.restore" and not deleted:
            return f"{name} is not deleted"
        if action_id == "runs.serve" and not run.model_paths:
            return f"{name} has no model to serve: log one with tuiflow.sklearn.log_model"
        return None

    def action_copy_id(self) -> None:
        run = self.current_run()
        if run is not None:
            self.app.copy(run.info.run_id, f"Id of {run.info.run_name}")

    def action_serve(self) -> None:
        from tuiflow.tui.modals.serve import ServeModal

        run = self.current_run()
        if run is not None:
            self.app.push_screen(ServeModal(run), self._served)

    def _served(self, server: ServerInfo | None) -> None:
        if server is not None:
            self.app.started_servers.add(server.server_id)
            self.app.store_changed()
            self.app.action_servers()

    # deleting and restoring

    def action_delete(self) -> None:
        self.with_chosen(self._ask_delete)

    def _ask_delete(self, runs: list[Run]) -> None:
        from tuiflow.tui.modals.confirm import ConfirmModal

        live = sum(run.info.shown_status == RunStatus.RUNNING for run in runs)
        remark = ""
        if live:
            remark = "It is still running" if len(runs) == 1 else f"{live} of them still running"
        self.app.push_screen(
            ConfirmModal(
                f"Delete {_count(runs)}?", [_describe(run) for run in runs], "Delete", remark
            ),
            lambda yes: self._delete(runs) if yes else None,
        )

    def _delete(self, runs: list[Run]) -> None:
        ids = [run.info.run_id for run in runs]
        store = self.store
        change = Undo(
            f"Deleted {_count(runs)}",
            partial(store.restore_runs, ids),
            f"Restored {_count(runs)}",
        )
        self.forget_chosen(runs)
        self.change(partial(store.delete_runs, ids), change)

    def action_restore(self) -> None:
        self.with_chosen(self._restore)

    def _restore(self, runs: list[Run]) -> None:
        ids = [run.info.run_id for run in runs]
        store = self.store
        change = Undo(
            f"Restored {_count(runs)}",
            partial(store.delete_runs, ids),
            f"Deleted {_count(runs)} again",
        )
        self.forget_chosen(runs)
        self.change(partial(store.restore_runs, ids), change)

    # tags and note

    def action_tags(self) -> None:
        self.with_chosen(self._edit_tags)

    def _edit_tags(self, runs: list[Run]) -> None:
        from tuiflow.tui.modals.tags import TagsModal

        self.app.push_screen(TagsModal(runs), partial(self._tagged, runs))

    def _tagged(self, runs: list[Run], edits: dict[str, str | None] | None) -> None:
        if edits:
            title = f"Changed {plural(len(edits), 'tag')} of {_count(runs)}"
            self._set_tags(runs, edits, title)

    def action_note(self) -> None:
        from tuiflow.tui.modals.note import NoteModal

        run = self.current_run()
        if run is not None:
            self.app.push_screen(NoteModal(run), partial(self._noted, run))

    def _noted(self, run: Run, note: str | None) -> None:
        if note is not None and note != run.note:
            name = clean(run.info.run_name, 40)
            self._set_tags([run], {TAG_NOTE: note or None}, f"Changed the note of {name}")

    def _set_tags(self, runs: list[Run], edits: dict[str, str | None], title: str) -> None:
        store = self.store

        def write(values: dict[str, dict[str, str | None]]) -> None:
            for run_id, tags in values.items():
                present = store.get_run(run_id).data.tags
                store.log_batch(
                    run_id, tags=[RunTag(k, v) for k, v in tags.items() if v is not None]
                )
                for key, value in tags.items():
                    if value is None and key in present:
                        store.delete_tag(run_id, key)

        new = {run.info.run_id: edits for run in runs}
        old = {run.info.run_id: {key: run.data.tags.get(key) for key in edits} for run in runs}
        change = Undo(title, partial(write, old), f"{title}: undone")
        self.change(partial(write, new), change)


_NEEDS_ACTIVE = {"runs.serve", "runs.tags", "runs.note", "runs.delete"}
_NEEDS_RUN = _NEEDS_ACTIVE | {
    *("runs.restore", "runs.diff", "app.copy_id"),
    *("lists.open", "lists.mark", "lists.range", "lists.mark_all"),
}


def plural(count: int, word: str) -> str:
    """`1 run`, `1,204 runs`."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def _count(runs: Sequence[Run]) -> str:
    return clean(runs[0].info.run_name, 40) if len(runs) == 1 else plural(len(runs), "run")


def _describe(run: Run) -> str:
    return f"{run.info.run_name}  {run.info.run_id[:8]}  in {run.info.experiment_name}"
