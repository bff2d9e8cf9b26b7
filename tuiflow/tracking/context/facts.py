"""What is known of a script at once: from its process, its environment and its repository."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tuiflow.config import MAX_TAG_LENGTH
from tuiflow.entities import (
    TAG_GIT_BRANCH,
    TAG_GIT_COMMIT,
    TAG_GIT_REPO_URL,
    TAG_SOURCE_NAME,
    TAG_SOURCE_TYPE,
    TAG_USER,
)
from tuiflow.tracking.context.ranks import find_rank
from tuiflow.tracking.context.redaction import MARK, redact, redact_command, secret_values
from tuiflow.tracking.context.repository import Repository, find_repository

TAG_GIT_DIRTY = "mlflow.source.git.dirty"
TAG_HOST = "tuiflow.host"
TAG_COMMAND = "tuiflow.command"
TAG_FOLDER = "tuiflow.cwd"
TAG_PYTHON = "tuiflow.python"
TAG_EXECUTABLE = "tuiflow.python.executable"
TAG_GPU = "tuiflow.gpu"
TAG_PATCH_NOTE = "tuiflow.patch.note"
TAG_RANK = "tuiflow.rank"
TAG_WORLD_SIZE = "tuiflow.world_size"

SCHEDULER_TAGS = {
    "SLURM_JOB_ID": "tuiflow.slurm.job_id",
    "SLURM_ARRAY_JOB_ID": "tuiflow.slurm.array_job_id",
    "SLURM_ARRAY_TASK_ID": "tuiflow.slurm.array_task_id",
    "SLURM_JOB_NODELIST": "tuiflow.slurm.nodes",
    "SLURM_JOB_PARTITION": "tuiflow.slurm.partition",
    "SLURM_RESTART_COUNT": "tuiflow.slurm.restart_count",
    "PBS_JOBID": "tuiflow.pbs.job_id",
    "PBS_ARRAY_INDEX": "tuiflow.pbs.array_index",
    "LSB_JOBID": "tuiflow.lsf.job_id",
    "LSB_JOBINDEX": "tuiflow.lsf.array_index",
}
"""Environment variables of schedulers (sbatch(1), qsub of PBS, bsub of LSF) and their tags."""


@dataclass(frozen=True, slots=True)
class Script:
    """What runs here: `file` is None in a session without one (python -c, a notebook)."""

    file: Path | None
    name: str
    repository: Repository | None


def this_script() -> Script:
    """The script of this process and the repository it is in, else the one around the working
    folder (an installed command, a notebook)."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    name = Path(main or sys.argv[0] or sys.executable).absolute()
    file = name if main and name.is_file() else None
    repository = find_repository(name.parent)
    # A script elsewhere has nothing to do with where it is called; an installed command has.
    if repository is None and (file is None or file.is_relative_to(sys.prefix)):
        with contextlib.suppress(OSError):  # the folder may be gone
            repository = find_repository(Path.cwd())
    return Script(file, str(name), repository)


def source_tags(script: Script) -> dict[str, str]:
    """User, and the source's type and name, under MLflow's tag names."""
    import getpass

    tags = {TAG_SOURCE_TYPE: "LOCAL", TAG_SOURCE_NAME: script.name}
    with contextlib.suppress(KeyError, OSError):
        tags[TAG_USER] = getpass.getuser()
    return _storable(tags)


def git_tags(repository: Repository | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Commit, branch and remote, under MLflow's tag names; no secrets."""
    if repository is None:
        return {}
    remote = redact(repository.remote, secret_values(environment)) if repository.remote else ""
    remote = remote.replace(f"{MARK}@", "")  # the address does as well without the user
    return _storable(
        {
            TAG_GIT_COMMIT: repository.commit or "",
            TAG_GIT_BRANCH: repository.branch or "",
            TAG_GIT_REPO_URL: remote,
        }
    )


def process_tags(environment: Mapping[str, str]) -> dict[str, str]:
    """Host, command, folder, Python, scheduler and rank; no secrets."""
    import shlex

    secrets = secret_values(environment)
    command = shlex.join(redact_command(sys.orig_argv, secrets))
    tags = {
        TAG_HOST: os.uname().nodename,
        TAG_COMMAND: command,
        TAG_PYTHON: ".".join(map(str, sys.version_info[:3])),
        TAG_EXECUTABLE: sys.executable,
    }
    with contextlib.suppress(OSError):
        tags[TAG_FOLDER] = str(Path.cwd())
    for variable, tag in SCHEDULER_TAGS.items():
        tags[tag] = environment.get(variable, "")
    place = find_rank(environment)
    if place is not None and place.rank is not None:
        tags[TAG_RANK], tags[TAG_WORLD_SIZE] = str(place.rank), str(place.size)
    return _storable(tags)


def _storable(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that have a value, no longer than a tag may be; a path or argument may hold bytes
    that are no text."""
    found = {}
    for key, value in tags.items():
        text = value.encode("utf-8", "replace").decode("utf-8")
        if text:
            found[key] = text if len(text) <= MAX_TAG_LENGTH else text[: MAX_TAG_LENGTH - 1] + "…"
    return found


def described(tags: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a run's tags tell of its script, as names and texts for a person, what is known."""
    dirty = "uncommitted changes" if tags.get(TAG_GIT_DIRTY) == "true" else ""
    jobs = [
        f"{scheduler} {tags[job]}" + (f" task {tags[task]}" if task in tags else "")
        for scheduler, job, task in _JOBS
        if job in tags
    ][:1]
    if nodes := tags.get("tuiflow.slurm.nodes"):
        jobs.append(f"on {nodes}")
    found = [
        ("commit", tags.get(TAG_GIT_COMMIT, "")),
        ("branch", ", ".join(filter(None, [tags.get(TAG_GIT_BRANCH, ""), dirty]))),
        ("patch", tags.get(TAG_PATCH_NOTE, "")),
        ("command", tags.get(TAG_COMMAND, "")),
        ("folder", tags.get(TAG_FOLDER, "")),
        ("python", tags.get(TAG_PYTHON, "")),
        ("gpu", tags.get(TAG_GPU, "")),
        ("job", " ".join(jobs)),
    ]
    return [(name, text) for name, text in found if text]


_JOBS = (
    ("Slurm", "tuiflow.slurm.array_job_id", "tuiflow.slurm.array_task_id"),
    ("Slurm", "tuiflow.slurm.job_id", ""),
    ("PBS", "tuiflow.pbs.job_id", "tuiflow.pbs.array_index"),
    ("LSF", "tuiflow.lsf.job_id", "tuiflow.lsf.array_index"),
)
