"""Time tuiflow beside MLflow: `python -m benchmarks`, see docs/performance.md."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import tuiflow
from benchmarks import changes, mlflow_store, report, searches, starts, stores, writing
from benchmarks.report import Row
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, open_store

MLFLOW_VERSION = "3.17.2"
SIZES = {"10k": 10_000, "100k": 100_000, "million": 1_000_000}
MLFLOW_SIZES = ("10k", "100k")
POINTS = 1_000_000
PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"

Medians = Mapping[str, float]


def main() -> None:
    options = _options()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [name for name in SIZES if name in options.sizes.split(",")]
    python = options.mlflow_python or _mlflow_environment(folder / "mlflow-venv")
    for name in sizes:
        _build(python, folder, name)
    theirs, ours = _histories(python, folder)

    lines = ["", f"Measured on {report.machine()}", ""]
    versions = (_version(python), tuiflow.__version__)
    for name in (name for name in sizes if name in MLFLOW_SIZES):
        _say(f"both tools at {SIZES[name]:,} runs")
        rows = _rows(python, folder, name)
        if name == "100k" or len(sizes) == 1:
            rows = [*_starts(python, folder, name), *rows, *_history_rows(python, theirs, ours)]
        lines += report.comparison(f"{SIZES[name]:,} runs", rows, versions)
    for name in (name for name in sizes if name not in MLFLOW_SIZES):
        _say(f"tuiflow at {SIZES[name]:,} runs")
        start = starts.app(folder / name, _newest(folder / name))
        lines += report.comparison(
            f"{SIZES[name]:,} runs, tuiflow alone",
            [
                Row("the app's first rows", None, start.seconds),
                Row("memory of the app", None, start.memory, "bytes"),
                *_table(None, _side(sys.executable, "tuiflow", str(folder / name))),
                Row("size of the store", None, _size(folder / name / "tuiflow.db"), "bytes"),
            ],
            versions,
        )
    for name in sizes:
        _say(f"searches at {SIZES[name]:,} runs")
        lines += report.searches(
            f"Searches, {SIZES[name]:,} runs",
            list(searches.measure(folder / name)),
            list(searches.summaries(folder / name)),
        )
    _say("eight processes that log at once")
    lines += report.writing("Processes that log at once, for 30 s", writing.measure(folder))
    if not options.no_changes:
        largest = sizes[-1]
        _say(f"changes of many runs at {SIZES[largest]:,} runs")
        lines += report.changes(
            f"Changes of many runs, {SIZES[largest]:,} runs", changes.measure(folder / largest)
        )
    print("\n".join(lines))
    if options.write:
        report.put_into(PAGE, lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(tempfile.gettempdir()) / "tuiflow-benchmarks",
        help="where stores are kept from one time to the next (%(default)s)",
    )
    parser.add_argument(
        "--sizes", default=",".join(SIZES), help="which stores, of %(default)s (the default)"
    )
    parser.add_argument(
        "--mlflow-python",
        type=Path,
        metavar="PYTHON",
        help="an interpreter that has MLflow; otherwise it is installed into an environment"
        " in the folder",
    )
    parser.add_argument(
        "--no-changes", action="store_true", help="leave out changes of many runs, the slowest part"
    )
    parser.add_argument("--write", action="store_true", help="put the tables into the docs")
    return parser.parse_args()


def _mlflow_environment(folder: Path) -> Path:
    """The interpreter of a virtual environment with MLflow, made where there is none."""
    python = folder / "bin" / "python"
    if not python.exists():
        _say(f"installing MLflow {MLFLOW_VERSION}")
        try:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run(
                [python, "-m", "pip", "install", "-q", f"mlflow=={MLFLOW_VERSION}"], check=True
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return python


def _version(python: Path) -> str:
    code = "import importlib.metadata; print(importlib.metadata.version('mlflow'))"
    done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _build(python: Path, folder: Path, name: str) -> None:
    if not (folder / name / "tuiflow.db").exists():
        _say(f"building our store of {SIZES[name]:,} runs")
        for step, spent in stores.build(folder / name, SIZES[name]).items():
            _say(f"{step}: {spent:.0f} s")
    file = _mlflow_file(folder, name)
    if name in MLFLOW_SIZES and not file.exists():
        _say(f"building MLflow's store of {SIZES[name]:,} runs")
        mlflow_store.build(python, file, SIZES[name])


def _mlflow_file(folder: Path, name: str) -> Path:
    return folder / "mlflow" / f"{name}.db"


def _histories(python: Path, folder: Path) -> tuple[tuple[Path, str], tuple[Path, str]]:
    """For MLflow and for us: a store of one long metric, and the run that has it."""
    file = _mlflow_file(folder, "history")
    if not file.exists():
        _say(f"building MLflow's store of {POINTS:,} points")
        mlflow_store.build_history(python, file, POINTS)
    ours = folder / "history"
    if not (ours / "tuiflow.db").exists():
        _say(f"building our store of {POINTS:,} points")
        stores.build_history(ours, POINTS)
    store = open_store(ours)
    run_id = store.search_runs(RunQuery(), 1)[0].info.run_id
    store.close()
    return (file, mlflow_store.HISTORY_RUN), (ours, run_id)


def _starts(python: Path, folder: Path, name: str) -> list[Row]:
    newest = _newest(folder / name)
    apps = [starts.app(folder / name, newest) for _ in range(3)]
    uri = mlflow_store.uri_of(_mlflow_file(folder, name))
    servers = [starts.server(python, uri, folder) for _ in range(3)]
    return [
        Row(
            "import",
            median(starts.importing(python, "mlflow") for _ in range(5)),
            median(starts.importing(Path(sys.executable), "tuiflow") for _ in range(5)),
        ),
        Row(
            "server's first answer / app's first rows",
            median(start.seconds for start in servers),
            median(start.seconds for start in apps),
        ),
        Row(
            "memory of the server / of the app",
            median(start.memory for start in servers),
            median(start.memory for start in apps),
            "bytes",
        ),
    ]


def _rows(python: Path, folder: Path, name: str) -> list[Row]:
    file = _mlflow_file(folder, name)
    theirs_size, ours_size = _size(file), _size(folder / name / "tuiflow.db")
    theirs = _side(python, "mlflow", mlflow_store.uri_of(file))
    ours = _side(sys.executable, "tuiflow", str(folder / name))
    return [*_table(theirs, ours), Row("size of the store", theirs_size, ours_size, "bytes")]


def _history_rows(python: Path, theirs: tuple[Path, str], ours: tuple[Path, str]) -> list[Row]:
    slow = _side(python, "mlflow", mlflow_store.uri_of(theirs[0]), theirs[1])
    fast = _side(sys.executable, "tuiflow", str(ours[0]), ours[1])
    sizes = (_size(theirs[0]) / POINTS, _size(ours[0] / "tuiflow.db") / POINTS)
    return [*_table(slow, fast), Row("size of a point of it", *sizes, "bytes")]


def _table(theirs: Medians | None, ours: Medians) -> list[Row]:
    return [Row(what, None if theirs is None else theirs.get(what), ours[what]) for what in ours]


def _side(python: str | Path, module: str, *words: str) -> Medians:
    """Run `side` in a process of its own; medians of what it says."""
    done = subprocess.run(
        [python, "-m", "benchmarks.side", module, *words],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PAGE.parents[1],
        env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"},
    )
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {item["what"]: median(item["seconds"]) for item in said}


def _newest(folder: Path) -> str:
    store: Store = open_store(folder, create=False)
    try:
        return store.search_runs(RunQuery(), 1)[0].info.run_name
    finally:
        store.close()


def _size(file: Path) -> float:
    return file.stat().st_size


def _say(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
