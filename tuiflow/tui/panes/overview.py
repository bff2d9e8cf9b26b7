"""Overview: what a run is, how it went, its key metrics and params, tags and note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tuiflow import text
from tuiflow.config import MAX_TAG_LENGTH
from tuiflow.entities import (
    TAG_ENTRY_POINT,
    TAG_PARENT,
    TAG_SOURCE_NAME,
    LifecycleStage,
    MetricSummary,
    Run,
    RunStatus,
)
from tuiflow.tracking.context.facts import described
from tuiflow.tui.actions import bindings
from tuiflow.tui.cells import cut, cut_middle, pad
from tuiflow.tui.panes.base import RunPane, heading, interest, plain

SHOWN = 12
"""Metrics and params that are listed here; the other tabs have them all."""
SPARK = 16

STATUS_STYLES: dict[str, str] = {
    RunStatus.RUNNING: "$primary",
    RunStatus.FINISHED: "$success",
    RunStatus.FAILED: "$error",
    RunStatus.KILLED: "$warning",
    RunStatus.STALE: "$warning",
}


class OverviewPane(RunPane):
    """Two columns where there is room for them, one below 100 cells."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            "lists.down", "lists.up", "lists.top", "lists.bottom", "lists.half_down",
            "lists.half_up", "lists.page_down", "lists.page_up",
        )
    ]  # fmt: skip

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._summaries: list[MetricSummary] = []
        self._sparks: dict[str, str] = {}
        self._drawn_counts: dict[str, int] = {}
        self._again = False

    def compose(self) -> ComposeResult:
        yield Static(id="overview-status")
        with VerticalScroll(id="overview"), Container(id="overview-columns"):
            yield Static(id="overview-left")
            yield Static(id="overview-right")

    def front(self) -> Widget:
        return self.query_one("#overview")

    def on_mount(self) -> None:
        self.set_interval(1, self._tick)

    def on_resize(self) -> None:
        self.set_class(self.size.width >= 100, "-wide")
        self._draw()

    def _tick(self) -> None:
        if self.live and self.display and self.screen.is_active:
            self.query_one("#overview-status", Static).update(self._status(), layout=False)

    def load(self) -> None:
        self._draw()
        if self.waiting("overview"):
            self._again = True
            return
        run_id, counts, sparks = self.run.info.run_id, self._drawn_counts, dict(self._sparks)

        def question() -> tuple[list[MetricSummary], dict[str, str]]:
            summaries = sorted(self.store.metric_summaries(run_id), key=interest)
            for item in summaries[:SHOWN]:
                # So few new points would not show.
                if item.count > 1 and item.count > counts.get(item.key, 0) * 1.02:
                    values = self.store.metric_history(run_id, item.key).values
                    sparks[item.key] = text.sparkline(values, SPARK)
                    counts[item.key] = item.count
            return summaries, sparks

        self.ask("overview", question, self._loaded)

    def _loaded(self, answer: tuple[list[MetricSummary], dict[str, str]]) -> None:
        self._summaries, self._sparks = answer
        self._draw()
        if self._again:
            self._again = False
            self.load()

    # drawing

    def _draw(self) -> None:
        width = max(self.size.width - 3, 20)
        column = width // 2 - 2 if self.has_class("-wide") else width
        left = [*self._metrics(column), *self._params(column)]
        right = [*_block(self._facts(), column), *self._tags(column), *self._note(column)]
        newline = Content("\n")
        self.query_one("#overview-status", Static).update(self._status(), layout=False)
        self.query_one("#overview-left", Static).update(newline.join(left))
        self.query_one("#overview-right", Static).update(newline.join(right))

    def _status(self) -> Content:
        info = self.run.info
        status = info.shown_status
        now = self.app.clock()
        took = text.duration(info.took(now))
        when = f"started {text.ago(info.start_time, now)}"
        parts: list[Content | tuple[str, str]] = [
            (f"{text.STATUS_GLYPHS.get(status, '?')} {status}", STATUS_STYLES.get(status, "$dim")),
        ]
        if info.stale:
            parts.append(("  its process is gone; it never ended", "$dim"))
        else:
            parts.append((f"  {when}, took {took}" if info.end_time else f"  {when}", "$dim"))
            if not info.end_time:
                parts.append((f", {took} so far", "$dim"))
        if info.lifecycle_stage == LifecycleStage.DELETED:
            parts.append(("  deleted; U restores it", "$warning"))
        return Content.assemble(*parts)

    def _facts(self) -> list[tuple[str, str]]:
        return facts(self.run, self.store.root)

    def _metrics(self, width: int) -> list[Content]:
        if not self._summaries and not self.run.data.metrics:
            return [heading("metrics"), Content.styled("none logged", "$dim")]
        latest: Mapping[str, float] = {item.key: item.value for item in self._summaries}
        latest = latest or dict(sorted(self.run.data.metrics.items()))
        keys = list(latest)[:SHOWN]
        values = [text.number(latest[key]) for key in keys]
        room = max(map(len, values), default=0)
        name = min(max(map(len, keys)), max(width - room - SPARK - 4, 12))
        lines = [heading("metrics", _more(len(latest)))]
        for key, value in zip(keys, values, strict=True):
            spark = self._sparks.get(key, "")
            lines.append(
                Content.assemble(
                    (pad(cut_middle(text.clean(key), name), name), "$foreground"),
                    (f"  {value.rjust(room)}", "bold $foreground"),
                    (f"  {spark}", "$series-0"),
                )
            )
        return lines

    def _params(self, width: int) -> list[Content]:
        params = self.run.data.params
        lines = [Content(""), heading("params", _more(len(params)))]
        if not params:
            return [*lines, Content.styled("none logged", "$dim")]
        return lines + _block([(key, params[key]) for key in sorted(params)[:SHOWN]], width)

    def _tags(self, width: int) -> list[Content]:
        tags = [
            (key, value)
            for key, value in sorted(self.run.data.tags.items())
            if not key.startswith(("mlflow.", "tuiflow."))
        ]
        if not tags:
            return []
        return [Content(""), heading("tags"), *_block(tags, width)]

    def _note(self, width: int) -> list[Content]:
        note = text.clean_block(self.run.note[:MAX_TAG_LENGTH]).strip()
        if not note:
            return []
        lines = [Content.styled(line, "$foreground") for line in note.split("\n")[:40]]
        return [Content(""), heading("note"), *lines]

    # scrolling

    @property
    def _scroll(self) -> VerticalScroll:
        return self.query_one("#overview", VerticalScroll)

    def _by(self, lines: int) -> None:
        self._scroll.scroll_relative(y=lines, animate=False)

    def action_down(self) -> None:
        self._by(1)

    def action_up(self) -> None:
        self._by(-1)

    def action_top(self) -> None:
        self._scroll.scroll_home(animate=False)

    def action_bottom(self) -> None:
        self._scroll.scroll_end(animate=False)

    def action_half_down(self) -> None:
        self._by(self.size.height // 2)

    def action_half_up(self) -> None:
        self._by(-(self.size.height // 2))

    def action_page_down(self) -> None:
        self._by(self.size.height)

    def action_page_up(self) -> None:
        self._by(-self.size.height)


def facts(run: Run, root: Path) -> list[tuple[str, str]]:
    """What is known of a run besides its data, as names and texts; `root` is the store's folder."""
    info, tags = run.info, run.data.tags
    found = [
        ("experiment", info.experiment_name),
        ("run id", info.run_id),
        ("user", info.user_id),
        ("source", tags.get(TAG_SOURCE_NAME, "")),
        ("entry point", tags.get(TAG_ENTRY_POINT, "")),
        *described(tags),
        ("started", text.moment(info.start_time)),
        ("ended", text.moment(info.end_time) if info.end_time else ""),
        ("parent", tags.get(TAG_PARENT, "")),
    ]
    if info.process is not None:
        found.append(("process", f"{info.process.host}, pid {info.process.pid}"))
    folder = Path(info.artifact_uri)
    inside = folder.is_relative_to(root)
    found.append(("artifacts", str(folder.relative_to(root) if inside else folder)))
    return [(name, value) for name, value in found if value]


def _block(pairs: Sequence[tuple[str, str]], width: int) -> list[Content]:
    """Names and values in two columns."""
    names = [text.clean(name) for name, _ in pairs]
    room = min(max(map(len, names), default=0), width // 2)
    lines = []
    for name, (_, value) in zip(names, pairs, strict=True):
        shown = cut(text.clean(value, 1000), max(width - room - 2, 8))
        lines.append(
            Content.assemble((pad(cut_middle(name, room), room), "$dim"), "  ", plain(shown))
        )
    return lines


def _more(count: int) -> str:
    return f"{SHOWN} of {count:,}" if count > SHOWN else ""
