"""Planted differences: the four renderings of a comparison name exactly those, and agree."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from repositories import ENVIRONMENT, Repository
from shell import Cli

from tuiflow import diff
from tuiflow.diff import Comparison, Measure
from tuiflow.entities import TAG_MODELS, Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from tuiflow.store import Store, open_store
from tuiflow.tui.compare_grid import build
from tuiflow.tui.compare_words import Worded

PACKAGES = {"numpy": "2.4.6", "scikit-learn": "1.9.1", "tqdm": "4.0"}
PARAMS = {"alpha": "0.5", "l1_ratio": "0.5"}
FILES = {"report.md": b"# Report\n", "data.json": b'{"b": 1, "a": [2]}', "plot.png": b"\x89PNG1"}
MODEL = """\
flavors:
  python_function: {loader_module: mlflow.sklearn, python_version: 3.11.7}
  sklearn: {sklearn_version: 1.9.1, serialization_format: skops}
signature: {inputs: '[{"type": "double", "name": "ph"}]', outputs: null, params: null}
metadata: {learning_rate: 0.1}
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for key, value in ENVIRONMENT.items():
        monkeypatch.setenv(key, value)
    made = Repository(tmp_path / "repository")
    made.write({"train.py": "a = 1\nb = 2\n"})
    made.commit()
    return made


def log_run(
    store: Store,
    name: str,
    metrics: Mapping[str, float] | None = None,
    params: Mapping[str, str] = PARAMS,
    packages: Mapping[str, str] | None = PACKAGES,
    files: Mapping[str, bytes] = FILES,
    tags: Mapping[str, str] | None = None,
    model: str | None = None,
    data: str = "abc123",
    patch: bytes = b"",
    repository: Repository | None = None,
) -> str:
    run_id = store.create_run("0", name, start_time=1_000).info.run_id
    values = {"rmse": 0.8222, "r2": 0.1} if metrics is None else metrics
    found = {"tuiflow.host": "gpu-07", "tuiflow.python": "3.11.7", **(tags or {})}
    if model is not None:
        found[TAG_MODELS] = "model"
        files = {**files, "model/MLmodel": model.encode()}
    if repository is not None:
        found["mlflow.source.git.commit"] = repository.head()
        found["mlflow.source.name"] = str(repository.folder / "train.py")
    store.log_batch(
        run_id,
        [Metric(key, value, 1_500) for key, value in values.items()],
        [Param(key, value) for key, value in params.items()],
        [RunTag(key, value) for key, value in found.items()],
    )
    dataset = Dataset("wine", data, "local", "{}", None, None)
    store.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])])
    if packages is not None:
        text = "".join(f"{name}=={version}\n" for name, version in packages.items())
        store.contents.put(run_id, "packages", "", text.encode())
    if patch:
        store.contents.put(run_id, "patch", "", patch)
    for path, content in files.items():
        with store.writing_artifact(run_id, path) as part:
            part.write_bytes(content)
    store.finish_run(run_id, "FINISHED", 2_000)
    return run_id


def told_by_json(comparison: Comparison) -> list[tuple[str, str]]:
    record = json.loads(json.dumps(diff.to_json(comparison), allow_nan=False))
    return [
        (section["name"], row["key"])
        for section in record["sections"]
        for row in section["rows"]
        if row["differs"]
    ]


def told_by_csv(comparison: Comparison) -> list[tuple[str, str]]:
    rows = csv.DictReader(io.StringIO(diff.render_csv(comparison)))
    return [(row["section"], row["key"]) for row in rows if row["differs"] == "true"]


def told_by_markdown(comparison: Comparison) -> list[tuple[str, str]]:
    section, found = "", []
    for line in diff.render_markdown(comparison).splitlines()[4:]:
        key = line.split(" | ")[0].strip("| ")
        if not line.startswith("|"):
            break
        if key.startswith("**"):
            section = key.strip("*")
        elif not key.startswith("_("):
            found.append((section, key.replace("\\", "")))
    return found


def told_by_the_screen(comparison: Comparison) -> list[tuple[str, str]]:
    grid = build(Worded(comparison), 120, fold=True, transposed=False)
    names = [line.name.partition("/") for line in grid.lines if line.different]
    lying = build(Worded(comparison), 120, fold=True, transposed=True)
    columns = zip(lying.names, lying.different, strict=True)
    assert [name for name, stop in columns if stop] == ["/".join((a, c)) for a, _, c in names]
    return [(section, key) for section, _, key in names]


def told_by_the_command(cli: Cli, ids: list[str]) -> list[tuple[str, str]]:
    section, found = "", []
    lines = cli("diff", *ids).out.split("\n\n")[1].splitlines()[1:]
    for line in lines:
        if line.startswith("  "):
            found.append((section, line.split()[0]))
        else:
            section = line.strip()
    return found


def check(store: Store, cli: Cli, ids: list[str], wanted: list[tuple[str, str]]) -> Comparison:
    comparison = diff.compare(store, ids)
    assert told_by_json(comparison) == wanted
    assert told_by_csv(comparison) == wanted
    assert told_by_markdown(comparison) == wanted
    assert told_by_the_screen(comparison) == wanted
    assert told_by_the_command(cli, ids) == wanted
    # The same the other way round, and every Δ turned.
    back = diff.compare(store, ids[::-1])
    assert sorted(told_by_json(back)) == sorted(wanted)
    for section in comparison.sections:
        turned = {row.key: row for row in back.section(section.name).rows}
        for row in section.rows:
            there, again = row.cells[1], turned[row.key].cells[1]
            assert there.delta == (None if again.delta is None else -again.delta)
    return comparison


PLANTED: list[tuple[dict[str, object], tuple[str, str], str]] = [
    ({"params": PARAMS | {"alpha": "0.1"}}, ("params", "alpha"), "1 of 2 params differs: alpha"),
    (
        {"packages": PACKAGES | {"scikit-learn": "1.8.0"}},
        ("environment", "scikit-learn"),
        "env: scikit-learn 1.9.1 → 1.8.0",
    ),
    (
        {"packages": PACKAGES | {"new": "1"}},
        ("environment", "new"),
        "env: new none → 1",
    ),
    ({"tags": {"tuiflow.gpu": "A100"}}, ("environment", "gpu"), "env: gpu none → A100"),
    ({"tags": {"tuiflow.host": "gpu-08"}}, ("environment", "host"), "env: other host"),
    ({"files": FILES | {"report.md": b"# RePort\n"}}, ("artifacts", "report.md"), "report.md"),
    ({"files": FILES | {"more.txt": b""}}, ("artifacts", "more.txt"), "artifacts: more.txt"),
    ({"data": "abc124"}, ("data", "train"), "data: train"),
    ({"metrics": {"rmse": 0.75, "r2": 0.1}}, ("metrics", "rmse"), "rmse 0.7500 (−8.8 %)"),
]


@pytest.mark.parametrize(("change", "named", "words"), PLANTED, ids=lambda value: str(value)[:40])
def test_exactly_the_planted_difference_is_named(
    store: Store, cli: Cli, change: dict[str, object], named: tuple[str, str], words: str
) -> None:
    one, two = log_run(store, "one"), log_run(store, "two", **change)  # type: ignore[arg-type]
    comparison = check(store, cli, [one, two], [named])
    assert words in comparison.summary


def test_a_line_of_code_is_named(store: Store, cli: Cli, repository: Repository) -> None:
    one = log_run(store, "one", repository=repository)
    repository.write({"train.py": "a = 1\nb = 3\n"})
    patch = (repository.git("diff", "HEAD") + "\n").encode()
    two = log_run(store, "two", repository=repository, patch=patch)
    comparison = check(store, cli, [one, two], [("code", "train.py")])
    assert "code: train.py" in comparison.summary


def test_all_at_once(store: Store, cli: Cli, repository: Repository) -> None:
    one = log_run(store, "one", repository=repository)
    repository.write({"train.py": "a = 1\nb = 3\n"})
    repository.commit()
    two = log_run(
        store,
        "two",
        params=PARAMS | {"alpha": "0.1"},
        packages=PACKAGES | {"numpy": "2.5.0"},
        files=FILES | {"data.json": b'{"a": [3], "b": 1}'},
        metrics={"rmse": 0.75, "r2": 0.1},
        repository=repository,
    )
    wanted = [
        ("metrics", "rmse"),
        ("params", "alpha"),
        ("code", "commit"),
        ("code", "commits"),
        ("code", "train.py"),
        ("environment", "numpy"),
        ("artifacts", "data.json"),
    ]
    comparison = check(store, cli, [one, two], wanted)
    assert comparison.summary == (
        "two is best: rmse 0.7500 (−8.8 %) · 1 of 2 params differs: alpha · code: 1 commit"
        " · env: numpy 2.4.6 → 2.5.0 · data: same · artifacts: data.json"
    )
    printed = cli("diff", one, two).out
    assert printed.startswith(comparison.summary)
    assert diff.render_markdown(comparison).replace("\\", "")[2:].startswith(comparison.summary)


@settings(max_examples=15)
@given(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2", "x|y", "\x1b[1m"])),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2", "x|y", "\x1b[1m"])),
)
def test_any_params_are_told_alike(
    tmp_path_factory: pytest.TempPathFactory, one: dict[str, str], two: dict[str, str]
) -> None:
    store = open_store(tmp_path_factory.mktemp("store"))
    ids = [log_run(store, name, params=params) for name, params in (("a", one), ("b", two))]
    comparison = diff.compare(store, ids)
    wanted = [("params", key) for key in "abc" if one.get(key) != two.get(key)]
    for told in (told_by_json, told_by_csv, told_by_markdown, told_by_the_screen):
        assert told(comparison) == wanted
    store.close()


# models, packages, artifacts


def test_a_model_is_told_by_its_description(store: Store, cli: Cli) -> None:
    one = log_run(store, "one", model=MODEL)
    changed = MODEL.replace("0.1", "0.3").replace("1.9.1", "1.8.0").replace('"ph"', '"pH"')
    two = log_run(store, "two", model=changed)
    none = log_run(store, "none")
    rows = {
        row.key: [cell.value for cell in row.cells]
        for row in diff.compare(store, [one, two]).section("model").different
    }
    assert rows == {
        "model signature": ["ph: double → any", "pH: double → any"],
        "model sklearn.sklearn_version": ["1.9.1", "1.8.0"],
        "model metadata.learning_rate": ["0.1", "0.3"],
    }
    lacking = diff.compare(store, [one, none])
    assert [row.key for row in lacking.section("model").different] == ["model"]
    assert "model: model only in some" in lacking.summary
    said = cli("diff", one, two, "--file", "model").out
    assert "-metadata: {learning_rate: 0.1}" in said.splitlines()


def test_a_model_that_cannot_be_read_is_no_trouble(store: Store) -> None:
    ids = [log_run(store, "one", model=MODEL), log_run(store, "two", model="{[")]
    rows = {row.key for row in diff.compare(store, ids).section("model").different}
    assert "model problem" in rows


def test_a_run_without_a_record_of_packages_is_not_judged(store: Store) -> None:
    one, two = log_run(store, "one"), log_run(store, "two", packages=None)
    for ids in ([one, two], [two, one]):
        comparison = diff.compare(store, ids)
        assert told_by_json(comparison) == []
        assert comparison.notes == ("two: it recorded no packages.",)


def test_artifacts_are_diffed_when_asked(store: Store, cli: Cli) -> None:
    other = {
        "report.md": b"# Report\n\nBetter.\n",
        "data.json": b'{"a": [2], "b": 1.5}',
        "plot.png": b"\x89PNG2",
        "new.txt": b"\x1b[31mred\n",
        "bytes": b"\0\1",
    }
    one, two = log_run(store, "one"), log_run(store, "two", files=other)
    comparison = diff.compare(store, [one, two])

    def lines(key: str) -> list[str]:
        return list(diff.read_detail(store, comparison, "artifacts", key, two).lines)

    assert lines("report.md") == ["@@ -1 +1,3 @@", " # Report", "+", "+Better."]
    # The order of the keys of a JSON object says nothing.
    assert [line for line in lines("data.json") if line[0] in "+-"] == ['-  "b": 1', '+  "b": 1.5']
    image = diff.read_detail(store, comparison, "artifacts", "plot.png", two)
    assert image.is_image
    assert [path and path.read_bytes() for path in image.paths] == [b"\x89PNG1", b"\x89PNG2"]
    assert "No text" in diff.read_detail(store, comparison, "artifacts", "bytes", two).note
    result = cli("diff", one, two, "--file", "new.txt")
    assert result.out == "--- one/new.txt\n+++ two/new.txt\n@@ -0,0 +1 @@\n+␛[31mred\n"
    wrong = cli("diff", one, two, "--file", "report.m")
    assert (wrong.code, "did you mean 'report.md'?" in wrong.err) == (2, True)
    assert cli("diff", one, two, "--file", "report.md", "--format", "json").code == 2


# directions and measures


def test_a_direction_is_said_once_and_remembered(store: Store, cli: Cli) -> None:
    one = log_run(store, "one", metrics={"loss": 1.0, "dust": 1.0})
    two = log_run(store, "two", metrics={"loss": 2.0, "dust": 2.0})

    def verdicts() -> dict[str, str]:
        record = json.loads(cli("diff", one, two, "--format", "json").out)
        return {row["key"]: row["cells"][1]["verdict"] for row in record["sections"][0]["rows"]}

    assert verdicts() == {"loss": "worse", "dust": "different"}
    done = cli("diff", one, two, "--direction", "loss=higher", "--direction", "dust=lower")
    assert done.code == 0
    assert verdicts() == {"loss": "better", "dust": "worse"}
    assert open_store(store.root).metric_directions() == {"loss": False, "dust": True}
    assert store.resolve_run("best:loss") == two
    cli("diff", one, two, "--direction", "loss=guess", "--direction", "dust=guess")
    assert verdicts() == {"loss": "worse", "dust": "different"}
    assert store.resolve_run("best:loss") == one
    for wrong in ("loss", "loss=", "=lower", "loss=up", "los=lower"):
        result = cli("diff", one, two, "--direction", wrong)
        assert (result.code, result.out) == (2, ""), wrong
    assert store.metric_directions() == {}


def test_metrics_are_measured_by_last_least_greatest_and_best(store: Store, cli: Cli) -> None:
    ids = []
    for name, values in (("one", [5.0, 1.0, 3.0]), ("two", [9.0, 2.0, 2.5])):
        run_id = store.create_run("0", name).info.run_id
        points = [Metric("loss", v, 1, i) for i, v in enumerate(values)]
        store.log_batch(run_id, [*points, *(Metric("x", v, 1, i) for i, v in enumerate(values))])
        store.finish_run(run_id, "FINISHED")
        ids.append(run_id)
    expected = {"last": (3.0, 2.5), "min": (1.0, 2.0), "max": (5.0, 9.0), "best": (1.0, 2.0)}
    for measure, values in expected.items():
        record = json.loads(cli("diff", *ids, "--value", measure, "--format", "json").out)
        loss, x = record["sections"][0]["rows"]
        assert tuple(cell["value"] for cell in loss["cells"]) == values
        assert loss["cells"][1]["delta"] == values[1] - values[0]
        told = {name: tuple(c["value"] for c in cells) for name, cells in loss["measures"].items()}
        assert told == expected
        assert "best" not in x["measures"]  # nobody knows what is best
        best = ids[0] if measure in ("min", "max", "best") else ids[1]
        assert record["best"] == best
    comparison = diff.compare(store, ids, measure=Measure.BEST)
    assert comparison.section("metrics").rows[1].cells[0].value == 3.0


def test_the_metric_that_decides_can_be_named(store: Store, cli: Cli) -> None:
    one = log_run(store, "one", metrics={"rmse": 1.0, "r2": 0.9})
    two = log_run(store, "two", metrics={"rmse": 0.5, "r2": 0.1})
    assert cli("diff", one, two, "--by", "r2").out.startswith("one (baseline) is best: r2")
    assert cli("diff", one, two).out.startswith("two is best: rmse")
    wrong = cli("diff", one, two, "--by", "rms")
    assert (wrong.code, "did you mean 'rmse'?" in wrong.err) == (2, True)
