"""One logged training: its run, what goes wrong while logging, and its end."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

from tuiflow.store import Store
from tuiflow.tracking import active, fluent
from tuiflow.tracking.autolog import guard, switches
from tuiflow.tracking.autolog.buffer import Buffer
from tuiflow.tracking.autolog.config import AutologConfig
from tuiflow.tracking.autolog.patching import Original, Wrapper, reason, warn
from tuiflow.tracking.context.ranks import silent_rank

TAG_AUTOLOG = "mlflow.autologging"
"""On runs that autologging started: the flavor that did."""

TrainingWrapper = Callable[..., Any]
"""Called as `wrapper(session, original, *args, **kwargs)`; it calls `original` and logs."""


class Session:
    """A training that is logged to the run `run_id` of `store`.

    What is put into `buffer` is written when the training ends, or by `buffer.flush()`.
    """

    def __init__(self, flavor: str, store: Store, run_id: str) -> None:
        self.flavor = flavor
        self.store = store
        self.run_id = run_id
        self.buffer = Buffer(store, run_id)
        self._missing: dict[str, str] = {}

    @contextlib.contextmanager
    def attempt(self, what: str) -> Iterator[None]:
        """Log one part. An error ends the part, and is told when the training is over."""
        try:
            yield
        except Exception as error:
            self.miss(what, error)

    def miss(self, what: str, why: BaseException | str) -> None:
        """Note that `what` could not be logged; why not the first time is what is told."""
        self._missing.setdefault(what, why if isinstance(why, str) else reason(why))

    def tell(self) -> None:
        """Warn, once for all, of what could not be logged."""
        if self._missing:
            parts = "; ".join(f"{what} ({why})" for what, why in self._missing.items())
            warn(self.flavor, f"the run {self.run_id} lacks {parts}.")
            self._missing = {}


def managed(flavor: str, wrapper: TrainingWrapper, *, closed: bool = True) -> Wrapper:
    """A wrapper for `patch` that logs a training into the active run, or into one of its own.

    The run of its own ends with the training: FINISHED, FAILED when it raises, KILLED on ctrl+C.
    A training inside another one is not logged, nor is one in a run of the script's with
    `exclusive`, nor one of a process that leaves logging to rank 0. `closed=False` lets trainings
    inside this one log to its run, except those of the same object: for a library's scikit-learn
    classes, whose `fit` calls a `train` that logs.
    """

    def wrap(original: Original, *args: Any, **kwargs: Any) -> Any:
        subject = args[0] if args else None
        config = switches.config_of(flavor, AutologConfig)
        opened = active.current()
        if (
            guard.inside(subject)
            or (config.exclusive and opened is not None)
            or silent_rank(os.environ) is not None
        ):
            return original(*args, **kwargs)
        own = None
        if opened is None:
            # Raises where the store can't be used; `patch` warns and trains without logging.
            own = fluent.start_run(tags={**config.extra_tags, TAG_AUTOLOG: flavor})
            opened = active.current()
            assert opened is not None
        session = Session(flavor, opened.store, opened.run_id)
        with _ending(session, own, original), guard.entered(subject, closed=closed):
            return wrapper(session, original, *args, **kwargs)

    return wrap


@contextlib.contextmanager
def _ending(session: Session, own: active.ActiveRun | None, original: Original) -> Iterator[None]:
    error: BaseException | None = None
    try:
        yield
    except Exception:
        error = original.error  # a mistake of the wrapper is no failure of the training
        raise
    except BaseException as raised:
        error = raised
        raise
    finally:
        with session.attempt("the last params and metrics"):
            session.buffer.flush()
        if own is not None:
            with session.attempt("its end"):
                own.__exit__(type(error) if error else None, error, None)
        session.tell()
