"""What `tuiflow run` was asked for, as a run records it and `tuiflow rerun` reads it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tuiflow.errors import InvalidInput
from tuiflow.tracking.context.redaction import redact_command, secret_values

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Request:
    """A project and how to run it.

    `parameters` are those that were given. `docker_args` maps to True where it is a flag. A request
    that a run has recorded has absolute paths and also says what was run: the `commit` taken out of
    git, or the SHA-256 `digest` of the zip file.
    """

    uri: str
    entry_point: str = "main"
    version: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    docker_args: Mapping[str, str | bool] = field(default_factory=dict)
    env_manager: str | None = None
    build_image: bool = False
    storage_dir: str | None = None
    commit: str | None = None
    digest: str | None = None

    @property
    def storage(self) -> Path | None:
        """The folder for downloads, absolute."""
        return None if self.storage_dir is None else Path(self.storage_dir).expanduser().absolute()

    def to_json(self) -> bytes:
        return json.dumps({"format": FORMAT, **asdict(self)}).encode()


def without_secrets(request: Request, environment: Mapping[str, str]) -> Request:
    """The request as it may be kept: options of docker that hold secrets are marked as such."""
    secrets = secret_values(environment)
    cleaned = {
        name: True if value is True else redact_command([str(value)], secrets)[0]
        for name, value in request.docker_args.items()
    }
    return replace(request, docker_args=cleaned)


def from_json(data: bytes) -> Request:
    """Read what `to_json` wrote; the text is checked, for it comes out of a store.

    Raises InvalidInput.
    """
    try:
        values = json.loads(data)
        known = values.pop("format") == FORMAT
        if known and all(_fits(key, value) for key, value in values.items()):
            return Request(**values)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        pass
    raise InvalidInput("What this run recorded about its project is not readable by this version.")


def _fits(key: str, value: Any) -> bool:
    if key == "build_image":
        return isinstance(value, bool)
    if key in ("parameters", "docker_args"):
        return isinstance(value, dict) and all(
            isinstance(text, str) or (key == "docker_args" and text is True)
            for text in value.values()
        )
    if key in ("uri", "entry_point"):
        return isinstance(value, str) and "\0" not in value
    return value is None or (isinstance(value, str) and "\0" not in value)
