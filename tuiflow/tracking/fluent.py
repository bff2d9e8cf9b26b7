"""MLflow's fluent functions (mlflow/tracking/fluent.py): they act on the active run.

Every write is committed when the call returns. A thread without a run of its own writes to the
main thread's; where there is none at all, a run is started, as MLflow does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal, SupportsFloat, SupportsIndex, overload

from tuiflow.config import MAX_SEARCH_RESULTS
from tuiflow.entities import (
    TAG_NOTE,
    TAG_PARENT,
    TAG_RUN_NAME,
    LifecycleStage,
    Run,
    RunStatus,
    ViewType,
)
from tuiflow.errors import InvalidInput, InvalidState
from tuiflow.store import Store
from tuiflow.tracking import active, context, record, system_metrics
from tuiflow.tracking.active import ActiveRun
from tuiflow.tracking.experiments import active_experiment_id
from tuiflow.tracking.experiments import get_or_create_experiment as get_or_create_experiment
from tuiflow.tracking.experiments import set_experiment as set_experiment
from tuiflow.tracking.operations import RunOperations, done
from tuiflow.tracking.stores import current_store


def start_run(
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: Mapping[str, object] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
) -> ActiveRun:
    """Start a run, or resume the one of `run_id`, and make it the active one.

    A run handed over by `tuiflow run` is taken up by the first call. A run that is resumed stays
    in its experiment. With `log_system_metrics`, by default as `enable_system_metrics_logging`
    says, what the machine does is logged until the run ends. Raises InvalidInput when a run is
    active and `nested` is false, NotFound for an unknown id, InvalidState when the run, its parent
    or its experiment is deleted.
    """
    outer = active.check_may_start(nested)
    if parent_run_id is None and outer is not None:
        parent_run_id = outer.run_id
    store = outer.store if outer is not None else current_store()
    own_tags = dict(tags or {})
    if description:
        if TAG_NOTE in own_tags:
            raise InvalidInput(f"Give the note as description= or as tag {TAG_NOTE}, not both.")
        own_tags[TAG_NOTE] = description
    if run_name:
        own_tags[TAG_RUN_NAME] = run_name
    handed_over = context.take_handed_over() if run_id is None and outer is None else None
    if (resumed := run_id or handed_over) is not None:
        store.adopt_run(resumed)
        if handed_over is not None:
            context.complete(store, store.get_run(resumed))
        if own_tags:
            store.log_batch(resumed, tags=record.tags(own_tags))
        run = store.get_run(resumed)
        return _opened(store, run, log_system_metrics, capture=handed_over is not None)
    if parent_run_id is not None:
        parent = store.get_run(parent_run_id).info
        if parent.lifecycle_stage == LifecycleStage.DELETED:
            raise InvalidState(f"Run {parent_run_id} is deleted; restore it to start runs in it.")
        own_tags[TAG_PARENT] = parent.run_id
    run = store.create_run(
        experiment_id if experiment_id is not None else active_experiment_id(store),
        tags={tag.key: tag.value for tag in record.tags({**context.run_tags(), **own_tags})},
    )
    return _opened(store, run, log_system_metrics, capture=True)


def _opened(store: Store, run: Run, log_system_metrics: bool | None, *, capture: bool) -> ActiveRun:
    captured = context.capture(store, run.info.run_id) if capture else None
    opened = active.push(store, run, captured)
    if system_metrics.enabled() if log_system_metrics is None else log_system_metrics:
        system_metrics.start(store, run.info.run_id)
    return opened


def end_run(status: str = RunStatus.FINISHED.value) -> None:
    """End the active run; it is synced to disk when the call returns. Does nothing without one.

    Raises InvalidInput unless `status` is FINISHED, FAILED or KILLED.
    """
    active.pop(str(status))


def active_run() -> ActiveRun | None:
    """The active run, as it was when it was started; None where there is none."""
    opened = active.current()
    return None if opened is None else opened.run


def last_active_run() -> Run | None:
    """The active run or, where there is none, the one that ended last in this process."""
    if (run := active_run()) is not None:
        return run
    opened = active.last_ended()
    return None if opened is None else opened.store.get_run(opened.run_id)


def current_or_new_run() -> active.OpenRun:
    """The active run with its store; one is started where there is none."""
    opened = active.current()
    if opened is None:
        start_run()
        opened = active.current()
        assert opened is not None
    return opened


def target(run_id: str | None) -> tuple[Store, str]:
    """Where a call writes: the run of that id or, for None, the active or a new one."""
    if run_id is not None:
        return current_store(), run_id
    opened = current_or_new_run()
    return opened.store, opened.run_id


def get_run(run_id: str) -> Run:
    """Raises NotFound."""
    return current_store().get_run(run_id)


def get_parent_run(run_id: str) -> Run | None:
    """The run that a run is nested in; None for one that is not nested. Raises NotFound."""
    return record.parent_run(current_store(), run_id)


def delete_run(run_id: str) -> None:
    """Mark a run deleted; `restore_run` brings it back. Raises NotFound."""
    current_store().delete_runs([run_id])


def restore_run(run_id: str) -> None:
    """Bring a deleted run back. Raises NotFound."""
    current_store().restore_runs([run_id])


def get_artifact_uri(artifact_path: str | None = None) -> str:
    """The absolute path of the active run's artifact folder, or of `artifact_path` in it."""
    store, run_id = target(None)
    folder = store.get_run(run_id).info.artifact_uri
    return f"{folder}/{artifact_path}" if artifact_path else folder


# logging


def log_metric(
    key: str,
    value: SupportsFloat,
    step: SupportsIndex | None = None,
    synchronous: bool | None = None,
    timestamp: float | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
    dataset: Any = None,
) -> RunOperations | None:
    """Log one point; `step` is 0 and `timestamp` (epoch ms) now where they are not given.

    Writes are always synchronous; with `synchronous=False` there is something to `wait()` for.
    `model_id` and `dataset` are there for MLflow's sake: the point is the run's alone.
    """
    points = [record.metric(key, value, step, timestamp)]
    store, own_id = target(run_id)
    store.log_batch(own_id, metrics=points, in_order=timestamp is None)
    return done(synchronous)


def log_metrics(
    metrics: Mapping[str, SupportsFloat],
    step: SupportsIndex | None = None,
    synchronous: bool | None = None,
    run_id: str | None = None,
    timestamp: float | None = None,
    model_id: str | None = None,
    dataset: Any = None,
) -> RunOperations | None:
    """Log one point of each metric, all or none, at the same step; see `log_metric`."""
    points = record.metrics(metrics, step, timestamp)
    store, own_id = target(run_id)
    store.log_batch(own_id, metrics=points, in_order=timestamp is None)
    return done(synchronous)


def log_param(key: str, value: Any, synchronous: bool | None = None) -> Any:
    """Log a param and return its value, or with `synchronous=False` something to `wait()` for.
    Raises InvalidInput when it would change."""
    store, run_id = target(None)
    store.log_batch(run_id, params=record.params({key: value}))
    return done(synchronous) or value


def log_params(
    params: Mapping[str, Any], synchronous: bool | None = None, run_id: str | None = None
) -> RunOperations | None:
    """Log params, all or none. Raises InvalidInput when one would change."""
    store, own_id = target(run_id)
    store.log_batch(own_id, params=record.params(params))
    return done(synchronous)


def set_tag(key: str, value: Any, synchronous: bool | None = None) -> RunOperations | None:
    """Set a tag, its value as text."""
    store, run_id = target(None)
    store.log_batch(run_id, tags=record.tags({key: value}))
    return done(synchronous)


def set_tags(tags: Mapping[str, Any], synchronous: bool | None = None) -> RunOperations | None:
    """Set tags, all or none, their values as text."""
    store, run_id = target(None)
    store.log_batch(run_id, tags=record.tags(tags))
    return done(synchronous)


def delete_tag(key: str) -> None:
    """Delete a tag of the active run. Raises NotFound when it has no such tag."""
    store, run_id = target(None)
    store.delete_tag(run_id, key)


def flush_async_logging() -> None:
    """Does nothing: what was logged is written already."""


def flush_artifact_async_logging() -> None:
    """Does nothing: what was logged is written already."""


def log_artifact(
    local_path: str | Path, artifact_path: str | Path | None = None, run_id: str | None = None
) -> None:
    """Copy a local file or folder into the run's artifact folder `artifact_path`."""
    record.log_artifact(*target(run_id), local_path, artifact_path)


def log_artifacts(
    local_dir: str | Path, artifact_path: str | Path | None = None, run_id: str | None = None
) -> None:
    """Copy what is in a local folder into the run's artifact folder `artifact_path`."""
    record.log_artifacts(*target(run_id), local_dir, artifact_path)


def log_text(text: str, artifact_file: str | Path, run_id: str | None = None) -> None:
    """Write a text as the artifact `artifact_file`, in UTF-8."""
    record.log_text(*target(run_id), text, artifact_file)


def log_stream(stream: IO[bytes], artifact_file: str | Path, run_id: str | None = None) -> None:
    """Write what a binary stream still holds as the artifact `artifact_file`."""
    record.log_stream(*target(run_id), stream, artifact_file)


def log_dict(dictionary: Any, artifact_file: str | Path, run_id: str | None = None) -> None:
    """Write a dictionary as the artifact `artifact_file`: YAML for .yml and .yaml, else JSON."""
    record.log_dict(*target(run_id), dictionary, artifact_file)


def log_figure(
    figure: Any, artifact_file: str | Path, *, save_kwargs: Mapping[str, Any] | None = None
) -> None:
    """Save a Matplotlib or Plotly figure as the artifact `artifact_file`."""
    record.log_figure(*target(None), figure, artifact_file, save_kwargs)


# search


@overload
def search_runs(
    experiment_ids: list[str] | None = None,
    filter_string: str = "",
    run_view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int | None = MAX_SEARCH_RESULTS,
    order_by: list[str] | None = None,
    output_format: Literal["pandas"] = "pandas",
    search_all_experiments: bool = False,
    experiment_names: list[str] | None = None,
) -> Any: ...
@overload
def search_runs(
    experiment_ids: list[str] | None = None,
    filter_string: str = "",
    run_view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int | None = MAX_SEARCH_RESULTS,
    order_by: list[str] | None = None,
    *,
    output_format: Literal["list"],
    search_all_experiments: bool = False,
    experiment_names: list[str] | None = None,
) -> list[Run]: ...
def search_runs(
    experiment_ids: list[str] | None = None,
    filter_string: str = "",
    run_view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int | None = MAX_SEARCH_RESULTS,
    order_by: list[str] | None = None,
    output_format: str = "pandas",
    search_all_experiments: bool = False,
    experiment_names: list[str] | None = None,
) -> Any:
    """The runs that match, as a pandas DataFrame or, with `output_format="list"`, as `Run`s.

    Looks in the active experiment unless ids, names or `search_all_experiments` are given; a name
    that no experiment has is passed over with a warning. `max_results` None is no limit.
    DataFrame columns: run_id, experiment_id, status, artifact_uri, start_time and end_time (UTC),
    then `metrics.*` (float), `params.*` and `tags.*` (text). Raises FilterError, InvalidInput.
    """
    from tuiflow.tracking import searching

    if output_format not in ("pandas", "list"):
        raise InvalidInput(f'output_format is "pandas" or "list", not {output_format!r}.')
    if experiment_ids and experiment_names:
        raise InvalidInput("Give experiment_ids or experiment_names, not both.")
    store = current_store()
    ids: Sequence[str] | None
    if experiment_names:
        ids = searching.ids_of_names(store, experiment_names)
    elif experiment_ids:
        ids = experiment_ids
    else:
        ids = None if search_all_experiments else [active_experiment_id(store)]
    search = searching.search_runs if output_format == "list" else searching.search_frame
    return search(store, ids, filter_string, run_view_type, max_results, order_by)
