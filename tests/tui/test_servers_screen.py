"""The Servers screen and the serve modal over real servers, and how they look."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pandas as pd
import pytest
from driving import messages, screen_text, until
from sklearn.linear_model import LinearRegression
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tuiflow.entities import TAG_MODELS, Process, RunTag, ServerInfo
from tuiflow.models import infer_signature
from tuiflow.models.sklearn_flavor import save_model
from tuiflow.serving import process
from tuiflow.serving.ports import free_port
from tuiflow.serving.traffic import ServerStats
from tuiflow.serving.watch import Health, HealthState
from tuiflow.settings import Settings
from tuiflow.store import Store
from tuiflow.tui import served
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.serve import ServeModal
from tuiflow.tui.screens.run import RunScreen
from tuiflow.tui.screens.servers import ServersScreen
from tuiflow.tui.widgets.rows import RowsView

MAKE = Callable[[Store], TuiflowApp]
UP = 60.0
"""Seconds a server may take to come up on a busy machine."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model that answers the sum of its two columns."""
    data = pd.DataFrame({"a": [0.0, 1.0, 2.0, 5.0], "b": [1.0, 0.0, 3.0, 2.0]})
    fitted = LinearRegression().fit(data, data.sum(axis=1))
    folder = tmp_path_factory.mktemp("model") / "model"
    signature = infer_signature(data, fitted.predict(data))
    save_model(fitted, folder, signature=signature, input_example=data.head(1))
    return folder


@pytest.fixture
def run_id(store: Store, model: Path) -> str:
    run = store.create_run(store.create_experiment("wine"), "able-crane-41").info.run_id
    store.log_artifacts(run, model, "model")
    store.log_batch(run, tags=[RunTag(TAG_MODELS, "model")])
    store.finish_run(run, "FINISHED")
    return run


@pytest.fixture(autouse=True)
def no_servers_left(store: Store) -> Iterator[None]:
    yield
    for server in process.list_servers(store):
        process.stop(store, server.server_id, timeout=2)


@asynccontextmanager
async def opened(app: TuiflowApp, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot]:
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, ServersScreen))
        yield pilot


async def sees(pilot: Pilot, *texts: str, seconds: float = 30) -> None:
    await until(pilot, lambda: all(text in screen_text(pilot.app) for text in texts), seconds)


def start(store: Store, run_id: str, **options: bool) -> ServerInfo:
    return process.start(store, run_id, port=0, **options)


async def test_s_serves_the_model_and_the_console_asks_it(app_of: MAKE, store: Store, run_id: str):
    app = app_of(store)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await app.push_screen(RunScreen(run_id))
        await pilot.press("s")
        await sees(pilot, "Serve able-crane-41", "port")
        port = free_port(20_000 + os.getpid() % 20_000)
        app.screen.query_one(Input).value = str(port)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ServersScreen))
        await sees(pilot, str(port), "wine / able-crane-41 / model", "starting", "with app")
        await sees(pilot, f"ssh -L {port}:localhost:{port}", "curl -H", "Servers ●1")
        await sees(pilot, "● healthy", "listening on", seconds=UP)
        await pilot.press("i")
        await sees(pilot, "answer · 200 ·", '"predictions": [', "POST /invocations 200")
        await pilot.press("enter")
        area = app.screen.query_one("#request", TextArea)
        assert area.has_focus
        area.text = json.dumps({"inputs": {"a": [2.0]}})
        await pilot.press("ctrl+s")
        await sees(pilot, "answer · 400 ·", "INVALID_PARAMETER_VALUE")
        # Letters go into the text, and esc leads back to the list.
        await pilot.press("X", "escape")
        assert "X" in area.text and app.screen.query_one("#servers").has_focus
        assert process.list_servers(store)
        await pilot.press("X")
        await sees(pilot, "■ stopped")
        await until(pilot, lambda: f"Stopped the server on port {port}" in messages(app))
        with pytest.raises(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2)
        await pilot.press("i")
        await until(pilot, lambda: "This server has ended" in messages(app))


async def test_a_taken_port_is_told_and_the_next_offered(app_of, store, run_id):
    app = app_of(store)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        app.settings = Settings(port=port)
        async with app.run_test(notifications=True) as pilot:
            await app.push_screen(RunScreen(run_id))
            await pilot.press("s")
            await sees(pilot, f"Port {port} is taken")
            field = app.screen.query_one(Input)
            assert int(field.value) > port
            field.value = str(port)
            await pilot.press("enter")
            await sees(pilot, f"Port {port} is taken; the next free one is")
            field.value = "70000"
            await pilot.press("enter")
            await sees(pilot, "A port is a number from 1 to 65535.")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, RunScreen))
    assert store.list_servers(include_stopped=True) == []


async def test_of_several_models_one_is_chosen(app_of, store, run_id, model):
    store.log_artifacts(run_id, model, "second")
    store.log_batch(run_id, tags=[RunTag(TAG_MODELS, "model,second")])
    app = app_of(store)
    app.settings = Settings(port=free_port(20_000 + os.getpid() % 20_000))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await app.push_screen(RunScreen(run_id))
        await pilot.press("s", "j", "enter")
        await sees(pilot, "able-crane-41 / second", "starting")


async def test_a_model_that_does_not_load_is_a_failure_with_its_reason(app_of, store, run_id):
    (store.artifact_path(run_id, "model") / "model.skops").write_bytes(b"no model")
    async with opened(app_of(store)) as pilot:
        start(store, run_id)
        await sees(pilot, "✗ failed", "failed: ", "error: ", seconds=UP)
        text = " ".join(line.strip(" │") for line in screen_text(pilot.app).split("\n"))
        assert "can't be loaded" in text or "could not be loaded" in text


async def test_a_server_that_was_killed_is_told_and_started_again(app_of, store, run_id):
    async with opened(app_of(store)) as pilot:
        server = start(store, run_id)
        await sees(pilot, "● healthy", seconds=UP)
        os.kill(server.process.pid, signal.SIGKILL)
        await sees(pilot, "✗ failed")
        await pilot.press("ctrl+r")
        await sees(pilot, "● healthy", seconds=UP)
        again = process.list_servers(store)
        assert [item.port for item in again] == [server.port]
        assert again[0].server_id != server.server_id
        rows = pilot.app.screen.query_one("#servers", RowsView)
        assert rows.key == str(again[0].server_id)


async def test_detaching_is_said_and_done_once(app_of, store, run_id):
    app = app_of(store)
    async with opened(app) as pilot:
        server = start(store, run_id)
        await sees(pilot, "with app")
        await pilot.press("&")
        await sees(pilot, "detached")
        await until(pilot, lambda: "stays when the app ends" in messages(app))
        assert process.find(store, server.server_id).detached
        await pilot.press("&")
        await until(pilot, lambda: "is detached already" in messages(app))


async def test_what_reaches_a_server_is_copied(app_of, store, run_id):
    app = app_of(store)
    async with opened(app) as pilot:
        server = start(store, run_id)
        await sees(pilot, "ssh -L")
        await pilot.press("Y", "j", "enter")
        await until(pilot, lambda: app.clipboard.startswith(f"ssh -L {server.port}:localhost"))
        await pilot.press("Y", "enter")
        await until(pilot, lambda: app.clipboard.startswith("curl "))
        assert f"localhost:{server.port}/invocations" in app.clipboard
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard == run_id)


async def test_each_server_keeps_its_own_request_and_answer(app_of, store, run_id):
    async with opened(app_of(store)) as pilot:
        first, second = start(store, run_id), start(store, run_id)
        await until(pilot, lambda: screen_text(pilot.app).count("● healthy") == 2, UP)
        area = pilot.app.screen.query_one("#request", TextArea)
        rows = pilot.app.screen.query_one("#servers", RowsView)
        rows.go_to(str(first.server_id))
        await sees(pilot, f"ssh -L {first.port}:")
        area.text = '{"inputs": [[2.0, 3.0]]}'
        await pilot.press("i")
        await sees(pilot, '"predictions": [')
        rows.go_to(str(second.server_id))
        await sees(pilot, f"ssh -L {second.port}:")
        assert "dataframe_split" in area.text
        assert "predictions" not in screen_text(pilot.app)
        rows.go_to(str(first.server_id))
        await sees(pilot, '"inputs": [[2.0, 3.0]]', '"predictions": [')


# looks


STATS = ServerStats(1204, 3, 0, 214.0, 0.9, 3.1, tuple(1.0 + n % 7 for n in range(60)), 720.0)
LINES = served.Lines(
    "curl -H 'Content-Type: application/json' -d '{\"inputs\": [[1.0, 2.0]]}' http://localhost:5001",
    "ssh -L 5001:localhost:5001 gpu-07",
    '{"dataframe_split": {"columns": ["fixed acidity", "pH", "alcohol"], "data": [[7, 3, 8.8]]}}',
)


def canned(states: list[served.Served]) -> Callable[..., list[served.Served]]:
    return lambda store, since: states


def server(number: int, name: str, **changes: object) -> ServerInfo:
    values: dict[str, object] = {
        "server_id": number,
        "run_id": "a" * 32,
        "run_name": name,
        "experiment_name": "wine",
        "model_path": "model",
        "host": "127.0.0.1",
        "port": 5000 + number,
        "process": Process("gpu-07", 4242, 1, "boot", 0),
        "detached": False,
        "log_path": "",
        "started_at": 1_795_528_200_000,
        "stopped_at": None,
    }
    return ServerInfo(**{**values, **changes})


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("case", ["empty", "one", "all"])
def test_the_screen_looks_as_it_did(snap_compare, app_of, store, monkeypatch, case, size):
    healthy = Health(HealthState.HEALTHY, 1.0)
    states = {
        "empty": [],
        "one": [served.Served(server(1, "able-crane-41"), healthy, True, STATS)],
        "all": [
            served.Served(server(4, "dire-moth-2", stopped_at=1), Health(HealthState.STOPPED),
                          failure="the model can't be loaded: bad file"),
            served.Served(server(3, "calm-finch-12"), Health(HealthState.STARTING), True),
            served.Served(server(2, "bold-otter-7", detached=True), healthy, False, STATS),
            served.Served(server(1, "able-crane-41"),
                          Health(HealthState.UNHEALTHY, None, "It does not answer: timed out.")),
        ],
    }[case]  # fmt: skip
    monkeypatch.setattr(served, "look", canned(states))
    monkeypatch.setattr(served, "lines_of", lambda store, info: LINES)

    async def prepare(pilot: Pilot) -> None:
        await pilot.press("3")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServersScreen))
        await sees(pilot, " / model" if states else "Nothing is being served.")
        if case == "one":
            await sees(pilot, "ssh -L 5001", '"dataframe_split"')
            await sees(pilot, "The log is empty.")
        if case == "all":
            await sees(pilot, "failed: the model can't be loaded: bad file", "The log is empty.")

    assert snap_compare(app_of(store), terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_the_serve_modal_looks_as_it_did(snap_compare, app, monkeypatch, size):
    from tuiflow.serving import ports

    monkeypatch.setattr(ports, "free_port", lambda port, host="": port + 1)

    async def prepare(pilot: Pilot) -> None:
        store = pilot.app.store
        run = store.resolve_run("able-crane-41")
        store.log_batch(run, tags=[RunTag(TAG_MODELS, "model,checkpoints/best")])
        pilot.app.push_screen(ServeModal(store.get_run(run)))
        await sees(pilot, "Port 5001 is taken; 5002 is the next free one.")

    assert snap_compare(app, terminal_size=size, run_before=prepare)
