"""The arguments of `autolog()` that all flavors share, with MLflow's names and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class AutologConfig:
    """What to log, and how. A flavor with arguments of its own derives from it.

    `exclusive` keeps out of runs that the script started itself; `silent` keeps warnings back;
    `extra_tags` are set on runs that autologging starts; `registered_model_name` registers each
    logged model as a new version of that name.
    """

    log_input_examples: bool = False
    log_model_signatures: bool = True
    log_models: bool = True
    log_datasets: bool = True
    exclusive: bool = False
    disable_for_unsupported_versions: bool = False
    silent: bool = False
    registered_model_name: str | None = None
    extra_tags: Mapping[str, str] = field(default_factory=dict)
