"""Small projects and packages, and their environments built from what lies here."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from tuiflow.errors import TuiflowError
from tuiflow.projects.environments import Environment, build, environment_key, prepare_environment
from tuiflow.projects.spec import EnvironmentSpec


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


def left_behind() -> list[Path]:
    """The environments there are, whole or not."""
    return [path for path in build.environments_folder().iterdir() if path.is_dir()]
