"""Which store the script logs to."""

from __future__ import annotations

import functools
import os
import threading
from pathlib import Path

from tuiflow.config import ENV_STORE
from tuiflow.errors import InvalidInput
from tuiflow.store import Store, database_path, locate
from tuiflow.store.locate import check_served

_lock = threading.Lock()
_stores: dict[Path, Store] = {}
_current: Path | None = None
_found: tuple[str | None, Path] | None = None
"""What TUIFLOW_STORE was when the store was looked for, and the database that was found."""


def set_tracking_uri(uri: str | os.PathLike[str] | None) -> None:
    """Log to the tuiflow store at `uri`, here and in processes started from here: a folder, a
    database file or `sqlite:///path`.

    The store is opened, and made where there is none, by the first call that needs it; runs that
    are open stay with theirs. None or an empty text takes the choice back. Raises InvalidInput for
    anything that is not served yet.
    """
    global _current, _found
    _found = None
    if uri is None or uri == "":
        _current = None
        os.environ.pop(ENV_STORE, None)
        return
    path = database_path(uri)
    check_served(path)
    _current = path
    os.environ[ENV_STORE] = str(path)


def get_tracking_uri() -> str:
    """The store in use, as `sqlite:///` and the absolute path of its database."""
    return f"sqlite:///{_database()}"


def is_tracking_uri_set() -> bool:
    """True where the script or its environment chose a store."""
    return _current is not None or bool(os.environ.get(ENV_STORE))


def set_registry_uri(uri: str | os.PathLike[str]) -> None:
    """For MLflow's sake: models are registered in the store that runs are logged to.

    Raises InvalidInput for the address of another one.
    """
    check_registry(uri, _database())


def check_registry(uri: str | os.PathLike[str], database: Path) -> None:
    """Raise InvalidInput unless `uri` is the address of the store that runs are logged to."""
    if database_path(uri) != database:
        raise InvalidInput(
            f"Models are registered in the store that runs are logged to, {database}; leave"
            " the registry's address out, or choose the store by set_tracking_uri first."
        )


def get_registry_uri() -> str:
    """The store in use: models are registered where runs are logged."""
    return get_tracking_uri()


def _database() -> Path:
    """Found once for what TUIFLOW_STORE says: a script that changes its folder stays with it."""
    global _found
    if _current is not None:
        return _current
    named, found = os.environ.get(ENV_STORE), _found
    if found is None or found[0] != named:
        found = _found = (named, locate().database)
    return found[1]


def store_at(database: Path) -> Store:
    """The open store of a database file, shared by all who ask in this process."""
    with _lock:
        store = _stores.get(database)
        if store is not None and store.was_moved():  # a notebook that begins anew
            store.close()
            store = None
        if store is None:
            check_served(database)
            store = _stores[database] = _opened(database)
        return store


def close_all() -> None:
    """At the end of the process: the last to close a store folds its WAL into the database, so
    that one file to copy is left."""
    for store in list(_stores.values()):
        store.close()


def _opened(database: Path) -> Store:
    from tuiflow.tracking.context.ranks import say_who_logs, silent_rank

    place = silent_rank(os.environ)
    if place is None:
        return Store(database)
    from tuiflow.store.quiet import QuietStore

    return QuietStore(database, functools.partial(say_who_logs, place))


def current_store() -> Store:
    """The store that the script logs to now, opened."""
    return store_at(_database())


def store_for(uri: str | os.PathLike[str] | None) -> Store:
    """The store of a URI as `set_tracking_uri` takes it; None means the current one."""
    return current_store() if uri is None else store_at(database_path(uri))
