"""Rows of the model registry read as entities."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from tuiflow.entities import ModelVersion, RegisteredModel

_VERSIONS = (
    "SELECT v.model, m.name, v.version, v.creation_time, v.last_update_time, v.description,"
    " v.user_id, v.stage, v.source, v.run_id"
    " FROM model_versions v JOIN registered_models m ON m.id = v.model"
)
_LATEST = (
    "(v.model, v.version) IN (SELECT model, max(version) FROM model_versions GROUP BY model, stage)"
)


def load_models(
    conn: sqlite3.Connection, where: str = "1", values: Sequence[Any] = ()
) -> list[RegisteredModel]:
    """Registered models by name; `where` is on `registered_models m`."""
    rows = conn.execute(
        "SELECT m.id, m.name, m.creation_time, m.last_update_time, m.description"
        f" FROM registered_models m WHERE {where} ORDER BY m.name",
        values,
    ).fetchall()
    chosen = f"SELECT m.id FROM registered_models m WHERE {where}"
    tags: dict[int, dict[str, str]] = {}
    for model, key, value in conn.execute(
        f"SELECT model, key, value FROM registered_model_tags WHERE model IN ({chosen})", values
    ):
        tags.setdefault(model, {})[key] = value
    aliases: dict[int, dict[str, int]] = {}
    for model, alias, version in conn.execute(
        f"SELECT model, alias, version FROM model_aliases WHERE model IN ({chosen})", values
    ):
        aliases.setdefault(model, {})[alias] = version
    latest: dict[str, list[ModelVersion]] = {}
    for found in load_versions(conn, f"{_LATEST} AND ({where})", values):
        latest.setdefault(found.name, []).append(found)
    return [
        RegisteredModel(
            name=name,
            creation_timestamp=created,
            last_updated_timestamp=updated,
            description=description,
            latest_versions=tuple(latest.get(name, ())),
            tags=tags.get(row_id, {}),
            aliases=aliases.get(row_id, {}),
        )
        for row_id, name, created, updated, description in rows
    ]


def load_versions(
    conn: sqlite3.Connection, where: str = "1", values: Sequence[Any] = ()
) -> list[ModelVersion]:
    """Versions by name and number; `where` is on `model_versions v JOIN registered_models m`."""
    rows = conn.execute(f"{_VERSIONS} WHERE {where} ORDER BY m.name, v.version", values).fetchall()
    chosen = (
        "SELECT v.model, v.version FROM model_versions v"
        f" JOIN registered_models m ON m.id = v.model WHERE {where}"
    )
    tags: dict[tuple[int, int], dict[str, str]] = {}
    for model, version, key, value in conn.execute(
        "SELECT model, version, key, value FROM model_version_tags"
        f" WHERE (model, version) IN ({chosen})",
        values,
    ):
        tags.setdefault((model, version), {})[key] = value
    aliases: dict[tuple[int, int], list[str]] = {}
    for model, version, alias in conn.execute(
        "SELECT model, version, alias FROM model_aliases"
        f" WHERE (model, version) IN ({chosen}) ORDER BY alias",
        values,
    ):
        aliases.setdefault((model, version), []).append(alias)
    return [
        ModelVersion(
            name=name,
            version=version,
            creation_timestamp=created,
            last_updated_timestamp=updated,
            description=description,
            user_id=user_id,
            current_stage=stage,
            source=source,
            run_id=run_id,
            tags=tags.get((model, version), {}),
            aliases=tuple(aliases.get((model, version), ())),
        )
        for (
            model, name, version, created, updated, description, user_id, stage, source, run_id,
        ) in rows
    ]  # fmt: skip
