"""Modals where the screen is low: what a key does is never out of sight."""

from __future__ import annotations

import pytest
from driving import screen_text, until
from textual.pilot import Pilot

from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.confirm import ConfirmModal
from tuiflow.tui.modals.themes import ThemesModal
from tuiflow.tui.widgets.rows import RowsView

SIZES = [(40, 10), (80, 14)]
"""Too low for a question that names many runs."""


async def ask_to_delete(pilot: Pilot[object]) -> None:
    """Mark all the runs, and press what deletes them."""
    app = pilot.app
    assert isinstance(app, TuiflowApp)
    for number in range(30):
        app.store.create_run("0", f"more-{number}")
    app.store_changed()
    await until(pilot, lambda: " 44 runs" in screen_text(app))
    await pilot.press("a", "D")
    await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
async def test_the_buttons_stay_and_the_names_scroll(
    app: TuiflowApp, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        await ask_to_delete(pilot)
        for shown in ("Cancel", "Delete 44", "esc cancel"):
            assert shown in screen_text(app)
        await pilot.press(*["down"] * 10)
        await until(pilot, lambda: "and 36 more" in screen_text(app))
        for shown in ("Cancel", "Delete 44", "esc cancel"):
            assert shown in screen_text(app)


async def test_a_modal_follows_the_size_of_the_screen(app: TuiflowApp) -> None:
    async with app.run_test(size=(80, 40)) as pilot:
        await ask_to_delete(pilot)
        whole = app.screen.query_one(".modal").size.height
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: "esc cancel" in screen_text(app))
            assert "Cancel" in screen_text(app)
        await pilot.resize_terminal(80, 40)
        await until(pilot, lambda: app.screen.query_one(".modal").size.height == whole)


@pytest.mark.parametrize("size", SIZES)
async def test_a_list_scrolls_to_its_cursor(app: TuiflowApp, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        app.action_themes()
        await until(pilot, lambda: isinstance(app.screen, ThemesModal))
        await pilot.press("G")
        rows = app.screen.query_one(RowsView)
        await until(pilot, lambda: f"▌{rows.key}" in screen_text(app))
        assert "esc cancel" in screen_text(app)
