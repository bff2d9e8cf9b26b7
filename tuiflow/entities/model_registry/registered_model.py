"""`tuiflow.entities.model_registry.registered_model`, as scripts import it, too."""

from __future__ import annotations

from tuiflow.entities import RegisteredModel

__all__ = ["RegisteredModel"]
