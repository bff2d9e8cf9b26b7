"""`tuiflow.artifacts`: read what runs have logged, as `mlflow.artifacts` does.

An artifact URI is `runs:/RUN_ID/path`, `models:/NAME/VERSION`, `file://…` or a local path, such as
one that begins with `run.info.artifact_uri`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from tuiflow.entities import FileInfo
from tuiflow.errors import InvalidInput, NotFound, TuiflowError
from tuiflow.store.artifacts import list_folder, resolve
from tuiflow.tracking.downloads import download, download_run, run_path
from tuiflow.tracking.models import model_folder
from tuiflow.tracking.stores import store_for

__all__ = ["download_artifacts", "list_artifacts", "load_dict", "load_image", "load_text"]


def download_artifacts(
    artifact_uri: str | Path | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    dst_path: str | Path | None = None,
    tracking_uri: str | None = None,
    registry_uri: str | None = None,
) -> str:
    """The local path of an artifact's file or folder, given by its URI or by run and path.

    With `dst_path` it is copied into that folder, which is made; without, what a run or a model
    holds is copied into a new temporary folder, so that it may be changed or deleted. A local path
    is given where it is, as a run's folder is for `run_id` alone. `registry_uri` is there for
    MLflow's sake. Raises InvalidInput, NotFound.
    """
    _check_one(artifact_uri, run_id, artifact_path)
    if artifact_uri is None:
        assert run_id is not None
        return str(download_run(store_for(tracking_uri), run_id, artifact_path or "", dst_path))
    text = os.fspath(artifact_uri)
    if text.startswith("runs:/"):
        named = _split_run_uri(text)
        return str(download_run(store_for(tracking_uri), *named, dst_path, in_place=False))
    if text.startswith("models:"):
        whole = not _model(text)[1]
        return str(download(_local_path(text, None), dst_path, in_place=False, inside=whole))
    return str(download(_local_path(text, tracking_uri), dst_path, in_place=True, inside=False))


def list_artifacts(
    artifact_uri: str | Path | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    tracking_uri: str | None = None,
) -> list[FileInfo]:
    """What is directly in an artifact folder, by name; nothing where there is no folder.

    Paths are relative to the run, or to the model. For another folder they begin with its own
    name. Raises InvalidInput, NotFound.
    """
    _check_one(artifact_uri, run_id, artifact_path)
    store = store_for(tracking_uri)
    if artifact_uri is not None and str(artifact_uri).startswith("runs:/"):
        run_id, artifact_path = _split_run_uri(str(artifact_uri))
    if run_id is not None:
        return store.list_artifacts(store.resolve_run(run_id), artifact_path or "")
    assert artifact_uri is not None
    if str(artifact_uri).startswith("models:"):
        return list_folder(*_model(str(artifact_uri)))
    path = _local_path(artifact_uri, tracking_uri)
    return [
        replace(item, path=f"{path.name}/{item.path}")
        for item in (list_folder(path, "") if path.is_dir() else ())
    ]


def load_text(artifact_uri: str | Path) -> str:
    """The text of an artifact, which is read as UTF-8. Raises NotFound, TuiflowError."""
    path = _file(artifact_uri)
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        _not("text in UTF-8", artifact_uri)


def load_dict(artifact_uri: str | Path) -> Any:
    """The value of an artifact that is JSON. Raises NotFound, TuiflowError."""
    import json

    try:
        return json.loads(load_text(artifact_uri))
    except json.JSONDecodeError:
        _not("JSON", artifact_uri)


def load_image(artifact_uri: str | Path) -> Any:
    """An artifact as a `PIL.Image.Image`. Raises NotFound, TuiflowError, and ImportError without
    Pillow."""
    from PIL import Image, UnidentifiedImageError

    path = _file(artifact_uri)
    try:
        with Image.open(path) as image:
            image.load()
            return image
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        _not("an image", artifact_uri)


def _not(kind: str, uri: object) -> NoReturn:
    raise TuiflowError(f"Artifact {str(uri)!r} can't be read as {kind}.", "BAD_REQUEST") from None


def _check_one(uri: object, run_id: object, path: object) -> None:
    if (uri is None) == (run_id is None):
        raise InvalidInput("Give the artifact's URI or its run's id, one of the two.")
    if uri is not None and path is not None:
        raise InvalidInput("artifact_path goes with run_id; a URI has its path in it.")


def _split_run_uri(uri: str) -> tuple[str, str]:
    """`runs:/RUN/some/path` → RUN and path, which may be empty."""
    run, _, path = uri.removeprefix("runs:/").strip("/").partition("/")
    if not run:
        raise InvalidInput(f"{uri!r} names no run; write runs:/RUN_ID/path.")
    return run, path


def _model(uri: str) -> tuple[Path, str]:
    """`models:/NAME/VERSION/some/path` or `models:/NAME@ALIAS/some/path` → the model's folder and
    the path in it, which may be empty."""
    name, *rest = uri.removeprefix("models:").strip("/").split("/")
    if "@" not in name and rest:
        name, rest = f"{name}/{rest[0]}", rest[1:]
    return model_folder(f"models:/{name}"), "/".join(rest)


def _local_path(uri: str | Path, tracking_uri: str | None) -> Path:
    text = os.fspath(uri)
    if text.startswith("runs:/"):
        return run_path(store_for(tracking_uri), *_split_run_uri(text))
    if text.startswith("models:"):
        folder, inner = _model(text)
        return resolve(folder, inner) if inner else folder
    path = model_folder(text)
    if not path.exists():
        raise NotFound(f"There is no artifact {text!r}.")
    return path.absolute()


def _file(uri: str | Path) -> Path:
    path = _local_path(uri, None)
    if path.is_dir():
        raise InvalidInput(f"Artifact {str(uri)!r} is a folder, not a file.")
    return path
