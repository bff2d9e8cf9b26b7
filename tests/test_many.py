"""Changes of many runs: in pieces, stopped in between, taken back."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing

import pytest
from shell import Cli

from tuiflow.entities import (
    TAG_NOTE,
    TAG_PARENT,
    TAG_RUN_NAME,
    LifecycleStage,
    Run,
    RunTag,
    ViewType,
)
from tuiflow.errors import InvalidInput, InvalidState, NotFound
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, many, open_store, pieces
from tuiflow.store.keys import Keys

RUNS = 12


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of three runs, however quick they are."""
    for name in ("WHOLE", "FIRST", "MOST"):
        monkeypatch.setattr(pieces, name, 3)
    monkeypatch.setattr(pieces, "AIM", 1e9)


@pytest.fixture
def keys(store: Store) -> list[int]:
    """Runs 0 to 11, by row key; the fourth is deleted, every other one has a team."""
    wine = store.create_experiment("wine")
    for number in range(RUNS):
        tags = {"team": "a"} if number % 2 else {}
        run = store.create_run(wine, f"run{number}", start_time=number, tags=tags)
        store.finish_run(run.info.run_id, "FINISHED", end_time=number + 1)
        if number == 4:
            store.delete_runs([run.info.run_id])
    return sorted(store.search_keys(RunQuery(view=ViewType.ALL)))


def everything(store: Store) -> list[Run]:
    ids = tuple(item.experiment_id for item in store.list_experiments(ViewType.ALL))
    return store.load_runs(sorted(store.search_keys(RunQuery(ids, view=ViewType.ALL))))


def deleted(store: Store) -> list[bool]:
    return [run.info.lifecycle_stage == LifecycleStage.DELETED for run in everything(store)]


CHANGES: dict[str, Callable[[Store], many.Change[object]]] = {
    "delete": lambda store: many.Delete(),  # type: ignore[return-value]
    "restore": lambda store: many.Restore(),  # type: ignore[return-value]
    "move": lambda store: many.Move("0"),  # type: ignore[return-value]
    "tag": lambda store: many.SetTags.to({"team": "b", "new": "1"}),  # type: ignore[return-value]
    "untag": lambda store: many.SetTags.to({"team": None}),  # type: ignore[return-value]
    "rename": lambda store: many.SetTags.to({TAG_RUN_NAME: "x"}),  # type: ignore[return-value]
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("stop", [1, 2, 4])
def test_what_was_done_when_it_was_stopped_stays_and_is_taken_back(
    store: Store, keys: list[int], small: None, name: str, stop: int
) -> None:
    before = everything(store)
    change = CHANGES[name](store)
    changed: list[many.Was[object]] = []
    steps = store.change_runs(change, keys)
    for _ in range(stop):
        through, done = next(steps)
        changed += done
    steps.close()
    assert through == min(3 * stop, RUNS)
    now = everything(store)
    different = [one.info.run_id for one, other in zip(before, now, strict=True) if one != other]
    assert different == [was.uuid.hex() for was in changed]
    assert now[through:] == before[through:]
    assert list(store.take_back(change, changed))[-1:] == ([len(changed)] if changed else [])
    assert everything(store) == before
    assert store.upkeep.check() == []


def test_progress_only_grows_and_ends_with_all(store: Store, keys: list[int], small: None) -> None:
    through = [count for count, _ in store.change_runs(many.Delete(), keys)]
    assert through == [3, 6, 9, 12]
    assert all(deleted(store))


def test_few_runs_are_one_piece_all_or_none(store: Store, keys: list[int]) -> None:
    class Last(many.Delete):
        def do(
            self, conn: sqlite3.Connection, names: Keys, keys: Sequence[int]
        ) -> list[many.Was[int | None]]:
            super().do(conn, names, keys)
            raise InvalidInput("no")

    before = everything(store)
    with pytest.raises(InvalidInput):
        list(store.change_runs(Last(), keys))
    assert everything(store) == before
    ((through, done),) = store.change_runs(many.Delete(), keys)
    assert (through, len(done)) == (RUNS, RUNS - 1)


def test_others_write_between_two_pieces(store: Store, keys: list[int], small: None) -> None:
    with closing(open_store(store.root)) as other:
        for _ in store.change_runs(many.Delete(), keys):
            other.create_run("0", "meanwhile")
    assert [run.info.run_name for run in store.search_runs(RunQuery())] == ["meanwhile"] * 4


def test_a_run_that_was_deleted_before_is_so_again_at_the_time_it_was(
    store: Store, keys: list[int]
) -> None:
    with store._db.write() as conn:
        conn.execute("UPDATE runs SET deleted_at = 1000 WHERE id = ?", (keys[4],))
    ((_, done),) = store.change_runs(many.Restore(), keys)
    list(store.take_back(many.Restore(), done))
    assert store.upkeep.find_garbage(3_600_000).run_ids == (done[0].uuid.hex(),)


def test_a_row_key_that_was_given_anew_is_left_alone(store: Store, keys: list[int]) -> None:
    change = many.SetTags.to({"team": "b"})
    ((_, done),) = store.change_runs(change, keys[-1:])
    list(store.change_runs(many.Delete(), keys[-1:]))
    store.upkeep.collect_garbage(0)
    fresh = store.create_run("0", tags={"team": "c"})
    assert store.row_key(fresh.info.run_id) == keys[-1]
    list(store.take_back(change, done))
    assert store.get_run(fresh.info.run_id).data.tags["team"] == "c"


def test_notes_are_made_of_the_old_ones(store: Store, keys: list[int]) -> None:
    list(store.change_runs(many.SetTags.to({TAG_NOTE: "one"}), keys[:2]))
    change = many.SetTags([TAG_NOTE], lambda old: {TAG_NOTE: old.get(TAG_NOTE, "") + "!"})
    ((_, done),) = store.change_runs(change, keys[:3])
    assert [run.note for run in store.load_runs(keys[:3])] == ["one!", "one!", "!"]
    list(store.take_back(change, done))
    assert [run.note for run in store.load_runs(keys[:3])] == ["one", "one", ""]


def test_only_what_is_still_as_it_was_made_is_taken_back(store: Store, keys: list[int]) -> None:
    change = many.SetTags.to({"team": "b", "new": "1"})
    ((_, done),) = store.change_runs(change, keys[:4])
    first, second, third, fourth = (run.info.run_id for run in store.load_runs(keys[:4]))
    store.log_batch(first, tags=[RunTag("team", "theirs")])
    store.log_batch(second, tags=[RunTag("team", "a")])
    store.delete_tag(second, "new")
    store.delete_runs([third])
    store.delete_runs([fourth])
    list(store.change_runs(many.Move("0"), keys[3:4]))
    list(store.take_back(change, done))
    assert change.taken_back == many.TakenBack(back=4, since=1), "one in part, one by others"
    tags = [run.data.tags for run in store.load_runs(keys[:4])]
    assert [found.get("team") for found in tags] == ["theirs", "a", None, "a"]
    assert not any("new" in found for found in tags)


def test_what_was_restored_and_deleted_again_by_others_stays_deleted(
    store: Store, keys: list[int]
) -> None:
    change = many.Delete(1000)
    ((_, done),) = store.change_runs(change, keys[:3])
    list(store.change_runs(many.Restore(), keys[:2]))
    list(store.change_runs(many.Delete(2000), keys[:1]))
    list(store.take_back(change, done))
    assert change.taken_back == many.TakenBack(back=2, since=1)
    assert deleted(store)[:3] == [True, False, False]


def test_no_run_is_restored_where_the_experiment_of_one_is_deleted(
    cli: Cli, store: Store, keys: list[int]
) -> None:
    other = store.create_run("0", "other").info.run_id
    list(store.change_runs(many.Delete(), [*keys, store.row_key(other)]))
    wine = store.get_experiment_by_name("wine")
    assert wine is not None
    store.delete_experiment(wine.experiment_id)
    with pytest.raises(InvalidState, match=r"^The experiment wine is deleted; restore it first\.$"):
        list(store.change_runs(many.Restore(), [store.row_key(other), *keys]))
    assert all(deleted(store))
    result = cli("runs", "restore", everything(store)[1].info.run_id, "--yes")
    assert result.code == 2 and "experiment of run run1" in result.err
    store.restore_experiment(wine.experiment_id)
    list(store.change_runs(many.Restore(), keys))
    assert sum(deleted(store)) == 1


def test_mistakes_change_nothing(store: Store, keys: list[int]) -> None:
    gone = store.create_experiment("gone")
    store.delete_experiment(gone)
    before = everything(store)
    for change, error in (
        (many.Move("99"), NotFound),
        (many.Move(gone), InvalidState),
        (many.SetTags.to({"a//b": "1"}), InvalidInput),
    ):
        with pytest.raises(error):
            list(store.change_runs(change, keys))
    assert everything(store) == before


# experiments


def stop_after(calls: int) -> Callable[[int, int], None]:
    """A progress that is interrupted by its so many-th call."""
    seen: list[int] = []

    def progress(done: int, total: int) -> None:
        assert not seen or done > seen[-1]
        seen.append(done)
        if len(seen) == calls:
            raise KeyboardInterrupt

    return progress


def test_an_experiment_half_deleted_is_taken_up_again(
    store: Store, keys: list[int], small: None
) -> None:
    wine = store.get_experiment_by_name("wine")
    assert wine is not None
    with pytest.raises(KeyboardInterrupt):
        store.delete_experiment(wine.experiment_id, stop_after(2))
    assert store.get_experiment(wine.experiment_id).lifecycle_stage == LifecycleStage.DELETED
    assert sum(deleted(store)) == 7
    with pytest.raises(InvalidState):
        store.create_run(wine.experiment_id)
    store.delete_experiment(wine.experiment_id, stop_after(99))
    assert all(deleted(store))
    with pytest.raises(InvalidState):
        store.delete_experiment(wine.experiment_id)


@pytest.mark.parametrize("stop", [2, 3, 99])
def test_restoring_brings_back_just_what_was_deleted_with_it(
    store: Store, keys: list[int], small: None, stop: int
) -> None:
    wine = store.get_experiment_by_name("wine")
    assert wine is not None
    before = deleted(store)
    if stop < 99:
        with pytest.raises(KeyboardInterrupt):
            store.delete_experiment(wine.experiment_id, stop_after(stop))
        with pytest.raises(KeyboardInterrupt):
            store.restore_experiment(wine.experiment_id, stop_after(1))
        assert store.get_experiment(wine.experiment_id).lifecycle_stage == LifecycleStage.DELETED
    else:
        store.delete_experiment(wine.experiment_id)
    store.restore_experiment(wine.experiment_id)
    assert store.get_experiment(wine.experiment_id).lifecycle_stage == LifecycleStage.ACTIVE
    assert deleted(store) == before


# in the shell


@pytest.fixture
def interrupted(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """ctrl+C comes in the middle of the second piece."""
    counted: list[int] = []
    mark = pieces.Pace.took

    def took(self: pieces.Pace, seconds: float) -> None:
        counted.append(1)
        if len(counted) == 2:
            signal.raise_signal(signal.SIGINT)
        mark(self, seconds)

    monkeypatch.setattr(pieces.Pace, "took", took)


def test_ctrl_c_says_how_far_deleting_came(
    cli: Cli, store: Store, keys: list[int], interrupted: None
) -> None:
    result = cli("runs", "delete", "-x", "wine", "--yes")
    assert result.code == 130
    assert "stopped: 6 of 11 runs are deleted" in result.err
    assert result.out == ""
    undo = result.err.split("restore with: tuiflow ")[1].splitlines()[0].split()
    assert sum(deleted(store)) == 7
    assert undo[2] == "--deleted-at"
    assert cli(*undo, "--yes").code == 0
    assert sum(deleted(store)) == 1, "what was deleted before stays so"


def test_ctrl_c_says_how_far_tags_and_moves_came(
    cli: Cli, store: Store, keys: list[int], interrupted: None
) -> None:
    result = cli("runs", "tag", "-x", "wine", "team=z", "--yes")
    assert (result.code, result.out) == (130, "")
    assert "stopped: changed tags of 6 runs of 11" in result.err
    tags = [run.data.tags.get("team") for run in everything(store)]
    assert tags.count("z") == 6


def test_ctrl_c_says_how_far_an_experiment_came(
    cli: Cli, store: Store, keys: list[int], interrupted: None
) -> None:
    result = cli("experiments", "delete", "wine", "--yes")
    assert result.code == 130
    assert "and 6 of its 11 runs" in result.err
    assert cli("experiments", "delete", "wine", "--yes").code == 0
    assert all(deleted(store))
    assert cli("experiments", "delete", "wine", "--yes").code == 2
    assert "11 runs" in cli("experiments", "restore", "wine").out
    assert sum(deleted(store)) == 1


def test_ctrl_c_says_how_far_the_garbage_came(
    cli: Cli, store: Store, keys: list[int], interrupted: None
) -> None:
    store.delete_runs([run.info.run_id for run in everything(store)])
    result = cli("gc", "--yes")
    assert result.code == 130
    assert "stopped: 6 of 12 deleted runs are removed" in result.err
    assert len(everything(store)) == 6
    assert store.upkeep.check() == []
    assert cli("gc", "--yes").out.startswith("Removed 6 deleted runs")


# parents and children


@pytest.fixture
def family(store: Store) -> dict[str, str]:
    """`top` with children `left` and `right`, under which is `deep`; and `other`, of its own."""
    ids: dict[str, str] = {}
    for name, parent in (
        ("top", None),
        ("left", "top"),
        ("right", "top"),
        ("deep", "right"),
        ("other", None),
    ):
        tags = {TAG_PARENT: ids[parent]} if parent else {}
        ids[name] = store.create_run("0", name, tags=tags).info.run_id
        store.finish_run(ids[name], "FINISHED")
    return ids


def names(store: Store, view: ViewType = ViewType.ACTIVE_ONLY, home: str = "0") -> set[str]:
    return {run.info.run_name for run in store.search_runs(RunQuery((home,), view=view))}


def test_a_parent_is_deleted_and_restored_with_its_children(
    cli: Cli, store: Store, family: dict[str, str]
) -> None:
    assert cli("runs", "delete", "deep", "--yes").code == 0
    result = cli("runs", "delete", "top", "--nested", "--yes")
    assert result.out == "deleted 3 runs (top, …)\n"
    assert names(store) == {"other"}
    undo = result.err.split("restore with: tuiflow ")[1].split()
    assert "restored 3 runs" in cli(*undo, "--yes").out
    assert names(store) == {"top", "left", "right", "other"}, "what was deleted before stays so"


def test_a_parent_is_moved_with_its_children(
    cli: Cli, store: Store, family: dict[str, str]
) -> None:
    target = store.create_experiment("elsewhere")
    assert "moved 2 runs" in cli("runs", "move", "right", "elsewhere", "--nested").out
    assert names(store, home=target) == {"right", "deep"}
    assert "moved run other" in cli("runs", "move", "other", "elsewhere", "--nested").out


def test_what_is_nested_in_itself_comes_to_an_end(store: Store, family: dict[str, str]) -> None:
    store.log_batch(family["top"], tags=[RunTag(TAG_PARENT, family["deep"])])
    top = store.row_key(family["top"])
    found = store.load_runs(many.nested_in(store, [top]))
    assert {run.info.run_name for run in found} == {"left", "right", "deep"}
