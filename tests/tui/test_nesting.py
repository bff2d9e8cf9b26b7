"""Children under their parents: nested, folded, in one list."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest
from driving import messages, names, screen_text, until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuiflow import nesting
from tuiflow.entities import TAG_PARENT
from tuiflow.nesting import Links, nest
from tuiflow.store import Store
from tuiflow.store.vectors.nesting import links as vector_links
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.views import load_view, save_last_experiment

UNFOLDED = ["grid", "trial-0", "trial-1", "trial-2"]
NEWEST_FIRST = ["grid", "trial-2", "trial-1", "trial-0"]


def search_id(store: Store) -> str:
    experiment = store.get_experiment_by_name("grid-search")
    assert experiment is not None
    return experiment.experiment_id


async def test_children_stand_under_their_parent(app: TuiflowApp) -> None:
    save_last_experiment(app.store, search_id(app.store))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: len(names(app)) == 4 and names(app)[0] == "grid")
        children = names(app)[1:]
        assert sorted(children) == UNFOLDED[1:]
        text = screen_text(app)
        assert "▾ grid" in text and f"  {children[0]}" in text and "↳" not in text

        await pilot.press("j", "equals_sign")  # on a child: its parent is folded
        await until(pilot, lambda: names(app) == ["grid"])
        assert "▸ grid (3)" in screen_text(app) and "4 runs" in screen_text(app)
        await pilot.press("equals_sign")
        await until(pilot, lambda: names(app) == ["grid", *children])

        await pilot.press("Z")
        await until(pilot, lambda: names(app) == ["grid"])
        await pilot.press("a")  # every matching run, also those that are folded away
        await until(pilot, lambda: "4 marked" in screen_text(app))
        await pilot.press("u", "Z")
        await until(pilot, lambda: len(names(app)) == 4 and "▾" not in screen_text(app))
        assert "↳ trial-0" in screen_text(app)
        await pilot.press("equals_sign")
        await until(pilot, lambda: "Z puts children under their parents" in messages(app))
        await until(pilot, lambda: load_view(app.store, search_id(app.store)).nesting == "flat")


async def test_a_chosen_order_puts_all_in_one_list_unless_nested(app: TuiflowApp) -> None:
    save_last_experiment(app.store, search_id(app.store))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: len(names(app)) == 4)
        screen = app.screen
        while str(screen.table.column and screen.table.column.key) != "metrics.score":
            await pilot.press("l")
        await pilot.press("o")
        await until(pilot, lambda: names(app) == [*NEWEST_FIRST[1:], "grid"])
        await pilot.press("Z")
        await until(pilot, lambda: names(app) == NEWEST_FIRST)


runs = st.integers(1, 12)


@pytest.fixture(params=["few", "many"])
def however_many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of nesting; the one for many does what it can."""
    if request.param == "many":
        pytest.importorskip("numpy")
        monkeypatch.setattr(nesting, "_MANY", -1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.lists(runs, unique=True),
    parents=st.dictionaries(runs, runs),
    folded=st.frozensets(runs),
)
def test_every_run_is_shown_or_folded_away_once(however_many, keys, parents, folded) -> None:
    links = Links(array("q", parents.keys()), array("q", parents.values()))
    nested = nest(array("q", keys), links, folded.__contains__)
    shown, depths = list(nested.keys), list(nested.depths) or [0] * len(nested.keys)
    assert sorted([*shown, *nested.hidden]) == sorted(keys)
    assert len(depths) == len(shown)
    leaders: dict[int | None, list[int]] = {}
    for place, (key, depth) in enumerate(zip(shown, depths, strict=True)):
        above = next((i for i in range(place)[::-1] if depths[i] < depth), None)
        if depth:
            assert above is not None and parents[key] == shown[above]
            assert depths[above] == depth - 1 and not nested.branches[shown[above]].folded
        leaders.setdefault(None if above is None else shown[above], []).append(key)
    for key, branch in nested.branches.items():
        assert branch.folded == (key in folded) and branch.children
    for leader, siblings in leaders.items():
        if leader is not None:
            assert siblings == sorted(siblings, key=keys.index)


@given(
    st.lists(runs, unique=True), st.dictionaries(st.integers(1, 6), st.integers(7, 12)), st.data()
)
def test_both_ways_nest_alike(keys, parents, data) -> None:
    np = pytest.importorskip("numpy")
    folded = data.draw(st.frozensets(runs)).__contains__
    links = Links(array("q", parents.keys()), array("q", parents.values()))
    many = nesting._nest_many(np, array("q", keys), links, folded)
    few = nesting._nest(array("q", keys), parents, folded)
    assert many is not None and many.keys == few.keys and many.branches == few.branches
    assert bytes(many.depths) == few.depths and sorted(many.hidden) == sorted(few.hidden)


def test_links_are_the_same_from_rows_and_columns(seeded: Store) -> None:
    child = seeded.create_run("0", tags={TAG_PARENT: "no run id"})
    seeded.create_run("0", tags={TAG_PARENT: "0" * 32})
    seeded.create_run("0", tags={TAG_PARENT: child.info.run_id})
    rows = seeded.parents()
    assert len(rows.children) == 4
    assert seeded.parents(rows.children[:2]).children == rows.children[:2]
    with seeded._db.read() as conn, seeded._searches._source(conn) as source:
        columns = vector_links(source)
    assert sorted(zip(*columns, strict=True)) == sorted(zip(*rows, strict=True))


async def test_all_can_be_marked_once_all_are_found(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: names(app) and not app.screen.waiting("runs"))
        table = app.screen.table
        whole = table.found
        table.found = replace(whole, partial=True)
        await pilot.press("a")
        await until(pilot, lambda: "Still searching" in messages(app))
        assert not table.marks
        table.found = whole
        await pilot.press("a")
        await until(pilot, lambda: len(table.marks) == whole.count)
