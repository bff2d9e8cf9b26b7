"""What trainings of Lightning log, under either of its names. Names of metrics are MLflow's."""

from __future__ import annotations

import importlib
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import artifacts  # type: ignore[import-not-found]

import tuiflow
from tuiflow.entities import Run
from tuiflow.errors import InvalidInput, NotFound

torch = pytest.importorskip("torch")
NAMES = [
    name
    for name in ("lightning.pytorch", "pytorch_lightning")
    if importlib.util.find_spec(name.partition(".")[0]) is not None
]
if not NAMES:
    pytest.skip("Lightning is not installed", allow_module_level=True)

Runs = Callable[[], list[Run]]
Warned = Callable[[], list[str]]


@pytest.fixture(params=NAMES)
def library(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(0)
    return importlib.import_module(request.param)


def module_class(library: Any) -> Any:
    class Module(library.LightningModule):  # type: ignore[misc]
        def __init__(self, width: int = 3) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.net = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.Linear(width, 1))

        def loss(self, batch: Any) -> Any:
            return torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])

        def training_step(self, batch: Any, index: int) -> Any:
            loss = self.loss(batch)
            self.log("train_loss", loss, on_step=True, on_epoch=True)
            return loss

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val_loss", self.loss(batch))

        def test_step(self, batch: Any, index: int) -> None:
            self.log("test_loss", self.loss(batch))

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=0.02)

    return Module


def loader() -> Any:
    data = torch.utils.data.TensorDataset(torch.randn(64, 4), torch.randn(64, 1))
    return torch.utils.data.DataLoader(data, batch_size=16)


def trainer(library: Any, folder: Path, **arguments: Any) -> Any:
    quiet = {
        "accelerator": "cpu",
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "logger": False,
    }
    return library.Trainer(default_root_dir=folder, **quiet, **arguments)


def history(run: Run, key: str) -> list[tuple[int, float]]:
    found = tuiflow.MlflowClient().get_metric_history(run.info.run_id, key)
    return [(metric.step, metric.value) for metric in found]


def test_params_metrics_checkpoints_and_model(
    library: Any, runs: Runs, warned: Warned, tmp_path: Path
) -> None:
    tuiflow.pytorch.autolog()
    model, data = module_class(library)(), loader()
    fitted = trainer(library, tmp_path, max_epochs=3)
    fitted.fit(model, data, data)
    tested = fitted.test(model, data, verbose=False)
    (run,) = runs()
    assert warned() == []
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.autologging"] == "pytorch"
    assert run.data.tags["Mode"] == "testing"
    assert run.data.params["epochs"] == "3"
    assert run.data.params["optimizer_name"] == "Adam"
    assert run.data.params["lr"] == "0.02"
    for key in ("train_loss", "train_loss_epoch", "val_loss"):
        assert [step for step, _ in history(run, key)] == [0, 1, 2]
    assert run.data.metrics["test_loss"] == pytest.approx(tested[0]["test_loss"])
    assert artifacts(run) >= {
        "model_summary.txt",
        "model/model.ckpt",
        "checkpoints/latest_checkpoint.pth",
        "checkpoints/latest_checkpoint_metrics.json",
    }
    # The loss fell in every epoch, so that the newest checkpoint is the trained model.
    loaded = tuiflow.pytorch.load_checkpoint(module_class(library), run.info.run_id)
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value.cpu())
    assert loaded.hparams.width == 3


def test_metrics_of_steps(library: Any, runs: Runs, tmp_path: Path) -> None:
    tuiflow.pytorch.autolog(log_every_n_epoch=2, log_every_n_step=2, checkpoint=False)
    trainer(library, tmp_path, max_epochs=2).fit(module_class(library)(), loader(), loader())
    (run,) = runs()
    assert [step for step, _ in history(run, "train_loss_step")] == [1, 3, 5, 7]
    assert [step for step, _ in history(run, "train_loss")] == [1]
    assert [step for step, _ in history(run, "val_loss")] == [1]
    assert not any(name.startswith("checkpoints/") for name in artifacts(run))
    loaded = tuiflow.pytorch.load_checkpoint(module_class(library), run.info.run_id)
    assert loaded.hparams.width == 3


def test_early_stopping(library: Any, runs: Runs, tmp_path: Path) -> None:
    tuiflow.pytorch.autolog(checkpoint=False)
    stop = library.callbacks.EarlyStopping("val_loss", patience=1, min_delta=10.0)
    fitted = trainer(library, tmp_path, max_epochs=9, callbacks=[stop])
    fitted.fit(module_class(library)(), loader(), loader())
    (run,) = runs()
    assert run.data.params["monitor"] == "val_loss"
    assert run.data.params["patience"] == "1"
    assert run.data.metrics["stopped_epoch"] == stop.stopped_epoch == 1
    assert run.data.metrics["best_score"] == pytest.approx(float(stop.best_score))
    assert any(name.startswith("restored_model_checkpoint/") for name in artifacts(run))


def test_all_checkpoints(library: Any, runs: Runs, tmp_path: Path) -> None:
    tuiflow.pytorch.autolog(checkpoint_save_best_only=False, checkpoint_save_freq=4)
    trainer(library, tmp_path, max_epochs=2).fit(module_class(library)(), loader())
    (run,) = runs()
    assert artifacts(run) >= {f"checkpoints/global_step_{step}/checkpoint.pth" for step in (4, 8)}
    model = module_class(library)
    assert tuiflow.pytorch.load_checkpoint(model, run.info.run_id, global_step=4).hparams.width == 3
    with pytest.raises(NotFound):
        tuiflow.pytorch.load_checkpoint(model, run.info.run_id, epoch=5)


def test_a_second_fit_of_a_trainer_has_a_run_of_its_own(
    library: Any, runs: Runs, tmp_path: Path
) -> None:
    tuiflow.pytorch.autolog(checkpoint=False)
    fitted = trainer(library, tmp_path, max_epochs=1)
    fitted.fit(module_class(library)(), loader())
    fitted.fit_loop.max_epochs = 2
    fitted.fit(module_class(library)(), loader())
    assert [[step for step, _ in history(run, "train_loss")] for run in runs()] == [[0], [1]]


def test_a_mistake_in_logging_breaks_no_training(
    library: Any, runs: Runs, warned: Warned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuiflow.pytorch.autolog()
    monkeypatch.setattr("tuiflow.pytorch.callback._numbers", lambda _: 1 / 0)
    fitted = trainer(library, tmp_path, max_epochs=2)
    fitted.fit(module_class(library)(), loader(), loader())
    assert fitted.current_epoch == 2
    (message,) = warned()
    assert "the metrics (ZeroDivisionError" in message
    assert "model/model.ckpt" in artifacts(runs()[0])


def test_an_error_of_the_training_fails_the_run(library: Any, runs: Runs, tmp_path: Path) -> None:
    tuiflow.pytorch.autolog()
    model = module_class(library)()
    model.training_step = lambda *_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        trainer(library, tmp_path, max_epochs=1).fit(model, loader())
    assert [run.info.status for run in runs()] == ["FAILED"]


def test_switched_on_by_all_flavors_and_off_again(library: Any, runs: Runs, tmp_path: Path) -> None:
    before = library.Trainer.fit
    tuiflow.autolog(log_models=False)
    trainer(library, tmp_path, max_epochs=1).fit(module_class(library)(), loader())
    tuiflow.autolog(disable=True)
    assert library.Trainer.fit is before
    trainer(library, tmp_path, max_epochs=1).fit(module_class(library)(), loader())
    assert len(runs()) == 1


@pytest.mark.parametrize(
    "arguments",
    [{"log_every_n_epoch": 0}, {"checkpoint_mode": "best"}, {"checkpoint_save_freq": "hour"}],
)
def test_arguments_that_make_no_sense(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        tuiflow.pytorch.autolog(**arguments)


@pytest.mark.parametrize("strategy", ["ddp", "ddp_spawn"])
def test_of_two_processes_rank_0_logs(
    strategy: str, runs: Runs, own_store: Path, tmp_path: Path
) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys, torch, tuiflow
        import {NAMES[0]} as pl
        from torch.utils.data import DataLoader, TensorDataset

        class Module(pl.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = torch.nn.Linear(4, 1)
            def training_step(self, batch, index):
                loss = self.net(batch[0]).pow(2).mean()
                self.log("train_loss", loss)
                return loss
            def configure_optimizers(self):
                return torch.optim.SGD(self.parameters(), lr=0.02)

        if __name__ == "__main__":
            tuiflow.set_tracking_uri(sys.argv[1])
            tuiflow.pytorch.autolog(checkpoint=False)
            data = DataLoader(TensorDataset(torch.randn(64, 4)), batch_size=16)
            pl.Trainer(
                max_epochs=2, accelerator="cpu", devices=2, strategy={strategy!r}, logger=False,
                enable_progress_bar=False,
            ).fit(Module(), data)
        """)
    )
    done = subprocess.run(
        [sys.executable, str(script), str(own_store)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (run,) = runs()
    assert [step for step, _ in history(run, "train_loss")] == [0, 1]
    assert any(name.startswith("restored_model_checkpoint/") for name in artifacts(run))
