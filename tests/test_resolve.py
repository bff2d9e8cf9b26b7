"""What a person may write for a run."""

from __future__ import annotations

import math
import sqlite3
import time

import pytest

from tuiflow.entities import Metric, Run
from tuiflow.errors import Ambiguous, NotFound
from tuiflow.store import Store


def make(store: Store, name: str, *, experiment: str = "0", age: int = 0, **metrics: float) -> Run:
    now = time.time_ns() // 1_000_000
    run = store.create_run(experiment, name, now - age)
    store.log_batch(run.info.run_id, [Metric(key, value, now) for key, value in metrics.items()])
    return run


def give_id(store: Store, run: Run, run_id: str) -> None:
    """Ids are random; the start of an id needs one that is known."""
    conn = sqlite3.connect(store.database)
    with conn:
        new, old = bytes.fromhex(run_id), bytes.fromhex(run.info.run_id)
        conn.execute("UPDATE runs SET uuid = ? WHERE uuid = ?", (new, old))
    conn.close()


def test_full_id_also_of_a_deleted_run(store: Store) -> None:
    run_id = make(store, "one").info.run_id
    store.delete_runs([run_id])
    assert store.resolve_run(run_id) == run_id
    assert store.resolve_run(f" {run_id.upper()} ", ("77",)) == run_id


def test_start_of_an_id(store: Store) -> None:
    ids = ["abcd" + "0" * 28, "abce" + "0" * 28, "abce" + "f" * 28]
    for run_id in ids:
        give_id(store, make(store, f"run {run_id[:4]}"), run_id)
    assert store.resolve_run("abcd") == ids[0]
    assert store.resolve_run("ABCE0") == ids[1]
    assert store.resolve_run("abce" + "f" * 27) == ids[2]
    with pytest.raises(Ambiguous, match="'abce' is the start of the id of 2 runs; give the id of"):
        store.resolve_run("abce")
    with pytest.raises(NotFound):
        store.resolve_run("abc")  # too short to mean an id
    store.delete_runs([ids[1]])
    assert store.resolve_run("abce") == ids[2]  # a deleted run gives way
    assert store.resolve_run("abce0") == ids[1]


def test_name(store: Store) -> None:
    run_id = make(store, "bold-otter-3").info.run_id
    give_id(store, make(store, "other"), "cafe" + "0" * 28)
    named = make(store, "cafe").info.run_id
    assert store.resolve_run("bold-otter-3") == run_id
    assert store.resolve_run("cafe") == named  # a name before the start of an id
    store.delete_runs([run_id])
    with pytest.raises(NotFound):
        store.resolve_run("bold-otter-3")


def test_ambiguous_name_lists_the_runs_newest_first(store: Store) -> None:
    wine = store.create_experiment("wine\x1b[31m")
    old = make(store, "twin", experiment=wine, age=7_200_000 + 5_000).info.run_id
    new = make(store, "twin", age=180_000 + 5_000).info.run_id
    with pytest.raises(Ambiguous) as caught:
        store.resolve_run("twin")
    assert caught.value.message == "'twin' is the name of 2 runs; give the id of one."
    assert caught.value.candidates == (
        f"{new}  twin  Default  3m ago",
        f"{old}  twin  wine␛[31m  2h ago",
    )
    assert store.resolve_run("twin", (wine,)) == old


def test_many_candidates_are_cut(store: Store) -> None:
    for number in range(12):
        make(store, "twin", age=number)
    with pytest.raises(Ambiguous, match="12 runs") as caught:
        store.resolve_run("twin")
    assert len(caught.value.candidates) == 10


def test_latest(store: Store) -> None:
    with pytest.raises(NotFound, match="no run yet"):
        store.resolve_run("latest")
    other = store.create_experiment("other")
    middle = make(store, "middle", experiment=other, age=2_000).info.run_id
    make(store, "oldest", age=3_000)
    newest = make(store, "newest", age=1_000).info.run_id
    assert store.resolve_run("latest") == newest
    assert store.resolve_run("latest", (other,)) == middle
    store.delete_runs([newest])
    assert store.resolve_run("latest") == middle


def test_best(store: Store) -> None:
    runs = {
        name: make(store, name, rmse=rmse, acc=acc, nothing=math.nan).info.run_id
        for name, rmse, acc in [("a", 0.9, 0.9), ("b", 0.7, 0.1), ("c", math.nan, math.nan)]
    }
    gone = make(store, "gone", rmse=0.1).info.run_id
    store.delete_runs([gone])
    assert store.resolve_run("best:rmse") == runs["b"]
    assert store.resolve_run("best:acc") == runs["a"]
    with pytest.raises(NotFound, match="No active run has a metric 'nothing' that is a number"):
        store.resolve_run("best:nothing")
    with pytest.raises(NotFound, match=r"No run has a metric 'rsme'; did you mean rmse\?"):
        store.resolve_run("best:rsme")
    with pytest.raises(NotFound, match=r"No run has a metric ''\."):
        store.resolve_run("best:")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bold-oter-3", "There is no run 'bold-oter-3'; did you mean bold-otter-3?"),
        ("OTTER", "There is no run 'OTTER'; did you mean bold-otter-3?"),
        ("nothing like it", "There is no run 'nothing like it'."),
        ("0" * 32, f"There is no run '{'0' * 32}'."),
        ("", "There is no run ''."),
        ("\x1b[31m", "There is no run '\\x1b[31m'."),
    ],
)
def test_not_found_suggests(store: Store, text: str, said: str) -> None:
    make(store, "bold-otter-3")
    with pytest.raises(NotFound) as caught:
        store.resolve_run(text)
    assert caught.value.message == said
