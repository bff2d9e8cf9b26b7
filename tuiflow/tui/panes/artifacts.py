"""Artifacts: the tree of a run's files, and a look into the one under the cursor."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tuiflow import text
from tuiflow.entities import FileInfo, Run
from tuiflow.errors import NotFound, TuiflowError
from tuiflow.tui.actions import bindings
from tuiflow.tui.panes.base import RunPane
from tuiflow.tui.preview import Kind, Preview, read_preview
from tuiflow.tui.widgets.lines import FixedLines, LinesView
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView

MOST_ENTRIES = 1000
"""Entries of one folder that are listed."""
PREVIEW_DELAY = 0.08
_MORE = "\0more"
"""Ends the key of the row that stands for the entries left out; no path can."""


class ArtifactsPane(RunPane):
    """The tree left, the preview right. Folders are read when they are opened."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("lists.left", "lists.right")]

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._folders: dict[str, list[FileInfo]] = {}
        self._open: set[str] = {""}
        self._entries: dict[str, FileInfo] = {}
        self._previewed: tuple[str, int | None] | None = None

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield RowsView(
                [
                    Column("artifact", flexible=True, fills=True, most=200),
                    Column("size", right=True),
                ],
                heading=False,
                id="artifacts",
            )
            with Vertical(id="preview"):
                yield Static(id="preview-title")
                yield LinesView(id="preview-lines")

    def front(self) -> Widget:
        return self._tree

    def clear_something(self) -> bool:
        if self._tree.has_focus or not self._tree.display:
            return False
        self._tree.focus()
        return True

    @property
    def _tree(self) -> RowsView:
        return self.query_one("#artifacts", RowsView)

    # the tree

    def load(self) -> None:
        run_id, folders = self.run.info.run_id, sorted(self._open)

        def question() -> dict[str, list[FileInfo]]:
            found = {}
            for folder in folders:
                try:
                    found[folder] = self.store.list_artifacts(run_id, folder)
                except NotFound:
                    if not folder:
                        raise
            return found

        self.ask("tree", question, self._listed)

    def _listed(self, folders: dict[str, list[FileInfo]]) -> None:
        self._folders = folders
        self._open &= folders.keys()
        self._entries = {item.path: item for items in folders.values() for item in items}
        self._tree.show(list(self._rows("", 0)))
        self._tree.display = self._tree.key is not None
        if self._tree.key is None:
            self._previewed = None
            self._say("", "", "No artifacts were logged.")

    def _rows(self, folder: str, depth: int) -> list[Row]:
        rows: list[Row] = []
        items = self._folders.get(folder, [])
        # Folders first, as in every file manager.
        for item in sorted(items, key=lambda item: not item.is_dir)[:MOST_ENTRIES]:
            name = PurePosixPath(item.path).name
            opened = item.path in self._open
            sign = ("▾ " if opened else "▸ ") if item.is_dir else "  "
            size = "" if item.is_dir else text.size(item.file_size)
            label = Cell("  " * depth + sign + name, "name" if item.is_dir else "")
            rows.append(Row(item.path, (label, Cell(size, "dim"))))
            if item.is_dir and opened:
                rows += self._rows(item.path, depth + 1)
        if len(items) > MOST_ENTRIES:
            label = Cell("  " * depth + f"  … {len(items) - MOST_ENTRIES:,} more", "dim")
            rows.append(Row(folder + _MORE, (label, "")))
        return rows

    def action_right(self) -> None:
        item = self._entries.get(self._tree.key or "")
        if item is not None and item.is_dir:
            self._open.add(item.path)
            self.load()

    def action_left(self) -> None:
        key = self._tree.key
        if key is None:
            return
        if key in self._open:
            self._open = {path for path in self._open if not _within(path, key)}
            self.load()
        elif "/" in key:
            self._tree.go_to(key.rpartition("/")[0])

    @on(RowsView.Opened)
    def _toggle(self, event: RowsView.Opened) -> None:
        item = self._entries.get(event.key)
        if item is None:
            return
        if not item.is_dir:
            self.query_one("#preview-lines").focus()
        elif item.path in self._open:
            self.action_left()
        else:
            self.action_right()

    # the preview

    @on(RowsView.Moved)
    def _moved(self) -> None:
        item = self._entries.get(self._tree.key or "")
        if item is None:
            return
        if item.is_dir:
            self._previewed = None
            self.forget("preview")
            self._say(item.path, "folder; enter opens it")
            return
        mark = (item.path, item.file_size)
        if mark == self._previewed:
            return
        self._previewed = mark
        run_id, path = self.run.info.run_id, item.path

        def question() -> Preview:
            try:
                return read_preview(self.store.artifact_path(run_id, path))
            except OSError as error:
                reason = error.strerror or str(error)
                raise NotFound(f"This artifact can't be read: {reason}.") from None

        self.ask("preview", question, self._show, failed=self._failed, delay=PREVIEW_DELAY)

    async def _clear_markdown(self) -> None:
        await self.query("#preview-markdown").remove()
        self.query_one("#preview-lines").display = True

    def _say(self, path: str, facts: str, note: str = "") -> None:
        self._title(path, facts)
        self.query_one("#preview-lines", LinesView).show(FixedLines(), note=note)
        self.call_later(self._clear_markdown)

    def _title(self, path: str, facts: str, notice: str = "") -> None:
        parts = [facts, f"showing {notice}" if notice else ""]
        remark = " · ".join(part for part in parts if part)
        title = self.query_one("#preview-title", Static)
        title.display = bool(path)
        title.update(
            Content.assemble(
                (text.clean(PurePosixPath(path).name), "bold $foreground"), (f"  {remark}", "$dim")
            ),
            layout=False,
        )

    def _failed(self, error: TuiflowError) -> None:
        path = self._previewed[0] if self._previewed else ""
        self._title(path, "")
        self.query_one("#preview-lines", LinesView).show(FixedLines(), note=error.message)
        self.call_later(self._clear_markdown)

    def _show(self, preview: Preview) -> None:
        path = self._previewed[0] if self._previewed else ""
        self._title(path, preview.facts, preview.notice)
        note = {
            Kind.IMAGE: "Images are told, not drawn.",
            Kind.BINARY: "Not text, so there is nothing to show.",
        }.get(preview.kind, "This file is empty.")
        view = self.query_one("#preview-lines", LinesView)
        view.show(FixedLines(preview.lines), header=preview.header, note=note)
        if preview.kind is Kind.MARKDOWN and preview.source.strip():
            self.call_later(self._show_markdown, path, preview.source)
        else:
            self.call_later(self._clear_markdown)

    async def _show_markdown(self, path: str, source: str) -> None:
        # Costly to import, and seldom needed.
        from textual.widgets import Markdown

        await self._clear_markdown()
        if self._previewed is None or self._previewed[0] != path:
            return
        page = Markdown(source, open_links=False)
        await self.query_one("#preview").mount(VerticalScroll(page, id="preview-markdown"))
        self.query_one("#preview-lines").display = False


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")
