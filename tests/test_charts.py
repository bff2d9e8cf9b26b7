"""Charts over a store: curves that are followed, runs as points and bars, and saved files."""

from __future__ import annotations

import csv
import io
import math
import sys
import xml.etree.ElementTree as ET
from array import array
from pathlib import Path

import pytest

from tuiflow.charts import export
from tuiflow.charts.curves import Curves
from tuiflow.charts.export import CurveChart
from tuiflow.charts.runs import read_histogram, read_scatter, suits_log
from tuiflow.entities import Metric, Param, Run
from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.filters import Key, Kind
from tuiflow.plot import Axis, Curve, Look
from tuiflow.protocols import RunQuery
from tuiflow.store import Store

RMSE, ALPHA, MODEL = Key(Kind.METRIC, "rmse"), Key(Kind.PARAM, "alpha"), Key(Kind.PARAM, "model")


def log(store: Store, run: Run, *points: tuple[int, int, float], key: str = "loss") -> None:
    metrics = [Metric(key, value, timestamp, step) for step, timestamp, value in points]
    store.log_batch(run.info.run_id, metrics=metrics)


def counts(store: Store, run: Run) -> dict[str, int]:
    return {item.key: item.count for item in store.metric_summaries(run.info.run_id)}


class Watched(Store):
    """Counts how often a whole history is read."""

    histories = 0

    def metric_history(self, run_id: str, key: str):  # type: ignore[no-untyped-def]
        self.histories += 1
        return super().metric_history(run_id, key)


@pytest.fixture
def watched(tmp_path: Path):
    store = Watched(tmp_path / "store" / "tuiflow.db")
    yield store
    store.close()


# curves


def test_a_curve_is_read_once_and_followed_by_its_new_points(watched: Watched) -> None:
    run = watched.create_run("0", "r", 1000)
    log(watched, run, *((step, 1000 + step, step / 2) for step in range(50)))
    log(watched, run, *((step, 1000 + step, 1.0) for step in range(9)), key="acc")
    reader = Curves(watched)
    first = reader.read(run.info, ["loss", "acc"], counts(watched, run))
    assert [curve.name for curve in first] == ["loss", "acc"] and watched.histories == 2
    assert first[0].origin == 1000
    again = reader.read(run.info, ["loss", "acc"], counts(watched, run))
    assert again[0] is first[0] and again[1] is first[1]
    log(watched, run, (50, 1050, 7.0), (51, 1051, math.nan))
    grown, same = reader.read(run.info, ["loss", "acc"], counts(watched, run))
    assert same is first[1] and watched.histories == 2
    assert list(grown.steps) == list(range(52)) and grown.values[50] == 7.0
    assert grown.stem is first[0].stem and len(first[0]) == 50


def test_points_that_come_late_have_the_curve_read_again(watched: Watched) -> None:
    run = watched.create_run("0", "r")
    log(watched, run, (0, 10, 0.0), (5, 20, 5.0))
    reader = Curves(watched)
    reader.read(run.info, ["loss"], counts(watched, run))
    log(watched, run, (3, 30, 3.0))
    (curve,) = reader.read(run.info, ["loss"], counts(watched, run))
    assert list(curve.steps) == [0, 3, 5] and list(curve.values) == [0.0, 3.0, 5.0]
    assert watched.histories == 2
    (gone,) = reader.read(run.info, ["never"], {})
    assert len(gone) == 0


# files


def curve(name: str, values: list[float]) -> Curve:
    count = len(values)
    times = array("q", [5000 + 1000 * i for i in range(count)])
    return Curve(name, array("q", range(count)), times, array("d", values), 5000)


def test_the_data_of_what_is_in_view_is_saved_as_it_was_logged(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    chart = CurveChart(
        [curve("a,b", [1.0, math.nan, 0.1]), curve("b", [2.0, -math.inf])],
        Look(Axis.TIME, log=True, smooth=0.9),
        window=(1.0, 2.0),
    )
    export.save(chart, path)
    assert list(csv.reader(io.StringIO(path.read_text()))) == [
        ["series", "step", "timestamp", "value"],
        ["a,b", "1", "6000", "nan"],
        ["a,b", "2", "7000", "0.1"],
        ["b", "1", "6000", "-inf"],
    ]
    export.save(CurveChart([curve("a\rb", [1.0])]), path)
    assert path.read_bytes() == b'series,step,timestamp,value\n"a\rb",0,5000,1.0\n'


@pytest.mark.parametrize("axis", Axis)
def test_a_chart_is_saved_as_svg_with_names_as_they_are(tmp_path: Path, axis: Axis) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "c.svg"
    curves = [
        curve("_hidden $\\alpha_{", [1.0, math.nan, 0.5, math.inf, 0.2]),
        curve("<b>&\x1b[31m", [2.0 + i for i in range(9000)]),
        curve("empty", []),
    ]
    chart = CurveChart(curves, Look(axis, log=True, smooth=0.6), title="run $1$")
    export.save(chart, path)
    root = ET.parse(path).getroot()
    assert root.tag.endswith("svg")
    comments = path.read_text()
    assert "_hidden $\\alpha_{" in comments and "␛[31m" in comments and "\x1b" not in comments
    first = path.read_bytes()
    export.save(chart, path)
    assert path.read_bytes() == first, "the same chart is the same file"
    assert [item.name for item in tmp_path.iterdir()] == ["c.svg"]


@pytest.mark.parametrize(("name", "start"), [("c.PNG", b"\x89PNG"), ("c.pdf", b"%PDF")])
def test_a_chart_is_saved_as_png_or_pdf(tmp_path: Path, name: str, start: bytes) -> None:
    pytest.importorskip("matplotlib")
    export.save(CurveChart([curve("loss", [3.0])], window=(0.0, 0.0)), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_what_stops_a_chart_from_being_saved_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = CurveChart([curve("loss", [3.0])])
    with pytest.raises(InvalidInput, match=r"ends in \.svg, \.png, \.pdf or \.csv, not 'c\.gif'"):
        export.save(chart, tmp_path / "c.gif")
    with pytest.raises(InvalidInput, match="Can't write"):
        export.save(chart, tmp_path / "none" / "c.csv")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(TuiflowError, match=r"pip install 'tuiflow\[plot\]'"):
        export.save(chart, tmp_path / "c.svg")
    export.save(chart, tmp_path / "c.csv")
    assert [item.name for item in tmp_path.iterdir()] == ["c.csv"]


# runs


@pytest.fixture
def runs(store: Store) -> Store:
    rows = [
        ("0.001", "sgd", 0.9), ("0.01", "sgd", 0.7), ("0.1", "forest", 0.8),
        ("auto", "forest", 0.6), (None, "mlp", 0.5), ("0", "mlp", math.nan), ("1", "mlp", None),
    ]  # fmt: skip
    for number, (alpha, model, rmse) in enumerate(rows):
        run = store.create_run("0", f"run-{number}", 1000 * number)
        params = [Param("model", model), *([] if alpha is None else [Param("alpha", alpha)])]
        store.log_batch(run.info.run_id, params=params)
        if rmse is not None:
            log(store, run, (0, 0, 9.0), (1, 1, rmse), key="rmse")
        store.finish_run(run.info.run_id, "FINISHED", 1000 * number + 250 * (number + 1))
    return store


def test_points_of_two_metrics_or_numbers(runs: Store) -> None:
    duration = Key(Kind.ATTRIBUTE, "duration")
    found = read_scatter(runs, RunQuery(), duration, RMSE)
    assert sorted(zip(found.xs, found.ys, strict=True)) == [
        (0.25, 0.9), (0.5, 0.7), (0.75, 0.8), (1.0, 0.6), (1.25, 0.5),
    ]  # fmt: skip
    assert found.left_out == 2 and not found.names
    assert runs.load_runs([found.keys[0]])[0].info.run_name == "run-4"
    logs = read_scatter(runs, RunQuery(), duration, RMSE, log_x=True, log_y=True)
    assert logs.x_text(0) == "1.250" and logs.y_text(0) == "0.5000"


def test_a_param_with_texts_is_an_axis_of_names(runs: Store) -> None:
    found = read_scatter(runs, RunQuery(), MODEL, RMSE, log_x=True)
    assert found.names == ("forest", "mlp", "sgd") and not found.log_x
    assert [found.x_text(i) for i in range(5)] == ["mlp", "forest", "forest", "sgd", "sgd"]
    mixed = read_scatter(runs, RunQuery(), ALPHA, RMSE)
    assert mixed.names == ("0.001000", "0.01000", "0.1000", "auto")
    stream = io.StringIO()
    mixed.write_csv(stream)
    assert stream.getvalue().splitlines()[:2] == ["params.alpha,metrics.rmse", "auto,0.6"]


def test_histograms_of_numbers_and_of_texts(runs: Store) -> None:
    found = read_histogram(runs, RunQuery(), RMSE)
    assert list(found.numbers) == [0.5, 0.6, 0.7, 0.8, 0.9]
    assert (found.missing, found.odd, found.total) == (1, 1, 5)
    assert sum(count for *_, count in found.rows()) == 5
    texts = read_histogram(runs, RunQuery(), MODEL)
    assert texts.texts == (("mlp", 3), ("forest", 2), ("sgd", 2)) and texts.by_name
    assert read_histogram(runs, RunQuery(), Key(Kind.ATTRIBUTE, "status")).texts == (
        ("FINISHED", 7),
    )
    nothing = read_histogram(runs, RunQuery(), Key(Kind.TAG, "none"))
    assert (nothing.total, nothing.missing) == (0, 7)


def test_a_carriage_return_ends_no_row_of_the_data(store: Store) -> None:
    run = store.create_run("0", params={"model": "a\rb"})
    store.log_batch(run.info.run_id, [Metric("rmse", 0.5, 1000, 0)])
    for chart, title in (
        (read_scatter(store, RunQuery(), MODEL, RMSE), "params.model,metrics.rmse"),
        (read_histogram(store, RunQuery(), MODEL), "params.model,runs"),
    ):
        stream = io.StringIO()
        chart.write_csv(stream)
        first, _, rest = stream.getvalue().partition("\n")
        assert first == title and rest.startswith('"a\rb",')


def test_pictures_of_runs_are_saved(runs: Store, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for number, chart in enumerate(
        [
            read_scatter(runs, RunQuery(), MODEL, RMSE),
            read_scatter(runs, RunQuery(), RMSE, RMSE, log_x=True, log_y=True),
            read_histogram(runs, RunQuery(), RMSE, log=True),
            read_histogram(runs, RunQuery(), MODEL),
            read_histogram(runs, RunQuery(), Key(Kind.TAG, "none")),
        ]
    ):
        export.save(chart, tmp_path / f"{number}.svg")
        assert ET.parse(tmp_path / f"{number}.svg").getroot().tag.endswith("svg")
        export.save(chart, tmp_path / f"{number}.csv")
        assert (tmp_path / f"{number}.csv").read_text().count("\n") >= 1


@pytest.mark.parametrize("log_axes", [False, True])
@pytest.mark.parametrize(
    "values",
    [
        [-1.5e308, 1.5e308],
        [0.0, 1e16, 1.7e308],
        [0.5, sys.float_info.max],
        [1e308, 1.0000000001e308],
        [sys.float_info.max],
    ],
)
def test_charts_of_the_greatest_numbers_are_saved(
    store: Store, tmp_path: Path, values: list[float], log_axes: bool
) -> None:
    pytest.importorskip("matplotlib")
    for value in values:
        log(store, store.create_run("0", "r"), (0, 0, value), key="rmse")
    points = read_scatter(store, RunQuery(), RMSE, RMSE, log_x=log_axes, log_y=log_axes)
    bars = read_histogram(store, RunQuery(), RMSE, log=log_axes)
    lines = CurveChart([curve("rmse", values)], Look(log=log_axes))
    charts: list[export.Chart] = [lines, points, bars]
    for chart in charts:
        export.save(chart, tmp_path / "c.svg")
        assert ET.parse(tmp_path / "c.svg").getroot().tag.endswith("svg")
        export.save(chart, tmp_path / "c.csv")
    assert [points.x_text(i) for i in range(len(points.keys))]
    assert all(
        math.isfinite(float(low)) and math.isfinite(float(high)) for low, high, _ in bars.rows()
    )


def test_the_ends_of_logarithmic_bins_are_numbers_above_0(store: Store) -> None:
    for value in (5e-324, 1.0, 1.5e308):
        log(store, store.create_run("0", "r"), (0, 0, value), key="rmse")
    rows = read_histogram(store, RunQuery(), RMSE, log=True).rows()
    assert float(rows[0][0]) > 0 and rows[-1][1] == sys.float_info.max
    assert sum(count for *_, count in rows) == 3


def test_bars_of_the_greatest_numbers_lie_apart(store: Store) -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    for value in (-1e308, 0.0, 1.0, 1e308):
        log(store, store.create_run("0", "r"), (0, 0, value), key="rmse")
    axes = figure.subplots()
    read_histogram(store, RunQuery(), RMSE).draw(axes)
    heights = [bar.get_height() for bar in axes.patches]
    assert heights[0] == heights[-1] == 1 and sum(heights) == 4 and max(heights) == 2


@pytest.mark.parametrize(
    ("values", "suits"),
    [
        ([0.001, 0.01, 0.1, 1.0], True),
        ([1e-4, 3e-4, 1e-3, 1.0], True),
        ([1.0, 40.0, 60.0, 100.0], False),
        ([1.0, 2.0, 3.0, 90.0], False),
        ([0.0, 0.01, 0.1, 1.0], False),
        ([-1.0, 0.01, 0.1, 1.0], False),
        ([0.001, None, "none", float("nan"), 0.01, 0.02, 1.0], True),
        ([0.5], False),
        ([], False),
    ],
)
def test_a_scale_that_suits(values: list[float | str | None], suits: bool) -> None:
    assert suits_log(values) is suits
