"""`tuiflow serve`, its spellings, and `tuiflow servers`, as real commands."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import ElasticNet
from sklearn.model_selection import train_test_split
from small_models import COLUMNS, table
from wine import REAL_WINE, TUTORIAL

from tuiflow.models.sklearn_flavor import save_model
from tuiflow.serving import process
from tuiflow.store import Store
from tuiflow.store.processes import this_process

LogRun = Callable[..., str]
TUIFLOW = [sys.executable, "-m", "tuiflow"]


@pytest.fixture
def tuiflow(store: Store) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command on the test's store; it is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [*TUIFLOW, "--store", str(store.root), *words],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield begin
    for one in started:
        one.kill()
        one.communicate()
    for server in process.list_servers(store):
        process.stop(store, server.server_id, timeout=0)


def done(command: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = command.communicate(timeout=60)
    return command.returncode, out, err


def first_url(command: subprocess.Popen[str]) -> str:
    """The address in the first line, once the command says how to ask."""
    assert command.stdout is not None
    first = command.stdout.readline()
    for line in command.stdout:
        if line.startswith("ask it: curl"):
            break
    return first.split(" at ")[1].split(";")[0]


@pytest.mark.parametrize(
    "words",
    [
        ["serve", "-r", "latest"],
        ["pyfunc", "serve", "--no-conda", "-r", "able-crane", "-m", "model", "-h", "127.0.0.1"],
        ["models", "serve", "-m", "runs:/able-crane/model", "--env-manager", "local"],
        ["models", "serve", "-m", "FOLDER"],
    ],
)
def test_in_the_foreground_until_ctrl_c(
    store: Store,
    log_run: LogRun,
    tuiflow: Callable[..., subprocess.Popen[str]],
    linear: tuple[Path, ElasticNet],
    words: list[str],
) -> None:
    log_run("able-crane", model=linear[0])
    words = [str(linear[0]) if word == "FOLDER" else word for word in words]
    command = tuiflow(*words, "-p", "0")
    url = first_url(command)
    rows = table(3)
    answer = httpx.post(
        f"{url}/invocations",
        json={"columns": COLUMNS, "data": rows.to_numpy().tolist()},
        headers={"Content-Type": "application/json; format=pandas-split"},
    )
    assert answer.json() == linear[1].predict(rows).tolist()
    command.send_signal(signal.SIGINT)
    code, out, err = done(command)
    assert (code, err) == (0, "")
    assert "POST /invocations 200" in out
    assert out.rstrip().endswith("stopped")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/ping")
    assert process.list_servers(store) == []


def test_detached_then_listed_logged_and_stopped(
    store: Store,
    log_run: LogRun,
    tuiflow: Callable[..., subprocess.Popen[str]],
    linear: tuple[Path, ElasticNet],
) -> None:
    run_id = log_run("able-crane", model=linear[0])
    code, out, err = done(tuiflow("serve", "-r", run_id[:6], "-p", "0", "--detach"))
    assert (code, err) == (0, "")
    [server] = process.list_servers(store)
    assert f"server {server.server_id}: Default / able-crane / model at http://127.0.0.1:" in out
    assert httpx.get(f"http://127.0.0.1:{server.port}/ping").status_code == 200

    code, out, _ = done(tuiflow("servers", "--format", "json"))
    [record] = json.loads(out)
    assert code == 0
    assert record["state"] == "healthy"
    assert record["url"] == f"http://127.0.0.1:{server.port}"
    assert (record["run_id"], record["detached"]) == (run_id, True)

    _, out, _ = done(tuiflow("servers", "list"))
    assert "healthy" in out
    assert "Default / able-crane / model" in out

    _, out, _ = done(tuiflow("servers", "logs", str(server.server_id)))
    assert "loading model" in out
    follow = tuiflow("servers", "logs", str(server.server_id), "-f", "-n", "1")
    assert follow.stdout is not None
    assert follow.stdout.readline()

    code, out, _ = done(tuiflow("servers", "stop", str(server.server_id)))
    assert (code, out) == (0, f"stopped server {server.server_id}, {record['url']}\n")
    assert done(follow)[1].rstrip().endswith("stopped")
    _, out, err = done(tuiflow("servers"))
    assert "tuiflow serve -r RUN" in err
    _, out, _ = done(tuiflow("servers", "list", "--all", "--format", "csv"))
    assert out.splitlines()[1].startswith(f"{server.server_id},stopped,")
    _, out, _ = done(tuiflow("servers", "stop", str(server.server_id)))
    assert "already" in out


def test_a_server_of_a_machine_that_is_gone_can_be_forgotten(
    store: Store, log_run: LogRun, tuiflow: Callable[..., subprocess.Popen[str]]
) -> None:
    there = replace(this_process(), host="gpu-07", boot_id="other/1")
    server_id = store.add_server(log_run(), "model", "127.0.0.1", 1, there, True, "servers/x.log")
    code, _, err = done(tuiflow("servers", "stop", str(server_id)))
    assert (code, "gpu-07" in err) == (1, True)
    assert "elsewhere" in done(tuiflow("servers"))[1]
    code, out, _ = done(tuiflow("servers", "stop", "--forget", str(server_id)))
    assert (code, "gpu-07" in out) == (0, True)
    assert process.list_servers(store) == []


def test_mistakes(
    store: Store,
    log_run: LogRun,
    tuiflow: Callable[..., subprocess.Popen[str]],
    linear: tuple[Path, ElasticNet],
) -> None:
    log_run("empty")
    log_run("broken", model=linear[0])
    run_id = store.resolve_run("broken")
    store.artifact_path(run_id, "model/model.skops").write_bytes(b"no model")
    expected: list[tuple[list[str], int, str]] = [
        (["serve", "-r", "empty"], 2, "log_model"),
        (["serve", "-r", "nobody"], 2, "nobody"),
        (["serve", "-r", "broken", "-m", "other"], 2, "it has model"),
        (["serve", "-r", "broken", "-p", "0"], 1, "can't be loaded"),
        (["models", "serve", "-m", "s3://bucket/model"], 2, "s3"),
        (["models", "serve", "-m", str(store.root)], 2, "MLmodel"),
        (["models", "serve", "-m", str(linear[0]), "--detach"], 2, "--detach"),
        (["servers", "stop", "99"], 2, "no server 99"),
        (["servers", "logs", "99"], 2, "no server 99"),
    ]
    commands = [(tuiflow(*words), code, text) for words, code, text in expected]
    for command, code, text in commands:
        returned, _, err = done(command)
        assert (returned, "Traceback" in err) == (code, False), err
        assert err.startswith("tuiflow: ")
        assert err.count("\n") == 1
        assert text in err
    assert process.list_servers(store) == []


def test_the_port_of_the_settings(
    log_run: LogRun,
    tuiflow: Callable[..., subprocess.Popen[str]],
    linear: tuple[Path, ElasticNet],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log_run("able-crane", model=linear[0])
    monkeypatch.setenv("TUIFLOW_CONFIG", str(tmp_path / "config.toml"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "config.toml").write_text(f"poll = true\n[serve]\nport = {port}\n")
        ways = [["serve", "-r", "latest"], ["models", "serve", "-m", str(linear[0])]]
        for command in [tuiflow(*words) for words in ways]:
            code, _, err = done(command)
            wrong, said = err.splitlines()
            assert "config.toml: line 1: poll must be a number" in wrong
            assert code == 1
            assert f"Port {port} is taken" in said


@pytest.mark.skipif(not REAL_WINE.exists(), reason="the wine data is not here")
def test_the_tutorials_own_request(
    log_run: LogRun, tuiflow: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    np.random.seed(40)
    train, _ = train_test_split(pd.read_csv(REAL_WINE))
    inputs = train.drop(columns="quality")
    model = ElasticNet(alpha=0.5, l1_ratio=0.5, random_state=42).fit(inputs, train["quality"])
    save_model(model, tmp_path / "model", input_example=inputs.head(1))
    log_run("wine", model=tmp_path / "model")
    command = tuiflow("pyfunc", "serve", "-r", "wine", "-m", "model", "-p", "0")
    url = first_url(command)
    answer = httpx.post(
        f"{url}/invocations",
        content=json.dumps(TUTORIAL),
        headers={"Content-Type": "application/json; format=pandas-split"},
    )
    assert answer.json() == pytest.approx([5.655099099229192], rel=1e-12)
    plain = httpx.post(f"{url}/invocations", json=TUTORIAL)
    assert plain.status_code == 400
    assert "format=pandas-split" in plain.json()["message"]
