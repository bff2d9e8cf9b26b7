"""Environments that uv builds, without a network."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from shell import Cli
from uv_projects import key_of, left_behind, make_wheel, needs_uv, output_of, prepare, spec_of

from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.projects.environments import (
    build,
    describe,
    own_wheel,
    prepare_environment,
)
from tuiflow.projects.spec import EnvironmentSpec
from tuiflow.protocols import RunQuery
from tuiflow.store import Store


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


@needs_uv
def test_commands_of_packages_run_where_the_environment_lies(project: Path, offline: Path) -> None:
    make_wheel(offline, "tool", "1.0", command=True)
    (project / "requirements.txt").write_text("tool\n")
    environment = prepare(project)
    result = subprocess.run(
        ["tool"], env={**os.environ, **environment.variables}, capture_output=True, text=True
    )
    assert result.stdout == f"tool of {environment.variables['VIRTUAL_ENV']}\n", result.stderr


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


@needs_uv
def test_a_project_without_requirements(tmp_path: Path) -> None:
    said: list[str] = []
    environment = prepare_environment(tmp_path, EnvironmentSpec(), "uv", said.append)
    assert said[0] == "the project lists no requirements, so its environment holds tuiflow alone"
    assert output_of(environment, "import tuiflow; print(tuiflow.__version__)")


@needs_uv
def test_a_cache_that_can_not_be_written(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(TuiflowError, match=r"can't be built in .*file.*XDG_CACHE_HOME"):
        prepare(project)


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
