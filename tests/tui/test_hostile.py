"""Whatever runs hold is shown as text, and shifts no column, on the screens that show runs."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import screen_text, until
from hostile import PAYLOADS, Hostile, log_hostile
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tuiflow.entities import Param
from tuiflow.store import Store
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.export import ExportModal
from tuiflow.tui.modals.note import NoteModal
from tuiflow.tui.screens.base import StoreScreen
from tuiflow.tui.screens.compare import CompareScreen
from tuiflow.tui.screens.run import TABS, RunScreen
from tuiflow.tui.screens.runs import RunsScreen

WIDTH, HEIGHT = 120, 40

SHORT = {name: text for name, text in PAYLOADS.items() if name != "long"}
MIXED = "".join(text[:40] for text in PAYLOADS.values())
FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}


@pytest.fixture(params=PAYLOADS.values(), ids=PAYLOADS)
def payload(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ids(store: Store, fixed: None, payload: str, tmp_path: Path) -> Hostile:
    """Two runs, one of which has the payload for a name, values, keys and in its files."""
    return log_hostile(store, payload, tmp_path / "repository")


@pytest.fixture
def hostile(ids: Hostile, store: Store) -> Store:
    return store


def check_screen(app: TuiflowApp) -> list[str]:
    """Every line is as wide as the screen and holds nothing that acts; returns them."""
    strips = app.screen._compositor.render_strips()
    assert len(strips) == HEIGHT
    for strip in strips:
        assert sum(cell_len(segment.text) for segment in strip) == WIDTH, strip.text
        assert not any(segment.control for segment in strip)
        assert not {unicodedata.category(char) for char in strip.text} & FORBIDDEN, strip.text
        for segment in strip:
            style = segment.style
            assert style is None or style.link is None
            assert style is None or "@click" not in style.meta
    return [strip.text for strip in strips]


def offsets(lines: list[str], marker: str) -> set[int]:
    """In which cells of the lines the marker stands."""
    return {cell_len(line[: line.index(marker)]) for line in lines if marker in line}


async def on_runs(pilot: Pilot[object]) -> RunsScreen:
    screen = pilot.app.screen
    assert isinstance(screen, RunsScreen)
    await until(pilot, lambda: len(screen.table.keys) == 2 and not screen.waiting("runs"))
    await pilot.pause()
    return screen


async def test_on_runs(hostile: Store, app_of: Callable[[Store], TuiflowApp]) -> None:
    app = app_of(hostile)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        screen = await on_runs(pilot)
        check_screen(app)
        table = screen.table
        rows = [table.render_line(y).text for y in range(1, 3)]
        assert all("✓" in row for row in rows)
        assert len(offsets(rows, "2026-09-21")) == 1
        assert len(offsets(rows, "0.5000")) == 1
        seen = set()
        for key in ("j", "k", "space", *"llllllllllll", "p", "E"):
            await pilot.press(key)
            await pilot.pause()
            check_screen(app)
            rows = [table.render_line(y).text for y in range(1, 3)]
            for marker in ("BBB", "ZZZ"):
                places = offsets(rows, marker)
                assert len(places) <= 1
                seen |= {marker} if places else set()
        assert seen == {"BBB", "ZZZ"}


async def test_on_compare(hostile: Store, app_of: Callable[[Store], TuiflowApp]) -> None:
    app = app_of(hostile)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await on_runs(pilot)
        await pilot.press("a", "d")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen) and app.screen.comparison)
        for key in ("n", "equals_sign", "l", "n", "G", "t", "l", "l", "equals_sign"):
            await pilot.press(key)
            await pilot.pause()
            check_screen(app)
            assert isinstance(app.screen, CompareScreen)
            table = app.screen.table
            lines = [table.render_line(y).text for y in range(table.size.height)]
            dividers = {
                tuple(cell_len(line[:at]) for at, char in enumerate(line) if char == "│")
                for line in lines
                if "│" in line
            }
            assert len(dividers) == 1, "\n".join(lines)


async def test_on_the_tabs_of_a_run(
    ids: Hostile, hostile: Store, app_of: Callable[[Store], TuiflowApp]
) -> None:
    app = app_of(hostile)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await on_runs(pilot)
        await app.push_screen(RunScreen(ids.evil))
        await until(pilot, lambda: "BBB" in screen_text(app))
        for tab in [*list(TABS)[1:], "Overview"]:
            await pilot.press("right_square_bracket")
            await until(pilot, lambda tab=tab: app.screen.tab == tab)
            if tab == "Params":
                await until(pilot, lambda: "ZZZ" in screen_text(app))
                lines = check_screen(app)
                assert len(offsets(lines, "ZZZ") | offsets(lines, "BBB")) == 1
            if tab == "Log":
                await until(pilot, lambda: "epoch 2" in screen_text(app))
            check_screen(app)
            for key in ["j"] * 8 if tab == "Artifacts" else ["j", "enter"]:
                await pilot.press(key)
                await pilot.pause()
                await settled(pilot)
                check_screen(app)
            if not isinstance(app.screen, RunScreen):
                await pilot.press("escape")


everything = pytest.mark.parametrize("payload", [MIXED], ids=["mixed"])


LEFT_OUT = {
    *("app.quit", "app.suspend", "app.back", "app.runs", "app.models", "app.servers"),
    "servers.restart",
}
"""What ends the app, leads to another place, or starts a program."""


@everything
async def test_on_every_place(hostile: Store, app_of: Callable[[Store], TuiflowApp]) -> None:
    app = app_of(hostile)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await on_runs(pilot)
        for place in sorted(set(TuiflowApp.MODES) - {"runs"}):
            await app.switch_mode(place)
            for key in ("j", "l", "enter", "j", "enter", "y", "question_mark", "escape", "escape"):
                await pilot.press(key)
                await settled(pilot)
                check_screen(app)


async def settled(pilot: Pilot[object]) -> None:
    await pilot.pause()
    await until(pilot, lambda: not any(work.is_running for work in pilot.app.workers))
    await pilot.pause()


@everything
@pytest.mark.parametrize("where", ["runs", "run", "compare", "charts", "models", "servers"])
async def test_what_every_action_opens(
    ids: Hostile, hostile: Store, app_of: Callable[[Store], TuiflowApp], where: str
) -> None:
    app = app_of(hostile)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await on_runs(pilot)
        if where in TuiflowApp.MODES:
            await app.switch_mode(where)
        elif where == "run":
            await app.push_screen(RunScreen(ids.evil))
        else:
            await pilot.press(*({"compare": "ad", "charts": "C"}[where]))
        await settled(pilot)
        origin, place, depth = app.screen, app.current_mode, len(app.screen_stack)
        assert isinstance(origin, StoreScreen)
        opened = set()
        for item in origin.usable_actions():
            if not item.keys or item.is_motion or item.id in LEFT_OUT:
                continue
            await pilot.press("j", item.keys[0])
            await settled(pilot)
            check_screen(app)
            opened.add(type(app.screen))
            await app.switch_mode(place)
            while len(app.screen_stack) > depth:
                await app.pop_screen()
            await settled(pilot)
        assert app.screen is origin
        assert len(opened) > 2


@pytest.mark.parametrize("payload", SHORT.values(), ids=SHORT)
async def test_in_text_fields(
    store: Store, app_of: Callable[[Store], TuiflowApp], payload: str
) -> None:
    app = app_of(store)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        for modal in (ExportModal(payload, payload), NoteModal("note", payload + "\nend")):
            await app.push_screen(modal)
            for key in ("home", "right", "right", "a", "up"):
                await pilot.press(key)
                await pilot.pause()
                check_screen(app)
            await app.pop_screen()
        await app.push_screen(note := NoteModal("note", payload))
        kept = note.query_one(TextArea).text
        assert "".join(kept.splitlines()) == "".join(payload.splitlines())


@everything
async def test_while_filtering(hostile: Store, app_of: Callable[[Store], TuiflowApp]) -> None:
    app = app_of(hostile)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await on_runs(pilot)
        await pilot.press("slash")
        for text in ("params.", "metrics.", "params.alpha = ", "params.nothing = 1"):
            app.screen.query_one("#filter", Input).value = text
            app.screen.query_one("#filter", Input).cursor_position = len(text)
            for key in ("down", "tab", "escape", "slash"):
                await pilot.press(key)
                await settled(pilot)
                check_screen(app)
            await until(pilot, lambda: app.screen.query_one("#filter", Input).has_focus)
        await pilot.press("escape", "escape", "colon")
        await pilot.pause()
        await pilot.press(*"exp")
        await pilot.pause(0.1)
        check_screen(app)


async def test_markup_stands_there_as_it_was_written(
    store: Store, app_of: Callable[[Store], TuiflowApp]
) -> None:
    for name in ("[red]a[/]", "[b]b[/b]"):
        run_id = store.create_run("0", name).info.run_id
        store.log_batch(run_id, params=[Param("p", name + "\x1b[1m")])
        store.finish_run(run_id, "FINISHED")
    app = app_of(store)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await on_runs(pilot)
        assert "[red]a[/]" in screen_text(app)
        assert "[red]a[/]␛[1m" in screen_text(app)
        await pilot.press("a", "d")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen) and app.screen.comparison)
        await until(pilot, lambda: "[b]b[/b]␛[1m" in screen_text(app))
