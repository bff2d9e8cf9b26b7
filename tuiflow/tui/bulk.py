"""Work on any number of runs: piece by piece in a worker, seen from the screen, stopped between
two pieces."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuiflow.errors import TuiflowError
from tuiflow.store.many import count_running, nested_in
from tuiflow.store.pieces import WHOLE
from tuiflow.text import clean

if TYPE_CHECKING:
    from tuiflow.entities import Run
    from tuiflow.store import Store

FIRST = 200
"""Runs that are read for a dialog, however many are chosen."""


@dataclass(slots=True)
class Progress:
    """How far some work is, written by the worker, and whether to go on, written by the screen.

    What has no more than a `piece` to do is over before it can be seen.
    """

    doing: str = ""
    total: int = 1
    piece: int = WHOLE
    done: int = 0
    cancelled: bool = False
    ended: bool = False
    error: TuiflowError | None = None

    def carry_out(self, work: Callable[[], object]) -> None:
        """Do `work`. A generator, of how much of it is done, is gone through until it ends or is
        cancelled. An error is kept, for what was done before it stays."""
        try:
            result = work()
            if isinstance(result, Generator):
                with closing(result):
                    self._go_through(result)
        except TuiflowError as error:
            self.error = error
        finally:
            self.ended = True

    def _go_through(self, steps: Iterator[int]) -> None:
        for self.done in steps:
            if self.cancelled:
                return


@dataclass(frozen=True, slots=True)
class Chosen:
    """Runs that something is to be done with: the row keys of all, and the first `FIRST` of them.

    `live` is how many of them go on; `nested` are runs that are not deleted and nested in them.
    """

    keys: Sequence[int]
    first: Sequence[Run]
    live: int
    nested: Sequence[int] = ()

    def with_nested(self) -> Chosen:
        """These and the runs nested in them."""
        return Chosen([*self.keys, *self.nested], self.first, self.live)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def title(self) -> str:
        """The name of the only one, or how many there are."""
        if len(self) == 1:
            return clean(self.first[0].info.run_name, 40)
        return plural(len(self), "run")

    @property
    def names(self) -> list[str]:
        """What tells each of the first ones from others."""
        return [
            f"{run.info.run_name}  {run.info.run_id[:8]}  in {run.info.experiment_name}"
            for run in self.first
        ]


def choose(store: Store, keys: Sequence[int]) -> Chosen | None:
    """Read what a dialog needs of these runs; None where they are all gone."""
    first = store.load_runs(keys[:FIRST])
    if not first:
        return None
    if len(first) < len(keys) <= FIRST:
        keys = [store.row_key(run.info.run_id) for run in first]
    live = sum(run.info.shown_status == "RUNNING" for run in first)
    if len(keys) > FIRST:
        live = count_running(store, keys)
    return Chosen(keys, first, live, nested_in(store, keys))


def plural(count: int, word: str) -> str:
    """`1 run`, `1,204 runs`."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
