"""A glance at the run under the cursor: status, metrics with sparklines, params, note."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content

from tuiflow.entities import TAG_GIT_COMMIT, TAG_SOURCE_NAME, Run
from tuiflow.text import ago, clean, number, shorten_middle, sparkline
from tuiflow.tui.reader import Asks
from tuiflow.tui.widgets import columns as cols

if TYPE_CHECKING:
    from tuiflow.charts.curves import Curves
    from tuiflow.store import Store

DELAY_SECONDS = 0.12
"""How long the cursor must rest before a run is read."""
SPARKS = 6
"""How many metrics get a sparkline."""
SPARK_POINTS = 10_000
"""Longer histories get none: a glance must stay one."""


class Preview(Asks):
    """Shows one run; keeps the old one until the new one has been read."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "preview--name",
        "preview--dim",
        "preview--value",
        "preview--spark",
        "preview--note",
    }

    def __init__(self) -> None:
        super().__init__()
        self._run: Run | None = None
        self._sparks: Mapping[str, str] = {}
        self._registered = ""

    def show(self, run: Run | None, *, at_once: bool = False) -> None:
        """Show this run after the cursor has rested, or `at_once`; None shows nothing."""
        if not self.display:
            return
        if run is None:
            self.forget("run")
            self._show(None, ({}, ""))
            return
        store = self.store
        self.ask(
            "run",
            lambda: (self._read_sparks(run), _registered(store, run)),
            lambda found: self._show(run, found),
            delay=0.0 if at_once else DELAY_SECONDS,
        )

    @cached_property
    def _curves(self) -> Curves:
        from tuiflow.charts.curves import Curves

        return Curves(self.store)

    def _read_sparks(self, run: Run) -> dict[str, str]:
        items = self.store.metric_summaries(run.info.run_id)
        keys = [item.key for item in items if 1 < item.count <= SPARK_POINTS][:SPARKS]
        curves = self._curves.read(run.info, keys, {item.key: item.count for item in items})
        return {curve.name: sparkline(curve.values) for curve in curves}

    def _show(self, run: Run | None, found: tuple[Mapping[str, str], str]) -> None:
        if (run, *found) != (self._run, self._sparks, self._registered):
            self._run, (self._sparks, self._registered) = run, found
            self.refresh()

    def render(self) -> Content:
        run = self._run
        if run is None:
            return Content("")
        width = self.content_size.width
        lines = [self._head(run)]
        lines += self._metrics(run, width)
        lines += self._params(run, width)
        if run.note:
            note = " ".join(clean(run.note, 500).replace("␊", " ").split())
            lines.append(Content.styled(note, self.get_visual_style("preview--note")))
        return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines)

    def _head(self, run: Run) -> Content:
        style = self.get_visual_style
        info = run.info
        status = f"{cols.glyph(run)} {info.shown_status}"
        took = cols.took(run, self.app.clock())
        source = clean(PurePath(run.data.tags.get(TAG_SOURCE_NAME, "")).name, 40)
        commit = run.data.tags.get(TAG_GIT_COMMIT, "")
        if source and commit:
            source += f" @ {clean(commit, 200)[:7]}"
        started = ago(info.start_time, self.app.clock())
        parts = [info.run_id[:8], status, f"{started}, {took}", source]
        return Content.assemble(
            Content.styled(clean(info.run_name, 60), style("preview--name")),
            Content.styled("  " + "  ".join(filter(None, parts)), style("preview--dim")),
            Content.styled(
                f"  {self._registered}" if self._registered else "", style("preview--spark")
            ),
        )

    def _metrics(self, run: Run, width: int) -> list[Content]:
        items = [
            (name, number(value), self._sparks.get(name, ""))
            for name, value in sorted(run.data.metrics.items())
        ]
        return self._flow(items, width)[:2]

    def _params(self, run: Run, width: int) -> list[Content]:
        items = [(name, clean(text, 40), "") for name, text in sorted(run.data.params.items())]
        return self._flow(items, width)[:1]

    def _flow(self, items: list[tuple[str, str, str]], width: int) -> list[Content]:
        """Lay `name value spark` out in lines of this width."""
        style = self.get_visual_style
        lines: list[Content] = []
        line = Content("")
        for name, value, spark in items:
            item = Content.assemble(
                Content.styled(shorten_middle(clean(name), 28) + " ", style("preview--dim")),
                Content.styled(value, style("preview--value")),
                Content.styled(f" {spark}" if spark else "", style("preview--spark")),
            )
            if line and line.cell_length + 3 + item.cell_length > width:
                lines.append(line)
                line = Content("")
            line = line + Content("   ") + item if line else item
        return [*lines, line] if line else lines


def _registered(store: Store, run: Run) -> str:
    """What the run's models are registered as: `wine v2 @champion`."""
    if not run.model_paths:
        return ""
    names = [
        " ".join((clean(item.name, 30), f"v{item.version}", *(f"@{a}" for a in item.aliases)))
        for item in store.registry.versions_of_runs([run.info.run_id])
    ]
    return ", ".join(names[-2:])
