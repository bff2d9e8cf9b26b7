"""Whoever opens the app for the first time is told how to go on, everywhere."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

import pytest
from driving import screen_text, until
from textual.widgets import Input

from tuiflow.store import Store
from tuiflow.tui import modals as modal_package
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.base import Modal
from tuiflow.tui.modals.export import ExportModal
from tuiflow.tui.modals.help import HelpModal, ModalHelp
from tuiflow.tui.screens.base import StoreScreen
from tuiflow.tui.screens.compare import CompareScreen
from tuiflow.tui.screens.run import TABS, RunScreen

App = Callable[..., TuiflowApp]


async def test_an_empty_store_names_the_commands_that_fill_it(store: Store, app_of: App) -> None:
    app = app_of(store, new_here=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "tuiflow demo" in screen_text(app))
        assert "tuiflow run . " in screen_text(app)


@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
async def test_a_line_says_how_to_find_out_until_the_first_key(
    seeded: Store, app_of: App, size: tuple[int, int]
) -> None:
    app = app_of(seeded, new_here=True)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        lines = screen_text(app).splitlines()
        assert "New here?" in lines[-2] and "?" in lines[-2]
        assert "enter open" in lines[-1]
        await pilot.press("j")
        await until(pilot, lambda: "New here?" not in screen_text(app))
        await until(pilot, lambda: seeded.get_state("welcomed"))
    again = TuiflowApp(seeded)
    async with again.run_test(size=size) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(again))
        assert "New here?" not in screen_text(again)


async def answers(pilot: object, app: TuiflowApp, key: str = "?") -> str:
    """What a screen says when it is asked for its keys, and that esc leads back."""
    before = app.screen
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, HelpModal))
    await until(pilot, lambda: "scroll · esc close" in screen_text(app))
    told = screen_text(app)
    await pilot.press("escape")
    await until(pilot, lambda: app.screen is before)
    return told


@pytest.mark.parametrize("key", ["?", "f1"])
async def test_every_place_answers(app: TuiflowApp, key: str) -> None:
    async with app.run_test(size=(120, 100)) as pilot:
        for place in TuiflowApp.MODES:
            await app.switch_mode(place)
            await until(pilot, lambda: isinstance(app.screen, StoreScreen))
            told = await answers(pilot, app, key)
            assert "Find an action by name" in told
            assert place != "runs" or "Move down" in told


async def test_every_tab_and_the_comparison_answer(app: TuiflowApp, seeded: Store) -> None:
    first, second = (run.info.run_id for run in seeded.load_runs([1, 2]))
    async with app.run_test(size=(120, 40)) as pilot:
        await app.push_screen(RunScreen(first))
        for tab in TABS:
            await until(pilot, lambda tab=tab: app.screen.tab == tab)
            assert "next tab" in await answers(pilot, app)
            await pilot.press("]")
        await app.push_screen(CompareScreen([first, second]))
        assert "baseline" in await answers(pilot, app)


def modal_classes() -> set[type]:
    for module in pkgutil.iter_modules(modal_package.__path__):
        importlib.import_module(f"{modal_package.__name__}.{module.name}")
    found, new = set(), {Modal}
    while new:
        found |= new
        new = {sub for cls in new for sub in cls.__subclasses__()}
    return found


def test_no_modal_takes_the_question_for_something_else() -> None:
    for modal in modal_classes() - {HelpModal, ModalHelp}:
        bound = modal._merged_bindings.key_to_bindings
        for key in ("question_mark", "f1"):
            assert [binding.action for binding in bound[key]] == ["screen.act('app.help')"], modal
        assert modal.action_help is Modal.action_help


async def test_a_modal_answers_and_a_text_field_takes_the_question_mark(
    app: TuiflowApp,
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        await app.push_screen(ExportModal("Export 7 runs", "runs"))
        await pilot.press("?")
        assert "?" in app.screen.query_one(Input).value
        told = await answers(pilot, app, "f1")
        assert "Export 7 runs" in told and "Close it and change nothing" in told
        assert "Take what is written" in told
        assert "ctrl+w" in told
        await pilot.press("escape")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Modal))
        assert "esc" in await answers(pilot, app, "f1")
