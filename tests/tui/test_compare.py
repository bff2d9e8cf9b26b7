"""The Compare screen: what is where, what the keys do, and how it looks."""

from __future__ import annotations

import csv
import json
import math
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from driving import screen_text, until
from textual.pilot import Pilot
from textual.widgets import Input

from tuiflow import diff
from tuiflow.entities import Metric, Param
from tuiflow.store import Store, open_store
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.detail import DetailModal, DiffLines
from tuiflow.tui.reader import StoreChanged
from tuiflow.tui.screens.compare import CompareScreen
from tuiflow.tui.widgets.chart import Chart
from tuiflow.tui.widgets.picture import PictureView

WINE = ("bold-otter-3", "bold-otter-7", "able-crane-41")
WIDE = (*WINE, "mild-heron-2", "kind-finch-12")
CURVES = ("deep-panda-1", "deep-panda-2", "lost-heron-9")


async def compare(
    pilot: Pilot[object], names: Sequence[str], metric: str | None = None
) -> CompareScreen:
    """Open the screen on runs of these names and wait until all of it is there."""
    app = pilot.app
    assert isinstance(app, TuiflowApp)
    screen = CompareScreen([app.store.resolve_run(name) for name in names], metric)
    await app.push_screen(screen)
    await until(pilot, lambda: screen.comparison is not None and screen.comparison.complete)
    if screen.comparison and screen.comparison.curves:
        await until(pilot, lambda: screen.query_one(Chart)._curves)
    return screen


async def press(pilot: Pilot[object], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
    await pilot.pause()


async def write_to(pilot: Pilot[object], file: Path) -> None:
    """Answer the question that `x` asks."""
    await press(pilot, "x")
    pilot.app.screen.query_one(Input).value = str(file)
    await press(pilot, "enter")


def shown(screen: CompareScreen) -> list[str]:
    """The lines of the table as they stand on the screen."""
    table = screen.table
    return [table.render_line(y).text.rstrip() for y in range(table.size.height)]


def row(screen: CompareScreen, key: str) -> list[str]:
    """The parts of the line of that key."""
    line = next(line for line in shown(screen) if line.split("│")[0].strip() == key)
    return [" ".join(part.split()) for part in line.split("│")[1:]]


async def test_a_killed_run_is_told_though_nothing_is_written(
    app: TuiflowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.store.create_run("0", "doomed")
    app.store._heartbeat.stop()  # whose writes would have the screen read again
    monkeypatch.setattr("tuiflow.tui.screens.base.LOOK_SECONDS", 0.05)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, ("doomed", "bold-otter-3"))
        assert screen.comparison is not None
        assert screen.comparison.runs[0].status == "RUNNING"
        # The run made above is itself a change, which must have been read by now.
        await until(pilot, lambda: app.version and not screen.waiting("compare"))
        monkeypatch.setattr("tuiflow.store.loading.is_alive", lambda process, now: False)
        await until(pilot, lambda: "STALE" in {run.status for run in screen.comparison.runs})


async def test_runs_are_columns_the_baseline_first_and_differences_on_top(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, WINE)
        lines = shown(screen)
        assert [part.strip() for part in lines[0].split("│")[1:]] == [
            "✓ bold-otter-3 (b)",
            "✓ bold-otter-7",
            "✓ able-crane-41",
        ]
        assert row(screen, "rmse") == [
            "0.8222",
            "▲ 0.7792 −0.0430 −5.2%",
            "▲ 0.7504 −0.0718 −8.7%",
        ]
        # A higher r2 is better, too: the mark follows the direction, not the sign.
        assert row(screen, "r2")[2] == "▲ 0.2726 +0.1458 ×2.15"
        assert row(screen, "alpha") == ["0.5", "≠ 0.1", "≠ 0.001"]
        assert [line.split()[1] for line in lines if line.startswith("──")][:3] == [
            "metrics",
            "params",
            "code",
        ]


async def test_the_summary_says_in_words_what_matters(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, WINE)
        assert screen.comparison is not None
        words = str(screen.query_one("#compare-summary").render())
        assert words.startswith(
            "able-crane-41 is best: rmse 0.7504 (−8.7 %) · 2 of 2 params differ"
        )
        by_r2 = await compare(pilot, WINE, metric="r2")
        assert by_r2.comparison is not None
        assert by_r2.comparison.headline == "r2"


async def test_b_makes_the_column_under_the_cursor_the_baseline(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, WINE)
        before = row(screen, "mae")
        await press(pilot, "l", "l", "b")
        await until(pilot, lambda: "able-crane-41 (b)" in shown(screen)[0].split("│")[1])
        after = row(screen, "mae")
        assert before[2].split()[-2] == "−0.0442"
        assert after[1].split()[-2] == "+0.0442"
        assert (before[2][0], after[1][0]) == ("▲", "▼")
        # The cursor went along with its run; what can't be done twice says why.
        assert screen.why_not("compare.baseline") is not None
        await press(pilot, "l")
        assert screen.why_not("compare.baseline") is None


async def test_equal_rows_are_folded_and_unfolded(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, WINE)
        assert any("equal: status, experiment" in line for line in shown(screen))
        await press(pilot, "G", "equals_sign", "G")
        await until(pilot, lambda: any("experiment" in line for line in shown(screen)))
        assert row(screen, "experiment") == ["wine"] * 3
        assert not any("equal:" in line for line in shown(screen))
        await press(pilot, "equals_sign")
        assert any("equal:" in line for line in shown(screen))


async def test_n_goes_from_difference_to_difference_and_around(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, WINE)
        await press(pilot, "equals_sign", "g")
        visited = []
        for _ in range(20):
            await press(pilot, "n")
            visited.append(screen.table.row_name)
            if visited[-1] == "metrics/rmse":
                break
        assert visited == [
            *("metrics/mae", "metrics/r2", "params/alpha", "params/l1_ratio"),
            *("tags/mlflow.note.content", "tags/team", "attributes/duration", "attributes/start"),
            "metrics/rmse",
        ]
        await press(pilot, "N")
        assert screen.table.row_name == "attributes/start"


async def test_transposed_runs_are_lines_and_the_keys_mean_the_same(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, WINE)
        await press(pilot, "l", "l", "t")
        lines = shown(screen)
        assert [line.split("│")[0].strip() for line in lines[2:5]] == [
            "✓ bold-otter-3 (b)",
            "✓ bold-otter-7",
            "✓ able-crane-41",
        ]
        assert lines[0].split("│")[1].strip(" ─") == "metrics"
        assert lines[1].split("│")[1].strip() == "rmse"
        assert lines[4].split("│")[1].split() == ["▲", "0.7504", "−0.0718", "−8.7%"]
        # The cursor is on the same run and row as before.
        ids = [run.run_id for run in screen.comparison.runs] if screen.comparison else []
        assert screen.table.run_id == ids[2]
        assert screen.table.row_name == "metrics/rmse"
        await press(pilot, "n")
        assert screen.table.row_name == "metrics/mae"
        await press(pilot, "b")
        await until(pilot, lambda: "able-crane-41 (b)" in shown(screen)[2])


async def test_many_runs_scroll_sideways_by_whole_columns(app: TuiflowApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await compare(pilot, WIDE)
        assert "3 more ›" in shown(screen)[0]
        await press(pilot, "l", "l", "l", "l")
        head = shown(screen)[0].split("│")
        assert "‹ 3 more" in head[0]
        assert [part.strip() for part in head[1:]] == ["✓ mild-heron-2", "✓ kind-finch-12"]
        assert row(screen, "rmse")[1] == "▼ 0.8587 +0.0365 +4.4%"
        await press(pilot, "h", "h", "h", "h")
        assert "bold-otter-3 (b)" in shown(screen)[0]


async def test_the_head_and_the_keys_stay_when_the_table_scrolls(
    store: Store, app_of: Callable[[Store], TuiflowApp]
) -> None:
    for name in ("one", "two"):
        params = {f"p{n:03}": name for n in range(300)}
        run = store.create_run("0", name)
        for start in range(0, 300, 100):
            part = list(params.items())[start : start + 100]
            store.log_batch(run.info.run_id, params=[Param(key, value) for key, value in part])
        store.finish_run(run.info.run_id, "FINISHED")
    async with app_of(store).run_test(size=(80, 24)) as pilot:
        screen = await compare(pilot, ("one", "two"))
        await press(pilot, "pagedown", "ctrl+d", "j")
        assert "one (b)" in shown(screen)[0]
        assert any(line.startswith("  p0") for line in shown(screen))
        await press(pilot, "G")
        assert screen.table.row_name == "attributes/start"
        assert "equal: status" in shown(screen)[-1]
        await press(pilot, "g")
        assert shown(screen)[1].startswith("── params")
        assert screen.table.row_name == "params/p000"


async def test_curves_follow_the_metric_under_the_cursor(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, CURVES)
        heading = screen.query_one("#compare-curves")
        assert "val/acc · higher is better" in str(heading.render())
        chart = screen.query_one(Chart)
        assert [curve.name for curve in chart._curves] == list(CURVES)
        assert [len(curve) for curve in chart._curves] == [40, 20, 5]
        while screen.table.row_name != "metrics/val/loss":
            await press(pilot, "j")
        await until(pilot, lambda: "val/loss · lower is better" in str(heading.render()))


async def test_without_a_shared_history_there_is_no_chart(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, WINE)
        assert not screen.query_one(Chart).display


async def test_a_live_run_is_followed_and_the_cursor_stays(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, CURVES)
        await press(pilot, "n", "n", "l")
        place = (screen.table.row_name, screen.table.run_id)
        other = open_store(app.store.root)
        run_id = other.resolve_run("deep-panda-2")
        other.log_batch(
            run_id, [Metric("val/loss", 0.125, 2**41, 20), Metric("added", 1.0, 2**41, 0)]
        )
        await until(pilot, lambda: row(screen, "val/loss")[1].startswith("▼ 0.125 "))
        assert row(screen, "added")[1] == "1"
        assert (screen.table.row_name, screen.table.run_id) == place
        other.close()


@pytest.mark.parametrize("suffix", ["md", "csv", "json"])
async def test_x_writes_the_comparison_to_a_file(
    app: TuiflowApp, tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / f"out.{suffix}"
    async with app.run_test(size=(120, 40)) as pilot:
        await compare(pilot, WINE)
        await write_to(pilot, file)
        await until(pilot, file.exists)
    content = file.read_text()
    if suffix == "md":
        assert content.startswith("**able-crane-41 is best")
        assert "| rmse | 0.8222 |" in content
    elif suffix == "csv":
        rows = {line["key"]: line for line in csv.DictReader(content.splitlines())}
        assert rows["alpha"]["bold-otter-7"] == "0.1"
    else:
        assert [run["run_name"] for run in json.loads(content)["runs"]] == list(WINE)


async def test_a_file_of_another_kind_is_refused_in_words(app: TuiflowApp, tmp_path: Path) -> None:
    file = tmp_path / "out.xls"
    async with app.run_test(size=(120, 40)) as pilot:
        await compare(pilot, WINE)
        await write_to(pilot, file)
        await until(pilot, lambda: app._notifications)
        [message] = app._notifications
        assert ".md, .csv or .json" in message.message
    assert not file.exists()


async def test_enter_opens_the_run_under_the_cursor_and_esc_comes_back(app: TuiflowApp) -> None:
    from tuiflow.tui.screens.run import RunScreen

    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, WINE)
        await press(pilot, "l", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await press(pilot, "escape")
        await until(pilot, lambda: app.screen is screen)
        await press(pilot, "escape")
        await until(pilot, lambda: app.screen is not screen)


async def test_y_copies_the_id_of_the_run_under_the_cursor(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, WINE)
        await press(pilot, "l", "y")
        assert app.clipboard == screen.table.run_id == app.store.resolve_run("bold-otter-7")


async def test_the_mouse_moves_the_cursor(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, WINE)
        lines = shown(screen)
        y = next(y for y, line in enumerate(lines) if line.startswith("  l1_ratio"))
        x = lines[0].index("able-crane-41")
        await pilot.click(screen.table, offset=(x, y))
        assert screen.table.row_name == "params/l1_ratio"
        assert screen.table.run_id == app.store.resolve_run("able-crane-41")


async def test_diverged_and_missing_values(
    store: Store, app_of: Callable[[Store], TuiflowApp]
) -> None:
    for name, value in (("fine", 0.5), ("nan", math.nan), ("inf", math.inf), ("none", None)):
        run_id = store.create_run("0", name).info.run_id
        if value is not None:
            store.log_batch(run_id, [Metric("loss", value, 1)])
        store.finish_run(run_id, "FINISHED")
    async with app_of(store).run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, ("fine", "nan", "inf", "none"))
        assert row(screen, "loss") == ["0.5000", "▼ NaN", "▼ inf +inf", "–"]


async def test_thousands_of_rows_cost_no_more_than_what_is_seen_of_them(app: TuiflowApp) -> None:
    store = app.store
    names = [f"run-{number}" for number in range(20)]
    for number, name in enumerate(names):
        run_id = store.create_run("0", name).info.run_id
        count = 10 if number else 1000
        store.log_batch(
            run_id,
            [Metric(f"loss/{key}", key + number / 7, 0) for key in range(count)],
            [Param(f"p/{key}", f"{key} {number}") for key in range(count)],
        )
        store.finish_run(run_id, "FINISHED")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, names)
        assert screen.comparison is not None
        assert sum(len(section.rows) for section in screen.comparison.sections) > 2000
        begun = time.thread_time()
        for change in (screen.action_transpose, screen.action_fold) * 2:
            change()
        assert time.thread_time() - begun < 1.0  # ten times as much as it takes
        await pilot.pause()
        assert row(screen, "loss/1")[0] == "1.000"


async def test_too_few_runs_are_told_in_words(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = CompareScreen([app.store.resolve_run("bold-otter-3")])
        await app.push_screen(screen)
        await until(pilot, lambda: app._notifications)
        words = str(screen.query_one("#compare-summary").render())
        assert "two different runs or more" in words
        assert screen.why_not("compare.export") is not None


# what takes longer, and what a row has more to say


PACKAGES = ("numpy==2.4.6\nscikit-learn==1.8.0\n", "numpy==2.4.6\nscikit-learn==1.9.1\n")
SOURCES = ("import x\nscale = False\nrun()\n", "import x\nscale = True\nrun()\n")
REPORTS = ("# Report\n", "# Report\n\nBetter \x1b[31m[bold]than.\n")


@pytest.fixture
def recorded(seeded: Store) -> Store:
    """Two of the runs know their code, their packages and an artifact."""
    for name, packages, source, report in zip(WINE[::2], PACKAGES, SOURCES, REPORTS, strict=True):
        run_id = seeded.resolve_run(name)
        seeded.contents.put(run_id, "packages", "", packages.encode())
        seeded.contents.put(run_id, "source", "train.py", source.encode())
        with seeded.writing_artifact(run_id, "report.md") as part:
            part.write_text(report)
    return seeded


async def go_to(pilot: Pilot[object], screen: CompareScreen, name: str) -> None:
    await press(pilot, "g")
    for _ in range(60):
        if screen.table.row_name == name:
            return
        await pilot.press("n")
    raise AssertionError(f"no {name}")


def modal_text(pilot: Pilot[object]) -> str:
    assert isinstance(pilot.app.screen, DetailModal)
    return screen_text(pilot.app)


def color_of(view: DiffLines, y: int) -> object:
    style = next(iter(view.render_line(y))).style
    return style and style.color


async def test_code_packages_and_artifacts_are_rows_and_enter_shows_their_lines(
    recorded: Store, app: TuiflowApp
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, WINE[::2])
        assert "code: train.py · env: scikit-learn 1.8.0 → 1.9.1" in str(
            screen.query_one("#compare-summary").render()
        )
        assert row(screen, "train.py") == ["", "+1 −1 @@ -2 +2 @@ -scale = False +scale = True"]
        assert row(screen, "scikit-learn") == ["1.8.0", "≠ 1.9.1"]
        assert any("environment" in line for line in shown(screen))
        await go_to(pilot, screen, "code/train.py")
        await press(pilot, "l", "enter")
        await until(pilot, lambda: "+scale = True" in modal_text(pilot))
        view = app.screen.query_one(DiffLines)
        colours = {view.render_line(y).text[:1]: color_of(view, y) for y in range(5)}
        assert len({colours["+"], colours["-"], colours["@"], colours[" "]}) == 4
        assert "train.py: bold-otter-3 → able-crane-41" in modal_text(pilot)
        await press(pilot, "escape")
        # On the baseline's column, it is shown against the run that differs.
        await press(pilot, "h", "enter")
        await until(pilot, lambda: "-scale = False" in modal_text(pilot))
        await press(pilot, "escape")
        await go_to(pilot, screen, "artifacts/report.md")
        await press(pilot, "enter")
        await until(pilot, lambda: "+Better ␛[31m[bold]than." in modal_text(pilot))
        await press(pilot, "j", "G", "escape")
        assert app.screen is screen


@pytest.fixture
def pictured(seeded: Store) -> Store:
    """One run has a red image, the other a blue one and a damaged one."""
    image = pytest.importorskip("PIL.Image")
    for name, colour in zip(WINE[::2], ("red", "blue"), strict=True):
        run_id = seeded.resolve_run(name)
        with seeded.writing_artifact(run_id, "plots/fit.png") as part:
            image.new("RGB", (40, 20), colour).save(part, "PNG")
    with seeded.writing_artifact(run_id, "plots/bad.png") as part:
        part.write_bytes(b"\x89PNG\r\n\x1a\n")
    return seeded


async def test_images_stand_side_by_side(pictured: Store, app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, WINE[::2])
        await go_to(pilot, screen, "artifacts/plots/fit.png")
        await press(pilot, "enter")
        await until(pilot, lambda: len(app.screen.query(PictureView)) == 2)
        await until(pilot, lambda: all(view._blocks for view in app.screen.query(PictureView)))
        drawn = [view._blocks[0][0][1] for view in app.screen.query(PictureView)]
        assert drawn == [(255, 0, 0), (0, 0, 255)]
        text = screen_text(app)
        assert "bold-otter-3" in text
        assert "plots/fit.png: bold-otter-3 → able-crane-41" in text
        await press(pilot, "escape")
        await go_to(pilot, screen, "artifacts/plots/bad.png")
        await press(pilot, "enter")
        await until(pilot, lambda: "This image is damaged" in screen_text(app))
        assert "This run has none." in screen_text(app)


async def test_what_is_shown_stays_while_it_is_read_again(
    app: TuiflowApp, monkeypatch: pytest.MonkeyPatch, held: None
) -> None:
    may_read = threading.Event()
    read_facts = diff.read_facts
    again = []

    def slowly(*arguments: Any) -> Any:
        if again:
            may_read.wait(30)
        again.append(arguments)
        return read_facts(*arguments)

    said = []
    waits = CompareScreen._say_waiting

    def say_waiting(screen: CompareScreen) -> None:
        waits(screen)
        said.append(screen)

    monkeypatch.setattr(diff, "read_facts", slowly)
    monkeypatch.setattr(CompareScreen, "_say_waiting", say_waiting)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = CompareScreen([app.store.resolve_run(name) for name in WINE])
        await app.push_screen(screen)
        await until(pilot, lambda: screen.comparison is not None)
        screen.post_message(StoreChanged())
        await until(pilot, lambda: said)
        may_read.set()
        await until(pilot, lambda: not screen.waiting("compare") and not screen.waiting("rest"))
        assert "able-crane-41 is best" in screen_text(app)


async def test_the_tables_are_shown_before_what_takes_longer(
    recorded: Store, app: TuiflowApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, held: None
) -> None:
    may_read = threading.Event()
    read_rest = diff.read_rest

    def slowly(*arguments: Any) -> Any:
        may_read.wait(30)
        return read_rest(*arguments)

    monkeypatch.setattr(diff, "read_rest", slowly)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = CompareScreen([app.store.resolve_run(name) for name in WINE[::2]])
        await app.push_screen(screen)
        await until(pilot, lambda: screen.comparison is not None)
        assert row(screen, "rmse")
        assert screen.comparison is not None
        assert not screen.comparison.complete
        assert any("reading code" in line for line in shown(screen))
        await go_to(pilot, screen, "params/alpha")
        # The store goes on changing meanwhile; the metrics are kept up, and nothing starves.
        other = open_store(app.store.root)
        run_id = other.resolve_run("deep-panda-2")
        other.log_batch(run_id, [Metric("x", 1.0, 2**41, 0)])
        other.close()
        await press(pilot, "r")
        assert row(screen, "rmse")
        await write_to(pilot, tmp_path / "early.md")
        may_read.set()
        await until(pilot, (tmp_path / "early.md").exists)
        assert "| train.py |" in (tmp_path / "early.md").read_text()
        await until(pilot, lambda: screen.comparison and screen.comparison.complete)
        assert row(screen, "train.py")[1].startswith("+1 −1")
        assert screen.table.row_name == "params/alpha"
        assert not any("reading code" in line for line in shown(screen))
        # Once it was read it stays while it is read again.
        may_read.clear()
        await press(pilot, "r")
        assert row(screen, "train.py")[1].startswith("+1 −1")
        may_read.set()


async def test_v_goes_by_the_least_greatest_and_best_value(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, CURVES)
        last = row(screen, "val/loss")
        seen = []
        for word in ("min", "max", "best", "metrics ─"):
            await press(pilot, "v")
            await until(pilot, lambda word=word: word in shown(screen)[1])
            seen.append(row(screen, "val/loss")[0])
        assert seen[0] == seen[2] != seen[1]
        assert row(screen, "val/loss") == last


async def test_i_turns_the_direction_round_and_z_takes_it_back(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, WINE)
        assert row(screen, "mae")[2].startswith("▲")
        await go_to(pilot, screen, "metrics/mae")
        await press(pilot, "i")
        await until(pilot, lambda: row(screen, "mae")[2].startswith("▼"))
        assert app.store.metric_directions() == {"mae": False}
        await press(pilot, "z")
        await until(pilot, lambda: row(screen, "mae")[2].startswith("▲"))
        assert app.store.metric_directions() == {}
        await go_to(pilot, screen, "params/alpha")
        assert screen.why_not("compare.direction") is not None


async def test_what_goes_with_the_metric_is_told_of_five_runs(app: TuiflowApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await compare(pilot, WIDE)
        await press(pilot, "G")
        [line] = [line for line in shown(screen) if "ρ" in line]
        assert " ".join(line.split()) == "alpha ρ +1.00 n 5 higher alpha, worse rmse"
        fewer = await compare(pilot, WINE)
        assert not any("what goes with" in line for line in shown(fewer))


# how it looks

Snap = Callable[..., bool]


def before(*keys: str, names: Sequence[str] = WINE) -> Callable[[Pilot[object]], Awaitable[None]]:
    async def run_before(pilot: Pilot[object]) -> None:
        await compare(pilot, names)
        await press(pilot, *keys)

    return run_before


SIZES = [(80, 24), (120, 40)]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_look_with_curves(app: TuiflowApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=before("n", "n", names=CURVES))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_look_of_five_runs(app: TuiflowApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=before(*"llll", names=WIDE))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_look_unfolded(app: TuiflowApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=before("equals_sign", "n", "l"))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_look_transposed(app: TuiflowApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=before("j", "t", "n", names=WIDE))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_look_of_code(
    recorded: Store, app: TuiflowApp, snap_compare: Snap, size: tuple[int, int]
) -> None:
    keys = ("n",) * 6
    assert snap_compare(app, terminal_size=size, run_before=before(*keys, names=WINE[::2]))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_look_of_the_lines_of_a_file(
    recorded: Store, app: TuiflowApp, snap_compare: Snap, size: tuple[int, int]
) -> None:
    async def run_before(pilot: Pilot[object]) -> None:
        screen = await compare(pilot, WINE[::2])
        await go_to(pilot, screen, "code/train.py")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, DetailModal))

    assert snap_compare(app, terminal_size=size, run_before=run_before)


def test_look_in_light(app: TuiflowApp, snap_compare: Snap) -> None:
    app.store.put_state("theme", "light")
    app.theme = "tuiflow-light"
    assert snap_compare(app, terminal_size=(120, 40), run_before=before(names=CURVES))


def test_look_of_a_low_screen(app: TuiflowApp, snap_compare: Snap) -> None:
    assert snap_compare(app, terminal_size=(60, 15), run_before=before(names=CURVES))


def test_look_of_runs_that_cannot_be_compared(app: TuiflowApp, snap_compare: Snap) -> None:
    async def run_before(pilot: Pilot[object]) -> None:
        await app.push_screen(CompareScreen([app.store.resolve_run("bold-otter-3")]))
        await until(pilot, lambda: app._notifications)

    assert snap_compare(app, terminal_size=(80, 24), run_before=run_before)
