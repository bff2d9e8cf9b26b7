"""The app in a real terminal, driven by keys: find, compare, serve, and end with the terminal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from terminal import Terminal
from wine import FEATURES, PROJECT, wine

import tuiflow
from tuiflow.protocols import RunQuery
from tuiflow.serving.ports import free_port
from tuiflow.store import Store, open_store

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

Open = Callable[..., Terminal]


@pytest.fixture
def environment(store: Store) -> dict[str, str]:
    return {"TUIFLOW_STORE": str(store.root), "TERM": "xterm-256color", "HOME": os.environ["HOME"]}


@pytest.fixture
def open_app(environment: dict[str, str], tmp_path: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def open_one(columns: int = 80, rows: int = 24) -> Terminal:
        command = [sys.executable, "-m", "tuiflow"]
        opened.append(Terminal(tmp_path, command, environment, columns, rows))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with three runs of the tutorial's project: one, two, three."""
    folder = tmp_path_factory.mktemp("trained")
    data = wine(folder)
    for name, alpha, l1_ratio in (
        ("one", "0.5", "0.5"),
        ("two", "0.001", "0.5"),
        ("three", "0.1", "0.1"),
    ):
        done = subprocess.run(
            [
                sys.executable, "-m", "tuiflow", "run", str(PROJECT), "--run-name", name,
                "-P", f"alpha={alpha}", "-P", f"l1_ratio={l1_ratio}", "-P", f"data={data}",
                "--experiment", "wine", "--store", str(folder / "store"),
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return folder / "store"


@pytest.fixture
def store(trained: Path, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(shutil.copytree(trained, tmp_path / "store"))
    yield opened
    opened.close()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_closed(port: int, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while is_open(port):
        assert time.monotonic() < deadline, f"port {port} is still open"
        time.sleep(0.02)


def serve(terminal: Terminal, port: int) -> None:
    """Serve the run under the cursor on a port, until it says that it is healthy."""
    terminal.keys("s")
    terminal.wait("Serve ")
    terminal.wait(r"\d{4,5} *│")
    terminal.type(str(port))  # the port offered is selected, so that typing replaces it
    terminal.wait(rf"{port} *│")
    terminal.keys("Enter")
    terminal.wait(rf"{port}[^\n]*healthy")


def test_the_main_job(store: Store, open_app: Open, tmp_path: Path) -> None:
    terminal = open_app(120, 40)
    terminal.wait("three")

    terminal.keys("/")
    terminal.type("params.l1_ratio = 0.5")
    terminal.wait(r"2 of 3")
    terminal.keys("Enter")
    terminal.wait(r"one(?s:(?!three).)*$")

    terminal.keys("g", "Space", "j", "Space")
    terminal.keys("d")
    terminal.wait("compare 2 runs")
    terminal.wait(r"alpha\s.*0\.001.*0\.5")
    terminal.keys("Escape")
    terminal.wait(r"2 of 3")

    terminal.keys("g")
    port = free_port(5201)
    serve(terminal, port)
    run_id = store.resolve_run("two")

    import pandas as pd

    table = pd.read_csv(wine(tmp_path))
    rows = table.sample(50, random_state=1)[FEATURES]
    tuiflow.set_tracking_uri(store.root)
    expected = tuiflow.sklearn.load_model(f"runs:/{run_id}/model").predict(rows)
    shuffled = rows[list(pd.Series(FEATURES).sample(frac=1, random_state=2))]
    body = json.dumps({"dataframe_split": shuffled.to_dict(orient="split")}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        predictions = json.load(answer)["predictions"]
    assert predictions == pytest.approx([float(value) for value in expected.ravel()], rel=1e-12)

    assert is_open(port)
    os.kill(terminal.pid, signal.SIGKILL)
    wait_closed(port)


@pytest.mark.parametrize("how", ["quit", "hang up"])
def test_a_server_ends_with_the_app(open_app: Open, how: str) -> None:
    terminal = open_app()
    terminal.wait("three")
    port = free_port(5301)
    serve(terminal, port)
    if how == "quit":
        terminal.keys("q")
        terminal.wait("end")
        terminal.keys("Tab", "Enter")
    else:
        terminal.close()
    wait_closed(port)


def test_a_detached_server_is_found_again(
    store: Store, open_app: Open, environment: dict[str, str]
) -> None:
    terminal = open_app()
    terminal.wait("three")
    port = free_port(5401)
    serve(terminal, port)
    terminal.keys("&")
    terminal.wait("detached")
    terminal.keys("q")
    again = open_app()
    again.wait("three")
    again.keys("3")
    again.wait(rf"{port}[^\n]*healthy")
    assert is_open(port)
    again.keys("X")
    wait_closed(port, 20)


def test_what_is_copied_reaches_the_terminal_of_tmux(store: Store, open_app: Open) -> None:
    terminal = open_app()
    terminal.wait("three")
    terminal.keys("y")
    terminal.wait("sent to the terminal's clipboard")
    assert terminal.clipboard() in {run.info.run_id for run in store.search_runs(RunQuery())}


def test_80_by_24_and_resizing(open_app: Open) -> None:
    terminal = open_app(80, 24)
    screen = terminal.wait("(?s).*three.*").group()
    assert all(len(line) <= 80 for line in screen.splitlines())
    terminal.resize(60, 15)
    terminal.wait(r"(?s)^(.{0,60}\n){14,15}.*three|three")
    terminal.resize(200, 50)
    terminal.wait("three")
    terminal.keys("?")
    terminal.wait("Keys")
