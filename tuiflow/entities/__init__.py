"""What the store holds, as plain values with MLflow's field names. No I/O."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tuiflow.entities.base import Fields
from tuiflow.entities.kinds import LifecycleStage, RunStatus, SourceType, ViewType

__all__ = [
    "STAGES",
    "Dataset",
    "DatasetInput",
    "Experiment",
    "ExperimentCounts",
    "ExperimentTag",
    "FileInfo",
    "InputTag",
    "LifecycleStage",
    "Metric",
    "MetricSummary",
    "ModelVersion",
    "Param",
    "Process",
    "RegisteredModel",
    "Run",
    "RunData",
    "RunInfo",
    "RunInputs",
    "RunOutputs",
    "RunStatus",
    "RunTag",
    "ServerInfo",
    "SourceType",
    "ViewType",
]

DEFAULT_EXPERIMENT_ID = "0"
DEFAULT_EXPERIMENT_NAME = "Default"

TAG_RUN_NAME = "mlflow.runName"
TAG_NOTE = "mlflow.note.content"
TAG_PARENT = "mlflow.parentRunId"
TAG_USER = "mlflow.user"
TAG_SOURCE_NAME = "mlflow.source.name"
TAG_SOURCE_TYPE = "mlflow.source.type"
TAG_GIT_COMMIT = "mlflow.source.git.commit"
TAG_GIT_BRANCH = "mlflow.source.git.branch"
TAG_GIT_REPO_URL = "mlflow.source.git.repoURL"
TAG_ENTRY_POINT = "mlflow.project.entryPoint"
TAG_PROJECT_BACKEND = "mlflow.project.backend"
TAG_PROJECT_ENV = "mlflow.project.env"
TAG_DOCKER_IMAGE_URI = "mlflow.docker.image.uri"
TAG_DOCKER_IMAGE_ID = "mlflow.docker.image.id"
TAG_DATA_CONTEXT = "mlflow.data.context"
TAG_MODELS = "tuiflow.models"
"""Comma-separated artifact paths of the run's models, so that a list of runs needs no disk walk."""


@dataclass(frozen=True, slots=True)
class Metric(Fields):
    """One point of a metric: `timestamp` in epoch ms, `value` may be NaN or infinite."""

    key: str
    value: float
    timestamp: int
    step: int = 0


@dataclass(frozen=True, slots=True)
class Param(Fields):
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class RunTag(Fields):
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class ExperimentTag(Fields):
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """One metric of one run without its history.

    `value`, `step` and `timestamp` are the latest point's: the greatest (step, timestamp, value).
    `min` and `max` leave NaN out and are NaN when every point is.
    """

    key: str
    value: float
    step: int
    timestamp: int
    count: int
    min: float
    max: float
    first: float


@dataclass(frozen=True, slots=True)
class Process:
    """The process that writes a run, told apart from a later one with the same pid.

    `started` is the kernel's start time of the process (clock ticks since boot on Linux, 0 where
    unknown); `boot_id` changes when the machine restarts; `heartbeat` is epoch ms.
    """

    host: str
    pid: int
    started: int
    boot_id: str
    heartbeat: int


@dataclass(frozen=True, slots=True)
class Experiment(Fields):
    DEFAULT_EXPERIMENT_NAME: ClassVar[str] = DEFAULT_EXPERIMENT_NAME

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    creation_time: int
    last_update_time: int
    tags: Mapping[str, str] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.experiment_id)


@dataclass(frozen=True, slots=True)
class ExperimentCounts:
    """How many active runs an experiment has, and how many of them are RUNNING."""

    active: int
    running: int


@dataclass(frozen=True, slots=True)
class RunInfo(Fields):
    """A run's attributes; times in epoch ms, `end_time` None while it runs.

    `status` is what was recorded; `stale` is true for a RUNNING run whose process is gone.
    """

    run_id: str
    run_name: str
    experiment_id: str
    experiment_name: str
    user_id: str
    status: str
    start_time: int
    end_time: int | None
    lifecycle_stage: str
    artifact_uri: str
    process: Process | None = None
    stale: bool = False

    _not_listed: ClassVar[frozenset[str]] = frozenset(("experiment_name", "process", "stale"))

    @property
    def shown_status(self) -> str:
        """The status to show a person: STALE instead of RUNNING when the process is gone."""
        return RunStatus.STALE.value if self.stale else self.status

    def took(self, now: int | None = None) -> int | None:
        """Milliseconds from start to end or, while it runs, to `now`; None where unknown."""
        if self.end_time is not None:
            return self.end_time - self.start_time
        return None if self.stale or now is None else now - self.start_time


@dataclass(frozen=True, slots=True)
class RunData(Fields):
    """`metrics` holds the latest value of each metric."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dataset(Fields):
    """What a run read: `digest` tells its content, `schema` and `profile` are JSON or None."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None

    @property
    def place(self) -> str:
        """Where it is from, for a person: a path, a URI or the script's file."""
        facts = _json_object(self.source)
        tags = facts.get("tags")
        script = tags.get(TAG_SOURCE_NAME) if isinstance(tags, dict) else None
        return str(facts.get("uri") or facts.get("url") or script or self.source)

    @property
    def rows(self) -> int | None:
        """How many rows or, of arrays, entries in the first dimension; None where not told."""
        facts = _json_object(self.profile or "")
        shape = facts.get("features_shape")
        if isinstance(shape, dict):
            shape = next(iter(shape.values()), None)
        found = shape[0] if isinstance(shape, list) and shape else facts.get("num_rows")
        return found if isinstance(found, int) else None


def _json_object(text: str) -> dict[str, Any]:
    import json

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class InputTag(Fields):
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class DatasetInput(Fields):
    """A data set that a run read; its context, such as training, is the tag mlflow.data.context."""

    dataset: Dataset
    tags: Sequence[InputTag] = ()

    def to_dictionary(self) -> dict[str, Any]:
        """The data set's fields, and the tags as a dictionary."""
        return {
            "dataset": self.dataset.to_dictionary(),
            "tags": {tag.key: tag.value for tag in self.tags},
        }

    @property
    def context(self) -> str | None:
        return next((tag.value for tag in self.tags if tag.key == TAG_DATA_CONTEXT), None)


@dataclass(frozen=True, slots=True)
class RunInputs(Fields):
    """`model_inputs` is there for MLflow's sake and always empty."""

    dataset_inputs: Sequence[DatasetInput] = ()
    model_inputs: Sequence[object] = ()


@dataclass(frozen=True, slots=True)
class RunOutputs(Fields):
    """`model_outputs` is there for MLflow's sake and always empty."""

    model_outputs: Sequence[object] = ()


@dataclass(frozen=True, slots=True)
class Run(Fields):
    info: RunInfo
    data: RunData
    inputs: RunInputs = RunInputs()

    def __hash__(self) -> int:
        return hash(self.info.run_id)

    @property
    def outputs(self) -> RunOutputs:
        return RunOutputs()

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        yield from Fields.__iter__(self)
        yield "outputs", self.outputs

    @property
    def note(self) -> str:
        return self.data.tags.get(TAG_NOTE, "")

    @property
    def parent_run_id(self) -> str | None:
        return self.data.tags.get(TAG_PARENT)

    @property
    def model_paths(self) -> tuple[str, ...]:
        """Artifact paths of the models logged in this run, in the order they were logged."""
        text = self.data.tags.get(TAG_MODELS, "")
        return tuple(part for part in text.split(",") if part)


@dataclass(frozen=True, slots=True)
class FileInfo(Fields):
    """An artifact: `path` relative to the run's folder, with `/`; size None for folders."""

    path: str
    is_dir: bool
    file_size: int | None


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """A model server's row. `stopped_at` is epoch ms, None while it should be up."""

    server_id: int
    run_id: str
    run_name: str
    experiment_name: str
    model_path: str
    host: str
    port: int
    process: Process
    detached: bool
    log_path: str
    started_at: int
    stopped_at: int | None


STAGES = ("None", "Staging", "Production", "Archived")
"""MLflow's stages of a model version; aliases have taken their place."""


@dataclass(frozen=True, slots=True)
class ModelVersion(Fields):
    """One version of a registered model; times in epoch ms.

    `source` is the model URI it was made from, `run_id` is empty where that was not a run.
    `model_id`, `params` and `metrics` are there for MLflow's sake and always None.
    """

    name: str
    version: int
    creation_timestamp: int
    last_updated_timestamp: int
    description: str | None
    user_id: str
    current_stage: str
    source: str
    run_id: str
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)
    status: str = "READY"
    status_message: str | None = None
    run_link: str | None = None
    model_id: None = None
    params: None = None
    metrics: None = None


@dataclass(frozen=True, slots=True)
class RegisteredModel(Fields):
    """A name under which model versions are kept; times in epoch ms.

    `latest_versions` holds the newest version of each stage; `aliases` maps an alias to a version.
    """

    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str | None
    latest_versions: list[ModelVersion] = field(default_factory=list)
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)

    @property
    def newest_version(self) -> int | None:
        """The highest number of its versions, None where there are none."""
        return max((version.version for version in self.latest_versions), default=None)

    @property
    def last_change(self) -> int:
        """When it or one of its newest versions was changed last; epoch ms."""
        times = (version.last_updated_timestamp for version in self.latest_versions)
        return max((self.last_updated_timestamp, *times))


def __getattr__(name: str) -> Any:
    if name == "model_registry":  # it is made of what is here
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# MLflow has each in a module of its own, and scripts write `from mlflow.entities.run import Run`.
for _module in (
    "dataset",
    "dataset_input",
    "experiment",
    "experiment_tag",
    "file_info",
    "input_tag",
    "lifecycle_stage",
    "metric",
    "param",
    "run",
    "run_data",
    "run_info",
    "run_inputs",
    "run_outputs",
    "run_status",
    "run_tag",
    "source_type",
    "view_type",
):
    sys.modules[f"{__name__}.{_module}"] = globals()[_module] = sys.modules[__name__]
