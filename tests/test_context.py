"""What every run knows without being asked, from real scripts in real repositories."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from shell import Cli

import tuiflow
from tuiflow.config import MAX_PATCH_SIZE, MAX_SOURCE_SIZE
from tuiflow.entities import Run
from tuiflow.errors import InvalidInput
from tuiflow.store import Store
from tuiflow.tracking.context import facts, findings
from tuiflow.tracking.context.machine import gpus, packages

GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}
SCRIPT = """
import tuiflow
with tuiflow.start_run():
    tuiflow.log_metric("m", 1)
"""


def git(folder: Path, *arguments: str) -> str:
    result = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **GIT},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return result.stdout.strip()


def commit(folder: Path, script: str = SCRIPT) -> Path:
    folder.mkdir(exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    path = folder / "train.py"
    path.write_text(textwrap.dedent(script))
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return path


def run(
    store: Store, script: Path, *arguments: str, cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [sys.executable, str(script), *arguments],
        cwd=cwd or script.parent,
        env={**os.environ, "TUIFLOW_STORE": str(store.root), "TUIFLOW_CAPTURE": "all", **env},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result


def runs(store: Store) -> list[Run]:
    tuiflow.set_tracking_uri(store.root)
    return tuiflow.search_runs(search_all_experiments=True, output_format="list")


def kinds(store: Store, run_id: str) -> set[tuple[str, str]]:
    return {(item.kind, item.name) for item in store.contents.list(run_id)}


def test_what_a_run_knows(store: Store, tmp_path: Path) -> None:
    script = commit(tmp_path / "repo")
    git(script.parent, "remote", "add", "origin", "https://me:hunter22@host/a.git")
    with script.open("a") as file:
        file.write("# changed, with s3cret-value\n")
    (script.parent / "new.txt").write_text("text")
    result = run(
        store,
        script,
        "--lr",
        "0.1",
        "--password",
        "hunter22",
        "s3cret-value",
        MY_TOKEN="s3cret-value",
    )
    assert result.stderr == ""
    [found] = runs(store)
    tags = found.data.tags
    assert tags["mlflow.source.name"] == str(script)
    assert tags["mlflow.source.git.commit"] == git(script.parent, "rev-parse", "HEAD")
    assert tags["mlflow.source.git.branch"] == "main"
    assert tags["mlflow.source.git.repoURL"] == "https://host/a.git"
    assert tags["mlflow.source.git.dirty"] == "true"
    assert tags["tuiflow.host"] == os.uname().nodename
    assert tags["tuiflow.cwd"] == str(script.parent)
    assert tags["tuiflow.python"] == ".".join(map(str, sys.version_info[:3]))
    assert tags["tuiflow.command"].endswith(
        f"{script} --lr 0.1 --password '[redacted]' '[redacted]'"
    )
    assert tags["tuiflow.patch.note"] == "secrets taken out"
    run_id = found.info.run_id
    assert kinds(store, run_id) == {
        ("source", "train.py"), ("packages", ""), ("patch", ""), ("untracked", ""),
    }  # fmt: skip
    assert b"+# changed, with [redacted]\n" in store.contents.get(run_id, "patch")
    source = store.contents.get(run_id, "source", "train.py").decode()
    assert source == script.read_text().replace("s3cret-value", "[redacted]")
    assert store.contents.get(run_id, "untracked") == b"new.txt\n"
    listed = store.contents.get(run_id, "packages").decode().splitlines()
    assert any(line.startswith("pytest==") for line in listed)
    for file in store.root.rglob("*"):
        assert not file.is_file() or b"hunter22" not in file.read_bytes()
        assert not file.is_file() or b"s3cret-value" not in file.read_bytes()


def test_runs_of_the_same_code_share_what_is_kept(store: Store, tmp_path: Path) -> None:
    script = commit(
        tmp_path / "repo", "import tuiflow\nfor _ in range(3):\n" + textwrap.indent(SCRIPT, " ")
    )
    for _ in range(2):
        run(store, script)
    found = runs(store)
    assert len(found) == 6
    for item in found:
        assert item.data.tags["mlflow.source.git.dirty"] == "false"
        assert kinds(store, item.info.run_id) == {("source", "train.py"), ("packages", "")}
    hashes = {info.sha256 for item in found for info in store.contents.list(item.info.run_id)}
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("level", "commits", "own_tags"),
    [("tags", True, True), ("off", False, False), ("OFF", False, False)],
)
def test_one_setting_switches_it_off(
    store: Store, tmp_path: Path, level: str, commits: bool, own_tags: bool
) -> None:
    script = commit(tmp_path / "repo")
    run(store, script, TUIFLOW_CAPTURE=level)
    [found] = runs(store)
    assert store.contents.list(found.info.run_id) == []
    tags = found.data.tags
    assert {"mlflow.user", "mlflow.source.name", "mlflow.source.type"} <= tags.keys()
    assert ("mlflow.source.git.commit" in tags) is commits
    assert any(key.startswith("tuiflow.") for key in tags) is own_tags


def test_a_setting_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUIFLOW_CAPTURE", "none")
    with pytest.raises(InvalidInput, match="all, tags or off"):
        tuiflow.start_run()
    assert tuiflow.active_run() is None


def test_what_the_scheduler_says(store: Store, tmp_path: Path) -> None:
    script = commit(tmp_path / "repo")
    run(
        store,
        script,
        SLURM_JOB_ID="17",
        SLURM_ARRAY_JOB_ID="15",
        SLURM_ARRAY_TASK_ID="2",
        SLURM_JOB_NODELIST="node[1-2]",
        SLURM_PROCID="0",
        SLURM_STEP_NUM_TASKS="8",
    )
    [found] = runs(store)
    expected = {
        "tuiflow.slurm.job_id": "17",
        "tuiflow.slurm.array_job_id": "15",
        "tuiflow.slurm.array_task_id": "2",
        "tuiflow.slurm.nodes": "node[1-2]",
        "tuiflow.rank": "0",
        "tuiflow.world_size": "8",
    }
    assert expected.items() <= found.data.tags.items()


def test_a_session_without_a_file_takes_the_repository_of_its_folder(
    store: Store, tmp_path: Path
) -> None:
    script = commit(tmp_path / "repo")
    with script.open("a") as file:
        file.write("# changed\n")
    subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=script.parent,
        env={**os.environ, "TUIFLOW_STORE": str(store.root), "TUIFLOW_CAPTURE": "all"},
        check=True,
        timeout=120,
    )
    [found] = runs(store)
    assert kinds(store, found.info.run_id) == {("packages", ""), ("patch", "")}


def test_outside_of_a_repository(store: Store, tmp_path: Path) -> None:
    script = tmp_path / "alone.py"
    script.write_text(SCRIPT)
    run(store, script)
    [found] = runs(store)
    assert kinds(store, found.info.run_id) == {("source", "alone.py"), ("packages", "")}
    assert not any(".git." in key or "patch" in key for key in found.data.tags)


@pytest.mark.parametrize("where", ["missing", "slow", "dead"])
def test_trouble_with_git_stays_unnoticed(store: Store, tmp_path: Path, where: str) -> None:
    script = commit(tmp_path / "repo")
    folder = tmp_path / "bin"
    folder.mkdir()
    if where != "missing":
        act = "exec /bin/sleep 600" if where == "slow" else "kill -9 $$"
        (folder / "git").write_text(f'#!/bin/sh\necho $$ > "{folder}/pid"\n{act}\n')
        (folder / "git").chmod(0o755)
    started = time.monotonic()
    result = run(store, script, PATH=f"{folder}:/nowhere")
    assert result.stderr == ""
    [found] = runs(store)
    assert found.info.status == "FINISHED"
    assert ("packages", "") in kinds(store, found.info.run_id)
    note = found.data.tags["tuiflow.patch.note"]
    expected = {"missing": "there is no git here", "slow": "took too long", "dead": "failed"}
    assert note.startswith("left out: ") and expected[where] in note
    if where == "slow":  # it is neither waited for nor left behind
        assert time.monotonic() - started < 60
        pid = int((folder / "pid").read_text())
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_run_of_a_project_gets_what_its_script_knows(store: Store, tmp_path: Path) -> None:
    script = commit(tmp_path / "repo")
    made = store.create_run(
        "0", tags={"mlflow.source.type": "PROJECT", "mlflow.source.name": "uri"}
    )
    run(store, script, TUIFLOW_RUN_ID=made.info.run_id)
    [found] = runs(store)
    assert found.info.run_id == made.info.run_id
    tags = found.data.tags
    assert (tags["mlflow.source.type"], tags["mlflow.source.name"]) == ("PROJECT", "uri")
    assert tags["tuiflow.cwd"] == str(script.parent)
    assert ("packages", "") in kinds(store, made.info.run_id)


def test_a_resumed_run_keeps_what_it_knows(store: Store, tmp_path: Path) -> None:
    made = store.create_run("0", tags={"tuiflow.host": "first"})
    script = commit(
        tmp_path / "repo",
        f"import tuiflow\nwith tuiflow.start_run(run_id='{made.info.run_id}'): pass\n",
    )
    run(store, script)
    [found] = runs(store)
    assert found.data.tags["tuiflow.host"] == "first"
    assert kinds(store, made.info.run_id) == set()


def test_tags_of_the_script_itself_win(store: Store) -> None:
    tuiflow.set_tracking_uri(store.root)
    with tuiflow.start_run(tags={"mlflow.source.name": "mine", "tuiflow.host": "h"}) as opened:
        pass
    tags = tuiflow.get_run(opened.info.run_id).data.tags
    assert (tags["mlflow.source.name"], tags["tuiflow.host"]) == ("mine", "h")


def test_what_is_too_long_is_cut_and_says_so(tmp_path: Path) -> None:
    script = commit(tmp_path / "repo", "x = 1\n" * 200_000)
    (script.parent / "train.py").write_text("y = 22\n" * 400_000)
    for number in range(600):
        (script.parent / f"new{number}").touch()
    found = findings.gather(
        facts.Script(script, str(script), facts.find_repository(script.parent)), {**os.environ}
    )
    by_kind = {kind: data for kind, _, data in found.contents}
    for kind, limit in (("patch", MAX_PATCH_SIZE), ("source", MAX_SOURCE_SIZE)):
        last = by_kind[kind].splitlines()[-1].decode()
        assert last == f"# tuiflow: cut here, the rest is beyond {limit >> 10} KiB"
        assert limit - 200 < len(by_kind[kind]) <= limit
    assert found.tags["tuiflow.patch.note"] == "cut after 1 MiB"
    assert by_kind["untracked"].splitlines()[-1] == b"# and 100 more"


def test_packages_are_told_by_their_folders(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for name in ("Some_Pkg.x-1.0.dist-info", "old-2.0-py3.11.egg-info"):
        (first / name).mkdir(parents=True)
    for name in ("some_pkg_x-0.9.dist-info", "checkout.egg-info", "nothing.egg-info", "a-1.txt"):
        (second / name).mkdir(parents=True)
    (second / "checkout.egg-info" / "PKG-INFO").write_text("Name: checkout\nVersion: 3.1\n")
    found = packages([str(first), str(tmp_path / "none.zip"), str(second)])
    assert found == ["checkout==3.1", "old==2.0", "some-pkg-x==1.0"]


def test_gpus_are_told_by_their_drivers_files(tmp_path: Path) -> None:
    nvidia, amd = tmp_path / "nvidia", tmp_path / "amd"
    assert gpus({}, nvidia, amd) == ""
    for index, model in enumerate(["A100", "A100", "T4"]):
        (nvidia / f"0000:0{index}:00.0").mkdir(parents=True)
        (nvidia / f"0000:0{index}:00.0" / "information").write_text(
            f"Model: \t\t NVIDIA {model}\nIRQ:   {index}\nGPU UUID: \t GPU-{index}abc\n"
        )
    assert gpus({}, nvidia, amd) == "2 x NVIDIA A100, NVIDIA T4"
    for visible, shown in {
        "2": "NVIDIA T4",
        "0,GPU-2abc": "NVIDIA A100, NVIDIA T4",
        "": "",
        "-1": "",
        "9": "",
    }.items():
        assert gpus({"CUDA_VISIBLE_DEVICES": visible}, nvidia, amd) == shown
    (amd / "card0" / "device").mkdir(parents=True)
    (amd / "card0" / "device" / "product_name").write_text("Instinct MI300X\n")
    assert gpus({}, tmp_path / "none", amd) == "Instinct MI300X"


def test_a_run_that_is_deleted_while_it_is_looked_at(store: Store, tmp_path: Path) -> None:
    script = commit(
        tmp_path / "repo",
        """
        import tuiflow
        run = tuiflow.start_run()
        tuiflow.MlflowClient().delete_run(run.info.run_id)
        """,
    )
    assert run(store, script).stderr == ""
    assert runs(store) == []


def test_shown_on_the_command_line(store: Store, tmp_path: Path, cli: Cli) -> None:
    script = commit(tmp_path / "repo")
    with script.open("a") as file:
        file.write("# changed \x1b[31m\n")
    run(store, script)
    shown = cli("show", "latest").out
    assert re.search(r"patch +– +\d+ B", shown)
    assert re.search(r"source +train\.py +\d+ B", shown)
    patch = cli("show", "latest", "--kept", "patch")
    assert patch.code == 0
    assert "\n+# changed \x1b[31m\n" in patch.out
    saved = tmp_path / "saved.py"
    assert cli("show", "latest", "--kept", "source", "-o", str(saved)).code == 0
    assert saved.read_bytes() == script.read_bytes()
    missing = cli("show", "latest", "--kept", "nothing")
    assert (missing.code, missing.out) == (2, "")
    assert "has no nothing" in missing.err


def test_told_to_a_person() -> None:
    tags = {
        "mlflow.source.git.commit": "abc",
        "mlflow.source.git.branch": "main",
        "mlflow.source.git.dirty": "true",
        "tuiflow.slurm.job_id": "17",
        "tuiflow.slurm.array_job_id": "15",
        "tuiflow.slurm.array_task_id": "2",
        "tuiflow.slurm.nodes": "node[1-2]",
        "tuiflow.gpu": "T4",
    }
    assert facts.described(tags) == [
        ("commit", "abc"),
        ("branch", "main, uncommitted changes"),
        ("gpu", "T4"),
        ("job", "Slurm 15 task 2 on node[1-2]"),
    ]
    assert facts.described({"tuiflow.slurm.job_id": "17"}) == [("job", "Slurm 17")]
    assert facts.described({}) == []


def test_a_script_elsewhere_is_not_of_the_repository_it_is_called_in(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    for command in (
        ["git", "init", "-q", str(repository)],
        ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b.c", "commit",
         "-q", "--allow-empty", "-m", "first"],
    ):  # fmt: skip
        subprocess.run(command, check=True)
    script = tmp_path / "elsewhere" / "train.py"
    script.parent.mkdir()
    script.write_text("import tuiflow\nprint(sorted(tuiflow.start_run().data.tags))")
    for arguments, known in (
        ([str(script)], False),
        (["-c", script.read_text()], True),
    ):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=repository,
            env={**os.environ, "TUIFLOW_STORE": str(tmp_path / "store")},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ("mlflow.source.git.commit" in done.stdout) is known, arguments
