"""Keys typed in a burst do what the same keys do when they are typed slowly."""

from __future__ import annotations

import random
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from driving import current, screen_text, until
from terminal import Terminal
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from tuiflow.store import Store, open_store
from tuiflow.tui import typeahead
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.confirm import ConfirmModal
from tuiflow.tui.screens.run import RunScreen
from tuiflow.tui.screens.runs import RunsScreen
from tuiflow.tui.views import save_last_experiment
from tuiflow.tui.widgets.filter_bar import FilterBar
from tuiflow.tui.widgets.run_table import RunTable


def key_event(key: str) -> events.Key:
    if len(key) == 1:
        return events.Key(_character_to_key(key), key)
    return events.Key(key, " " if key == "space" else None)


async def burst(pilot: Pilot[object], *keys: str) -> None:
    """Type keys so fast that none is acted on before all have come; wait until all are done."""
    app = pilot.app
    assert isinstance(app, TuiflowApp)
    for key in keys:
        app.post_message(key_event(key))
    await pilot.pause()
    await until(pilot, lambda: not app.typeahead.busy)


async def ready(pilot: Pilot[object]) -> None:
    await until(pilot, lambda: "able-crane-41" in screen_text(pilot.app))


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, no key is let go before the one before it is done."""
    monkeypatch.setattr(typeahead, "HOLD_SECONDS", 60.0)


@pytest.fixture
def wine(app: TuiflowApp) -> TuiflowApp:
    save_last_experiment(app.store, "1")
    return app


async def test_keys_after_enter_are_for_the_table(wine: TuiflowApp) -> None:
    async with wine.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await burst(pilot, *"/otter", "enter", "j", "space")
        screen = wine.screen
        assert isinstance(screen, RunsScreen)
        assert screen.query_one(FilterBar).text == "otter"
        assert current(wine) == "bold-otter-3"
        assert len(screen.table.marks) == 1


async def test_delete_names_the_row_that_was_moved_to(wine: TuiflowApp) -> None:
    async with wine.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await burst(pilot, "ctrl+d", "D")
        await until(pilot, lambda: isinstance(wine.screen, ConfirmModal))
        text = screen_text(wine)
        wine.screen.dismiss(None)
        await pilot.pause()
        assert current(wine) == "dire-moth-2"
        assert "dire-moth-2" in text


async def test_text_goes_into_the_modal_that_a_key_opens(wine: TuiflowApp) -> None:
    async with wine.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await burst(pilot, "c", *"rmse")
        assert wine.focused is not None
        assert isinstance(wine.focused, Input)
        assert wine.focused.value == "rmse"


async def test_an_action_is_found_in_the_palette_at_once(wine: TuiflowApp) -> None:
    async with wine.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await burst(pilot, ":", *"mark every", "enter", "j")
        assert "7 marked" in screen_text(wine)
        assert current(wine) == "bold-otter-7"


async def test_tabs_after_enter(wine: TuiflowApp) -> None:
    async with wine.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await burst(pilot, "j", "enter", "]", "]")
        assert isinstance(wine.screen, RunScreen)
        assert "bold-otter-7" in screen_text(wine)


async def test_a_paste_keeps_its_place(wine: TuiflowApp) -> None:
    async with wine.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        wine.post_message(key_event("/"))
        wine.post_message(events.Paste("lemur"))
        await burst(pilot, "enter")
        assert current(wine) == "wry-lemur-6"


async def test_what_goes_wrong_in_an_action_is_not_swallowed(
    wine: TuiflowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: RunTable) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(RunTable, "action_up", fail)
    with pytest.raises(ZeroDivisionError):
        async with wine.run_test(size=(120, 40)) as pilot:
            await ready(pilot)
            await burst(pilot, "j", "k")


KEYS = (
    *("j", "k", "G", "g", "space", "ctrl+d", "ctrl+u", "l", "h", "o", "v", "a", "u"),
    *(
        "enter",
        "escape",
        "tab",
        "]",
        "[",
        "/",
        "d",
        "c",
        "t",
        "e",
        "D",
        "U",
        ".",
        "p",
        "E",
        "1",
        "3",
    ),
    *("?", "r", "otter", "rmse", "x", "+", "T", "backspace", "down"),
)


NAMED = frozenset(("space", "enter", "escape", "tab", "backspace", "down", "ctrl+d", "ctrl+u"))


SESSIONS, BURSTS, LENGTH = 5, 4, 9


async def ends(app: TuiflowApp, bursts: list[list[str]], *, fast: bool) -> list[str]:
    """What is seen after each of these bursts, without remarks that go away."""
    seen = []
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        for keys in bursts:
            if fast:
                await burst(pilot, *keys)
            else:
                for key in keys:
                    await burst(pilot, key)
                    await pilot.pause(0.05)
            seen.append(await end(pilot))
    return seen


async def end(pilot: Pilot[object]) -> str:
    """What is seen when nothing changes any more."""
    app = pilot.app
    seen = ["", "."]
    while seen[-1] != seen[-2] or any(not work.is_finished for work in app.workers):
        await pilot.pause(0.2)
        app.clear_notifications()
        await pilot.pause()
        focused = app.focused
        where = "nothing" if focused is None else f"{type(focused).__name__}#{focused.id}"
        # Under a modal, a table shows its cursor until something has it repainted.
        seen.append(f"{where}\n{screen_text(app).replace('▌', ' ')}")
    return seen[-1]


@pytest.mark.parametrize("seed", range(SESSIONS))
async def test_bursts_end_where_slow_typing_ends(
    seeded: Store, app_of: Callable[[Store], TuiflowApp], tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    words = [rng.choices(KEYS, k=LENGTH) for _ in range(BURSTS)]
    bursts = [
        [key for word in some for key in ([word] if word in NAMED else word)] for some in words
    ]
    save_last_experiment(seeded, "1")
    found = []
    for fast in (False, True):
        copy = shutil.copytree(seeded.root, tmp_path / f"{fast}")
        with closing(open_store(copy)) as store:
            found.append(await ends(app_of(store), bursts, fast=fast))
    for keys, slow, quick in zip(bursts, *found, strict=True):
        assert quick == slow, keys


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_keys_sent_at_once_to_a_real_terminal(seeded: Store, tmp_path: Path) -> None:
    save_last_experiment(seeded, "1")
    environment = {
        "TUIFLOW_STORE": str(seeded.root),
        "TERM": "xterm-256color",
        "HOME": str(tmp_path),
    }
    terminal = Terminal(tmp_path, [sys.executable, "-m", "tuiflow"], environment)
    try:
        terminal.wait("able-crane-41")
        terminal.keys(*"/otter", "Enter", "j", "Space", "g", "D")
        terminal.wait(r"Delete")
        assert re.search("bold-otter-3", terminal.screen())
        terminal.keys("Enter", "u", "c", *"alp")  # cancels first
        terminal.wait(r"│ +alp ")
    finally:
        terminal.close()
