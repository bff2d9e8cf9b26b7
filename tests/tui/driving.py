"""Driving the app under Pilot: wait for what must come, read what stands on the screen."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.pilot import Pilot

from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.widgets.run_table import RunTable


async def until(pilot: Pilot[object], check: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until `check` holds; an AssertionError inside counts as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if check():
                return
        except AssertionError:
            pass
        if time.monotonic() > deadline:
            raise AssertionError(f"never came true; the screen says\n{screen_text(pilot.app)}")
        await pilot.pause(0.02)


def screen_text(app: object) -> str:
    """Everything on the screen, as lines of text."""
    assert isinstance(app, TuiflowApp)
    lines = app.screen._compositor.render_strips()
    return "\n".join(line.text.rstrip() for line in lines)


def names(app: TuiflowApp) -> list[str]:
    """The names in the runs table, top to bottom."""
    table = app.screen.query_one(RunTable)
    runs = (table._pages.get(row) for row in range(len(table.keys)))
    return [run.info.run_name for run in runs if run is not None]


def current(app: TuiflowApp) -> str:
    """The name of the run under the cursor."""
    run = app.screen.query_one(RunTable).run
    assert run is not None
    return run.info.run_name


def messages(app: TuiflowApp) -> str:
    """What the app has said and not taken away."""
    return "\n".join(item.message for item in app._notifications)
