"""The environments of projects: what their files ask for, and what uv builds of it, offline."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell import Cli

from tuiflow.errors import InvalidInput, NotFound, TuiflowError
from tuiflow.projects.environments import (
    Environment,
    build,
    describe,
    environment_key,
    own_wheel,
    prepare_environment,
    requirements,
)
from tuiflow.projects.environments.conda import read_conda
from tuiflow.projects.environments.python_env import read_python_env
from tuiflow.projects.mlproject import load_project
from tuiflow.projects.spec import EnvironmentSpec
from tuiflow.protocols import RunQuery
from tuiflow.store import Store


def has_uv() -> bool:
    try:
        build.find_uv()
    except TuiflowError:
        return False
    return True


needs_uv = pytest.mark.skipif(not has_uv(), reason="uv is not installed")


def make_wheel(folder: Path, name: str, version: str = "1.0", command: bool = False) -> None:
    """A package of one module that knows its version, and maybe a command of its name."""
    info = f"{name}-{version}.dist-info"
    code = (
        f"__version__ = {version!r}\n"
        f"def main():\n    import sys\n    print('{name} of', sys.prefix)\n"
    )
    files = {
        f"{name}.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    if command:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{name} = {name}:main\n"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that uv may install from."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    make_wheel(wheels, "tinylib", "1.0")
    make_wheel(wheels, "tinylib", "2.0")
    for name in [name for name in os.environ if name.startswith("UV_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    return wheels


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", "tinylib==1.0")


def make_project(folder: Path, *lines: str) -> Path:
    folder.mkdir()
    (folder / "python_env.yaml").write_text("dependencies:\n  - -r requirements.txt\n")
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))
    return folder


def spec_of(project: Path) -> EnvironmentSpec:
    return EnvironmentSpec("python_env", project / "python_env.yaml")


def prepare(project: Path, said: list[str] | None = None) -> Environment:
    say = (said if said is not None else []).append
    return prepare_environment(project, spec_of(project), "uv", say)


def output_of(environment: Environment, code: str, **variables: str) -> str:
    """What a script prints whose `python` is the one that the environment's PATH gives."""
    result = subprocess.run(
        environment.wrap(["sh", "-c", 'python -c "$1"', "sh", code], Path("/")),
        cwd="/",  # not a folder that has a tuiflow to import
        env={**os.environ, **environment.variables, **variables},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def key_of(project: Path) -> str:
    return environment_key(spec_of(project), project)


# -- what the files ask for -----------------------------------------------------------------------


def test_a_python_env_is_read_as_written(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    (project / "python_env.yaml").write_text(
        "python: 3.20\nbuild_dependencies:\n- pip==24.0\n"
        "dependencies:\n- -r requirements.txt  # all\n- numpy>=1\n"
    )
    env = read_python_env(project / "python_env.yaml", project)
    assert env.python == "3.20"  # a number for YAML, 3.2
    assert env.lines == ("pip==24.0", f"-r {project / 'requirements.txt'}", "numpy>=1")


def test_files_are_relative_to_the_project_or_else_to_the_python_env(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    (project / "conf").mkdir()
    file = project / "conf" / "python_env.yaml"
    (project / "conf" / "other.txt").touch()
    (project / "conf" / "requirements.txt").touch()
    file.write_text("dependencies: ['-r requirements.txt', '-c other.txt']")
    env = read_python_env(file, project)
    assert env.lines == (
        f"-r {project / 'requirements.txt'}",
        f"-c {project / 'conf' / 'other.txt'}",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dependencies: [a\n", "python_env.yaml line 2 is not YAML"),
        ("- a", "must be a mapping"),
        ("pyton: 3.11", "unknown key 'pyton'; did you mean 'python'?"),
        ("dependencies: numpy", "dependencies must be a list"),
        ("dependencies: [{a: b}]", "dependencies must be a list"),
        ("python: [3.11]", 'python must be a version, python: "3.11"'),
        ("python: three", "'three' is no Python version"),
        ("dependencies: ['-r gone.txt']", "name a file that is not there: -r gone.txt"),
    ],
)
def test_mistakes_in_a_python_env(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "python_env.yaml"
    file.write_text(text)
    with pytest.raises((InvalidInput, NotFound)) as mistake:
        read_python_env(file, tmp_path)
    assert words in str(mistake.value)
    assert "\n" not in str(mistake.value)


def test_a_python_that_tuiflow_does_not_run_on_is_refused_before_anything_is_built(
    project: Path,
) -> None:
    (project / "python_env.yaml").write_text("python: 3.8.15")
    with pytest.raises(InvalidInput, match=r"asks for Python 3\.8\.15, and tuiflow.*>=3\.11"):
        prepare(project)
    assert not build.environments_folder().exists()


@pytest.mark.parametrize(
    ("conda", "pip"),
    [
        ("numpy", "numpy"),
        ("numpy=1.26", "numpy==1.26.*"),
        ("numpy=1.26.*", "numpy==1.26.*"),
        ("numpy==1.26.4", "numpy==1.26.4"),
        ("numpy=1.26.4=py311h64a7726_0", "numpy==1.26.4.*"),
        ("numpy 1.26.*", "numpy==1.26.*"),
        ("numpy>=1.26,<2", "numpy>=1.26,<2"),
        ("numpy<=2", "numpy<=2"),
        ("conda-forge::scikit-learn=1.5", "scikit-learn==1.5.*"),
        ("pytorch=2.3", "torch==2.3.*"),
        ("PyYAML", "pyyaml"),
    ],
)
def test_conda_packages_on_pypi_are_translated(tmp_path: Path, conda: str, pip: str) -> None:
    file = tmp_path / "conda.yaml"
    file.write_text(f"dependencies:\n- python=3.11\n- '{conda}'\n")
    env = read_conda(file, tmp_path)
    assert (env.python, env.lines) == ("3.11", (pip,))
    assert env.notes == (f"conda.yaml: from PyPI instead of conda: {pip}",)


def test_a_conda_file_as_mlflow_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "conda.yaml"
    file.write_text(
        "name: mlflow-env\nchannels: [conda-forge, nvidia]\nvariables: {SEED: 7}\n"
        "dependencies:\n- python=3.11.7\n- pip<=24\n- pip:\n  - mlflow==3.1\n  - numpy\n"
    )
    env = read_conda(file, tmp_path)
    assert env.python == "3.11.7"
    assert env.lines == ("pip<=24", "mlflow==3.1", "numpy")
    assert env.variables == {"SEED": "7"}
    assert "conda.yaml: not used: channel nvidia" in env.notes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "dependencies: [cudatoolkit=11.8, numpy, r-base]",
            "can't install cudatoolkit=11.8, r-base",
        ),
        ("dependencies: ['numpy[version=1]']", "can't be translated"),
        ("dependencies: [[numpy]]", "a text or a list named pip"),
        ("dependencies: numpy", "must be a list"),
        ("dependency: [numpy]", "unknown key 'dependency'"),
        ("variables: [a]", "variables must be a mapping"),
    ],
)
def test_what_conda_files_uv_can_not_build(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "conda.yaml"
    file.write_text(text)
    with pytest.raises(InvalidInput) as mistake:
        read_conda(file, tmp_path)
    assert words in str(mistake.value)


def test_the_files_of_the_docs_are_read_as_told(tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent / "docs" / "environments.md").read_text(encoding="utf-8")
    project = make_project(tmp_path / "project", "tqdm")
    for name, text in re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        (project / name).write_text(text)
    listed = f"-r {project / 'requirements.txt'}"
    env = read_python_env(project / "python_env.yaml", project)
    assert (env.python, env.lines) == ("3.11", ("setuptools", listed, "numpy>=2"))
    env = read_conda(project / "conda.yaml", project)
    assert (env.python, env.lines) == ("3.11", ("numpy==2.1.*", "torch>=2.4", listed))
    assert env.variables == {"OMP_NUM_THREADS": "4"}
    assert load_project(str(project)).environment == EnvironmentSpec(
        "docker",
        image="ghcr.io/ann/train:1",
        volumes=("/data:/data:ro",),
        variables=(("MODE", "fast"), ("HF_TOKEN", None)),
    )


# -- the key --------------------------------------------------------------------------------------


def test_two_clones_of_a_project_share_an_environment(tmp_path: Path) -> None:
    one = make_project(tmp_path / "one", "tinylib==1.0", "-r more.txt", "./lib")
    (one / "more.txt").write_text("numpy\n")
    (one / "lib").mkdir()
    (one / "lib" / "pyproject.toml").write_text("[project]\nname='lib'\nversion='1'\n")
    two = Path(shutil.copytree(one, tmp_path / "two"))
    assert key_of(one) == key_of(two)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("requirements.txt", "tinylib==2.0\n-r more.txt\n-c limits.txt\n./lib\n"),
        ("more.txt", "numpy==2\n"),
        ("limits.txt", "numpy<2\n"),
        ("lib/lib.py", "x = 2\n"),
        ("python_env.yaml", "python: '3.12'\ndependencies: ['-r requirements.txt']"),
        ("uv.toml", "index-url = 'https://example.org/simple'\n"),
    ],
)
def test_what_makes_another_environment(tmp_path: Path, file: str, text: str) -> None:
    project = make_project(
        tmp_path / "project", "tinylib==1.0", "-r more.txt", "-c limits.txt", "./lib"
    )
    (project / "more.txt").write_text("numpy\n")
    (project / "limits.txt").write_text("numpy<3\n")
    (project / "lib").mkdir()
    (project / "lib" / "lib.py").write_text("x = 1\n")
    before = key_of(project)
    (project / file).write_text(text)
    assert key_of(project) != before


@given(
    lines=st.lists(st.from_regex(r"[a-z]{1,8}(==[1-9])?", fullmatch=True), unique=True),
    order=st.randoms(use_true_random=False),
    comment=st.text(st.characters(codec="ascii", categories=["L", "N"])),
)
def test_order_comments_and_blank_lines_make_no_other_environment(
    lines: list[str], order: object, comment: str
) -> None:
    shuffled = list(lines)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    text = f"# {comment}\n\n" + "".join(f"  {line}   # {comment}\r\n" for line in shuffled)
    prints = [
        requirements.fingerprints(map(requirements.Line, wanted), Path())
        for wanted in (lines, requirements.logical_lines(text))
    ]
    assert prints[0] == prints[1]


def test_requirements_that_include_themselves(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", "-r more.txt")
    (project / "more.txt").write_text("-r requirements.txt\n")
    with pytest.raises(InvalidInput, match="includes itself"):
        key_of(project)


# -- building -------------------------------------------------------------------------------------


@needs_uv
def test_an_environment_holds_the_requirements_and_logs_into_the_store(
    project: Path, store: Store
) -> None:
    said: list[str] = []
    environment = prepare(project, said)
    assert said[0].startswith("building the environment of python_env.yaml in ")
    assert environment.tag == "uv"
    printed = output_of(
        environment,
        "import sys, tinylib, tuiflow as mlflow\n"
        "with mlflow.start_run() as run:\n"
        "    mlflow.log_metric('m', 0.5); mlflow.log_text('x', 'a.txt')\n"
        "print(tinylib.__version__, run.info.run_id, sys.prefix, mlflow.__file__)",
        TUIFLOW_STORE=str(store.root),
    )
    version, run_id, prefix, where = printed.split()
    assert version == "1.0"
    assert store.get_run(run_id).data.metrics == {"m": 0.5}
    assert Path(prefix) == Path(environment.variables["VIRTUAL_ENV"])
    assert Path(where).is_relative_to(prefix)  # not this one, whose libraries are others


@needs_uv
def test_nothing_of_this_environment_is_in_it(project: Path) -> None:
    code = (
        "from importlib.util import find_spec\n"
        "print([name for name in ('pandas', 'rich', 'pytest') if find_spec(name)])"
    )
    assert output_of(prepare(project), code) == "[]"


@needs_uv
def test_an_environment_is_built_once(project: Path) -> None:
    first = prepare(project)
    said: list[str] = []
    assert prepare(project, said) == first
    assert said == []
    assert describe(spec_of(project), project).endswith(f"{key_of(project)}, built")


@needs_uv
def test_a_requirements_file_and_a_conda_file_are_built_alike(project: Path) -> None:
    conda = project / "conda.yaml"
    conda.write_text("variables: {TINY: big}\ndependencies: [{pip: [tinylib==2.0]}]\n")
    code = "import os, tinylib; print(tinylib.__version__, os.environ.get('TINY'))"
    printed = [
        output_of(prepare_environment(project, spec, "uv", print), code)
        for spec in (
            EnvironmentSpec("requirements", project / "requirements.txt"),
            EnvironmentSpec("conda", conda),
        )
    ]
    assert printed == ["1.0 None", "2.0 big"]


@needs_uv
def test_packages_of_the_project_itself(project: Path) -> None:
    make_wheel(project, "ownlib", "3.0")
    (project / "requirements.txt").write_text("./ownlib-3.0-py3-none-any.whl\n")
    assert output_of(prepare(project), "import ownlib; print(ownlib.__version__)") == "3.0"


def test_a_dry_run_builds_nothing(project: Path) -> None:
    environment = prepare_environment(project, spec_of(project), "uv", print, dry_run=True)
    assert environment.python is not None
    assert environment.python.parent.parent.name == key_of(project)
    assert describe(spec_of(project), project).endswith(f"{key_of(project)}, to be built")
    assert not build.environments_folder().exists()


def test_the_local_manager_builds_nothing(project: Path) -> None:
    environment = prepare_environment(project, spec_of(project), "local", print)
    assert (environment.python, environment.variables, environment.tag) == (None, {}, "")
    assert environment.wrap(["a", "b"], project) == ["a", "b"]


def test_an_unknown_manager(project: Path) -> None:
    with pytest.raises(InvalidInput, match="no environment manager 'conda': choose local or uv"):
        prepare_environment(project, spec_of(project), "conda", print)


@needs_uv
def test_a_failed_build_says_why_and_leaves_nothing(project: Path) -> None:
    (project / "requirements.txt").write_text("not-there-at-all==1.0\n")
    with pytest.raises(TuiflowError) as error:
        prepare(project)
    assert "uv can't build the environment of python_env.yaml" in str(error.value)
    assert "not-there-at-all" in str(error.value)
    assert not left_behind()


@needs_uv
def test_a_python_that_is_not_there(project: Path) -> None:
    (project / "python_env.yaml").write_text("python: 3.99")
    with pytest.raises(TuiflowError, match=r"3\.99"):
        prepare(project)


@needs_uv
def test_a_half_built_environment_is_not_used(project: Path) -> None:
    folder = build.environments_folder() / key_of(project)
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    said: list[str] = []
    environment = prepare(project, said)
    assert said[0].startswith("building")
    assert output_of(environment, "import tinylib; print(tinylib.__version__)") == "1.0"


@needs_uv
def test_an_environment_whose_python_is_gone_is_built_again(project: Path) -> None:
    python = prepare(project).python
    assert python is not None
    python.unlink()
    python.symlink_to("/nowhere/python")
    said: list[str] = []
    assert prepare(project, said).python == python
    assert said[0].startswith("building")
    assert python.exists()


def test_without_uv_it_says_what_to_install(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "uv", None)  # as if it were not installed
    with pytest.raises(TuiflowError, match=r"pip install 'tuiflow\[uv\]'"):
        prepare(project)


@needs_uv
def test_a_project_is_run_in_its_environment_and_recorded(
    project: Path, store: Store, cli: Cli
) -> None:
    (project / "train.py").write_text(
        "import sys, tinylib, tuiflow as mlflow\n"
        "mlflow.log_param('tinylib', tinylib.__version__)\n"
        "mlflow.log_param('prefix', sys.prefix)\n"
    )
    arguments = ("run", str(project), "-e", "train.py", "--env-manager", "uv")
    shown = cli(*arguments, "--dry-run")
    assert shown.code == 0, shown.err
    assert f"uv environment {key_of(project)}, to be built" in shown.out
    assert not build.environments_folder().exists()

    result = cli(*arguments)
    assert result.code == 0, result.err
    assert "building the environment of python_env.yaml" in result.err
    (run,) = store.search_runs(RunQuery())
    assert run.data.params["tinylib"] == "1.0"
    assert Path(run.data.params["prefix"]).parent == build.environments_folder()
    assert run.data.tags["mlflow.project.env"] == "uv"


@needs_uv
def test_a_project_whose_environment_fails_records_no_run(
    project: Path, store: Store, cli: Cli
) -> None:
    (project / "requirements.txt").write_text("not-there-at-all\n")
    (project / "train.py").touch()
    result = cli("run", str(project), "-e", "train.py", "--env-manager", "uv")
    assert result.code == 1
    assert "uv can't build the environment of python_env.yaml:\n  error:" in result.err.lower()
    assert not list(store.search_runs(RunQuery()))


# -- tuiflow in the environment -------------------------------------------------------------------


def test_the_wheel_asks_for_dependencies_only_where_wanted(tmp_path: Path) -> None:
    for wanted in (True, False):
        with zipfile.ZipFile(own_wheel.pack(tmp_path, wanted)) as wheel:
            assert wheel.testzip() is None
            (info,) = {name.partition("/")[0] for name in wheel.namelist()} - {"tuiflow"}
            assert ("Requires-Dist: textual" in wheel.read(f"{info}/METADATA").decode()) is wanted
            assert (f"{info}/entry_points.txt" in wheel.namelist()) is wanted
            assert "tuiflow/py.typed" in wheel.namelist()


@needs_uv
@pytest.mark.parametrize("name", ["mlflow", "tuiflow"])
def test_who_requires_a_tracking_library_gets_its_dependencies(
    project: Path, offline: Path, name: str
) -> None:
    make_wheel(offline, "mlflow")
    (project / "requirements.txt").write_text(f"{name}\n")
    with pytest.raises(TuiflowError, match=r"tuiflow==\S+ depends on|cheroot"):
        prepare(project)  # which are not to be had here


@needs_uv
def test_a_tuiflow_of_an_own_address_is_taken_instead(project: Path, offline: Path) -> None:
    make_wheel(offline, "tuiflow", "0.0.1")
    address = (offline / "tuiflow-0.0.1-py3-none-any.whl").as_uri()
    (project / "requirements.txt").write_text(f"tuiflow @ {address}\n")
    printed = output_of(prepare(project), "import tuiflow; print(tuiflow.__version__)")
    assert printed == "0.0.1"


# -- two builders, killed builders ----------------------------------------------------------------

BUILDER = """
import sys
from pathlib import Path
from tuiflow.projects.environments import prepare_environment
from tuiflow.projects.spec import EnvironmentSpec
folder = Path(sys.argv[1])
spec = EnvironmentSpec("python_env", folder / "python_env.yaml")
prepare_environment(folder, spec, "uv", lambda line: print(line, flush=True))
"""


def start_builder(project: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(project)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


@needs_uv
def test_two_builders_at_once_build_once(project: Path) -> None:
    builders = [start_builder(project) for _ in range(2)]
    outputs = [builder.communicate(timeout=120) for builder in builders]
    assert [builder.returncode for builder in builders] == [0, 0], outputs
    assert sum("building the environment" in out for out, _ in outputs) == 1


@needs_uv
def test_the_second_builder_waits_and_says_so(project: Path) -> None:
    folder = build.environments_folder()
    folder.mkdir(parents=True)
    held = os.open(folder / f"{key_of(project)}.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    said: list[str] = []
    waiting = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        waiting.set()

    builder = threading.Thread(
        target=prepare_environment, args=(project, spec_of(project), "uv", say)
    )
    builder.start()
    assert waiting.wait(60)
    assert said == ["waiting for another build of the same environment"]
    os.close(held)
    builder.join(60)
    assert build.is_built(folder / key_of(project))


@pytest.fixture
def stuck_builder(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A builder whose uv never ends, and that uv's process id."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "uv").write_text("#!/bin/sh\necho pid $$\nexec sleep 600\n")
    (tools / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    builder = start_builder(project)
    assert builder.stdout is not None
    line = next(line for line in builder.stdout if line.startswith("pid "))
    pid = int(line.split()[1])
    yield builder, pid
    for number in (builder.pid, pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    builder.communicate(timeout=60)


def left_behind() -> list[Path]:
    """The environments there are, whole or not."""
    return [path for path in build.environments_folder().iterdir() if path.is_dir()]


def the_lock() -> int:
    (path,) = build.environments_folder().glob("*.lock")
    return os.open(path, os.O_RDWR)


def lock_is_held() -> bool:
    descriptor = the_lock()
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def lock_comes_free() -> bool:
    """Wait for it: the kernel gives up what a process held a little after its output ends."""
    waiter = threading.Thread(target=fcntl.flock, args=(the_lock(), fcntl.LOCK_EX), daemon=True)
    waiter.start()
    waiter.join(60)
    return not waiter.is_alive()


def test_ctrl_c_ends_a_build_and_leaves_nothing(
    stuck_builder: tuple[subprocess.Popen[str], int],
) -> None:
    builder, _ = stuck_builder
    assert left_behind()
    os.killpg(builder.pid, signal.SIGINT)
    builder.communicate(timeout=60)
    assert builder.returncode == -signal.SIGINT
    assert not left_behind()
    assert lock_comes_free()


def test_the_uv_of_a_killed_builder_keeps_the_next_one_waiting(
    stuck_builder: tuple[subprocess.Popen[str], int],
) -> None:
    builder, uv = stuck_builder
    builder.kill()
    builder.wait(timeout=60)
    assert not any(map(build.is_built, left_behind()))
    assert lock_is_held()
    os.kill(uv, signal.SIGKILL)
    builder.communicate(timeout=60)  # the end of its output is the end of uv
    assert lock_comes_free()


@needs_uv
def test_the_next_builder_clears_away_what_a_killed_one_left(project: Path) -> None:
    left = build.environments_folder() / f".{key_of(project)}-x"
    (left / "lib").mkdir(parents=True)
    prepare(project)
    assert left_behind() == [build.environments_folder() / key_of(project)]


@needs_uv
def test_without_locks_builders_do_not_disturb_each_other(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    others: list[Environment] = []

    def say(line: str) -> None:
        if line.startswith("building"):  # and now another one does it all meanwhile
            others.append(prepare(project))

    environment = prepare_environment(project, spec_of(project), "uv", say)
    assert [environment] == others
    assert output_of(environment, "import tinylib; print(tinylib.__version__)") == "1.0"
    assert left_behind() == [build.environments_folder() / key_of(project)]


@needs_uv
def test_commands_of_packages_run_where_the_environment_lies(project: Path, offline: Path) -> None:
    make_wheel(offline, "tool", "1.0", command=True)
    (project / "requirements.txt").write_text("tool\n")
    environment = prepare(project)
    result = subprocess.run(
        ["tool"], env={**os.environ, **environment.variables}, capture_output=True, text=True
    )
    assert result.stdout == f"tool of {environment.variables['VIRTUAL_ENV']}\n", result.stderr
