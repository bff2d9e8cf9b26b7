"""What the fluent functions and the client share: Python values in, one store call out."""

from __future__ import annotations

import contextlib
import datetime
import operator
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any, SupportsFloat, SupportsIndex

from tuiflow.config import MAX_PARAM_LENGTH, MAX_TAG_LENGTH
from tuiflow.entities import Metric, Param, Run, RunTag
from tuiflow.errors import InvalidInput
from tuiflow.store import Store, now_ms


def metric(
    key: str, value: SupportsFloat, step: SupportsIndex | None, timestamp: float | None
) -> Metric:
    """One point; `step` None is 0, `timestamp` None is now. Raises InvalidInput."""
    return Metric(
        key,
        _number(key, value),
        now_ms() if timestamp is None else _timestamp(key, timestamp),
        0 if step is None else _step(key, step),
    )


def points(items: Sequence[Metric]) -> list[Metric]:
    """Points as they may be stored; AttributeError for what is none."""
    return [
        item
        if type(item) is Metric
        and type(item.value) is float
        and type(item.step) is int
        and type(item.timestamp) is int
        else metric(item.key, item.value, item.step, item.timestamp)
        for item in items
    ]


def metrics(
    values: Mapping[str, SupportsFloat], step: SupportsIndex | None, timestamp: float | None
) -> list[Metric]:
    """One point of each metric, all at the same step and time."""
    if not values:
        return []
    first = metric(next(iter(values)), 0, step, timestamp)
    at, in_step = first.timestamp, first.step
    return [Metric(key, _number(key, value), at, in_step) for key, value in values.items()]


_NO_NUMBER = (AttributeError, TypeError, ValueError, OverflowError, RuntimeError)


def _number(key: str, value: Any) -> float:
    try:
        return float(value)
    except _NO_NUMBER:
        pass
    try:
        return float(value.item())  # an array or tensor that holds one number
    except _NO_NUMBER:
        raise InvalidInput(
            f"Metric {key!r} needs a number, got {value!r} of type {type(value).__name__};"
            " texts are logged with log_param or set_tag."
        ) from None


def _timestamp(key: str, timestamp: float) -> int:
    if not isinstance(timestamp, str | bytes):
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            return int(timestamp)
    raise InvalidInput(f"Metric {key!r} needs epoch milliseconds as timestamp, got {timestamp!r}.")


def _step(key: str, step: object) -> int:
    if isinstance(step, float) and step.is_integer():
        return int(step)
    try:
        return operator.index(step)  # type: ignore[arg-type]
    except TypeError:
        raise InvalidInput(f"Metric {key!r} needs a whole number as step, got {step!r}.") from None


def param(key: str, value: object) -> Param:
    """The value as text; what is too long is cut, with a warning, as MLflow does."""
    return Param(key, _text("param", key, value, MAX_PARAM_LENGTH))


def params(values: Mapping[str, object]) -> list[Param]:
    return list(map(param, values, values.values()))


def tag(key: str, value: object) -> RunTag:
    """The value as text; what is too long is cut, with a warning, as MLflow does."""
    return RunTag(key, _text("tag", key, value, MAX_TAG_LENGTH))


def tags(values: Mapping[str, object]) -> list[RunTag]:
    return list(map(tag, values, values.values()))


def _text(what: str, key: str, value: object, limit: int) -> str:
    text = str(value)
    if len(text) > limit:
        import warnings

        warnings.warn(
            f"The value of {what} {key!r} has {len(text)} characters; only the first {limit} are"
            " kept.",
            stacklevel=5,  # the line that called log_param or the like
        )
    return text[:limit]


def create_experiment(
    store: Store, name: str, location: str | Path | None, tags: Mapping[str, object] | None
) -> str:
    return store.create_experiment(
        name,
        None if location is None else str(location),
        texts(tags or {}),
    )


def texts(values: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in values.items()}


def parent_run(store: Store, run_id: str) -> Run | None:
    """The run that a run is nested in; None for one that is not nested. Raises NotFound."""
    parent = store.get_run(run_id).parent_run_id
    return None if parent is None else store.get_run(parent)


def log_artifact(
    store: Store, run_id: str, local_path: str | Path, folder: str | Path | None
) -> None:
    """Copy a file, or a folder with what is in it. Raises InvalidInput where there is none."""
    source = Path(local_path)
    if not source.exists():
        raise InvalidInput(f"There is no file {str(source)!r} to log.")
    store.log_artifact(run_id, source.absolute(), str(folder or ""))


def log_artifacts(
    store: Store, run_id: str, local_dir: str | Path, folder: str | Path | None
) -> None:
    """Copy what is in a folder; where there is none, warn and log nothing, as MLflow does."""
    source = Path(local_dir)
    if not source.is_dir():
        import warnings

        warnings.warn(f"There is no folder {str(source)!r} to log.", stacklevel=3)
        return
    store.log_artifacts(run_id, source, str(folder or ""))


def log_text(store: Store, run_id: str, text: str, artifact_file: str | Path) -> None:
    """Write a text in UTF-8. Raises InvalidInput for anything else."""
    if not isinstance(text, str):
        raise InvalidInput(
            f"log_text takes a text, not {type(text).__name__}; bytes are logged with log_stream"
            " or log_artifact."
        )
    with store.writing_artifact(run_id, str(artifact_file)) as part:
        part.write_text(text, encoding="utf-8")


def log_stream(store: Store, run_id: str, stream: IO[bytes], artifact_file: str | Path) -> None:
    """Write what a binary stream still holds. Raises InvalidInput for a stream of text."""
    import shutil

    with store.writing_artifact(run_id, str(artifact_file)) as part, part.open("wb") as target:
        try:
            shutil.copyfileobj(stream, target, 1 << 20)
        except (AttributeError, TypeError):
            raise InvalidInput(
                "log_stream takes a binary stream, such as open(path, 'rb') or io.BytesIO, not"
                f" {type(stream).__name__}."
            ) from None


def log_dict(store: Store, run_id: str, dictionary: Any, artifact_file: str | Path) -> None:
    """Write as YAML when the name ends in .yml or .yaml, else as JSON."""
    if PurePosixPath(artifact_file).suffix in (".yml", ".yaml"):
        import yaml

        text = yaml.safe_dump(_plain(dictionary), sort_keys=False, allow_unicode=True)
    else:
        import json

        text = json.dumps(dictionary, indent=2, default=str, ensure_ascii=False)
    log_text(store, run_id, text, artifact_file)


def _plain(value: Any) -> Any:
    """The value in types that YAML has, other ones as text."""
    if isinstance(value, Mapping):
        return {_scalar(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if value is None or type(value) in _SCALARS:
        return value
    for kind in (int, float):  # such as NumPy's float64
        if isinstance(value, kind):
            return kind(value)
    return str(value)


_SCALARS = (str, bytes, bool, int, float, datetime.date, datetime.datetime)


def log_figure(
    store: Store,
    run_id: str,
    figure: Any,
    artifact_file: str | Path,
    save_kwargs: Mapping[str, Any] | None,
) -> None:
    """Save a Matplotlib figure, or a Plotly one as HTML or image, by the name's ending.

    Raises InvalidInput for a figure of another kind or a name without an ending.
    """
    kwargs = dict(save_kwargs or {})
    if not PurePosixPath(artifact_file).suffix:
        raise InvalidInput(
            f"The figure's name {str(artifact_file)!r} needs an ending that tells its format, such"
            " as .png."
        )
    with store.writing_artifact(run_id, str(artifact_file)) as part:
        if hasattr(figure, "savefig"):
            figure.savefig(part, **kwargs)
        elif hasattr(figure, "write_html") and part.suffix in (".html", ".htm"):
            figure.write_html(str(part), **kwargs)
        elif hasattr(figure, "write_image"):
            figure.write_image(str(part), **kwargs)
        else:
            raise InvalidInput(
                f"log_figure takes a Matplotlib or Plotly figure, not {type(figure).__name__}."
            )
