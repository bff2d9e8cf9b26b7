"""What trainings of Keras 3 log. Names are MLflow's."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import artifacts  # type: ignore[import-not-found]

import tuiflow
from tuiflow.entities import Run
from tuiflow.errors import InvalidInput, ModelError, NotFound

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras")

Runs = Callable[[], list[Run]]
Warned = Callable[[], list[str]]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype("float32")
Y = RNG.integers(0, 2, 64)


def network() -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input([4]), keras.layers.Dense(3), keras.layers.Dense(1, activation="sigmoid")]
    )
    model.compile(
        loss="binary_crossentropy", optimizer=keras.optimizers.SGD(0.01), metrics=["accuracy"]
    )
    return model


def history(run: Run, key: str) -> list[tuple[int, float]]:
    found = tuiflow.MlflowClient().get_metric_history(run.info.run_id, key)
    return [(metric.step, metric.value) for metric in found]


def test_params_metrics_summary_data_and_model(runs: Runs, warned: Warned) -> None:
    tuiflow.keras.autolog(log_input_examples=True, registered_model_name="net")
    model = network()
    told = model.fit(
        X, Y, batch_size=16, epochs=2, validation_data=(X[:16], Y[:16]), verbose=0
    ).history
    (run,) = runs()
    assert warned() == []
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.autologging"] == "keras"
    params = run.data.params
    assert (params["epochs"], params["batch_size"], params["shuffle"]) == ("2", "16", "True")
    assert params["optimizer_name"].lower().startswith("sgd")
    assert float(params["optimizer_learning_rate"]) == pytest.approx(0.01)
    assert not {"x", "y", "callbacks", "verbose", "validation_data"} & set(params)
    for key in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert history(run, key) == list(enumerate(told[key]))
    assert history(run, "validation_loss") == history(run, "val_loss")
    summary = (Path(run.info.artifact_uri) / "model_summary.txt").read_text()
    assert "Total params" in summary
    given = run.inputs.dataset_inputs
    assert [(item.dataset.name, item.tags[0].value) for item in given] == [
        ("dataset", "train"),
        ("dataset", "eval"),
    ]
    expected = model.predict(X, verbose=0)
    served = tuiflow.pyfunc.load_model("models:/net/1")
    assert served.predict(X) == pytest.approx(expected)
    assert served.predict(pd.DataFrame(X)) == pytest.approx(expected)
    assert isinstance(served.get_raw_model(), keras.Model)
    loaded = tuiflow.keras.load_model(f"runs:/{run.info.run_id}/model")
    assert loaded.predict(X, verbose=0) == pytest.approx(expected)


def test_early_stopping(runs: Runs) -> None:
    tuiflow.keras.autolog(log_models=False, log_datasets=False)
    stop = keras.callbacks.EarlyStopping(
        "val_loss", patience=1, min_delta=10, restore_best_weights=True
    )
    callbacks = [stop]
    told = network().fit(X, Y, epochs=9, validation_split=0.25, verbose=0, callbacks=callbacks)
    assert callbacks == [stop]
    (run,) = runs()
    assert run.data.params["patience"] == "1"
    assert run.data.params["monitor"] == "val_loss"
    assert run.data.metrics["stopped_epoch"] == stop.stopped_epoch == 1
    assert run.data.metrics["restored_epoch"] == 0
    assert history(run, "loss") == [*enumerate(told.history["loss"]), (2, told.history["loss"][0])]


def test_metrics_of_steps(runs: Runs) -> None:
    tuiflow.keras.autolog(log_every_epoch=False, log_every_n_steps=2, log_models=False)
    network().fit(X, Y, batch_size=16, epochs=2, verbose=0)
    (run,) = runs()
    assert [step for step, _ in history(run, "loss")] == [2, 4, 6, 8]


def test_tensorflows_names_and_checkpoints(runs: Runs, warned: Warned) -> None:
    tuiflow.tensorflow.autolog(
        checkpoint_save_best_only=False, checkpoint_save_weights_only=True, log_models=False
    )
    network().fit(X, Y, epochs=2, verbose=0)
    tuiflow.tensorflow.autolog(checkpoint_monitor="loss", log_models=False)
    last = network()
    last.fit(X, Y, epochs=2, verbose=0)
    every, best = runs()
    assert warned() == []
    assert every.data.params["opt_name"].lower().startswith("sgd")
    assert {name for name in artifacts(every) if name.startswith("checkpoints/")} == {
        f"checkpoints/epoch_{epoch}/checkpoint{suffix}"
        for epoch in (0, 1)
        for suffix in ("_metrics.json", ".weights.h5")
    }
    newest = best.data.tags["mlflow.latest_checkpoint_artifact"]
    assert newest == "checkpoints/latest_checkpoint.keras"
    # The loss fell, so that this is the trained model.
    expected = last.predict(X, verbose=0)
    loaded = tuiflow.tensorflow.load_checkpoint(run_id=best.info.run_id)
    assert loaded.predict(X, verbose=0) == pytest.approx(expected)
    filled = tuiflow.tensorflow.load_checkpoint(network(), every.info.run_id, epoch=1)
    assert filled.predict(X, verbose=0) == pytest.approx(expected)
    with pytest.raises(InvalidInput, match="weights only"):
        tuiflow.tensorflow.load_checkpoint(run_id=every.info.run_id)
    with pytest.raises(NotFound):
        tuiflow.tensorflow.load_checkpoint(run_id=best.info.run_id, epoch=1)


def test_a_mistake_in_logging_breaks_no_training(
    runs: Runs, warned: Warned, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuiflow.keras.autolog()
    monkeypatch.setattr("tuiflow.keras.training._numbers", lambda _: 1 / 0)
    told = network().fit(X, Y, epochs=2, verbose=0)
    assert len(told.history["loss"]) == 2
    (message,) = warned()
    assert "the metrics (ZeroDivisionError" in message
    assert "model/MLmodel" in artifacts(runs()[0])


def test_errors_of_the_training_are_the_scripts(runs: Runs) -> None:
    tuiflow.keras.autolog()
    with pytest.raises(ValueError):
        network().fit(X[:, :2], Y, verbose=0)
    assert [run.info.status for run in runs()] == ["FAILED"]


def test_switched_on_by_all_flavors_and_off_again(runs: Runs) -> None:
    before = keras.Model.fit
    tuiflow.autolog(log_models=False)
    network().fit(X, Y, verbose=0)
    tuiflow.autolog(disable=True)
    assert keras.Model.fit is before
    network().fit(X, Y, verbose=0)
    assert len(runs()) == 1


@pytest.mark.parametrize(
    "arguments", [{"log_every_n_steps": 3}, {"log_every_epoch": False}, {"save_exported_model": 1}]
)
def test_arguments_that_make_no_sense(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        tuiflow.keras.autolog(**arguments)


def test_the_code_of_a_lambda_layer_is_not_run(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input([4]), keras.layers.Lambda(lambda x: x * 2)])
    tuiflow.keras.save_model(model, tmp_path / "m")
    with pytest.raises(ModelError, match="can't be loaded"):
        tuiflow.pyfunc.load_model(tmp_path / "m")
    with pytest.raises(InvalidInput, match="no model of Keras"):
        tuiflow.keras.save_model(object(), tmp_path / "other")
