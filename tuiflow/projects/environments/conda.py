"""A `conda.yaml` read as an environment that uv can build, without conda.

Only packages whose name on conda-forge is known to be the same project on PyPI are translated:
taking any name for granted would install whatever somebody registered under it there. Format:
https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html and, of
the packages, .../concepts/pkg-specs.html#package-match-specifications.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tuiflow.errors import InvalidInput
from tuiflow.projects.environments.python_env import PythonEnv, check_python, read_yaml, texts
from tuiflow.projects.environments.requirements import anchor
from tuiflow.text import clean

_SAME_NAME = frozenset(
    """
    accelerate aiohttp altair black bokeh boto3 captum catboost click cloudpickle cython dask
    datasets dill diffusers einops evaluate fastapi filelock flake8 flask fsspec gensim geopandas
    h5py httpx huggingface_hub hydra-core hyperopt imbalanced-learn ipykernel ipython isort jax
    jinja2 joblib jsonschema jupyter jupyterlab keras lightgbm lightning lime llvmlite loguru lxml
    matplotlib mlflow mlflow-skinny mypy networkx nltk notebook numba numexpr numpy omegaconf onnx
    onnxruntime openpyxl optuna orjson packaging pandas patsy pillow pip platformdirs plotly polars
    protobuf psutil pyarrow pydantic pymongo pyspark pytest python-dateutil pytorch-lightning pytz
    pywavelets pyyaml redis requests rich ruff s3fs safetensors scikit-image scikit-learn
    scikit-optimize scipy seaborn sentencepiece sentence-transformers setuptools shap skops spacy
    sqlalchemy statsmodels streamlit sympy tabulate tensorboard tensorflow threadpoolctl timm
    tokenizers torchmetrics torchvision tqdm transformers tuiflow typer typing_extensions umap-learn
    wandb wheel xarray xgboost xlrd zarr
    """.split()
)
_OTHER_NAME = {
    "dask-core": "dask",
    "importlib_metadata": "importlib-metadata",
    "matplotlib-base": "matplotlib",
    "opencv": "opencv-python",
    "prophet": "prophet",
    "py-lightgbm": "lightgbm",
    "py-opencv": "opencv-python",
    "py-xgboost": "xgboost",
    "pytables": "tables",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "seaborn-base": "seaborn",
    "torchaudio": "torchaudio",
}
_USED_CHANNELS = ("conda-forge", "defaults", "nodefaults")
_SPEC = re.compile(
    r"^(?:(?P<channel>[\w./:+-]+)::)?(?P<name>[A-Za-z0-9_][\w.-]*)\s*(?P<version>[^\s\[]*)"
    r"(?:\s+(?P<build>[\w.*]+))?$"
)
_KEYS = ("name", "channels", "dependencies", "variables", "prefix")


def read_conda(file: Path, folder: Path) -> PythonEnv:
    """Read a `conda.yaml`; its `pip:` lines are relative to the project's folder, or else its own.

    Raises InvalidInput for a mistake in it and for packages that have no counterpart known on
    PyPI, NotFound where it or a file that it names is missing.
    """
    content = read_yaml(file)
    if unknown := [key for key in content if key not in _KEYS]:
        raise InvalidInput(f"{file.name} has an unknown key {clean(unknown[0])!r}.")
    dependencies = content.get("dependencies") or []
    if not isinstance(dependencies, list):
        raise InvalidInput(f"{file.name}: dependencies must be a list.")
    python: str | None = None
    translated: list[str] = []
    refused: list[str] = []
    pip: list[str] = []
    for item in dependencies:
        if isinstance(item, dict) and list(item) == ["pip"]:
            pip += texts(item["pip"], "pip", file)
            continue
        if not isinstance(item, str):
            raise InvalidInput(f"{file.name}: a dependency is a text or a list named pip.")
        name, version = _split(item, file)
        if name == "python":
            python = check_python(_specifier(version), file) if version else None
        elif (line := _on_pypi(name, version)) is None:
            refused.append(item)
        else:
            translated.append(line)
    if refused:
        raise InvalidInput(
            f"{file.name}: uv can't install {clean(', '.join(refused))}, for no package on PyPI is"
            " known to be the same; leave it out, or name what PyPI has for it in the list pip."
        )
    lines = tuple(anchor([*translated, *pip], folder, file.parent))
    return PythonEnv(
        folder,
        file.name,
        python,
        lines,
        _variables(content.get("variables"), file),
        _notes(file, translated, _channels(content.get("channels"), dependencies)),
    )


def _split(text: str, file: Path) -> tuple[str, str]:
    match = _SPEC.match(text.strip())
    if match is None:
        raise InvalidInput(
            f"{file.name}: {clean(text)!r} can't be translated for uv; write it as"
            " name=version, or in the list named pip."
        )
    return match["name"].lower(), match["version"]


def _on_pypi(name: str, version: str) -> str | None:
    """The requirement for PyPI, or None for a package not known to be there."""
    own = name if name in _SAME_NAME else _OTHER_NAME.get(name)
    if own is None:
        return None
    wanted = _specifier(version)
    if wanted[:1].isdigit():
        exact = version.startswith("==") and not version.endswith("*")
        wanted = f"=={wanted}" if exact or wanted.endswith("*") else f"=={wanted}.*"
    return own + wanted


def _specifier(version: str) -> str:
    """Conda's version as pip's: bare where it is `=1.2` (any 1.2.x), `==1.2` or `1.2`.

    `=1.2=build` loses its build, which PyPI does not have.
    """
    if version in ("", "*", "=*"):
        return ""
    if re.match(r"[<>!~]", version) or "," in version:
        return version
    return version.lstrip("=").partition("=")[0]


def _channels(declared: object, dependencies: Iterable[object]) -> list[str]:
    named = (
        [item for item in declared if isinstance(item, str)] if isinstance(declared, list) else []
    )
    prefixed = [
        item.partition("::")[0] for item in dependencies if isinstance(item, str) and "::" in item
    ]
    return sorted({*named, *prefixed} - set(_USED_CHANNELS))


def _variables(value: object, file: Path) -> Mapping[str, str]:
    if value in (None, ""):
        return {}
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise InvalidInput(f"{file.name}: variables must be a mapping of names to texts.")
    for name, text in value.items():
        if not re.fullmatch(r"[A-Za-z_]\w*", str(name)) or "\0" in text:
            raise InvalidInput(f"{file.name}: {clean(str(name))!r} can't be set as a variable.")
    return {str(name): text for name, text in value.items()}


def _notes(file: Path, translated: list[str], channels: list[str]) -> tuple[str, ...]:
    notes = []
    if assumed := [line for line in translated if line not in ("pip", "setuptools", "wheel")]:
        notes.append(f"{file.name}: from PyPI instead of conda: {clean(', '.join(assumed))}")
    if channels:
        notes.append(f"{file.name}: not used: channel {clean(', '.join(channels))}")
    return tuple(notes)
