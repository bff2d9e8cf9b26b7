"""Names of environment variables and the constants of the house. No I/O."""

from __future__ import annotations

ENV_STORE = "TUIFLOW_STORE"
ENV_RUN_ID = "TUIFLOW_RUN_ID"
ENV_RUN_ID_OF_MLFLOW = "MLFLOW_RUN_ID"
ENV_EXPERIMENT = "TUIFLOW_EXPERIMENT_NAME"
ENV_EXPERIMENT_OF_MLFLOW = "MLFLOW_EXPERIMENT_NAME"
ENV_EXPERIMENT_ID_OF_MLFLOW = "MLFLOW_EXPERIMENT_ID"
ENV_CAPTURE = "TUIFLOW_CAPTURE"
ENV_ALL_RANKS = "TUIFLOW_LOG_ALL_RANKS"
ENV_CONFIG = "TUIFLOW_CONFIG"

STORE_FOLDER = ".tuiflow"
DATABASE_NAME = "tuiflow.db"
ARTIFACTS_FOLDER = "artifacts"
RUN_LOG = "logs/output.log"
"""Where a project's output goes, among its run's artifacts."""

SERVE_PORT = 5001

POLL_SECONDS = 0.5
"""How often the app looks whether somebody else has written to the store."""

HEARTBEAT_SECONDS = 5.0
STALE_AFTER_MS = 30_000
"""A run of another host counts as stale when its heartbeat is older than this."""

# What is kept with a run at most, in bytes; what is longer is cut and says so.
MAX_PATCH_SIZE = 1 << 20
MAX_SOURCE_SIZE = 512 << 10
MAX_LIST_SIZE = 256 << 10

# MLflow's limits (mlflow/utils/validation.py).
MAX_KEY_LENGTH = 250
MAX_PARAM_LENGTH = 6000
MAX_TAG_LENGTH = 8000
MAX_EXPERIMENT_NAME_LENGTH = 500
MAX_EXPERIMENT_TAG_LENGTH = 20_000
MAX_DATASET_NAME_LENGTH = 500
MAX_DATASET_DIGEST_LENGTH = 36
MAX_DATASET_SOURCE_LENGTH = 65_535
MAX_DATASET_SCHEMA_LENGTH = 1_048_575
MAX_DATASET_PROFILE_LENGTH = 16_777_215
MAX_INPUT_TAG_KEY_LENGTH = 255
MAX_INPUT_TAG_LENGTH = 500
MAX_SEARCH_RESULTS = 100_000

_async_logging = False


def enable_async_logging(enable: bool = True) -> None:
    """MLflow's switch for writing in the background. Here every write is done when the call
    returns; with the switch on, logging functions return something with a `wait()`, as they do
    for `synchronous=False`."""
    global _async_logging
    _async_logging = enable


def async_logging_is_enabled() -> bool:
    return _async_logging
