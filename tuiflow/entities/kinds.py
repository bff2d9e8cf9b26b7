"""The closed sets of values, with the class methods that MLflow's have."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class RunStatus(StrEnum):
    """Where a run stands; the first five are MLflow's, where they are numbers from 1.

    STALE is never stored: it is how a RUNNING run reads whose process is gone.
    """

    RUNNING = "RUNNING"
    SCHEDULED = "SCHEDULED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"
    STALE = "STALE"

    @staticmethod
    def is_terminated(status: str) -> bool:
        """True for FINISHED, FAILED and KILLED."""
        return status in (RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED)

    @staticmethod
    def all_status() -> list[RunStatus]:
        """The statuses that a store can hold."""
        return [status for status in RunStatus if status != RunStatus.STALE]

    @staticmethod
    def from_string(status_str: str) -> RunStatus:
        """Raises ValueError for a text that is no status."""
        for status in RunStatus.all_status():
            if status == status_str:
                return status
        raise ValueError(f"{status_str!r} is no run status: {', '.join(RunStatus.all_status())}.")

    @staticmethod
    def to_string(status: str | int) -> str:
        """The status as text, given as one of `RunStatus` or as MLflow's number. Raises
        ValueError."""
        if isinstance(status, int) and 1 <= status <= len(RunStatus.all_status()):
            return RunStatus.all_status()[status - 1].value
        return RunStatus.from_string(str(status)).value


class LifecycleStage(StrEnum):
    """Deleting only marks: a deleted run can be restored."""

    ACTIVE = "active"
    DELETED = "deleted"

    @staticmethod
    def is_valid(lifecycle_stage: str) -> bool:
        return lifecycle_stage in list(LifecycleStage)

    @staticmethod
    def view_type_to_stages(view_type: int) -> list[str]:
        """The stages that a search with this view looks at."""
        stages = {ViewType.ACTIVE_ONLY: ["active"], ViewType.DELETED_ONLY: ["deleted"]}
        return stages.get(ViewType(view_type), ["active", "deleted"])

    @staticmethod
    def matches_view_type(view_type: int, lifecycle_stage: str) -> bool:
        return lifecycle_stage in LifecycleStage.view_type_to_stages(view_type)


class ViewType(IntEnum):
    """Which lifecycle stages a search looks at (MLflow's numbers)."""

    ACTIVE_ONLY = 1
    DELETED_ONLY = 2
    ALL = 3

    @staticmethod
    def from_string(view_str: str) -> ViewType:
        """active_only, deleted_only or all. Raises ValueError."""
        for view in ViewType:
            if view.name.lower() == view_str:
                return view
        raise ValueError(f"{view_str!r} is no view type: active_only, deleted_only or all.")

    @staticmethod
    def to_string(view_type: int) -> str:
        return ViewType(view_type).name.lower()


class SourceType(IntEnum):
    """What started a run (MLflow's numbers)."""

    NOTEBOOK = 1
    JOB = 2
    PROJECT = 3
    LOCAL = 4
    UNKNOWN = 5

    @staticmethod
    def from_string(status_str: str) -> SourceType:
        """Raises ValueError for a text that is no source type."""
        for kind in SourceType:
            if kind.name == status_str:
                return kind
        raise ValueError(f"{status_str!r} is no source type: {', '.join(SourceType.__members__)}.")

    @staticmethod
    def to_string(status: int) -> str:
        return SourceType(status).name
