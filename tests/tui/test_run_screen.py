"""The Run screen over a real store: its tabs, live data, and what is missing or hostile."""

from __future__ import annotations

import json
import math
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import screen_text, until
from textual.pilot import Pilot
from textual.widgets import Static

from tuiflow.config import RUN_LOG
from tuiflow.entities import TAG_MODELS, TAG_NOTE, Metric, Param, Process, RunTag
from tuiflow.store import Store, open_store, runs
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.file_lines import FileLines
from tuiflow.tui.reader import Asks
from tuiflow.tui.screens.run import TABS, RunScreen
from tuiflow.tui.widgets.chart import Chart
from tuiflow.tui.widgets.rows import RowsView

MAKE = Callable[[Store], TuiflowApp]
START = 1_700_000_000_000

MLMODEL = """\
artifact_path: model
flavors:
  python_function:
    loader_module: mlflow.sklearn
    model_path: model.skops
    python_version: 3.11.7
  sklearn:
    pickled_model: model.skops
    serialization_format: skops
    sklearn_version: 1.7.0
mlflow_version: 3.1.0
model_uuid: a1
saved_input_example_info: {artifact_path: input_example.json}
signature:
  inputs: '[{"type": "double", "name": "alcohol", "required": true},
    {"type": "long", "name": "quality", "required": false}]'
  outputs: '[{"type": "double", "name": "prediction", "required": true}]'
utc_time_created: '2026-11-24 07:00:00.000000'
"""


@pytest.fixture
def run_id(store: Store, fixed: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """A finished run with a bit of everything, written by no process of this machine."""
    monkeypatch.setattr(runs, "this_process", lambda: Process("gpu-07", 4242, 1, "gone", 0))
    experiment = store.create_experiment("wine")
    found = store.create_run(experiment, "able-crane-41", START).info.run_id
    metrics = [
        Metric(key, value, START + step * 500, step)
        for step in range(120)
        for key, value in (
            ("train/loss", math.exp(-step / 30)),
            ("val/loss", math.exp(-step / 35) + 0.1),
        )
    ]
    store.log_batch(found, metrics=metrics)
    store.log_batch(
        found,
        metrics=[Metric("rmse", 0.75043, START + 60_000), Metric("system/cpu", 97.0, START)],
        params=[Param("alpha", "0.001"), Param("l1_ratio", "0.5"), Param("data", "w" * 300)],
        tags=[
            RunTag("team", "cellar"),
            RunTag(TAG_NOTE, "the first one\nbelow 0.76"),
            RunTag(TAG_MODELS, "model"),
        ],
    )
    for path, content in {
        "config.json": json.dumps({"alpha": 0.001, "layers": list(range(30))}),
        "predictions.csv": "id,quality,prediction\n" + "1,6,5.66\n" * 300,
        "report.md": "# Report\n\nSee [the site](https://example.org).\n",
        "notes/deep/hostile.txt": "\x1b]0;title\x07 plain [bold]markup[/]\n",
        "weights.bin": "\0\1\2" * 100,
        RUN_LOG: "".join(f"epoch {n}\n" for n in range(200)),
        "model/MLmodel": MLMODEL,
        "model/model.skops": "PK" + "x" * 1000,
    }.items():
        with store.writing_artifact(found, path) as part:
            part.write_text(content)
    store.finish_run(found, "FINISHED", START + 61_000)
    return found


def shown(pilot: Pilot[object]) -> str:
    return screen_text(pilot.app)


async def sees(pilot: Pilot[object], *texts: str) -> None:
    await until(pilot, lambda: all(text in shown(pilot) for text in texts))


class Opened:
    """The app with a Run screen pushed."""

    def __init__(self, app: TuiflowApp, run_id: str, size: tuple[int, int] = (120, 40)) -> None:
        self._app = app
        self._run_id = run_id
        self._context = app.run_test(size=size, notifications=True)

    async def __aenter__(self) -> Pilot[object]:
        pilot = await self._context.__aenter__()
        await self._app.push_screen(RunScreen(self._run_id))
        await pilot.pause()
        return pilot

    async def __aexit__(self, *error: object) -> None:
        await self._context.__aexit__(*error)


async def tab(pilot: Pilot[object], name: str) -> None:
    screen = pilot.app.screen
    assert isinstance(screen, RunScreen)
    for _ in range(len(TABS)):
        if screen.tab == name:
            return
        await pilot.press("]")
    raise AssertionError(f"no tab {name}; on the screen:\n{shown(pilot)}")


async def test_the_overview_tells_what_the_run_is(app_of: MAKE, store: Store, run_id: str):
    async with Opened(app_of(store), run_id) as pilot:
        await sees(pilot, "wine › able-crane-41", "✓ FINISHED", "took 1m 01s", run_id)
        await sees(pilot, "gpu-07, pid 4242", "alpha", "0.001", "team  cellar", "below 0.76")
        await sees(pilot, "rmse", "0.7504", "█")


async def test_a_long_experiment_name_leaves_room(app_of: MAKE, store: Store, run_id: str):
    found = store.create_run(store.create_experiment("n" * 240), "able-crane-42")
    async with Opened(app_of(store), found.info.run_id, (80, 24)) as pilot:
        await sees(pilot, f"{'n' * 39}… › able-crane-42")


async def test_tabs_turn_both_ways_and_by_click(app_of: MAKE, store: Store, run_id: str):
    async with Opened(app_of(store), run_id) as pilot:
        screen = pilot.app.screen
        seen = []
        for _ in TABS:
            seen.append(screen.tab)
            await pilot.press("]")
        assert seen == list(TABS)
        assert screen.tab == "Overview"
        await pilot.press("[")
        assert screen.tab == "Log"
        await pilot.click("TabLine", offset=(12, 0))
        assert screen.tab == "Metrics"


async def test_metrics_list_curves_first_and_draw_the_marked_ones(app_of, store, run_id):
    async with Opened(app_of(store), run_id) as pilot:
        await tab(pilot, "Metrics")
        await sees(pilot, "── train/loss", "min 0.01894 @ 119", "max 1 @ 0", "n 120")
        table = pilot.app.screen.query_one("#metrics", RowsView)
        assert [row.key for row in table._rows] == ["train/loss", "val/loss", "rmse", "system/cpu"]
        await pilot.press("space", "j", "space")
        await sees(pilot, "── train/loss  ╌╌ val/loss", "■ train/loss")
        await pilot.press("right")
        await sees(pilot, "step 59", "train/loss 0.1399", "val/loss 0.2853")
        await pilot.press("escape", "escape", "j")
        await sees(pilot, "rmse was logged once: 0.750430")


async def test_new_points_are_drawn_while_the_run_goes_on(app_of: MAKE, store: Store, fixed: None):
    run = store.create_run(store.create_experiment("live"), "calm-finch-12").info.run_id
    store.log_batch(run, metrics=[Metric("loss", 1.0 / (n + 1), START + n, n) for n in range(3)])
    async with Opened(app_of(store), run) as pilot:
        await tab(pilot, "Metrics")
        await sees(pilot, "⏵ live", "0.3333", "n 3")
        await pilot.press("right")
        chart = pilot.app.screen.query_one(Chart)
        cross = chart.cross
        # Another process would have a connection of its own, too.
        other = open_store(store.root)
        other.log_batch(run, metrics=[Metric("loss", 0.125, START + 9, 3)])
        await sees(pilot, "n 4", "last @ 3", "0.1250")
        assert chart.cross == cross
        other.log_batch(run, metrics=[Metric("acc", 0.5, START + 9, 3)])
        await sees(pilot, "acc")
        other.finish_run(run, "FINISHED")
        other.close()
        await until(pilot, lambda: "live" not in shown(pilot).split("\n", 2)[2])


async def test_a_killed_run_is_told_though_nothing_is_written(
    app_of: MAKE, store: Store, fixed: None, monkeypatch: pytest.MonkeyPatch
):
    run = store.create_run("0", "doomed").info.run_id
    store._heartbeat.stop()  # whose writes would have the screen read again
    monkeypatch.setattr("tuiflow.tui.screens.base.LOOK_SECONDS", 0.05)
    app = app_of(store)
    async with app.run_test(size=(120, 40)) as pilot:
        app.push_screen(RunScreen(run))
        await sees(pilot, "RUNNING")
        monkeypatch.setattr("tuiflow.store.loading.is_alive", lambda process, now: False)
        await sees(pilot, "STALE")


async def test_params_are_searched_and_written_out(app_of: MAKE, store: Store, run_id: str):
    async with Opened(app_of(store), run_id) as pilot:
        await tab(pilot, "Params")
        await sees(pilot, "alpha", "l1_ratio")
        await pilot.press("/", *"dat")
        await until(pilot, lambda: "l1_ratio" not in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: shown(pilot).count("w" * 100) >= 2)
        await pilot.press("/", *"zzz")
        await sees(pilot, "No param contains 'zzz'.")
        await pilot.press("escape")
        await sees(pilot, "l1_ratio")
        await pilot.press("s", "escape")


async def open_file(pilot: Pilot[object], path: str) -> None:
    """Open the folders on the way and put the cursor on the file."""
    tree = pilot.app.screen.query_one("#artifacts", RowsView)
    parts = path.split("/")
    for count in range(1, len(parts) + 1):
        key = "/".join(parts[:count])
        await until(pilot, lambda key=key: any(row.key == key for row in tree._rows))
        tree.go_to(key)
        await pilot.pause()
        if count < len(parts):
            await pilot.press("l")


async def test_artifacts_are_previewed_by_what_they_are(app_of: MAKE, store: Store, run_id: str):
    async with Opened(app_of(store), run_id) as pilot:
        await tab(pilot, "Artifacts")
        await sees(pilot, "▸ notes", "predictions.csv")
        await open_file(pilot, "config.json")
        await sees(pilot, "JSON · ", "▸ layers", "30 items")
        await open_file(pilot, "predictions.csv")
        await sees(pilot, "id  quality  prediction", "table, 300 rows")
        await open_file(pilot, "weights.bin")
        await sees(pilot, "binary file · 300 B", "nothing to show")
        await open_file(pilot, "report.md")
        await sees(pilot, "Markdown", "Report", "See the site.")
        await open_file(pilot, "notes/deep/hostile.txt")
        await sees(pilot, "␛]0;title␇ plain [bold]markup[/]")
        await pilot.press("h", "h")
        await until(pilot, lambda: "hostile.txt" not in shown(pilot))


async def test_the_lines_of_a_large_file_are_its_own(
    app_of: MAKE, store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in (("many.txt", "a line\n" * 300_000), ("one.txt", "word " * 600_000)):
        with store.writing_artifact(run_id, name) as part:
            part.write_text(content)
    async with Opened(app_of(store), run_id) as pilot:
        await tab(pilot, "Artifacts")
        await open_file(pilot, "many.txt")
        await sees(pilot, "300,000 lines")
        go_on, scan = threading.Event(), FileLines.scan
        monkeypatch.setattr(FileLines, "scan", lambda lines: go_on.wait(30) and scan(lines))
        try:
            await open_file(pilot, "one.txt")
            title = pilot.app.screen.query_one("#preview-title", Static)
            await until(pilot, lambda: str(title.render()).startswith("one.txt"))
            assert "lines" not in str(title.render())
        finally:
            go_on.set()
        await until(pilot, lambda: str(title.render()).endswith(" · 1 line"))


async def test_artifacts_that_lead_out_or_are_gone_are_told(
    app_of, store, run_id, tmp_path, monkeypatch
):
    secret = tmp_path / "secret.txt"
    secret.write_text("not for you")
    folder = store.artifact_folder(run_id)
    (folder / "link.txt").symlink_to(secret)
    (folder / "links").symlink_to(tmp_path)
    async with Opened(app_of(store), run_id) as pilot:
        await tab(pilot, "Artifacts")
        await open_file(pilot, "link.txt")
        await sees(pilot, "'link.txt' is a link that leads out of the run's folder")
        assert "not for you" not in shown(pilot)
        await open_file(pilot, "links")
        await sees(pilot, "'links' is a link that leads out of the run's folder")
        find = Store.artifact_path

        def gone(store: Store, run_id: str, path: str) -> Path:
            there = (folder / path).rename(tmp_path / "away")  # while it is still listed
            try:
                return find(store, run_id, path)
            finally:
                there.rename(folder / path)

        with monkeypatch.context() as patch:
            patch.setattr(Store, "artifact_path", gone)
            await open_file(pilot, "config.json")
            await sees(pilot, "There is no artifact 'config.json'")
        shutil.rmtree(folder)
        await pilot.press("r")
        await sees(pilot, "No artifacts were logged.")


async def test_a_large_folder_is_listed_in_part(app_of: MAKE, store: Store, run_id: str):
    folder = store.artifact_folder(run_id) / "many"
    folder.mkdir()
    for number in range(1500):
        (folder / f"{number:04}.txt").touch()
    async with Opened(app_of(store), run_id) as pilot:
        await tab(pilot, "Artifacts")
        await open_file(pilot, "many/0999.txt")
        await pilot.press("j")
        await sees(pilot, "… 500 more")


async def test_the_model_is_described_without_being_loaded(app_of, store, run_id):
    async with Opened(app_of(store), run_id) as pilot:
        await tab(pilot, "Model")
        await sees(pilot, "python_function, sklearn", "scikit-learn  1.7.0", "skops")
        await sees(pilot, f'tuiflow.pyfunc.load_model("runs:/{run_id}/model")')
        await sees(pilot, "input   alcohol     double", "quality     long    optional")


async def test_several_models_are_chosen_from_and_a_broken_one_is_told(app_of, store, run_id):
    with store.writing_artifact(run_id, "second/MLmodel") as part:
        part.write_text("flavors: [")
    store.log_batch(run_id, tags=[RunTag(TAG_MODELS, "model,second,gone")])
    async with Opened(app_of(store), run_id) as pilot:
        await tab(pilot, "Model")
        await sees(pilot, "second", "python_function, sklearn")
        await pilot.press("j")
        await sees(pilot, "is not valid YAML")
        await pilot.press("j")
        await sees(pilot, "There is no artifact 'gone'")


async def test_the_log_is_followed_while_the_run_writes_it(app_of, store, fixed):
    run = store.create_run(store.create_experiment("live"), "calm-finch-12").info.run_id
    path = store.artifact_file(run, RUN_LOG)
    async with Opened(app_of(store), run, (80, 24)) as pilot:
        await tab(pilot, "Log")
        await sees(pilot, "No log so far.")
        with path.open("w") as log:
            log.write("".join(f"line {number}\n" for number in range(100)))
            log.flush()
            await sees(pilot, "line 99", "100 lines", "following")
            log.write("\x1b[31mred\x1b[0m \x1b[2J\n 10%\r100%\n")
            log.flush()
            await sees(pilot, "red ␛[2J", "100%")
            await pilot.press("g")
            await sees(pilot, "line 0")
            log.write("line last\n")
            log.flush()
            await sees(pilot, "103 lines")
            assert "line 0" in shown(pilot) and "line last" not in shown(pilot)
            await pilot.press("G")
            await sees(pilot, "line last")


async def test_what_a_run_lacks_is_said_in_every_tab(app_of: MAKE, store: Store, fixed: None):
    run = store.create_run(store.create_experiment("bare"), "dire-moth-2", START).info.run_id
    store.finish_run(run, "FAILED", START + 200)
    async with Opened(app_of(store), run, (80, 24)) as pilot:
        await sees(pilot, "✗ FAILED", "none logged")
        for name, text in (
            ("Metrics", "No metrics were logged."),
            ("Params", "No params were logged."),
            ("Artifacts", "No artifacts were logged."),
            ("Model", "This run has no model."),
            ("Log", "This run has no log."),
        ):
            await tab(pilot, name)
            await sees(pilot, text)
        await pilot.press("s")
        await sees(pilot, "has no model to serve")


async def test_a_deleted_run_says_so_and_is_restored(app_of: MAKE, store: Store, run_id: str):
    store.delete_runs([run_id])
    async with Opened(app_of(store), run_id) as pilot:
        await sees(pilot, "deleted; U restores it")
        await pilot.press("e")
        await sees(pilot, "is deleted: U restores it")
        await pilot.press("U")
        await until(pilot, lambda: "deleted; U" not in shown(pilot))
        assert store.get_run(run_id).info.lifecycle_stage == "active"


async def test_a_run_that_is_not_there_is_no_dead_end(app_of: MAKE, store: Store, fixed: None):
    async with Opened(app_of(store), "f" * 32) as pilot:
        await sees(pilot, "This run is not in the store any more. esc goes back.")
        await pilot.press("]", "s", "escape", "escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, RunScreen))


async def test_names_from_a_run_are_never_markup(app_of: MAKE, store: Store, fixed: None):
    hostile = "[red]x[/] \x1b[31m"
    run = store.create_run(store.create_experiment("e"), hostile, START).info.run_id
    store.log_batch(
        run,
        params=[Param("p", hostile)],
        tags=[RunTag("t", hostile), RunTag(TAG_NOTE, hostile)],
        metrics=[Metric("m", 1.0, START), Metric("m", 2.0, START, 1)],
    )
    async with Opened(app_of(store), run) as pilot:
        await until(pilot, lambda: shown(pilot).count("[red]x[/] ␛[31m") >= 4)
        for name in ("Metrics", "Params", "Artifacts", "Model", "Log"):
            await tab(pilot, name)
            await sees(pilot, "[red]x[/] ␛[31m")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    ("name", "keys", "text"),
    [
        ("Overview", [], "l1_ratio"),
        ("Metrics", ["space", "j", "space", "S", "right"], "0.2853"),
        ("Params", [], "l1_ratio"),
        ("Artifacts", ["down", "down", "down", "down"], "id  quality  prediction"),
        ("Model", [], "python_function"),
        ("Log", [], "200 lines"),
    ],
    ids=["overview", "metrics", "params", "artifacts", "model", "log"],
)
def test_every_tab_looks_as_it_did(snap_compare, app_of, store, run_id, name, keys, text, size):
    async def prepare(pilot: Pilot[object]) -> None:
        await pilot.app.push_screen(RunScreen(run_id))
        await tab(pilot, name)
        await until(pilot, lambda: not asking(pilot))
        await pilot.press(*keys)
        await sees(pilot, text)
        await until(pilot, lambda: not asking(pilot))

    assert snap_compare(app_of(store), terminal_size=size, run_before=prepare)


@pytest.mark.parametrize(
    ("name", "text"),
    [("Metrics", "No metrics"), ("Artifacts", "No artifacts"), ("Model", "no model")],
    ids=["metrics", "artifacts", "model"],
)
def test_an_empty_run_looks_as_it_did(snap_compare, app_of, store, fixed, monkeypatch, name, text):
    monkeypatch.setattr(runs, "this_process", lambda: Process("gpu-07", 4242, 1, "gone", 0))
    run = store.create_run(store.create_experiment("bare"), "dire-moth-2", START).info.run_id
    store.finish_run(run, "FAILED", START + 200)

    async def prepare(pilot: Pilot[object]) -> None:
        await pilot.app.push_screen(RunScreen(run))
        await tab(pilot, name)
        await sees(pilot, text)

    assert snap_compare(app_of(store), terminal_size=(80, 24), run_before=prepare)


def asking(pilot: Pilot[object]) -> bool:
    """Whether a question to the store has no answer yet."""
    nodes = (pilot.app.screen, *pilot.app.screen.walk_children(Asks))
    return any(topic.running for node in nodes for topic in node._topics.values())
