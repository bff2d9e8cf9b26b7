"""MLflow's exceptions, error codes and entities under tuiflow's roof."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

import tuiflow
from tuiflow import entities, errors, exceptions
from tuiflow.entities.model_registry import ModelVersion
from tuiflow.entities.model_registry.model_version_status import ModelVersionStatus
from tuiflow.exceptions import MlflowException
from tuiflow.protos import databricks_pb2
from tuiflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode
from tuiflow.utils import mlflow_tags


def test_one_exception_under_all_names() -> None:
    assert tuiflow.MlflowException is exceptions.MlflowException is errors.TuiflowError
    for name in exceptions.__all__:
        assert issubclass(getattr(exceptions, name), MlflowException)
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert issubclass(kind, exceptions.RestException)


@pytest.mark.parametrize("code", [3001, "RESOURCE_ALREADY_EXISTS", RESOURCE_ALREADY_EXISTS])
def test_codes_by_number_and_by_name(code: int | str) -> None:
    error = MlflowException("twice", error_code=code)
    assert (str(error), error.message) == ("twice", "twice")
    assert error.error_code == ErrorCode.Name(RESOURCE_ALREADY_EXISTS)
    assert error.get_http_status_code() == 400
    assert json.loads(error.serialize_as_json()) == {
        "error_code": "RESOURCE_ALREADY_EXISTS",
        "message": "twice",
    }


def test_an_error_of_a_scripts_own() -> None:
    for error in (MlflowException("a"), MlflowException("a", 99), MlflowException("a", "ZORK")):
        assert (error.error_code, error.get_http_status_code()) == ("INTERNAL_ERROR", 500)
    wrong = MlflowException.invalid_parameter_value(ValueError("b"), sqlstate="KAM00", trace="c")
    assert json.loads(wrong.serialize_as_json()) == {
        "error_code": "INVALID_PARAMETER_VALUE",
        "message": "b",
        "sqlstate": "KAM00",
        "trace": "c",
    }


def test_numbers_of_error_codes() -> None:
    for name, number in ErrorCode.items():
        assert ErrorCode.Name(number) == name
        assert ErrorCode.Value(name) == number == getattr(databricks_pb2, name)
    assert ErrorCode.Value("INVALID_PARAMETER_VALUE") == 1000
    assert ErrorCode.Value("RESOURCE_DOES_NOT_EXIST") == 3002
    for unknown in (lambda: ErrorCode.Name(-1), lambda: ErrorCode.Value("ZORK")):
        with pytest.raises(ValueError):
            unknown()
    with pytest.raises(AttributeError):
        databricks_pb2.ZORK  # noqa: B018


@pytest.mark.parametrize(
    "error",
    [
        MlflowException("a", 3002, sqlstate="x"),
        errors.FilterError("expected a value", "rmse <", 6, 6),
        errors.Ambiguous("two of them", ("a", "b")),
        errors.InvalidState("deleted", "INVALID_STATE"),
        exceptions.MlflowNotImplementedException("no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_come_back_from_other_processes(error: MlflowException) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), vars(copy), copy.error_code) == (str(error), vars(error), error.error_code)


def test_a_script_that_asks_for_the_code(tmp_path: Path) -> None:
    tuiflow.set_tracking_uri(tmp_path / "store")
    tuiflow.create_experiment("wine")
    codes = {}
    for name, act in {
        "exists": lambda: tuiflow.create_experiment("wine"),
        "missing": lambda: tuiflow.get_run("0" * 32),
        "wrong": lambda: tuiflow.log_metric("a?", 1),
    }.items():
        try:
            act()
        except MlflowException as error:
            codes[name] = error.error_code
    assert codes == {
        "exists": "RESOURCE_ALREADY_EXISTS",
        "missing": "RESOURCE_DOES_NOT_EXIST",
        "wrong": "INVALID_PARAMETER_VALUE",
    }


def test_kinds_and_their_texts() -> None:
    status = entities.RunStatus
    assert [status.to_string(number) for number in range(1, 6)] == status.all_status()
    assert status.from_string("KILLED") is status.KILLED
    assert status.is_terminated(status.from_string("FAILED"))
    for wrong in (0, 6, "DONE", "STALE"):
        with pytest.raises(ValueError):
            status.to_string(wrong)
    view = entities.ViewType
    assert [view.from_string(view.to_string(kind)) for kind in view] == list(view)
    with pytest.raises(ValueError):
        view.from_string("some")
    stage = entities.LifecycleStage
    assert stage.view_type_to_stages(view.ALL) == ["active", "deleted"]
    assert stage.matches_view_type(view.DELETED_ONLY, stage.DELETED)
    assert not stage.matches_view_type(view.ACTIVE_ONLY, stage.DELETED)
    assert stage.is_valid("active")
    assert not stage.is_valid("gone")
    source = entities.SourceType
    assert source.to_string(source.from_string("LOCAL")) == "LOCAL"
    with pytest.raises(ValueError):
        source.from_string("MOON")
    ready = ModelVersionStatus.from_string("READY")
    assert (ModelVersionStatus.to_string(ready), ready) == ("READY", "READY")
    assert ready in ModelVersionStatus.all_status()
    assert ModelVersion is entities.ModelVersion


def test_entities_become_dictionaries(tmp_path: Path) -> None:
    tuiflow.set_tracking_uri(tmp_path / "store")
    with tuiflow.start_run(run_name="a", tags={mlflow_tags.MLFLOW_RUN_NOTE: "note"}) as active:
        tuiflow.log_metric("m", 1)
        tuiflow.log_param("p", 2)
    run = tuiflow.get_run(active.info.run_id)
    assert sorted(dict(run.info)) == [
        "artifact_uri",
        "end_time",
        "experiment_id",
        "lifecycle_stage",
        "run_id",
        "run_name",
        "start_time",
        "status",
        "user_id",
    ]
    written = json.loads(json.dumps(run.to_dictionary()))
    assert set(written) == {"info", "data", "inputs", "outputs"}
    assert (written["data"]["metrics"], written["data"]["params"]) == ({"m": 1.0}, {"p": "2"})
    assert written["data"]["tags"]["mlflow.note.content"] == "note"
    assert written["inputs"] == {"dataset_inputs": [], "model_inputs": []}
    assert written["outputs"] == {"model_outputs": []}
    dataset = entities.Dataset("n", "d", "t", "s")
    given = entities.DatasetInput(dataset, [entities.InputTag("mlflow.data.context", "train")])
    assert given.to_dictionary() == {
        "dataset": {
            "name": "n",
            "digest": "d",
            "source_type": "t",
            "source": "s",
            "schema": None,
            "profile": None,
        },
        "tags": {"mlflow.data.context": "train"},
    }
