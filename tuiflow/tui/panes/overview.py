"""Overview: what a run is, how it went, its key metrics and params, tags and note."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tuiflow import text
from tuiflow.charts.curves import Curves
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

    HELP = "The run at a glance: status, source, data, last metrics and params."
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
        self._drawn_note: str | None = None
        self._again = False

    def compose(self) -> ComposeResult:
        yield Static(id="overview-status")
        with VerticalScroll(id="overview"), Container(id="overview-columns"):
            yield Static(id="overview-left")
            with Container(id="overview-right"):
                yield Static(id="overview-facts")
                yield Static(id="overview-note")

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

    @cached_property
    def _curves(self) -> Curves:
        return Curves(self.store)

    def load(self) -> None:
        self._draw()
        if self.waiting("overview"):
            self._again = True
            return
        counts, sparks = self._drawn_counts, dict(self._sparks)
        info = self.run.info

        def question() -> tuple[list[MetricSummary], dict[str, str]]:
            summaries = sorted(self.store.metric_summaries(info.run_id), key=interest)
            own, _ = _split([item.key for item in summaries])
            now = {item.key: item.count for item in summaries}
            # So few new points would not show.
            due = [k for k in own[:SHOWN] if now[k] > 1 and now[k] > counts.get(k, 0) * 1.02]
            for curve in self._curves.read(info, due, now) if due else ():
                sparks[curve.name] = text.sparkline(curve.values, SPARK)
                counts[curve.name] = now[curve.name]
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
        right = [*self._facts(column), *self._data(column), *self._tags(column)]
        newline = Content("\n")
        self.query_one("#overview-status", Static).update(self._status(), layout=False)
        self.query_one("#overview-left", Static).update(newline.join(left))
        self.query_one("#overview-facts", Static).update(newline.join(right))
        self._draw_note()

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

    def _facts(self, width: int) -> list[Content]:
        lines = []
        for title, pairs in facts(self.run, self.store.root):
            if title:
                lines += [Content(""), heading(title)]
            lines += _block(pairs, width)
        return lines

    def _data(self, width: int) -> list[Content]:
        inputs = self.run.inputs.dataset_inputs
        if not inputs:
            return []
        pairs = []
        for item in inputs[:SHOWN]:
            rows = item.dataset.rows
            about = (
                item.context,
                None if rows is None else f"{rows:,} rows",
                item.dataset.digest,
                item.dataset.place,
            )
            pairs.append((item.dataset.name, " · ".join(part for part in about if part)))
        return [Content(""), heading("data", _more(len(inputs))), *_block(pairs, width)]

    def _metrics(self, width: int) -> list[Content]:
        if not self._summaries and not self.run.data.metrics:
            return [heading("metrics"), Content.styled("none logged", "$dim")]
        latest: Mapping[str, float] = {item.key: item.value for item in self._summaries}
        latest = latest or dict(sorted(self.run.data.metrics.items()))
        own, system = _split(list(latest))
        keys = own[:SHOWN]
        values = [text.number(latest[key]) for key in keys]
        room = max(map(len, values), default=0)
        name = min(max(map(len, keys), default=0), max(width - room - SPARK - 4, 12))
        lines = [heading("metrics", _more(len(own)))]
        for key, value in zip(keys, values, strict=True):
            spark = self._sparks.get(key, "")
            lines.append(
                Content.assemble(
                    (pad(cut_middle(text.clean(key), name), name), "$foreground"),
                    (f"  {value.rjust(room)}", "bold $foreground"),
                    (f"  {spark}", "$series-0"),
                )
            )
        if system:
            count = "1 metric" if len(system) == 1 else f"{len(system):,} metrics"
            told = f"system  {count} of the machine, in the Metrics tab"
            lines.append(Content.styled(cut(told, width), "$dim"))
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

    # the note

    def _draw_note(self) -> None:
        note = text.clean_block(self.run.note[:MAX_TAG_LENGTH]).strip()
        if note == self._drawn_note:
            return
        self._drawn_note = note
        place = self.query_one("#overview-note", Static)
        place.display = bool(note)
        title = [Content(""), heading("note")]
        if is_markdown(note):
            place.update(Content("\n").join(title))
            self.call_later(self._show_page, note)
        else:
            lines = [Content.styled(line, "$foreground") for line in note.split("\n")]
            place.update(Content("\n").join([*title, *lines]))
            self.call_later(self._show_page, "")

    async def _show_page(self, note: str) -> None:
        """The note as Markdown; an empty one takes it away."""
        await self.query("#overview-page").remove()
        if note and note == self._drawn_note:
            # Costly to import, and seldom needed.
            from textual.widgets import Markdown

            page = Markdown(note, open_links=False, id="overview-page")
            await self.query_one("#overview-right").mount(page)

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


_MACHINE = ("python", "gpu", "job")


def facts(run: Run, root: Path) -> list[tuple[str, list[tuple[str, str]]]]:
    """What is known of a run besides its data, as titles, and under each names and texts; `root`
    is the store's folder."""
    info, tags = run.info, run.data.tags
    folder = Path(info.artifact_uri)
    inside = folder.is_relative_to(root)
    known = described(tags)
    process = f"{info.process.host}, pid {info.process.pid}" if info.process else ""
    sections = [
        (
            "",
            [
                ("experiment", info.experiment_name),
                ("run id", info.run_id),
                ("user", info.user_id),
                ("started", text.moment(info.start_time)),
                ("ended", text.moment(info.end_time) if info.end_time else ""),
                ("parent", tags.get(TAG_PARENT, "")),
                ("artifacts", str(folder.relative_to(root) if inside else folder)),
            ],
        ),
        (
            "code",
            [
                ("source", tags.get(TAG_SOURCE_NAME, "")),
                ("entry point", tags.get(TAG_ENTRY_POINT, "")),
                *((name, value) for name, value in known if name not in _MACHINE),
            ],
        ),
        (
            "machine",
            [
                ("process", process),
                *((name, value) for name, value in known if name in _MACHINE),
            ],
        ),
    ]
    told = [(title, [pair for pair in pairs if pair[1]]) for title, pairs in sections]
    return [(title, pairs) for title, pairs in told if pairs]


_MARKDOWN = re.compile(
    r"^(#{1,6} |[-*+] |\d+[.)] |> |```|\|.*\|)|\*\*\S|`\S[^`]*`|\]\(", re.MULTILINE
)


def is_markdown(note: str) -> bool:
    """Whether a note is written in Markdown; lines of plain text stay lines."""
    return _MARKDOWN.search(note) is not None


def _split(keys: Sequence[str]) -> tuple[list[str], list[str]]:
    """The metrics of the run itself, and those of its machine; all are its own without others."""
    own = [key for key in keys if not key.startswith("system/")]
    return (own, [key for key in keys if key.startswith("system/")]) if own else (list(keys), [])


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
