"""Every test has a home, a store and a tracking state of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tuiflow.store import Store, open_store
from tuiflow.tracking import active, fluent, stores

VARIABLES = ("TUIFLOW_STORE", "TUIFLOW_RUN_ID", "TUIFLOW_EXPERIMENT_NAME")


@pytest.fixture(autouse=True)
def isolated(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    home = tmp_path_factory.mktemp("home")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setattr(stores, "_current", None)
    monkeypatch.setattr(fluent, "_experiments", {})
    yield
    for name in VARIABLES:  # set_tracking_uri and set_experiment set them for child processes
        os.environ.pop(name, None)


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
