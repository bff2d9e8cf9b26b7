"""`tuiflow.sklearn` and `tuiflow.pyfunc`: models among the artifacts of runs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import ElasticNet, Ridge

import tuiflow
from tuiflow.config import ENV_RUN_ID
from tuiflow.entities import TAG_MODELS
from tuiflow.errors import AlreadyExists, InvalidInput, ModelError, NotFound

TABLE = pd.DataFrame({"pH": [3.0, 3.2, 3.5], "fixed acidity": [7.0, 6.5, 8.1]})
TARGET = [5.0, 6.0, 7.0]
MODEL = ElasticNet(alpha=0.1).fit(TABLE, TARGET)


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path) -> Path:
    tuiflow.set_tracking_uri(tmp_path / "store")
    return tmp_path / "store"


def test_log_and_load() -> None:
    with tuiflow.start_run() as run:
        info = tuiflow.sklearn.log_model(MODEL, "model", input_example=TABLE.head(1))
    assert info.model_uri == f"runs:/{run.info.run_id}/model"
    assert (info.run_id, info.artifact_path) == (run.info.run_id, "model")
    assert info.signature is not None
    assert info.signature.inputs is not None
    assert info.signature.inputs.input_names() == ["pH", "fixed acidity"]
    loaded = tuiflow.pyfunc.load_model(info.model_uri)
    assert loaded.mlmodel.run_id == run.info.run_id
    assert loaded.mlmodel.artifact_path == "model"
    shuffled = TABLE[["fixed acidity", "pH"]]
    np.testing.assert_array_equal(loaded.predict(shuffled), MODEL.predict(TABLE))
    assert isinstance(tuiflow.sklearn.load_model(info.model_uri), ElasticNet)


def test_what_log_model_tells_has_mlflows_fields() -> None:
    before = time.time() * 1000
    with tuiflow.start_run():
        info = tuiflow.sklearn.log_model(MODEL, name="best")
        told = tuiflow.sklearn.log_model(MODEL, name="told", metadata={"by": "ada"})
    assert info.name == "best"
    assert info.creation_timestamp is not None
    assert before - 1000 < info.creation_timestamp < before + 60_000
    assert (info.params, info.tags) == ({}, {})
    assert info.metrics is info.prompts is info.env_vars is info.model_id is None
    assert info.metadata is info.saved_input_example_info is None
    assert told.metadata == {"by": "ada"}
    assert tuiflow.models.get_model_info(told.model_uri).name == "told"


def test_the_run_lists_its_models(own_store: Path) -> None:
    with tuiflow.start_run() as run:
        tuiflow.sklearn.log_model(MODEL)
        tuiflow.sklearn.log_model(MODEL, name="checkpoints/1")
        tuiflow.sklearn.log_model(Ridge().fit(TABLE, TARGET), name="model")
    stored = tuiflow.get_run(run.info.run_id)
    assert stored.model_paths == ("model", "checkpoints/1")
    assert stored.data.tags[TAG_MODELS] == "model,checkpoints/1"
    # the second "model" took the first one's place, and nothing else is left behind
    assert isinstance(tuiflow.sklearn.load_model(f"runs:/{run.info.run_id}/model"), Ridge)
    artifacts = Path(stored.info.artifact_uri)
    assert sorted(path.name for path in artifacts.iterdir()) == ["checkpoints", "model"]
    assert {path.stat().st_mode & 0o077 for path in artifacts.rglob("*")} == {0}


def test_a_run_is_made_for_a_model_where_none_is_active_and_ends_with_it() -> None:
    info = tuiflow.sklearn.log_model(MODEL)
    assert tuiflow.active_run() is None
    assert tuiflow.get_run(info.run_id).info.status == "FINISHED"
    assert isinstance(tuiflow.sklearn.load_model(info.model_uri), ElasticNet)
    with tuiflow.start_run() as run:
        assert tuiflow.sklearn.log_model(MODEL).run_id == run.info.run_id != info.run_id
        assert tuiflow.active_run() is not None


def test_the_run_made_for_a_model_that_can_not_be_saved_has_failed() -> None:
    broken = Ridge().fit(TABLE, TARGET)
    broken.lock = threading.Lock()
    with pytest.raises(ModelError):
        tuiflow.sklearn.log_model(broken)
    assert tuiflow.active_run() is None
    [run] = tuiflow.search_runs(output_format="list")
    assert run.info.status == "FAILED"


def test_a_model_before_start_run_goes_to_the_run_that_was_handed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = tuiflow.MlflowClient().create_run("0").info.run_id
    monkeypatch.setenv(ENV_RUN_ID, made)
    assert tuiflow.sklearn.log_model(MODEL).run_id == made
    with tuiflow.start_run() as run:
        assert run.info.run_id == made
        assert run.info.status == "RUNNING"
        tuiflow.log_metric("m", 1)
    assert tuiflow.get_run(made).info.status == "FINISHED"
    with tuiflow.start_run() as run:
        assert run.info.run_id != made


def test_a_loaded_model_says_what_it_is() -> None:
    with tuiflow.start_run() as run:
        info = tuiflow.sklearn.log_model(MODEL, "best", input_example=TABLE.head(2))
    loaded = tuiflow.pyfunc.load_model(info.model_uri)
    assert repr(loaded) == (
        "mlflow.pyfunc.loaded_model:\n  artifact_path: best\n  flavor: mlflow.sklearn\n"
        f"  run_id: {run.info.run_id}\n"
    )
    assert loaded.metadata == tuiflow.models.Model.load(info.model_uri)
    assert loaded.metadata.signature == info.signature
    assert list(loaded.metadata.flavors) == ["python_function", "sklearn"]
    inputs = loaded.metadata.get_input_schema()
    assert inputs is not None
    assert inputs.input_names() == ["pH", "fixed acidity"]
    assert str(loaded.metadata.get_output_schema()) == "[double (required)]"
    assert loaded.metadata.get_params_schema() is None
    assert isinstance(loaded.get_raw_model(), ElasticNet)
    pd.testing.assert_frame_equal(loaded.input_example, TABLE.head(2))
    assert (loaded.loader_module, loaded.model_config) == ("mlflow.sklearn", {})
    assert loaded.model_id is None


def test_a_model_outside_of_runs_says_less(tmp_path: Path) -> None:
    tuiflow.sklearn.save_model(Ridge().fit(TABLE, TARGET), tmp_path / "m")
    loaded = tuiflow.pyfunc.load_model(tmp_path / "m")
    assert repr(loaded) == "mlflow.pyfunc.loaded_model:\n  flavor: mlflow.sklearn\n"
    assert loaded.metadata.get_input_schema() is None
    assert loaded.metadata.get_output_schema() is None
    assert loaded.input_example is None


def test_threads_lose_no_model() -> None:
    with tuiflow.start_run() as run:
        threads = [
            threading.Thread(target=tuiflow.sklearn.log_model, args=(MODEL, f"m{number}"))
            for number in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    stored = tuiflow.get_run(run.info.run_id)
    assert sorted(stored.model_paths) == [f"m{number}" for number in range(6)]


@pytest.mark.parametrize(
    "arguments",
    [
        {"registered_model_name": "red/wine"},
        {"code_paths": ["x.py"]},
        {"extra_files": ["x"]},
        {"name": "../out"},
        {"name": "a,b"},
        {"artifact_path": "a", "name": "b"},
        {"signature": "x"},
    ],
    ids=lambda arguments: "+".join(arguments),
)
def test_what_is_not_served_is_said_and_leaves_nothing(arguments: dict[str, object]) -> None:
    with tuiflow.start_run() as run:
        with pytest.raises(InvalidInput) as caught:
            tuiflow.sklearn.log_model(MODEL, **arguments)  # type: ignore[arg-type]
        for name in arguments:
            if name in ("code_paths", "extra_files"):
                assert name in caught.value.message
    stored = tuiflow.get_run(run.info.run_id)
    assert stored.model_paths == ()
    assert list(Path(stored.info.artifact_uri).glob("**/*")) == []


def test_arguments_that_say_something_beside_the_model() -> None:
    with tuiflow.start_run() as run:
        with pytest.warns(UserWarning, match=r"log_model\(params, step\)"):
            tuiflow.sklearn.log_model(MODEL, params={"alpha": 1}, step=5, tags=None)
        tuiflow.sklearn.log_model(MODEL, "other", serialization_format="cloudpickle")
    model = tuiflow.models.Model.load(f"runs:/{run.info.run_id}/other")
    assert model.flavors["sklearn"]["serialization_format"] == "skops"


def test_arguments_left_at_none_are_fine_and_unknown_ones_are_not() -> None:
    with tuiflow.start_run():
        tuiflow.sklearn.log_model(MODEL, registered_model_name=None, code_paths=None)
        with pytest.raises(TypeError, match="no_such"):
            tuiflow.sklearn.log_model(MODEL, no_such=1)


def test_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my models" / "one"
    tuiflow.sklearn.save_model(MODEL, folder, input_example=TABLE)
    monkeypatch.chdir(tmp_path)
    for uri in (folder, str(folder), "my models/one", folder.as_uri()):
        np.testing.assert_array_equal(
            tuiflow.pyfunc.load_model(uri).predict(TABLE), MODEL.predict(TABLE)
        )
    with pytest.raises(AlreadyExists):
        tuiflow.sklearn.save_model(MODEL, folder)
    with tuiflow.start_run(run_name="able-crane") as run:
        tuiflow.sklearn.log_model(MODEL)
    for text in (run.info.run_id, run.info.run_id[:12], "able-crane", "latest"):
        assert isinstance(tuiflow.sklearn.load_model(f"runs:/{text}/model"), ElasticNet)
    for missing in (f"runs:/{run.info.run_id}/other", f"runs:/{'0' * 32}/model", "nowhere"):
        with pytest.raises(NotFound):
            tuiflow.pyfunc.load_model(missing)
    with pytest.raises(InvalidInput):
        tuiflow.pyfunc.load_model(f"runs:/{run.info.run_id}/../model")
    with pytest.raises(InvalidInput, match="not served yet"):
        tuiflow.pyfunc.load_model("s3://bucket/model")


def test_a_model_that_can_not_be_saved_leaves_the_old_one() -> None:
    with tuiflow.start_run() as run:
        tuiflow.sklearn.log_model(MODEL)
        broken = Ridge().fit(TABLE, TARGET)
        broken.lock = threading.Lock()
        with pytest.raises(ModelError):
            tuiflow.sklearn.log_model(broken)
    stored = tuiflow.get_run(run.info.run_id)
    assert [path.name for path in Path(stored.info.artifact_uri).iterdir()] == ["model"]
    assert isinstance(tuiflow.sklearn.load_model(f"runs:/{run.info.run_id}/model"), ElasticNet)


def test_the_facades_load_nothing_heavy() -> None:
    code = (
        "import tuiflow, tuiflow.sklearn, tuiflow.pyfunc\nimport sys\n"
        "print(*({'pandas', 'numpy', 'sklearn', 'yaml', 'skops', 'cloudpickle'}"
        " & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
