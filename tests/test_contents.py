"""Contents of runs: stored once by hash, shared by runs, dropped when no run has them."""

from __future__ import annotations

import sqlite3

import pytest

from tuiflow.errors import InvalidState, NotFound, StoreError
from tuiflow.store import Store


@pytest.fixture
def run_ids(store: Store) -> list[str]:
    return [store.create_run("0").info.run_id for _ in range(3)]


def stored(store: Store) -> list[tuple[int, int]]:
    with sqlite3.connect(store.database) as conn:
        rows = conn.execute("SELECT size, length(data) FROM contents ORDER BY size").fetchall()
    conn.close()
    return rows


def test_the_same_bytes_are_stored_once(store: Store, run_ids: list[str]) -> None:
    data = b"numpy==2.0\n" * 10_000
    for run_id in run_ids:
        store.contents.put(run_id, "packages", "", data)
        store.contents.put(run_id, "source", "train.py", b"")
    [(empty, _), (size, packed)] = stored(store)
    assert (empty, size) == (0, len(data))
    assert packed < len(data) / 100
    for run_id in run_ids:
        assert store.contents.get(run_id, "packages") == data
        assert store.contents.get(run_id, "source", "train.py") == b""
        found = store.contents.list(run_id)
        assert [(item.kind, item.name, item.size) for item in found] == [
            ("packages", "", len(data)),
            ("source", "train.py", 0),
        ]
        assert len(found[0].sha256) == 64


def test_what_is_put_again_takes_its_place(store: Store, run_ids: list[str]) -> None:
    one, two, _ = run_ids
    store.contents.put(one, "patch", "", b"a")
    store.contents.put(two, "patch", "", b"a")
    store.contents.put(one, "patch", "", b"b")
    assert store.contents.get(one, "patch") == b"b"
    assert store.contents.get(two, "patch") == b"a"


def test_what_no_run_has_is_dropped(store: Store, run_ids: list[str]) -> None:
    one, two, _ = run_ids
    store.contents.put(one, "patch", "", b"shared")
    store.contents.put(two, "patch", "", b"shared")
    store.contents.put(two, "source", "a.py", b"old")
    store.contents.put(two, "source", "a.py", b"new")
    before = stored(store)
    store.upkeep.collect_garbage(0)
    assert len(stored(store)) == len(before) - 1
    assert store.contents.get(two, "source", "a.py") == b"new"
    assert store.contents.get(one, "patch") == store.contents.get(two, "patch") == b"shared"


def test_mistakes(store: Store, run_ids: list[str]) -> None:
    with pytest.raises(NotFound, match="has no patch"):
        store.contents.get(run_ids[0], "patch")
    with pytest.raises(NotFound, match=r"has no source 'a\.py'"):
        store.contents.get(run_ids[0], "source", "a.py")
    for act in (
        lambda: store.contents.put("0" * 32, "patch", "", b""),
        lambda: store.contents.get("0" * 32, "patch", ""),
        lambda: store.contents.list("0" * 32),
    ):
        with pytest.raises(NotFound, match="No run"):
            act()
    store.delete_runs(run_ids[:1])
    with pytest.raises(InvalidState, match="restore"):
        store.contents.put(run_ids[0], "patch", "", b"")


@pytest.mark.parametrize("damage", ["zeroblob(3)", "x'789c030000000001'"])
def test_damage_is_told(store: Store, run_ids: list[str], damage: str) -> None:
    store.contents.put(run_ids[0], "patch", "", b"text")
    with sqlite3.connect(store.database) as conn:
        conn.execute(f"UPDATE contents SET data = {damage}")
    conn.close()
    with pytest.raises(StoreError, match="damaged"):
        store.contents.get(run_ids[0], "patch")
