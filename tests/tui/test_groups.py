"""The runs by what they have of a key."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from driving import names, screen_text, until
from hypothesis import given
from hypothesis import strategies as st

from tuiflow.entities import Metric
from tuiflow.filters import Key, Kind, parse_filter
from tuiflow.filters.tree import Compare, IsNull, Op
from tuiflow.filters.writing import both, condition
from tuiflow.store import Store
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.views import save_last_experiment


def wine(store: Store) -> str:
    experiment = store.get_experiment_by_name("wine")
    assert experiment is not None
    return experiment.experiment_id


def lines_of(app: TuiflowApp) -> list[list[str]]:
    return [line.strip(" ▌").split() for line in screen_text(app).splitlines()[3:] if line.strip()]


async def at_column(pilot, key: str) -> None:
    table = pilot.app.screen.table
    await until(pilot, lambda: any(str(column.key) == key for column in table.columns))
    while str(table.column.key) != key:
        await pilot.press("l")


async def test_runs_are_grouped_and_a_group_is_shown(app: TuiflowApp) -> None:
    save_last_experiment(app.store, wine(app.store))
    async with app.run_test(size=(120, 40)) as pilot:
        await at_column(pilot, "params.l1_ratio")
        await pilot.press("b")
        await until(pilot, lambda: "by params.l1_ratio › 4 groups" in screen_text(app))
        assert [line[:2] for line in lines_of(app)[:4]] == [
            *(["0.1", "1"], ["0.25", "1"], ["0.5", "4"], ["0.9", "1"])
        ]
        half = next(line for line in lines_of(app) if line[0] == "0.5")
        assert "0.8105" in half and "0.7504" in half and "0.8587" in half  # of rmse
        await pilot.press("o")
        await until(pilot, lambda: "sorted by runs" in screen_text(app))
        assert lines_of(app)[0][:2] == ["0.5", "4"]
        await pilot.press("enter")
        await until(pilot, lambda: len(names(app)) == 4)
        assert "params.l1_ratio = 0.5" in screen_text(app)
        assert "4 of 7 runs" in screen_text(app)


async def test_another_key_is_chosen(app: TuiflowApp) -> None:
    save_last_experiment(app.store, wine(app.store))
    async with app.run_test(size=(120, 40)) as pilot:
        await at_column(pilot, "metrics.rmse")
        await pilot.press("b")  # hardly two runs have the same: it asks
        await until(pilot, lambda: "Group by" in screen_text(app))
        await pilot.press(*"status", "enter")
        await until(pilot, lambda: "by status › 2 groups" in screen_text(app))
        await pilot.press("b")
        await until(pilot, lambda: "Group by" in screen_text(app))
        await pilot.press(*"team", "enter")
        await until(pilot, lambda: "by tags.team › 2 groups" in screen_text(app))
        assert "(none)" in screen_text(app) and "cellar" in screen_text(app)
        await pilot.press("j", "enter")
        await until(pilot, lambda: "tags.team IS NULL" in screen_text(app))


async def test_groups_follow_the_store(app: TuiflowApp) -> None:
    store = app.store
    save_last_experiment(store, wine(store))
    async with app.run_test(size=(120, 40)) as pilot:
        await at_column(pilot, "params.l1_ratio")
        await pilot.press("b")
        await until(pilot, lambda: "4 groups" in screen_text(app))
        run = store.create_run(wine(store), "new", params={"l1_ratio": "0.75"})
        store.log_batch(run.info.run_id, [Metric("rmse", 0.5, 1)])
        app.store_changed()
        await until(pilot, lambda: "5 groups" in screen_text(app))


@pytest.mark.parametrize("width", [80, 120])
async def test_long_values_are_told_apart(
    store: Store, app_of: Callable[[Store], TuiflowApp], width: int
) -> None:
    experiment = store.create_experiment("wine")
    for number in range(3):
        found = store.create_run(experiment, params={"data": f"/data/wine/version-{number}.csv"})
        metrics = [Metric(f"validation/{name}", number / 7, 1) for name in "abcd"]
        store.log_batch(found.info.run_id, metrics)
    save_last_experiment(store, experiment)
    app = app_of(store)
    async with app.run_test(size=(width, 24)) as pilot:
        await at_column(pilot, "params.data")
        await pilot.press("b")
        await until(pilot, lambda: "3 groups" in screen_text(app))
        heading = screen_text(app).splitlines()[2]
        assert "/a mean" in heading and "/d mean" not in heading
        shown = [line[0] for line in lines_of(app)[:3]]
        assert len(set(shown)) == 3 and all(len(value) >= 20 for value in shown)
        parts = heading.split()
        assert parts.count("mean") == parts.count("min") == parts.count("max")


async def test_the_sorted_metric_is_summed_up(app: TuiflowApp) -> None:
    save_last_experiment(app.store, wine(app.store))
    async with app.run_test(size=(120, 40)) as pilot:
        await at_column(pilot, "metrics.rmse")
        await pilot.press("o")
        await until(pilot, lambda: "best 0.7504 · median 0.7927 · n 6" in screen_text(app))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_groups_look(snap_compare, app: TuiflowApp, size: tuple[int, int]) -> None:
    save_last_experiment(app.store, wine(app.store))

    async def prepare(pilot) -> None:
        await at_column(pilot, "params.l1_ratio")
        await pilot.press("b")
        await until(pilot, lambda: "4 groups" in screen_text(app))

    assert snap_compare(app, terminal_size=size, run_before=prepare)


keys = st.builds(
    Key,
    st.sampled_from([Kind.PARAM, Kind.TAG]),
    st.text(min_size=1).filter(lambda k: "\0" not in k),
)
values = st.none() | st.floats(allow_nan=False) | st.text()


@given(keys, values)
def test_conditions_are_read_as_they_were_written(key: Key, value: float | str | None) -> None:
    expected = IsNull(key) if value is None else Compare(key, Op.EQ, value)
    assert parse_filter(condition(key, value)) == expected


def test_filters_are_joined() -> None:
    assert both("", "a = 1") == "a = 1"
    assert both("x OR y", "tags.a = 'b'") == "(x OR y) AND tags.a = 'b'"
