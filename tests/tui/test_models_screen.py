"""The screens of registered models, key by key, and how they look."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from conftest import DAY, HOUR, NOW
from driving import messages, screen_text, until
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tuiflow.entities import ModelVersion
from tuiflow.errors import NotFound
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, registry, registry_rows
from tuiflow.store.registry import ModelLocation
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.choose import ChooseModal
from tuiflow.tui.modals.confirm import ConfirmModal
from tuiflow.tui.modals.note import NoteModal
from tuiflow.tui.modals.promote import PromoteModal
from tuiflow.tui.modals.serve import ServeModal
from tuiflow.tui.modals.tags import TagsModal
from tuiflow.tui.screens.compare import CompareScreen
from tuiflow.tui.screens.models import ModelsScreen
from tuiflow.tui.screens.run import RunScreen
from tuiflow.tui.screens.versions import VersionsScreen
from tuiflow.tui.widgets.rows import RowsView

MAKE = Callable[[Store], TuiflowApp]
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])


@pytest.fixture
def registered(seeded: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Two registered models: three versions of `wine`, the second is its champion, and one of
    `outside`, whose model is of no run."""

    def at(age: int) -> None:
        for module in (registry, registry_rows):
            monkeypatch.setattr(module, "now_ms", lambda: NOW - age)

    monkeypatch.setattr(registry, "_user", lambda: "ada")
    runs = {run.info.run_name: run.info.run_id for run in seeded.search_runs(RunQuery())}
    models = seeded.registry
    at(9 * DAY)
    models.create_model("wine", {"team": "cellar"}, "How good a wine is, by its chemistry")
    for days, name in ((3, "kind-finch-12"), (2, "bold-otter-3"), (1, "able-crane-41")):
        at(days * DAY)
        run_id = runs[name]
        source = f"runs:/{run_id}/model"
        models.create_version("wine", source, ModelLocation(run_id, "model"), run_id=run_id)
    models.set_alias("wine", "champion", 2)
    at(5 * HOUR)
    models.update_version("wine", 3, "with the new barrels")
    at(4 * DAY)
    models.create_model("outside")
    models.create_version("outside", "/models/outside", ModelLocation(None, "/models/outside"))
    return seeded


@asynccontextmanager
async def opened(
    app: TuiflowApp, *keys: str, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Pilot[object]]:
    """The app on its models, after some keys."""
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen))
        await until(pilot, lambda: rows(app).row_count)
        await pilot.press(*keys)
        yield pilot


@asynccontextmanager
async def on_wine(app: TuiflowApp, *keys: str) -> AsyncIterator[Pilot[object]]:
    """The app on the versions of wine, the newest under the cursor."""
    async with opened(app, "j", "enter") as pilot:
        await until(pilot, lambda: isinstance(app.screen, VersionsScreen))
        await until(pilot, lambda: rows(app).row_count == 3)
        await pilot.press(*keys)
        yield pilot


def rows(app: TuiflowApp) -> RowsView:
    return app.screen.query_one(RowsView)


async def comes(pilot: Pilot[object], screen: type[Any]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, screen))


async def said(pilot: Pilot[object], text: str) -> None:
    app = pilot.app
    assert isinstance(app, TuiflowApp)
    await until(pilot, lambda: text in messages(app))


def version(store: Store, number: int) -> ModelVersion:
    return store.registry.get_version("wine", number)


async def test_models_versions_and_their_run(registered: Store, app_of: MAKE) -> None:
    app = app_of(registered)
    async with opened(app) as pilot:
        shown = screen_text(app)
        assert "models › 2 registered models" in shown
        line = next(line for line in shown.splitlines() if " wine " in line)
        assert re.search(r"wine +3 +3 +@champion 2 +5h ago +How good a wine is", line)
        await pilot.press("j", "enter")
        await comes(pilot, VersionsScreen)
        await until(pilot, lambda: "models › wine › 3 versions" in screen_text(app))
        line = next(line for line in screen_text(app).splitlines() if "bold-otter-3" in line)
        assert re.search(r" 2 +@champion +bold-otter-3 +0\.6279 +0\.1268 +2d ago", line)
        await pilot.press("j", "enter")
        await comes(pilot, RunScreen)
        await until(pilot, lambda: "wine › bold-otter-3" in screen_text(app))
        await pilot.press("escape", "escape")
        await comes(pilot, ModelsScreen)


async def test_versions_are_filtered(registered: Store, app_of: MAKE) -> None:
    registered.registry.set_version_tag("wine", 1, "checked", "by ada")
    app = app_of(registered)

    def found() -> list[str]:
        return [row.key for row in rows(app)._rows]

    async with on_wine(app, "slash") as pilot:
        for text, expected in (
            ("champion", ["2"]),
            ("checked", ["1"]),
            ("otter", ["2"]),
            ("metrics.rmse < 0.83", ["3", "2"]),
            ("min(metrics.rmse) < 0.8 and barrels", ["3"]),
            ("not champion", ["3", "1"]),
            ("nowhere", []),
        ):
            app.screen.query_one(Input).value = text
            await until(pilot, lambda expected=expected: found() == expected)
            assert f"{len(expected)} of 3 versions" in screen_text(app)
        assert "No version matches the filter" in screen_text(app)
        app.screen.query_one(Input).value = "metrics.rmse < 0.83"
        await until(pilot, lambda: found() == ["3", "2"])
        app.screen.query_one(Input).value = "metrics.rmse <"
        await until(pilot, lambda: "expected" in screen_text(app))
        assert found() == ["3", "2"], "the last good ones stay"
        app.screen.query_one(Input).value = "metrics.rmse < 0.83"
        await until(pilot, lambda: "expected" not in screen_text(app))
        await pilot.press("enter", "a")
        await until(pilot, lambda: "2 marked" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: found() == ["3", "2", "1"])
        assert not app.screen.query_one(Input).display


async def test_the_sorted_metric_is_the_one_beside_versions(
    registered: Store, app_of: MAKE
) -> None:
    from dataclasses import replace

    from tuiflow.filters import parse_order
    from tuiflow.tui.registered import list_versions
    from tuiflow.tui.views import load_view, save_view

    experiment = registered.get_experiment_by_name("wine")
    assert experiment is not None
    order = parse_order(["metrics.rmse ASC"])
    view = load_view(registered, experiment.experiment_id)
    save_view(registered, experiment.experiment_id, replace(view, order=tuple(order)))
    assert list_versions(registered, "wine").metrics == ["rmse", "mae"]


async def test_models_are_searched_by_name(registered: Store, app_of: MAKE) -> None:
    app = app_of(registered)
    async with opened(app, "slash", *"WIN") as pilot:
        await until(pilot, lambda: "1 of 2 registered models" in screen_text(app))
        await pilot.press("enter", "escape")
        await until(pilot, lambda: rows(app).row_count == 2)
        await pilot.press("slash", *"zz")
        await until(pilot, lambda: "No registered model has that in its name" in screen_text(app))


async def test_promote_sets_an_alias_and_undo_gives_it_back(
    registered: Store, app_of: MAKE
) -> None:
    app = app_of(registered)
    aliases = lambda: dict(registered.registry.get_model("wine").aliases)  # noqa: E731
    async with on_wine(app, "p") as pilot:
        await comes(pilot, PromoteModal)
        await until(pilot, lambda: "now version 2" in screen_text(app))
        await pilot.press("enter")
        await said(pilot, "wine@champion is version 3 · z undoes it")
        assert aliases() == {"champion": 3}
        await pilot.press("z")
        await said(pilot, "wine@champion is what it was before")
        assert aliases() == {"champion": 2}
        await pilot.press("p")
        await comes(pilot, PromoteModal)
        app.screen.query_one(Input).value = "latest"
        await pilot.press("enter")
        await until(pilot, lambda: "latest" in str(app.screen.query_one(".modal--keys").render()))
        app.screen.query_one(Input).value = "shadow"
        await pilot.press("enter")
        await until(pilot, lambda: aliases() == {"champion": 2, "shadow": 3})
        await said(pilot, "wine@shadow is version 3")
        await pilot.press("z")
        await until(pilot, lambda: aliases() == {"champion": 2})


async def test_marked_versions_are_compared(registered: Store, app_of: MAKE) -> None:
    app = app_of(registered)
    async with on_wine(app, "d") as pilot:
        await said(pilot, "Mark two or more versions of different runs")
        await pilot.press("space", "space", "d")
        await comes(pilot, CompareScreen)
        await until(pilot, lambda: "compare 2 runs" in screen_text(app))
        await pilot.press("escape")
        await comes(pilot, VersionsScreen)
        assert "2 marked" in screen_text(app)
        await pilot.press("a")
        await until(pilot, lambda: "3 marked" in screen_text(app))
        await pilot.press("u")
        await until(pilot, lambda: "marked" not in screen_text(app))
    async with opened(app_of(registered), "d") as pilot:
        await said(pilot, "enter shows the versions")


async def test_deleting_a_version_says_that_there_is_no_undo(
    registered: Store, app_of: MAKE
) -> None:
    app = app_of(registered)
    async with on_wine(app, "j", "D") as pilot:
        await comes(pilot, ConfirmModal)
        shown = screen_text(app)
        assert "Delete wine version 2?" in shown and "@champion" in shown
        assert "This can't be undone" in shown
        await pilot.press("enter")
        await comes(pilot, VersionsScreen)  # Cancel comes first
        await pilot.press("D")
        await comes(pilot, ConfirmModal)
        await pilot.press("tab", "enter")
        await said(pilot, "Deleted wine version 2")
        await until(pilot, lambda: rows(app).row_count == 2)
        with pytest.raises(NotFound):
            version(registered, 2)
        await pilot.press("z")
        await said(pilot, "Nothing to undo")


async def test_deleting_a_model_names_its_versions(registered: Store, app_of: MAKE) -> None:
    app = app_of(registered)
    async with opened(app, "j", "D") as pilot:
        await comes(pilot, ConfirmModal)
        assert "Delete wine?" in screen_text(app) and "version 3  runs:/" in screen_text(app)
        await pilot.press("tab", "enter")
        await said(pilot, "Deleted wine")
        assert [model.name for model in registered.registry.list_models()] == ["outside"]


@pytest.mark.parametrize("on_version", [True, False], ids=["version", "model"])
async def test_tags_and_description_are_edited_and_undone(
    registered: Store, app_of: MAKE, on_version: bool
) -> None:
    app = app_of(registered)

    def found() -> Any:
        return version(registered, 3) if on_version else registered.registry.get_model("wine")

    tags, description = dict(found().tags), found().description
    async with on_wine(app) if on_version else opened(app, "j") as pilot:
        await pilot.press("t")
        await comes(pilot, TagsModal)
        assert f"Tags of wine{' version 3' if on_version else ''}" in screen_text(app)
        app.screen.query_one(Input).value = "team=red"
        await pilot.press("enter", "enter")
        await said(pilot, "Changed 1 tag of wine")
        assert found().tags == {**tags, "team": "red"}
        await pilot.press("z")
        await said(pilot, "undone")
        assert found().tags == tags
        await pilot.press("e")
        await comes(pilot, NoteModal)
        app.screen.query_one(TextArea).text = "for dinner"
        await pilot.press("ctrl+s")
        await said(pilot, "Changed the description of wine")
        assert found().description == "for dinner"
        await pilot.press("z")
        await until(pilot, lambda: found().description == description)


async def test_serve_offers_the_aliases_and_the_newest(registered: Store, app_of: MAKE) -> None:
    app = app_of(registered)
    async with opened(app, "j", "s") as pilot:
        await comes(pilot, ChooseModal)
        await until(pilot, lambda: "@champion  version 2" in screen_text(app))
        assert "newest     version 3" in screen_text(app)
        await pilot.press("enter")
        await comes(pilot, ServeModal)
        await until(pilot, lambda: "Serve models:/wine@champion" in screen_text(app))
        await pilot.press("escape", "enter", "s")
        await comes(pilot, ServeModal)
        await until(pilot, lambda: "Serve models:/wine/3" in screen_text(app))
        await pilot.press("escape", "1", "2", "2", "g", "s")
        await said(pilot, "serve it with: tuiflow serve -m models:/outside/1")


async def test_copy_gives_the_address(registered: Store, app_of: MAKE) -> None:
    app = app_of(registered)
    async with on_wine(app, "j", "y") as pilot:
        await until(pilot, lambda: app.clipboard == "models:/wine/2")
        await pilot.press("escape", "y")
        await until(pilot, lambda: app.clipboard == "models:/wine/3")


async def test_a_version_of_no_run_says_so(registered: Store, app_of: MAKE) -> None:
    app = app_of(registered)
    async with opened(app, "g", "enter") as pilot:
        await comes(pilot, VersionsScreen)
        await until(pilot, lambda: "/models/outside" in screen_text(app))
        await pilot.press("enter")
        await said(pilot, "The run of version 1 is not in this store")


async def test_retrain_asks_as_run_again_does(registered: Store, app_of: MAKE) -> None:
    app = app_of(registered)
    async with on_wine(app, "R") as pilot:
        await said(pilot, "Run able-crane-41 recorded no command")


async def test_a_model_that_goes_is_told(registered: Store, app_of: MAKE) -> None:
    app = app_of(registered)
    async with on_wine(app) as pilot:
        other = Store(registered.database)
        other.registry.delete_model("wine")
        other.close()
        await until(pilot, lambda: "not registered any more" in screen_text(app))
        await pilot.press("s")
        await said(pilot, "There is no registered model here")


async def test_hostile_names_are_text(seeded: Store, app_of: MAKE) -> None:
    seeded.registry.create_model("[red]\x1b[31mwine\n[b]", None, "\x1b]0;title\x07")
    app = app_of(seeded)
    async with opened(app, "D") as pilot:
        await comes(pilot, ConfirmModal)
        shown = screen_text(app)
        assert "\x1b" not in shown and "[red]␛[31mwine␊[b]" in shown


# the look


async def _settled(pilot: Pilot[object]) -> None:
    await pilot.pause(0.2)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause(0.1)


def look(*keys: str, shows: str) -> Callable[[Pilot[object]], Any]:
    async def run(pilot: Pilot[object]) -> None:
        await pilot.press("2")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelsScreen))
        await _settled(pilot)
        for key in keys:
            await pilot.press(key)
            await _settled(pilot)
        await until(pilot, lambda: shows in screen_text(pilot.app))
        await _settled(pilot)

    return run


@SIZES
def test_look_of_models(
    registered: Store, app_of: MAKE, snap_compare: Any, size: tuple[int, int]
) -> None:
    steps = look("j", shows="@champion 2")
    assert snap_compare(app_of(registered), terminal_size=size, run_before=steps)


@SIZES
def test_look_of_versions(
    registered: Store, app_of: MAKE, snap_compare: Any, size: tuple[int, int]
) -> None:
    steps = look("j", "enter", "space", shows="bold-otter-3")
    assert snap_compare(app_of(registered), terminal_size=size, run_before=steps)


@SIZES
def test_look_without_models(
    seeded: Store, app_of: MAKE, snap_compare: Any, size: tuple[int, int]
) -> None:
    steps = look(shows="No model is registered yet.")
    assert snap_compare(app_of(seeded), terminal_size=size, run_before=steps)


def test_look_of_promoting(registered: Store, app_of: MAKE, snap_compare: Any) -> None:
    steps = look("j", "enter", "p", shows="Promote wine version 3")
    assert snap_compare(app_of(registered), terminal_size=(80, 24), run_before=steps)
