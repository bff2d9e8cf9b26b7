"""Changing experiments: rename, delete with their runs, restore, tag, and moving runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuiflow.entities import LifecycleStage, ViewType
from tuiflow.errors import AlreadyExists, InvalidInput, InvalidState, NotFound
from tuiflow.filters import parse_filter
from tuiflow.protocols import RunQuery
from tuiflow.store import Store


def stages(store: Store, *run_ids: str) -> list[str]:
    return [store.get_run(run_id).info.lifecycle_stage for run_id in run_ids]


def test_rename(store: Store) -> None:
    wine, other = store.create_experiment("wine"), store.create_experiment("other")
    store.rename_experiment(wine, "white wine")
    store.rename_experiment(wine, "white wine")  # its own name is free to it
    assert store.get_experiment(wine).name == "white wine"
    with pytest.raises(AlreadyExists):
        store.rename_experiment(other, "white wine")
    with pytest.raises(InvalidInput):
        store.rename_experiment(other, " ")
    with pytest.raises(NotFound):
        store.rename_experiment("99", "new")
    store.delete_experiment(other)
    with pytest.raises(InvalidState):
        store.rename_experiment(other, "new")


def test_deleting_an_experiment_takes_its_runs_and_restoring_brings_those_back(
    store: Store,
) -> None:
    wine = store.create_experiment("wine")
    kept, gone = (store.create_run(wine).info.run_id for _ in range(2))
    elsewhere = store.create_run("0").info.run_id
    store.delete_runs([gone])
    deleted_at_another_time = store.get_experiment(wine)
    store.delete_experiment(wine)
    assert stages(store, kept, gone, elsewhere) == ["deleted", "deleted", "active"]
    assert store.get_experiment(wine).lifecycle_stage == LifecycleStage.DELETED
    assert store.get_experiment(wine).last_update_time >= deleted_at_another_time.last_update_time
    with pytest.raises(InvalidState):
        store.delete_experiment(wine)
    store.restore_experiment(wine)
    assert stages(store, kept, elsewhere) == ["active", "active"]
    with pytest.raises(InvalidState):
        store.restore_experiment(wine)
    with pytest.raises(NotFound):
        store.restore_experiment("99")


def test_tags_of_an_experiment(store: Store) -> None:
    wine = store.create_experiment("wine", tags={"team": "a"})
    store.set_experiment_tags(wine, {"team": "b", "mlflow.note.content": "a note"})
    assert store.get_experiment(wine).tags == {"team": "b", "mlflow.note.content": "a note"}
    store.delete_experiment_tag(wine, "team")
    assert store.get_experiment(wine).tags == {"mlflow.note.content": "a note"}
    with pytest.raises(NotFound):
        store.delete_experiment_tag(wine, "team")
    with pytest.raises(InvalidInput):
        store.set_experiment_tags(wine, {"": "x"})
    store.delete_experiment(wine)
    with pytest.raises(InvalidState):
        store.set_experiment_tags(wine, {"team": "c"})


@pytest.mark.parametrize("location", [None, "elsewhere"])
def test_a_moved_run_keeps_its_artifacts(
    store: Store, tmp_path: Path, location: str | None
) -> None:
    place = None if location is None else str(tmp_path / location)
    wine, other = store.create_experiment("wine", place), store.create_experiment("other")
    run_id = store.create_run(wine).info.run_id
    with store.writing_artifact(run_id, "notes.txt") as part:
        part.write_text("here")
    store.move_runs([run_id], other)
    moved = store.get_run(run_id).info
    assert (moved.experiment_id, moved.experiment_name) == (other, "other")
    assert store.artifact_path(run_id, "notes.txt").read_text() == "here"
    store.move_runs([run_id], "0")
    store.move_runs([run_id], other)
    assert store.artifact_path(run_id, "notes.txt").read_text() == "here"
    # What a search compares is what a run shows.
    query = RunQuery(filter=parse_filter(f"attributes.artifact_uri = '{moved.artifact_uri}'"))
    assert [run.info.run_id for run in store.search_runs(query)] == [run_id]


def test_moving_is_all_or_nothing(store: Store) -> None:
    other = store.create_experiment("other")
    run_id = store.create_run("0").info.run_id
    with pytest.raises(NotFound):
        store.move_runs([run_id, "f" * 32], other)
    assert store.get_run(run_id).info.experiment_id == "0"
    store.delete_experiment(other)
    with pytest.raises(InvalidState):
        store.move_runs([run_id], other)
    with pytest.raises(NotFound):
        store.move_runs([run_id], "99")


def test_updating_a_run(store: Store) -> None:
    run_id = store.create_run("0", "first").info.run_id
    store.update_run(run_id, "FINISHED", "second", end_time=5)
    info = store.get_run(run_id).info
    assert (info.status, info.run_name, info.end_time) == ("FINISHED", "second", 5)
    store.update_run(run_id, "SCHEDULED")
    assert (store.get_run(run_id).info.status, store.get_run(run_id).info.end_time) == (
        "SCHEDULED",
        None,
    )
    store.update_run(run_id, "RUNNING")
    assert store.get_run(run_id).info.shown_status == "RUNNING"
    with pytest.raises(InvalidInput):
        store.update_run(run_id, "DONE", "third")
    assert store.get_run(run_id).info.run_name == "second"


def test_counts_leave_deleted_experiments_out(store: Store) -> None:
    wine = store.create_experiment("wine")
    store.create_run(wine)
    store.delete_experiment(wine)
    assert wine not in store.experiment_counts()
    deleted = [item.experiment_id for item in store.list_experiments(ViewType.DELETED_ONLY)]
    assert deleted == [wine]
