"""Autologging without a library: patches, sessions, import hooks."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tuiflow
from tuiflow.entities import Run
from tuiflow.errors import InvalidInput
from tuiflow.tracking.autolog import guard, imports, switches
from tuiflow.tracking.autolog.buffer import Buffer
from tuiflow.tracking.autolog.config import AutologConfig
from tuiflow.tracking.autolog.patching import Original, patch
from tuiflow.tracking.autolog.session import Session, managed

Runs = Callable[[], list[Run]]
Warned = Callable[[], list[str]]


class Model:
    """A library's class."""

    def fit(self, data: list[int], *, fail: BaseException | None = None) -> str:
        """Learn."""
        if fail is not None:
            raise fail
        return f"fitted on {len(data)}"

    def search(self, data: list[int]) -> list[str]:
        return [Model().fit(data), self.fit(data)]


class Better(Model):
    pass


def log_fit(session: Session, original: Original, model: Model, *args: Any, **kwargs: Any) -> None:
    session.buffer.params({"model": type(model).__name__})
    original(model, *args, **kwargs)
    session.buffer.metrics({"loss": 0.5})


def switch_on(**config: Any) -> None:
    switches.switch_on("toy", AutologConfig(**config))
    patch("toy", Model, "fit", managed("toy", log_fit))
    patch("toy", Model, "search", managed("toy", log_fit))


def test_a_training_gets_a_run_of_its_own(runs: Runs) -> None:
    switch_on(extra_tags={"team": "vision"})
    assert Model().fit([1, 2]) == "fitted on 2"
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert run.data.params == {"model": "Model"}
    assert run.data.metrics == {"loss": 0.5}
    assert run.data.tags["mlflow.autologging"] == "toy"
    assert run.data.tags["team"] == "vision"
    assert tuiflow.active_run() is None


def test_a_training_in_a_run_logs_into_it(runs: Runs) -> None:
    switch_on(extra_tags={"team": "vision"})
    with tuiflow.start_run() as mine:
        Model().fit([1])
        assert tuiflow.active_run() is not None
    (run,) = runs()
    assert run.info.run_id == mine.info.run_id
    assert run.data.metrics == {"loss": 0.5}
    assert not {"mlflow.autologging", "team"} & run.data.tags.keys()


def test_exclusive_keeps_out_of_runs_of_the_script(runs: Runs) -> None:
    switch_on(exclusive=True)
    with tuiflow.start_run():
        Model().fit([1])
    assert runs()[0].data.metrics == {}
    Model().fit([1])
    assert [run.data.metrics for run in runs()] == [{}, {"loss": 0.5}]


def test_trainings_in_trainings_are_logged_once(runs: Runs) -> None:
    switch_on()
    assert Model().search([1]) == ["fitted on 1", "fitted on 1"]
    assert len(runs()) == 1


def test_an_open_training_lets_others_log_to_its_run(runs: Runs) -> None:
    switches.switch_on("toy", AutologConfig())
    seen: list[str] = []

    def log_search(session: Session, original: Original, *args: Any) -> None:
        original(*args)

    def log_inner(session: Session, original: Original, *args: Any) -> None:
        seen.append(session.run_id)
        original(*args)

    patch("toy", Model, "search", managed("toy", log_search, closed=False))
    patch("toy", Model, "fit", managed("toy", log_inner))
    Model().search([1])
    assert seen == [runs()[0].info.run_id]  # the fit of the searching object itself is part of it


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError("bad data"), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_what_a_training_raises_passes_unchanged(
    error: BaseException, status: str, runs: Runs, warned: Warned
) -> None:
    switch_on()
    with pytest.raises(type(error)) as raised:
        Model().fit([1], fail=error)
    assert raised.value is error
    (run,) = runs()
    assert run.info.status == status
    assert run.data.params == {"model": "Model"}
    assert warned() == []


def test_a_traceback_shows_the_script_and_the_library() -> None:
    switch_on()
    with pytest.raises(ValueError) as raised:
        Model().fit([1], fail=ValueError("bad data"))
    assert [entry.name for entry in raised.traceback][1:] == ["patched", "fit"]
    assert raised.value.__context__ is None


def test_only_rank_0_logs(monkeypatch: pytest.MonkeyPatch, runs: Runs) -> None:
    switch_on()
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert Model().fit([1]) == "fitted on 1"
    monkeypatch.setenv("RANK", "0")
    assert runs() == []
    Model().fit([1])
    assert len(runs()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_mistake_in_logging_is_a_warning(when: str, runs: Runs, warned: Warned) -> None:
    def wrong(session: Session, original: Original, *args: Any) -> None:
        if when == "after":
            original(*args)
        raise RuntimeError("a bug\nin logging")

    switches.switch_on("toy", AutologConfig())
    patch("toy", Model, "fit", managed("toy", wrong))
    assert Model().fit([1]) == "fitted on 1"
    assert runs()[0].info.status == "FINISHED"
    (message,) = warned()
    assert "RuntimeError: a bug in logging" in message


def test_parts_that_fail_are_told_in_one_warning(runs: Runs, warned: Warned) -> None:
    def log(session: Session, original: Original, *args: Any) -> None:
        with session.attempt("the params"):
            raise OSError("disk full")
        original(*args)
        with session.attempt("the model"):
            raise OSError("disk full")
        session.buffer.metrics({"loss": 1})

    switches.switch_on("toy", AutologConfig())
    patch("toy", Model, "fit", managed("toy", log))
    Model().fit([1])
    (message,) = warned()
    assert "the params (OSError: disk full); the model (OSError: disk full)" in message
    assert runs()[0].data.metrics == {"loss": 1.0}


def test_silent_warns_of_nothing(warned: Warned) -> None:
    def wrong(session: Session, original: Original, *args: Any) -> None:
        raise RuntimeError("a bug")

    switches.switch_on("toy", AutologConfig(silent=True))
    patch("toy", Model, "fit", managed("toy", wrong))
    assert Model().fit([1]) == "fitted on 1"
    assert warned() == []


def test_a_store_that_cant_be_used_is_one_warning(
    own_store: Path, warned: Warned, capsys: pytest.CaptureFixture[str]
) -> None:
    own_store.mkdir()
    (own_store / "tuiflow.db").write_bytes(b"no database at all" * 100)
    switch_on()
    assert Model().fit([1]) == "fitted on 1"
    assert len(warned()) == 1
    assert capsys.readouterr().err == ""


def test_threads_log_to_runs_of_their_own(runs: Runs) -> None:
    switch_on()
    together = threading.Barrier(4)

    class Waiting(Model):
        def fit(self, data: list[int], **kwargs: Any) -> str:
            together.wait(timeout=30)
            return super().fit(data)

    patch("toy", Waiting, "fit", managed("toy", log_fit))
    threads = [threading.Thread(target=Waiting().fit, args=([1],)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [run.info.status for run in runs()] == ["FINISHED"] * 4


def test_worker_threads_of_a_training_belong_to_it(runs: Runs) -> None:
    switch_on()
    thread = threading.Thread(target=guard.call_inside, args=(Model().fit, [1]))
    thread.start()
    thread.join()
    assert runs() == []


def test_patches_look_like_the_original_and_go_back() -> None:
    original = Model.__dict__["fit"]
    switch_on()
    first = Model.__dict__["fit"]
    switch_on()
    assert Model.__dict__["fit"] is first
    assert first is not original
    assert inspect.signature(first) == inspect.signature(original)
    assert (first.__name__, first.__qualname__) == ("fit", "Model.fit")
    assert first.__doc__ == "Learn."
    assert pickle.loads(pickle.dumps(Model.fit)) is Model.fit
    patch("toy", Better, "fit", managed("toy", log_fit))
    assert "fit" not in vars(Better)  # what it inherits is patched already
    switches.switch_off("toy")
    assert Model.__dict__["fit"] is original


def test_taking_patches_back_leaves_those_of_others() -> None:
    switch_on()
    ours = Model.__dict__["search"]

    def theirs(self: Model, data: list[int]) -> list[str]:
        return [*ours(self, data), "theirs"]

    Model.search = theirs  # type: ignore[method-assign]
    try:
        switches.switch_off("toy")
        assert Model().search([1]) == ["fitted on 1", "fitted on 1", "theirs"]
    finally:
        Model.search = ours.__wrapped__  # type: ignore[method-assign]


def test_only_functions_can_be_patched() -> None:
    with pytest.raises(TypeError, match="no plain function"):
        patch("toy", types.SimpleNamespace(fit=Model()), "fit", managed("toy", log_fit))


def test_the_buffer_writes_in_one_go(store: Any) -> None:
    run_id = store.create_run("0").info.run_id
    buffer = Buffer(store, run_id)
    buffer.params({"k" * 300: "v" * 7000})
    buffer.tags({"t": "x" * 9000})
    for step in range(3):
        buffer.metrics({"loss": 1.0 / (step + 1)}, step=step)
        buffer.flush_if_due(3600)
    assert store.get_run(run_id).data.metrics == {}
    buffer.flush_if_due(0)
    data = store.get_run(run_id).data
    assert data.params == {"k" * 247 + "...": "v" * 5997 + "..."}
    assert data.tags["t"] == "x" * 7997 + "..."
    assert list(store.metric_history(run_id, "loss").steps) == [0, 1, 2]
    with pytest.raises(InvalidInput):
        buffer.metrics({"loss": "high"})  # type: ignore[dict-item]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folder = tmp_path / "libs" / "toylibrary"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("loader = __loader__\n")
    (folder / "part.py").write_text("import toylibrary.other\n")
    (folder / "other.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(folder.parent))
    yield "toylibrary"
    for name in [key for key in sys.modules if key.partition(".")[0] == "toylibrary"]:
        del sys.modules[name]


def test_hooks_are_called_once_a_module_is_imported(library: str) -> None:
    seen: list[str] = []
    imports.when_imported(library, lambda module: seen.append(module.__name__))
    imports.when_imported(f"{library}.*", lambda module: seen.append(module.__name__))
    assert seen == []
    import toylibrary.part  # type: ignore[import-not-found]

    assert seen == ["toylibrary", "toylibrary.other", "toylibrary.part"]
    assert toylibrary.__spec__.loader is toylibrary.__loader__ is toylibrary.loader
    assert inspect.getsource(toylibrary.part) == "import toylibrary.other\n"
    later: list[str] = []
    imports.when_imported(f"{library}.*", lambda module: later.append(module.__name__))
    assert sorted(later) == ["toylibrary.other", "toylibrary.part"]


def test_autolog_imports_no_library(tmp_path: Path) -> None:
    script = (
        "import sys, tuiflow; tuiflow.autolog()\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'matplotlib', 'scipy', 'yaml', 'joblib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "from sklearn.linear_model import LinearRegression\n"
        "assert hasattr(LinearRegression.fit, '__tuiflow_autolog__')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
