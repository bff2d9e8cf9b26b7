"""What the fluent functions and the client share: Python values in, one store call out."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, SupportsFloat, SupportsIndex

from tuiflow.entities import Metric, Param, RunTag
from tuiflow.errors import InvalidInput
from tuiflow.store import Store, now_ms


def metric(
    key: str, value: SupportsFloat, step: SupportsIndex | None, timestamp: float | None
) -> Metric:
    """One point; `step` None is 0, `timestamp` None is now. Raises InvalidInput."""
    return Metric(
        key,
        _number(key, value),
        now_ms() if timestamp is None else int(timestamp),
        0 if step is None else _step(key, step),
    )


def metrics(
    values: Mapping[str, SupportsFloat], step: SupportsIndex | None, timestamp: float | None
) -> list[Metric]:
    """One point of each metric, all at the same step and time."""
    now = now_ms() if timestamp is None else timestamp
    return [metric(key, value, step, now) for key, value in values.items()]


def _number(key: str, value: object) -> float:
    if not isinstance(value, str | bytes | bytearray):
        try:
            return float(value)  # type: ignore[arg-type]  # tensors and NumPy scalars convert
        except (TypeError, ValueError, OverflowError):
            pass
    raise InvalidInput(
        f"Metric {key!r} needs a number, got {value!r} of type {type(value).__name__};"
        " texts are logged with log_param or set_tag."
    )


def _step(key: str, step: object) -> int:
    if isinstance(step, float) and step.is_integer():
        return int(step)
    try:
        return operator.index(step)  # type: ignore[arg-type]
    except TypeError:
        raise InvalidInput(f"Metric {key!r} needs a whole number as step, got {step!r}.") from None


def params(values: Mapping[str, object]) -> list[Param]:
    return [Param(key, str(value)) for key, value in values.items()]


def tags(values: Mapping[str, object]) -> list[RunTag]:
    return [RunTag(key, str(value)) for key, value in values.items()]


def log_artifact(store: Store, run_id: str, local_path: str | Path, folder: str | None) -> None:
    """Copy a file, or a folder with what is in it. Raises InvalidInput where there is none."""
    source = Path(local_path)
    if not source.exists():
        raise InvalidInput(f"There is no file {str(source)!r} to log.")
    store.log_artifact(run_id, source.absolute(), folder or "")


def log_artifacts(store: Store, run_id: str, local_dir: str | Path, folder: str | None) -> None:
    """Copy what is in a folder. Raises InvalidInput where there is none."""
    source = Path(local_dir)
    if not source.is_dir():
        raise InvalidInput(f"There is no folder {str(source)!r} to log.")
    store.log_artifacts(run_id, source, folder or "")


def log_text(store: Store, run_id: str, text: str, artifact_file: str) -> None:
    with store.writing_artifact(run_id, artifact_file) as part:
        part.write_text(text, encoding="utf-8")


def log_dict(store: Store, run_id: str, dictionary: Any, artifact_file: str) -> None:
    """Write as YAML when the name ends in .yml or .yaml, else as JSON."""
    if PurePosixPath(artifact_file).suffix in (".yml", ".yaml"):
        import yaml

        text = yaml.safe_dump(_plain(dictionary), sort_keys=False, allow_unicode=True)
    else:
        import json

        text = json.dumps(dictionary, indent=2, default=str, ensure_ascii=False)
    log_text(store, run_id, text, artifact_file)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def log_figure(
    store: Store,
    run_id: str,
    figure: Any,
    artifact_file: str,
    save_kwargs: Mapping[str, Any] | None,
) -> None:
    """Save a Matplotlib figure, or a Plotly one as HTML or image, by the name's ending.

    Raises InvalidInput for a figure of another kind.
    """
    kwargs = dict(save_kwargs or {})
    with store.writing_artifact(run_id, artifact_file) as part:
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
