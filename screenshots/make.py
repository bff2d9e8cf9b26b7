"""Make the pictures in this folder from the demo's runs: `.venv/bin/python screenshots/make.py`.

The demo is trained into a temporary store, the app is driven by keys as a person would, and each
screen is written as SVG in two sizes, those of the README in a third one. Words after the command
are the names of the pictures to make, all of them without.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from tuiflow.demo.fill import RUNS, fill
from tuiflow.protocols import RunQuery
from tuiflow.serving.process import HealthState, free_port, health, list_servers, stop
from tuiflow.store import Store, database_path, processes
from tuiflow.tracking import context
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.views import save_last_experiment

FOLDER = Path(__file__).parent
SIZES = ((80, 24), (160, 48))
README_SIZE = (120, 40)
README_SHOTS = ("runs", "compare", "servers")
Steps = Callable[[Pilot[object]], Awaitable[None]]


def shown(pilot: Pilot[object]) -> str:
    """What stands on the screen."""
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join(line.text for line in lines)


async def wait(pilot: Pilot[object], text: str) -> None:
    """Wait until `text` stands on the screen and the workers are done."""
    for _ in range(1000):
        if text in shown(pilot):
            break
        await pilot.pause(0.02)
    else:
        raise SystemExit(f"{text!r} never came:\n{shown(pilot)}")
    with contextlib.suppress(WorkerCancelled):  # a newer question has taken its place
        await pilot.app.workers.wait_for_complete()
    await pilot.pause(0.6)


async def runs(pilot: Pilot[object]) -> None:
    await pilot.press("slash", *"metrics.rmse < 82", "enter")
    await wait(pilot, "of 21")
    await pilot.press(*"lllllog")
    await wait(pilot, "best")
    await pilot.press("space", "j", "space", "j")


async def mistake(pilot: Pilot[object]) -> None:
    await pilot.press("slash", *"metrics.rmse < 64 adn params.alpha = 0.1")
    await wait(pilot, "did you mean AND")


async def completion(pilot: Pilot[object]) -> None:
    await pilot.press("slash", *"metrics.rmse < 64 and params.")
    await wait(pilot, "params.model")


async def columns(pilot: Pilot[object]) -> None:
    await pilot.press("c")
    await wait(pilot, "Columns")


async def nested(pilot: Pilot[object]) -> None:
    await wait(pilot, "random-search")
    await pilot.press("j")


async def light(pilot: Pilot[object]) -> None:
    await pilot.press("colon", *"light or dark", "enter")
    await pilot.pause(0.3)


async def scatter(pilot: Pilot[object]) -> None:
    await pilot.press("C")
    await wait(pilot, "against")
    await pilot.press("right")
    await wait(pilot, "◆")


async def why(pilot: Pilot[object]) -> None:
    await pilot.press("I")
    await wait(pilot, "explains")


async def groups(pilot: Pilot[object]) -> None:
    await pilot.press("b")
    await wait(pilot, "Group by")
    await pilot.press(*"l1_ratio", "enter")
    await wait(pilot, "mean")


async def tags(pilot: Pilot[object]) -> None:
    await pilot.press("v", *"jjj", "v", "t")
    await wait(pilot, "Tags of 4 runs")


async def compare(pilot: Pilot[object]) -> None:
    await pilot.press("space", *"jjjj", "space", *"jjjj", "space", "d")
    await wait(pilot, "compare 3 runs")


async def tab(pilot: Pilot[object], times: int, text: str) -> None:
    await pilot.press("enter")
    await wait(pilot, "Overview")
    await pilot.press(*["right_square_bracket"] * times)
    await wait(pilot, text)


async def run(pilot: Pilot[object]) -> None:
    await tab(pilot, 0, "experiment")


async def metrics(pilot: Pilot[object]) -> None:
    await tab(pilot, 1, "train/loss")
    await pilot.press("j", "space", "j", "j", "space")
    await wait(pilot, "val/loss")


async def artifacts(pilot: Pilot[object]) -> None:
    await tab(pilot, 3, "history.csv")
    await pilot.press("G", "k")
    await wait(pilot, "epoch")


async def model(pilot: Pilot[object]) -> None:
    await tab(pilot, 4, "load or serve it")


async def code(pilot: Pilot[object]) -> None:
    await tab(pilot, 5, "commit")
    await wait(pilot, "learning_rate")


async def log(pilot: Pilot[object]) -> None:
    await tab(pilot, 6, "epoch")


async def servers(pilot: Pilot[object]) -> None:
    app = pilot.app
    assert isinstance(app, TuiflowApp)
    await pilot.press("s")
    await wait(pilot, "port")
    port = free_port(5001)
    await pilot.press(*str(port), "enter")
    for _ in range(1500):
        found = list_servers(app.store)
        if found and health(found[0]).state is HealthState.HEALTHY:
            break
        await pilot.pause(0.02)
    await wait(pilot, "healthy")
    await pilot.press("i")
    await wait(pilot, "predictions")


async def models(pilot: Pilot[object]) -> None:
    app = pilot.app
    assert isinstance(app, TuiflowApp)
    chosen = (("m", "linear"), ("jjm", "linear"), ("jm", "linear"), ("jm", "ridge"))
    for count, (keys, name) in enumerate(chosen, start=1):
        await pilot.press(*keys)
        await wait(pilot, "registered model")
        await pilot.press(*name, "enter")
        while len(app.store.registry.list_versions()) < count:
            await pilot.pause(0.02)
        await wait(pilot, "took")
    await pilot.press("2")
    await wait(pilot, "2 registered models")
    app.store.registry.update_model("linear", "Progression of diabetes within a year")
    app.store.registry.update_version("linear", 3, "the one with the smallest weights")
    await pilot.press("g", "enter", "j", "p")
    await wait(pilot, "Promote")
    await pilot.press("enter")
    await wait(pilot, "@champion")
    await pilot.press("escape")
    await wait(pilot, "champion 2")


async def versions(pilot: Pilot[object]) -> None:
    await models(pilot)
    await pilot.press("enter")
    await wait(pilot, "@champion")


async def help_(pilot: Pilot[object]) -> None:
    await pilot.press("question_mark")
    await wait(pilot, "Keys")


SHOTS: dict[str, tuple[str, Steps]] = {
    "runs": ("diabetes", runs),
    "mistake": ("diabetes", mistake),
    "completion": ("diabetes", completion),
    "columns": ("diabetes", columns),
    "nested": ("breast-cancer", nested),
    "light": ("diabetes", light),
    "tags": ("diabetes", tags),
    "scatter": ("breast-cancer", scatter),
    "why": ("breast-cancer", why),
    "groups": ("diabetes", groups),
    "compare": ("diabetes", compare),
    "run": ("digits", run),
    "metrics": ("digits", metrics),
    "artifacts": ("digits", artifacts),
    "model": ("digits", model),
    "code": ("digits", code),
    "log": ("digits", log),
    "servers": ("diabetes", servers),
    "models": ("diabetes", models),
    "versions": ("diabetes", versions),
    "help": ("diabetes", help_),
}


KNOWN = {
    "mlflow.user": "ada",
    "mlflow.source.type": "LOCAL",
    "mlflow.source.name": "/home/ada/digits/train.py",
    "mlflow.source.git.commit": "9b1c4e2a07d35f86c1be40927ad85e6f3301c4de",
    "mlflow.source.git.branch": "main",
    "mlflow.source.git.dirty": "true",
    "mlflow.source.git.repoURL": "https://git.example.org/ada/digits.git",
    "tuiflow.host": "gpu-07",
    "tuiflow.command": "python train.py",
    "tuiflow.cwd": "/home/ada/digits",
    "tuiflow.python": "3.11.7",
    "tuiflow.slurm.job_id": "48213",
    "tuiflow.gpu": "2 x NVIDIA A100-SXM4-80GB",
}
"""What the runs of the pictures know, in place of what this machine and user are."""

PATCH = """\
diff --git a/train.py b/train.py
index 3f1c9d2..a41be07 100644
--- a/train.py
+++ b/train.py
@@ -18,7 +18,8 @@ def train(rate: float, epochs: int) -> None:
     model = MLPClassifier(
         hidden_layer_sizes=(64,),
-        learning_rate="constant",
+        learning_rate="adaptive",
+        early_stopping=True,
         learning_rate_init=rate,
     )
"""


def keep_code(database: Path) -> None:
    """Give the runs a patch and packages, as those of a script in a repository have."""
    store = Store(database)
    for run in store.search_runs(RunQuery()):
        store.contents.put(run.info.run_id, "patch", "", PATCH.encode())
        store.contents.put(
            run.info.run_id, "packages", "", b"numpy==2.4.6\nscikit-learn==1.9.1\ntuiflow==0.1.0\n"
        )
    store.close()


async def shoot(store: Store, name: str, size: tuple[int, int]) -> None:
    """Drive the app to one screen and write its picture."""
    experiment, steps = SHOTS[name]
    found = store.get_experiment_by_name(experiment)
    assert found is not None
    save_last_experiment(store, found.experiment_id)
    newest = max(run.info.end_time or 0 for run in store.search_runs(RunQuery()))
    app = TuiflowApp(
        store,
        location_reason="the pictures are made from it",
        clock=lambda: newest + 3 * 60_000,
        host="gpu-07",
    )
    async with app.run_test(size=size) as pilot:
        await wait(pilot, experiment)
        await steps(pilot)
        await pilot.pause(0.3)
        title = f"{name}-{size[0]}x{size[1]}.svg"
        (FOLDER / title).write_text(app.export_screenshot(title="tuiflow"), encoding="utf-8")
        print(title)
    for server in list_servers(store):
        stop(store, server.server_id)


def main() -> None:
    wanted = sys.argv[1:] or list(SHOTS)
    os.environ["LOGNAME"] = "ada"
    context.run_tags = lambda: KNOWN
    context.capture = lambda store, run_id: None
    processes._machine = lambda: ("gpu-07", "a machine of the pictures")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder  # so that paths begin with ~
        print(f"training {RUNS} models")
        database = database_path(Path(folder) / "trained")
        fill(database, lambda: None)
        keep_code(database)
        for name in wanted:
            for size in (*SIZES, *([README_SIZE] if name in README_SHOTS else [])):
                # A copy, for the app remembers what one does with it.
                copy = Path(folder) / "demo"
                shutil.rmtree(copy, ignore_errors=True)
                store = Store(shutil.copytree(database.parent, copy) / database.name)
                asyncio.run(shoot(store, name, size))
                store.close()


if __name__ == "__main__":
    main()
