"""What can be taken back with `z`: a stack of changes made in the app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Undo:
    """A change: what was done, how to take it back, and what to say then.

    `revert` may give an iterator that does so piece by piece, for `count` things in all; stopped
    in between, what remains is still to be taken back. `done` may be asked once that is known, and
    `left` for how many things could not be taken back yet.
    """

    title: str
    revert: Callable[[], object]
    done: str | Callable[[], str]
    count: int = 1
    left: Callable[[], int] = lambda: 0


class UndoStack:
    """The changes of this session, the last on top."""

    def __init__(self) -> None:
        self._changes: list[Undo] = []

    def push(self, change: Undo) -> None:
        self._changes.append(change)

    def pop(self) -> Undo | None:
        """Take the last change off; None where there is none."""
        return self._changes.pop() if self._changes else None
