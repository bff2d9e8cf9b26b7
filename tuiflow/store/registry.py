"""The model registry: names, under which versions point to models of runs or to folders.

Nothing is copied: a version tells where its model is, and its run keeps the files.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tuiflow.entities import STAGES, ModelVersion, RegisteredModel
from tuiflow.errors import AlreadyExists, InvalidInput, NotFound
from tuiflow.store import runs
from tuiflow.store.connection import Database
from tuiflow.store.model_names import (
    canonical_stage,
    check_alias,
    check_model_name,
    check_model_tag,
    check_new_alias,
)
from tuiflow.store.processes import now_ms
from tuiflow.store.registry_rows import (
    insert_model,
    key_of,
    load_model,
    load_models,
    load_version,
    load_versions,
    model_key,
    newest,
    there_are,
    touch,
    version_key,
)
from tuiflow.store.validate import check_key

_ACTIVE_STAGES = ("Staging", "Production")
_ARCHIVED = "Archived"


@dataclass(frozen=True, slots=True)
class ModelLocation:
    """Where a version's model is: an artifact path in a run of this store or, where `run_id` is
    None, a folder or an address that is not served. A relative path without a run was in a run
    that is gone."""

    run_id: str | None
    path: str


class Registry:
    """Registered models of one store. A version may be given as a number or as its text.

    Raises throughout InvalidInput for names and values that MLflow refuses too, and NotFound for
    a model or version that is not there.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    # registered models

    def create_model(
        self, name: str, tags: Mapping[str, str] | None = None, description: str | None = None
    ) -> RegisteredModel:
        """Add a name without versions. Raises AlreadyExists."""
        with self._db.write() as conn:
            if key_of(conn, name) is not None:
                raise AlreadyExists(f"The registered model {name!r} exists already.")
            insert_model(conn, name, tags or {}, description)
            return load_model(conn, name)

    def get_model(self, name: str) -> RegisteredModel:
        with self._db.read() as conn:
            return load_model(conn, name)

    def list_models(self) -> list[RegisteredModel]:
        """All registered models, by name."""
        with self._db.read() as conn:
            return load_models(conn)

    def count_versions(self) -> dict[str, int]:
        """How many versions each registered model has that has any."""
        with self._db.read() as conn:
            return dict(
                conn.execute(
                    "SELECT m.name, count(*) FROM model_versions v"
                    " JOIN registered_models m ON m.id = v.model GROUP BY m.id"
                )
            )

    def update_model(self, name: str, description: str | None) -> RegisteredModel:
        with self._db.write() as conn:
            conn.execute(
                "UPDATE registered_models SET description = ?, last_update_time = ? WHERE id = ?",
                (description, now_ms(), model_key(conn, name)),
            )
            return load_model(conn, name)

    def rename_model(self, name: str, new_name: str) -> RegisteredModel:
        """Rename a model with its versions, tags and aliases. Raises AlreadyExists."""
        with self._db.write() as conn:
            check_model_name(new_name)
            model, now = model_key(conn, name), now_ms()
            if key_of(conn, new_name) not in (None, model):
                raise AlreadyExists(f"The registered model {new_name!r} exists already.")
            conn.execute(
                "UPDATE registered_models SET name = ?, last_update_time = ? WHERE id = ?",
                (new_name, now, model),
            )
            conn.execute(
                "UPDATE model_versions SET last_update_time = ? WHERE model = ?", (now, model)
            )
            return load_model(conn, new_name)

    def delete_model(self, name: str) -> None:
        """Delete a model with its versions, tags and aliases; the files of its runs stay."""
        with self._db.write() as conn:
            model = model_key(conn, name)
            for table in (
                "model_aliases", "model_version_tags", "model_versions", "registered_model_tags",
            ):  # fmt: skip
                conn.execute(f"DELETE FROM {table} WHERE model = ?", (model,))
            conn.execute("DELETE FROM registered_models WHERE id = ?", (model,))

    def set_model_tag(self, name: str, key: str, value: str) -> None:
        with self._db.write() as conn:
            check_model_tag(key, value)
            conn.execute(
                "INSERT OR REPLACE INTO registered_model_tags VALUES (?, ?, ?)",
                (model_key(conn, name), key, value),
            )

    def delete_model_tag(self, name: str, key: str) -> None:
        """Nothing happens where there is no such tag."""
        with self._db.write() as conn:
            check_key("tag", key)
            conn.execute(
                "DELETE FROM registered_model_tags WHERE model = ? AND key = ?",
                (model_key(conn, name), key),
            )

    # versions

    def create_version(
        self,
        name: str,
        source: str,
        location: ModelLocation,
        *,
        run_id: str = "",
        tags: Mapping[str, str] | None = None,
        description: str | None = None,
        make_model: bool = False,
    ) -> ModelVersion:
        """Add a version, with the next number, which is never given twice.

        `source` is the address it was made from and `run_id` the run it is said to come from, both
        kept as they are; `location` is where its model is. With `make_model` the registered model
        is made where there is none.
        """
        with self._db.write() as conn:
            for key, value in (tags or {}).items():
                check_model_tag(key, value)
            if make_model and key_of(conn, name) is None:
                insert_model(conn, name, {}, None)
            model, now = model_key(conn, name), now_ms()
            run = None if location.run_id is None else runs.row_key(conn, location.run_id)
            (version,) = conn.execute(
                "UPDATE registered_models SET last_version = last_version + 1,"
                " last_update_time = ? WHERE id = ? RETURNING last_version",
                (now, model),
            ).fetchone()
            conn.execute(
                "INSERT INTO model_versions (model, version, run, run_id, source, path,"
                " description, user_id, stage, creation_time, last_update_time)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    model, version, run, run_id, source, location.path,
                    description, _user(), STAGES[0], now, now,
                ),
            )  # fmt: skip
            conn.executemany(
                "INSERT INTO model_version_tags VALUES (?, ?, ?, ?)",
                [(model, version, key, value) for key, value in (tags or {}).items()],
            )
            return load_version(conn, name, version)

    def get_version(self, name: str, version: int | str) -> ModelVersion:
        with self._db.read() as conn:
            return load_version(conn, name, version)

    def get_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """The version that an alias means; `latest` is always the newest one.

        An unknown alias is NotFound with the aliases there are.
        """
        alias = check_alias(alias)
        with self._db.read() as conn:
            found = load_model(conn, name)
            if alias.lower() == "latest":
                return newest(found.latest_versions, name)
            if alias in found.aliases:
                return load_version(conn, name, found.aliases[alias])
        # MLflow's code for it, unlike for all else that is missing
        raise NotFound(
            f"The registered model {name!r} has no alias {alias!r};"
            f" {there_are('aliases', sorted(found.aliases))}.",
            InvalidInput.error_code,
        )

    def get_latest(self, name: str, stage: str | None = None) -> ModelVersion:
        """The newest version of a stage, or of all."""
        latest = self.get_model(name).latest_versions
        if stage is None:
            return newest(latest, name)
        stage = canonical_stage(stage)
        for version in latest:
            if version.current_stage == stage:
                return version
        stages = [version.current_stage for version in latest]
        raise NotFound(
            f"The registered model {name!r} has no version in stage {stage};"
            f" {there_are('versions in stages', stages)}."
        )

    def latest_versions(self, name: str, stages: Sequence[str] | None = None) -> list[ModelVersion]:
        """The newest version of each of these stages, or of every stage, that has one."""
        wanted = {canonical_stage(stage) for stage in stages or STAGES}
        latest = self.get_model(name).latest_versions
        return [version for version in latest if version.current_stage in wanted]

    def list_versions(self, name: str | None = None) -> list[ModelVersion]:
        """All versions of a model, or of all models, by name and number."""
        with self._db.read() as conn:
            if name is None:
                return load_versions(conn)
            return load_versions(conn, "v.model = ?", (model_key(conn, name),))

    def location(self, name: str, version: int | str) -> ModelLocation:
        """Where a version's model is."""
        with self._db.read() as conn:
            model, number = version_key(conn, name, version)
            uuid, path = conn.execute(
                "SELECT r.uuid, v.path FROM model_versions v LEFT JOIN runs r ON r.id = v.run"
                " WHERE v.model = ? AND v.version = ?",
                (model, number),
            ).fetchone()
            return ModelLocation(None if uuid is None else uuid.hex(), path)

    def update_version(
        self, name: str, version: int | str, description: str | None
    ) -> ModelVersion:
        with self._db.write() as conn:
            conn.execute(
                "UPDATE model_versions SET description = ?, last_update_time = ?"
                " WHERE model = ? AND version = ?",
                (description, now_ms(), *version_key(conn, name, version)),
            )
            return load_version(conn, name, version)

    def set_stage(
        self, name: str, version: int | str, stage: str, archive_existing: bool = False
    ) -> ModelVersion:
        """Move a version to a stage, with `archive_existing` in place of those that are in it."""
        stage = canonical_stage(stage)
        if archive_existing and stage not in _ACTIVE_STAGES:
            raise InvalidInput(
                f"Versions can be archived for a new one in {' or '.join(_ACTIVE_STAGES)},"
                f" not in {stage}; leave out archive_existing_versions."
            )
        with self._db.write() as conn:
            model, number = version_key(conn, name, version)
            now = now_ms()
            if archive_existing:
                conn.execute(
                    "UPDATE model_versions SET stage = ?, last_update_time = ?"
                    " WHERE model = ? AND version != ? AND stage = ?",
                    (_ARCHIVED, now, model, number, stage),
                )
            conn.execute(
                "UPDATE model_versions SET stage = ?, last_update_time = ?"
                " WHERE model = ? AND version = ?",
                (stage, now, model, number),
            )
            touch(conn, model, now)
            return load_version(conn, name, number)

    def delete_version(self, name: str, version: int | str) -> None:
        """Delete a version with its tags and aliases; the files of its run stay."""
        with self._db.write() as conn:
            key = version_key(conn, name, version)
            for table in ("model_aliases", "model_version_tags", "model_versions"):
                conn.execute(f"DELETE FROM {table} WHERE model = ? AND version = ?", key)
            touch(conn, key[0], now_ms())

    def set_version_tag(self, name: str, version: int | str, key: str, value: str) -> None:
        with self._db.write() as conn:
            check_model_tag(key, value)
            conn.execute(
                "INSERT OR REPLACE INTO model_version_tags VALUES (?, ?, ?, ?)",
                (*version_key(conn, name, version), key, value),
            )

    def delete_version_tag(self, name: str, version: int | str, key: str) -> None:
        """Nothing happens where there is no such tag."""
        with self._db.write() as conn:
            check_key("tag", key)
            conn.execute(
                "DELETE FROM model_version_tags WHERE model = ? AND version = ? AND key = ?",
                (*version_key(conn, name, version), key),
            )

    # aliases

    def set_alias(self, name: str, alias: str, version: int | str) -> None:
        """Let an alias mean this version, and no longer the one it meant."""
        with self._db.write() as conn:
            alias = check_new_alias(alias)
            model, number = version_key(conn, name, version)
            conn.execute(
                "INSERT OR REPLACE INTO model_aliases (model, alias, version) VALUES (?, ?, ?)",
                (model, alias, number),
            )

    def delete_alias(self, name: str, alias: str) -> None:
        """Nothing happens where there is no such alias."""
        with self._db.write() as conn:
            conn.execute(
                "DELETE FROM model_aliases WHERE model = ? AND alias = ?",
                (model_key(conn, name), check_alias(alias)),
            )

    # runs

    def versions_of_runs(self, run_ids: Sequence[str]) -> list[ModelVersion]:
        """The versions whose models are among the artifacts of these runs, by name and number."""
        with self._db.read() as conn:
            return [
                version
                for run_id in dict.fromkeys(run_ids)
                for version in load_versions(conn, _OF_RUN, (runs.parse_id(run_id),))
            ]

    def versions_at(self, run_id: str, path: str) -> list[ModelVersion]:
        """The versions whose model is this artifact of a run, by name and number."""
        with self._db.read() as conn:
            values = (runs.parse_id(run_id), path)
            return load_versions(conn, f"{_OF_RUN} AND v.path = ?", values)

    def move_versions(self, run_id: str, path: str, new_path: str) -> None:
        """Let the versions whose model is at `path` among a run's artifacts find it at `new_path`,
        also by their source where that is the run's."""
        with self._db.write() as conn:
            run = runs.row_key(conn, run_id)
            conn.execute(
                "UPDATE model_versions SET source = ? WHERE run = ? AND path = ? AND source = ?",
                (f"runs:/{run_id}/{new_path}", run, path, f"runs:/{run_id}/{path}"),
            )
            conn.execute(
                "UPDATE model_versions SET path = ? WHERE run = ? AND path = ?",
                (new_path, run, path),
            )


_OF_RUN = "v.run = (SELECT id FROM runs WHERE uuid = ?)"


def _user() -> str:
    import getpass

    with contextlib.suppress(KeyError, OSError):  # no entry for this uid in a container
        return getpass.getuser()
    return "unknown"
