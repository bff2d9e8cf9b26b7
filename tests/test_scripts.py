"""Scripts written for MLflow run with nothing rewritten but their import lines.

`scripts/NAME.out` is what `scripts/NAME.py` printed with MLflow 3.17.2 and an SQLite store.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.py"))


def rewritten(script: str) -> str:
    """The script with its import lines, and only those, written for tuiflow."""
    script = re.sub(r"^import mlflow$", "import tuiflow as mlflow", script, flags=re.MULTILINE)
    return re.sub(r"^(import|from) mlflow\b", r"\1 tuiflow", script, flags=re.MULTILINE)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_prints_what_it_does_with_mlflow(script: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(rewritten(script.read_text(encoding="utf-8")))
    run = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env={**os.environ, "TUIFLOW_STORE": str(tmp_path / "store")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == script.with_suffix(".out").read_text(encoding="utf-8")
