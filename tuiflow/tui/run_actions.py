"""What can be done with runs, wherever some are chosen: the Runs screen and the Run screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from tuiflow.entities import LifecycleStage, Run, ServerInfo
from tuiflow.text import clean
from tuiflow.tui.bulk import Chosen, Progress, choose, plural
from tuiflow.tui.screens.base import StoreScreen
from tuiflow.tui.undo import Undo

if TYPE_CHECKING:
    from tuiflow.store.many import TakenBack
    from tuiflow.tui.modals.notes import NoteForAll
    from tuiflow.tui.modals.register import Registration
    from tuiflow.tui.run_changes import RunChange

Said = Callable[[str], str]
"""A sentence about some runs: `a-run`, or `12 runs`."""


class RunActions(StoreScreen):
    """A screen on which runs are chosen: one under the cursor, or several that are marked."""

    def current_run(self) -> Run | None:
        """The run under the cursor, or the only one."""
        raise NotImplementedError

    def chosen_keys(self) -> Sequence[int]:
        """The row keys of the runs that are marked or under the cursor; none for the only run."""
        return ()

    def with_chosen(self, then: Callable[[Chosen], None]) -> None:
        """Call `then` with the chosen runs, unless there are none."""
        store, keys, run = self.store, self.chosen_keys(), self.current_run()

        def question() -> Chosen | None:
            only = () if run is None else (store.row_key(run.info.run_id),)
            return choose(store, keys or only)

        self.ask("chosen", question, lambda chosen: None if chosen is None else then(chosen))

    def forget_chosen(self) -> None:
        """Something was done with the chosen runs that takes them away: unmark them."""

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
            self.app.push_screen(ServeModal(run), self.served)

    def served(self, server: ServerInfo | None) -> None:
        if server is not None:
            self.app.started_servers.add(server.server_id)
            self.app.store_changed()
            self.app.action_servers()

    def action_rerun(self) -> None:
        run = self.current_run()
        if run is not None:
            self.app.reruns.ask(self, run)

    # what is done with one run or with many

    def _do(
        self,
        chosen: Chosen,
        doing: str,
        change: RunChange,
        said: Said,
        unsaid: Said,
    ) -> None:
        """Carry out a change that can be taken back; `said` and `unsaid` tell of either."""
        progress = Progress(f"{doing} {chosen.title}", len(chosen), change.size)
        done = partial(self._done, chosen, change, said, unsaid)
        self.carry_out(progress, change.do, done)

    def _done(
        self, chosen: Chosen, change: RunChange, said: Said, unsaid: Said, progress: Progress
    ) -> None:
        count = change.count
        if not count:
            if progress.error is None:
                self.app.say("There was nothing to change")
            return
        if change.leaves and not progress.cancelled and progress.error is None:
            self.forget_chosen()
        self.remember(
            Undo(
                said(_some(count, chosen)),
                change.undo,
                lambda: _undone(chosen, change.taken_back, unsaid),
                count,
                lambda: change.count,
            )
        )

    # deleting and restoring

    def action_delete(self) -> None:
        self.with_chosen(self._ask_delete)

    def _ask_delete(self, chosen: Chosen) -> None:
        from tuiflow.tui.modals.confirm import ConfirmModal

        remarks = [_nested(chosen)] if chosen.nested else []
        if chosen.live:
            one = len(chosen) == 1
            remarks.append("It is still running" if one else f"{chosen.live:,} still running")
        modal = ConfirmModal(
            f"Delete {chosen.title}?",
            chosen.names,
            "Delete",
            " · ".join(remarks),
            len(chosen),
            _all("Delete", chosen),
        )

        def answered(yes: bool | None) -> None:
            if yes:
                self._delete(chosen.with_nested() if modal.is_more else chosen)

        self.app.push_screen(modal, answered)

    def _delete(self, chosen: Chosen) -> None:
        from tuiflow.tui.run_changes import Delete

        change = Delete(self.store, chosen.keys)
        self._do(chosen, "Deleting", change, "Deleted {}".format, "Restored {}".format)

    def action_restore(self) -> None:
        self.with_chosen(self._restore)

    def _restore(self, chosen: Chosen) -> None:
        from tuiflow.tui.run_changes import Restore

        change = Restore(self.store, chosen.keys)
        self._do(chosen, "Restoring", change, "Restored {}".format, "Deleted {} again".format)

    # tags and note

    def action_tags(self) -> None:
        self.with_chosen(self._edit_tags)

    def _edit_tags(self, chosen: Chosen) -> None:
        from tuiflow.tui.modals.tags import TagsModal

        heading = f"Tags of {chosen.title}"
        tags = [run.data.tags for run in chosen.first]
        self.app.push_screen(TagsModal(heading, tags), partial(self._tagged, chosen))

    def _tagged(self, chosen: Chosen, edits: dict[str, str | None] | None) -> None:
        from tuiflow.tui.run_changes import SetTags

        if edits:
            change = SetTags(self.store, chosen.keys, edits)
            count = plural(len(edits), "tag")
            self._do(
                chosen,
                "Changing tags of",
                change,
                f"Changed {count} of {{}}".format,
                f"Changed {count} of {{}}: undone".format,
            )

    def action_note(self) -> None:
        self.with_chosen(self._edit_note)

    def _edit_note(self, chosen: Chosen) -> None:
        if len(chosen) == 1:
            from tuiflow.tui.modals.note import NoteModal

            shown = chosen.first[0].note
            modal = NoteModal(f"Note of {chosen.first[0].info.run_name}", shown)
            self.app.push_screen(modal, partial(self._noted, chosen, shown))
        else:
            from tuiflow.tui.modals.notes import NotesModal

            self.app.push_screen(NotesModal(chosen.title), partial(self._noted_all, chosen))

    def _noted(self, chosen: Chosen, shown: str, note: str | None) -> None:
        from tuiflow.tui.run_changes import Note

        if note is None or note == shown:
            return
        change = Note(self.store, chosen.keys, note, append=False, shown=shown)

        def done(progress: Progress) -> None:
            if change.count or (progress.error is None and change.seen == note):
                self._done(chosen, change, *_NOTED, progress)
            else:
                self._note_again(chosen, shown, note, change.seen, progress)

        self.carry_out(Progress("Writing the note"), change.do, done)

    def _note_again(
        self, chosen: Chosen, shown: str, note: str, seen: str | None, progress: Progress
    ) -> None:
        """Show the dialog again with what was typed, as that could not be written: the run is
        gone, or has another note by now, which is put below it."""
        from tuiflow.tui.modals.note import MEANWHILE, NoteModal

        text, told = note, ""
        if progress.error is not None:
            told = progress.error.message
        elif seen is None:
            told = f"{chosen.title} is deleted by now: restore it to write to it"
        else:
            shown, text, told = seen, "\n\n".join(filter(None, (note, seen))), MEANWHILE
        modal = NoteModal(f"Note of {chosen.first[0].info.run_name}", shown, text, told)
        self.app.push_screen(modal, partial(self._noted, chosen, shown))

    def _noted_all(self, chosen: Chosen, answer: NoteForAll | None) -> None:
        from tuiflow.tui.run_changes import Note

        if answer is not None:
            change = Note(self.store, chosen.keys, answer.text, answer.append)
            self._do(chosen, "Writing the note of", change, *_NOTED)

    # moving and registering

    def action_move(self) -> None:
        store = self.store
        self.with_chosen(
            lambda chosen: self.ask(
                "experiments", store.list_experiments, partial(self._ask_move, chosen)
            )
        )

    def _ask_move(self, chosen: Chosen, experiments: Sequence[Any]) -> None:
        from tuiflow.tui.modals.names import MoveModal

        self.app.push_screen(
            MoveModal(chosen, [item.name for item in experiments]),
            partial(self._ask_move_nested, chosen),
        )

    def _ask_move_nested(self, chosen: Chosen, experiment: str | None) -> None:
        from tuiflow.tui.modals.confirm import ConfirmModal

        if experiment is None:
            return
        if not chosen.nested:
            self._move(chosen, experiment)
            return
        modal = ConfirmModal(
            f"Move {chosen.title} to {clean(experiment, 40)}?",
            chosen.names,
            "Move",
            _nested(chosen),
            len(chosen),
            _all("Move", chosen),
        )

        def answered(yes: bool | None) -> None:
            if yes:
                self._move(chosen.with_nested() if modal.is_more else chosen, experiment)

        self.app.push_screen(modal, answered)

    def _move(self, chosen: Chosen, experiment: str) -> None:
        from tuiflow.tui.run_changes import Move

        name = clean(experiment, 40)
        self._do(
            chosen,
            "Moving",
            Move(self.store, chosen.keys, experiment),
            lambda runs: f"Moved {runs} to {name}",
            lambda runs: f"Moved {runs} back to where they were",
        )

    def action_register(self) -> None:
        registry = self.store.registry
        self.with_chosen(
            lambda chosen: self.ask(
                "models", registry.list_models, partial(self._ask_register, chosen)
            )
        )

    def _ask_register(self, chosen: Chosen, models: Sequence[Any]) -> None:
        from tuiflow.tui.modals.register import RegisterModal

        if len(chosen) <= len(chosen.first) and not any(r.model_paths for r in chosen.first):
            whose = f"{chosen.title} has" if len(chosen) == 1 else f"None of {chosen.title} has"
            self.app.say(
                f"{whose} no model to register: log one with tuiflow.sklearn.log_model",
                severity="warning",
            )
            return
        self.app.push_screen(RegisterModal(chosen, models), partial(self._register, chosen))

    def _register(self, chosen: Chosen, answer: Registration | None) -> None:
        from tuiflow.tui.run_changes import Register

        if answer is None:
            return
        name = clean(answer.name, 40)
        change = Register(self.store, chosen.keys, answer.name, answer.alias, answer.path)

        def said(runs: str) -> str:
            versions = change.versions
            as_ = f"{name} version {versions[-1].version}"
            if len(versions) > 1:
                as_ = f"{name} versions {versions[0].version} to {versions[-1].version}"
            alias = f" @{clean(answer.alias, 20)}" if answer.alias else ""
            return f"Registered {runs} as {as_}{alias}"

        self._do(chosen, "Registering", change, said, lambda runs: f"Registered {runs}: undone")


def _some(count: int, chosen: Chosen) -> str:
    """`a-run`, `12 runs`, or `3 of 12 runs`."""
    return chosen.title if count == len(chosen) else f"{count:,} of {chosen.title}"


def _undone(chosen: Chosen, result: TakenBack[Any], unsaid: Said) -> str:
    """What was taken back, and what stays as it is and why."""
    stays: list[str] = []
    if result.since:
        have = "has" if result.since == 1 else "have"
        stays.append(f"{plural(result.since, 'run')} {have} changed since")
    if result.gone:
        be = "is" if result.gone == 1 else "are"
        stays.append(f"{plural(result.gone, 'run')} {be} gone for good")
    if result.why:
        stays.append(result.why)
    if result.back:
        return " · ".join([unsaid(_some(result.back, chosen)), *stays])
    return f"Not undone: {' · '.join(stays)}"


def _nested(chosen: Chosen) -> str:
    """`2 runs are nested in it`."""
    be = "is" if len(chosen.nested) == 1 else "are"
    inside = "it" if len(chosen) == 1 else "them"
    return f"{plural(len(chosen.nested), 'run')} {be} nested in {inside}"


def _all(verb: str, chosen: Chosen) -> str:
    """What the button says that takes the nested runs, too; empty where there are none."""
    return f"{verb} all {len(chosen) + len(chosen.nested):,}" if chosen.nested else ""


_NOTED: tuple[Said, Said] = (
    "Changed the note of {}".format,
    "Changed the note of {}: undone".format,
)
_NEEDS_ACTIVE = {
    *("runs.serve", "runs.tags", "runs.note", "runs.delete", "runs.move", "runs.register"),
    "runs.rerun",
}
_NEEDS_RUN = _NEEDS_ACTIVE | {
    *("runs.restore", "runs.diff", "app.copy_id"),
    *("lists.open", "lists.mark", "lists.range", "lists.mark_all"),
}
