"""`tuiflow models` and `tuiflow serve -m models:/…`: registered models from the shell."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
from shell import Cli
from sklearn.linear_model import Ridge

from tuiflow.models.sklearn_flavor import save_model
from tuiflow.serving import process
from tuiflow.store import Store

ROWS = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [0.0, 1.0, 0.0]})
MODEL = Ridge().fit(ROWS, [1.0, 2.0, 3.0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "ridge"
    save_model(MODEL, path, input_example=ROWS.head(1))
    return path


@pytest.fixture
def run_id(store: Store, folder: Path) -> str:
    """A run named able-crane that has logged the model."""
    found = store.create_run("0", "able-crane").info.run_id
    store.log_artifacts(found, folder, "model")
    store.finish_run(found, "FINISHED")
    return found


@pytest.fixture
def wine(cli: Cli, run_id: str) -> str:
    """The registered model `wine` with two versions, the second one its champion."""
    assert cli("models", "register", "runs:/able-crane/model", "wine").code == 0
    assert cli("models", "register", "models:/wine/1", "wine", "-a", "champion").code == 0
    return "wine"


def said(cli: Cli, *words: str) -> str:
    result = cli("models", *words)
    assert (result.code, result.err) == (0, "")
    return result.out


def refused(cli: Cli, *words: str) -> str:
    result = cli("models", *words)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("tuiflow: ")
    return result.err


def test_register_says_what_it_did(cli: Cli, store: Store, run_id: str) -> None:
    out = said(
        cli, "register", f"runs:/{run_id[:8]}/model", "wine", "-a", "best", "-a", "new", "-t", "k=v"
    )
    assert out.splitlines() == [
        f"registered runs:/{run_id}/model as wine version 1",
        "models:/wine@best is version 1",
        "models:/wine@new is version 1",
    ]
    version = store.registry.get_version("wine", 1)
    assert (version.run_id, version.tags) == (run_id, {"k": "v"})
    out = said(cli, "register", "models:/wine@best", "wine", "-a", "best")
    assert out.splitlines()[1] == "models:/wine@best is version 2 (was version 1)"


def test_a_mistake_registers_nothing(cli: Cli, store: Store, run_id: str) -> None:
    for words, part in [
        (["runs:/able-crane/nix", "wine"], "nix"),
        (["runs:/able-crane/model", "red/wine"], "'/'"),
        (["runs:/able-crane/model", "wine", "-a", "latest"], "reserved"),
        (["runs:/able-crane/model", "wine", "-t", "k"], "KEY=VALUE"),
        (["runs:/able-crane/model", "wine", "-t", "k!=v"], "k!"),
        (["s3://bucket/model", "wine"], "s3"),
        (["models:/wine", "wine"], "models:/NAME/VERSION"),
    ]:
        assert part in refused(cli, "register", *words)
    assert store.registry.list_models() == []


def test_list_and_show(cli: Cli, wine: str, run_id: str) -> None:
    lines = said(cli).splitlines()
    assert lines[0].split() == ["NAME", "LATEST", "ALIASES", "LAST", "CHANGE", "DESCRIPTION"]
    assert lines[1].split()[:3] == ["wine", "2", "champion=2"]
    assert said(cli, "list") == said(cli)
    lines = said(cli, "show", "wine").splitlines()
    assert lines[1].split() == ["name", "wine"]
    assert [line.split()[:1] for line in lines[-2:]] == [["2"], ["1"]]
    assert "champion" in lines[-2]
    assert f"runs:/{run_id}/model" in lines[-1]


def test_formats(cli: Cli, wine: str, run_id: str) -> None:
    [model] = json.loads(said(cli, "--format", "json"))
    assert (model["name"], model["latest_version"]) == ("wine", 2)
    assert model["aliases"] == {"champion": 2}
    shown = json.loads(said(cli, "show", "wine", "--format", "json"))
    assert [version["version"] for version in shown["versions"]] == [2, 1]
    assert {version["run_id"] for version in shown["versions"]} == {run_id}
    rows = list(csv.DictReader(io.StringIO(said(cli, "show", "wine", "--format", "csv"))))
    assert [(row["version"], row["aliases"]) for row in rows] == [("2", "champion"), ("1", "")]
    [row] = csv.DictReader(io.StringIO(said(cli, "--format", "csv")))
    assert row["aliases"] == "champion=2"
    assert said(cli, "--format", "md").splitlines()[0].startswith("| name | latest |")
    assert "| 2 | champion |" in said(cli, "show", "wine", "--format", "md")


def test_lists_of_nothing(cli: Cli, wine: str) -> None:
    assert cli("models", "-f", "name = 'nix'").err == "No registered models match.\n"
    assert "^^^" in refused(cli, "-f", "nix = 'x'")
    said(cli, "delete", "wine", "--yes")
    assert "tuiflow models register" in cli("models").err
    assert said(cli, "--format", "json") == "[]\n"
    assert said(cli, "--format", "csv").startswith("name,latest_version,")


def test_alias_tag_and_their_undoing(cli: Cli, store: Store, wine: str) -> None:
    out = said(cli, "alias", "wine", "1", "champion")
    assert out == "models:/wine@champion is version 1 (was version 2)\n"
    assert (
        said(cli, "unalias", "wine", "champion") == "removed the alias champion of wine version 1\n"
    )
    assert "no alias 'champion'" in refused(cli, "unalias", "wine", "champion")
    assert "no version 9; there are: 2, 1" in refused(cli, "alias", "wine", "9", "best")
    assert said(cli, "tag", "wine", "team=red", "k=") == "wine: team=red\nwine: k=\n"
    assert said(cli, "tag", "wine/2", "ok=yes") == "wine version 2: ok=yes\n"
    assert "tags.team" in said(cli, "show", "wine")
    assert said(cli, "-f", "tags.team = 'red'").count("\n") == 2
    assert said(cli, "tag", "wine/2", "--remove", "ok") == "wine version 2: removed ok (was yes)\n"
    assert said(cli, "tag", "wine", "--remove", "team") == "wine: removed team (was red)\n"
    assert "no tag 'team'" in refused(cli, "tag", "wine", "--remove", "team")
    assert "KEY=VALUE" in refused(cli, "tag", "wine")
    assert store.registry.get_model("wine").tags == {"k": ""}
    assert store.registry.get_version("wine", 2).tags == {}


def test_delete_asks_and_leaves_the_model(cli: Cli, store: Store, wine: str, run_id: str) -> None:
    assert "known as champion? There is no terminal" in refused(cli, "delete", "wine/2")
    assert "with 2 versions?" in refused(cli, "delete", "wine")
    assert "names no version" in refused(cli, "delete", "wine/", "-y")
    assert "no version 7" in refused(cli, "delete", "wine/7", "-y")
    assert said(cli, "delete", "wine/2", "-y").startswith("deleted wine version 2; its model stays")
    assert said(cli, "delete", "wine", "--yes").startswith("deleted wine with 1 version;")
    assert "there are no models" in refused(cli, "show", "wine")
    assert store.artifact_path(run_id, "model/MLmodel").is_file()


def test_what_scripts_have_named_is_harmless_on_a_terminal(
    cli: Cli, store: Store, run_id: str
) -> None:
    name = "wi\x1b]0;x\x07ne\nred"
    assert "\x1b" not in said(cli, "register", "runs:/able-crane/model", name, "-t", "k=\x1b[2J")
    store.registry.update_model(name, "\x1b[2Jtext\n\n")
    for words in ((), ("show", name), ("show", name, "--format", "md"), ("tag", name, "k=\x1b[2J")):
        out = said(cli, *words)
        assert "\x1b" not in out
        assert "\x07" not in out
    assert "\x1b" not in refused(cli, "alias", name, "7", "x")


# predict


def test_predict(cli: Cli, wine: str, folder: Path, tmp_path: Path) -> None:
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    answer = said(
        cli, "predict", "-m", "models:/wine@champion", "-t", "csv", "-i", str(tmp_path / "rows.csv")
    )
    np.testing.assert_allclose(json.loads(answer)["predictions"], MODEL.predict(ROWS))
    body = {"dataframe_split": {"columns": ["b", "a"], "data": [[0, 1]]}}
    (tmp_path / "rows.json").write_text(json.dumps(body))
    for uri in ("models:/wine/1", "runs:/able-crane/model", str(folder)):
        words = ["-m", uri, "-i", str(tmp_path / "rows.json"), "-o", str(tmp_path / "out.json")]
        assert said(cli, "predict", *words) == ""
        predicted = json.loads((tmp_path / "out.json").read_text())["predictions"]
        np.testing.assert_allclose(predicted, MODEL.predict(ROWS.head(1)))
        (tmp_path / "out.json").unlink()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["-m", "models:/wine@nix", "-i", "ROWS"], "no alias 'nix'; there are: champion"),
        (["-m", "models:/wine/1", "-i", "nowhere.csv"], "no file nowhere.csv"),
        (["-m", "models:/wine/1", "-i", "ROWS", "-t", "xml"], "json or csv"),
        (["-m", "models:/wine/1", "-i", "ROWS", "-t", "csv"], "lacks the column 'b'"),
        (["-m", "models:/wine/1", "-i", "ROWS"], "JSON"),
        (["-m", "models:/wine/1", "-i", "ROWS", "--env-manager", "conda"], "conda"),
    ],
)
def test_predict_mistakes(cli: Cli, wine: str, tmp_path: Path, words: list[str], part: str) -> None:
    (tmp_path / "rows.csv").write_text("a,c\n1,2\n")
    words = [str(tmp_path / "rows.csv") if word == "ROWS" else word for word in words]
    assert part in refused(cli, "predict", *words)


# serving, as real commands


@pytest.fixture
def command(store: Store) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "tuiflow", "--store", str(store.root), *words],
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


def test_serve_a_registered_model(
    store: Store, wine: str, command: Callable[..., subprocess.Popen[str]]
) -> None:
    served = command("serve", "-m", "models:/wine@champion", "-p", "0")
    assert served.stdout is not None
    first = served.stdout.readline()
    title = "wine version 2: Default / able-crane / model at "
    assert first.startswith(title)
    for line in served.stdout:
        if line.startswith("ask it: curl"):
            break
    answer = httpx.post(
        f"{first.removeprefix(title).split(';')[0]}/invocations",
        json={"dataframe_split": ROWS.to_dict("split")},
    )
    np.testing.assert_allclose(answer.json()["predictions"], MODEL.predict(ROWS))
    served.send_signal(signal.SIGINT)
    served.communicate(timeout=60)
    assert served.returncode == 0


def test_a_registered_model_can_be_detached(
    store: Store, wine: str, run_id: str, command: Callable[..., subprocess.Popen[str]]
) -> None:
    started = command("models", "serve", "-m", "models:/wine/1", "-p", "0", "--detach")
    out, err = started.communicate(timeout=60)
    assert (started.returncode, err) == (0, "")
    assert re.match(r"server 1: wine version 1: Default / able-crane / model at ", out)
    [server] = process.list_servers(store)
    assert (server.run_id, server.model_path, server.detached) == (run_id, "model", True)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ([], "-r RUN"),
        (["-r", "latest", "-m", "models:/wine/1"], "leave out -r"),
        (["-m", "model"], "-r RUN"),
        (["-m", "models:/wine@nix"], "no alias 'nix'; there are: champion"),
        (["-m", "models:/wine"], "models:/NAME@ALIAS"),
    ],
)
def test_serve_mistakes(cli: Cli, wine: str, words: list[str], part: str) -> None:
    result = cli("serve", *words, "-p", "0")
    assert (result.code, result.out) == (2, "")
    assert part in result.err


# completion


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("show", "w"), ["wine"]),
        (("delete", "wine/"), ["wine/2", "wine/1"]),
        (("tag", "nix/"), []),
    ],
)
def test_names_and_versions_are_completed(
    cli: Cli, wine: str, monkeypatch: pytest.MonkeyPatch, words: tuple[str, str], offered: list[str]
) -> None:
    monkeypatch.setenv("_TUIFLOW_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(("tuiflow", "models", *words)))
    monkeypatch.setenv("COMP_CWORD", "3")
    assert cli().out.splitlines() == offered
