"""Data sets that runs have read: `datasets` holds each once, `inputs` says which run read it.

Limits are MLflow's (mlflow/utils/validation.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from tuiflow.config import (
    MAX_DATASET_DIGEST_LENGTH,
    MAX_DATASET_NAME_LENGTH,
    MAX_DATASET_PROFILE_LENGTH,
    MAX_DATASET_SCHEMA_LENGTH,
    MAX_DATASET_SOURCE_LENGTH,
    MAX_INPUT_TAG_KEY_LENGTH,
    MAX_INPUT_TAG_LENGTH,
)
from tuiflow.entities import Dataset, DatasetInput, InputTag, RunInputs
from tuiflow.errors import InvalidInput


def log(conn: sqlite3.Connection, run: int, inputs: Sequence[DatasetInput]) -> None:
    """Say that a run has read data sets, all or none of them.

    One that the run has already, by name and digest, stays as it was first logged, with its tags,
    as in MLflow. Raises InvalidInput for a text that is too long or no text.
    """
    import json

    for item in inputs:
        _check(item)
    seen = {
        (name, digest)
        for name, digest in conn.execute(
            "SELECT d.name, d.digest FROM inputs i JOIN datasets d ON d.id = i.dataset"
            " WHERE i.run = ?",
            (run,),
        )
    }
    for item in inputs:
        key = (item.dataset.name, item.dataset.digest)
        if key in seen:
            continue
        seen.add(key)
        tags = {tag.key: tag.value for tag in item.tags}
        conn.execute(
            "INSERT INTO inputs (run, dataset, tags) VALUES (?, ?, ?)",
            (run, _intern(conn, item.dataset), json.dumps(tags, ensure_ascii=False)),
        )


def _intern(conn: sqlite3.Connection, dataset: Dataset) -> int:
    """The row of a data set, made where there is none."""
    key = (dataset.name, dataset.digest, dataset.source_type, dataset.source)
    row = conn.execute(
        "SELECT id FROM datasets WHERE name = ? AND digest = ? AND source_type = ? AND source = ?",
        key,
    ).fetchone()
    if row is None:
        row = conn.execute(
            "INSERT INTO datasets (name, digest, source_type, source, schema, profile)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            (*key, dataset.schema, dataset.profile),
        ).fetchone()
    return int(row[0])


def load(conn: sqlite3.Connection, runs: Sequence[int]) -> dict[int, RunInputs]:
    """The inputs of these row keys; runs without any are left out."""
    marks = ",".join("?" * len(runs))
    rows = conn.execute(
        f"SELECT run, dataset, tags FROM inputs WHERE run IN ({marks})", list(runs)
    ).fetchall()
    if not rows:
        return {}
    import json

    datasets = _datasets(conn, sorted({dataset for _, dataset, _ in rows}))
    found: dict[int, list[DatasetInput]] = {}
    for run, dataset, text in rows:
        tags: Mapping[str, str] = json.loads(text)
        found.setdefault(run, []).append(
            DatasetInput(datasets[dataset], tuple(InputTag(*tag) for tag in tags.items()))
        )
    return {run: RunInputs(tuple(items)) for run, items in found.items()}


def _datasets(conn: sqlite3.Connection, ids: Sequence[int]) -> dict[int, Dataset]:
    return {
        row[0]: Dataset(*row[1:])
        for start in range(0, len(ids), 500)
        for row in conn.execute(
            "SELECT id, name, digest, source_type, source, schema, profile FROM datasets"
            f" WHERE id IN ({','.join('?' * len(ids[start : start + 500]))})",
            ids[start : start + 500],
        )
    }


def _check(item: DatasetInput) -> None:
    dataset = item.dataset
    _check_text("name", dataset.name, MAX_DATASET_NAME_LENGTH)
    _check_text("digest", dataset.digest, MAX_DATASET_DIGEST_LENGTH)
    _check_text("source type", dataset.source_type, MAX_DATASET_NAME_LENGTH)
    _check_text("source", dataset.source, MAX_DATASET_SOURCE_LENGTH)
    if dataset.schema is not None:
        _check_text("schema", dataset.schema, MAX_DATASET_SCHEMA_LENGTH)
    if dataset.profile is not None:
        _check_text("profile", dataset.profile, MAX_DATASET_PROFILE_LENGTH)
    for tag in item.tags:
        _check_text("tag's name", tag.key, MAX_INPUT_TAG_KEY_LENGTH)
        _check_text("tag's value", tag.value, MAX_INPUT_TAG_LENGTH)


def _check_text(what: str, value: object, limit: int) -> None:
    if not isinstance(value, str):
        raise InvalidInput(f"A data set's {what} must be a text, got {value!r}.")
    if len(value) > limit:
        raise InvalidInput(
            f"The data set's {what} starting with {value[:40]!r} has {len(value)} characters;"
            f" the limit is {limit}."
        )
