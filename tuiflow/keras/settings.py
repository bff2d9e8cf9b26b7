"""The arguments of `tuiflow.keras.autolog()` and `tuiflow.tensorflow.autolog()`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tuiflow.tracking.autolog import switches
from tuiflow.tracking.autolog.checkpoints import CheckpointPlan
from tuiflow.tracking.autolog.config import AutologConfig

FLAVOR = "keras"
TRIED_WITH = "3.12"
"""The oldest Keras that autologging was tried with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KerasConfig(AutologConfig):
    """`every_n_steps` None logs after every epoch; `optimizer_prefix` is what the names of the
    optimizer's params begin with."""

    every_n_steps: int | None = None
    optimizer_prefix: str = "optimizer_"
    checkpoints: CheckpointPlan | None = None
    save_arguments: Mapping[str, Any] = field(default_factory=dict)


def config() -> KerasConfig:
    return switches.config_of(FLAVOR, KerasConfig)
