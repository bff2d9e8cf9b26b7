"""The part of a store that is files: the artifacts of its runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tuiflow.entities import FileInfo, Run
from tuiflow.store import artifacts, runs
from tuiflow.store.connection import Database

if TYPE_CHECKING:
    from tuiflow.store.copy_out import Copied


class RunArtifacts:
    """What `Store` can do with files, given the runs whose they are."""

    _db: Database

    def get_run(self, run_id: str) -> Run:
        raise NotImplementedError

    def artifact_folder(self, run_id: str) -> Path:
        """The run's own artifact folder, which exists once something was logged into it."""
        return Path(self.get_run(run_id).info.artifact_uri)

    def artifact_path(self, run_id: str, path: str) -> Path:
        """Where an artifact is. Raises NotFound, and InvalidInput for a path that leads out."""
        return artifacts.resolve(self.artifact_folder(run_id), path)

    def list_artifacts(self, run_id: str, path: str = "") -> list[FileInfo]:
        return artifacts.list_folder(self.artifact_folder(run_id), path)

    def walk_artifacts(self, run_id: str, path: str = "") -> Iterator[FileInfo]:
        """Everything below an artifact folder, each folder before what is in it."""
        return artifacts.walk(self.artifact_folder(run_id), path)

    def copy_artifact_out(
        self, run_id: str, path: str, target: Path, replace: bool = False
    ) -> Copied:
        """Copy an artifact, or a folder of them, to `target`: whole or not at all."""
        from tuiflow.store.copy_out import copy_out

        return copy_out(self.artifact_folder(run_id), path, target, replace)

    def log_artifact(self, run_id: str, source: Path, folder: str = "") -> None:
        """Copy a local file or folder, under its own name, into the artifact folder `folder`."""
        target = f"{folder}/{source.name}" if folder else source.name
        if source.is_dir():
            artifacts.copy_tree_in(self._writable_folder(run_id), source, target)
        else:
            artifacts.copy_in(self._writable_folder(run_id), source, target)

    def log_artifacts(self, run_id: str, source: Path, folder: str = "") -> None:
        """Copy what is in a local folder into the artifact folder `folder`."""
        artifacts.copy_tree_in(self._writable_folder(run_id), source, folder)

    @contextlib.contextmanager
    def writing_artifact(self, run_id: str, path: str) -> Iterator[Path]:
        """A temporary file to fill; it becomes the artifact `path` when the block ends well."""
        with artifacts.writing(self._writable_folder(run_id), path) as part:
            yield part

    def artifact_file(self, run_id: str, path: str) -> Path:
        """A place for a file that grows in place, such as a log; its folder is made."""
        folder = self._writable_folder(run_id)
        pure = artifacts.check_path(path)
        return artifacts.make_folder(folder, str(pure.parent)) / pure.name

    def _writable_folder(self, run_id: str) -> Path:
        with self._db.read() as conn:
            runs.writable_key(conn, run_id)
        return self.artifact_folder(run_id)
