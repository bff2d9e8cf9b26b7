"""`tuiflow.entities.model_registry.model_version`, as scripts import it, too."""

from __future__ import annotations

from tuiflow.entities import ModelVersion

__all__ = ["ModelVersion"]
