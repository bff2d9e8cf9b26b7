"""Every action of the table is carried out by some test: `exercised.py` says by which.

That the tests named there do carry it out is checked when they run (see conftest.py).
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from driving import current, screen_text, until
from exercised import EXERCISED

from tuiflow.actions import ACTIONS
from tuiflow.entities import Process
from tuiflow.store import Store
from tuiflow.store.processes import this_process
from tuiflow.tui.app import TuiflowApp

HERE = Path(__file__).parent


@cache
def functions_of(file: str) -> set[str]:
    tree = ast.parse((HERE / file).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, kinds)}


def test_every_action_has_a_test() -> None:
    missing = [item.id for item in ACTIONS if item.id not in EXERCISED]
    assert missing == [], "write a test that presses its key, and name it in exercised.py"


def test_no_action_is_named_that_is_not_there() -> None:
    assert set(EXERCISED) <= {item.id for item in ACTIONS}


def test_the_tests_are_there() -> None:
    for name in EXERCISED.values():
        file, _, function = name.partition("::")
        assert function in functions_of(file), name


async def test_pages_up_and_to_the_models_and_into_the_background(
    app: TuiflowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    suspended: list[bool] = []
    monkeypatch.setattr(app, "action_suspend_process", lambda: suspended.append(True))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        await pilot.press("pagedown")
        last = current(app)
        await pilot.press("pageup")
        assert current(app) != last
        await pilot.press("ctrl+z")
        await until(pilot, lambda: suspended)
        await pilot.press("2")
        await until(pilot, lambda: app.current_mode == "models")


async def test_the_request_is_edited_by_a_click_on_its_hint(
    store: Store, app_of: Callable[[Store], TuiflowApp]
) -> None:
    run_id = store.create_run("0", "able-crane-41").info.run_id
    ended = Process(this_process().host, 4_000_000, 1, this_process().boot_id, 0)
    store.add_server(run_id, "model", "127.0.0.1", 5001, ended, True, "logs/1.log")
    app = app_of(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: "enter console" in screen_text(app).splitlines()[-1])
        at = screen_text(app).splitlines()[-1].index("enter console")
        await pilot.click(offset=(at, 39))
        await until(pilot, lambda: app.screen.query_one("#request").has_focus)
