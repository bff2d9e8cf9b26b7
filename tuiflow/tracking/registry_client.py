"""The part of MLflow's client (mlflow/tracking/client.py) that works on registered models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tuiflow.entities import STAGES, ModelVersion, RegisteredModel
from tuiflow.errors import InvalidInput
from tuiflow.models.uri import RegistryModel, parse_model_uri
from tuiflow.store import Store
from tuiflow.tracking import models
from tuiflow.tracking.paging import PagedList, page
from tuiflow.tracking.registry import find_models, find_versions, tag_texts

MAX_MODELS_PAGE = 1000
MAX_VERSIONS_PAGE = 200_000
"""MLflow's limits on `max_results`."""


class RegistryClient:
    """Registered models, versions, tags, aliases and stages of one store.

    A version is given by its number, as `int` or text. Raises NotFound, InvalidInput and
    AlreadyExists throughout.
    """

    _store: Store

    # registered models

    def create_registered_model(
        self,
        name: str,
        tags: Mapping[str, Any] | None = None,
        description: str | None = None,
        deployment_job_id: str | None = None,
    ) -> RegisteredModel:
        return self._store.registry.create_model(name, tag_texts(tags), description)

    def get_registered_model(self, name: str) -> RegisteredModel:
        return self._store.registry.get_model(name)

    def update_registered_model(
        self, name: str, description: str | None = None, deployment_job_id: str | None = None
    ) -> RegisteredModel:
        """Set the description, also to None."""
        return self._store.registry.update_model(name, description)

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        return self._store.registry.rename_model(name, new_name)

    def delete_registered_model(self, name: str) -> None:
        """Delete a name with its versions; the models stay in their runs."""
        self._store.registry.delete_model(name)

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int = 100,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        """A page of registered models; see `tuiflow.search_registered_models`."""
        _check_page(max_results, MAX_MODELS_PAGE)
        found = find_models(self._store, filter_string, order_by)
        return page(lambda limit, offset: found[offset : offset + limit], max_results, page_token)

    def get_latest_versions(
        self, name: str, stages: Sequence[str] | None = None
    ) -> list[ModelVersion]:
        """The newest version of each stage, or of each of `stages`."""
        return self._store.registry.latest_versions(name, stages)

    def set_registered_model_tag(self, name: str, key: str, value: Any) -> None:
        self._store.registry.set_model_tag(name, key, str(value))

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        self._store.registry.delete_model_tag(name, key)

    # aliases

    def set_registered_model_alias(self, name: str, alias: str, version: str | int) -> None:
        self._store.registry.set_alias(name, alias, version)

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        self._store.registry.delete_alias(name, alias)

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        return self._store.registry.get_version_by_alias(name, alias)

    # versions

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Mapping[str, Any] | None = None,
        run_link: str | None = None,
        description: str | None = None,
        await_creation_for: float | None = None,
        model_id: str | None = None,
    ) -> ModelVersion:
        """Add a version of an existing registered model; it is ready at once.

        Whether there is a model at `source` is not asked, unless it is a `models:/` address.
        `run_link` and `model_id` are there for MLflow's sake.
        """
        source = str(source)
        return self._store.registry.create_version(
            name,
            source,
            models.locate_source(self._store, source),
            run_id=run_id or "",
            tags=tag_texts(tags),
            description=description,
        )

    def copy_model_version(self, src_model_uri: str, dst_name: str) -> ModelVersion:
        """Make the version at a `models:/` address the next version of `dst_name`, which is made
        where there is none, with its tags and description."""
        address = parse_model_uri(src_model_uri)
        if not isinstance(address, RegistryModel):
            raise InvalidInput(
                f"copy_model_version copies versions, such as models:/wine/1, not"
                f" {src_model_uri!r}; register_model takes any model."
            )
        version = models.named_version(self._store, address)
        registry = self._store.registry
        return registry.create_version(
            dst_name,
            str(RegistryModel(version.name, version.version)),
            registry.location(version.name, version.version),
            run_id=version.run_id,
            tags=version.tags,
            description=version.description,
            make_model=True,
        )

    def get_model_version(self, name: str, version: str | int) -> ModelVersion:
        return self._store.registry.get_version(name, version)

    def update_model_version(
        self, name: str, version: str | int, description: str | None = None
    ) -> ModelVersion:
        """Set the description, also to None."""
        return self._store.registry.update_version(name, version, description)

    def delete_model_version(self, name: str, version: str | int) -> None:
        """Delete a version with its aliases; its number is not given again."""
        self._store.registry.delete_version(name, version)

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int = 10_000,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        """A page of model versions; see `tuiflow.search_model_versions`."""
        _check_page(max_results, MAX_VERSIONS_PAGE)
        found = find_versions(self._store, filter_string, order_by)
        return page(lambda limit, offset: found[offset : offset + limit], max_results, page_token)

    def set_model_version_tag(
        self,
        name: str,
        version: str | int | None = None,
        key: str | None = None,
        value: Any = None,
        stage: str | None = None,
    ) -> None:
        """Tag a version, or the newest one of a stage."""
        number = self._version(name, version, stage)
        self._store.registry.set_version_tag(name, number, str(key or ""), str(value))

    def delete_model_version_tag(
        self,
        name: str,
        version: str | int | None = None,
        key: str | None = None,
        stage: str | None = None,
    ) -> None:
        """Take a tag off a version, or off the newest one of a stage."""
        number = self._version(name, version, stage)
        self._store.registry.delete_version_tag(name, number, str(key or ""))

    def _version(self, name: str, version: str | int | None, stage: str | None) -> str | int:
        if (version is None) is (stage is None):
            raise InvalidInput("Say which version: give either version or stage.")
        if version is not None:
            return version
        return self._store.registry.get_latest(name, stage).version

    # stages

    def transition_model_version_stage(
        self, name: str, version: str | int, stage: str, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Move a version to a stage, with `archive_existing_versions` in place of those in it."""
        return self._store.registry.set_stage(name, version, stage, archive_existing_versions)

    def get_model_version_stages(self, name: str, version: str | int) -> list[str]:
        """The stages there are."""
        return list(STAGES)

    def get_model_version_download_uri(self, name: str, version: str | int) -> str:
        """The address of a version's model: its source or, for a copy, that of what was copied."""
        registry = self._store.registry
        source = registry.get_version(name, version).source
        if not source.startswith("models:"):
            return source
        location = registry.location(name, version)
        return (
            location.path if location.run_id is None else f"runs:/{location.run_id}/{location.path}"
        )


def _check_page(max_results: object, limit: int) -> None:
    if isinstance(max_results, int) and max_results > limit:
        raise InvalidInput(f"max_results is at most {limit}, not {max_results}; ask for pages.")
