"""What a run knows about its script without being asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tuiflow.config import ENV_CAPTURE, ENV_RUN_ID, ENV_RUN_ID_OF_MLFLOW
from tuiflow.entities import Run, RunTag
from tuiflow.errors import InvalidInput

if TYPE_CHECKING:
    from tuiflow.store import Store
    from tuiflow.tracking.context.gather import Capture

__all__ = [
    "capture",
    "capture_level",
    "complete",
    "run_tags",
    "script_tags",
    "take_handed_over",
]

LEVELS = ("all", "tags", "off")


def capture_level() -> str:
    """How much runs record of their own accord: TUIFLOW_CAPTURE, "all" where it is not set.

    "tags" leaves out patch, packages and source; "off" all but user, source name and type. Raises
    InvalidInput for another value.
    """
    level = os.environ.get(ENV_CAPTURE, "").strip().lower() or LEVELS[0]
    if level not in LEVELS:
        raise InvalidInput(f"{ENV_CAPTURE} is all, tags or off, not {level!r}.")
    return level


def script_tags() -> dict[str, str]:
    """User, source file, git commit, branch and remote, under MLflow's tag names."""
    from tuiflow.tracking.context import facts

    script = facts.this_script()
    tags = facts.source_tags(script)
    if capture_level() != "off":
        tags |= facts.git_tags(script.repository, os.environ)
    return tags


def run_tags() -> dict[str, str]:
    """All that is known at once when a run starts: `script_tags`, and host, command, working
    folder, Python, scheduler and rank under names of tuiflow's own."""
    from tuiflow.tracking.context import facts

    if capture_level() == "off":
        return script_tags()
    return script_tags() | facts.process_tags(os.environ)


def take_handed_over() -> str | None:
    """The run that `tuiflow run`, or a job under MLflow's name, made for this process, told once;
    None on ranks that don't log."""
    ours, theirs = os.environ.pop(ENV_RUN_ID, None), os.environ.pop(ENV_RUN_ID_OF_MLFLOW, None)
    return None if _is_silent() else ours or theirs or None


def complete(store: Store, run: Run) -> None:
    """Add to a run that `tuiflow run` made what its script knows, and leave what it has."""
    known = run.data.tags
    tags = [RunTag(key, value) for key, value in run_tags().items() if key not in known]
    store.log_batch(run.info.run_id, tags=tags)


def capture(store: Store, run_id: str) -> Capture | None:
    """Begin to gather what takes longer, patch, packages, source and GPUs, and return at once.

    None where that is switched off and on ranks that don't log.
    """
    if capture_level() != "all" or _is_silent():
        return None
    from tuiflow.tracking.context import facts, gather

    found = gather.Capture(store, run_id, facts.this_script())
    found.start()
    return found


def _is_silent() -> bool:
    from tuiflow.tracking.context.ranks import silent_rank

    return silent_rank(os.environ) is not None
