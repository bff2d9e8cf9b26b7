"""Record a run of a project: its params, where it comes from, and what a rerun needs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tuiflow.entities import (
    TAG_ENTRY_POINT,
    TAG_GIT_BRANCH,
    TAG_GIT_COMMIT,
    TAG_GIT_REPO_URL,
    TAG_PARENT,
    TAG_PROJECT_BACKEND,
    TAG_RUN_NAME,
    TAG_SOURCE_TYPE,
    LifecycleStage,
    Param,
    Run,
    RunTag,
)
from tuiflow.errors import InvalidState
from tuiflow.projects.context import RepositoryState, repository_state
from tuiflow.projects.plan import Plan
from tuiflow.projects.request import without_secrets
from tuiflow.projects.sources import repository_root, without_credentials
from tuiflow.store import Store
from tuiflow.store.validate import check_batch
from tuiflow.tracking.context import capture_level
from tuiflow.tracking.context.facts import Script, git_tags, process_tags, source_tags
from tuiflow.tracking.context.repository import Repository, find_repository
from tuiflow.tracking.experiments import get_or_create_experiment

CONTENT_KIND = "project"
TAG_RERUN_OF = "tuiflow.rerun_of"
"""The id of the run that `tuiflow rerun` did again."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a run is recorded: in one that is there, else in the experiment of an id or a name."""

    experiment_name: str
    experiment_id: str | None = None
    run_name: str | None = None
    run_id: str | None = None
    parent_run_id: str | None = None
    rerun_of: str | None = None


def record_run(store: Store, plan: Plan, target: Target) -> Run:
    """Record the run, RUNNING, with its params and where it comes from.

    The experiment is created where its name is new. Raises InvalidInput for names and values that
    can't be recorded, NotFound for an unknown run or experiment and InvalidState for a deleted
    one; nothing is recorded then.
    """
    state = repository_state(plan.fetched.folder) if capture_level() == "all" else None
    run = create(store, target, _tags(plan, state), plan.bound.params)
    kept = without_secrets(plan.request, os.environ)
    store.contents.put(run.info.run_id, CONTENT_KIND, "", kept.to_json())
    if state is not None:
        for kind, data in state.contents.items():
            if kind != "packages" or plan.launch.in_own_python:
                store.contents.put(run.info.run_id, kind, "", data)
    return run


def create(store: Store, target: Target, tags: Mapping[str, str], params: Mapping[str, str]) -> Run:
    """Record a run where `target` says; errors are those of `record_run`."""
    tags = dict(tags)
    if target.run_name is not None:
        tags[TAG_RUN_NAME] = target.run_name
    if target.parent_run_id is not None:
        tags[TAG_PARENT] = target.parent_run_id
    if target.rerun_of is not None:
        tags[TAG_RERUN_OF] = target.rerun_of
    listed = [RunTag(key, value) for key, value in tags.items()]
    values = [Param(key, value) for key, value in params.items()]
    check_batch((), values, listed)
    if target.run_id is not None:
        store.log_batch(target.run_id, params=values, tags=listed)
        store.adopt_run(target.run_id)
        return store.get_run(target.run_id)
    return store.create_run(_experiment_id(store, target), tags=tags, params=params)


def _experiment_id(store: Store, target: Target) -> str:
    if target.experiment_id is None:
        return get_or_create_experiment(store, target.experiment_name).experiment_id
    experiment = store.get_experiment(target.experiment_id)
    if experiment.lifecycle_stage == LifecycleStage.DELETED:
        raise InvalidState(f"Experiment {experiment.name!r} is deleted; restore it first.")
    return experiment.experiment_id


def _tags(plan: Plan, state: RepositoryState | None) -> dict[str, str]:
    fetched = plan.fetched
    repository = find_repository(fetched.folder)
    tags = source_tags(Script(None, _source_name(plan), repository))
    if capture_level() != "off":
        tags |= process_tags(os.environ) | git_tags(repository, os.environ)
    if state is not None:
        tags |= state.tags
    tags |= {
        TAG_SOURCE_TYPE: "PROJECT",
        TAG_ENTRY_POINT: plan.entry.name,
        TAG_PROJECT_BACKEND: "local",
        **plan.launch.environment.tags,
    }
    if repository is not None and repository.commit:
        tags[TAG_GIT_COMMIT] = repository.commit
    if remote := _remote(plan, repository):
        tags[TAG_GIT_REPO_URL] = without_credentials(remote)
    if fetched.branch is not None:
        tags[TAG_GIT_BRANCH] = fetched.branch
    return tags


def _remote(plan: Plan, repository: Repository | None) -> str | None:
    """The remote of the project's repository, not that of its checkout in the cache."""
    if (own := _local_repository(plan)) is not None:
        repository = find_repository(own)
    return None if repository is None else repository.remote


def _source_name(plan: Plan) -> str:
    """As MLflow names it: a folder of a repository as `file://REPOSITORY#FOLDER`."""
    source, folder = plan.fetched.source, plan.fetched.folder
    if (own := _local_repository(plan)) is not None:
        return f"file://{own}" + (f"#{source.subdir}" if source.subdir else "")
    root = repository_root(folder) if plan.fetched.in_place else None
    if root is None:
        return source.public
    subdir = folder.relative_to(root)
    return f"file://{root}" + ("" if subdir == Path() else f"#{subdir}")


def _local_repository(plan: Plan) -> Path | None:
    """The user's working tree that the project's checkout was taken from, if it was from one."""
    source = plan.fetched.source
    local = plan.fetched.commit is not None and (Path(source.location) / ".git").exists()
    return Path(source.location) if local else None
