"""What is done with marked runs, key by key, and how it is taken back."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from driving import messages, names, screen_text, until
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tuiflow.entities import TAG_NOTE, TAG_PARENT, LifecycleStage, Run, RunTag, ViewType
from tuiflow.errors import InvalidInput, NotFound, StoreError
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, many, pieces
from tuiflow.store.keys import Keys
from tuiflow.tui import bulk, run_changes
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.confirm import ConfirmModal
from tuiflow.tui.modals.export_runs import ExportRunsModal
from tuiflow.tui.modals.names import MoveModal
from tuiflow.tui.modals.note import NoteModal
from tuiflow.tui.modals.notes import NotesModal
from tuiflow.tui.modals.progress import ProgressModal
from tuiflow.tui.modals.register import RegisterModal
from tuiflow.tui.modals.rerun import RerunModal
from tuiflow.tui.modals.tags import TagsModal
from tuiflow.tui.screens.run import RunScreen
from tuiflow.tui.screens.runs import RunsScreen
from tuiflow.tui.views import save_last_experiment
from tuiflow.tui.widgets.experiments import Experiments
from tuiflow.tui.widgets.rows import RowsView

MLMODEL = "artifact_path: model\nflavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"


def run(store: Store, name: str) -> Run:
    found = [item for item in store.search_runs(RunQuery()) if item.info.run_name == name]
    return found[0]


def give_model(store: Store, name: str, path: str = "model") -> str:
    run_id = run(store, name).info.run_id
    with store.writing_artifact(run_id, f"{path}/MLmodel") as file:
        file.write_text(MLMODEL)
    return run_id


@asynccontextmanager
async def opened(app: TuiflowApp, experiment: str = "wine") -> AsyncIterator[Pilot[object]]:
    found = app.store.get_experiment_by_name(experiment)
    save_last_experiment(app.store, found and found.experiment_id)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = app.screen
        assert isinstance(screen, RunsScreen)
        await until(pilot, lambda: screen.table.keys and not screen.waiting("runs"))
        await until(pilot, lambda: screen.query_one(Experiments).row_count)
        yield pilot


async def said(pilot: Pilot[object], text: str) -> None:
    assert isinstance(pilot.app, TuiflowApp)
    app = pilot.app
    await until(pilot, lambda: text in messages(app))


# move


async def test_marked_runs_move_and_come_back_to_where_each_was(app: TuiflowApp) -> None:
    async with opened(app, "digits") as pilot:
        await pilot.press("tab", "g", "enter")
        await until(pilot, lambda: len(names(app)) == 14)
        moved = ["deep-panda-1", "bold-otter-7"]
        before = {name: run(app.store, name).info.experiment_name for name in moved}
        assert set(before.values()) == {"digits", "wine"}
        for name in moved:
            await pilot.press("g", *"j" * names(app).index(name), "space")
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, MoveModal))
        assert "Move 2 runs to" in screen_text(app)
        await pilot.press(*"grid", "enter")
        await said(pilot, "Moved 2 runs to grid-search · z undoes it")
        assert {run(app.store, name).info.experiment_name for name in moved} == {"grid-search"}
        await pilot.press("z")
        await said(pilot, "Moved 2 runs back to where they were")
        assert {name: run(app.store, name).info.experiment_name for name in moved} == before


async def test_a_new_experiment_is_made_for_them_and_goes_with_the_undo(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, MoveModal))
        offered = app.screen.query_one("#names", RowsView)
        assert offered.row_count == 3, "not where it is already"
        await pilot.press(*"cellar")
        await until(pilot, lambda: "a new experiment" in screen_text(app))
        await pilot.press("enter")
        await said(pilot, "Moved able-crane-41 to cellar")
        assert run(app.store, "able-crane-41").info.experiment_name == "cellar"
        await pilot.press("z")
        await said(pilot, "back to where they were")
        assert run(app.store, "able-crane-41").info.experiment_name == "wine"
        assert "cellar" not in {item.name for item in app.store.list_experiments()}


# register


async def test_a_model_is_registered_with_an_alias_and_unregistered(app: TuiflowApp) -> None:
    run_id = give_model(app.store, "able-crane-41")
    async with opened(app) as pilot:
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, RegisterModal))
        await pilot.press(*"a/b", "enter")
        await until(pilot, lambda: "/" in str(app.screen.query_one(".modal--keys").render()))
        app.screen.query_one("#name", Input).value = "wine"
        await until(pilot, lambda: "a new registered model" in screen_text(app))
        await pilot.press("tab", *"champion", "enter")
        await said(pilot, "Registered able-crane-41 as wine version 1 @champion")
        version = app.store.registry.get_version_by_alias("wine", "champion")
        assert (version.run_id, version.version) == (run_id, 1)
        await until(
            pilot, lambda: "wine v1 @champion" in screen_text(app).split("able-crane-41")[2]
        )
        await pilot.press("z")
        await said(pilot, "Registered able-crane-41: undone")
        with pytest.raises(NotFound):
            app.store.registry.get_model("wine")


async def test_each_marked_run_becomes_a_version_of_a_model_chosen_by_typing(
    app: TuiflowApp,
) -> None:
    registry = app.store.registry
    registry.create_model("wine-quality")
    for name in ("able-crane-41", "bold-otter-3"):
        give_model(app.store, name)
    app.store.delete_tag(run(app.store, "bold-otter-7").info.run_id, "tuiflow.models")
    async with opened(app) as pilot:
        await pilot.press("space", "space", "space", "m")
        await until(pilot, lambda: isinstance(app.screen, RegisterModal))
        assert "1 run without a model: left out" in " ".join(screen_text(app).split())
        assert not app.screen.query("#alias")
        await pilot.press("down", *"QUAL")
        await until(pilot, lambda: app.screen.query_one("#names", RowsView).row_count == 2)
        await pilot.press("down", "enter")
        await said(pilot, "Registered 2 of 3 runs as wine-quality versions 1 to 2")
        made = [version.run_id for version in registry.list_versions("wine-quality")]
        assert made == [run(app.store, n).info.run_id for n in ("able-crane-41", "bold-otter-3")]
        await pilot.press("z")
        await said(pilot, "undone")
        assert registry.get_model("wine-quality") and not registry.list_versions("wine-quality")


async def test_an_alias_goes_back_to_the_version_that_had_it(app: TuiflowApp) -> None:
    run_id = give_model(app.store, "able-crane-41")
    row = app.store.row_key(run_id)
    first = run_changes.Register(app.store, [row], "wine", "champion")
    assert list(first.do()) == [1]
    second = run_changes.Register(app.store, [row], "wine", "champion")
    assert list(second.do()) == [1]
    assert app.store.registry.get_model("wine").aliases == {"champion": 2}
    list(second.undo())
    assert app.store.registry.get_model("wine").aliases == {"champion": 1}
    assert [item.version for item in app.store.registry.list_versions("wine")] == [1]


async def test_a_run_without_a_model_says_how_to_get_one(app: TuiflowApp) -> None:
    async with opened(app, "digits") as pilot:
        await pilot.press("m")
        await said(pilot, "has no model to register: log one with")


async def test_what_was_registered_before_a_model_is_missing_stays_and_is_undone(
    app: TuiflowApp,
) -> None:
    give_model(app.store, "able-crane-41")
    async with opened(app) as pilot:
        await pilot.press("space", "space", "m")
        await until(pilot, lambda: isinstance(app.screen, RegisterModal))
        await pilot.press(*"wine", "enter")
        await said(pilot, "Registered 1 of 2 runs as wine version 1")
        assert "model" in messages(app).splitlines()[-1]
        await pilot.press("z")
        await until(pilot, lambda: not app.store.registry.list_models())


# notes and tags


async def test_a_note_is_added_to_several_or_replaces_theirs(app: TuiflowApp) -> None:
    def notes() -> list[str]:
        return [run(app.store, name).note for name in ("able-crane-41", "bold-otter-7")]

    async with opened(app) as pilot:
        await pilot.press("space", "space", "e")
        await until(pilot, lambda: isinstance(app.screen, NotesModal))
        app.screen.query_one(TextArea).text = "too sour"
        await pilot.press("escape")
        await until(pilot, lambda: "esc again throws it away" in screen_text(app))
        await pilot.press("ctrl+s")
        await said(pilot, "Changed the note of 2 runs")
        assert notes() == ["the first one below 0.76\n\ntoo sour", "too sour"]
        await pilot.press("z")
        await said(pilot, "undone")
        assert notes() == ["the first one below 0.76", ""]
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, NotesModal))
        app.screen.query_one(TextArea).text = "gone"
        await pilot.press("ctrl+r")
        await until(pilot, lambda: notes() == ["gone", "gone"])


# export


async def test_export_in_every_format_with_artifacts(
    app: TuiflowApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run_id = give_model(app.store, "able-crane-41")
    async with opened(app) as pilot:
        await pilot.press("space", "space", "x")
        await until(pilot, lambda: isinstance(app.screen, ExportRunsModal))
        assert "Write 2 marked runs" in screen_text(app) and "CSV: a row a run" in screen_text(app)
        await pilot.press("ctrl+f", "ctrl+t")
        await until(pilot, lambda: "JSON: all of each run" in screen_text(app))
        assert "copied to wine-artifacts/RUN_ID" in screen_text(app)
        await pilot.press("enter")
        await said(pilot, "Wrote 2 runs to wine.json, their artifacts to wine-artifacts/")
        assert "no undo" in messages(app)
        records = json.loads(Path("wine.json").read_text())
        assert [item["run_name"] for item in records] == ["able-crane-41", "bold-otter-7"]
        assert (Path("wine-artifacts") / run_id / "model/MLmodel").read_text() == MLMODEL
        await pilot.press("u", "x")
        await until(pilot, lambda: isinstance(app.screen, ExportRunsModal))
        app.screen.query_one(Input).value = "all.txt"
        await pilot.press("enter")
        await until(pilot, lambda: "ends with .csv, .json or .md" in screen_text(app))
        app.screen.query_one(Input).value = "all.md"
        await pilot.press("enter")
        await said(pilot, "Wrote 7 runs to all.md")
        assert Path("all.md").read_text().count("# ") == 7


async def test_exported_artifacts_replace_nothing_unasked(
    app: TuiflowApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = (give_model(app.store, name) for name in ("able-crane-41", "bold-otter-7"))
    mine = Path("wine-artifacts") / first / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("kept")
    (Path("wine-artifacts") / "notes").mkdir()

    async def write(*keys: str) -> None:
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ExportRunsModal))
        await pilot.press("ctrl+t", "enter")
        await until(pilot, lambda: "there: enter replaces, ctrl+n keeps" in screen_text(app))
        await pilot.press(*keys)

    async with opened(app) as pilot:
        await pilot.press("space", "space")
        await write("escape")
        await until(pilot, lambda: not isinstance(app.screen, ExportRunsModal))
        assert mine.exists() and not Path("wine.csv").exists()
        await write("ctrl+n")
        await said(pilot, "to wine-artifacts/ (1 folder kept as it was)")
        assert mine.exists() and not (mine.parent / "model").exists()
        assert (Path("wine-artifacts") / second / "model/MLmodel").exists()
        Path("wine.csv").unlink()
        await write()
        assert "2 folders are there" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: (mine.parent / "model/MLmodel").exists() and not mine.exists())
        assert (Path("wine-artifacts") / "notes").is_dir(), "not a run's: nobody asked"


@pytest.mark.parametrize("form", ["json", "csv", "md"])
async def test_the_app_and_the_command_write_the_same(
    seeded: Store, tmp_path: Path, cli: Callable[..., object], form: str
) -> None:
    from tuiflow.store.run_files import RunFormat, export_runs

    experiment = seeded.get_experiment_by_name("grid-search")
    assert experiment is not None
    keys = seeded.search_keys(RunQuery((experiment.experiment_id,)))
    ours, theirs = tmp_path / f"ours.{form}", tmp_path / f"theirs.{form}"
    assert list(export_runs(seeded, keys, ours, RunFormat(form)))[-1] == len(keys)
    store = ("--store", str(seeded.database))
    cli("runs", "export", "-x", "grid-search", "--format", form, "-o", str(theirs), *store)
    assert ours.read_text() == theirs.read_text()


async def test_a_stopped_export_leaves_no_file(seeded: Store, tmp_path: Path) -> None:
    from tuiflow.store.run_files import RunFormat, export_runs

    path = tmp_path / "out" / "runs.json"
    path.parent.mkdir()
    path.write_text("what was there")
    keys = seeded.search_keys(RunQuery())
    progress = bulk.Progress("Writing", len(keys), 1, cancelled=True)
    progress.carry_out(lambda: export_runs(seeded, keys, path, RunFormat.JSON))
    assert (progress.done, progress.ended) == (1, True)
    assert path.read_text() == "what was there" and list(path.parent.iterdir()) == [path]


# with the runs nested in them


def newest(store: Store, count: int) -> list[Run]:
    wine = store.get_experiment_by_name("wine")
    assert wine is not None
    return store.search_runs(RunQuery((wine.experiment_id,)), count)


def shows(app: TuiflowApp, count: int) -> bool:
    return isinstance(app.screen, RunsScreen) and len(names(app)) == count


async def test_a_parent_is_deleted_alone_or_with_its_children(app: TuiflowApp) -> None:
    parent, *children = newest(app.store, 3)
    for child in children:
        app.store.log_batch(child.info.run_id, tags=[RunTag(TAG_PARENT, parent.info.run_id)])
    async with opened(app) as pilot:
        before = len(names(app))
        for tabs, gone in ((1, 1), (2, 3)):
            await pilot.press("g", "D")
            await until(pilot, lambda: "Delete all 3" in screen_text(app))
            assert "2 runs are nested in it" in screen_text(app)
            await pilot.press(*["tab"] * tabs, "enter")
            left = before - gone
            await until(
                pilot,
                lambda left=left: app.screen is app.screen_stack[0] and len(names(app)) == left,
            )
            await pilot.press("z")
            await until(pilot, partial(shows, app, before))


async def test_a_parent_is_moved_with_its_children(app: TuiflowApp) -> None:
    target = app.store.create_experiment("elsewhere")
    parent, child = newest(app.store, 2)
    app.store.log_batch(child.info.run_id, tags=[RunTag(TAG_PARENT, parent.info.run_id)])
    async with opened(app) as pilot:
        await pilot.press("g", "M")
        await until(pilot, lambda: isinstance(app.screen, MoveModal))
        await pilot.press(*"elsewhere", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("tab", "tab", "enter")
        await said(pilot, "Moved 2 runs to elsewhere")
    assert {run.info.run_id for run in app.store.search_runs(RunQuery((target,)))} == {
        parent.info.run_id,
        child.info.run_id,
    }


# in pieces


def small_pieces(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Change no more runs than that in one transaction."""
    for name in ("WHOLE", "FIRST", "MOST"):
        monkeypatch.setattr(pieces, name, size)
    monkeypatch.setattr(pieces, "AIM", 1e9)


@pytest.fixture
def slow(held: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Semaphore]:
    """Deleting goes run by run, and each waits for this to be released."""
    gate = threading.Semaphore(0)
    change = many.Delete.do

    def wait(
        self: many.Delete, conn: sqlite3.Connection, names: Keys, keys: Sequence[int]
    ) -> list[many.Was[int | None]]:
        assert gate.acquire(timeout=30)
        return change(self, conn, names, keys)

    small_pieces(monkeypatch, 1)
    monkeypatch.setattr(run_changes.Delete, "size", 1)
    monkeypatch.setattr(many.Delete, "do", wait)
    yield gate
    for _ in range(50):
        gate.release()


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
async def test_stopped_work_stays_as_far_as_it_came_and_is_undone(
    app: TuiflowApp, slow: threading.Semaphore, key: str
) -> None:
    async with opened(app) as pilot:
        await pilot.press("a", "D")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, ProgressModal))
        await until(pilot, lambda: "Deleting 7 runs" in screen_text(app))
        for _ in range(3):
            slow.release()
        await until(pilot, lambda: "3 of 7" in screen_text(app))
        await pilot.press(key)
        slow.release()
        await said(pilot, "Deleted 4 of 7 runs · z undoes it")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and len(names(app)) == 3)
        assert app.is_running
        await pilot.press("z")
        await said(pilot, "Restored 4 of 7 runs")
        await until(pilot, lambda: len(names(app)) == 7)


def test_work_that_fails_keeps_what_was_done(
    seeded: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pieces(monkeypatch, 2)
    keys = list(seeded.search_keys(RunQuery()))
    done: list[int] = []

    class Half(many.Change[None]):
        def do(
            self, conn: sqlite3.Connection, names: Keys, keys: Sequence[int]
        ) -> list[many.Was[None]]:
            if len(done) == 4:
                raise InvalidInput("no more")
            done.extend(keys)
            return [many.Was(key, b"", None, None) for key in keys]

        def take_back(
            self, conn: sqlite3.Connection, names: Keys, changed: Sequence[many.Was[None]]
        ) -> many.TakenBack[None]:
            del done[-len(changed) :]
            return many.TakenBack(len(changed))

    change = run_changes.StoreChange(seeded, keys, Half())
    progress = bulk.Progress("", len(keys), 2)
    progress.carry_out(change.do)
    assert (progress.done, change.count) == (4, 4)
    assert isinstance(progress.error, InvalidInput)
    assert list(change.undo()) == [2, 4] and change.count == 0
    assert done == []


def test_what_is_deleted_already_is_not_restored_by_the_undo(seeded: Store) -> None:
    keys = list(seeded.search_keys(RunQuery()))
    first = seeded.load_runs(keys[:1])[0].info.run_id
    seeded.delete_runs([first])
    change = run_changes.Delete(seeded, keys)
    list(change.do())
    assert change.count == len(keys) - 1
    list(change.undo())
    assert seeded.get_run(first).info.lifecycle_stage == LifecycleStage.DELETED
    assert len(seeded.search_keys(RunQuery())) == len(keys) - 1


def test_tags_of_a_run_that_differ_come_back(seeded: Store) -> None:
    keys = list(seeded.search_keys(RunQuery()))
    ids = [item.info.run_id for item in seeded.load_runs(keys)]
    for number, run_id in enumerate(ids[:3]):
        seeded.log_batch(run_id, tags=[RunTag("team", str(number))])
    before = [item.data.tags for item in seeded.load_runs(keys)]
    change = run_changes.SetTags(seeded, keys, {"team": "1", TAG_NOTE: None})
    list(change.do())
    assert {item.data.tags["team"] for item in seeded.load_runs(keys)} == {"1"}
    list(change.undo())
    assert [item.data.tags for item in seeded.load_runs(keys)] == before


def test_a_dialog_reads_a_few_and_counts_all(
    seeded: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = list(seeded.search_keys(RunQuery()))
    whole = bulk.choose(seeded, keys)
    monkeypatch.setattr(bulk, "FIRST", 2)
    chosen = bulk.choose(seeded, keys)
    assert chosen is not None and whole is not None
    assert (len(chosen), len(chosen.first), len(chosen.names)) == (14, 2, 2)
    assert chosen.title == "14 runs" and chosen.live == whole.live
    assert bulk.choose(seeded, [99_999]) is None
    assert len(bulk.choose(seeded, [keys[0], 99_999]) or ()) == 1


# undo, where others wrote in between


async def tag_marked(pilot: Pilot[object], tag: str) -> None:
    """Mark the first two runs, able-crane-41 and bold-otter-7, and set a tag of them."""
    app = pilot.app
    assert isinstance(app, TuiflowApp)
    await pilot.press("space", "space", "t")
    await until(pilot, lambda: isinstance(app.screen, TagsModal))
    await pilot.press(*tag, "enter", "enter")
    await said(pilot, "Changed 1 tag of 2 runs")


def tags_of(store: Store, name: str) -> dict[str, str]:
    query = RunQuery(view=ViewType.ALL)
    found = [item for item in store.search_runs(query) if item.info.run_name == name]
    return dict(found[0].data.tags)


async def test_tags_of_a_run_that_was_deleted_meanwhile_are_undone_too(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await tag_marked(pilot, "oops=1")
        app.store.delete_runs([run(app.store, "bold-otter-7").info.run_id])
        await pilot.press("z")
        await said(pilot, "Changed 1 tag of 2 runs: undone")
    assert "oops" not in tags_of(app.store, "able-crane-41")
    assert "oops" not in tags_of(app.store, "bold-otter-7")


async def test_tags_that_were_changed_since_are_not_undone(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await tag_marked(pilot, "lab=a")
        run_id = run(app.store, "bold-otter-7").info.run_id
        app.store.log_batch(run_id, tags=[RunTag("lab", "b")])
        await pilot.press("z")
        await said(pilot, "Changed 1 tag of 1 of 2 runs: undone · 1 run has changed since")
        await pilot.press("z")
        await said(pilot, "Nothing to undo")
    assert "lab" not in tags_of(app.store, "able-crane-41")
    assert tags_of(app.store, "bold-otter-7")["lab"] == "b"


async def test_a_note_that_was_changed_since_is_not_undone(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, NoteModal))
        app.screen.query_one(TextArea).text = "mine"
        await pilot.press("ctrl+s")
        await said(pilot, "Changed the note of able-crane-41")
        run_id = run(app.store, "able-crane-41").info.run_id
        app.store.log_batch(run_id, tags=[RunTag(TAG_NOTE, "theirs")])
        await pilot.press("z")
        await said(pilot, "Not undone: 1 run has changed since")
    assert run(app.store, "able-crane-41").note == "theirs"


async def test_a_run_that_was_moved_on_since_is_not_moved_back(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("space", "space", "M")
        await until(pilot, lambda: isinstance(app.screen, MoveModal))
        await pilot.press(*"grid", "enter")
        await said(pilot, "Moved 2 runs to grid-search")
        further = app.store.create_experiment("further")
        app.store.move_runs([run(app.store, "bold-otter-7").info.run_id], further)
        await pilot.press("z")
        await said(pilot, "Moved 1 of 2 runs back to where they were · 1 run has changed since")
    assert run(app.store, "able-crane-41").info.experiment_name == "wine"
    assert run(app.store, "bold-otter-7").info.experiment_name == "further"


async def test_runs_whose_experiment_is_deleted_move_back_once_it_is_restored(
    app: TuiflowApp,
) -> None:
    wine = app.store.get_experiment_by_name("wine")
    assert wine is not None
    async with opened(app) as pilot:
        await pilot.press("space", "space", "M")
        await until(pilot, lambda: isinstance(app.screen, MoveModal))
        await pilot.press(*"grid", "enter")
        await said(pilot, "Moved 2 runs to grid-search")
        app.store.delete_experiment(wine.experiment_id)
        await pilot.press("z")
        await said(pilot, "Not undone: The experiment wine is deleted; restore it first")
        app.store.restore_experiment(wine.experiment_id)
        await pilot.press("z")
        await said(pilot, "Moved 2 runs back to where they were")
    assert run(app.store, "able-crane-41").info.experiment_name == "wine"


async def test_runs_that_are_gone_for_good_are_not_told_of_as_restored(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        for left, told in ((1, "Restored 1 of 2 runs · 1 run is"), (0, "Not undone: 2 runs are")):
            await pilot.press("g", "space", "space", "D")
            await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
            await pilot.press("tab", "enter")
            await said(pilot, "Deleted 2 runs")
            kept = app.store.search_runs(RunQuery(view=ViewType.DELETED_ONLY))[:left]
            app.store.restore_runs([item.info.run_id for item in kept])
            app.store.upkeep.collect_garbage(0)
            await pilot.press("z")
            await said(pilot, f"{told} gone for good")


async def test_an_undo_that_failed_is_still_to_be_had(
    app: TuiflowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(app) as pilot:
        await tag_marked(pilot, "oops=1")
        with monkeypatch.context() as patch:

            def busy(*given: object) -> None:
                raise StoreError("The store is busy.")

            patch.setattr(many.SetTags, "take_back", busy)
            await pilot.press("z")
            await said(pilot, "The store is busy.")
        await pilot.press("z")
        await said(pilot, "Changed 1 tag of 2 runs: undone")
    assert "oops" not in tags_of(app.store, "able-crane-41")


async def test_a_run_of_a_deleted_experiment_is_not_restored_alone(app: TuiflowApp) -> None:
    wine = app.store.get_experiment_by_name("wine")
    assert wine is not None
    async with opened(app) as pilot:
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("tab", "enter")
        await said(pilot, "Deleted able-crane-41")
        app.store.delete_experiment(wine.experiment_id)
        for _ in range(2):
            await pilot.press("z")
            await said(pilot, "Not undone: The experiment wine is deleted; restore it first")
    gone = RunQuery((wine.experiment_id,), view=ViewType.DELETED_ONLY)
    keys = app.store.search_keys(gone)
    assert len(keys) == 7
    progress = bulk.Progress()
    progress.carry_out(run_changes.Restore(app.store, keys).do)
    assert progress.error is not None
    assert progress.error.message == "The experiment wine is deleted; restore it first."
    assert len(app.store.search_keys(gone)) == 7


async def test_a_note_that_another_wrote_meanwhile_is_shown_below_what_was_typed(
    app: TuiflowApp,
) -> None:
    run_id = run(app.store, "able-crane-41").info.run_id
    async with opened(app) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, NoteModal))
        app.screen.query_one(TextArea).text = "mine"
        app.store.log_batch(run_id, tags=[RunTag(TAG_NOTE, "theirs")])
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Changed meanwhile" in screen_text(app))
        assert app.screen.query_one(TextArea).text == "mine\n\ntheirs"
        assert run(app.store, "able-crane-41").note == "theirs"
        await pilot.press("escape")
        await until(pilot, lambda: "esc again throws it away" in screen_text(app))
        await pilot.press("ctrl+s")
        await said(pilot, "Changed the note of able-crane-41")
        assert run(app.store, "able-crane-41").note == "mine\n\ntheirs"
        await pilot.press("z")
        await said(pilot, "undone")
    assert run(app.store, "able-crane-41").note == "theirs"


async def test_a_note_that_could_not_be_written_is_still_in_the_dialog(app: TuiflowApp) -> None:
    run_id = run(app.store, "able-crane-41").info.run_id
    async with opened(app) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, NoteModal))
        app.screen.query_one(TextArea).text = "mine"
        app.store.delete_runs([run_id])
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "able-crane-41 is deleted" in screen_text(app))
        assert app.screen.query_one(TextArea).text == "mine"
        app.store.restore_runs([run_id])
        await pilot.press("ctrl+s")
        await said(pilot, "Changed the note of able-crane-41")
    assert run(app.store, "able-crane-41").note == "mine"


async def test_a_version_that_was_deleted_meanwhile_is_no_hindrance_to_the_undo(
    app: TuiflowApp,
) -> None:
    give_model(app.store, "able-crane-41")
    async with opened(app) as pilot:
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, RegisterModal))
        await pilot.press(*"wine", "enter")
        await said(pilot, "Registered able-crane-41 as wine version 1")
        app.store.registry.delete_version("wine", 1)
        await pilot.press("z")
        await said(pilot, "Registered able-crane-41: undone")
    assert not app.store.registry.list_models()


# run again


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "MLproject").write_text(
        "name: tiny\nentry_points:\n  main:\n"
        "    parameters:\n      alpha: {type: float, default: 1}\n"
        "    command: python train.py {alpha}\n"
    )
    (folder / "train.py").write_text(
        "import sys\nimport tuiflow\nprint('alpha is', sys.argv[1])\n"
        "tuiflow.log_metric('loss', float(sys.argv[1]))\n"
    )
    return folder


def tuiflow(*arguments: str, cwd: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "tuiflow", *arguments], cwd=cwd, check=True, capture_output=True
    )


async def test_a_project_is_run_again_with_other_params(
    store: Store, project: Path, app_of: Callable[[Store], TuiflowApp]
) -> None:
    tuiflow("run", ".", "--store", str(store.database), "-P", "alpha=2", cwd=project)
    first = store.search_runs(RunQuery())[0]
    app = app_of(store)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: names(app))
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, RerunModal))
        assert "It goes on when the app ends" in screen_text(app)
        await pilot.press("tab")
        await until(pilot, lambda: app.screen.query_one(Input).value == "alpha=2")
        await pilot.press("backspace", "5", "enter", "enter")
        await until(pilot, lambda: "has started" in messages(app), 60)
        await until(pilot, lambda: len(names(app)) == 2)
        await until(pilot, lambda: store.search_runs(RunQuery())[0].info.status == "FINISHED", 60)
    again = store.search_runs(RunQuery())[0]
    assert again.info.run_id != first.info.run_id
    assert again.data.params == {"alpha": "5"} and again.data.metrics == {"loss": 5.0}
    log = store.artifact_path(again.info.run_id, "logs/output.log").read_text()
    assert "alpha is 5" in log


async def test_what_keeps_a_run_from_starting_is_told(
    store: Store, project: Path, app_of: Callable[[Store], TuiflowApp]
) -> None:
    tuiflow("run", ".", "--store", str(store.database), cwd=project)
    (project / "MLproject").write_text("entry_points: 5\n")
    app = app_of(store)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: names(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, RerunModal))
        await pilot.press("enter")
        await until(pilot, lambda: "The run was not started" in messages(app), 60)
    assert len(store.search_runs(RunQuery())) == 1


async def test_a_plain_script_shows_its_command_first(app: TuiflowApp, tmp_path: Path) -> None:
    async with opened(app) as pilot:
        await pilot.press("R")
        await said(pilot, "recorded no command, so it can't be done again")
        command = f"{sys.executable} -c pass"
        tags = [RunTag("tuiflow.command", command), RunTag("tuiflow.cwd", str(tmp_path))]
        app.store.log_batch(run(app.store, "able-crane-41").info.run_id, tags=tags)
        await pilot.press("escape", "R")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        shown = screen_text(app)
        assert "Run this command again?" in shown and "-c pass" in shown
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))  # Cancel comes first


def test_rows_of_csv_are_those_of_the_marked_runs(seeded: Store, tmp_path: Path) -> None:
    from tuiflow.store.run_files import RunFormat, export_runs

    keys = list(seeded.search_keys(RunQuery()))[:3]
    path = tmp_path / "runs.csv"
    list(export_runs(seeded, keys, path, RunFormat.CSV))
    with path.open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["run_id"] for row in rows] == [r.info.run_id for r in seeded.load_runs(keys)]
