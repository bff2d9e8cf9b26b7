"""`tuiflow demo`: a store of its own, filled once, replaced only by the demo itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tuiflow.config import RUN_LOG
from tuiflow.demo import home, picture
from tuiflow.entities import Run
from tuiflow.errors import InvalidState, StoreError
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, open_store, this_process

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "tuiflow", "demo", "--no-open"]


def environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "XDG_DATA_HOME": str(folder / "data"),
        "TUIFLOW_STORE": str(folder / "users-own"),
        "TUIFLOW_RUN_ID": "0" * 32,
        "TUIFLOW_EXPERIMENT_NAME": "users-own",
        "MLFLOW_RUN_ID": "0" * 32,
        "MLFLOW_EXPERIMENT_NAME": "users-own",
        "MLFLOW_EXPERIMENT_ID": "7",
    }


def demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=180,
    )


def kill_half_way(folder: Path, place: Path) -> None:
    process = subprocess.Popen(COMMAND, cwd=folder, env=environment(folder))
    deadline = time.monotonic() + 60
    while not (place / "artifacts").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the user's data, with the demo in it, whose first start was killed half-way."""
    folder = tmp_path_factory.mktemp("demo")
    place = folder / "data" / "tuiflow" / "demo"
    kill_half_way(folder, place)
    assert home.look(place) is home.State.UNFINISHED
    done = demo(folder)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert home.look(place) is home.State.COMPLETE
    assert done.stdout == f"{place}\n"
    assert f"tuiflow --store {place}" in done.stderr
    assert not (folder / "users-own").exists()
    return folder


@pytest.fixture
def store(filled: Path) -> Iterator[Store]:
    opened = open_store(filled / "data" / "tuiflow" / "demo", create=False)
    yield opened
    opened.close()


def runs(store: Store) -> list[Run]:
    return store.search_runs(RunQuery())


def test_forty_runs_in_three_experiments_and_one_failed(store: Store) -> None:
    found = runs(store)
    assert len(found) == 40
    counts = Counter(run.info.experiment_name for run in found)
    assert set(counts) == {"diabetes", "digits", "breast-cancer"}
    assert Counter(run.info.status for run in found) == {"FINISHED": 39, "FAILED": 1}
    (failed,) = (run for run in found if run.info.status == "FAILED")
    assert "on purpose" in failed.note
    log = store.artifact_path(failed.info.run_id, RUN_LOG).read_text()
    assert "ValueError" in log or "InvalidParameterError" in log


def test_the_search_has_children(store: Store) -> None:
    found = [run for run in runs(store) if run.info.experiment_name == "breast-cancer"]
    (parent,) = (run for run in found if run.parent_run_id is None)
    children = [run for run in found if run.parent_run_id == parent.info.run_id]
    assert len(children) == 10
    assert parent.data.metrics["best/auc"] == max(run.data.metrics["auc"] for run in children)


def test_curves_have_a_point_an_epoch(store: Store) -> None:
    for run in runs(store):
        if run.info.experiment_name == "digits":
            for key in ("train/loss", "val/loss", "train/accuracy", "val/accuracy"):
                history = store.metric_history(run.info.run_id, key)
                assert list(history.steps) == list(range(40))
            loss = store.metric_history(run.info.run_id, "train/loss")
            assert loss.values[-1] < loss.values[0]
            assert run.data.metrics["val/accuracy"] > 0.85


def test_artifacts_of_every_kind_and_models(store: Store) -> None:
    names: dict[str, set[str]] = {}
    for run in runs(store):
        if run.info.status == "FINISHED":
            folder = store.artifact_folder(run.info.run_id)
            files = {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()}
            names.setdefault(run.info.experiment_name, set()).update(files)
    assert {"plots/predicted_vs_actual.png", "coefficients.csv", "summary.json", RUN_LOG} <= names[
        "diabetes"
    ]
    assert {"plots/confusion.png", "history.csv", "report.json", RUN_LOG} <= names["digits"]
    assert {"trials.csv", "best.json", "importances.csv", RUN_LOG} <= names["breast-cancer"]
    for files in names.values():
        assert {"model/MLmodel", "model/input_example.json"} <= files
    with_models = [run for run in runs(store) if run.model_paths == ("model",)]
    assert len(with_models) == 29
    for run in with_models:
        text = store.artifact_path(run.info.run_id, "model/MLmodel").read_text()
        assert "signature:" in text
    assert any(run.note for run in runs(store) if run.info.status == "FINISHED")


def test_the_second_time_nothing_is_trained(filled: Path, store: Store) -> None:
    before = {run.info.run_id for run in runs(store)}
    done = demo(filled)
    assert done.returncode == 0
    assert {run.info.run_id for run in runs(store)} == before


def test_fresh_trains_the_same_again(filled: Path, tmp_path: Path) -> None:
    place = filled / "data" / "tuiflow" / "demo"
    before = open_store(place)
    old = {run.info.run_name: run.data.metrics for run in runs(before)}
    ids = {run.info.run_id for run in runs(before)}
    before.close()
    (place / "mine.txt").write_text("kept")
    done = demo(filled, "--fresh")
    assert done.returncode == 0, done.stderr
    after = open_store(place, create=False)
    assert {run.info.run_name: run.data.metrics for run in runs(after)} == old
    assert ids.isdisjoint(run.info.run_id for run in runs(after))
    assert len(list((place / "artifacts").iterdir())) == 3
    assert (place / "mine.txt").read_text() == "kept"


@pytest.mark.parametrize("fresh", [[], ["--fresh"]])
def test_a_store_of_someone_else_is_left_alone(tmp_path: Path, fresh: list[str]) -> None:
    place = tmp_path / "precious"
    theirs = open_store(place)
    theirs.create_run("0", "mine")
    theirs.close()
    done = demo(tmp_path, "--store", str(place), *fresh)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "not made by `tuiflow demo`" in done.stderr
    assert [run.info.run_name for run in runs(open_store(place))] == ["mine"]
    assert {item.name for item in place.iterdir()} <= {
        "tuiflow.db",
        "tuiflow.db-wal",
        "tuiflow.db-shm",
    }


def test_a_file_is_no_place_for_the_demo(tmp_path: Path) -> None:
    done = demo(tmp_path, "--store", "some.db")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert list(tmp_path.iterdir()) == []


def test_two_at_once(tmp_path: Path) -> None:
    with home.rebuilding(tmp_path / "demo") as database:
        assert database.parent == tmp_path / "demo"
        with pytest.raises(InvalidState, match="Another"), home.rebuilding(tmp_path / "demo"):
            pass
    assert home.look(tmp_path / "demo") is home.State.COMPLETE


def test_not_while_a_model_of_it_is_served(tmp_path: Path) -> None:
    with home.rebuilding(tmp_path) as database:
        store = Store(database)
        run = store.create_run("0")
        server = store.add_server(
            run.info.run_id, "model", "127.0.0.1", 5001, this_process(), False, "servers/1.log"
        )
    with pytest.raises(InvalidState, match="port 5001"), home.rebuilding(tmp_path):
        pass
    store.stop_server_row(server)
    store.close()
    with home.rebuilding(tmp_path) as database:
        assert not database.exists()


def test_a_failed_rebuild_is_not_complete(tmp_path: Path) -> None:
    with pytest.raises(KeyError), home.rebuilding(tmp_path):
        raise KeyError
    assert home.look(tmp_path) is home.State.UNFINISHED


@pytest.mark.parametrize("marker", ["", "[]", "{}", '{"made_by": "x", "complete": true}'])
def test_only_its_own_marker_counts(tmp_path: Path, marker: str) -> None:
    (tmp_path / "demo.json").write_text(marker)
    with pytest.raises(StoreError, match="not made by"):
        home.look(tmp_path)
    with pytest.raises(StoreError), home.rebuilding(tmp_path):
        pass
    assert (tmp_path / "demo.json").read_text() == marker


def test_marker_is_plain_json(tmp_path: Path) -> None:
    with home.rebuilding(tmp_path):
        pass
    assert json.loads((tmp_path / "demo.json").read_text()) == {
        "made_by": "tuiflow demo",
        "complete": True,
    }


def test_png_holds_the_pixels() -> None:
    pixels = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    data = picture.png(pixels)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place, chunks = 8, {}
    while place < len(data):
        length = int.from_bytes(data[place : place + 4])
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        checksum = int.from_bytes(data[place + 8 + length : place + 12 + length])
        assert checksum == zlib.crc32(kind + body)
        chunks[kind] = body
        place += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert chunks[b"IHDR"] == b"\0\0\0\5\0\0\0\4\x08\2\0\0\0"
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(4, 16)
    assert (rows[:, 0] == 0).all()
    assert (rows[:, 1:].reshape(4, 5, 3) == pixels).all()


@pytest.mark.parametrize(("low", "high"), [(0, 1), (25, 346), (-0.004, 0.01)])
def test_ticks_span_the_data_in_a_few_steps(low: float, high: float) -> None:
    x = np.array([low, high], dtype=float)
    image = picture.scatter(x, x).pixels
    assert image.shape == (360, 360, 3)
    assert (image == (234, 88, 12)).all(axis=2).sum() > 100
