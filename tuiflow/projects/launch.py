"""The command of an entry point, ready to run: its values, its environment, its folder."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tuiflow.config import ENV_EXPERIMENT, ENV_RUN_ID, ENV_STORE
from tuiflow.entities import RunInfo
from tuiflow.projects import command
from tuiflow.projects.download import fetch, local_path
from tuiflow.projects.environments import Environment
from tuiflow.projects.params import Bound, is_url
from tuiflow.projects.spec import EntryPoint
from tuiflow.store import Store

_HANDED_OVER = (ENV_RUN_ID, ENV_STORE, ENV_EXPERIMENT)


@dataclass(frozen=True, slots=True)
class Launch:
    """`command` is what runs in `environment`, `shown` how a person would type it.

    `inputs` are files and folders that a container has to see besides the project and the store.
    """

    folder: Path
    command: tuple[str, ...]
    shown: str
    environment: Environment
    inputs: tuple[str, ...] = ()

    def argv(self, store_folder: Path) -> list[str]:
        """What is executed, for a run in the store of that folder."""
        volumes = [f"{path}:{path}" for path in (store_folder, *self.inputs)]
        return self.environment.wrap(self.command, self.folder, _HANDED_OVER, volumes)

    @property
    def in_own_python(self) -> bool:
        """Whether it runs in the Python of tuiflow."""
        return self.environment.python is None and self.environment.container is None

    def variables(self) -> dict[str, str]:
        """What is added to the environment; without one, `python` is the Python of tuiflow."""
        if self.in_own_python:
            return own_python()
        return dict(self.environment.variables)


def prepare(
    folder: Path,
    entry: EntryPoint,
    bound: Bound,
    environment: Environment,
    storage: Path | None = None,
    *,
    load: bool = True,
) -> Launch:
    """Build the command from the values that `params.bind` gave.

    URLs given for `path` parameters are downloaded here, into `storage` or the cache, so that the
    command gets a file; errors are those of `download.fetch`. Unless `load`, it is only told where
    they would be.
    """
    bring = fetch if load else local_path
    local = {
        name: str(bring(value, storage)) if _is_remote(entry, name, value) else value
        for name, value in bound.declared.items()
    }
    paths = [local[name] for name in local if entry.parameters[name].type == "path"]
    return Launch(
        folder,
        tuple(command.shell_argv(entry.command, local, bound.extra)),
        command.shown(entry.command, local, bound.extra),
        environment,
        tuple(path for path in paths if not Path(path).is_relative_to(folder)),
    )


def own_python() -> dict[str, str]:
    """The variables under which `python` is the Python that tuiflow runs in."""
    own = str(Path(sys.executable).parent)
    return {"PATH": os.pathsep.join([own, os.environ.get("PATH", "")])}


def run_variables(store: Store, run: RunInfo) -> dict[str, str]:
    """The variables through which the command finds its run."""
    return {
        ENV_RUN_ID: run.run_id,
        ENV_STORE: str(store.database),
        ENV_EXPERIMENT: run.experiment_name,
        "PYTHONUNBUFFERED": "1",
    }


def _is_remote(entry: EntryPoint, name: str, value: str) -> bool:
    return entry.parameters[name].type == "path" and is_url(value)
