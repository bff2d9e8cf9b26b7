"""uv without a network, and a project for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from uv_projects import make_project, make_wheel


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that uv may install from."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    make_wheel(wheels, "tinylib", "1.0")
    make_wheel(wheels, "tinylib", "2.0")
    for name in [name for name in os.environ if name.startswith("UV_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    return wheels


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", "tinylib==1.0")
