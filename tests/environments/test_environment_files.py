"""What the files of a project's environment ask for, and what tells two environments apart."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uv_projects import key_of, make_project, prepare

from tuiflow.errors import InvalidInput, NotFound
from tuiflow.projects.environments import (
    build,
    requirements,
)
from tuiflow.projects.environments.conda import read_conda
from tuiflow.projects.environments.python_env import read_python_env
from tuiflow.projects.mlproject import load_project
from tuiflow.projects.spec import EnvironmentSpec


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
    "line",
    [
        "-r more.txt",
        "-rmore.txt",
        "--requirement more.txt",
        "--requirement=more.txt",
        "-r 'more.txt'",
    ],
)
def test_every_way_to_include_a_file(tmp_path: Path, line: str) -> None:
    (tmp_path / "more.txt").write_text("numpy \\\n  >=2  # new\n\n")
    anchored = requirements.anchor([line], tmp_path)
    assert anchored == [f"-r {tmp_path / 'more.txt'}"]
    assert requirements.expanded(anchored) == [requirements.Line("numpy    >=2")]


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
        ("variables: {'A=B': c}", "'A=B' can't be set"),
    ],
)
def test_what_conda_files_uv_can_not_build(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "conda.yaml"
    file.write_text(text)
    with pytest.raises(InvalidInput) as mistake:
        read_conda(file, tmp_path)
    assert words in str(mistake.value)


def test_the_files_of_the_docs_are_read_as_told(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "environments.md").read_text(encoding="utf-8")
    project = make_project(tmp_path / "project", "tqdm")
    for name, text in re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        (project / name).write_text(text)
    listed = f"-r {project / 'requirements.txt'}"
    env = read_python_env(project / "python_env.yaml", project)
    assert (env.python, env.lines) == ("3.11", ("setuptools", listed, "numpy>=2"))
    env = read_conda(project / "conda.yaml", project)
    assert (env.python, env.lines) == ("3.11", ("numpy==2.1.*", "torch>=2.4", listed))
    assert env.variables == {"OMP_NUM_THREADS": "4"}
    assert load_project(project).environment == EnvironmentSpec(
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
