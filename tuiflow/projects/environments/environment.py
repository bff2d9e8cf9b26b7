"""What a command runs in: this Python, one built for the project, or a container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tuiflow.projects.environments.docker import Container


@dataclass(frozen=True, slots=True)
class Environment:
    """A prepared environment.

    `python` is its interpreter, None for the one that is running and in a container. `variables`
    are to be added to the command's environment (PATH as a whole). `tags` are to be recorded with
    the run: `mlflow.project.env` and, in a container, `mlflow.docker.image.uri` and `.id`.
    """

    python: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    container: Container | None = None

    @property
    def tag(self) -> str:
        """The value of `mlflow.project.env`, empty where MLflow records none."""
        return self.tags.get("mlflow.project.env", "")

    def wrap(
        self,
        argv: Sequence[str],
        cwd: Path,
        env_names: Sequence[str] = (),
        volumes: Sequence[str] = (),
    ) -> list[str]:
        """The arguments that run `argv`, the command, in this environment.

        In a container: the folder `cwd` is mounted and the command starts there, the variables
        `env_names` are handed on from the environment of the command, and `volumes` are mounted
        (`HOST:CONTAINER[:ro]`, or one path for both). Elsewhere it is `argv` itself. Raises
        InvalidInput for a volume that can't be written so.
        """
        if self.container is None:
            return list(argv)
        return self.container.command(argv, cwd, env_names, volumes)

    def stop(self) -> None:
        """End and remove the container, if it is still there; nothing to do elsewhere."""
        if self.container is not None:
            self.container.remove()
