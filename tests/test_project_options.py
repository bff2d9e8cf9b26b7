"""Options of `tuiflow run`: what is passed on, where it is recorded, strict and dry runs."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from repositories import Repository
from shell import Cli

from tuiflow.entities import Run
from tuiflow.protocols import RunQuery
from tuiflow.store import Store

MLPROJECT = """\
name: demo
entry_points:
  main:
    parameters: {alpha: float, rate: {type: float, default: 1}}
    command: echo {alpha} {rate}
  data:
    parameters: {data: path}
    command: cat {data}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "MLproject").write_text(MLPROJECT)
    monkeypatch.chdir(folder)
    return folder


def only_run(store: Store) -> Run:
    (run,) = store.search_runs(RunQuery())
    return run


def test_what_is_not_declared_is_passed_on_and_recorded(
    cli: Cli, store: Store, project: Path
) -> None:
    done = cli("run", "-P", "alpha=1", "-P", "rtae=2", "-P", "zzz=it's; id")
    assert (done.code, done.out) == (0, "1 1 --rtae 2 --zzz it's; id\n")
    assert "-P rtae is not declared; did you mean 'rate'? It is passed on as --rtae." in done.err
    assert "zzz is not declared" not in done.err
    assert only_run(store).data.params == {
        "alpha": "1",
        "rate": "1",
        "rtae": "2",
        "zzz": "it's; id",
    }


def test_strict(cli: Cli, store: Store, project: Path) -> None:
    done = cli("run", "--strict", "-P", "alpha=1", "-P", "rtae=2")
    assert (done.code, "does not declare rtae" in done.err) == (2, True)
    done = cli("run", "--strict", "-P", "alpha=1")
    assert (done.code, "is in no git repository" in done.err) == (2, True)
    repository = Repository(project)
    done = cli("run", "--strict", "-P", "alpha=1")
    assert (done.code, "uncommitted changes" in done.err) == (2, True)
    repository.commit()
    assert cli("run", "--strict", "-P", "alpha=1").code == 0
    repository.write({"MLproject": MLPROJECT.replace("echo", "echo -n")})
    done = cli("run", "--strict", "-P", "alpha=1")
    assert (done.code, "commit or ignore MLproject" in done.err) == (2, True), done.err
    assert cli("run", "--strict", "-v", "main", "-P", "alpha=1").code == 0
    repository.commit()
    repository.write({"new.csv": ""})
    done = cli("run", "--strict", "-P", "alpha=1")
    assert (done.code, "commit or ignore new.csv" in done.err) == (2, True), done.err
    assert store.count_runs(RunQuery()) == 2


def test_a_dry_run_shows_everything_and_does_nothing(cli: Cli, store: Store, project: Path) -> None:
    done = cli("run", "--dry-run", "-P", "alpha=1", "-P", "more=a b", "--experiment", "new")
    assert (done.code, done.err) == (0, "")
    lines = dict(line.split("  ", 1) for line in done.out.splitlines())
    shown = {key.strip(): value.strip() for key, value in lines.items()}
    assert shown["folder"] == str(project)
    assert shown["params"] == "alpha=1 rate=1 more='a b'"
    assert shown["command"] == "echo 1 1 --more 'a b'"
    assert shown["environment"] == f"the Python of tuiflow, {sys.executable}"
    assert shlex.split(shown["executes"])[1:] == [
        "-c",
        'echo "${1}" "${2}" "${3}" "${4}"',
        "bash",
        "1",
        "1",
        "--more",
        "a b",
    ]
    url = "http://127.0.0.1:1/d.csv"
    done = cli("run", "--dry-run", "-e", "data", "-P", f"data={url}", "--storage-dir", "kept")
    assert done.code == 0  # nothing is downloaded
    assert f"cat {project}/kept/" in done.out
    assert not (project / "kept").exists()
    assert store.count_runs(RunQuery()) == 0
    assert store.get_experiment_by_name("new") is None


@pytest.mark.parametrize("value", ["'; touch pwned; '", "$(touch pwned)", "two  blanks\nline"])
def test_the_command_of_a_dry_run_can_be_pasted(cli: Cli, project: Path, value: str) -> None:
    code = "import sys,json; print(json.dumps(sys.argv[1:]))"
    command = f"python -c '{code}' {{alpha}} '{{name}}' \"{{name}}\" {{name}}"
    entry = {"parameters": {"alpha": "float", "name": "string"}, "command": command}
    (project / "MLproject").write_text(json.dumps({"entry_points": {"main": entry}}))
    given = ("-P", "alpha=0.5", "-P", f"name={value}")
    done = cli("run", "--dry-run", *given)
    (line,) = (line for line in done.out.splitlines() if line.startswith("command "))
    pasted = subprocess.run(
        ["bash", "-c", line.removeprefix("command").replace("python", sys.executable, 1)],
        capture_output=True,
        check=True,
    )
    assert json.loads(pasted.stdout) == ["0.5", value, value, value]
    assert cli("run", *given).out == pasted.stdout.decode()
    assert not (project / "pwned").exists()


def test_without_an_experiment_it_is_the_first_one_whatever_its_name(
    cli: Cli, store: Store, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.rename_experiment("0", "scratch")
    assert cli("run", "-P", "alpha=1").code == 0
    assert only_run(store).info.experiment_id == "0"
    assert store.get_experiment_by_name("Default") is None
    monkeypatch.setenv("TUIFLOW_EXPERIMENT_NAME", "named")
    assert cli("run", "-P", "alpha=1", "--run-name", "second").code == 0
    names = {run.info.run_name: run.info.experiment_name for run in store.search_runs(RunQuery())}
    assert names["second"] == "named"


def test_the_experiment_by_id_or_name(cli: Cli, store: Store, project: Path) -> None:
    number = store.create_experiment("by number")
    assert cli("run", "-P", "alpha=1", "--experiment-id", number).code == 0
    assert only_run(store).info.experiment_name == "by number"
    done = cli("run", "-P", "alpha=1", "--experiment-id", number, "--experiment-name", "x")
    assert (done.code, "not both" in done.err) == (2, True)
    done = cli("run", "-P", "alpha=1", "--experiment-id", "99")
    assert done.code == 2
    store.delete_experiment(number)
    done = cli("run", "-P", "alpha=1", "--experiment-id", number)
    assert (done.code, "is deleted" in done.err) == (2, True)
    assert store.count_runs(RunQuery()) == 0


def test_a_run_is_taken_up(cli: Cli, store: Store, project: Path) -> None:
    run = store.create_run("0", "made", params={"alpha": "1"})
    run_id = run.info.run_id
    assert cli("run", "-P", "alpha=1", "--run-id", run_id).code == 0
    found = only_run(store)
    assert (found.info.run_name, found.info.status) == ("made", "FINISHED")
    assert found.data.params == {"alpha": "1", "rate": "1"}
    assert found.data.tags["mlflow.source.type"] == "PROJECT"
    done = cli("run", "-P", "alpha=2", "--run-id", run_id)
    assert (done.code, done.out) == (2, "")
    assert only_run(store).info.status == "FINISHED"
    assert cli("run", "-P", "alpha=1", "--run-id", "f" * 32).code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-b", "databricks"], "no backend 'databricks'"),
        (["-c", "{}"], "takes no configuration"),
        (["--env-manager", "poetry"], "not 'poetry'"),
        (["--env-manager", "conda"], "is for a conda.yaml"),
        (["-A", "gpus=all"], "no docker_env"),
        (["--build-image"], "no docker_env"),
        (["-A", "=x"], "-A name=value"),
        (["-v", "v1"], "is in none"),
    ],
)
def test_what_is_refused(
    cli: Cli, store: Store, project: Path, arguments: list[str], said: str
) -> None:
    done = cli("run", "-P", "alpha=1", *arguments)
    assert done.code == 2
    assert (done.out, done.err.count("\n")) == ("", 1)
    assert said in done.err
    assert store.count_runs(RunQuery()) == 0


def test_an_environment_that_is_declared_is_told(cli: Cli, project: Path) -> None:
    (project / "requirements.txt").write_text("six\n")
    done = cli("run", "-P", "alpha=1")
    assert done.code == 0
    assert "declares an environment, requirements.txt" in done.err
    assert "--env-manager uv" in done.err
    done = cli("run", "-P", "alpha=1", "--env-manager", "local")
    assert "declares an environment" not in done.err


def test_an_artifact_of_a_run_for_a_path(cli: Cli, store: Store, project: Path) -> None:
    run_id = store.create_run("0", "first").info.run_id
    (project / "features.csv").write_text("a;b")
    store.log_artifact(run_id, project / "features.csv", "data")
    uri = f"runs:/{run_id}/data/features.csv"
    done = cli("run", "-e", "data", "-P", f"data={uri}")
    assert (done.code, done.out) == (0, "a;b")
    assert store.get_run(store.resolve_run("latest")).data.params == {"data": uri}
    assert cli("rerun", "latest").out == "a;b"
    done = cli("run", "-e", "data", "-P", f"data=runs:/{run_id}/none.csv")
    assert (done.code, done.out) == (2, "")
    done = cli("run", "-e", "data", "-P", "data=models:/none/1")
    assert (done.code, done.out) == (2, "")


def test_downloads_go_where_they_are_wanted(cli: Cli, project: Path, tmp_path: Path) -> None:
    root = tmp_path / "served"
    root.mkdir()
    (root / "d.csv").write_text("x")
    handler = partial(QuietFiles, directory=str(root))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/d.csv"
        done = cli("run", "-e", "data", "-P", f"data={url}", "--storage-dir", "kept")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (done.code, done.out) == (0, "x")
    (kept,) = (project / "kept").iterdir()
    assert kept.read_text() == "x"
    # It stays there: a rerun from elsewhere needs no server.
    assert cli("rerun", "latest").out == "x"


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_bad_address_for_a_path_is_no_traceback(cli: Cli, store: Store, project: Path) -> None:
    for url in ("http://[x/y", "http://", "https://exa mple.org:port/x"):
        done = cli("run", "-e", "data", "-P", f"data={url}")
        assert done.code in (1, 2)
        assert "Traceback" not in done.err
    assert store.count_runs(RunQuery()) == 0
