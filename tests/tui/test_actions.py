"""The action table, and the frame that is made from it."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter

import pytest
from driving import messages, screen_text, until
from textual.widgets import Input

import tuiflow.tui
from tuiflow.entities import Process, ServerInfo
from tuiflow.tui.actions import ACTIONS, CONTEXTS, action, bindings, select
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.confirm import ConfirmModal
from tuiflow.tui.screens.run import RunScreen
from tuiflow.tui.screens.runs import RunsScreen
from tuiflow.tui.screens.servers import ServersScreen

TERMINAL_KEYS = {"ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+[", "ctrl+left_square_bracket"}
"""Backspace, tab, enter and escape to a terminal."""


def test_ids_are_unique_and_contexts_known() -> None:
    assert max(Counter(item.id for item in ACTIONS).values()) == 1
    assert {item.where for item in ACTIONS} == set(CONTEXTS)
    assert all(item.title and item.help for item in ACTIONS)


def test_no_key_means_two_things_in_one_context() -> None:
    for context in CONTEXTS:
        keys = Counter(key for item in select(context) for key in item.keys)
        assert [key for key, count in keys.items() if count > 1] == []


def test_no_key_that_a_terminal_takes_for_another() -> None:
    assert not TERMINAL_KEYS & {key for item in ACTIONS for key in item.keys}


def test_every_action_has_somebody_who_does_it() -> None:
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(tuiflow.tui.__path__, "tuiflow.tui.")
    ]
    doers = {doer for module in modules for doer in vars(module).values() if isinstance(doer, type)}
    missing = [
        item.id for item in ACTIONS if not any(hasattr(doer, item.handler) for doer in doers)
    ]
    assert missing == []


def test_bindings_carry_the_ids() -> None:
    found = bindings("runs", "lists.filter")
    assert {item.id for item in found} == {item.id for item in select("runs")} | {"lists.filter"}
    assert action("runs.serve").keys == ("s",)
    with pytest.raises(KeyError):
        action("runs.nothing")


async def test_places_keep_what_was_open(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, ServersScreen))
        await pilot.press("1")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await pilot.press("1")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))


async def test_header_is_clicked(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        x = screen_text(app).splitlines()[0].index("3 Servers")
        await pilot.click(offset=(x, 0))
        await until(pilot, lambda: isinstance(app.screen, ServersScreen))
        await pilot.click(offset=(3, 0))
        assert "it was named explicitly" in messages(app)


async def test_hints_are_clicked_and_dim_ones_say_why(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        x = screen_text(app).splitlines()[-1].index("d diff")
        await pilot.click(offset=(x, 39))
        await until(pilot, lambda: "Mark two or more runs" in messages(app))


async def test_theme_is_kept(app: TuiflowApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        await pilot.press("colon")
        await pilot.press(*"light or dark")
        await until(pilot, lambda: "Switch the light and the dark" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "tuiflow-light")
        assert app.store.get_state("theme") == "tuiflow-light"


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_quit_at_once_without_servers(app: TuiflowApp, key: str) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        await pilot.press(key)
        await until(pilot, lambda: not app.is_running or app._exit)


async def test_quit_asks_while_servers_would_end(
    app: TuiflowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process("gpu-07", 1, 1, "boot", 0)
    server = ServerInfo(
        1, "0" * 32, "able-crane-41", "wine", "model", "::1", 5001, process, False, "log", 0, None
    )
    monkeypatch.setattr(app, "ending_servers", lambda: [server])
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        assert "This server ends with the app" in screen_text(app)
        assert "able-crane-41 on port 5001" in screen_text(app)
        await pilot.press("enter")
        assert isinstance(app.screen, RunsScreen), "Cancel comes first"
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("right", "enter")
        await until(pilot, lambda: app._exit)


async def test_a_key_that_does_nothing_says_so(app: TuiflowApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        await pilot.press("j", "k")
        assert "does nothing" not in messages(app)
        await pilot.press("&")
        await until(pilot, lambda: "& does nothing here · ? lists the keys" in messages(app))
        app.clear_notifications()
        await pilot.press("/", "&")
        await until(pilot, lambda: "&" in app.screen.query_one("#filter", Input).value)
        assert "does nothing" not in messages(app)
