"""Registered models from a script: register, and search by the filter language."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tuiflow.entities import ModelVersion, RegisteredModel
from tuiflow.filters import (
    MODEL_VERSIONS,
    REGISTERED_MODELS,
    Key,
    Kind,
    Measure,
    OrderKey,
    parse_filter,
    parse_order,
)
from tuiflow.filters.evaluate import matches, sort
from tuiflow.models.uri import parse_model_uri
from tuiflow.store import Store
from tuiflow.tracking import models
from tuiflow.tracking.searching import filter_text, row_limit
from tuiflow.tracking.stores import current_store


def register_model(
    model_uri: str | Path,
    name: str,
    await_registration_for: float | None = None,
    *,
    tags: Mapping[str, Any] | None = None,
) -> ModelVersion:
    """Make a model the next version of `name`, which becomes a registered model where it is none.

    `model_uri` is any address of a model: `runs:/RUN/path`, a folder, `models:/OTHER/1`. The
    version points to the model where it is, and one line on standard error says so. There is
    nothing to await: it is ready at once.
    Raises NotFound where there is no model, InvalidInput.
    """
    version = models.register(current_store(), parse_model_uri(model_uri), name, tag_texts(tags))
    models.announce(version)
    return version


def set_model_version_tag(
    name: str,
    version: str | int | None = None,
    key: str | None = None,
    value: Any = None,
) -> None:
    """Set a tag, its value as text, on a version of a registered model. Raises NotFound,
    InvalidInput."""
    from tuiflow.tracking.client import MlflowClient

    MlflowClient().set_model_version_tag(name, version, key, value)


def tag_texts(tags: Mapping[str, Any] | None) -> dict[str, str]:
    """Tags with their values as text."""
    return {key: str(value) for key, value in (tags or {}).items()}


def search_registered_models(
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Sequence[str] | None = None,
) -> list[RegisteredModel]:
    """At most `max_results` registered models, all where it is None; see `find_models`."""
    return find_models(current_store(), filter_string, order_by)[: row_limit(max_results)]


def search_model_versions(
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Sequence[str] | None = None,
) -> list[ModelVersion]:
    """At most `max_results` model versions, all where it is None; see `find_versions`."""
    return find_versions(current_store(), filter_string, order_by)[: row_limit(max_results)]


def find_models(
    store: Store, filter_string: str | None = None, order_by: Sequence[str] | None = None
) -> list[RegisteredModel]:
    """The registered models that pass a filter on `name`, `tags.KEY` and the timestamps.

    Ties, and all without `order_by`, are by name. Raises FilterError.
    """
    node = parse_filter(filter_text(filter_string), subject=REGISTERED_MODELS)
    order = parse_order(order_by or (), subject=REGISTERED_MODELS)
    found = [
        model
        for model in store.registry.list_models()
        if node is None
        or matches(
            node,
            functools.partial(_model_value, model),
            (model.name, model.description or "", *model.tags.values(), *model.aliases),
        )
    ]
    sort(found, order, _model_value)
    return found


def find_versions(
    store: Store, filter_string: str | None = None, order_by: Sequence[str] | None = None
) -> list[ModelVersion]:
    """The model versions that pass a filter on `name`, `version_number`, `run_id`, `source_path`,
    `current_stage`, `tags.KEY` and the timestamps.

    Without `order_by` the one changed last comes first; ties are by name, newest version first.
    Raises FilterError.
    """
    node = parse_filter(filter_text(filter_string), subject=MODEL_VERSIONS)
    order = parse_order(order_by or (), subject=MODEL_VERSIONS) or _NEWEST_CHANGE
    found = [
        version
        for version in store.registry.list_versions()
        if node is None
        or matches(
            node,
            functools.partial(_version_value, version),
            (version.name, version.description or "", *version.tags.values(), *version.aliases),
        )
    ]
    sort(found, (*order, *_VERSION_TIES), _version_value)
    return found


_NEWEST_CHANGE = (OrderKey(Key(Kind.ATTRIBUTE, "last_updated_timestamp"), descending=True),)
_VERSION_TIES = (
    OrderKey(Key(Kind.ATTRIBUTE, "name")),
    OrderKey(Key(Kind.ATTRIBUTE, "version_number"), descending=True),
)
_VERSION_FIELDS = {"version_number": "version", "source_path": "source"}


def _model_value(model: RegisteredModel, key: Key | Measure) -> float | str | None:
    if key.kind is Kind.TAG:
        return model.tags.get(key.name)
    value: float | str = getattr(model, key.name)
    return value


def _version_value(version: ModelVersion, key: Key | Measure) -> float | str | None:
    if key.kind is Kind.TAG:
        return version.tags.get(key.name)
    value: float | str = getattr(version, _VERSION_FIELDS.get(key.name, key.name))
    return None if value == "" else value  # a version that is of no run has no run_id
