"""Tables as artifacts, in MLflow's files (mlflow/tracking/client.py): JSON `split`, or Parquet."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tuiflow.config import MAX_TAG_LENGTH
from tuiflow.entities import Run, RunTag
from tuiflow.errors import InvalidInput, NotFound
from tuiflow.filters import parse_filter
from tuiflow.protocols import RunQuery
from tuiflow.store import Store
from tuiflow.tracking import images, searching

if TYPE_CHECKING:
    import pandas as pd

TAG_ARTIFACTS = "mlflow.loggedArtifacts"

_FORBIDDEN = "\"',:[]{}"
"""MLflow finds tables by a text search in a tag that holds JSON."""

_lock = threading.Lock()


def log_table(store: Store, run_id: str, data: Any, artifact_file: str) -> None:
    """Write a table as the artifact `artifact_file` (.json or .parquet); rows are added to those
    that are there.

    `data` is a DataFrame, or a dictionary of columns or of one row's values. A column of images is
    saved as files and holds their paths. Raises InvalidInput.
    """
    import pandas as pd

    path = _checked(artifact_file)
    frame = _frame(data)
    picture_columns = _image_columns(frame)
    with _lock:
        if any(item.path == path for item in store.list_artifacts(run_id, _folder(path))):
            before: pd.DataFrame | None = _read(store.artifact_path(run_id, path), exact=True)
        else:
            before = None
        for index in picture_columns:
            files = [_log_picture(store, run_id, path, item) for item in frame.iloc[:, index]]
            frame.isetitem(index, pd.Series(files, dtype=object).to_numpy())
        _write(store, run_id, path, frame, before)
        _note_in_tag(store, run_id, path)


def load_table(
    store: Store,
    experiment_id: str,
    artifact_file: str,
    run_ids: Sequence[str] | None = None,
    extra_columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The table of these runs, or of all of the experiment that have it, newest run first.

    `extra_columns` are columns of `search_runs` to add to each row, such as run_id or
    params.alpha; one whose name is taken gets an underscore at its end. Raises NotFound where no
    run has the table, InvalidInput for an unknown column.
    """
    import pandas as pd

    path = _checked(artifact_file)
    query = RunQuery((experiment_id,), parse_filter(f"tags.`{TAG_ARTIFACTS}` IS NOT NULL"))
    runs = [
        run
        for run in store.search_runs(query)
        if run_ids is None or run.info.run_id in run_ids
        if any(item.path == path for item in store.list_artifacts(run.info.run_id, _folder(path)))
    ]
    if not runs:
        raise NotFound(f"No run of experiment {experiment_id} has a table {path!r}.")
    if run_ids and len(runs) < len(set(run_ids)):
        import warnings

        warnings.warn(
            f"{len(set(run_ids)) - len(runs)} of the runs have no table {path!r}.", stacklevel=3
        )
    return pd.concat(
        [_with_columns(store, run, path, extra_columns or ()) for run in runs], ignore_index=True
    )


def _with_columns(store: Store, run: Run, path: str, columns: Sequence[str]) -> pd.DataFrame:
    table = _read(store.artifact_path(run.info.run_id, path))
    if columns:
        [facts] = searching.to_frame([run]).to_dict("records")
        for column in columns:
            if column not in facts and not column.startswith(("params.", "metrics.", "tags.")):
                raise InvalidInput(
                    f"There is no column {column!r} to add; use run_id, params.NAME and the like."
                )
            table[f"{column}_" if column in table else column] = facts.get(column)
    return table


def _checked(artifact_file: object) -> str:
    text = str(artifact_file)
    if any(char in text for char in _FORBIDDEN):
        raise InvalidInput(f"A table's file name has none of {' '.join(_FORBIDDEN)}: {text!r}.")
    if not text.endswith((".json", ".parquet")):
        raise InvalidInput(f"A table's file name ends in .json or .parquet, not as {text!r}.")
    return str(PurePosixPath(text))


def _folder(path: str) -> str:
    parent = str(PurePosixPath(path).parent)
    return "" if parent == "." else parent


def _frame(data: Any) -> pd.DataFrame:
    """A copy of the table, or one made of a dictionary."""
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data.copy(deep=False)
    if not isinstance(data, Mapping):
        raise InvalidInput(f"A table is a DataFrame or a dictionary, not {type(data).__name__}.")
    try:
        return pd.DataFrame(dict(data))
    except ValueError:  # one row of scalars, or columns of unequal length, as in MLflow
        return pd.DataFrame([dict(data)])


def _image_columns(frame: pd.DataFrame) -> list[int]:
    """The positions of the columns that hold images alone."""
    found = []
    for index, dtype in enumerate(frame.dtypes):
        if dtype.kind != "O":
            continue
        kinds = {images.is_image(value) for value in frame.iloc[:, index]}
        if kinds == {True, False}:
            raise InvalidInput(
                f"The column {frame.columns[index]!r} holds images and other values."
            )
        if kinds == {True}:
            found.append(index)
    return found


def _log_picture(store: Store, run_id: str, path: str, picture: Any) -> dict[str, str]:
    import uuid

    name = f"table_images/{PurePosixPath(path).with_suffix('')}/{uuid.uuid4()}"
    full = images.to_pil(picture)
    with store.writing_artifact(run_id, f"{name}.png") as part:
        full.save(part)
    with store.writing_artifact(run_id, f"{name}.webp") as part:
        images.shrink(full).save(part)
    return {
        "type": "image",
        "filepath": f"{name}.png",
        "compressed_filepath": f"{name}.webp",
    }


def _read(file: Path, exact: bool = False) -> pd.DataFrame:
    """The table in a file; `exact` keeps texts that look like numbers or dates as they are."""
    import pandas as pd

    try:
        if file.suffix == ".parquet":
            return pd.read_parquet(file)
        if exact:
            parts = json.loads(file.read_bytes())
            return pd.DataFrame(parts["data"], columns=parts["columns"], dtype=object)
        return pd.read_json(file, orient="split")
    except ImportError:
        raise InvalidInput("Parquet tables need pyarrow (pip install pyarrow).") from None
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise InvalidInput(f"{file.name} holds no table: {error}.") from error


def _write(
    store: Store, run_id: str, path: str, frame: pd.DataFrame, before: pd.DataFrame | None
) -> None:
    import pandas as pd

    if before is not None:
        frame = pd.concat([before, frame], ignore_index=True)
    with store.writing_artifact(run_id, path) as part:
        try:
            if path.endswith(".json"):
                frame.to_json(part, orient="split", index=False, date_format="iso")
            else:
                frame.to_parquet(part, index=False)
        except ImportError:
            raise InvalidInput(
                "Parquet tables need pyarrow; install it, or end the name in .json."
            ) from None
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise InvalidInput(f"The table can't be written as {path!r}: {error}.") from error


def _note_in_tag(store: Store, run_id: str, path: str) -> None:
    """Name the table in MLflow's tag."""
    try:
        known = json.loads(store.get_run(run_id).data.tags.get(TAG_ARTIFACTS, "[]"))
    except ValueError:
        known = []
    entry = {"path": path, "type": "table"}
    if not isinstance(known, list) or entry in known:
        return
    text = json.dumps([*known, entry])
    if len(text) <= MAX_TAG_LENGTH:  # `load_table` asks for the tag, not for what is in it
        store.log_batch(run_id, tags=[RunTag(TAG_ARTIFACTS, text)])
