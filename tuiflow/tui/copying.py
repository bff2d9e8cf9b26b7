"""What of a run can be copied, as pairs of a name and the text."""

from __future__ import annotations

import shlex

from tuiflow.entities import Run
from tuiflow.filters import Kind
from tuiflow.store.views import View
from tuiflow.text import MISSING
from tuiflow.tui.widgets.columns import Column, cells

ID_LENGTH = 8


def copies(
    run: Run | None, column: Column | None, experiment: str | None, view: View, now_ms: int
) -> list[tuple[str, str]]:
    """Of the run under the cursor and its cell in `column`; and of the list, which is `view` of an
    experiment or of all."""
    found = []
    if run is not None:
        info = run.info
        found += [("run id", info.run_id), ("name", info.run_name)]
        value = None if column is None or column.id == "name" else _value(column, run, now_ms)
        if column is not None and value is not None:
            found.append((column.title, value))
        found += [
            ("command", f"tuiflow show {info.run_id[:ID_LENGTH]}"),
            ("Python", f'tuiflow.get_run("{info.run_id}")'),
            ("artifacts", info.artifact_uri),
        ]
    words = ["tuiflow", "runs"]
    if experiment is not None:
        words += ["--experiment", experiment]
    if view.filter:
        words += ["--filter", view.filter]
    for item in view.order:
        words += ["--sort", str(item)]
    found.append(("this list", shlex.join(words)))
    return found


def _value(column: Column, run: Run, now_ms: int) -> str | None:
    """The cell as it was logged, not as it is shown."""
    name = column.key.name
    if column.id == "model":
        return ", ".join(run.model_paths) or None
    match column.key.kind:
        case Kind.METRIC:
            metric = run.data.metrics.get(name)
            return None if metric is None else repr(metric)
        case Kind.PARAM:
            return run.data.params.get(name)
        case Kind.TAG:
            return run.data.tags.get(name)
    shown = cells(column, [run], now_ms)[0]
    return None if shown == MISSING else shown
