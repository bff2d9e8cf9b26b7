"""Fetch a file from the web once, into the user's cache folder."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.projects.sources.uri import scheme_of, url_path, without_credentials
from tuiflow.text import clean, size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TIMEOUT_SECONDS = 30.0


def fetch(url: str, folder: Path | None = None) -> Path:
    """The copy of an http(s) URL in `folder`, or in the cache; downloaded, with a progress bar on
    stderr, if it is new.

    A copy is kept for good, so a later run trains on the same bytes. Raises InvalidInput for
    another scheme, TuiflowError where the download fails; nothing half-loaded is left behind.
    """
    if scheme_of(url) not in ("http", "https"):
        raise InvalidInput(f"{_shown(url)} can't be downloaded: only http and https can.")
    target = local_path(url, folder)
    if not target.exists():
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidInput(
                f"{clean(str(target.parent), 200)} can't hold downloads: {error.strerror}."
            ) from None
        download(url, target)
    return target


def local_path(url: str, folder: Path | None = None) -> Path:
    """Where the copy of `url` is kept: named after it, told apart by its digest."""
    name = re.sub(r"[^\w.\-]+", "_", url_path(url).rpartition("/")[2])
    digest = hashlib.sha256(url.encode()).hexdigest()[:12]
    if folder is None:
        from platformdirs import user_cache_path

        folder = user_cache_path("tuiflow") / "downloads"
    return folder / f"{digest}-{name[-80:] or 'data'}"


def download(url: str, target: Path, limit: int | None = None) -> None:
    """Load an http(s) URL into the file `target`, whole or not at all; at most `limit` bytes.

    Raises TuiflowError.
    """
    import httpx

    handle, part = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with (
            os.fdopen(handle, "wb") as file,
            httpx.stream("GET", url, follow_redirects=True, timeout=_TIMEOUT_SECONDS) as response,
        ):
            response.raise_for_status()
            total = int(response.headers.get("content-length", 0)) or None
            with _progress(clean(url_path(url).rpartition("/")[2], 80), total) as advance:
                for chunk in response.iter_bytes():
                    file.write(chunk)
                    if limit is not None and file.tell() > limit:
                        raise OSError(f"it is larger than {size(limit)}")
                    advance(response.num_bytes_downloaded)
        Path(part).replace(target)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        reason = (
            f"the server answers {error.response.status_code}"
            if isinstance(error, httpx.HTTPStatusError)
            else clean(str(error)) or type(error).__name__
        )
        raise TuiflowError(
            f"{_shown(url)} can't be downloaded ({reason}); give the path of a local copy."
        ) from None
    finally:
        Path(part).unlink(missing_ok=True)


def _shown(url: str) -> str:
    return clean(without_credentials(url), 200)


@contextmanager
def _progress(name: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show how far a download is, on a terminal; elsewhere say once what is being loaded."""
    if not sys.stderr.isatty():
        print(f"downloading {name}", file=sys.stderr)
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn("downloading {task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=total)
        yield lambda done: bar.update(task, completed=done)
