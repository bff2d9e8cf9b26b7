"""Whatever goes wrong in logging, the training goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB

import tuiflow
from tuiflow.entities import Run
from tuiflow.store import Store

pytestmark = pytest.mark.usefixtures("no_pictures")

Runs = Callable[[], list[Run]]
Warned = Callable[[], list[str]]

X, Y = load_iris(return_X_y=True)


def fail(*args: Any, **kwargs: Any) -> None:
    raise OSError(28, "No space left on device")


def test_a_store_that_is_no_store(own_store: Path, warned: Warned) -> None:
    own_store.mkdir()
    (own_store / "tuiflow.db").write_bytes(b"something else" * 100)
    tuiflow.sklearn.autolog()
    model = GaussianNB().fit(X, Y)
    assert model.score(X, Y) > 0.9
    assert len(warned()) == 1


def test_a_disk_that_fills_up_while_training(
    warned: Warned, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuiflow.sklearn.autolog()

    class Filling(GaussianNB):
        def fit(self, *args: Any, **kwargs: Any) -> Any:
            return super().fit(*args, **kwargs)

    tuiflow.active_run()
    for name in ("log_batch", "log_inputs", "writing_artifact", "finish_run"):
        monkeypatch.setattr(Store, name, fail)
    assert Filling().fit(X, Y).score(X, Y) > 0.9
    (message,) = [text for text in warned() if "lacks the params" in text]
    assert "its end" in message
    assert tuiflow.active_run() is None


def test_an_estimator_whose_methods_break_when_logging_calls_them(
    runs: Runs, warned: Warned
) -> None:
    class Odd(Ridge):
        def predict(self, data: Any) -> Any:
            raise RuntimeError("not today")

        def __sklearn_tags__(self) -> Any:
            return super().__sklearn_tags__()

        def get_params(self, deep: bool = True) -> Any:
            if deep:
                raise RuntimeError("no params")
            return super().get_params(deep)

    tuiflow.sklearn.autolog(log_models=False)
    model = Odd().fit(X, Y)
    assert model.coef_.shape == (4,)
    (message,) = warned()
    assert "no params" in message
    assert runs()[0].info.status == "FINISHED"


@pytest.mark.parametrize(
    "fit",
    [
        lambda: LogisticRegression(C=-1).fit(X, Y),
        lambda: LogisticRegression().fit(X, Y[:5]),
        lambda: Ridge().fit(X, np.where(Y == 1, np.nan, Y)),
    ],
    ids=["parameter", "shape", "NaN in y"],
)
def test_errors_of_the_training_are_the_scripts(
    fit: Callable[[], Any], runs: Runs, warned: Warned
) -> None:
    with pytest.raises(ValueError) as plain:
        fit()
    tuiflow.sklearn.autolog()
    with pytest.raises(type(plain.value)) as logged:
        fit()
    assert str(logged.value) == str(plain.value)
    (run,) = runs()
    assert run.info.status == "FAILED"
    assert run.data.params != {}
    assert warned() == []
    assert tuiflow.active_run() is None


def test_no_arguments_at_all(runs: Runs) -> None:
    tuiflow.sklearn.autolog()
    with pytest.raises(TypeError, match="missing 2 required positional arguments"):
        Ridge().fit()
    assert runs()[0].info.status == "FAILED"


def test_an_error_in_a_run_of_the_script_leaves_it_open(runs: Runs) -> None:
    tuiflow.sklearn.autolog()
    with tuiflow.start_run():
        with pytest.raises(ValueError):
            LogisticRegression(C=-1).fit(X, Y)
        assert tuiflow.active_run() is not None
    assert runs()[0].info.status == "FINISHED"


def test_threads_train_at_once(runs: Runs, warned: Warned) -> None:
    tuiflow.sklearn.autolog(log_models=False)
    together = threading.Barrier(3)

    def train() -> None:
        together.wait(timeout=30)
        X_test = X[::2]
        GaussianNB().fit(X, Y).score(X_test, Y[::2])

    threads = [threading.Thread(target=train) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [run.info.status for run in runs()] == ["FINISHED"] * 3
    assert [run.data.metrics["GaussianNB_score_X_test"] > 0.9 for run in runs()] == [True] * 3
    assert warned() == []


def test_for_all_flavors_and_for_one(runs: Runs) -> None:
    tuiflow.sklearn.autolog(log_models=False, log_datasets=False, pos_label=1)
    tuiflow.autolog(log_models=True, disable=True)  # what the flavor itself was told stays
    GaussianNB().fit(X[:100], Y[:100])
    assert len(runs()) == 1
    tuiflow.sklearn.autolog(disable=True)
    tuiflow.autolog()
    GaussianNB().fit(X[:100], Y[:100])
    assert len(runs()) == 1


def test_all_flavors_on_and_off(runs: Runs) -> None:
    tuiflow.autolog(log_models=False, extra_tags={"team": "vision"})
    GaussianNB().fit(X, Y)
    tuiflow.autolog(exclude_flavors=["sklearn"], disable=True)
    GaussianNB().fit(X, Y)
    assert [run.data.tags["team"] for run in runs()] == ["vision"] * 2
    tuiflow.autolog(disable=True)
    GaussianNB().fit(X, Y)
    assert len(runs()) == 2


def test_a_script_written_for_mlflow(tmp_path: Path) -> None:
    """Switched on before scikit-learn is imported; a traceback of the script's stays its own."""
    script = tmp_path / "train.py"
    script.write_text(
        textwrap.dedent("""
            import tuiflow as mlflow
            mlflow.autolog(log_models=False)
            from sklearn.linear_model import Ridge
            from sklearn.metrics import r2_score
            X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
            with mlflow.start_run():
                model = Ridge().fit(X, y)
                pred = model.predict(X)
                r2_score(y, pred)
            run = mlflow.last_active_run()
            print(sorted(k for k in run.data.metrics if not k.startswith("training")))
            Ridge().fit(X, y[:2])
        """)
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        env={**os.environ, "TUIFLOW_STORE": str(tmp_path / "other")},
    )
    assert done.returncode == 1
    assert done.stdout == "['r2_score_X']\n"
    assert done.stderr.splitlines()[-1].startswith("ValueError: Found input variables")
