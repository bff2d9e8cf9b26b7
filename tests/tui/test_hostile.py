"""Whatever runs hold is shown as text, and shifts no column, on the screens that show runs."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Callable

import pytest
from driving import screen_text, until
from rich.cells import cell_len
from textual.pilot import Pilot

from tuiflow.entities import TAG_NOTE, Metric, Param, RunTag
from tuiflow.store import Store
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.screens.compare import CompareScreen
from tuiflow.tui.screens.run import TABS, RunScreen
from tuiflow.tui.screens.runs import RunsScreen

WIDTH, HEIGHT = 120, 40

PAYLOADS = {
    "escapes": "\x1b[2J\x9b31m\x1b]0;t\x07\x90q\x9c\x85",
    "markup": "[bold red]x[/] [@click=app.quit]y[/] [link=file:///etc]z[/link] \\[",
    "invisible": "\u202eev\u2066\u200f\u061cil\u200b\ufeff\u00ad\u3164",
    "combining": "Z" + "\u0321\u0338\u0489" * 300,
    "wide": "模型漢字ＡＢ" * 30,
    "emoji": "👩\u200d🔬❤\ufe0f👍🏽1\ufe0f\u20e3🇩🇪🚀" * 10,
    "lines": "one\ntwo\r\n\u2028four\tfive\x0b\x0c\0",
    "long": "漢" * 2**20,
}
FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}


@pytest.fixture(params=PAYLOADS.values(), ids=PAYLOADS)
def payload(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def hostile(store: Store, fixed: None, payload: str) -> Store:
    """Two runs, one of which has the payload for a name, values and keys.

    What the API refuses (length, keys) is put into the file by other means: a store may come from
    anywhere.
    """
    experiment = store.create_experiment("lab")
    for name in ("plain", "evil"):
        run_id = store.create_run(experiment, name, 1_790_000_000_000).info.run_id
        store.log_batch(
            run_id,
            [Metric("rmse", 0.5, 1_790_000_000_500, step) for step in range(3)],
            [Param("alpha", name), Param("beta", f"BBB{name[0]}"), Param("zeta", f"ZZZ{name[0]}")],
            [RunTag("team", name), RunTag("zone", "TTT"), RunTag(TAG_NOTE, name)],
        )
        if name == "evil":
            store.log_batch(run_id, [Metric("mine", 1.0, 1)], [Param("own", "1")])
        store.finish_run(run_id, "FINISHED", 1_790_000_001_000)
    conn = sqlite3.connect(store.database)
    with conn:
        for table in ("params", "tags"):
            conn.execute(f"UPDATE {table} SET text = ? WHERE text = 'evil'", (payload,))
        conn.execute("UPDATE runs SET name = ?, user_id = ? WHERE name = 'evil'", (payload,) * 2)
        conn.execute("UPDATE experiments SET name = ? WHERE name = 'lab'", (payload,))
        conn.execute("UPDATE keys SET name = ? WHERE name IN ('mine', 'own')", (payload,))
    conn.close()
    return store


def check_screen(app: TuiflowApp) -> list[str]:
    """Every line is as wide as the screen and holds nothing that acts; returns them."""
    strips = app.screen._compositor.render_strips()
    assert len(strips) == HEIGHT
    for strip in strips:
        assert sum(cell_len(segment.text) for segment in strip) == WIDTH, strip.text
        assert not any(segment.control for segment in strip)
        assert not {unicodedata.category(char) for char in strip.text} & FORBIDDEN
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


async def test_on_the_tabs_of_a_run(hostile: Store, app_of: Callable[[Store], TuiflowApp]) -> None:
    app = app_of(hostile)
    evil = next(
        run.info.run_id for run in hostile.load_runs([1, 2]) if run.data.params["alpha"] != "plain"
    )
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await on_runs(pilot)
        await app.push_screen(RunScreen(evil))
        await until(pilot, lambda: "BBB" in screen_text(app))
        for tab in [*list(TABS)[1:], "Overview"]:
            await pilot.press("right_square_bracket")
            await until(pilot, lambda tab=tab: app.screen.tab == tab)
            if tab == "Params":
                await until(pilot, lambda: "ZZZ" in screen_text(app))
                lines = check_screen(app)
                assert len(offsets(lines, "ZZZ") | offsets(lines, "BBB")) == 1
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
