"""The canvas arithmetic of charts: what is drawn where."""

from __future__ import annotations

import math
import sys
import time
from array import array
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tuiflow.plot import (
    AXIS,
    LINE,
    Axis,
    Curve,
    Layer,
    Look,
    arrays,
    compose,
    extent,
    prepare,
    ticks,
)
from tuiflow.plot.canvas import Canvas
from tuiflow.plot.histogram import Bin, bars, bins, ranks
from tuiflow.plot.kept import Lines
from tuiflow.plot.peaks import Peaks
from tuiflow.plot.scatter import cell_of, nearest, padded, scatter

NAN, INF = math.nan, math.inf


def curve(values: list[float], steps: list[int] | None = None, times: list[int] | None = None):
    steps = list(range(len(values))) if steps is None else steps
    times = [1000 * i for i in range(len(values))] if times is None else times
    return Curve("m", array("q", steps), array("q", times), array("d", values))


def plot_rows(values: list[float], width: int, height: int, **options: bool) -> list[str]:
    """The rows of the plot alone, without the y labels and the x axis."""
    line = prepare(curve(values), log=options.get("log", False))
    window = extent([line])
    assert window is not None
    picture = compose([Layer(line, LINE)], window, width, height, **options)
    return [chars[picture.left :] for chars, _ in picture.rows[: picture.plot_rows]]


def test_a_dot_sets_the_bit_of_its_place():
    canvas = Canvas(2, 1)
    for x, y in ((0, 0), (1, 3), (2, 1)):
        canvas.dot(x, y, LINE)
    canvas.dot(4, 0, LINE)
    canvas.dot(0, -1, LINE)
    assert canvas.rows() == [("⢁⠂", bytes([LINE, LINE]))]


def test_a_rising_line_runs_from_the_lower_left_to_the_upper_right():
    assert plot_rows([0, 1, 2, 3], 6, 4) == ["  ⡠⠊", "⡠⠊  "]


def test_a_peak_is_a_peak():
    assert plot_rows([0, 1, 0], 12, 5) == ["   ⡰⠱⡀  ", " ⢀⠎  ⠘⡄ ", "⡰⠁    ⠈⢆"]


def test_a_flat_line_is_flat_and_in_the_middle():
    rows = plot_rows([5, 5, 5], 10, 5)
    drawn = [row for row in rows if row.strip()]
    assert len(drawn) == 1 and set(drawn[0]) == {drawn[0][0]}


def test_one_point_is_seen():
    assert sum(row.count("•") for row in plot_rows([0.25], 20, 8)) == 1


@pytest.mark.parametrize("place", [0, 1, 49_999, 77_777, 99_999])
def test_a_spike_among_a_hundred_thousand_points_is_drawn(place: int):
    values = [0.0] * 100_000
    values[place] = 1.0
    rows = plot_rows(values, 60, 12)
    assert rows[0].strip()
    column = len(rows[0]) - len(rows[0].lstrip())
    assert abs(column - place / 100_000 * len(rows[0])) <= 1


def test_nan_and_infinity_are_marked_and_left_out_of_the_bounds():
    rows = plot_rows([1.0, NAN, 2.0, INF, 1.0, -INF, 2.0], 40, 8)
    assert rows[0].count("▲") == 1
    assert rows[-1].count("×") == 1 and rows[-1].count("▼") == 1
    labels = compose([Layer(prepare(curve([1.0, NAN, 2.0, INF])), LINE)], (0, 3), 40, 8).rows
    assert any(chars.startswith("2.0┤") for chars, _ in labels)


def test_a_line_is_interrupted_where_a_value_is_missing():
    whole = plot_rows([1.0, 1.0, 1.0, 1.0, 1.0], 40, 6)
    broken = plot_rows([1.0, 1.0, NAN, 1.0, 1.0], 40, 6)
    flat = next(row for row in broken if row.strip() and "×" not in row)
    assert flat.strip().count(" ") > 10
    assert " " not in next(row for row in whole if row.strip())


def test_a_logarithmic_axis_makes_a_power_law_straight_and_marks_what_has_no_logarithm():
    line = prepare(curve([1.0, 10.0, 100.0, 0.0, -1.0]), log=True)
    assert list(line.ys) == pytest.approx([0, 1, 2])
    assert list(line.below) == [3, 4]
    assert "▼" in plot_rows([1.0, 10.0, 100.0, 0.0], 40, 8, log=True)[-1]


def test_smoothing_starts_unbiased_and_skips_what_is_not_finite():
    line = prepare(curve([4.0, 4.0, 4.0, 4.0]), smooth=0.9)
    assert list(line.ys) == pytest.approx([4.0] * 4)
    line = prepare(curve([2.0, NAN, 4.0]), smooth=0.5)
    # (0.25 * 2 + 0.5 * 4) / (1 - 0.25)
    assert list(line.ys) == pytest.approx([2.0, 10 / 3])
    assert list(line.nans) == [1]


def test_over_time_points_are_put_in_order():
    line = prepare(curve([1.0, 2.0, 3.0], times=[5000, 1000, 3000]), Axis.TIME)
    assert list(line.xs) == [1.0, 3.0, 5.0] and list(line.ys) == [2.0, 3.0, 1.0]


def test_what_lies_outside_of_the_window_does_not_set_the_scale():
    line = prepare(curve([1000.0, 1.0, 2.0, 3.0, 1000.0]))
    picture = compose([Layer(line, LINE)], (1, 3), 30, 10)
    assert not any("1000" in chars for chars, _ in picture.rows)


def test_between_two_points_the_line_passes_through():
    line = prepare(curve([0.0, 10.0]))
    picture = compose([Layer(line, LINE)], (0.4, 0.6), 30, 8)
    body = [chars[picture.left :] for chars, _ in picture.rows[: picture.plot_rows]]
    assert body[-1][0] != " " and body[0][-1] != " "
    assert any("5" in chars[: picture.left] for chars, _ in picture.rows)


def test_columns_and_x_are_each_others_inverse():
    line = prepare(curve([float(i) for i in range(200)]))
    picture = compose([Layer(line, LINE)], (0, 199), 50, 10)
    for column in range(picture.columns):
        back = picture.column_of(picture.x_at(column))
        assert back is not None and abs(back - column) <= 1
    assert picture.column_of(-1) is None and picture.column_of(200) is None


def test_of_two_lines_each_keeps_its_tone():
    lines = [prepare(curve([0.0, 0.0, 0.0])), prepare(curve([1.0, 1.0, 1.0]))]
    layers = [Layer(line, LINE + i) for i, line in enumerate(lines)]
    picture = compose(layers, (0, 2), 30, 8)
    top, bottom = picture.rows[0][1], picture.rows[picture.plot_rows - 1][1]
    assert set(top[picture.left :]) == {LINE + 1} and set(bottom[picture.left :]) == {LINE}
    assert set(top[: picture.left]) == {AXIS}


any_float = st.floats(allow_nan=True, allow_infinity=True)
any_int = st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=200, deadline=None)
@given(
    points=st.lists(st.tuples(any_int, any_int, any_float), max_size=60),
    width=st.integers(1, 60),
    height=st.integers(1, 20),
    log=st.booleans(),
    axis=st.sampled_from(Axis),
    smooth=st.sampled_from([0.0, 0.6, 0.99]),
    zoom=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
@example(points=[], width=1, height=1, log=False, axis=Axis.STEP, smooth=0.0, zoom=(0.0, 5e-324))
def test_whatever_was_logged_is_drawn_within_the_frame(
    points, width, height, log, axis, smooth, zoom
):
    points.sort(key=lambda point: point[0])
    line = prepare(
        curve([p[2] for p in points], [p[0] for p in points], [p[1] for p in points]),
        axis,
        log,
        smooth,
    )
    whole = extent([line]) or (0.0, 1.0)
    low, high = sorted(whole[0] + (whole[1] - whole[0]) * share for share in zoom)
    picture = compose([Layer(line, LINE, 2)], (low, high), width, height, log=log, axis=axis)
    assert len(picture.rows) == height or height < 3
    for chars, tones in picture.rows:
        assert len(chars) == len(tones) == picture.left + picture.columns
    finite = [p[2] for p in points if math.isfinite(p[2]) and (not log or p[2] > 0)]
    if finite and not smooth:
        full = compose([Layer(line, LINE)], whole, width, height, log=log, axis=axis)
        drawn = "".join(chars[full.left :] for chars, _ in full.rows[: full.plot_rows])
        assert drawn.strip()


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.integers(1, 12))
def test_linear_ticks_are_round_ordered_and_within(a: float, b: float, count: int):
    low, high = min(a, b), max(a, b)
    marks = ticks.linear(low, high, count)
    slack = (high - low) * 1e-6
    assert min(count, 2 if low < high else 1) <= len(marks) <= 2 * count + 3
    assert all(low - slack <= mark <= high + slack for mark in marks)
    assert all(first <= second for first, second in pairwise(marks))
    assert len(ticks.labels(marks)) == len(marks)


@given(st.floats(-323, 308), st.floats(-323, 308), st.integers(1, 12))
def test_logarithmic_ticks_are_positive_ordered_and_within(a: float, b: float, count: int):
    low, high = min(a, b), max(a, b)
    marks = ticks.logarithmic(low, high, count)
    assert all(mark > 0 for mark in marks)
    assert all(first <= second for first, second in pairwise(marks))
    assert all(low - 1 <= math.log10(mark) <= high + 1 for mark in marks)


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([0.0, 0.5, 1.0], ["0.0", "0.5", "1.0"]),
        ([0.75, 0.8, 0.85], ["0.75", "0.80", "0.85"]),
        ([0.0, 200.0, 400.0], ["0", "200", "400"]),
        ([0.001, 0.01, 0.1, 1.0], ["0.001", "0.010", "0.100", "1.000"]),
        ([1e-5, 1e-3, 0.1], ["1e-5", "1e-3", "1e-1"]),
        ([0.0, 2e6, 4e6], ["0", "2e6", "4e6"]),
        ([0.0], ["0"]),
    ],
)
def test_labels_of_one_axis_are_written_alike(marks: list[float], expected: list[str]):
    assert ticks.labels(marks) == expected


def test_steps_and_times_are_written_short():
    assert ticks.counts([0.0, 20_000.0, 40_000.0]) == ["0", "20k", "40k"]
    assert ticks.counts([0.0, 200.0]) == ["0", "200"]
    assert [ticks.clock(t) for t in (0, 0.5, 45, 60, 200, 3600, 7500, 86400 * 3)] == [
        "0", "0.5s", "45s", "1m", "3m20", "1h", "2h05", "3d",
    ]  # fmt: skip
    assert ticks.times(0, 3600, 4) == [0.0, 900.0, 1800.0, 2700.0, 3600.0]


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=3000), st.data())
@settings(max_examples=60, deadline=None)
def test_buckets_know_least_and_greatest_of_every_stretch(values: list[float], data):
    numbers = array("d", values)
    cut = data.draw(st.integers(0, len(values)))
    peaks = Peaks().grown(numbers[:cut]).grown(numbers)
    for _ in range(5):
        start = data.draw(st.integers(0, len(values) - 1))
        end = data.draw(st.integers(start + 1, len(values)))
        assert peaks.span(numbers, start, end) == (min(values[start:end]), max(values[start:end]))
    for size in (32, 1024):
        for start in range(0, len(values) - size + 1, size):
            part = values[start : start + size]
            assert peaks.span(numbers, start, start + size) == (min(part), max(part))


@given(
    st.integers(300, 6000),
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from([-5.0, 5.0, NAN, INF])), max_size=12),
    st.integers(10, 60),
)
@settings(max_examples=60, deadline=None)
def test_every_spike_is_drawn_in_its_column_whatever_the_number_of_points(count, spikes, width):
    values = [math.sin(i) for i in range(count)]
    for place, value in spikes:
        values[round(place * (count - 1))] = value
    line = prepare(curve(values))
    picture = compose([Layer(line, LINE)], (0, count - 1), width, 12)
    body = [chars[picture.left :] for chars, _ in picture.rows[: picture.plot_rows]]
    low, high = picture.bounds
    for index, value in enumerate(values):
        if abs(value) != 5.0:
            continue
        row = 0 if value > 0 else picture.plot_rows - 1
        column = round(index / (count - 1) * (picture.columns - 1))
        near = body[row][max(column - 1, 0) : column + 2]
        assert near.strip(), (index, value)
    finite = [value for value in values if math.isfinite(value)]
    assert (low, high) == (min(finite), max(finite))


@pytest.fixture(params=["lists", "numpy"])
def by(request, monkeypatch):
    """Lines made number by number, and by NumPy."""
    monkeypatch.setattr(arrays, "LONG", 1 if request.param == "numpy" else 1_000_000)
    import numpy  # noqa: F401


LINE_PARTS = ("xs", "ys", "all_xs", "all_values", "gaps", "nans", "above", "below")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    points=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), any_float), max_size=80),
    cut=st.integers(0, 80),
    axis=st.sampled_from(Axis),
    log=st.booleans(),
    smooth=st.sampled_from([0.0, 0.6]),
)
def test_a_line_that_grows_is_that_of_the_whole_curve(by, points, cut, axis, log, smooth):
    points.sort(key=lambda point: point[:2])
    steps, times, values = ([p[i] for p in points] for i in range(3))
    first = curve(values[:cut], steps[:cut], times[:cut])
    grown = first.grown(points[cut:])
    assert grown is not None and grown.stem is first.stem
    before = prepare(first, axis, log, smooth)
    found = prepare(grown, axis, log, smooth, before=before)
    fresh = prepare(curve(values, steps, times), axis, log, smooth)
    for name in LINE_PARTS:
        one, other = list(getattr(found, name)), list(getattr(fresh, name))
        if smooth and name == "ys":
            assert one == pytest.approx(other, rel=1e-9)
        else:
            assert str(one) == str(other), name
    assert found.average == pytest.approx(fresh.average)
    for one, other in zip(found.peaks.levels, fresh.peaks.levels, strict=True):
        for numbers, others in zip(one, other, strict=True):
            assert list(numbers) == pytest.approx(list(others), rel=1e-9)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    points=st.lists(st.tuples(st.integers(-9, 50), st.integers(0, 50), any_float), max_size=160),
    axis=st.sampled_from(Axis),
    log=st.booleans(),
    smooth=st.sampled_from([0.0, 0.3, 0.999]),
)
def test_numpy_makes_the_same_lines(monkeypatch, points, axis, log, smooth):
    import numpy  # noqa: F401

    steps, times, values = ([p[i] for p in points] for i in range(3))
    lines = []
    for long in (1, 1_000_000):
        monkeypatch.setattr(arrays, "LONG", long)
        lines.append(prepare(curve(values, steps, times), axis, log, smooth))
    for name in LINE_PARTS:
        one, other = (list(getattr(line, name)) for line in lines)
        near = pytest.approx(other, rel=1e-9, abs=1e-12 if smooth else 0, nan_ok=True)
        assert one == near, name
    for one, other in zip(lines[0].peaks.levels, lines[1].peaks.levels, strict=True):
        for numbers, others in zip(one, other, strict=True):
            assert list(numbers) == pytest.approx(list(others), rel=1e-9)


def test_a_curve_takes_no_points_that_belong_before_its_own():
    line = curve([1.0, 2.0])
    assert line.grown([(0, 5000, 3.0)]) is None
    assert line.grown([(1, 500, 3.0)]) is None
    assert len(line.grown([]) or ()) == 2


def test_lines_are_kept_and_grow_with_their_curves():
    lines, first, look = Lines(), curve([1.0, 2.0]), Look(smooth=0.5)
    (due,) = lines.due([first], [look, look])
    assert due.points == 2 and lines.get(first, look) is None
    lines.put(due, due.make())
    assert lines.get(first, look) is not None and not lines.due([first], [look])
    grown = first.grown([(2, 2000, 3.0)])
    assert grown is not None and lines.get(grown, look) is None
    (due,) = lines.due([grown], [look])
    assert due.points == 1 and due.before is not None
    lines.keep_only([curve([1.0])])
    assert lines.due([grown], [look])[0].points == 3


def test_times_of_day_are_marked_at_full_hours_and_days_where_we_are(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")  # half an hour beside the full ones
    time.tzset()
    try:
        noon = 1_790_000_000 - 1_790_000_000 % 86400 + 43200 - 19800
        assert ticks.dates(ticks.moments(noon, noon + 3 * 3600, 4)) == [
            "12:00", "13:00", "14:00", "15:00",
        ]  # fmt: skip
        marks = ticks.moments(noon, noon + 86400, 4)
        assert ticks.dates(marks) == ["12:00", "18:00", "09-22", "06:00", "12:00"]
        assert ticks.dates(ticks.moments(noon, noon + 5 * 86400, 3)) == ["09-22", "09-24", "09-26"]
        assert ticks.dates(ticks.moments(noon, noon + 20, 3)) == [
            "12:00:00", "12:00:10", "12:00:20",
        ]  # fmt: skip
    finally:
        monkeypatch.undo()
        time.tzset()


def test_logarithmic_ticks_are_written_each_for_itself():
    assert ticks.powers([1e-5, 0.001, 0.5, 20.0, 1e7]) == ["1e-5", "0.001", "0.5", "20", "1e7"]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=200), st.integers(1, 40))
def test_bins_hold_every_number_once(numbers: list[float], count: int):
    numbers.sort()
    found = bins(numbers, count)
    assert sum(item.count for item in found) == len(numbers)
    for first, second in pairwise(found):
        assert first.high == second.low
    for item in found[:-1]:
        assert item.count == sum(item.low <= number < item.high for number in numbers)
    picture = bars(found, 40, 10)
    assert all(len(chars) == len(tones) for chars, tones in picture.rows)


def test_a_bar_that_is_not_empty_is_seen():
    picture = bars([Bin(0, 1, 1000), Bin(1, 2, 1), Bin(2, 3, 0)], 40, 10)
    foot = picture.rows[picture.plot_rows - 1][0][picture.left :]
    third = picture.columns // 3
    assert foot[third // 2] == "█" and foot[third + third // 2] == "▁" and foot[-1] == " "


def test_texts_are_ranked_with_a_bar_each():
    rows = [chars for chars, _ in ranks(["sgd", "a-long-name-of-a-model"], [30, 15], 40, 4).rows]
    assert rows[0].startswith("sgd ") and rows[0].rstrip().endswith("█ 30")
    assert rows[0].count("█") == 2 * rows[1].count("█") or "…" in rows[1]
    assert len(rows) == 4 and not rows[3].strip()


def test_points_lie_where_they_belong_and_the_nearest_is_found():
    xs, ys = array("d", [0.0, 1.0, 2.0]), array("d", [0.0, 5.0, 10.0])
    picture = scatter(xs, ys, (0, 2), (0, 10), 40, 12)
    body = [chars[picture.left :] for chars, _ in picture.rows[: picture.plot_rows]]
    assert body[-1][0] == "●" and body[0][-1] == "●"
    column, row = cell_of(picture, 1.0, 5.0) or (0, 0)
    assert body[row][column] == "●" and cell_of(picture, 3.0, 5.0) is None
    assert nearest(xs, ys, picture, picture.columns - 3, 1) == 2
    assert nearest(xs, ys, picture, 2, 9) == 0
    assert padded([]) is None and (padded([3.0]) or (9, 0))[0] < 3.0


MOST = sys.float_info.max
EDGES = [
    [0.0, 1e16, 1.7e308],
    [0.5, MOST],
    [-MOST, -0.5],
    [-1e308, 0.0, 1.0, 1e308],
    [-MOST, -5e-324, 0.0, MOST],
    [MOST],
]


@pytest.mark.parametrize("numbers", EDGES)
def test_bins_of_the_greatest_numbers_have_finite_ends_and_are_drawn(numbers: list[float]):
    for count in (1, 2, 8, 40):
        found = bins(numbers, count)
        assert sum(item.count for item in found) == len(numbers)
        assert all(-MOST <= item.low <= item.high <= MOST for item in found)
        for item in found[:-1]:
            assert item.count == sum(item.low <= number < item.high for number in numbers)
        names = ticks.labels([found[0].low, *(item.high for item in found)])
        assert not any("inf" in name or "nan" in name for name in names)
        assert len(bars(found, 60, 12).rows) == 12
        if count >= 8:
            assert len(found) >= 4 or len(numbers) == 1


def test_a_span_that_no_float_holds_has_round_ticks():
    assert ticks.linear(-1e308, 1e308, 4) == pytest.approx([-1e308, -5e307, 0.0, 5e307, 1e308])


def test_ticks_that_are_not_finite_are_written():
    assert ticks.labels([-math.inf, 0.0, 2e307, math.inf]) == ["-inf", "0", "2.0e307", "inf"]
    assert ticks.labels([0.0, 0.5, math.inf]) == ["0.0", "0.5", "inf"]
    assert ticks.labels([math.inf, math.nan, 0.0]) == ["inf", "nan", "0"]


@pytest.mark.parametrize(
    "values", [*EDGES, [-1.7453413727126535e306, -1.7627864736661513e308], [0.0, 5e-324]]
)
def test_points_of_the_greatest_and_least_numbers_are_drawn_and_found(values: list[float]):
    xs = array("d", values)
    ends = padded(xs)
    assert ends is not None
    picture = scatter(xs, xs, ends, ends, 40, 12)
    assert "●" in "".join(chars for chars, _ in picture.rows)
    for x in xs:
        column, row = cell_of(picture, x, x) or (-1, -1)
        found = nearest(xs, xs, picture, column, row)
        assert found is not None and cell_of(picture, xs[found], xs[found]) == (column, row)
