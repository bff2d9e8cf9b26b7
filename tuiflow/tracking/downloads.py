"""Copies of artifacts that a script may change, as MLflow's downloads are."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tuiflow.store import Store


def run_path(store: Store, run: str, path: str) -> Path:
    """Where an artifact of a run is, or for an empty path the run's own folder, which is made.

    `run` is an id, or else what names a run. Raises NotFound, Ambiguous, InvalidInput.
    """
    run_id = store.resolve_run(run)
    if path:
        return store.artifact_path(run_id, path)
    folder = store.artifact_folder(run_id)
    folder.mkdir(parents=True, exist_ok=True)  # a run that has logged nothing has none
    return folder


def download(source: Path, dst_path: str | Path | None, *, in_place: bool, inside: bool) -> Path:
    """Copy a file or folder into the folder `dst_path`; returns the copy's absolute path.

    Where `dst_path` is None, that is a new temporary folder or, when `in_place`, nothing is copied.
    `inside` copies what is in a folder rather than the folder under its name.
    """
    if dst_path is None:
        if in_place:
            return source
        dst_path = tempfile.mkdtemp(prefix="tuiflow-")
    target = Path(dst_path).absolute()
    target.mkdir(parents=True, exist_ok=True)
    copy = target if inside else target / source.name
    if source.is_dir():
        shutil.copytree(source, copy, symlinks=True, dirs_exist_ok=True)
    elif copy != source:
        shutil.copyfile(source, copy)
    return copy


def download_run(
    store: Store, run: str, path: str, dst_path: str | Path | None, *, in_place: bool = True
) -> Path:
    """Copy an artifact of a run, or all of its artifacts for an empty path, which are given where
    they are, `in_place`, unless `dst_path` is given."""
    source = run_path(store, run, path)
    return download(source, dst_path, in_place=in_place and not path, inside=not path)
