"""The whole tutorial: run a project twice, compare in the app, serve with a key, ask with curl."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from wine import FEATURES, PROJECT, REAL_WINE, TUTORIAL, wine

import tuiflow
from tuiflow.entities import ServerInfo
from tuiflow.serving.process import free_port, list_servers, stop
from tuiflow.store import Store
from tuiflow.tui.app import TuiflowApp

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def shell(store: Store, tmp_path: Path) -> Call:
    def call(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "tuiflow", *arguments],
            cwd=tmp_path,
            env={**os.environ, "TUIFLOW_STORE": str(store.root)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, done.stderr
        return done

    return call


def post(port: int, content_type: str, body: object) -> object:
    """The tutorial's request by curl where there is one."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    done = subprocess.run(
        [
            curl, "-sS", "--max-time", "30", "-d", json.dumps(body), "-H",
            f"Content-Type:{content_type}", "-X", "POST", f"localhost:{port}/invocations",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def eventually(pilot: Pilot[None], check: Callable[[], object]) -> None:
    """Wait until `check` gives something true."""
    for _ in range(1500):
        if check():
            return
        await pilot.pause(0.02)
    raise AssertionError(f"never came true on {pilot.app.screen}")


async def test_the_tutorial(store: Store, shell: Call, tmp_path: Path) -> None:
    data = wine(tmp_path)
    settings = {"first": ("0.5", "0.5"), "second": ("0.001", "0.5")}
    for name, (alpha, l1_ratio) in settings.items():
        shell(
            "run", str(PROJECT), "--run-name", name, "--experiment", "wine",
            "-P", f"alpha={alpha}", "-P", f"l1_ratio={l1_ratio}", "-P", f"data={data}",
        )  # fmt: skip
    listed = json.loads(shell("runs", "--sort", "metrics.rmse", "--format", "json").stdout)
    assert {run["run_name"] for run in listed} == set(settings)
    by_name = {run["run_name"]: run for run in listed}
    if data == REAL_WINE:
        assert by_name["first"]["metrics"] == pytest.approx(
            {"rmse": 0.82224284975954, "mae": 0.6278761410160693, "r2": 0.12678721972772677},
            rel=1e-9,
        )
        assert by_name["second"]["metrics"]["rmse"] == pytest.approx(0.7504340478812797, rel=1e-9)
        assert shell("show", "best:rmse", "--format", "json").stdout.count('"second"')
    shell("run", str(PROJECT), "-P", "aplha=1", "--strict", code=2)
    assert len(json.loads(shell("runs", "--format", "json").stdout)) == 2

    app = TuiflowApp(store, location_reason="a test names it")
    async with app.run_test(size=(120, 40)) as pilot:
        from tuiflow.tui.screens.compare import CompareScreen
        from tuiflow.tui.screens.runs import RunsScreen
        from tuiflow.tui.screens.servers import ServersScreen
        from tuiflow.tui.widgets.run_table import RunTable

        await eventually(
            pilot, lambda: isinstance(app.screen, RunsScreen) and app.screen.query_one(RunTable).run
        )
        await pilot.press("space", "j", "space", "d")
        await eventually(pilot, lambda: isinstance(app.screen, CompareScreen))
        await pilot.press("escape")
        await eventually(pilot, lambda: isinstance(app.screen, RunsScreen))

        assert app.screen.query_one(RunTable).run.info.run_name == "first"  # type: ignore[union-attr]
        port = free_port(5601)
        await pilot.press("s")
        await eventually(pilot, lambda: app.screen.query("#serve-port"))
        await pilot.press(*str(port), "enter")
        await eventually(pilot, lambda: isinstance(app.screen, ServersScreen))

        def ready() -> ServerInfo | None:
            from tuiflow.serving.process import HealthState, health

            servers = [item for item in list_servers(store) if item.port == port]
            return (
                servers[0] if servers and health(servers[0]).state is HealthState.HEALTHY else None
            )

        await eventually(pilot, ready)

        old = post(port, "application/json; format=pandas-split", TUTORIAL)
        assert isinstance(old, list)
        if data == REAL_WINE:
            assert old == pytest.approx([5.655099099229192], rel=1e-9)
        new = post(port, "application/json", {"dataframe_split": TUTORIAL})
        assert new == {"predictions": old}
        records = [dict(zip(FEATURES, TUTORIAL["data"][0], strict=True))]
        assert post(port, "application/json", {"dataframe_records": records}) == new
        wrong = post(port, "application/json", {"dataframe_records": [{"pH": 3.0}]})
        assert isinstance(wrong, dict)
        assert wrong["error_code"] == "INVALID_PARAMETER_VALUE"
        assert "fixed acidity" in wrong["message"]

        tuiflow.set_tracking_uri(store.root)
        model = tuiflow.pyfunc.load_model(f"runs:/{by_name['first']['run_id']}/model")
        import pandas as pd

        [own] = model.predict(pd.DataFrame(TUTORIAL["data"], columns=FEATURES))
        assert math.isclose(float(own), old[0], rel_tol=1e-12)

        [listed_server] = json.loads(shell("servers", "--format", "json").stdout)
        assert listed_server["url"].endswith(f":{port}")
        await pilot.press("X")
        await eventually(pilot, lambda: not list_servers(store))

    differences = json.loads(shell("diff", "first", "second", "--format", "json").stdout)
    assert "alpha" in json.dumps(differences)
    for server in list_servers(store):
        stop(store, server.server_id)
