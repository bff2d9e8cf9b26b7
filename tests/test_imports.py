"""What start-up must not load, and which way imports point."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tuiflow

HEAVY = (
    "pandas numpy scipy sklearn skops matplotlib cloudpickle flask cheroot httpx yaml sqlite_utils"
    " orjson textual rich typer click asyncio multiprocessing psutil PIL"
).split()
FOR_THE_SHELL = ("rich", "typer", "click")
FOR_THE_APP = (*FOR_THE_SHELL, "textual", "asyncio", "multiprocessing")


def loaded_by(code: str, store: Path) -> list[str]:
    script = f"{code}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    result = subprocess.run(
        [sys.executable, "-c", script, str(store)], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return sorted(set(result.stdout.split()) & set(HEAVY))


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import tuiflow", ()),
        (
            "import sys, tuiflow; tuiflow.set_tracking_uri(sys.argv[1])\n"
            "with tuiflow.start_run():\n tuiflow.log_metric('m', 1); tuiflow.log_param('p', 1)",
            (),
        ),
        (
            "import sys; sys.argv[1:] = ['--help']\nfrom tuiflow.__main__ import main\n"
            "try: main()\nexcept SystemExit: pass",
            FOR_THE_SHELL,
        ),
        (
            "import sys; sys.argv[1:] = ['where']\nfrom tuiflow.__main__ import main\n"
            "try: main()\nexcept SystemExit: pass",
            FOR_THE_SHELL,
        ),
    ],
    ids=["import", "log", "help", "where"],
)
def test_what_is_not_loaded(tmp_path: Path, code: str, allowed: tuple[str, ...]) -> None:
    assert set(loaded_by(code, tmp_path / "store")) - set(allowed) == set()


def test_public_names() -> None:
    for name in tuiflow.__all__:
        assert getattr(tuiflow, name) is not None
    with pytest.raises(AttributeError):
        tuiflow.no_such_name  # noqa: B018
