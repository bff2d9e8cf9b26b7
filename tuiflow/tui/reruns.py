"""Runs done again from the app: asked for, started beside it, and followed until they appear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tuiflow.entities import Run
from tuiflow.text import clean, clean_block

if TYPE_CHECKING:
    from textual.timer import Timer

    from tuiflow.projects.beside import Again
    from tuiflow.projects.rerun import Command
    from tuiflow.tui.app import TuiflowApp
    from tuiflow.tui.screens.base import StoreScreen

LOOK_SECONDS = 0.25
STAYS = "It goes on when the app ends. Its output is in the new run's log."


@dataclass(frozen=True, slots=True)
class Plan:
    """What doing a run again takes: its params, or the command of a run that was no project's."""

    run: Run
    params: Mapping[str, str]
    command: Command | None


class Reruns:
    """The runs that this app has started again and that have not appeared yet."""

    def __init__(self, app: TuiflowApp) -> None:
        self._app = app
        self._started: list[Again] = []
        self._timer: Timer | None = None

    def ask(self, screen: StoreScreen, run: Run) -> None:
        """Ask what to change, then do the run again; or say why that can't be."""
        store, run_id = self._app.store, run.info.run_id

        def question() -> Plan:
            from tuiflow import projects

            found = store.get_run(run_id)
            request = projects.request_of(store, run_id)
            if request is None:
                return Plan(found, {}, projects.command_of(found))
            return Plan(found, {**found.data.params, **request.parameters}, None)

        screen.ask("rerun", question, partial(self._ask, screen))

    def _ask(self, screen: StoreScreen, plan: Plan) -> None:
        from tuiflow.tui.modals.confirm import ConfirmModal
        from tuiflow.tui.modals.rerun import RerunModal

        start = partial(self._start, screen, plan.run)
        if plan.command is None:
            self._app.push_screen(RerunModal(plan.run.info.run_name, plan.params), start)
            return
        launch = plan.command.launch
        parts = [
            f"in {clean(str(launch.folder), 1000)}",
            clean(launch.shown, 10_000),
            *([f"But {clean(plan.command.warning)}."] if plan.command.warning else []),
            f"Its params can't be changed here, for it is no project's. {STAYS}",
        ]
        self._app.push_screen(
            ConfirmModal("Run this command again?", [], "Run", "\n".join(parts)),
            lambda yes: start({}) if yes else None,
        )

    def _start(self, screen: StoreScreen, run: Run, params: Mapping[str, str] | None) -> None:
        if params is None:
            return
        store = self._app.store

        def question() -> Again:
            from tuiflow.projects.beside import start_again

            return start_again(store, run.info.run_id, params)

        self._app.say(f"Starting {run.info.run_name} again …")
        screen.ask(f"rerun-{run.info.run_id}", question, self._follow)

    def _follow(self, again: Again) -> None:
        self._started.append(again)
        if self._timer is None:
            self._timer = self._app.set_interval(LOOK_SECONDS, self._look)
        self._timer.resume()

    def _look(self) -> None:
        from tuiflow.tui.screens.base import StoreScreen

        screen = next(
            item for item in reversed(self._app.screen_stack) if isinstance(item, StoreScreen)
        )
        if not self._started:
            if self._timer is not None:
                self._timer.pause()
        elif not screen.waiting("reruns"):
            started = list(self._started)
            screen.ask("reruns", lambda: [item.look() for item in started], self._seen)

    def _seen(self, found: list[Again]) -> None:
        for again in found:
            if again not in self._started:
                continue
            if again.run is not None:
                self._started.remove(again)
                self._app.say(f"Run {again.run.info.run_name} has started")
                self._app.store_changed()
            elif again.failure is not None:
                self._started.remove(again)
                self._app.fail(f"The run was not started: {clean_block(again.failure)}")
