"""The command of an entry point, ready to run: its values, its environment, its folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tuiflow.config import ENV_EXPERIMENT, ENV_RUN_ID, ENV_STORE
from tuiflow.entities import RunInfo
from tuiflow.projects import command
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


def localized(entry: EntryPoint, bound: Bound, bring: Callable[[str], Path]) -> Bound:
    """The values with what `bring` has in place of each URL given for a `path` parameter."""
    local = {
        name: str(bring(value))
        if entry.parameters[name].type == "path" and is_url(value)
        else value
        for name, value in bound.declared.items()
    }
    return Bound(local, bound.extra)


def prepare(folder: Path, entry: EntryPoint, local: Bound, environment: Environment) -> Launch:
    """Build the command from values that are all on this machine."""
    values = local.declared
    paths = [values[name] for name in values if entry.parameters[name].type == "path"]
    return Launch(
        folder,
        tuple(command.shell_argv(entry.command, values, local.extra)),
        command.shown(entry.command, values, local.extra),
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
