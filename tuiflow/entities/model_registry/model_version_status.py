"""MLflow's states of a model version: copying into the store is done when a version is there."""

from __future__ import annotations

from enum import StrEnum


class ModelVersionStatus(StrEnum):
    """A version in a tuiflow store is READY from the start."""

    PENDING_REGISTRATION = "PENDING_REGISTRATION"
    FAILED_REGISTRATION = "FAILED_REGISTRATION"
    READY = "READY"

    @staticmethod
    def from_string(status_str: str) -> ModelVersionStatus:
        """Raises ValueError for a text that is no status."""
        return ModelVersionStatus(status_str)

    @staticmethod
    def to_string(status: str) -> str:
        return ModelVersionStatus(status).value

    @staticmethod
    def all_status() -> list[ModelVersionStatus]:
        return list(ModelVersionStatus)
