"""Every test has a home, a store and a tracking state of its own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from shell import Cli, Result

from tuiflow.store import Store, open_store
from tuiflow.tracking import active, experiments, stores

# The same examples every time: a failure is one's own, not the dice's.
settings.register_profile("tuiflow", derandomize=True, deadline=None)
settings.load_profile("tuiflow")

# What was started in the background may ignore these, and hand that down to the processes tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

VARIABLES = (
    "TUIFLOW_STORE",
    "TUIFLOW_RUN_ID",
    "TUIFLOW_EXPERIMENT_NAME",
    "MLFLOW_RUN_ID",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_EXPERIMENT_ID",
)
RANK_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK")


@pytest.fixture(autouse=True)
def isolated(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    home = tmp_path_factory.mktemp("home")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in RANK_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TUIFLOW_CAPTURE", "tags")  # nothing that starts programs
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setattr(stores, "_current", None)
    monkeypatch.setattr(stores, "_found", None)
    monkeypatch.setattr(experiments, "_chosen", {})
    yield
    for name in VARIABLES:  # set_tracking_uri and set_experiment set them for child processes
        os.environ.pop(name, None)
    while stores._stores:  # each holds files open, of which a process may have a thousand
        _, opened = stores._stores.popitem()
        opened.close()


@pytest.fixture(autouse=True)
def no_open_runs() -> Iterator[None]:
    yield
    while active.pop("KILLED"):
        pass


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture
def cli(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Call the command line on the test's store, in this process."""
    from tuiflow.__main__ import main

    monkeypatch.setenv("TUIFLOW_STORE", str(store.root))

    def call(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["tuiflow", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call
