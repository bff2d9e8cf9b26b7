"""The arguments of `tuiflow.pytorch.autolog()`."""

from __future__ import annotations

from dataclasses import dataclass, field

from tuiflow.tracking.autolog import switches
from tuiflow.tracking.autolog.checkpoints import CheckpointPlan
from tuiflow.tracking.autolog.config import AutologConfig

FLAVOR = "pytorch"
TRIED_WITH = "2.4"
"""The oldest Lightning that autologging was tried with."""

MODEL_FILE = "model/model.ckpt"
"""The trained model: a checkpoint without the optimizer's state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LightningConfig(AutologConfig):
    every_n_epoch: int = 1
    every_n_step: int | None = None
    checkpoints: CheckpointPlan | None = field(default_factory=CheckpointPlan)


def config() -> LightningConfig:
    return switches.config_of(FLAVOR, LightningConfig)
