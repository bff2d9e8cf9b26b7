"""What differs between runs: planted differences, the arithmetic of Δ, and the renderings."""

from __future__ import annotations

import csv
import io
import json
import math
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuiflow import diff
from tuiflow.diff import Comparison, Verdict
from tuiflow.entities import Metric, MetricSummary, Param, Run, RunData, RunInfo, RunTag
from tuiflow.errors import InvalidInput, NotFound
from tuiflow.store import Store, open_store

BASE_METRICS = {"mae": 0.6279, "r2": 0.1268, "rmse": 0.8222}
BASE_PARAMS = {"alpha": "0.5", "l1_ratio": "0.5", "data": "wine-quality.csv"}


def facts(
    name: str = "base",
    metrics: Mapping[str, float] | None = None,
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    files: Mapping[str, diff.FileFact] | None = None,
    count: int = 1,
) -> diff.RunFacts:
    """Facts of a run that ended after a second."""
    metrics = BASE_METRICS if metrics is None else metrics
    info = RunInfo(
        run_id=name.encode().hex().ljust(32, "0")[:32],
        run_name=name,
        experiment_id="1",
        experiment_name="wine",
        user_id="ann",
        status="FINISHED",
        start_time=1_700_000_000_000,
        end_time=1_700_000_001_000,
        lifecycle_stage="active",
        artifact_uri="/nowhere",
    )
    data = RunData(metrics, BASE_PARAMS if params is None else params, tags or {})
    summaries = {
        key: MetricSummary(key, value, count - 1, 1_700_000_000_500, count, value, value, value)
        for key, value in metrics.items()
    }
    return diff.RunFacts(Run(info, data), summaries, files or {})


def different(comparison: Comparison) -> list[tuple[str, str]]:
    return [(section.name, row.key) for section in comparison.sections for row in section.different]


def cell(comparison: Comparison, section: str, key: str, run: int = 1) -> diff.Cell:
    rows = {row.key: row for row in comparison.section(section).rows}
    return rows[key].cells[run]


def test_runs_that_are_alike_differ_in_nothing() -> None:
    comparison = diff.compare_facts([facts("one"), facts("two")])
    assert different(comparison) == []
    assert comparison.summary == "rmse is equal: 0.8222 · params: same"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"params": BASE_PARAMS | {"alpha": "0.1"}}, ("params", "alpha")),
        ({"params": BASE_PARAMS | {"seed": "1"}}, ("params", "seed")),
        ({"params": {"alpha": "0.5", "l1_ratio": "0.5"}}, ("params", "data")),
        ({"metrics": BASE_METRICS | {"r2": 0.2}}, ("metrics", "r2")),
        ({"metrics": BASE_METRICS | {"r2": math.nan}}, ("metrics", "r2")),
        ({"tags": {"team": "red"}}, ("tags", "team")),
        ({"tags": {"mlflow.note.content": "first"}}, ("tags", "mlflow.note.content")),
        ({"tags": {"mlflow.source.git.commit": "9b1c4e2"}}, ("code", "commit")),
        ({"tags": {"mlflow.docker.image.uri": "x"}}, ("environment", "docker image")),
        ({"tags": {"mlflow.parentRunId": "a" * 32}}, ("attributes", "parent run")),
        ({"files": {"plot.png": diff.FileFact(7)}}, ("artifacts", "plot.png")),
    ],
)
def test_one_planted_difference_is_the_only_one_named(
    change: dict[str, object], named: tuple[str, str]
) -> None:
    comparison = diff.compare_facts([facts("base"), facts("other", **change)])  # type: ignore[arg-type]
    assert different(comparison) == [named]
    markdown = diff.render_markdown(comparison)
    key = "note" if named[1] == "mlflow.note.content" else named[1]
    body = [
        line for line in markdown.splitlines() if line.startswith("| ") and "equal:" not in line
    ]
    rows = [line for line in body if not line.startswith(("|  |", "| **"))]
    assert len(rows) == 1
    assert rows[0].startswith(f"| {key} |")


def test_params_are_compared_as_numbers_and_shown_as_recorded() -> None:
    base = facts("base", params={"lr": "0.10", "n": "9007199254740993", "flag": "nan"})
    same = facts("same", params={"lr": "1e-1", "n": "+9007199254740993", "flag": "nan"})
    off_by_one = facts("off", params={"lr": "0.1", "n": "9007199254740992", "flag": "NaN"})
    assert different(diff.compare_facts([base, same])) == []
    assert different(diff.compare_facts([base, off_by_one])) == [
        ("params", "flag"),
        ("params", "n"),
    ]
    assert cell(diff.compare_facts([base, same]), "params", "lr").value == "1e-1"


def test_missing_values_are_added_or_removed_and_have_no_delta() -> None:
    comparison = diff.compare_facts(
        [facts("base", {"loss": 1.0}), facts("b", {"acc": 0.5}), facts("c", {})]
    )
    assert [c.verdict for c in comparison.section("metrics").rows[0].cells] == [
        None,
        Verdict.ADDED,
        Verdict.EQUAL,
    ]
    loss = cell(comparison, "metrics", "loss")
    assert (loss.value, loss.delta, loss.verdict) == (None, None, Verdict.REMOVED)


@pytest.mark.parametrize(
    ("baseline", "value", "delta", "relative", "words"),
    [
        (0.8222, 0.7504, -0.0718, -0.0873, "▲ 0.7504 −0.0718 −8.7%"),
        (0.5, 1.5, 1.0, 2.0, "▼ 1.500 +1.000 ×3"),
        (0.0, 1.5, 1.5, None, "▼ 1.500 +1.500"),
        (-2.0, -3.0, -1.0, -0.5, "▲ -3 −1 −50.0%"),
        (-2.0, 3.0, 5.0, 2.5, "▼ 3 +5 +250.0%"),
        (math.nan, 1.5, None, None, "▲ 1.500"),
        (1.5, math.nan, None, None, "▼ NaN"),
        (math.inf, 1.5, -math.inf, None, "▲ 1.500 −inf"),
        (1.5, -math.inf, -math.inf, None, "▲ -inf −inf"),
        (math.inf, math.inf, None, None, "inf"),
        (5e-324, 1e308, 1e308, None, "▼ 1.000e+308 +1.00e+308"),
        (1.0, 1.00000001, 1e-8, 1e-8, "▼ 1.000 +1.00e-08 ≈0%"),
    ],
)
def test_delta_and_percent(
    baseline: float, value: float, delta: float | None, relative: float | None, words: str
) -> None:
    comparison = diff.compare_facts([facts("a", {"loss": baseline}), facts("b", {"loss": value})])
    found = cell(comparison, "metrics", "loss")
    assert found.delta == (None if delta is None else pytest.approx(delta, rel=1e-6))
    assert found.relative == (None if relative is None else pytest.approx(relative, rel=1e-3))
    row = comparison.section("metrics").rows[0]
    assert diff.row_texts(row)[1].line() == words


floats = st.floats(allow_nan=True, allow_infinity=True)


@given(floats, floats)
def test_swapping_the_baseline_negates_every_delta(one: float, other: float) -> None:
    first, second = facts("a", {"loss": one}), facts("b", {"loss": other})
    there = cell(diff.compare_facts([first, second]), "metrics", "loss")
    back = cell(diff.compare_facts([second, first]), "metrics", "loss")
    opposite = {
        Verdict.BETTER: Verdict.WORSE,
        Verdict.WORSE: Verdict.BETTER,
        Verdict.EQUAL: Verdict.EQUAL,
    }
    assert there.delta == (None if back.delta is None else -back.delta)
    assert there.verdict is not None
    assert back.verdict is opposite[there.verdict]


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["loss", "acc", "x"]), floats), min_size=2, max_size=4
    ),
    st.lists(st.dictionaries(st.sampled_from(["p", "q"]), st.text()), min_size=4, max_size=4),
)
def test_any_values_can_be_compared_and_written(
    metrics: list[dict[str, float]], params: list[dict[str, str]]
) -> None:
    runs = [facts(f"run{i}", values, params[i], tags=params[i]) for i, values in enumerate(metrics)]
    comparison = diff.compare_facts(runs)
    for row in (row for section in comparison.sections for row in section.rows):
        for words in diff.row_texts(row, 40):
            kinds = {unicodedata.category(char) for char in words.line()}
            assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert "\n" not in comparison.summary
    # JSON as the standard has it: no bare NaN.
    json.dumps(diff.to_json(comparison), allow_nan=False)
    lines = diff.render_markdown(comparison, equal=True).splitlines()
    table = [line for line in lines if line.startswith("|")]
    columns = {line.replace("\\|", "").count("|") for line in table}
    assert columns == {len(runs) + 2}


def test_direction_decides_what_is_better() -> None:
    comparison = diff.compare_facts(
        [facts("a", {"rmse": 1.0, "accuracy": 0.5}), facts("b", {"rmse": 0.9, "accuracy": 0.4})]
    )
    assert cell(comparison, "metrics", "rmse").verdict is Verdict.BETTER
    assert cell(comparison, "metrics", "accuracy").verdict is Verdict.WORSE


def test_the_summary_names_the_best_run_and_what_was_done_differently() -> None:
    base = facts("bold-otter-3")
    other = facts("bold-otter-7", {"mae": 0.6113, "r2": 0.2157, "rmse": 0.7793})
    best = facts(
        "able-crane-41",
        {"mae": 0.5837, "r2": 0.2726, "rmse": 0.7504},
        BASE_PARAMS | {"alpha": "0.001"},
    )
    comparison = diff.compare_facts([base, other, best])
    assert comparison.summary == (
        "able-crane-41 is best: rmse 0.7504 (−8.7 %) · 1 of 3 params differs: alpha"
    )
    assert comparison.headline == "rmse"
    assert comparison.best == best.run.info.run_id
    by_r2 = diff.compare_facts([best, base], metric="r2")
    assert by_r2.summary.startswith("able-crane-41 (baseline) is best: r2 0.2726 ·")


def test_the_headline_is_a_shared_metric_of_the_evaluation_set() -> None:
    values = {"train/loss": 0.1, "val/loss": 0.2, "system/cpu_percent": 3.0, "only_here": 1.0}
    other = {"train/loss": 0.05, "val/loss": 0.3, "system/cpu_percent": 4.0}
    assert diff.compare_facts([facts("a", values), facts("b", other)]).headline == "val/loss"
    assert diff.compare_facts([facts("a", {}), facts("b", {})]).headline is None


def test_best_is_never_a_run_that_diverged() -> None:
    runs = [facts("a", {"loss": math.nan}), facts("b", {"loss": 2.0}), facts("c", {"loss": 3.0})]
    assert diff.compare_facts(runs).best == runs[1].run.info.run_id


def test_curves_are_shared_metrics_with_a_history() -> None:
    long = facts("a", {"loss": 1.0, "mine": 1.0}, count=10)
    assert diff.compare_facts([long, facts("b", {"loss": 2.0})]).curves == ("loss",)
    assert diff.compare_facts([facts("a"), facts("b")]).curves == ()


def test_rows_that_differ_come_first_and_equal_ones_are_folded() -> None:
    params = {f"p{i}": "1" for i in range(9)}
    comparison = diff.compare_facts(
        [facts("a", params=params), facts("b", params=params | {"p5": "2"})]
    )
    section = comparison.section("params")
    assert [row.key for row in section.rows][:3] == ["p5", "p0", "p1"]
    assert diff.folded(section) == "(8 equal: p0, p1, p2, p3, p4, p6, …)"
    assert "p8" not in diff.render_markdown(comparison)
    assert "| p8 |" in diff.render_markdown(comparison, equal=True)


def test_markdown_shows_hostile_text_as_text() -> None:
    evil = "a|b\n<img src=x>`*\x1b[31m"
    comparison = diff.compare_facts(
        [facts("x|y", params={"k|\n": "1"}), facts("z", params={"k|\n": evil})]
    )
    markdown = diff.render_markdown(comparison)
    assert "\x1b" not in markdown
    assert r"a\|b␊\<img src=x\>\`\*␛\[31m" in markdown
    assert r"x\|y (baseline)" in markdown


def test_csv_holds_every_row_with_values_as_recorded() -> None:
    comparison = diff.compare_facts(
        [facts("a", {"rmse": 0.5}), facts("b", {"rmse": 0.25}, BASE_PARAMS | {"alpha": "=1+1"})]
    )
    rows = {row[1]: row for row in csv.reader(io.StringIO(diff.render_csv(comparison)))}
    assert rows["key"] == ["section", "key", "differs", "a", "b", "b Δ", "b Δ/|baseline|"]
    assert rows["rmse"] == ["metrics", "rmse", "true", "0.5", "0.25", "-0.25", "-0.5"]
    assert rows["data"] == ["params", "data", "false", *["wine-quality.csv"] * 2, "", ""]
    assert rows["duration"][3:5] == ["1000", "1000"]


def test_renderings_agree_on_what_differs() -> None:
    comparison = diff.compare_facts(
        [facts("a"), facts("b", BASE_METRICS | {"rmse": 0.7}, BASE_PARAMS | {"alpha": "1"})]
    )
    plain = diff.to_json(comparison)
    sections = plain["sections"]
    assert isinstance(sections, list)
    from_json = [
        (section["name"], row["key"])
        for section in sections
        for row in section["rows"]
        if row["differs"]
    ]
    from_csv = [
        (row[0], row[1])
        for row in csv.reader(io.StringIO(diff.render_csv(comparison)))
        if row[2] == "true"
    ]
    assert (
        from_json == from_csv == different(comparison) == [("metrics", "rmse"), ("params", "alpha")]
    )


def test_runs_of_one_name_are_told_apart() -> None:
    runs = diff.compare_facts([facts("aa"), facts("aa "), facts("b")]).runs
    twins = [runs[0], runs[0], runs[2]]
    assert diff.column_names(twins) == [f"aa {runs[0].run_id[:6]}"] * 2 + ["b"]


# with a store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


def log_run(
    store: Store,
    name: str,
    params: Mapping[str, str],
    metrics: Mapping[str, list[float]],
    files: Mapping[str, bytes],
    tags: Mapping[str, str] | None = None,
) -> str:
    run_id = store.create_run("0", name, start_time=1_700_000_000_000).info.run_id
    store.log_batch(
        run_id,
        [
            Metric(key, value, 1_700_000_000_000 + step, step)
            for key, values in metrics.items()
            for step, value in enumerate(values)
        ],
        [Param(key, value) for key, value in params.items()],
        [RunTag(key, value) for key, value in (tags or {}).items()],
    )
    for path, content in files.items():
        with store.writing_artifact(run_id, path) as part:
            part.write_bytes(content)
    store.finish_run(run_id, "FINISHED", 1_700_000_001_000)
    return run_id


def test_a_stores_runs_differ_by_one_artifact_byte(store: Store) -> None:
    files = {"data/table.csv": b"a,b\n1,2\n", "notes.txt": b"hello"}
    one = log_run(store, "one", {"a": "1"}, {"loss": [3.0, 2.0]}, files)
    two = log_run(store, "two", {"a": "1"}, {"loss": [3.0, 2.0]}, files | {"notes.txt": b"hellO"})
    comparison = diff.compare(store, [one, two])
    assert different(comparison) == [("artifacts", "notes.txt")]
    assert "artifacts: notes.txt" in comparison.summary
    assert comparison.curves == ("loss",)


def test_artifacts_are_added_removed_and_changed_by_size(store: Store) -> None:
    one = log_run(store, "one", {}, {}, {"gone": b"1", "grown": b"1"})
    two = log_run(store, "two", {}, {}, {"new": b"1", "grown": b"1234"})
    comparison = diff.compare(store, [one, two])
    verdicts = {row.key: row.cells[1].verdict for row in comparison.section("artifacts").rows}
    assert verdicts == {
        "gone": Verdict.REMOVED,
        "new": Verdict.ADDED,
        "grown": Verdict.DIFFERENT,
    }


def test_a_models_files_are_one_row(store: Store) -> None:
    tags = {"tuiflow.models": "model"}
    one = log_run(store, "one", {}, {}, {"model/MLmodel": b"run 1"}, tags)
    two = log_run(store, "two", {}, {}, {"model/MLmodel": b"run 2"}, tags)
    three = log_run(store, "three", {}, {}, {})
    assert different(diff.compare(store, [one, two])) == []
    comparison = diff.compare(store, [one, three])
    assert different(comparison) == [("model", "model")]


def test_the_baseline_can_be_any_run_and_comes_first(store: Store) -> None:
    ids = [log_run(store, name, {}, {"loss": [1.0]}, {}) for name in ("a", "b", "c")]
    comparison = diff.compare(store, ids[:2], baseline=ids[1])
    assert [run.run_id for run in comparison.runs] == [ids[1], ids[0]]
    joined = diff.compare(store, ids[:2], baseline=ids[2])
    assert [run.run_name for run in joined.runs] == ["c", "a", "b"]


def test_a_wrong_number_of_runs_is_one_clear_sentence(store: Store) -> None:
    ids = [log_run(store, f"run{i}", {}, {}, {}) for i in range(21)]
    with pytest.raises(InvalidInput, match="two different runs"):
        diff.compare(store, [ids[0], ids[0]])
    with pytest.raises(InvalidInput, match="20 is the most"):
        diff.compare(store, ids)
    assert len(diff.compare(store, ids[:20]).runs) == 20
    with pytest.raises(NotFound):
        diff.compare(store, [ids[0], "f" * 32])


def test_a_metric_that_says_nothing_about_itself_is_neither_better_nor_worse() -> None:
    comparison = diff.compare_facts([facts("a", {"lr": 0.1}), facts("b", {"lr": 0.01})])
    assert cell(comparison, "metrics", "lr").verdict is Verdict.DIFFERENT
    assert comparison.headline is None
    assert comparison.summary.startswith("no metric to choose the best run by")
