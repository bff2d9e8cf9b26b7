"""The Python environment of a model: requirements.txt, conda.yaml and python_env.yaml.

requirements.txt pins what the model itself needs, as installed here. MLflow builds its serving
environments from the two other files and runs itself in them, so these add MLflow; nothing in
tuiflow needs it.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from tuiflow.errors import InvalidInput

CONDA_FILE = "conda.yaml"
PYTHON_ENV_FILE = "python_env.yaml"
REQUIREMENTS_FILE = "requirements.txt"

READABLE_SINCE = "3.10.0"
"""The oldest MLflow that reads what tuiflow writes (skops models in `model.skops`)."""

_MLFLOW = f"mlflow>={READABLE_SINCE.removesuffix('.0')},<4"
_ALWAYS = ("numpy", "pandas", "scikit-learn", "scipy")


def default_requirements(serializer: str, modules: Iterable[str] = ()) -> list[str]:
    """Pinned requirements of a model saved with `serializer` that uses the top-level `modules`."""
    names = {*_ALWAYS, serializer}
    if modules:
        homes = metadata.packages_distributions()
        names.update(name for module in modules for name in homes.get(module, ())[:1])
    return pinned(names)


def pinned(names: Iterable[str]) -> list[str]:
    """Requirements of the installed versions of distributions, sorted."""
    return [f"{name}=={installed(name)}" for name in sorted(set(names), key=str.lower)]


@cache
def distribution(module: str) -> str:
    """What the package that brings a top-level module is called, such as `xgboost-cpu`."""
    try:
        metadata.version(module)
    except metadata.PackageNotFoundError:
        return metadata.packages_distributions().get(module, [module])[0]
    return module


@cache
def installed(name: str) -> str:
    """The installed version of a distribution."""
    return metadata.version(name)


def local_modules(modules: Iterable[str]) -> list[str]:
    """Those top-level modules that belong to no installed package and not to Python itself."""
    homes = metadata.packages_distributions()
    known = {*sys.stdlib_module_names, *sys.builtin_module_names, "__main__"}
    return sorted(module for module in set(modules) if module not in known and module not in homes)


def environment_files(
    requirements: Sequence[str],
    *,
    conda_env: dict[str, Any] | str | Path | None = None,
    pip_requirements: Sequence[str] | str | Path | None = None,
    extra_pip_requirements: Sequence[str] | str | Path | None = None,
) -> dict[str, str]:
    """File name → text of the three files.

    `conda_env` (a dictionary, or the path of a YAML file) replaces the environment altogether;
    `pip_requirements` (lines, or the path of a requirements file) replaces `requirements`;
    `extra_pip_requirements` comes on top. Raises InvalidInput where they contradict each other.
    """
    if conda_env is not None and (pip_requirements is not None or extra_pip_requirements):
        raise InvalidInput("Give conda_env or pip_requirements, not both.")
    lines = list(requirements)
    if pip_requirements is not None:
        lines = _lines(pip_requirements)
    if extra_pip_requirements is not None:
        lines += [line for line in _lines(extra_pip_requirements) if line not in lines]
    version = platform.python_version()
    if conda_env is None:
        conda = {
            "name": "mlflow-env",
            "channels": ["conda-forge"],
            "dependencies": [f"python={version}", "pip", {"pip": [_MLFLOW, *lines]}],
        }
    else:
        conda = _read_conda(conda_env)
        lines = _pip_part(conda)
    python_env = {
        "python": version,
        "build_dependencies": ["pip", "setuptools", "wheel"],
        "dependencies": [f"-r {REQUIREMENTS_FILE}", _MLFLOW],
    }
    return {
        CONDA_FILE: _yaml(conda),
        PYTHON_ENV_FILE: _yaml(python_env),
        REQUIREMENTS_FILE: "".join(f"{line}\n" for line in lines),
    }


def conda_env(requirements: Sequence[str]) -> dict[str, Any]:
    """The conda environment with these requirements, as conda.yaml holds it."""
    import yaml

    found: dict[str, Any] = yaml.safe_load(environment_files(requirements)[CONDA_FILE])
    return found


def _yaml(value: Any) -> str:
    import yaml

    return yaml.safe_dump(value, default_flow_style=False, sort_keys=False, allow_unicode=True)


def _lines(source: Sequence[str] | str | Path) -> list[str]:
    if isinstance(source, str | Path):
        try:
            texts: Sequence[str] = Path(source).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"The requirements file {source} can't be read: {error}.") from error
    else:
        texts = list(source)
    for text in texts:
        if not isinstance(text, str) or "\n" in text or "\r" in text:
            raise InvalidInput(f"{text!r:.60} is not one line of a requirements file.")
    return [text.strip() for text in texts if text.strip() and not text.strip().startswith("#")]


def _read_conda(source: dict[str, Any] | str | Path) -> dict[str, Any]:
    import yaml

    value: Any = source
    if isinstance(source, str | Path):
        try:
            value = yaml.safe_load(Path(source).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InvalidInput(f"The conda environment {source} can't be read: {error}.") from error
    if not isinstance(value, dict) or not isinstance(value.get("dependencies"), list):
        raise InvalidInput("conda_env must be a mapping with a list of dependencies.")
    return value


def _pip_part(conda: dict[str, Any]) -> list[str]:
    for dependency in conda["dependencies"]:
        if isinstance(dependency, dict) and isinstance(dependency.get("pip"), list):
            return _lines([str(line) for line in dependency["pip"]])
    return []
