"""Filter bar, saved views, pins, columns and their statistics on the Runs screen, by key."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from driving import current, messages, names, screen_text, until
from test_runs import NARROW, WIDE, opened
from textual.widgets import Input

from tuiflow.entities import Metric, Param
from tuiflow.store import Store
from tuiflow.store.views import View
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.choose import ChooseModal
from tuiflow.tui.modals.column_summary import ColumnSummaryModal
from tuiflow.tui.modals.columns import MOST, ColumnsModal
from tuiflow.tui.modals.confirm import ConfirmModal
from tuiflow.tui.modals.views import ViewNameModal, ViewsModal
from tuiflow.tui.widgets.experiments import Experiments
from tuiflow.tui.widgets.filter_bar import FilterBar
from tuiflow.tui.widgets.offers import Offers
from tuiflow.tui.widgets.run_table import RunTable

AppOf = Callable[[Store], TuiflowApp]


def table(app: TuiflowApp) -> RunTable:
    return app.screen.query_one(RunTable)


def shown(app: TuiflowApp) -> list[str]:
    return [column.id for column in table(app).columns]


def field(app: TuiflowApp) -> str:
    return app.screen.query_one("#filter", Input).value


async def column(pilot, column_id: str) -> None:
    """Put the cursor on this column."""
    at = table(pilot.app)
    place = [item.id for item in at.columns].index(column_id)
    while at.column is not at.columns[place]:
        here = list(at.columns).index(at.column)
        await pilot.press("l" if here < place else "h")


def listed(app: TuiflowApp) -> list[str]:
    return [offer.text for offer in app.screen.query_one(Offers)._offers]


async def test_a_filter_is_completed_word_by_word(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("slash")
        await until(pilot, lambda: app.screen.query_one(FilterBar).known)
        assert not listed(app), "nothing is offered before anything is typed"
        await pilot.press(*"rm")
        await until(pilot, lambda: listed(app) == ["metrics.rmse"])
        assert "metrics.rmse" in screen_text(app) and "metric" in screen_text(app)
        await pilot.pause(0.2)
        assert len(names(app)) == 7, "a word that may become a key is not searched for yet"
        await pilot.press("tab")
        assert field(app) == "metrics.rmse "
        await pilot.press("down", "down", "down", "enter")
        assert field(app) == "metrics.rmse < "
        await pilot.press(*"0.8 a", "tab", *"params.l1", "tab", *"=")
        await until(pilot, lambda: listed(app)[:2] == ["0.5", "0.1"])
        await pilot.press("up", "up")
        chosen = app.screen.query_one(Offers).chosen
        assert chosen is not None and chosen.text == listed(app)[-2]
        await pilot.press("escape")
        assert not listed(app)
        assert field(app) == "metrics.rmse < 0.8 AND params.l1_ratio ="
        await pilot.press(*" 0.1", "enter")
        await until(pilot, lambda: names(app) == ["bold-otter-7"])
        assert isinstance(app.focused, RunTable)


async def test_statuses_and_experiments_are_offered(app: TuiflowApp) -> None:
    async with opened(app, experiment=None) as pilot:
        await pilot.press("slash", *"status = 'f")
        await until(pilot, lambda: listed(app) == ["'FINISHED'", "'FAILED'"])
        await pilot.press("tab", *"and experiment = ")
        await until(pilot, lambda: "'wine'" in listed(app))
        await pilot.press(*"w", "tab")
        assert field(app) == "status = 'FINISHED' and experiment = 'wine' "
        await until(pilot, lambda: len(names(app)) == 6)
        await pilot.press("ctrl+@")
        assert listed(app)[:2] == ["AND", "OR"]


async def test_an_offer_is_clicked(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("slash", *"alp")
        await until(pilot, lambda: listed(app) == ["params.alpha"])
        await pilot.click(Offers, offset=(2, 0))
        await until(pilot, lambda: field(app) == "params.alpha ")


async def test_filters_that_were(app: TuiflowApp, app_of: AppOf) -> None:
    async with opened(app) as pilot:
        for text in ("params.alpha = 0.1", "crane"):
            await pilot.press("slash")
            app.screen.query_one("#filter", Input).value = text
            await until(pilot, lambda text=text: app.screen.query_one(FilterBar).text == text)
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.focused, RunTable))
        await until(pilot, lambda: app.store.get_state("runs.filters") is not None)
        await until(pilot, lambda: len(app.store.get_state("runs.filters")) == 2)
        await pilot.press("escape")
        await until(pilot, lambda: app.store.get_state("runs.view.1")["filter"] == "")
    again = app_of(app.store)
    async with opened(again) as pilot:
        await pilot.press("slash")
        bar = again.screen.query_one(FilterBar)
        await until(pilot, lambda: bar._history)
        await pilot.press("up")
        assert field(again) == "crane"
        await pilot.press("up", "up")
        assert field(again) == "params.alpha = 0.1"
        await until(pilot, lambda: names(again) == ["bold-otter-7"])
        await pilot.press("down", "down", "down")
        assert field(again) == ""


async def test_several_sort_keys(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await column(pilot, "params.l1_ratio")
        await pilot.press("o")
        await until(pilot, lambda: "› l1_ratio ↑" in screen_text(app))
        await column(pilot, "metrics.rmse")
        await pilot.press("O")
        await until(pilot, lambda: "› l1_ratio ↑, rmse ↑" in screen_text(app))
        await until(
            pilot,
            lambda: (
                names(app)[:4] == ["bold-otter-7", "wry-lemur-6", "able-crane-41", "bold-otter-3"]
            ),
        )
        titles = screen_text(app).splitlines()[2]
        assert "rmse↑2 alpha" in titles and "↑1 model" in titles
        await pilot.press("O")
        await until(pilot, lambda: names(app)[2] == "kind-finch-12")
        await pilot.press("o")
        await until(pilot, lambda: "runs › rmse ↑ ›" in screen_text(app).splitlines()[1])


async def test_the_arrow_of_age_points_as_ages_go(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await column(pilot, "age")
        await pilot.press("o")
        await until(pilot, lambda: "age ↑" in screen_text(app))
        assert names(app)[0] == "able-crane-41", "the youngest first"
        await pilot.press("o")
        await until(pilot, lambda: "age ↓" in screen_text(app) and names(app)[0] == "dire-moth-2")


async def test_a_view_is_saved_listed_and_shown(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("apostrophe")
        await until(pilot, lambda: "None yet" in screen_text(app))
        await pilot.press("escape")
        await column(pilot, "metrics.rmse")
        await pilot.press("o", "slash")
        app.screen.query_one("#filter", Input).value = "metrics.rmse < 0.8"
        await until(pilot, lambda: len(names(app)) == 3)
        await pilot.press("enter", "w")
        await until(pilot, lambda: isinstance(app.screen, ViewNameModal))
        await pilot.press("enter")
        assert "needs a name" in screen_text(app)
        await pilot.press(*"good ones", "enter")
        await until(pilot, lambda: "Saved the view good ones" in messages(app))
        await pilot.press("escape", "escape", "h", "o")
        await until(pilot, lambda: len(names(app)) == 7)
        await pilot.press("apostrophe")
        await until(pilot, lambda: isinstance(app.screen, ViewsModal))
        await until(pilot, lambda: "metrics.rmse < 0.8 · rmse ↑" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "wine › 3 of 7 runs › rmse ↑" in screen_text(app))
        assert names(app)[0] == "able-crane-41"


async def test_views_are_renamed_overwritten_and_deleted(app: TuiflowApp) -> None:
    views = app.store.views
    views.save("one", View(filter="crane"))
    views.save("two", View(filter="otter"))
    async with opened(app) as pilot:
        await pilot.press("apostrophe")
        await until(pilot, lambda: isinstance(app.screen, ViewsModal) and app.focused)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ViewNameModal))
        app.screen.query_one(Input).value = "two"
        await pilot.press("enter")
        assert "Another view has that name" in screen_text(app)
        app.screen.query_one(Input).value = "three"
        await pilot.press("enter")
        await until(pilot, lambda: list(views.list()) == ["three", "two"])
        await until(pilot, lambda: isinstance(app.screen, ViewsModal) and app.focused)
        await pilot.press("j", "D")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        assert "Delete the view two?" in screen_text(app)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: list(views.list()) == ["three"])
        await until(pilot, lambda: "z undoes it" in messages(app))
        await pilot.press("z")
        await until(pilot, lambda: list(views.list()) == ["three", "two"])
        await pilot.press("apostrophe")
        await until(pilot, lambda: isinstance(app.screen, ViewsModal) and app.focused)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ViewNameModal))
        await pilot.press(*"two", "enter")
        assert "enter again overwrites it" in screen_text(app)
        assert views.get("two").filter == "otter"
        await pilot.press("enter")
        await until(pilot, lambda: views.get("two").filter == "")


async def test_columns_are_reordered_and_kept(app: TuiflowApp, app_of: AppOf) -> None:
    async with opened(app) as pilot:
        before = shown(app)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, ColumnsModal))
        await pilot.press("down", "shift+down", "shift+down", "shift+down", "shift+up", "enter")
        moved = [before[0], *before[2:4], before[1], *before[4:]]
        await until(pilot, lambda: shown(app) == moved)
        await until(pilot, lambda: app.store.get_state("runs.view.1"))
    again = app_of(app.store)
    async with opened(again) as pilot:
        assert shown(again) == moved
        await pilot.press("c")
        await until(pilot, lambda: isinstance(again.screen, ColumnsModal))
        await pilot.press("ctrl+r")
        await until(pilot, lambda: shown(again) == before)


async def test_thousands_of_columns_are_found_by_typing(store: Store, app_of: AppOf) -> None:
    run = store.create_run("0", "wide").info.run_id
    store.log_batch(run, [Metric(f"layer{number:04}/norm", 1.0, 1) for number in range(1000)])
    app = app_of(store)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: names(app) == ["wide"])
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, ColumnsModal))
        assert app.screen.query_one("#columns").row_count == MOST + 1
        await pilot.press(*"r0777")
        await until(pilot, lambda: app.screen.query_one("#columns").row_count == 1)
        await pilot.press("space", "enter")
        await until(pilot, lambda: "metrics.layer0777/norm" in shown(app))


async def test_default_columns_are_the_most_used_keys(store: Store, app_of: AppOf) -> None:
    start = 1_000_000
    for number in range(130):
        run = store.create_run("0", f"run-{number}", start + number).info.run_id
        newest = number >= 125
        metrics = [Metric(f"odd{key}", 1.0, 1) for key in range(8)] if newest else []
        store.log_batch(run, [Metric("loss", 1.0, 1), *metrics], [Param("lr", str(number))])
    app = app_of(store)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: store.get_state("runs.columns.all"))
        assert shown(app)[4] == "metrics.loss", "though the first page has eight others"
        assert "params.lr" in shown(app)


async def test_columns_of_one_name_are_told_apart(store: Store, app_of: AppOf) -> None:
    run = store.create_run("0", "run").info.run_id
    store.log_batch(run, [Metric("model", 1.5, 1), Metric("x", 2.5, 1)], [Param("x", "a")])
    app = app_of(store)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: names(app) == ["run"])
        titles = screen_text(app).splitlines()[2].split()
        assert {"metrics.model", "model", "metrics.x", "params.x"} <= set(titles)
        await column(pilot, "metrics.model")
        await pilot.press("o")
        await until(pilot, lambda: "› metrics.model ↑" in screen_text(app))


async def test_pinned_columns_stay_when_others_scroll(app: TuiflowApp, app_of: AppOf) -> None:
    async with opened(app, NARROW) as pilot:
        await pilot.press("|")
        assert "always stays" in messages(app)
        await column(pilot, "metrics.rmse")
        await pilot.press("|")
        assert shown(app)[:2] == ["name", "metrics.rmse"]
        await pilot.press(*"lllllllll")
        assert table(app).column is table(app).columns[-1]
        titles = screen_text(app).splitlines()[2]
        assert titles.split()[:2] == ["name", "rmse"] and "‹" in titles and "age" not in titles
        await until(pilot, lambda: app.store.get_state("runs.view.1"))
    again = app_of(app.store)
    async with opened(again, NARROW) as pilot:
        assert shown(again)[:2] == ["name", "metrics.rmse"]
        assert "│" in screen_text(again).splitlines()[2]
        await pilot.press("l", "|")
        assert shown(again)[1] == "age"


async def test_no_column_stays_hidden_where_there_is_room(app: TuiflowApp) -> None:
    async with opened(app, (60, 20)) as pilot:
        await column(pilot, "model")
        assert "age" not in screen_text(app).splitlines()[2].split()
        await pilot.resize_terminal(150, 30)
        await until(pilot, lambda: "age" in screen_text(app).splitlines()[2].split())
        assert "‹" not in screen_text(app).splitlines()[2]


async def test_widths_are_chosen_and_kept(app: TuiflowApp, app_of: AppOf) -> None:
    async with opened(app) as pilot:
        before = table(app)._sheet.width(table(app).columns[0])
        await pilot.press(">", ">", ">", "<")
        await until(pilot, lambda: table(app)._sheet.width(table(app).columns[0]) == before + 4)
        await until(pilot, lambda: app.store.get_state("runs.view.1")["widths"])
    again = app_of(app.store)
    async with opened(again):
        assert table(again)._sheet.width(table(again).columns[0]) == before + 4


async def test_pinned_runs_stay_on_top(app: TuiflowApp, app_of: AppOf) -> None:
    async with opened(app) as pilot:
        await pilot.press("G", "P")
        await until(pilot, lambda: names(app)[0] == "dire-moth-2")
        assert current(app) == "dire-moth-2" and "▴✗ dire-moth-2" in screen_text(app)
        await pilot.press("space")
        assert "◈✗ dire-moth-2" in screen_text(app)
        await pilot.press("slash")
        app.screen.query_one("#filter", Input).value = "metrics.rmse < 0.8"
        await until(pilot, lambda: len(names(app)) == 4)
        assert names(app)[0] == "dire-moth-2", "the filter doesn't take it away"
        assert "3 of 7 runs" in screen_text(app)
        await pilot.press("enter", "u", "a")
        assert "3 marked" in screen_text(app), "but it isn't among those that match"
        await until(pilot, lambda: app.store.get_state("runs.view.1")["pinned_runs"])
    again = app_of(app.store)
    async with opened(again) as pilot:
        await until(pilot, lambda: len(names(again)) == 4)
        assert names(again)[0] == "dire-moth-2"
        await pilot.press("g", "P")
        await until(pilot, lambda: "dire-moth-2" not in names(again))


async def test_a_long_list_scrolls_under_the_pinned_runs(store: Store, app_of: AppOf) -> None:
    for number in range(60):
        store.create_run("0", f"run-{number:02}", 1000 * number)
    app = app_of(store)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: "60 runs" in screen_text(app))
        await pilot.press("j", "P")
        await until(pilot, lambda: names(app)[0] == "run-58")
        await pilot.press("G", "P")
        await until(pilot, lambda: names(app)[:2] == ["run-58", "run-00"])
        await pilot.press("G")
        lines = screen_text(app).splitlines()
        assert "run-58" in lines[3] and "run-00" in lines[4]
        assert current(app) == "run-01" and "run-01" in lines[-2]
        await pilot.press("pageup", "pageup")
        assert current(app) in screen_text(app)
        await pilot.press("g")
        assert current(app) == "run-58"
        lines = screen_text(app).splitlines()
        assert "run-59" in lines[5], "all of them were scrolled back into view"
        await pilot.click(RunTable, offset=(10, 2))
        assert current(app) == "run-00"


async def test_a_column_is_summed_up(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await column(pilot, "metrics.rmse")
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, ColumnSummaryModal))
        await until(pilot, lambda: "median 0.7927" in screen_text(app))
        text = screen_text(app)
        assert "rmse of 7 runs" in text and "n 6   missing 1" in text
        assert "min 0.7504" in text and "max 0.8587" in text and "mean 0.7971" in text
        assert "█" in text
        await pilot.press("escape", "slash")
        app.screen.query_one("#filter", Input).value = "crane"
        await until(pilot, lambda: len(names(app)) == 1)
        await pilot.press("enter")
        await column(pilot, "took")
        await pilot.press("i")
        await until(pilot, lambda: "took of 1 run · crane" in screen_text(app))
        assert "median 1.2s" in screen_text(app)


async def test_short_runs_are_summed_up_in_milliseconds(
    store: Store, app_of: Callable[[Store], TuiflowApp]
) -> None:
    experiment = store.create_experiment("wine")
    for took in (3, 14, 40):
        run_id = store.create_run(experiment, f"took-{took}", 1_700_000_000_000).info.run_id
        store.finish_run(run_id, "FINISHED", 1_700_000_000_000 + took)
    app = app_of(store)
    async with opened(app) as pilot:
        await column(pilot, "took")
        await pilot.press("i")
        await until(pilot, lambda: "median 14 ms" in screen_text(app))
        text = screen_text(app)
        assert "min 3 ms" in text and "max 40 ms" in text and "0.0s –" not in text
        bins = re.findall(r"[\d.]+ ms – [\d.]+ ms", text)
        assert len(bins) == len(set(bins)) > 1


async def test_texts_are_counted(app: TuiflowApp) -> None:
    async with opened(app, experiment=None) as pilot:
        await column(pilot, "experiment")
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, ColumnSummaryModal))
        await until(pilot, lambda: "distinct texts 3" in screen_text(app))
        bars = [line for line in screen_text(app).splitlines() if "█" in line]
        found = [
            name for line in bars for name in ("wine", "grid-search", "digits") if name in line
        ]
        assert found[:1] == ["wine"] and len(bars) >= 3


async def test_live_runs_are_followed(app: TuiflowApp) -> None:
    async with opened(app, experiment="digits") as pilot:
        await pilot.press("G", "f")
        await until(pilot, lambda: current(app) == "deep-panda-2")
        await until(pilot, lambda: "following" in screen_text(app))
        await pilot.press("G")
        app.store.create_run("2", "newer", app.clock() - 100)
        app.store_changed()
        await until(pilot, lambda: current(app) == "newer")
        await pilot.press("G", "f")
        await until(pilot, lambda: "following" not in screen_text(app))
        app.store.create_run("2", "newest", app.clock() - 50)
        app.store_changed()
        await until(pilot, lambda: names(app)[0] == "newest")
        assert current(app) == "lost-heron-9"


async def test_nothing_live_is_said(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("f")
        await until(pilot, lambda: "No run is live here" in messages(app))
        await pilot.press("escape")
        await until(pilot, lambda: "following" not in screen_text(app))


async def test_what_to_copy_is_chosen(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await column(pilot, "metrics.rmse")
        await pilot.press("o", "Y")
        await until(pilot, lambda: isinstance(app.screen, ChooseModal))
        await until(pilot, lambda: "tuiflow runs" in screen_text(app))
        await pilot.press("j", "j", "enter")
        await until(pilot, lambda: app.clipboard == "0.75043")
        assert "Rmse sent to the terminal's clipboard" in messages(app)
        await pilot.press("Y")
        await until(pilot, lambda: isinstance(app.screen, ChooseModal))
        await pilot.press("G", "enter")
        command = "tuiflow runs --experiment wine --sort metrics.rmse"
        await until(pilot, lambda: app.clipboard == command)


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_experiments_come_and_go_at_every_width(
    app: TuiflowApp, size: tuple[int, int]
) -> None:
    async with opened(app, size) as pilot:
        pane = app.screen.query_one(Experiments)
        before = pane.display
        await pilot.press("E")
        assert pane.display is not before
        await pilot.press("E")
        assert pane.display is before
        assert isinstance(app.focused, RunTable)
