"""MLflow's stages of a model version by their names in scripts."""

from __future__ import annotations

from tuiflow.entities import STAGES

STAGE_NONE, STAGE_STAGING, STAGE_PRODUCTION, STAGE_ARCHIVED = STAGES
ALL_STAGES = list(STAGES)
