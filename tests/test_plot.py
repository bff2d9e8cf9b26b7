"""The canvas arithmetic of charts: what is drawn where."""

from __future__ import annotations

import math
from array import array
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiflow.plot import AXIS, LINE, Axis, Curve, Layer, compose, extent, prepare, ticks
from tuiflow.plot.canvas import Canvas

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
