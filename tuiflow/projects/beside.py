"""A `tuiflow rerun` of its own beside this process, which it outlives."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

from tuiflow.entities import Run
from tuiflow.filters import parse_filter
from tuiflow.projects.record import TAG_RERUN_OF
from tuiflow.protocols import RunQuery
from tuiflow.store import Store

_TAIL = 2000
_LINES = 3


@dataclass(eq=False, slots=True)
class Again:
    """A run on its way: `look` finds the new `run` once there is one, or the `failure`, the last
    lines of what the command said, where there won't be any."""

    store: Store
    run_id: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    before: frozenset[int]
    run: Run | None = None
    failure: str | None = field(default=None)

    def look(self) -> Again:
        """Look once, without waiting. Raises StoreError where the store can't be read."""
        # Asked before the store is: a run that ends in between was recorded by then.
        code = self.process.poll()
        found = [key for key in _keys(self.store, self.run_id) if key not in self.before]
        if found:
            self.run = self.store.load_runs(found[:1])[0]
        elif code is not None:
            self.failure = self._last_lines() or f"it ended with exit code {code}"
        return self

    def _last_lines(self) -> str:
        size = self.output.seek(0, 2)
        self.output.seek(max(size - _TAIL, 0))
        lines = self.output.read().decode("utf-8", "replace").strip().splitlines()
        return "\n".join(lines[-_LINES:])


def start_again(store: Store, run_id: str, parameters: Mapping[str, str]) -> Again:
    """Do a run again with these of its parameters changed, as `tuiflow rerun --yes`.

    The process is of a session of its own: it goes on when this one ends, or loses its terminal.
    Its command's output is in the new run's log.
    """
    before = frozenset(_keys(store, run_id))
    # -P: what lies in the current folder is not to be imported in place of what tuiflow needs.
    argv = [sys.executable, "-P", "-m", "tuiflow", "rerun", run_id, "--yes"]
    argv += ["--store", str(store.database)]
    argv += [f"--param-list={name}={value}" for name, value in parameters.items()]
    output = tempfile.TemporaryFile()  # noqa: SIM115 it is read when the process has ended
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    return Again(store, run_id, process, output, before)


def _keys(store: Store, run_id: str) -> list[int]:
    """Row keys of the runs that are that one done again."""
    quoted = f"tags.`{TAG_RERUN_OF}` = '{run_id}'"
    return list(store.search_keys(RunQuery(None, parse_filter(quoted))))
