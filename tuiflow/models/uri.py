"""Model addresses: a local folder, `file://…`, `runs:/RUN_ID/path`, `models:/NAME/VERSION`…"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tuiflow.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model folder on this machine."""

    folder: Path


@dataclass(frozen=True, slots=True)
class RunModel:
    """A model among a run's artifacts. `run_id` is as it was written: maybe a prefix or a name."""

    run_id: str
    path: str

    def __str__(self) -> str:
        return f"runs:/{self.run_id}/{self.path}"


@dataclass(frozen=True, slots=True)
class RegistryModel:
    """A version of a registered model: by its number, by an alias, as the newest of a stage or,
    where all three are None, as the newest of all."""

    name: str
    version: int | None = None
    alias: str | None = None
    stage: str | None = None

    def __str__(self) -> str:
        if self.alias is not None:
            return f"models:/{self.name}@{self.alias}"
        return f"models:/{self.name}/{self.version or self.stage or 'latest'}"


def parse_model_uri(uri: str | Path) -> LocalModel | RunModel | RegistryModel:
    """Take a model address apart. Raises InvalidInput for schemes that are not served."""
    if isinstance(uri, Path):
        return LocalModel(uri)
    text = str(uri)
    if not text.strip():
        raise InvalidInput(
            "A model address is a folder, runs:/RUN_ID/path or models:/NAME/VERSION; it was empty."
        )
    if text.startswith("models:"):
        return _registry_model(text)
    if text.startswith("runs:"):
        run_id, _, path = text.removeprefix("runs:").lstrip("/").partition("/")
        if not run_id or not path:
            raise InvalidInput(f"{text!r} is not a model address; write runs:/RUN_ID/path.")
        return RunModel(run_id, check_model_path(path.rstrip("/")))
    if text.startswith("file:"):
        parts = urlsplit(text)
        if parts.netloc not in ("", "localhost") or not parts.path:
            raise InvalidInput(f"{text!r} names no folder on this machine.")
        return LocalModel(Path(unquote(parts.path)))
    scheme, separator, _ = text.partition(":/")
    if separator and scheme.replace("-", "_").isidentifier() and len(scheme) > 1:
        raise InvalidInput(
            f"Models at {scheme}:/ are not served yet; use a folder, runs:/RUN_ID/path or"
            " models:/NAME/VERSION."
        )
    return LocalModel(Path(text).expanduser())


def is_address(text: str) -> bool:
    """True for an address with a scheme, false for a path."""
    return text.startswith(("runs:/", "models:/", "file:"))


def _registry_model(text: str) -> RegistryModel:
    # As MLflow reads it, but nothing in a name is special: not %, ? or #.
    name, slash, suffix = text.removeprefix("models:").removeprefix("/").partition("/")
    if not slash and "@" in name:
        name, _, alias = name.rpartition("@")
        if name.strip() and alias.strip():
            return RegistryModel(name, alias=alias)
    elif name.strip() and suffix.strip() and "/" not in suffix and text.startswith("models:/"):
        if suffix.isascii() and suffix.isdigit():
            return RegistryModel(name, version=int(suffix))
        return RegistryModel(name, stage=None if suffix.lower() == "latest" else suffix)
    raise InvalidInput(
        f"{text!r} is not the address of a registered model; write models:/NAME/VERSION,"
        " models:/NAME/latest, models:/NAME/STAGE or models:/NAME@ALIAS."
    )


def check_model_path(path: str) -> str:
    """Return `path` if it may be a model's artifact path within a run; else raise InvalidInput.

    It is relative, with `/`, and without `.`, `..`, empty parts, commas (the run's tag lists
    several paths with them) and control characters.
    """
    if not isinstance(path, str) or not path:
        raise InvalidInput("A model needs a name within its run, such as 'model'.")
    reason = None
    if path.startswith(("/", "~")) or "\\" in path:
        reason = "it must be relative, with / between folders"
    elif any(part in ("", ".", "..") for part in path.split("/")):
        reason = "it has an empty part, '.' or '..'"
    elif "," in path:
        reason = "it has a comma"
    elif any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in path):
        reason = "it has control characters"
    elif any(len(part.encode("utf-8")) > 200 for part in path.split("/")):
        reason = "it is too long"
    if reason is not None:
        raise InvalidInput(f"{path!r:.80} can't be a model's name: {reason}.")
    return path
