"""Every test has a home, a store and a tracking state of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tuiflow.store import Store, open_store
from tuiflow.tracking import active, fluent, stores


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp("home")
    for name in ("TUIFLOW_STORE", "TUIFLOW_RUN_ID", "TUIFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setattr(stores, "_current", None)
    monkeypatch.setattr(fluent, "_experiments", {})


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
