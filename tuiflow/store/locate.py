"""Which store a command or script means."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tuiflow.config import DATABASE_NAME, ENV_STORE, STORE_FOLDER
from tuiflow.errors import InvalidInput, StoreError


@dataclass(frozen=True, slots=True)
class Location:
    """A store's database file and, in words, why it is this one."""

    database: Path
    reason: str

    @property
    def root(self) -> Path:
        """The folder that holds the database and its artifacts."""
        return self.database.parent


def locate(explicit: str | os.PathLike[str] | None = None) -> Location:
    """Find the store: the path given, else TUIFLOW_STORE, else the nearest `.tuiflow/` upward from
    the current folder, else the user's data folder.

    Raises InvalidInput for a URI that names no local store.
    """
    if explicit is not None:
        return Location(database_path(explicit), "it was named explicitly")
    if named := os.environ.get(ENV_STORE):
        return Location(database_path(named), f"{ENV_STORE} names it")
    here = Path.cwd()
    for folder in (here, *here.parents):
        candidate = folder / STORE_FOLDER / DATABASE_NAME
        if candidate.parent.is_dir():
            return Location(candidate, f"it is the nearest {STORE_FOLDER}/ upward from {here}")
    from platformdirs import user_data_path

    return Location(
        user_data_path("tuiflow") / DATABASE_NAME,
        f"it is your own: {ENV_STORE} is not set and no {STORE_FOLDER}/ is at or above {here}",
    )


def database_path(uri: str | os.PathLike[str]) -> Path:
    """The absolute database file of a path or `sqlite:///path`; a folder means its `tuiflow.db`.

    Raises InvalidInput for every other scheme.
    """
    from urllib.parse import unquote, urlsplit

    text = os.fspath(uri)
    if not text:
        raise InvalidInput("A store needs a path; it was empty.")
    scheme = urlsplit(text).scheme if "://" in text or text.startswith(("file:", "sqlite:")) else ""
    if scheme == "sqlite":
        if not text.startswith("sqlite:///"):
            raise InvalidInput(f"{text!r} is not of the form sqlite:///path.")
        path = Path(unquote(text.removeprefix("sqlite:///")))
        return path.expanduser().absolute()
    if scheme == "file":
        text = unquote(urlsplit(text).path)
    elif scheme or text in ("databricks", "databricks-uc"):
        raise InvalidInput(
            f"Tracking URI {text!r} can't be used: it is not served yet; give a path or"
            " sqlite:///path of a tuiflow store."
        )
    path = Path(text).expanduser().absolute()
    if path.suffix in (".db", ".sqlite", ".sqlite3") or path.is_file():
        return path
    return path / DATABASE_NAME


def with_tilde(path: Path) -> str:
    """A path as a person writes it: `~` for the home folder."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def check_served(database: Path) -> None:
    """Raise StoreError where the path is MLflow data, which has to be imported, not opened."""
    folder = database.parent
    if not database.exists() and (folder / "0" / "meta.yaml").exists():
        raise StoreError(
            f"{folder} is an MLflow folder, which is not served yet; name another path."
        )
