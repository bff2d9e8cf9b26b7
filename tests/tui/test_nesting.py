"""Children under their parents: nested, folded, in one list."""

from __future__ import annotations

from array import array

from driving import messages, names, screen_text, until
from hypothesis import given
from hypothesis import strategies as st

from tuiflow.nesting import nest
from tuiflow.store import Store
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
        await until(pilot, lambda: names(app) == [*UNFOLDED[1:], "grid"])
        await pilot.press("Z")
        await until(pilot, lambda: names(app) == UNFOLDED)


runs = st.integers(1, 12)


@given(
    st.lists(runs, unique=True),
    st.dictionaries(runs, runs),
    st.frozensets(runs),
)
def test_every_run_is_shown_or_folded_away_once(keys, parents, folded) -> None:
    nested = nest(array("q", keys), parents, folded.__contains__)
    assert sorted([*nested.keys, *nested.hidden]) == sorted(keys)
    shown = list(nested.keys)
    for place, key in enumerate(shown):
        depth = nested.depths.get(key, 0)
        if depth:
            above = next(k for k in shown[:place][::-1] if nested.depths.get(k, 0) < depth)
            assert parents[key] == above and not nested.branches[above].folded
    for key, branch in nested.branches.items():
        assert branch.folded == (key in folded) and branch.children
    # Among siblings, and among roots, the order stays.
    for level in {(parents.get(k) if nested.depths.get(k) else None) for k in shown}:
        of = [k for k in shown if (parents.get(k) if nested.depths.get(k) else None) == level]
        if level is not None:
            assert of == sorted(of, key=keys.index)
