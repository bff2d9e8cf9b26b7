"""The client's methods on artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tuiflow.entities import FileInfo
from tuiflow.store import Store
from tuiflow.tracking import record
from tuiflow.tracking.operations import RunOperations, done

if TYPE_CHECKING:
    import pandas


class ArtifactClient:
    """What `MlflowClient` does with the files of runs."""

    _store: Store

    def log_artifact(
        self, run_id: str, local_path: str | Path, artifact_path: str | Path | None = None
    ) -> None:
        """Copy a local file or folder into the run's artifact folder `artifact_path`."""
        record.log_artifact(self._store, run_id, local_path, artifact_path)

    def log_artifacts(
        self, run_id: str, local_dir: str | Path, artifact_path: str | Path | None = None
    ) -> None:
        """Copy what is in a local folder into the run's artifact folder `artifact_path`."""
        record.log_artifacts(self._store, run_id, local_dir, artifact_path)

    def log_text(self, run_id: str, text: str, artifact_file: str | Path) -> None:
        record.log_text(self._store, run_id, text, artifact_file)

    def log_stream(self, run_id: str, stream: IO[bytes], artifact_file: str | Path) -> None:
        """Write what a binary stream still holds as the artifact `artifact_file`."""
        record.log_stream(self._store, run_id, stream, artifact_file)

    def log_dict(self, run_id: str, dictionary: Any, artifact_file: str | Path) -> None:
        record.log_dict(self._store, run_id, dictionary, artifact_file)

    def log_figure(
        self,
        run_id: str,
        figure: Any,
        artifact_file: str | Path,
        *,
        save_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        record.log_figure(self._store, run_id, figure, artifact_file, save_kwargs)

    def log_image(
        self,
        run_id: str,
        image: Any,
        artifact_file: str | Path | None = None,
        key: str | None = None,
        step: int | None = None,
        timestamp: int | None = None,
        synchronous: bool | None = None,
    ) -> RunOperations | None:
        """Save an image as `artifact_file`, or as one step of the series `key`."""
        from tuiflow.tracking import images

        images.log_image(self._store, run_id, image, artifact_file, key, step, timestamp)
        return done(synchronous)

    def log_table(self, run_id: str, data: Any, artifact_file: str) -> None:
        """Write a DataFrame or a dictionary of columns, or add its rows to the table there."""
        from tuiflow.tracking import tables

        tables.log_table(self._store, run_id, data, artifact_file)

    def load_table(
        self,
        experiment_id: str,
        artifact_file: str,
        run_ids: Sequence[str] | None = None,
        extra_columns: Sequence[str] | None = None,
    ) -> pandas.DataFrame:
        """The table of these runs, or of all runs of the experiment that have it."""
        from tuiflow.tracking import tables

        return tables.load_table(self._store, experiment_id, artifact_file, run_ids, extra_columns)

    def list_artifacts(self, run_id: str, path: str | Path | None = None) -> list[FileInfo]:
        """What is directly in an artifact folder, by name; nothing where there is none."""
        return self._store.list_artifacts(run_id, str(path or ""))

    def download_artifacts(
        self, run_id: str, path: str | Path, dst_path: str | Path | None = None
    ) -> str:
        """Copy an artifact into `dst_path`, or else a temporary folder; returns the copy's path.

        An empty `path` is all of the run's artifacts. Raises NotFound, InvalidInput.
        """
        from tuiflow.tracking import downloads

        return str(downloads.download_run(self._store, run_id, str(path or ""), dst_path))
