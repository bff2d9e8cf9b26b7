"""What a run ran in: Python, host, GPU and packages, from its tags and its recorded list."""

from __future__ import annotations

from collections.abc import Iterable

from tuiflow.entities import (
    TAG_DOCKER_IMAGE_ID,
    TAG_DOCKER_IMAGE_URI,
    TAG_PROJECT_ENV,
    Run,
)
from tuiflow.errors import TuiflowError
from tuiflow.store import Store

PYTHON = "python"
_FACTS = {
    "tuiflow.python": PYTHON,
    "tuiflow.gpu": "gpu",
    TAG_DOCKER_IMAGE_URI: "docker image",
    TAG_DOCKER_IMAGE_ID: "docker image id",
    TAG_PROJECT_ENV: "project environment",
    "tuiflow.host": "host",
    "tuiflow.python.executable": "python executable",
    "tuiflow.cwd": "folder",
}
PLACES = frozenset(("host", "python executable", "folder"))
"""Facts that say where it was, not what it was."""

_GROUPS = ("tuiflow.slurm.", "tuiflow.pbs.", "tuiflow.lsf.", "tuiflow.rank", "tuiflow.world_size")
_FIRST = (
    "scikit-learn torch tensorflow keras jax xgboost lightgbm catboost transformers numpy pandas"
    " scipy lightning pytorch-lightning mlflow tuiflow"
).split()
"""Packages that decide most about results: they are named first."""


def is_environment(tag: str) -> bool:
    """Whether a tag belongs to the environment."""
    return tag in _FACTS or tag.startswith(_GROUPS)


def is_fact(key: str) -> bool:
    """Whether a row of the environment is one of `facts_of`, not a package."""
    return key in _FACTS.values() or key.startswith(_GROUPS)


def is_place(key: str) -> bool:
    """Whether a row says where a run was, not what it had: a host, a folder, a job."""
    return key in PLACES or key.startswith(_GROUPS)


def facts_of(run: Run) -> dict[str, str]:
    """The environment's tags of a run, by the names a person knows them by."""
    tags = run.data.tags
    known = {name: tags[tag] for tag, name in _FACTS.items() if tag in tags}
    return known | {tag: tags[tag] for tag in sorted(tags) if tag.startswith(_GROUPS)}


def read_packages(store: Store, run_id: str) -> dict[str, str] | None:
    """Versions by package as recorded with the run; None where there is no record."""
    try:
        text = store.contents.get(run_id, "packages").decode("utf-8", "replace")
    except TuiflowError:
        return None
    found = {}
    for line in text.splitlines():
        name, equals, version = line.partition("==")
        if equals and not line.startswith("#"):
            found[name] = version
    return found


def in_order(packages: Iterable[str]) -> list[str]:
    """Those that decide most first, the others by name."""
    places = {name: place for place, name in enumerate(_FIRST)}
    return sorted(packages, key=lambda name: (places.get(name, len(_FIRST)), name))
