"""The examples, run as their users run them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
from wine import PROJECT, REAL_WINE, ROOT, make_wine

from tuiflow.entities import Run
from tuiflow.protocols import RunQuery
from tuiflow.store import Store

EXAMPLES = ROOT / "examples"

PUBLISHED = [
    (
        "0.5",
        "0.5",
        {"rmse": 0.82224284975954, "mae": 0.6278761410160693, "r2": 0.12678721972772677},
    ),
    ("0.001", "0.5", {"rmse": 0.7504340478812797}),
    ("0.1", "0.1", {"rmse": 0.7792546522251949}),
]


@pytest.fixture(scope="module")
def made_wine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_wine(tmp_path_factory.mktemp("data") / "wine.csv")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    hidden = ("TUIFLOW_RUN_ID", "TUIFLOW_EXPERIMENT_NAME")
    return {
        **{key: value for key, value in os.environ.items() if key not in hidden},
        "TUIFLOW_STORE": str(tmp_path / "store"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": str(ROOT),
    }


Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def python(environment: dict[str, str], tmp_path: Path) -> Call:
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done

    return call


def newest(store: Store) -> Run:
    return store.search_runs(RunQuery(), limit=1)[0]


def run_wine(python: Call, alpha: str, l1_ratio: str, data: str) -> str:
    given = [f"alpha={alpha}", f"l1_ratio={l1_ratio}", f"data={data}"]
    pairs = [item for pair in given for item in ("-P", pair)]
    return python("-m", "tuiflow", "run", str(PROJECT), *pairs).stdout


@pytest.mark.skipif(not REAL_WINE.exists(), reason="the wine table is not here")
@pytest.mark.parametrize(("alpha", "l1_ratio", "published"), PUBLISHED)
def test_wine_gives_the_published_figures(
    python: Call, store: Store, alpha: str, l1_ratio: str, published: dict[str, float]
) -> None:
    output = run_wine(python, alpha, l1_ratio, str(REAL_WINE))
    run = newest(store)
    assert run.info.status == "FINISHED"
    for key, value in published.items():
        assert run.data.metrics[key] == pytest.approx(value, rel=1e-9)
    assert run.data.params["alpha"] == alpha
    assert run.data.params["data"] == str(REAL_WINE)
    assert f"RMSE: {run.data.metrics['rmse']}" in output


def test_wine_on_a_relative_path_logs_a_model_that_predicts(
    python: Call, store: Store, made_wine: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.csv").write_bytes(made_wine.read_bytes())
    run_wine(python, "1", "0.5", "mine.csv")
    run = newest(store)
    assert run.data.params == {"alpha": "1", "l1_ratio": "0.5", "data": str(tmp_path / "mine.csv")}
    assert set(run.data.metrics) == {"rmse", "mae", "r2"}
    assert run.model_paths == ("model",)
    names = {item.path for item in store.list_artifacts(run.info.run_id, "model")}
    assert {"model/MLmodel", "model/input_example.json", "model/requirements.txt"} <= names
    predictions = python(
        "-c",
        "import sys, pandas, tuiflow as mlflow;"
        f"model = mlflow.pyfunc.load_model('runs:/{run.info.run_id}/model');"
        f"table = pandas.read_csv({str(made_wine)!r}).drop(columns='quality');"
        "print(*model.predict(table).ravel())",
    ).stdout.split()
    assert len(predictions) == 400
    assert run.data.metrics["rmse"] < 5


def test_wine_by_url_with_semicolons_is_downloaded_once(
    python: Call, store: Store, made_wine: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    pd.read_csv(made_wine).to_csv(site / "white.csv", sep=";", index=False)
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/white.csv"
        run_wine(python, "0.5", "0.5", url)
        python(str(PROJECT / "train.py"), "0.5", "0.5", url)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == ["/white.csv"]
    run_wine(python, "0.5", "0.5", str(made_wine))
    first, second, third = (run.data.metrics for run in store.search_runs(RunQuery()))
    assert first == second == third


def test_quickstart_is_ten_lines_and_works(python: Call, store: Store) -> None:
    script = EXAMPLES / "quickstart.py"
    assert len(script.read_text().splitlines()) <= 10
    python(str(script))
    run = newest(store)
    assert (run.info.run_name, run.info.status) == ("quickstart", "FINISHED")
    assert run.data.params == {"alpha": "0.1"}
    assert 0.4 < run.data.metrics["r2"] < 0.6
    assert run.model_paths == ("model",)


def test_training_loop_logs_a_point_an_epoch(python: Call, store: Store) -> None:
    python(str(EXAMPLES / "training_loop.py"), "--epochs", "5", "--sleep", "0")
    run = newest(store)
    assert run.info.experiment_name == "training-loop"
    assert run.data.params == {"epochs": "5", "learning_rate": "0.0005"}
    loss = store.metric_history(run.info.run_id, "val/loss")
    assert list(loss.steps) == [0, 1, 2, 3, 4]
    assert loss.values[-1] < loss.values[0]
    assert run.data.metrics["val/accuracy"] > 0.7
