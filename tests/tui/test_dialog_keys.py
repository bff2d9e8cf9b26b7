"""The keys of dialogs and text fields come from the action table, too."""

from __future__ import annotations

import pytest
from driving import screen_text, until
from textual.widgets import Input

from tuiflow.actions import ACTIONS, meet
from tuiflow.settings import Settings
from tuiflow.store import Store
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.columns import ColumnsModal
from tuiflow.tui.modals.help import ModalHelp
from tuiflow.tui.modals.tags import TagsModal
from tuiflow.tui.widgets.rows import RowsView
from tuiflow.tui.widgets.run_table import RunTable

TAGS = [{f"key-{number:02d}": str(number) for number in range(40)}]


async def test_a_list_under_a_field_is_paged_through(app: TuiflowApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        await app.push_screen(TagsModal("Tags", TAGS))
        rows = app.screen.query_one(RowsView)
        await until(pilot, lambda: rows.key == "key-00" and rows.size.height > 1)
        await pilot.press("pagedown")
        assert rows.key != "key-00"
        await pilot.press("down", "pageup", "up")
        assert rows.key == "key-00"
        assert app.screen.query_one(Input).has_focus


async def test_tags_are_saved_by_a_key_although_something_is_written(app: TuiflowApp) -> None:
    said: list[object] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        await app.push_screen(TagsModal("Tags", TAGS), said.append)
        await pilot.press(*"team=red", "enter", *"half", "ctrl+s")
        await until(pilot, lambda: said)
    assert said == [{"team": "red"}]


async def test_help_of_a_dialog_lists_what_its_keys_do(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        await app.push_screen(TagsModal("Tags of 2 runs", TAGS))
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, ModalHelp))
        await until(pilot, lambda: "Tags of 2 runs" in screen_text(app))
        told = screen_text(app)
        for words in ("Editing tags", "ctrl+d", "Close it and change nothing", "ctrl+w"):
            assert words in told
        assert "Serve the" not in told
        await pilot.press("pagedown", "k", "q")
        await until(pilot, lambda: isinstance(app.screen, TagsModal))


@pytest.fixture
def remapped(seeded: Store, fixed: None) -> TuiflowApp:
    keys = {
        "columns.check": ("f5",),
        "dialog.cancel": ("f6",),
        "field.next": ("f7",),
        "filter.clear": ("f8",),
        "field.submit": ("f9",),
    }
    return TuiflowApp(seeded, settings=Settings(keys=keys), host="gpu-07")


async def test_dialogs_go_by_the_keys_of_the_user(remapped: TuiflowApp) -> None:
    app = remapped
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, ColumnsModal))
        await until(pilot, lambda: "f5 check" in screen_text(app))
        rows = app.screen.query_one(RowsView)
        await pilot.press("f7")
        second = rows.key
        shown = [column.id for column in app.screen_stack[0].query_one(RunTable).columns]
        assert second in shown
        await pilot.press("down", "escape")
        assert rows.key == second and isinstance(app.screen, ColumnsModal)
        await pilot.press("f5", "f9")
        await until(pilot, lambda: not isinstance(app.screen, ColumnsModal))
        table = app.screen.query_one(RunTable)
        await until(pilot, lambda: second not in [column.id for column in table.columns])
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, ColumnsModal))
        await pilot.press("f6")
        await until(pilot, lambda: not isinstance(app.screen, ColumnsModal))


async def test_the_filter_bar_goes_by_the_keys_of_the_user(remapped: TuiflowApp) -> None:
    app = remapped
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        await pilot.press("/", *"crane")
        await until(pilot, lambda: "f9 to the runs" in screen_text(app))
        assert "f8 clear" in screen_text(app)
        await pilot.press("enter")
        assert isinstance(app.focused, Input)
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(app.focused, RunTable))
        await until(pilot, lambda: "bold-otter-7" not in screen_text(app))


def test_keys_that_never_meet_may_be_the_same() -> None:
    assert not meet("runs", "note")
    assert not meet("everywhere", "columns")
    assert not meet("lists", "field")
    assert meet("field", "columns") and meet("dialog", "tags") and meet("everywhere", "filter")
    for one in ACTIONS:
        for other in ACTIONS:
            assert meet(one.where, other.where) == meet(other.where, one.where)
