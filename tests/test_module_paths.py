"""Names by the longer paths that scripts written for MLflow take to them."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import tuiflow as mlflow


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path) -> None:
    mlflow.set_tracking_uri(tmp_path / "store")


REACHED = (
    "types.schema.ColSpec",
    "utils.mlflow_tags.MLFLOW_RUN_NAME",
    "utils.time.get_current_time_millis",
    "protos.databricks_pb2.ErrorCode",
    "entities.model_registry.ModelVersion",
    "entities.model_registry.model_version_status.ModelVersionStatus",
    "models.signature.infer_signature",
    "tracking.client.MlflowClient",
    "tracking.fluent.set_experiment",
    "entities.run.Run",
    "models.model.Model",
    "version.VERSION",
)


@pytest.mark.parametrize("path", REACHED)
def test_submodules_are_there_without_being_imported(path: str) -> None:
    code = f"import tuiflow as mlflow; mlflow.{path}"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("package", ["types", "utils", "protos", "entities", "models"])
def test_what_is_no_submodule_is_no_attribute(package: str) -> None:
    with pytest.raises(AttributeError, match="no attribute 'none_such'"):
        getattr(mlflow, package).none_such  # noqa: B018


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("entities.model_registry.model_version", "ModelVersion"),
        ("entities.model_registry.registered_model", "RegisteredModel"),
        ("entities.model_registry.model_version_stages", "STAGE_NONE STAGE_ARCHIVED ALL_STAGES"),
        ("store.entities", "PagedList"),
        ("store.entities.paged_list", "PagedList"),
        ("types.schema", "AnyType Array Map Object Property Schema"),
        ("exceptions", "INVALID_PARAMETER_VALUE RESOURCE_DOES_NOT_EXIST"),
        ("utils.time", "get_current_time_millis"),
        ("tracking.fluent", "set_experiment start_run"),
    ],
)
def test_modules_of_one_name(module: str, names: str) -> None:
    found = importlib.import_module(f"tuiflow.{module}")
    for name in names.split():
        assert getattr(found, name) is not None


def test_the_same_things_by_every_path() -> None:
    from tuiflow.entities.model_registry.model_version_stages import ALL_STAGES, STAGE_PRODUCTION
    from tuiflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException
    from tuiflow.types.schema import Array, ColSpec, Object, Property, Schema
    from tuiflow.utils.time import get_current_time_millis

    assert STAGE_PRODUCTION == "Production"
    assert MlflowException("x", INVALID_PARAMETER_VALUE).error_code == "INVALID_PARAMETER_VALUE"
    point = Object([Property("x", "double")])  # a list, as MLflow has it
    assert str(Schema([ColSpec(Array(point), "points")])) == (
        "['points': Array({x: double (required)}) (required)]"
    )
    client = mlflow.MlflowClient()
    assert client.get_model_version_stages("any", "1") == ALL_STAGES
    run = client.create_run("0", start_time=get_current_time_millis())
    assert 0 <= get_current_time_millis() - run.info.start_time < 60_000


def test_searches_give_lists_that_know_the_next_page() -> None:
    client = mlflow.MlflowClient()
    run = client.create_run("0")
    found = client.search_runs(["0"])
    plain = found.to_list()
    assert type(plain) is list
    assert [item.info.run_id for item in plain] == [run.info.run_id]


def test_names_of_flavors_and_formats() -> None:
    from tuiflow import pyfunc, sklearn

    assert (sklearn.FLAVOR_NAME, pyfunc.FLAVOR_NAME) == ("sklearn", "python_function")
    assert sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE == "cloudpickle"
    assert sklearn.SERIALIZATION_FORMAT_PICKLE == "pickle"
    assert sklearn.SERIALIZATION_FORMAT_SKOPS == "skops"
    assert (mlflow.xgboost.FLAVOR_NAME, mlflow.lightgbm.FLAVOR_NAME) == ("xgboost", "lightgbm")


def test_runs_and_experiments_may_be_in_sets() -> None:
    made = mlflow.MlflowClient().create_run("0")
    found = mlflow.get_run(made.info.run_id)
    assert {found, mlflow.get_run(made.info.run_id)} == {found}
    assert {mlflow.get_experiment("0"): "x"}[mlflow.get_experiment("0")] == "x"
    with mlflow.start_run() as run:
        assert hash(run) == hash(mlflow.get_run(run.info.run_id))
