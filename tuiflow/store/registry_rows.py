"""Rows of the model registry: found by name, and read as entities."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from tuiflow.entities import ModelVersion, RegisteredModel
from tuiflow.errors import NotFound
from tuiflow.store.model_names import check_model_name, check_model_tag, parse_version
from tuiflow.store.processes import now_ms

_MAX_INTEGER = 2**63 - 1

_VERSIONS = (
    "SELECT v.model, m.name, v.version, v.creation_time, v.last_update_time, v.description,"
    " v.user_id, v.stage, v.source, v.run_id"
    " FROM model_versions v JOIN registered_models m ON m.id = v.model"
)
_ALL = "1"


def load_models(
    conn: sqlite3.Connection, where: str = _ALL, values: Sequence[Any] = ()
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
    newest_of_stages = (
        "(v.model, v.version) IN (SELECT model, max(version) FROM model_versions"
        f" WHERE model IN ({chosen}) GROUP BY model, stage)"
    )
    for found in load_versions(conn, newest_of_stages, values):
        latest.setdefault(found.name, []).append(found)
    return [
        RegisteredModel(
            name=name,
            creation_timestamp=created,
            last_updated_timestamp=updated,
            description=description,
            latest_versions=latest.get(name, []),
            tags=tags.get(row_id, {}),
            aliases=aliases.get(row_id, {}),
        )
        for row_id, name, created, updated, description in rows
    ]


def load_versions(
    conn: sqlite3.Connection, where: str = _ALL, values: Sequence[Any] = ()
) -> list[ModelVersion]:
    """Versions by name and number; `where` is on `model_versions v JOIN registered_models m`."""
    rows = conn.execute(f"{_VERSIONS} WHERE {where} ORDER BY m.name, v.version", values).fetchall()
    chosen = _ALL
    if where != _ALL:
        chosen = (
            "(model, version) IN (SELECT v.model, v.version FROM model_versions v"
            f" JOIN registered_models m ON m.id = v.model WHERE {where})"
        )
    tags: dict[tuple[int, int], dict[str, str]] = {}
    for model, version, key, value in conn.execute(
        f"SELECT model, version, key, value FROM model_version_tags WHERE {chosen}",
        values,
    ):
        tags.setdefault((model, version), {})[key] = value
    aliases: dict[tuple[int, int], list[str]] = {}
    for model, version, alias in conn.execute(
        f"SELECT model, version, alias FROM model_aliases WHERE {chosen} ORDER BY alias",
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
            aliases=aliases.get((model, version), []),
        )
        for (
            model, name, version, created, updated, description, user_id, stage, source, run_id,
        ) in rows
    ]  # fmt: skip


def key_of(conn: sqlite3.Connection, name: str) -> int | None:
    """The row of a registered model, None where there is none. Raises InvalidInput."""
    check_model_name(name)
    row = conn.execute("SELECT id FROM registered_models WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def model_key(conn: sqlite3.Connection, name: str) -> int:
    """The row of a registered model. Raises NotFound with those there are, InvalidInput."""
    key = key_of(conn, name)
    if key is None:
        names = [row[0] for row in conn.execute("SELECT name FROM registered_models ORDER BY name")]
        raise NotFound(f"There is no registered model {name!r}; {there_are('models', names)}.")
    return key


def there_are(what: str, names: Sequence[str], limit: int = 10) -> str:
    """The end of a sentence that says what there is instead."""
    if not names:
        return f"there are no {what}"
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"there are: {', '.join(names[:limit])}{more}"


def insert_model(
    conn: sqlite3.Connection, name: str, tags: Mapping[str, str], description: str | None
) -> None:
    for key, value in tags.items():
        check_model_tag(key, value)
    now = now_ms()
    (model,) = conn.execute(
        "INSERT INTO registered_models (name, description, last_version, creation_time,"
        " last_update_time) VALUES (?, ?, 0, ?, ?) RETURNING id",
        (name, description, now, now),
    ).fetchone()
    conn.executemany(
        "INSERT INTO registered_model_tags VALUES (?, ?, ?)",
        [(model, key, value) for key, value in tags.items()],
    )


def load_model(conn: sqlite3.Connection, name: str) -> RegisteredModel:
    """Raises NotFound, InvalidInput."""
    return load_models(conn, "m.id = ?", (model_key(conn, name),))[0]


def version_key(conn: sqlite3.Connection, name: str, version: int | str) -> tuple[int, int]:
    """The row and the number of a version. Raises NotFound with those there are, InvalidInput."""
    model, number = model_key(conn, name), parse_version(version)
    if (
        not 0 < number <= _MAX_INTEGER
        or not conn.execute(
            "SELECT 1 FROM model_versions WHERE model = ? AND version = ?", (model, number)
        ).fetchone()
    ):
        numbers = [
            str(row[0])
            for row in conn.execute(
                "SELECT version FROM model_versions WHERE model = ? ORDER BY version DESC", (model,)
            )
        ]
        raise NotFound(
            f"The registered model {name!r} has no version {number};"
            f" {there_are('versions', numbers)}."
        )
    return model, number


def load_version(conn: sqlite3.Connection, name: str, version: int | str) -> ModelVersion:
    """Raises NotFound, InvalidInput."""
    key = version_key(conn, name, version)
    return load_versions(conn, "v.model = ? AND v.version = ?", key)[0]


def newest(versions: Sequence[ModelVersion], name: str) -> ModelVersion:
    """The version with the highest number. Raises NotFound where there is none."""
    if not versions:
        raise NotFound(f"The registered model {name!r} has no versions yet.")
    return max(versions, key=lambda found: found.version)


def touch(conn: sqlite3.Connection, model: int, now: int) -> None:
    """Note that a registered model has changed."""
    conn.execute("UPDATE registered_models SET last_update_time = ? WHERE id = ?", (now, model))
