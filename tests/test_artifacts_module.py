"""`tuiflow.artifacts`: what runs have logged, by run and path or by address."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import tuiflow
from tuiflow import MlflowClient, artifacts
from tuiflow.errors import InvalidInput, NotFound, TuiflowError


@pytest.fixture(autouse=True)
def run_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    tuiflow.set_tracking_uri(tmp_path / "store")
    with tuiflow.start_run(run_name="able-crane") as run:
        tuiflow.log_text("top", "top.txt")
        tuiflow.log_text("hello", "a/b.txt")
        tuiflow.log_text("deep", "a/c/d.txt")
        tuiflow.log_dict({"list": [1]}, "d.json")
    return run.info.run_id


def tree(folder: str | Path) -> list[str]:
    paths = Path(folder).rglob("*")
    return sorted(str(path.relative_to(folder)) for path in paths if path.is_file())


def test_copies_may_be_changed(run_id: str) -> None:
    for path in (
        artifacts.download_artifacts(run_id=run_id, artifact_path="a"),
        artifacts.download_artifacts(f"runs:/{run_id}/a"),
        MlflowClient().download_artifacts(run_id, "a"),
    ):
        assert tree(path) == ["b.txt", "c/d.txt"]
        (Path(path) / "b.txt").write_text("changed")
    assert artifacts.load_text(f"runs:/{run_id}/a/b.txt") == "hello"


def test_all_of_a_run_is_where_it_is(run_id: str) -> None:
    folder = tuiflow.get_run(run_id).info.artifact_uri
    assert artifacts.download_artifacts(run_id=run_id) == folder
    assert artifacts.download_artifacts(folder) == folder
    assert artifacts.download_artifacts(f"{folder}/a/b.txt") == f"{folder}/a/b.txt"
    assert MlflowClient().download_artifacts(run_id, "") == folder


def test_all_of_a_run_by_its_address_is_a_copy(run_id: str) -> None:
    folder = tuiflow.get_run(run_id).info.artifact_uri
    for uri in (f"runs:/{run_id}/", f"runs:/{run_id}", "runs:/able-crane/"):
        copy = artifacts.download_artifacts(uri)
        assert tree(copy) == tree(folder)
        shutil.rmtree(copy)
    assert tree(folder) == ["a/b.txt", "a/c/d.txt", "d.json", "top.txt"]


@pytest.mark.parametrize(
    ("path", "copied", "files"),
    [
        ("a/b.txt", "b.txt", ["b.txt"]),
        ("a", "a", ["a/b.txt", "a/c/d.txt"]),
        ("a/c", "c", ["c/d.txt"]),
        ("a/c/", "c", ["c/d.txt"]),
        (None, "", ["a/b.txt", "a/c/d.txt", "d.json", "top.txt"]),
    ],
)
def test_where_copies_go(run_id: str, path: str | None, copied: str, files: list[str]) -> None:
    for given in (Path("out"), "out"):  # the second time into what is there
        found = artifacts.download_artifacts(run_id=run_id, artifact_path=path, dst_path=given)
        assert Path(found) == Path("out").absolute() / copied
        assert tree("out") == files
    assert MlflowClient().download_artifacts(run_id, path or "", "client") == str(
        Path("client").absolute() / copied
    )
    assert tree("client") == files


def test_local_files_and_folders(tmp_path: Path) -> None:
    Path("data/sub").mkdir(parents=True)
    Path("data/sub/x.txt").write_text("x")
    for uri in ("data", str(tmp_path / "data"), (tmp_path / "data").as_uri()):
        assert artifacts.download_artifacts(uri) == str(tmp_path / "data")
        assert [found.path for found in artifacts.list_artifacts(uri)] == ["data/sub"]
    assert artifacts.download_artifacts("data/sub/x.txt", dst_path="out") == str(
        tmp_path / "out" / "x.txt"
    )
    assert artifacts.download_artifacts("data/sub/x.txt", dst_path="data/sub") == str(
        tmp_path / "data/sub/x.txt"
    )
    assert Path("data/sub/x.txt").read_text() == "x"


def test_runs_are_named_as_elsewhere(run_id: str) -> None:
    for run in (run_id, run_id[:12], "able-crane", "latest"):
        assert artifacts.load_text(f"runs:/{run}/top.txt") == "top"
        assert [found.path for found in artifacts.list_artifacts(run_id=run)] == [
            "a",
            "d.json",
            "top.txt",
        ]


def test_lists(run_id: str) -> None:
    for found in (
        artifacts.list_artifacts(run_id=run_id, artifact_path="a"),
        artifacts.list_artifacts(f"runs:/{run_id}/a"),
        artifacts.list_artifacts(f"{tuiflow.get_run(run_id).info.artifact_uri}/a"),
    ):
        assert [dict(item) for item in found] == [
            {"path": "a/b.txt", "is_dir": False, "file_size": 5},
            {"path": "a/c", "is_dir": True, "file_size": None},
        ]
    for path in ("top.txt", "nothing"):
        assert artifacts.list_artifacts(run_id=run_id, artifact_path=path) == []


def test_a_run_that_logged_nothing() -> None:
    with tuiflow.start_run() as run:
        pass
    assert artifacts.list_artifacts(run_id=run.info.run_id) == []
    assert tree(artifacts.download_artifacts(run_id=run.info.run_id, dst_path="out")) == []
    assert tree(artifacts.download_artifacts(run_id=run.info.run_id)) == []


def test_what_is_in_an_artifact(run_id: str, tmp_path: Path) -> None:
    assert artifacts.load_dict(f"runs:/{run_id}/d.json") == {"list": [1]}
    Path("raw.bin").write_bytes(b"\xff\xfe\x00\x81")
    for read, uri in (
        (artifacts.load_text, "raw.bin"),
        (artifacts.load_dict, "raw.bin"),
        (artifacts.load_dict, f"runs:/{run_id}/top.txt"),
    ):
        with pytest.raises(TuiflowError, match="can't be read as") as caught:
            read(uri)
        assert caught.value.error_code == "BAD_REQUEST"
    with pytest.raises(InvalidInput, match="folder"):
        artifacts.load_text(f"runs:/{run_id}/a")


def test_images() -> None:
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (3, 2), (255, 0, 0)).save("red.png")
    with tuiflow.start_run() as run:
        tuiflow.log_artifact("red.png")
    loaded = artifacts.load_image(f"runs:/{run.info.run_id}/red.png")
    assert (loaded.size, loaded.getpixel((0, 0))) == ((3, 2), (255, 0, 0))
    with pytest.raises(TuiflowError, match="image") as caught:
        artifacts.load_image("store/tuiflow.db")
    assert caught.value.error_code == "BAD_REQUEST"


def test_registered_models(tmp_path: Path) -> None:
    from sklearn.dummy import DummyRegressor

    model = DummyRegressor().fit([[0.0]], [1.0])
    with tuiflow.start_run():
        tuiflow.sklearn.log_model(model, "model", registered_model_name="wine")
    MlflowClient().set_registered_model_alias("wine", "best", "1")
    for uri in ("models:/wine/1", "models:/wine/latest", "models:/wine@best"):
        assert "MLmodel" in [found.path for found in artifacts.list_artifacts(uri)]
        copy = artifacts.download_artifacts(uri)
        assert "MLmodel" in tree(copy)
        assert Path(artifacts.download_artifacts(uri, dst_path="copy")) == tmp_path / "copy"
        assert "MLmodel" in tree("copy")
        one = artifacts.download_artifacts(f"{uri}/MLmodel", dst_path="one")
        assert (one, tree("one")) == (str(tmp_path / "one" / "MLmodel"), ["MLmodel"])
        assert "python_function" in artifacts.load_text(f"{uri}/MLmodel")
        with pytest.raises(NotFound):
            artifacts.download_artifacts(f"{uri}/none.txt")
        with pytest.raises(InvalidInput):
            artifacts.load_text(f"{uri}/../../out.txt")


def test_links_stay_links(run_id: str) -> None:
    folder = Path(tuiflow.get_run(run_id).info.artifact_uri)
    (folder / "a" / "dangling").symlink_to("nowhere")
    copy = Path(artifacts.download_artifacts(run_id=run_id, artifact_path="a"))
    assert (copy / "dangling").is_symlink()


def test_what_can_not_be(run_id: str) -> None:
    uri = f"runs:/{run_id}/a"
    for call in (artifacts.download_artifacts, artifacts.list_artifacts):
        for arguments in (
            {},
            {"artifact_uri": uri, "run_id": run_id},
            {"artifact_uri": uri, "artifact_path": "a"},
            {"artifact_uri": "runs:/"},
            {"artifact_uri": "s3://bucket/a"},
            {"run_id": run_id, "artifact_path": "../../out"},
        ):
            with pytest.raises(InvalidInput):
                call(**arguments)
        with pytest.raises(NotFound):
            call(run_id="0" * 32)
    for missing in (f"runs:/{run_id}/none", "nowhere.txt", "models:/none/1"):
        with pytest.raises(NotFound):
            artifacts.download_artifacts(missing, dst_path="out")
    assert not Path("out").exists()


def test_another_store(tmp_path: Path, run_id: str) -> None:
    here = tuiflow.get_tracking_uri()
    tuiflow.set_tracking_uri(tmp_path / "other")
    with pytest.raises(NotFound):
        artifacts.list_artifacts(run_id=run_id)
    assert artifacts.list_artifacts(run_id=run_id, tracking_uri=here) != []
    path = artifacts.download_artifacts(f"runs:/{run_id}/top.txt", tracking_uri=here)
    assert Path(path).read_text() == "top"
