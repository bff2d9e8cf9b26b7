"""The sources that are known: local files, the web, object stores, and the script itself."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from tuiflow import entities
from tuiflow.data.code_dataset_source import CodeDatasetSource
from tuiflow.data.dataset import Dataset
from tuiflow.data.dataset_source import DatasetSource, required
from tuiflow.data.http_dataset_source import HTTPDatasetSource
from tuiflow.errors import InvalidInput, NotFound

__all__ = [
    "CodeDatasetSource",
    "HTTPDatasetSource",
    "LocalArtifactDatasetSource",
    "RemoteDatasetSource",
    "get_source",
    "resolve_source",
]

REMOTE_SCHEMES = ("s3", "r2", "b2", "gs", "wasbs", "abfss", "ftp", "sftp", "hdfs", "viewfs")
"""Places that MLflow names by the scheme of their URI."""


class LocalArtifactDatasetSource(DatasetSource):
    """A file or folder of this machine: a path as it was given, or a `file:` URI."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    @staticmethod
    def _get_source_type() -> str:
        return "local"

    def to_dict(self) -> dict[str, Any]:
        return {"uri": self.uri}

    @classmethod
    def from_dict(cls, source_dict: Mapping[str, Any]) -> Self:
        return cls(required(source_dict, "uri"))

    def load(self, dst_path: str | os.PathLike[str] | None = None) -> str:
        """Its absolute path or, with `dst_path`, that of a copy in that folder.

        Raises NotFound where it is gone.
        """
        uri = urlsplit(self.uri)
        path = Path(unquote(uri.path) if uri.scheme == "file" else self.uri).absolute()
        if not path.exists():
            raise NotFound(f"There is no {str(path)!r}; the data set was read from there.")
        if dst_path is None:
            return str(path)
        import shutil

        target = Path(dst_path).absolute() / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            return str(shutil.copytree(path, target, dirs_exist_ok=True))
        return str(shutil.copyfile(path, target))


class RemoteDatasetSource(DatasetSource):
    """An object store or file server, told by the scheme of its URI; it can't be fetched."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def _get_source_type(self) -> str:  # type: ignore[override]  # here each has its own
        return urlsplit(self.uri).scheme

    def to_dict(self) -> dict[str, Any]:
        return {"uri": self.uri}

    @classmethod
    def from_dict(cls, source_dict: Mapping[str, Any]) -> Self:
        return cls(required(source_dict, "uri"))

    def load(self, dst_path: object = None) -> str:
        raise InvalidInput(
            f"tuiflow doesn't download from {urlsplit(self.uri).scheme}://; fetch {self.uri} with"
            " its own tool."
        )


def resolve_source(source: str | os.PathLike[str] | DatasetSource | None) -> DatasetSource:
    """The source that a path or URI spells; None is the running script.

    Raises InvalidInput for a scheme that no source has.
    """
    if isinstance(source, DatasetSource):
        return source
    if source is None:
        from tuiflow.tracking.context import script_tags

        tags = script_tags()
        return CodeDatasetSource({k: v for k, v in tags.items() if k.startswith("mlflow.")})
    if not isinstance(source, str | os.PathLike):
        raise InvalidInput(f"A data set's source is a path or URI, not {source!r:.80}.")
    text = os.fspath(source)
    uri = urlsplit(text)
    scheme = uri.scheme
    if scheme == "" or (scheme == "file" and uri.hostname in (None, "localhost", "127.0.0.1")):
        return LocalArtifactDatasetSource(text)
    if scheme in ("http", "https"):
        return HTTPDatasetSource(text)
    if scheme in REMOTE_SCHEMES:
        return RemoteDatasetSource(text)
    raise InvalidInput(
        f"A data set's source is a path, or a URI of http, https, {', '.join(REMOTE_SCHEMES)};"
        f" got {text!r}."
    )


def get_source(dataset: Dataset | entities.Dataset | entities.DatasetInput) -> DatasetSource:
    """The source of a data set, also of one that was read back from a run.

    Raises InvalidInput for a source of a kind that is not known here.
    """
    if isinstance(dataset, Dataset):
        return dataset.source
    if isinstance(dataset, entities.DatasetInput):
        dataset = dataset.dataset
    kinds: dict[str, type[DatasetSource]] = {
        "local": LocalArtifactDatasetSource,
        "http": HTTPDatasetSource,
        "code": CodeDatasetSource,
        **dict.fromkeys(REMOTE_SCHEMES, RemoteDatasetSource),
    }
    kind = kinds.get(dataset.source_type)
    try:
        facts = json.loads(dataset.source)
    except ValueError:
        facts = None
    if kind is None or not isinstance(facts, dict):
        raise InvalidInput(
            f"The data set {dataset.name!r} has a source of the kind {dataset.source_type!r},"
            " which is not known here."
        )
    return kind.from_dict(facts)
