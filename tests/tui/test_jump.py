"""Jumping: a letter stands over each thing that one can go to, on every screen."""

from __future__ import annotations

from typing import Any

import pytest
from driving import screen_text, until
from test_runs_snapshots import SIZES, after, on_wine
from textual.pilot import Pilot

from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.jumps import Jump, jumps
from tuiflow.tui.modals.jump import JumpModal
from tuiflow.tui.screens.run import RunScreen
from tuiflow.tui.widgets.experiments import Experiments
from tuiflow.tui.widgets.run_table import RunTable


async def opened(app: TuiflowApp, pilot: Pilot[object]) -> None:
    await until(pilot, lambda: "able-crane-41" in screen_text(app))
    await pilot.press("ctrl+o")
    await until(pilot, lambda: isinstance(app.screen, JumpModal))


def letters(app: TuiflowApp) -> list[Jump]:
    return jumps(app.screen_stack[-2])


async def test_a_letter_leads_to_the_other_pane_and_back(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        places = letters(app)
        assert len(places) == 3 + 2, "the places of the header, experiments and runs"
        for item in places:
            line = screen_text(app).splitlines()[item.place.y]
            assert line[item.place.x :].startswith(f" {item.letter} ")
        await pilot.press(places[3].letter)
        await until(pilot, lambda: isinstance(app.focused, Experiments))
        await pilot.press("semicolon")
        await until(pilot, lambda: isinstance(app.screen, JumpModal))
        await pilot.press(places[4].letter)
        await until(pilot, lambda: isinstance(app.focused, RunTable))


@pytest.mark.parametrize("key", ["escape", "!"])
async def test_any_other_key_stays(app: TuiflowApp, key: str) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press(key)
        await until(pilot, lambda: not isinstance(app.screen, JumpModal))
        assert isinstance(app.focused, RunTable)
        assert app.screen.query_one(RunTable).row == 0


async def test_tabs_and_places_are_jumped_to_and_clicked(app: TuiflowApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await until(pilot, lambda: app.focused)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, JumpModal))
        tabs = [item for item in letters(app) if item.place.y == 2]
        assert len(tabs) == 7
        await pilot.press(tabs[2].letter)
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.tab == "Params")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, JumpModal))
        await pilot.click(offset=tabs[4].place)
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.tab == "Model")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, JumpModal))
        servers = [item for item in letters(app) if item.place.y == 0][2]
        await pilot.press(servers.letter)
        await until(pilot, lambda: app.current_mode == "servers")


@pytest.mark.parametrize("place", ["1", "2", "3"])
async def test_every_place_has_letters(app: TuiflowApp, place: str) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        await pilot.press(place, "ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, JumpModal))
        assert len(letters(app)) >= 3


@SIZES
def test_look_on_runs(snap_compare: Any, app: TuiflowApp, size: tuple[int, int]) -> None:
    keys = after("ctrl+o", shows="a letter goes there")
    assert snap_compare(on_wine(app), terminal_size=size, run_before=keys)


@SIZES
def test_look_on_a_run(snap_compare: Any, app: TuiflowApp, size: tuple[int, int]) -> None:
    keys = after("enter", "]", "ctrl+o", shows="a letter goes there")
    assert snap_compare(on_wine(app), terminal_size=size, run_before=keys)
