"""Registered models: the client's calls, addresses, searches, and what log_model registers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

import tuiflow as mlflow
from tuiflow import MlflowClient
from tuiflow.entities import ModelVersion
from tuiflow.errors import AlreadyExists, InvalidInput, NotFound, TuiflowError
from tuiflow.models.uri import LocalModel, RegistryModel, is_address, parse_model_uri
from tuiflow.store import Store, open_store
from tuiflow.store.registry import ModelLocation
from tuiflow.tracking.models import model_folder
from tuiflow.tracking.registry import (
    register_model,
    search_model_versions,
    search_registered_models,
)
from tuiflow.tracking.stores import current_store

ROWS = [[1.0], [2.0]]
NOWHERE = ModelLocation(None, "/nowhere")


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path) -> Path:
    mlflow.set_tracking_uri(tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
def client() -> MlflowClient:
    return MlflowClient()


def log(alpha: float, registered: str | None = None, name: str = "model") -> tuple[str, int | None]:
    """A run with a model; its id and the version that the model got."""
    with mlflow.start_run() as run:
        model = Ridge(alpha=alpha).fit(ROWS, [1.0, 2.0])
        info = mlflow.sklearn.log_model(model, name=name, registered_model_name=registered)
    return run.info.run_id, info.registered_model_version


def alpha_at(uri: str | Path) -> float:
    return float(mlflow.sklearn.load_model(uri).alpha)


# logging and loading


def test_log_model_registers_versions_and_an_alias_loads_one(
    client: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    first, one = log(1, "wine")
    second, two = log(2, "wine")
    assert (one, two) == (1, 2)
    assert capsys.readouterr().err.splitlines() == [
        f"tuiflow: registered runs:/{first}/model as wine version 1",
        f"tuiflow: registered runs:/{second}/model as wine version 2",
    ]
    client.set_registered_model_alias("wine", "champion", "2")
    loaded = mlflow.pyfunc.load_model("models:/wine@champion")
    np.testing.assert_allclose(
        loaded.predict(np.array(ROWS)), Ridge(alpha=2).fit(ROWS, [1, 2]).predict(ROWS)
    )
    version = client.get_model_version("wine", 2)
    assert (version.source, version.run_id) == (f"runs:/{second}/model", second)
    assert version.aliases == ["champion"]
    assert log(3)[1] is None


def test_every_way_to_name_a_version(client: MlflowClient) -> None:
    for alpha in (1, 2, 3):
        log(alpha, "wine")
    client.set_registered_model_alias("wine", "champion", 2)
    client.transition_model_version_stage("wine", 1, "Production")
    found = {
        uri: alpha_at(f"models:/wine{uri}")
        for uri in (
            "/1",
            "/02",
            "/latest",
            "/LATEST",
            "@champion",
            "@latest",
            "/production",
            "/None",
        )
    }
    assert found == {
        "/1": 1, "/02": 2, "/latest": 3, "/LATEST": 3, "@champion": 2, "@latest": 3,
        "/production": 1, "/None": 3,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["a b", "50%?x=1#y", "a%20b", "a@b", "ünï", "-", "x" * 256])
def test_names_may_be_odd(client: MlflowClient, name: str) -> None:
    log(1, name)
    client.set_registered_model_alias(name, "it", 1)
    assert alpha_at(f"models:/{name}/1") == alpha_at(f"models:/{name}@it") == 1


def test_addresses() -> None:
    for text, address in {
        "models:/wine/3": RegistryModel("wine", version=3),
        "models:/wine/latest": RegistryModel("wine"),
        "models:/wine/Staging": RegistryModel("wine", stage="Staging"),
        "models:/wine@best": RegistryModel("wine", alias="best"),
        "models:/a@b@best": RegistryModel("a@b", alias="best"),
        "models:/a@b/3": RegistryModel("a@b", version=3),
    }.items():
        assert parse_model_uri(text) == address
        assert str(address) == text
    bad = "models:/ models:/wine models:/wine/ models:/@x models:/w@ models:/w/1/x models:wine/1"
    for text in bad.split():
        with pytest.raises(InvalidInput, match="models:/NAME/VERSION"):
            parse_model_uri(text)
    assert isinstance(parse_model_uri("models/wine"), LocalModel)
    assert [is_address(text) for text in ("models:/a/1", "runs:/a/m", "model", "models/a")] == [
        True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("models:/wine@nix", "no alias 'nix'; there are: champion, rival"),
        ("models:/wine/9", "no version 9; there are: 2, 1"),
        ("models:/wine/Staging", "no version in stage Staging"),
        ("models:/wnie/1", "no registered model 'wnie'; there are: wine"),
    ],
)
def test_what_is_not_there_is_told_by_what_is(client: MlflowClient, uri: str, said: str) -> None:
    for alpha in (1, 2):
        log(alpha, "wine")
    client.set_registered_model_alias("wine", "champion", 1)
    client.set_registered_model_alias("wine", "rival", 1)
    with pytest.raises(NotFound, match=said):
        mlflow.pyfunc.load_model(uri)


def test_a_stage_that_is_none_is_no_stage() -> None:
    log(1, "wine")
    with pytest.raises(InvalidInput, match="None, Staging, Production, Archived"):
        model_folder("models:/wine/best")


def test_a_bad_name_is_told_before_the_model_is_saved() -> None:
    with mlflow.start_run() as run, pytest.raises(InvalidInput, match="can't hold '/'"):
        mlflow.sklearn.log_model(Ridge(), registered_model_name="red/wine")
    assert not Path(run.info.artifact_uri).exists()


def test_a_models_description_by_its_address(client: MlflowClient) -> None:
    run_id, _ = log(1, "wine")
    for uri in (f"runs:/{run_id}/model", "models:/wine/1"):
        info = mlflow.models.get_model_info(uri)
        assert (info.model_uri, info.run_id, info.artifact_path) == (uri, run_id, "model")
        assert set(info.flavors) == {"python_function", "sklearn"}
        assert mlflow.models.Model.load(uri).flavors == info.flavors
    folder = Path(mlflow.get_run(run_id).info.artifact_uri) / "model"
    assert mlflow.models.Model.load(folder / "MLmodel").run_id == run_id
    with pytest.raises(NotFound):
        mlflow.models.get_model_info("models:/wine/2")


def test_artifacts_of_a_version() -> None:
    log(1, "wine")
    copied = Path(mlflow.artifacts.download_artifacts("models:/wine/1"))
    assert (copied / "MLmodel").is_file()


# register_model


def test_what_can_be_registered(tmp_path: Path, client: MlflowClient) -> None:
    run_id, _ = log(1)
    folder = tmp_path / "my models" / "one"
    mlflow.sklearn.save_model(Ridge(alpha=5).fit(ROWS, [1, 2]), folder)
    inside = Path(mlflow.get_run(run_id).info.artifact_uri) / "model"
    versions = [
        register_model(f"runs:/{run_id[:10]}/model", "wine", 300, tags={"n": 1}),
        register_model("models:/wine/1", "copy"),
        register_model(folder, "wine"),
        register_model(inside, "wine"),
        register_model("models:/wine@latest", "copy"),
    ]
    assert [(v.name, v.version, v.source, v.run_id) for v in versions] == [
        ("wine", 1, f"runs:/{run_id}/model", run_id),
        ("copy", 1, "models:/wine/1", run_id),
        ("wine", 2, str(folder), ""),
        ("wine", 3, str(inside), run_id),
        ("copy", 2, "models:/wine/3", run_id),
    ]
    assert versions[0].tags == {"n": "1"}
    assert [alpha_at(f"models:/{v.name}/{v.version}") for v in versions] == [1, 1, 5, 1, 1]
    assert client.get_model_version_download_uri("wine", 2) == str(folder)
    assert client.get_model_version_download_uri("copy", 2) == f"runs:/{run_id}/model"


@pytest.mark.parametrize("uri", ["runs:/latest/nix", "nowhere", "models:/nix/1", "runs:/nix/model"])
def test_where_no_model_is_none_is_registered(uri: str) -> None:
    log(1)
    with pytest.raises(NotFound):
        register_model(uri, "wine")
    assert search_registered_models() == []


def test_versions_move_with_the_store(own_store: Path, tmp_path: Path) -> None:
    run_id, _ = log(1, "wine")
    register_model(Path(mlflow.get_run(run_id).info.artifact_uri) / "model", "wine")
    current_store().close()
    shutil.move(own_store, tmp_path / "elsewhere")
    mlflow.set_tracking_uri(tmp_path / "elsewhere")
    assert [alpha_at("models:/wine/1"), alpha_at("models:/wine/2")] == [1, 1]


def test_versions_of_runs_that_are_deleted_or_gone() -> None:
    run_id, _ = log(1, "wine")
    other, _ = log(2)
    register_model("models:/wine/1", "copy")
    store = current_store()
    found = store.registry.versions_of_runs([other, run_id, run_id])
    assert [(version.name, version.version) for version in found] == [("copy", 1), ("wine", 1)]
    mlflow.MlflowClient().delete_run(run_id)
    assert alpha_at("models:/wine/1") == 1
    with store._db.write() as conn:
        conn.execute("DELETE FROM runs WHERE uuid = ?", (bytes.fromhex(run_id),))
    assert store.registry.versions_of_runs([run_id]) == []
    with pytest.raises(NotFound, match="that run is gone"):
        model_folder("models:/copy/1")


def test_a_registered_model_is_kept_when_another_takes_its_place(own_store: Path) -> None:
    with mlflow.start_run() as run:
        for alpha in (1, 2, 3):
            mlflow.sklearn.log_model(
                Ridge(alpha=alpha).fit(ROWS, [1, 2]),
                name="best/model",
                registered_model_name="wine",
            )
            if alpha == 1:
                register_model("models:/wine/1", "copy")
        mlflow.sklearn.log_model(Ridge(alpha=4).fit(ROWS, [1, 2]), name="best/model")
        mlflow.sklearn.log_model(Ridge(alpha=5).fit(ROWS, [1, 2]), name="best/model")
    uri = f"runs:/{run.info.run_id}/best/model"
    assert [alpha_at(f"models:/wine/{version}") for version in (1, 2, 3)] == [1, 2, 3]
    assert [alpha_at(uri), alpha_at("models:/copy/1")] == [5, 1]
    client = MlflowClient()
    assert client.get_model_version("wine", 1).source == f"{uri}-1"
    assert client.get_model_version_download_uri("copy", 1) == f"{uri}-1"
    stored = mlflow.get_run(run.info.run_id)
    assert stored.model_paths == ("best/model", "best/model-1", "best/model-2", "best/model-3")
    folders = (Path(stored.info.artifact_uri) / "best").iterdir()
    assert {folder.name for folder in folders} == {"model", "model-1", "model-2", "model-3"}


def test_a_model_that_was_removed_is_told_by_its_version() -> None:
    run_id, _ = log(1, "wine")
    shutil.rmtree(Path(mlflow.get_run(run_id).info.artifact_uri) / "model")
    with pytest.raises(
        NotFound, match=f"models:/wine/1 is runs:/{run_id}/model, where there is no"
    ):
        mlflow.pyfunc.load_model("models:/wine/1")


def test_processes_that_register_at_once_get_numbers_of_their_own() -> None:
    run_id, _ = log(1)
    script = (
        "import sys, tuiflow\n"
        "tuiflow.set_tracking_uri(sys.argv[1])\n"
        "for _ in range(5): tuiflow.register_model(sys.argv[2], 'wine')"
    )
    words = [sys.executable, "-c", script, str(current_store().root), f"runs:/{run_id}/model"]
    started = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(3)]
    for process in started:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert [v.version for v in current_store().registry.list_versions("wine")] == list(range(1, 16))


# the client


def code(call: Callable[[], object]) -> str:
    with pytest.raises(TuiflowError) as caught:
        call()
    return caught.value.error_code


INVALID = "INVALID_PARAMETER_VALUE"
MISSING = "RESOURCE_DOES_NOT_EXIST"


@pytest.mark.parametrize(
    ("act", "error_code"),
    [
        (lambda c: c.create_registered_model("wine"), "RESOURCE_ALREADY_EXISTS"),
        *[
            (lambda c, name=name: c.create_registered_model(name), INVALID)
            for name in ("", " ", None, "a/b", "a:b", ".", "..", "..a", 5)
        ],
        *[
            (lambda c, alias=alias: c.set_registered_model_alias("wine", alias, 1), INVALID)
            for alias in ("", None, "a b", "a.b", "a/b", "latest", "LATEST", "v1", "V22", "a" * 256)
        ],
        *[
            (lambda c, version=version: c.get_model_version("wine", version), INVALID)
            for version in ("x", "1.0", None, 1.5, True)
        ],
        *[
            (lambda c, version=version: c.get_model_version("wine", version), MISSING)
            for version in (0, -1, "99", 10**30)
        ],
        (lambda c: c.set_registered_model_alias("wine", "a", 9), MISSING),
        (lambda c: c.set_registered_model_alias("nix", "a", 1), MISSING),
        (lambda c: c.get_model_version_by_alias("wine", "nix"), INVALID),
        (lambda c: c.get_model_version_by_alias("nix", "a"), MISSING),
        (lambda c: c.get_model_version_by_alias("empty", "latest"), MISSING),
        (lambda c: c.delete_registered_model_alias("nix", "a"), MISSING),
        (lambda c: c.update_registered_model("nix", "x"), MISSING),
        (lambda c: c.rename_registered_model("wine", "empty"), "RESOURCE_ALREADY_EXISTS"),
        (lambda c: c.rename_registered_model("wine", "a/b"), INVALID),
        (lambda c: c.rename_registered_model("nix", "a"), MISSING),
        (lambda c: c.delete_registered_model("nix"), MISSING),
        (lambda c: c.delete_model_version("wine", 9), MISSING),
        (lambda c: c.set_registered_model_tag("wine", "bad!", "x"), INVALID),
        (lambda c: c.set_registered_model_tag("wine", "k", "x" * 100_001), INVALID),
        (lambda c: c.set_registered_model_tag("nix", "k", "x"), MISSING),
        (lambda c: c.set_model_version_tag("wine", 9, "k", "x"), MISSING),
        (lambda c: c.set_model_version_tag("wine", key="k", value="x"), INVALID),
        (lambda c: c.set_model_version_tag("wine", 1, "k", "x", stage="None"), INVALID),
        (lambda c: c.set_model_version_tag("wine", 1, None, "x"), INVALID),
        (lambda c: c.transition_model_version_stage("wine", 1, "foo"), INVALID),
        (lambda c: c.transition_model_version_stage("wine", 1, "None", True), INVALID),
        (lambda c: c.get_latest_versions("wine", ["foo"]), INVALID),
        (lambda c: c.get_latest_versions("nix"), MISSING),
        (lambda c: c.create_model_version("nix", "/x"), MISSING),
        (lambda c: c.create_model_version("wine", "models:/wine/9"), MISSING),
        (lambda c: c.create_model_version("wine", ""), INVALID),
        (lambda c: c.copy_model_version("runs:/latest/model", "b"), INVALID),
        (lambda c: c.copy_model_version("models:/wine/9", "b"), MISSING),
        (lambda c: c.search_registered_models(max_results=1001), INVALID),
        (lambda c: c.search_registered_models(max_results=0), INVALID),
        (lambda c: c.search_model_versions(max_results=200_001), INVALID),
        (lambda c: c.search_model_versions(page_token="x"), INVALID),
        (lambda c: c.search_registered_models("foo = 'x'"), INVALID),
        (lambda c: c.search_registered_models("metrics.a = 1"), INVALID),
        (lambda c: c.search_model_versions("version_number = 1.5"), INVALID),
        (lambda c: c.search_model_versions("version_number LIKE '1'"), INVALID),
        (lambda c: c.search_registered_models(order_by=["name foo"]), INVALID),
    ],
)
def test_mistakes_have_mlflows_codes_and_change_nothing(
    client: MlflowClient, act: Callable[[MlflowClient], object], error_code: str
) -> None:
    client.create_registered_model("wine")
    client.create_registered_model("empty")
    client.create_model_version("wine", "/somewhere")
    before = (search_registered_models(), search_model_versions())
    assert code(lambda: act(client)) == error_code
    assert (search_registered_models(), search_model_versions()) == before


def test_an_unserved_source_is_kept_and_loading_it_is_the_mistake(client: MlflowClient) -> None:
    client.create_registered_model("wine")
    gone = f"runs:/{'0' * 32}/m"
    for source in ("s3://bucket/model", gone):
        client.create_model_version("wine", source, run_id="some run")
    assert [v.source for v in search_model_versions(order_by=["version_number"])] == [
        "s3://bucket/model",
        gone,
    ]
    assert client.get_model_version("wine", 1).run_id == "some run"
    assert client.get_model_version_download_uri("wine", 1) == "s3://bucket/model"
    with pytest.raises(InvalidInput, match="s3:/ are not served"):
        model_folder("models:/wine/1")
    with pytest.raises(NotFound):
        model_folder("models:/wine/2")


def test_stages(client: MlflowClient) -> None:
    client.create_registered_model("wine")
    for _ in range(4):
        client.create_model_version("wine", "/x")
    client.transition_model_version_stage("wine", 1, "production")
    client.transition_model_version_stage("wine", "2", "Staging")
    moved = client.transition_model_version_stage("wine", 3, "PRODUCTION", True)
    assert moved.current_stage == "Production"
    stages = {v.version: v.current_stage for v in client.search_model_versions()}
    assert stages == {1: "Archived", 2: "Staging", 3: "Production", 4: "None"}
    newest = {v.version for v in client.get_latest_versions("wine", ["staging", "Production"])}
    assert newest == {2, 3}
    assert {v.version for v in client.get_latest_versions("wine")} == {1, 2, 3, 4}
    client.set_model_version_tag("wine", stage="Staging", key="k", value=1)
    assert client.get_model_version("wine", 2).tags == {"k": "1"}
    client.delete_model_version_tag("wine", stage="Staging", key="k")
    assert client.get_model_version("wine", 2).tags == {}
    assert client.get_model_version_stages("wine", 1) == [
        "None", "Staging", "Production", "Archived",
    ]  # fmt: skip


def test_a_copy_keeps_tags_description_and_run(client: MlflowClient) -> None:
    run_id, _ = log(1, "wine")
    client.set_model_version_tag("wine", 1, "k", "v")
    client.update_model_version("wine", 1, "good")
    copied = client.copy_model_version("models:/wine/latest", "prod")
    assert (copied.name, copied.version, copied.source) == ("prod", 1, "models:/wine/1")
    assert (copied.run_id, copied.tags, copied.description) == (run_id, {"k": "v"}, "good")
    client.delete_registered_model("wine")
    assert alpha_at("models:/prod/1") == 1


def test_what_changes_the_times(client: MlflowClient) -> None:
    made = client.create_registered_model("wine", {"a": 1}, "first")
    assert made.creation_timestamp == made.last_updated_timestamp
    client.create_model_version("wine", "/x")

    def times() -> tuple[int, int]:
        model, version = client.get_registered_model("wine"), client.get_model_version("wine", 1)
        return model.last_updated_timestamp, version.last_updated_timestamp

    def changed(act: Callable[[], object]) -> tuple[bool, bool]:
        with current_store()._db.write() as conn:  # as if it were long ago
            conn.execute("UPDATE registered_models SET last_update_time = 1")
            conn.execute("UPDATE model_versions SET last_update_time = 1")
        act()
        return tuple(time > 1 for time in times())  # type: ignore[return-value]

    assert changed(lambda: client.update_registered_model("wine", "x")) == (True, False)
    assert changed(lambda: client.update_model_version("wine", 1, "x")) == (False, True)
    assert changed(lambda: client.transition_model_version_stage("wine", 1, "Staging")) == (
        True,
        True,
    )
    assert changed(lambda: client.create_model_version("wine", "/x")) == (True, False)
    assert changed(lambda: client.delete_model_version("wine", 2)) == (True, False)
    assert changed(lambda: client.set_registered_model_tag("wine", "k", "v")) == (False, False)
    assert changed(lambda: client.set_registered_model_alias("wine", "k", 1)) == (False, False)
    assert changed(lambda: client.set_model_version_tag("wine", 1, "k", "v")) == (False, False)


# searching


@pytest.fixture
def models(client: MlflowClient) -> MlflowClient:
    for name, tags in {
        "red wine": {"team": "Red", "odd key": "it"},
        "white wine": {"team": "white"},
        "Wine%": {},
        "digits": {"n": "10"},
    }.items():
        client.create_registered_model(name, tags)
    client.create_model_version("red wine", "/a/one", "run-1", {"ok": "yes"})
    client.create_model_version("red wine", "/a/two", "run-2")
    client.create_model_version("white wine", "/b/one", None, {"ok": "no"})
    client.create_model_version("digits", "s3://b/one", "run-1")
    return client


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "Wine%|digits|red wine|white wine"),
        ("name = 'red wine'", "red wine"),
        ("name != 'red wine'", "Wine%|digits|white wine"),
        ("name LIKE '% wine'", "red wine|white wine"),
        ("name LIKE 'wine%'", ""),
        ("name ILIKE 'wine%'", "Wine%"),
        ("name IN ('digits', 'nix')", "digits"),
        ("attribute.name NOT IN ('digits', 'nix')", "Wine%|red wine|white wine"),
        ("tags.team = 'Red'", "red wine"),
        ("tag.team != 'Red'", "white wine"),
        ("tags.team ILIKE 'R%' and name = 'red wine'", "red wine"),
        ("tags.`odd key` = 'it'", "red wine"),
        ("tags.team = 'Red' AND tags.n = '10'", ""),
        ("tags.team = 'Red' OR tags.n = 10", "digits|red wine"),
        ("tags.team IS NULL", "Wine%|digits"),
        ("creation_timestamp > 0 AND NOT name = 'digits'", "Wine%|red wine|white wine"),
        ("wine", "Wine%|red wine|white wine"),
    ],
)
def test_search_registered_models(models: MlflowClient, text: str, names: str) -> None:
    found = [model.name for model in models.search_registered_models(text)]
    assert found == [name for name in names.split("|") if name]
    assert [model.name for model in search_registered_models(filter_string=text)] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "digits/1 red wine/1 red wine/2 white wine/1"),
        ("name = 'red wine'", "red wine/1 red wine/2"),
        ("version_number = 1", "digits/1 red wine/1 white wine/1"),
        ("version_number = '2'", "red wine/2"),
        ("version_number > 1 AND name = 'red wine'", "red wine/2"),
        ("run_id = 'run-1'", "digits/1 red wine/1"),
        ("run_id IN ('run-1', 'run-2') AND version_number >= 2", "red wine/2"),
        ("run_id != 'run-1'", "red wine/2"),
        ("run_id IS NULL", "white wine/1"),
        ("source_path = '/a/one'", "red wine/1"),
        ("source_path LIKE '%/one'", "digits/1 red wine/1 white wine/1"),
        ("tags.ok = 'yes'", "red wine/1"),
        ("tags.ok != 'yes'", "white wine/1"),
        ("current_stage = 'None' AND version_number = 2", "red wine/2"),
    ],
)
def test_search_model_versions(models: MlflowClient, text: str, found: str) -> None:
    versions = models.search_model_versions(text, order_by=["name", "version_number"])
    assert " ".join(f"{v.name}/{v.version}" for v in versions) == found


def test_orders_and_pages(models: MlflowClient) -> None:
    with current_store()._db.write() as conn:
        conn.execute("UPDATE registered_models SET last_update_time = id, creation_time = -id")
        conn.execute("UPDATE model_versions SET last_update_time = 7")

    def names(*order_by: str) -> str:
        return " ".join(m.name[0] for m in models.search_registered_models(order_by=order_by))

    assert names("name DESC") == "w r d W"
    assert names("timestamp") == names("last_updated_timestamp ASC") == "r w W d"
    assert names("creation_timestamp") == "d W w r"
    assert [(v.name, v.version) for v in search_model_versions(2)] == [
        ("digits", 1),
        ("red wine", 2),
    ]
    seen: list[Any] = []
    token = None
    while True:
        page = models.search_model_versions(max_results=3, page_token=token)
        assert 0 < len(page) <= 3
        seen += page
        if (token := page.token) is None:
            break
    assert seen == search_model_versions()
    assert len(seen) == 4


# against an obvious model

NAMES, ALIASES = ("a", "b"), ("x", "y")


class Obvious:
    """The registry as dictionaries: model → version → aliases, and the last number given."""

    def __init__(self) -> None:
        self.versions: dict[str, dict[int, str]] = {}
        self.aliases: dict[str, dict[str, int]] = {}
        self.last: dict[str, int] = {}

    def create(self, name: str) -> bool:
        if name in self.versions:
            return False
        self.versions[name], self.aliases[name], self.last[name] = {}, {}, 0
        return True

    def version(self, name: str, source: str) -> bool:
        self.create(name)
        self.last[name] += 1
        self.versions[name][self.last[name]] = source
        return True

    def alias(self, name: str, alias: str, number: int) -> bool:
        if number not in self.versions.get(name, {}):
            return False
        self.aliases[name][alias] = number
        return True

    def unalias(self, name: str, alias: str) -> bool:
        if name not in self.versions:
            return False
        self.aliases[name].pop(alias, None)
        return True

    def delete_version(self, name: str, number: int) -> bool:
        if self.versions.get(name, {}).pop(number, None) is None:
            return False
        for alias in [key for key, value in self.aliases[name].items() if value == number]:
            del self.aliases[name][alias]
        return True

    def delete(self, name: str) -> bool:
        for part in (self.versions, self.aliases, self.last):
            if part.pop(name, None) is None:
                return False
        return True

    def rename(self, name: str, new: str) -> bool:
        if name not in self.versions or (new != name and new in self.versions):
            return False
        for part in (self.versions, self.aliases, self.last):
            part[new] = part.pop(name)  # type: ignore[index]
        return True


_name, _alias = st.sampled_from(NAMES), st.sampled_from(ALIASES)
_number = st.integers(1, 4)
_acts = st.one_of(
    st.tuples(st.just("create"), _name),
    st.tuples(st.just("version"), _name, st.sampled_from(("/s", "/t"))),
    st.tuples(st.just("version"), _name, st.sampled_from(("/s", "/t"))),
    st.tuples(st.just("alias"), _name, _alias, _number),
    st.tuples(st.just("unalias"), _name, _alias),
    st.tuples(st.just("delete_version"), _name, _number),
    st.tuples(st.just("delete"), _name),
    st.tuples(st.just("rename"), _name, _name),
)


def carry_out(store: Store, act: str, *values: Any) -> bool:
    registry = store.registry
    calls: dict[str, Callable[..., object]] = {
        "create": registry.create_model,
        "version": lambda name, source: registry.create_version(
            name, source, NOWHERE, make_model=True
        ),
        "alias": registry.set_alias,
        "unalias": registry.delete_alias,
        "delete_version": registry.delete_version,
        "delete": registry.delete_model,
        "rename": registry.rename_model,
    }
    try:
        calls[act](*values)
    except (NotFound, AlreadyExists):
        return False
    return True


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return open_store(tmp_path_factory.mktemp("registry"))


@given(acts=st.lists(_acts, max_size=25))
def test_any_sequence_of_acts_ends_as_dictionaries_do(
    shared: Store, acts: list[tuple[Any, ...]]
) -> None:
    for model in shared.registry.list_models():
        shared.registry.delete_model(model.name)
    obvious = Obvious()
    for act, *values in acts:
        assert carry_out(shared, act, *values) is getattr(obvious, act)(*values)
    found = {model.name: model for model in shared.registry.list_models()}
    assert {name: dict(model.aliases) for name, model in found.items()} == obvious.aliases
    for name, versions in obvious.versions.items():
        kept = shared.registry.list_versions(name)
        assert {version.version: version.source for version in kept} == versions
        latest: tuple[ModelVersion, ...] = tuple(found[name].latest_versions)
        assert latest == tuple(kept[-1:])
        for version in kept:
            aliases = {
                key for key, value in obvious.aliases[name].items() if value == version.version
            }
            assert set(version.aliases) == aliases


def test_versions_and_models_have_mlflows_fields() -> None:
    client = mlflow.MlflowClient()
    client.create_registered_model("bare")
    assert client.get_registered_model("bare").latest_versions == []
    version = client.create_model_version("bare", "somewhere/model")
    assert version.aliases == []
    told = dict(version)
    for name in ("model_id", "params", "metrics"):
        assert getattr(version, name) is told[name] is None
    assert client.get_registered_model("bare").latest_versions == [version]
