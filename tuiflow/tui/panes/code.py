"""Code: the commit of a run, its uncommitted changes, its source and the packages it ran with."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tuiflow import text
from tuiflow.entities import TAG_ENTRY_POINT, TAG_GIT_REPO_URL, TAG_SOURCE_NAME, Run
from tuiflow.store.contents import ContentInfo
from tuiflow.tracking.context.facts import described
from tuiflow.tui.actions import bindings
from tuiflow.tui.file_lines import Spans
from tuiflow.tui.highlight import highlighted, patch_spans
from tuiflow.tui.panes.base import RunPane, plain
from tuiflow.tui.widgets.file_view import Reader
from tuiflow.tui.widgets.lines import FixedLines
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView

_KINDS = ("patch", "source", "untracked", "packages", "project")
"""What is shown of a run's contents, in this order."""
_TITLES = {"patch": "uncommitted changes", "untracked": "untracked files"}
_FACTS = ("commit", "branch", "patch", "command", "folder", "python")
_NONE = "No code was kept with this run. Runs of scripts keep it, but with TUIFLOW_CAPTURE=off."


class CodePane(RunPane):
    """The facts on top, what was kept left, the one under the cursor right."""

    HELP = "What the run kept of its code: commit, uncommitted changes, script and packages."
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("run.search")]

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._infos: dict[str, ContentInfo] = {}
        self._shown: str | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="code-facts")
        with Horizontal():
            yield RowsView(
                [Column("kept", flexible=True, fills=True, most=200), Column("size", right=True)],
                heading=False,
                id="code-list",
            )
            with Vertical(id="code-right"):
                yield Static(id="code-title")
                yield Reader(view="code", id="code-reader")

    def front(self) -> Widget:
        return self._list

    @property
    def _list(self) -> RowsView:
        return self.query_one("#code-list", RowsView)

    @property
    def _reader(self) -> Reader:
        return self.query_one("#code-reader", Reader)

    def clear_something(self) -> bool:
        if self._reader.clear_something():
            return True
        if self._list.has_focus or not self._list.display:
            return False
        self._list.focus()
        return True

    def action_search(self) -> None:
        self._reader.action_search()

    def load(self) -> None:
        self._tell()
        run_id = self.run.info.run_id
        self.ask("contents", lambda: self.store.contents.list(run_id), self._listed)

    def _tell(self) -> None:
        tags = self.run.data.tags
        known = dict(described(tags))
        pairs = [
            ("source", tags.get(TAG_SOURCE_NAME, "")),
            ("entry", tags.get(TAG_ENTRY_POINT, "")),
            *((name, known.get(name, "")) for name in _FACTS),
            ("remote", tags.get(TAG_GIT_REPO_URL, "")),
        ]
        lines = [
            Content.assemble((f"{name:8}", "$dim"), plain(value, limit=400))
            for name, value in pairs
            if value
        ]
        facts = self.query_one("#code-facts", Static)
        facts.display = bool(lines)
        facts.update(Content("\n").join(lines))

    def _listed(self, infos: list[ContentInfo]) -> None:
        shown = sorted(
            (info for info in infos if info.kind in _KINDS),
            key=lambda info: (_KINDS.index(info.kind), info.name),
        )
        self._infos = {f"{info.kind}\0{info.name}": info for info in shown}
        rows = [
            Row(key, (Cell(info.name or info.kind, "name"), Cell(text.size(info.size), "dim")))
            for key, info in self._infos.items()
        ]
        self._list.show(rows)
        self._list.display = bool(rows)
        if rows:
            self._read()
        else:
            self._shown = None
            self.query_one("#code-title", Static).display = False
            self._reader.view.show(FixedLines(), note=_NONE)

    @on(RowsView.Moved, "#code-list")
    def _read(self) -> None:
        info = self._infos.get(self._list.key or "")
        if info is None or self._shown == info.sha256 + info.name:
            return
        self._shown = info.sha256 + info.name
        run_id = self.run.info.run_id

        def question() -> tuple[list[str], tuple[Spans, ...]]:
            data = self.store.contents.get(run_id, info.kind, info.name)
            lines = text.clean_block(data.decode("utf-8", "replace")).removesuffix("\n").split("\n")
            if info.kind == "patch":
                return lines, patch_spans(lines)
            return lines, highlighted(_file_name(info), lines)

        self.ask("content", question, lambda answer: self._show(info, *answer))

    def _show(self, info: ContentInfo, lines: list[str], spans: tuple[Spans, ...]) -> None:
        title = self.query_one("#code-title", Static)
        title.display = True
        title.update(
            Content.assemble(
                (text.clean(_title(info), 200), "bold $foreground"),
                (f"  {_count(info, lines)} · {text.size(info.size)}", "$dim"),
            ),
            layout=False,
        )
        self._reader.view.show(FixedLines(lines, spans), note="It is empty.")


def _title(info: ContentInfo) -> str:
    return info.name or _TITLES.get(info.kind, info.kind)


def _file_name(info: ContentInfo) -> str:
    return "project.json" if info.kind == "project" else info.name


def _count(info: ContentInfo, lines: list[str]) -> str:
    count = len(lines)
    if info.kind == "patch":
        files = sum(line.startswith("diff --git ") for line in lines)
        added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
        removed = sum(line.startswith("-") and not line.startswith("---") for line in lines)
        return f"{files} {'file' if files == 1 else 'files'}, +{added} −{removed}"
    return f"{count:,} {'line' if count == 1 else 'lines'}"
