"""The arguments of `tuiflow.sklearn.autolog()`."""

from __future__ import annotations

from dataclasses import dataclass

from tuiflow.tracking.autolog import switches
from tuiflow.tracking.autolog.config import AutologConfig

FLAVOR = "sklearn"
TRIED_WITH = "1.6"
"""The oldest scikit-learn that autologging was tried with."""

MAX_TUNING_RUNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SklearnConfig(AutologConfig):
    max_tuning_runs: int | None = MAX_TUNING_RUNS
    log_post_training_metrics: bool = True
    pos_label: int | str | None = None


def config() -> SklearnConfig:
    return switches.config_of(FLAVOR, SklearnConfig)
