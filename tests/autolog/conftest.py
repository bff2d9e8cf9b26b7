"""A store of one's own, and everything switched off again afterwards."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tuiflow
from tuiflow.entities import Run
from tuiflow.tracking.autolog import imports, switches


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(switches, "_chosen", set())
    monkeypatch.setattr(switches, "_by_all", set())
    monkeypatch.setattr(imports, "_hooks", {})
    tuiflow.set_tracking_uri(tmp_path / "store")
    yield tmp_path / "store"
    for flavor in list(switches._configs):
        switches.switch_off(flavor)


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes as long as all else together."""
    monkeypatch.setattr("tuiflow.sklearn.plots.plots_of", lambda *_: {})


@pytest.fixture
def runs() -> Callable[[], list[Run]]:
    """All runs, the oldest first, children after their parents."""

    def read() -> list[Run]:
        found = tuiflow.MlflowClient().search_runs(["0"])
        return sorted(
            found, key=lambda run: ("mlflow.parentRunId" in run.data.tags, run.info.start_time)
        )

    return read


@pytest.fixture
def warned(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What autologging warned of."""
    caplog.set_level(logging.WARNING, "tuiflow.autolog")

    def read() -> list[str]:
        return [r.getMessage() for r in caplog.records if r.name == "tuiflow.autolog"]

    return read


def artifacts(run: Run) -> set[str]:
    folder = Path(run.info.artifact_uri)
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
