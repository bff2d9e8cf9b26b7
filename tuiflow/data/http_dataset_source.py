"""A file on the web as a source."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from tuiflow.data.dataset_source import DatasetSource, required
from tuiflow.errors import NotFound


class HTTPDatasetSource(DatasetSource):
    """A file on the web."""

    def __init__(self, url: str) -> None:
        self.url = url

    @staticmethod
    def _get_source_type() -> str:
        return "http"

    def to_dict(self) -> dict[str, Any]:
        return {"url": self.url}

    @classmethod
    def from_dict(cls, source_dict: Mapping[str, Any]) -> Self:
        return cls(required(source_dict, "url"))

    def load(self, dst_path: str | os.PathLike[str] | None = None) -> str:
        """Download it into the folder `dst_path`, a new one by default; the file's path.

        Raises NotFound where the server has no answer.
        """
        import httpx

        name = PurePosixPath(unquote(urlsplit(self.url).path)).name or "dataset_source"
        if "/" in name or name in (".", ".."):
            name = "dataset_source"
        folder = Path(tempfile.mkdtemp() if dst_path is None else dst_path).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{name}.part"
        try:
            with (
                httpx.stream("GET", self.url, follow_redirects=True, timeout=60) as answer,
                part.open("wb") as file,
            ):
                answer.raise_for_status()
                for chunk in answer.iter_bytes():
                    file.write(chunk)
            part.replace(folder / name)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotFound(f"Can't download {self.url}: {error}.") from error
        finally:
            part.unlink(missing_ok=True)
        return str(folder / name)
