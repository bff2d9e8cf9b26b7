"""The Runs screen, key by key, over a real store."""

from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from driving import current, messages, names, screen_text, until
from textual import events
from textual.widgets import Input, TextArea

from tuiflow.entities import TAG_NOTE, Metric, Param, ViewType
from tuiflow.errors import StoreError
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, open_store
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.columns import ColumnsModal
from tuiflow.tui.modals.confirm import ConfirmModal
from tuiflow.tui.modals.export import ExportModal
from tuiflow.tui.modals.help import HelpModal
from tuiflow.tui.modals.note import NoteModal
from tuiflow.tui.modals.tags import TagsModal
from tuiflow.tui.screens.compare import CompareScreen
from tuiflow.tui.screens.run import RunScreen
from tuiflow.tui.screens.runs import RunsScreen
from tuiflow.tui.views import save_last_experiment
from tuiflow.tui.widgets.experiments import Experiments
from tuiflow.tui.widgets.preview import Preview
from tuiflow.tui.widgets.run_table import RunTable

WIDE, NARROW = (120, 40), (80, 24)


@asynccontextmanager
async def opened(app: TuiflowApp, size: tuple[int, int] = WIDE, experiment: str | None = "wine"):
    """The app on the runs of this experiment, all of them read."""
    found = app.store.get_experiment_by_name(experiment) if experiment else None
    save_last_experiment(app.store, found and found.experiment_id)
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = app.screen
        assert isinstance(screen, RunsScreen)
        await until(pilot, lambda: screen.table.keys and not screen.waiting("runs"))
        await until(pilot, lambda: screen.query_one(Experiments).row_count)
        yield pilot


async def type_filter(pilot, text: str) -> None:
    await pilot.press("slash")
    pilot.app.screen.query_one("#filter", Input).value = text
    await pilot.pause()


async def test_newest_first_with_numbers_that_compare(app: TuiflowApp) -> None:
    async with opened(app):
        assert names(app)[:3] == ["able-crane-41", "bold-otter-7", "bold-otter-3"]
        text = screen_text(app)
        assert "wine › 7 runs" in text
        row = next(line for line in text.splitlines() if "able-crane-41" in line)
        assert [part for part in row.split() if part[0].isdigit()][-5:] == [
            *("0.5837", "0.2726", "0.7504", "0.001", "0.5")
        ]
        failed = next(line for line in text.splitlines() if "dire-moth-2" in line)
        assert "✗" in failed and failed.count("–") == 3


async def test_moving(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        for keys, expected in (
            (["j"], "bold-otter-7"),
            (["down"], "bold-otter-3"),
            (["k"], "bold-otter-7"),
            (["G"], "dire-moth-2"),
            (["j"], "dire-moth-2"),
            (["g"], "able-crane-41"),
            (["up"], "able-crane-41"),
            (["pagedown"], "dire-moth-2"),
            (["ctrl+u"], "able-crane-41"),
        ):
            await pilot.press(*keys)
            assert current(app) == expected, keys


async def test_sort_by_the_column_under_the_cursor_and_back(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        table = app.screen.query_one(RunTable)
        while table.column is None or table.column.id != "metrics.rmse":
            await pilot.press("l")
        await pilot.press("j", "j", "o")
        await until(
            pilot, lambda: names(app)[0] == "able-crane-41" and "rmse ↑" in screen_text(app)
        )
        assert names(app)[1] == "wry-lemur-6"
        assert names(app)[-1] == "dire-moth-2", "missing values come last"
        assert current(app) == "bold-otter-3", "the cursor stays on its run"
        await pilot.press("o")
        await until(pilot, lambda: names(app)[0] == "kind-finch-12")
        assert names(app)[-1] == "dire-moth-2"
        assert "rmse ↓" in screen_text(app)


async def test_filter_is_live_and_keeps_the_last_good_result(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("j", "space")
        await type_filter(pilot, "metrics.rmse < 0.8")
        await until(pilot, lambda: len(names(app)) == 3)
        assert "3 of 7 runs" in screen_text(app)
        await type_filter(pilot, "metrics.rmse < 0.8 adn params.alpha = 1")
        await until(pilot, lambda: "^^^" in screen_text(app))
        lines = screen_text(app).splitlines()
        at = next(number for number, line in enumerate(lines) if "^^^" in line)
        assert lines[at].index("^^^") == lines[at - 1].index("adn")
        assert "did you mean AND?" in lines[at] and "last good result shown" in lines[at]
        assert len(names(app)) == 3
        await type_filter(pilot, "metrics.rmse < 0.8 and params.alpha = 0.05")
        await until(pilot, lambda: names(app) == ["wry-lemur-6"])
        assert "1 marked" in screen_text(app), "marks stay on runs that are not shown"
        await pilot.press("escape", "escape")
        await until(pilot, lambda: len(names(app)) == 7)
        assert isinstance(app.focused, RunTable)


async def test_letters_do_nothing_while_typing(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("slash", *"qDx1", "question_mark", "colon", "space", "t")
        assert app.screen.query_one("#filter", Input).value == "qDx1?: t"
        assert isinstance(app.screen, RunsScreen)
        assert isinstance(app.focused, Input)


async def test_a_filter_without_a_match_says_how_to_go_on(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await type_filter(pilot, "metrics.rmse < 0")
        await until(pilot, lambda: "No run matches the filter. esc clears it." in screen_text(app))
        await pilot.press("enter", "enter")
        assert "There is no run here" in messages(app)


async def test_cursor_comes_back_to_its_run_with_it(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("j", "j", "j")
        await type_filter(pilot, "metrics.rmse < 0.8")
        await until(pilot, lambda: len(names(app)) == 3)
        assert current(app) != "mild-heron-2"
        await type_filter(pilot, "metrics.rmse < 0")
        await until(pilot, lambda: not names(app))
        await pilot.press("escape")
        await until(pilot, lambda: len(names(app)) == 7)
        assert current(app) == "mild-heron-2"


async def test_marks_by_key(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        marks = app.screen.query_one(RunTable).marks
        await pilot.press("space", "space")
        assert len(marks) == 2 and current(app) == "bold-otter-3"
        await pilot.press("u")
        assert not marks
        await pilot.press("g", "v", "j", "j", "k", "v", "j", "j")
        assert len(marks) == 2
        await pilot.press("a")
        assert len(marks) == 7
        assert "7 marked" in screen_text(app)
        await pilot.press("u", "G", "v", "k", "k", "escape", "k")
        assert len(marks) == 3, "esc ends the range and keeps it"


async def test_diff_of_marked_runs(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("d")
        assert "Mark two or more runs" in messages(app)
        await pilot.press("j", "space", "k", "k", "space", "d")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        screen = app.screen
        assert isinstance(screen, CompareScreen)
        ids = [app.store.get_run(run_id).info.run_name for run_id in screen._run_ids]
        assert ids == ["bold-otter-7", "able-crane-41"], "the first marked is the baseline"
        await pilot.press("escape")
        assert isinstance(app.screen, RunsScreen)


async def test_diff_of_one_marked_run_against_the_cursor(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("space", "k", "d")
        assert "Move to another run" in messages(app)
        await pilot.press("j", "j", "d")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))


async def test_open_a_run_and_come_back(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await pilot.press("escape")
        assert isinstance(app.screen, RunsScreen)
        assert current(app) == "bold-otter-7"


async def test_delete_names_the_run_and_undo_brings_it_back(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("j", "D")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        assert "Delete bold-otter-7?" in screen_text(app)
        assert app.focused is not None and app.focused.id == "cancel"
        await pilot.press("enter")
        assert len(names(app)) == 7, "Cancel comes first"
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "bold-otter-7" not in names(app))
        assert current(app) == "bold-otter-3"
        assert "z undoes it" in messages(app)
        await pilot.press("z")
        await until(pilot, lambda: "bold-otter-7" in names(app))
        await pilot.press("z")
        assert "Nothing to undo" in messages(app)


async def test_deleted_runs_are_shown_and_restored(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("space", "space", "D")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        assert "able-crane-41" in screen_text(app) and "bold-otter-7" in screen_text(app)
        await pilot.press("right", "enter")
        await until(pilot, lambda: len(names(app)) == 5)
        await pilot.press("full_stop")
        await until(pilot, lambda: names(app) == ["able-crane-41", "bold-otter-7"])
        assert "2 deleted runs" in screen_text(app)
        await pilot.press("D")
        assert "able-crane-41 is deleted: U restores it" in messages(app)
        await pilot.press("U")
        await until(pilot, lambda: names(app) == ["bold-otter-7"])
        await pilot.press("escape", "escape")
        await until(pilot, lambda: len(names(app)) == 6)
        query = RunQuery(view=ViewType.DELETED_ONLY)
        assert [run.info.run_name for run in app.store.search_runs(query)] == ["bold-otter-7"]


async def test_tags_of_marked_runs_are_set_removed_and_undone(app: TuiflowApp) -> None:
    def tag(name: str, key: str) -> str | None:
        return app.store.get_run(app.store.resolve_run(name)).data.tags.get(key)

    async with opened(app) as pilot:
        await pilot.press("space", "space", "t")
        await until(pilot, lambda: isinstance(app.screen, TagsModal))
        assert "Tags of 2 runs" in screen_text(app) and "mlflow." not in screen_text(app)
        app.screen.query_one(Input).value = "stage = test"
        await pilot.press("enter")
        app.screen.query_one(Input).value = "nonsense"
        await pilot.press("enter")
        assert "Write it as key=value" in screen_text(app)
        app.screen.query_one(Input).value = ""
        await pilot.press("down", "ctrl+d", "enter")
        await until(pilot, lambda: tag("able-crane-41", "stage") == "test")
        assert tag("bold-otter-7", "stage") == "test"
        assert tag("able-crane-41", "team") is None
        await until(pilot, lambda: "z undoes it" in messages(app))
        await pilot.press("z")
        await until(pilot, lambda: tag("able-crane-41", "team") == "cellar")
        assert tag("bold-otter-7", "stage") is None


async def test_note_is_written_and_undone(app: TuiflowApp) -> None:
    def note() -> str | None:
        return app.store.get_run(app.store.resolve_run("bold-otter-7")).data.tags.get(TAG_NOTE)

    async with opened(app) as pilot:
        await pilot.press("j", "e")
        await until(pilot, lambda: isinstance(app.screen, NoteModal))
        app.screen.query_one(TextArea).text = "second\nbest"
        await pilot.press("escape")
        assert "esc again throws it away" in screen_text(app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: note() == "second\nbest")
        await until(pilot, lambda: "z undoes it" in messages(app))
        await pilot.press("z")
        await until(pilot, lambda: note() is None)


async def test_columns_are_chosen_by_search_and_remembered(
    app: TuiflowApp, app_of: Callable[[Store], TuiflowApp]
) -> None:
    def shown() -> list[str]:
        return [column.id for column in app.screen.query_one(RunTable).columns]

    async with opened(app) as pilot:
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, ColumnsModal))
        await pilot.press(*"team", "space")
        app.screen.query_one(Input).value = "mae"
        await pilot.pause()
        await pilot.press("space", "enter")
        await until(pilot, lambda: "tags.team" in shown())
        assert "metrics.mae" not in shown()
        assert shown()[0] == "name"
        await until(pilot, lambda: "team" in screen_text(app))
        await until(pilot, lambda: app.store.get_state("runs.view.1"))
    again = app_of(app.store)
    async with opened(again):
        columns = [column.id for column in again.screen.query_one(RunTable).columns]
        assert "tags.team" in columns and "metrics.mae" not in columns


async def test_view_is_remembered_per_experiment(
    app: TuiflowApp, app_of: Callable[[Store], TuiflowApp]
) -> None:
    async with opened(app) as pilot:
        await type_filter(pilot, "metrics.rmse < 0.8")
        await until(pilot, lambda: len(names(app)) == 3)
        await pilot.press("enter", "l", "o")
        await until(pilot, lambda: "age ↑" in screen_text(app))
        await pilot.press("tab", "k", "enter")
        await until(pilot, lambda: "digits › 3 runs" in screen_text(app))
        await until(pilot, lambda: app.store.get_state("runs.last") == "2")
    again = app_of(app.store)
    async with again.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "digits › 3 runs" in screen_text(again))
        await until(pilot, lambda: again.screen.query_one(Experiments).row_count == 4)
        await pilot.press("tab", "j", "enter")
        await until(pilot, lambda: "wine › 3 of 7 runs › age ↑" in screen_text(again))


async def test_export_asks_for_a_file_and_writes_csv(
    app: TuiflowApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(app) as pilot:
        await pilot.press("space", "space", "x")
        await until(pilot, lambda: isinstance(app.screen, ExportModal))
        assert "Write 2 marked runs" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: "Wrote 2 runs to wine.csv" in messages(app))
        with Path("wine.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        assert [row["run_name"] for row in rows] == ["able-crane-41", "bold-otter-7"]
        assert float(rows[0]["metrics.rmse"]) == 0.75043
        await pilot.press("u", "x")
        await until(pilot, lambda: isinstance(app.screen, ExportModal))
        await pilot.press("enter")
        assert "enter again overwrites it" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: "Wrote 7 runs" in messages(app))


async def test_copy_id_goes_to_the_terminal(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("y")
        assert app.clipboard == app.store.resolve_run("able-crane-41")
        assert "sent to the terminal's clipboard" in messages(app)


async def test_serve_says_why_not(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("G", "s")
        assert "dire-moth-2 has no model to serve" in messages(app)


async def test_another_process_logs_and_values_come_by_themselves(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("j", "space")
        other = open_store(app.store.database)
        run_id = other.resolve_run("bold-otter-3")
        other.log_batch(run_id, metrics=[Metric("rmse", 0.12345, 2**41, 9)])
        await until(pilot, lambda: "0.1235" in screen_text(app) or "0.1234" in screen_text(app))
        newest = other.create_run("1", "brand-new-1", app.clock() - 1000)
        await until(pilot, lambda: names(app)[0] == "brand-new-1")
        assert current(app) == "bold-otter-3"
        marked = app.store.load_runs(list(app.screen.query_one(RunTable).marks))
        assert [run.info.run_name for run in marked] == ["bold-otter-7"]
        other.finish_run(newest.info.run_id, "FINISHED")
        other.close()


async def test_experiments_pane_shows_other_runs_while_moving(app: TuiflowApp) -> None:
    async with opened(app, experiment=None) as pilot:
        assert "all experiments › 14 runs" in screen_text(app)
        await pilot.press("tab")
        assert isinstance(app.focused, Experiments)
        await pilot.press("j")
        await until(pilot, lambda: "grid-search › 4 runs" in screen_text(app))
        assert isinstance(app.focused, Experiments)
        assert "▾ grid " in screen_text(app) and "  trial-2" in screen_text(app)
        await pilot.press("tab")
        assert isinstance(app.focused, RunTable)
        await pilot.press("E")
        assert not app.screen.query_one(Experiments).display


async def test_narrow_screen_has_the_table_alone(app: TuiflowApp) -> None:
    async with opened(app, NARROW) as pilot:
        pane, preview = app.screen.query_one(Experiments), app.screen.query_one(Preview)
        assert not pane.display and not preview.display
        hints = screen_text(app).splitlines()[-1]
        assert sum(word in hints for word in ("open", "mark", "diff", "serve", "filter")) == 5
        assert hints.rstrip().endswith("? help")
        await pilot.press("tab")
        assert pane.display and pane.has_focus
        await pilot.press("escape")
        assert not pane.display and isinstance(app.focused, RunTable)
        await pilot.press("p")
        await until(pilot, lambda: "first one below" in screen_text(app))


async def test_preview_follows_the_cursor(app: TuiflowApp) -> None:
    async with opened(app, experiment="digits") as pilot:
        await pilot.press("j")
        await until(pilot, lambda: "deep-panda-1  " in screen_text(app).splitlines()[-6])
        text = "\n".join(screen_text(app).splitlines()[-6:])
        assert "FINISHED" in text and "hidden 32" in text
        assert "▇▅" in text or "█" in text, "a sparkline of the curve"


async def test_help_lists_what_works_here(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpModal)
        text = "\n".join(str(item.render()) for item in app.screen.query(".help--keys"))
        assert "Serve the run's model over HTTP" in text
        assert "Stop the server" not in text
        await pilot.press("escape")
        assert isinstance(app.screen, RunsScreen)


async def test_palette_runs_an_action(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("ctrl+p")
        await pilot.press(*"mark all")
        await until(pilot, lambda: "Mark every matching row" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "7 marked" in screen_text(app))


async def test_empty_store_says_what_to_type(
    store: Store, app_of: Callable[[Store], TuiflowApp]
) -> None:
    app = app_of(store)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: "No runs yet in ~/wine/.tuiflow." in screen_text(app))
        assert "tuiflow demo" in screen_text(app)
        assert "tuiflow run . -P alpha=0.5" in screen_text(app)
        for key in ("enter", "space", "a", "d", "s", "t", "e", "x", "D", "y", "o", "j", "G", "l"):
            await pilot.press(key)
        assert isinstance(app.screen, RunsScreen)


async def test_where_all_runs_are_deleted_it_says_so(
    store: Store, app_of: Callable[[Store], TuiflowApp]
) -> None:
    run_id = store.create_run(store.create_experiment("wine"), "lone-crane").info.run_id
    app = app_of(store)
    async with opened(app) as pilot:
        store.delete_runs([run_id])
        app.store_changed()
        await until(pilot, lambda: "All runs in wine are deleted." in screen_text(app))
        assert "  .  shows them" in screen_text(app)
        assert "tuiflow demo" not in screen_text(app)
        await pilot.press("full_stop")
        await until(pilot, lambda: names(app) == ["lone-crane"])


async def test_errors_stay_until_dismissed(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        app.fail("It broke")
        app.say("Something else")
        await until(pilot, lambda: len(app.screen.query("Toast")) == 2)
        app.say("And then this")
        await until(pilot, lambda: messages(app) == "It broke\nAnd then this")
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.query("Toast"))
        assert isinstance(app.screen, RunsScreen)


async def test_a_store_that_fails_for_a_while_is_said_once(
    app: TuiflowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise StoreError("The disk is away.")

    async with opened(app) as pilot:
        with monkeypatch.context() as patch:
            for name in ("load_runs", "search_keys", "data_version", "experiment_counts"):
                patch.setattr(app.store, name, broken)
            app.store_changed()
            await pilot.press("r", "j")
            await until(pilot, lambda: "not readable" in screen_text(app))
            assert messages(app) == "The disk is away."
        await pilot.press("r", "escape")
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        assert not messages(app)


async def test_hostile_names_are_shown_as_text(
    store: Store, app_of: Callable[[Store], TuiflowApp]
) -> None:
    for number, name in enumerate(
        ("[red]no[/red]", "esc\x1b[31m", "漢字" * 20, "a\nb", "\u202eevil")
    ):
        run = store.create_run("0", name, 1000 * number)
        store.log_batch(run.info.run_id, params=[Param("p", f"[b]{name}")])
        store.finish_run(run.info.run_id, "FINISHED")
    app = app_of(store)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: len(names(app)) == 5)
        await until(pilot, lambda: "a␊b" in screen_text(app))
        text = screen_text(app)
        assert "[red]no[/red]" in text and "esc␛[31m" in text and "[b][red]no" in text
        assert "\x1b" not in text and "\u202e" not in text
        await pilot.press("G", "space", "k", "k", "space", "D")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))


async def test_cursor_move_repaints_two_lines_and_sends_little(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        table = app.screen.query_one(RunTable)
        await pilot.press("p", "j")
        await pilot.pause(0.3)
        lines: list[int] = []
        draw = table.render_line
        table.render_line = lambda y: lines.append(y) or draw(y)  # type: ignore[method-assign]
        await pilot.press("j")
        await pilot.pause()
        assert sorted(lines) == [2, 3]


async def test_pages_of_a_long_list(store: Store, app_of: Callable[[Store], TuiflowApp]) -> None:
    for number in range(250):
        run = store.create_run("0", f"run-{number:03}", 1000 * number)
        store.finish_run(run.info.run_id, "FINISHED", 1000 * number + 500)
    app = app_of(store)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: "250 runs" in screen_text(app))
        high = app.screen.query_one(RunTable).size.height - 1
        await pilot.press("pagedown", "j")
        assert current(app) == f"run-{250 - 1 - high - 1:03}"
        await pilot.press("G")
        assert current(app) == "run-000" and "run-000" in screen_text(app)
        await pilot.press("k", "k", "space", "ctrl+u", "g")
        assert current(app) == "run-249" and "run-249" in screen_text(app)
        app.store.create_run("0", "newer", 10**9)
        app.store_changed()
        # They are counted at once, and searched again after a rest.
        await until(pilot, lambda: app.screen.query_one(RunTable).found.count == 251)
        assert "251 runs" in screen_text(app)
        assert current(app) == "run-249"
        await pilot.press("a")
        assert "251 marked" in screen_text(app)


async def test_mouse(app: TuiflowApp) -> None:
    async with opened(app) as pilot:
        table = app.screen.query_one(RunTable)
        await pilot.click(RunTable, offset=(12, 4))
        assert current(app) == "mild-heron-2"
        x = screen_text(app).splitlines()[2].index("rmse")
        await pilot.click(offset=(x + 1, 2))
        await until(pilot, lambda: "rmse ↑" in screen_text(app))
        assert table.column is not None and table.column.id == "metrics.rmse"
        await pilot.double_click(RunTable, offset=(12, 1))
        await until(pilot, lambda: isinstance(app.screen, RunScreen))


async def test_wheel_takes_the_cursor_along(
    store: Store, app_of: Callable[[Store], TuiflowApp]
) -> None:
    for number in range(60):
        store.create_run("0", f"run-{number:02}", 1000 * number)
    app = app_of(store)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: "60 runs" in screen_text(app))
        table = app.screen.query_one(RunTable)
        await pilot.hover(RunTable, offset=(10, 5))
        table.action_down()
        for _ in range(3):
            table.post_message(events.MouseScrollDown(table, 10, 5, 0, 1, 0, False, False, False))
        await until(pilot, lambda: table.scroll_offset.y == 9)
        assert current(app) == "run-50", "the cursor stays in view"
