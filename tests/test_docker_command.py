"""Commands in containers: the exact command line, and a run through a stand-in for docker.

The stand-in records how it is called and runs the command on this machine, in the folder that
would be mounted at the place where it starts, with no other variables than those handed on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from shell import Cli

from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.projects.environments import Environment, describe, prepare_environment
from tuiflow.projects.environments.docker import Container, Engine
from tuiflow.projects.spec import EnvironmentSpec
from tuiflow.protocols import RunQuery
from tuiflow.store import Store

STAND_IN = """#!{python}
import json, os, sys
from pathlib import Path

home = Path(__file__).parent
words = sys.argv[1:]
entry = {{"engine": Path(sys.argv[0]).name, "argv": words}}
if words[:1] == ["build"]:
    entry["recipe"] = sys.stdin.read()
    (home / "images").open("a").write(words[words.index("--tag") + 1] + "\\n")
with (home / "calls").open("a") as calls:
    calls.write(json.dumps(entry) + "\\n")
if (home / "down").exists():
    sys.exit("Cannot connect to the Docker daemon. Is the docker daemon running?")
if words[:1] == ["info"]:
    print((home / "info").read_text())
if words[:2] == ["image", "inspect"]:
    images = (home / "images").read_text().split() if (home / "images").exists() else []
    if words[-1] not in images:
        sys.exit("Error: No such image")
    print("sha256:0123")
if words[:1] == ["pull"]:
    if "gone" in words[1]:
        sys.exit("Error response from daemon: manifest unknown")
    print("Pulling from library")
    (home / "images").open("a").write(words[1] + "\\n")
if words[:1] == ["run"]:
    flags = {{"--rm", "--init"}}
    mounts, variables, folder, place = {{}}, {{"PATH": os.environ["PATH"]}}, "/", 1
    while words[place].startswith("-"):
        option = words[place]
        place += 1
        if option in flags:
            continue
        value = words[place]
        place += 1
        if option == "-v":
            mounts[value.split(":")[1]] = value.split(":")[0]
        if option == "-e":
            name, given, text = value.partition("=")
            variables[name] = text if given else os.environ[name]
        if option == "-w":
            folder = value
    os.chdir(mounts[folder])
    os.execvpe(words[place + 1], words[place + 1:], variables)
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH but for a shell and this Python, with docker in it."""
    folder = tmp_path / "tools"
    folder.mkdir()
    add_engine(folder, "docker")
    (folder / "info").write_text("[name=seccomp,profile=builtin name=cgroupns] []")
    for name, target in (("python", sys.executable), ("sh", "/bin/sh"), ("cat", "/bin/cat")):
        (folder / name).write_text(f'#!/bin/sh\nexec "{target}" "$@"\n')
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    monkeypatch.setattr(os, "getgid", lambda: 567)
    return folder


def add_engine(folder: Path, name: str) -> None:
    (folder / name).write_text(STAND_IN.format(python=sys.executable))
    (folder / name).chmod(0o755)


def calls(tools: Path) -> list[dict[str, object]]:
    import json

    return [json.loads(line) for line in (tools / "calls").read_text().splitlines()]


def subcommands(tools: Path) -> list[str]:
    return [str(call["argv"][0]) for call in calls(tools)]  # type: ignore[index]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


SPEC = EnvironmentSpec(
    "docker",
    image="ml/image:1",
    volumes=("/data:/data:ro",),
    variables=(("MODE", "fast and good"), ("TOKEN", None)),
)
PLAIN = EnvironmentSpec("docker", image="ml/image:1")


def prepare(project: Path, spec: EnvironmentSpec = PLAIN, **options: object) -> Environment:
    said = options.pop("said", [])
    return prepare_environment(project, spec, "local", said.append, **options)  # type: ignore


# -- the command line -----------------------------------------------------------------------------


def test_the_whole_command(tools: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    environment = prepare(project, SPEC, dry_run=True, docker_args={"gpus": "all", "t": True})
    assert environment.container is not None
    argv = environment.wrap(
        ["/usr/bin/bash", "-c", 'python train.py "${1}"', "bash", "0.5"],
        project,
        ["TUIFLOW_RUN_ID", "TUIFLOW_STORE"],
        ["/home/ann/.tuiflow", "/home/ann/data.csv:/home/ann/data.csv:ro"],
    )
    assert argv == [
        *("docker", "run", "--rm", "--init", "--name", environment.container.name),
        *("--gpus", "all", "-t"),
        *("--user", "1234:567", "-e", "HOME=/tmp"),
        *("-v", f"{project}:/mlflow/projects/code"),
        *("-v", "/home/ann/.tuiflow:/home/ann/.tuiflow"),
        *("-v", "/home/ann/data.csv:/home/ann/data.csv:ro"),
        *("-v", "/data:/data:ro"),
        *("-w", "/mlflow/projects/code", "-e", "PYTHONUNBUFFERED=1"),
        *("-e", "TUIFLOW_RUN_ID", "-e", "TUIFLOW_STORE"),
        *("-e", "MODE=fast and good", "-e", "TOKEN"),
        "ml/image:1",
        *("sh", "-c", 'python train.py "${1}"', "bash", "0.5"),
    ]
    assert subcommands(tools) == ["info"]  # which only asks


@pytest.mark.parametrize(
    ("engine", "uid", "options"),
    [
        (Engine("docker", False), 1000, ["--user", "1000:1000", "-e", "HOME=/tmp"]),
        (Engine("docker", False), 0, []),
        (Engine("docker", True), 1000, []),
        (Engine("podman", True), 1000, ["--userns", "keep-id", "--security-opt", "label=disable"]),
        (Engine("podman", False), 0, ["--security-opt", "label=disable"]),
    ],
)
def test_files_belong_to_the_user(
    engine: Engine, uid: int, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: uid)
    monkeypatch.setattr(os, "getgid", lambda: uid)
    argv = Container(engine, "image", "name").command(["true"], Path("/p"), (), ())
    between = argv[argv.index("name") + 1 : argv.index("-v")]
    assert between == options
    assert argv[0] == engine.name


def test_this_python_is_the_images_python() -> None:
    container = Container(Engine("docker", True), "image", "name")
    argv = container.command([sys.executable, "train.py"], Path("/p"), (), ())
    assert argv[-2:] == ["python", "train.py"]


def test_a_folder_with_a_colon_can_not_be_mounted() -> None:
    container = Container(Engine("docker", True), "image", "name")
    with pytest.raises(InvalidInput, match="colon"):
        container.command(["true"], Path("/a:b"), (), ())


def test_a_variable_to_copy_must_be_set(tools: Path, project: Path) -> None:
    with pytest.raises(InvalidInput, match=r"copies the variable TOKEN.*export TOKEN="):
        prepare(project, SPEC)


@pytest.mark.parametrize("image", ["", "--privileged"])
def test_what_is_no_image(tools: Path, project: Path, image: str) -> None:
    with pytest.raises(InvalidInput, match="is no image"):
        prepare(project, EnvironmentSpec("docker", image=image))


def test_options_for_docker_need_a_docker_env(project: Path) -> None:
    with pytest.raises(InvalidInput, match="no docker_env"):
        prepare(project, EnvironmentSpec(), docker_args={"gpus": "all"})


# -- which program --------------------------------------------------------------------------------


def test_without_docker_and_podman(tools: Path, project: Path) -> None:
    (tools / "docker").unlink()
    with pytest.raises(TuiflowError, match="neither docker nor podman is here; install"):
        prepare(project)


def test_podman_where_docker_is_missing(tools: Path, project: Path) -> None:
    (tools / "docker").rename(tools / "podman")
    (tools / "info").write_text("true\n")
    argv = prepare(project, dry_run=True).wrap(["true"], project)
    assert argv[0] == "podman"
    assert "keep-id" in argv


def test_podman_where_docker_does_not_answer(tools: Path, project: Path) -> None:
    add_engine(tools, "podman")
    (tools / "docker").write_text("#!/bin/sh\necho Is the docker daemon running? >&2\nexit 1\n")
    said: list[str] = []
    assert prepare(project, dry_run=True, said=said).wrap(["true"], project)[0] == "podman"
    assert said == ["docker does not answer: Is the docker daemon running?"]


def test_podmans_imitation_of_docker_is_podman(tools: Path, project: Path) -> None:
    add_engine(tools, "podman")
    (tools / "info").write_text("true\n")
    (tools / "docker").write_text("#!/bin/sh\necho podman version 5.4.0\n")
    said: list[str] = []
    assert prepare(project, dry_run=True, said=said).wrap(["true"], project)[0] == "podman"
    assert said == []


def test_a_docker_that_does_not_answer(tools: Path, project: Path) -> None:
    (tools / "down").touch()
    with pytest.raises(TuiflowError, match=r"docker does not answer: Cannot connect"):
        prepare(project)
    said: list[str] = []
    environment = prepare(project, dry_run=True, said=said)  # needs none to show the command
    assert environment.wrap(["true"], project)[0] == "docker"
    assert "docker does not answer: Cannot connect" in said[0]


# -- images ---------------------------------------------------------------------------------------


def test_an_image_is_pulled_only_where_it_is_missing(tools: Path, project: Path) -> None:
    said: list[str] = []
    environment = prepare(project, said=said)
    assert subcommands(tools) == ["info", "image", "pull", "image"]
    assert said == ["pulling the image ml/image:1", "Pulling from library"]
    assert environment.tags == {
        "mlflow.project.env": "docker",
        "mlflow.docker.image.uri": "ml/image:1",
        "mlflow.docker.image.id": "sha256:0123",
    }
    prepare(project)
    assert subcommands(tools).count("pull") == 1


def test_an_image_that_is_nowhere(tools: Path, project: Path) -> None:
    with pytest.raises(TuiflowError) as error:
        prepare(project, EnvironmentSpec("docker", image="gone:1"))
    assert str(error.value) == (
        "docker can't pull the image gone:1:\n  Error response from daemon: manifest unknown"
    )


def test_an_image_with_the_project_in_it(tools: Path, project: Path) -> None:
    environment = prepare(project, build_image=True, repository="My Project")
    (built,) = [call for call in calls(tools) if call["argv"][0] == "build"]  # type: ignore
    assert built["argv"] == ["build", "--tag", "my-project", "--file", "-", str(project)]
    assert built["recipe"] == (
        "FROM ml/image:1\nCOPY . /mlflow/projects/code\nWORKDIR /mlflow/projects/code\n"
    )
    argv = environment.wrap(["true"], project)
    assert argv[-2:] == ["my-project", "true"]
    assert "-v" not in argv
    assert environment.tags["mlflow.docker.image.uri"] == "my-project"


def test_a_dry_run_pulls_and_builds_nothing(tools: Path, project: Path) -> None:
    prepare(project, dry_run=True, build_image=True)
    assert subcommands(tools) == ["info"]
    assert describe(PLAIN, project) == "a container of ml/image:1"


# -- a run ----------------------------------------------------------------------------------------


def test_a_command_in_a_container_logs_into_the_store(
    tools: Path, project: Path, store: Store
) -> None:
    (project / "train.py").write_text(
        "import os, tuiflow as mlflow\n"
        "with mlflow.start_run() as run:\n"
        "    mlflow.log_metric('m', 0.5); mlflow.log_text('x', 'a.txt')\n"
        "print(run.info.run_id, os.environ['HOME'], 'SECRET' in os.environ)\n"
    )
    environment = prepare(project)
    argv = environment.wrap(
        ["/bin/bash", "-c", "python train.py"], project, ["TUIFLOW_STORE"], [str(store.root)]
    )
    result = subprocess.run(
        argv,
        cwd=project,
        env={**os.environ, "TUIFLOW_STORE": str(store.database), "SECRET": "x"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    run_id, home, secret = result.stdout.split()
    assert store.get_run(run_id).data.metrics == {"m": 0.5}
    assert (home, secret) == ("/tmp", "False")


def test_a_container_is_stopped_by_its_name(tools: Path, project: Path) -> None:
    environment = prepare(project)
    environment.stop()
    assert environment.container is not None
    assert calls(tools)[-1]["argv"] == ["rm", "--force", environment.container.name]


def test_a_project_with_a_docker_env_is_run_and_recorded(
    tools: Path, project: Path, store: Store, cli: Cli
) -> None:
    (project / "MLproject").write_text(
        "name: boxed\n"
        "docker_env: {image: 'ml/image:1', environment: [[MODE, fast]]}\n"
        "entry_points:\n"
        "  main:\n"
        "    parameters: {alpha: float}\n"
        "    command: python train.py {alpha}\n"
    )
    (project / "train.py").write_text(
        "import os, sys, tuiflow as mlflow\n"
        "with mlflow.start_run():\n"
        "    mlflow.log_metric('alpha', float(sys.argv[1]))\n"
        "    mlflow.log_param('mode', os.environ['MODE'])\n"
    )
    shown = cli("run", str(project), "-P", "alpha=0.5", "-A", "gpus=all", "--dry-run")
    assert shown.code == 0
    assert " docker run --rm --init --name tuiflow-" in shown.out
    assert " --gpus all --user 1234:567 " in shown.out
    assert f" -v {store.root}:{store.root} " in shown.out
    assert not list(store.search_runs(RunQuery()))

    result = cli("run", str(project), "-P", "alpha=0.5")
    assert result.code == 0, result.err
    (run,) = store.search_runs(RunQuery())
    assert run.data.metrics == {"alpha": 0.5}
    assert run.data.params == {"alpha": "0.5", "mode": "fast"}
    assert run.data.tags["mlflow.project.env"] == "docker"
    assert run.data.tags["mlflow.docker.image.uri"] == "ml/image:1"
    assert run.data.tags["mlflow.docker.image.id"] == "sha256:0123"
    assert subcommands(tools)[-2:] == ["run", "rm"]
